#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows that the conformance kit can fail: it passes four sound drivers, and
# catches each fault of broken/*.c with the law that is about it. Each line of
# the table: driver, fault, law.
set -eu
src=${srcdir:-.}/sdk
kit=${HOLDFAST_DRIVER_CHECK:-$PWD/sdk/check/holdfast-driver-check}
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# build DRIVER FAULT
build() {
	define=-DFAULT=$2
	[ "$2" != EXPORT_MORE ] || define=-DEXPORT_MORE
	# shellcheck disable=SC2086 # CC may hold several words
	$cc -std=gnu11 -O1 -g -D_GNU_SOURCE -shared -fPIC -fvisibility=hidden -pthread \
		"$define" -I"$src/include" "$src/check/broken/$1.c" -o "$work/$1-$2.so"
}

# check DRIVER FAULT ARGUMENT...
check() {
	so=$work/$1-$2.so
	shift 2
	"$kit" --scratch "$work/s" --timeout 3 --into @SCRATCH@/out "$@" "$so" >"$work/log" 2>&1
}

for driver in sink source filter post; do
	build "$driver" NONE
	if ! check "$driver" NONE; then
		echo "FAIL: the sound $driver is refused"
		grep -v '^ok' "$work/log"
		failed=1
	fi
done

while read -r driver fault law; do
	[ -n "$driver" ] || continue
	build "$driver" "$fault"
	if check "$driver" "$fault" --law "$law"; then
		echo "FAIL: $driver $fault passed \"$law\""
		cat "$work/log"
		failed=1
	elif ! grep -q '^not ok' "$work/log"; then
		echo "FAIL: $driver $fault: the kit itself failed"
		cat "$work/log"
		failed=1
	fi
done <<TABLE
sink EXPORT_MORE plugin: exports one symbol
sink BAD_DEFAULT options: the tables are sound
sink DOUBLE_OPTION options: the tables are sound
sink BAD_FLAG options: the tables are sound
sink NO_SIZE driver: its table of functions is complete
sink NO_COMMIT driver: its table of functions is complete
sink ONE_INSTANCE driver: two instances side by side
sink LEAKS_SELF driver: opens and closes again and again
sink ASKS_UNKNOWN driver: opens and closes again and again
sink UMASK driver: opens and closes again and again
sink SIGNAL driver: opens and closes again and again
sink ENVIRONMENT driver: opens and closes again and again
sink SHOWS_SECRET options: any values are taken
sink CRASHES_ON_OPTION options: any values are taken
sink PROBE_LEAVES driver: probe succeeds
sink VISIBLE_EARLY put: visible after commit
sink ABORT_COMMITS put: free without commit
sink LOSES_TAIL put: objects of all sizes
sink CRASHES_ON_EMPTY put: objects of all sizes
sink STAT_SIZE put: objects of all sizes
sink STRANGE_STATUS put: writes of one byte
sink STALE_CTX put: writes of one byte
sink OVERWRITES put: if-absent keeps
sink RACES put: if-absent is atomic
sink SHARED_PUT put: several are open at once
sink LEAKS_PUT put: memory does not grow
sink LEAKS_FD put: free without commit
sink IGNORES_LENGTH get: any range
sink SHORT_IS_FINE get: any range
sink SILENT get: what is not there
sink NEIGHBOURS list: exactly what is below
sink DEEP list: exactly what is below
sink TWICE list: exactly what is below
sink HANGS list: exactly what is below
sink STOPS_AT_1000 list: more than a thousand
sink FOLDS_CASE keys: every allowed spelling
sink MISSING_IS_ERROR remove: the named ones
sink KEEPS_KEY remove: the named ones
sink LOCKS_NOTHING lock: excludes
sink LOCKS_NOTHING lock: a dead owner
sink LOCK_STAYS lock: again and again
source SWALLOWS_WRITE source: a failing writer
source CHANGES_STATUS source: a failing writer
source NEVER_ENDS source: a failing writer
source TAKES_MORE_ROOM source: room for one byte
source MUTE source: a backup succeeds
source ADDS_TWICE source: a backup succeeds
source LEAKS_WHEN_STOPPED source: stops when cancelled
source ADDS_LATE source: a backup succeeds
source NO_VERSION source: a backup succeeds
source OTHER_THREAD source: a backup succeeds
source FACT_IN_OPEN driver: opens and closes
source STOPS_AS_FAILURE source: stops when cancelled
source OTHER_FACTS source: an entry can be dumped again
source FORGETS_ENTRY source: a dry run
source NEEDS_BEGIN_THREAD source: dumps on a thread
source WRONG_FACT restore: gives the facts
source READS_HALF restore: gives the facts
source SWALLOWS_READ restore: a failing reader
filter NO_SUM filter: a flipped byte
filter SHORT_IS_FINE filter: a stream cut short
filter STUCK filter: one byte at a time
filter IGNORES_TAIL filter: garbage after
filter ONE_TOO_FAR filter: there and back
filter ENDS_EARLY filter: one byte at a time
filter LEAVES_INPUT filter: there and back
filter CHANGES_INPUT filter: there and back
filter ENCODES_WRONG filter: there and back
filter ONE_STREAM_ONLY filter: a concatenation
filter SHARED_STATE filter: four streams
filter LEAKS_STREAM filter: memory does not grow
filter WRONG_CLASS filter: noise is refused
post EXPIRES_ALL post: never gives up
post EXPIRES_RUNNING post: never gives up
post EXPIRES_PINNED post: never gives up
post FICKLE post: runs on many
post SWALLOWS_DAMAGE post: passes on the damage
post BEYOND post: runs on one point
post NO_REASON post: runs on one point
post VERIFIES_LITTER post: runs on points without a manifest
post CRASHES_WHEN_EMPTY post: runs on an empty
post LEAKS post: memory does not grow
post SWALLOWS_CANCEL post: stops when cancelled
TABLE
exit $failed
