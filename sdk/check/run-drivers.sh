#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the conformance kit over every driver that this tree built. A driver
# without a line below gets none of the arguments, and fails if it needs some:
# a new driver brings its line.
set -u
kit=${HOLDFAST_DRIVER_CHECK:-$PWD/sdk/check/holdfast-driver-check}
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
failed=0
count=0

check() {
	count=$((count + 1))
	echo "# $*"
	"$kit" --scratch "$work/scratch" "$@" >"$work/log" 2>&1 || {
		failed=1
		echo "FAIL"
	}
	grep -v '^ok' "$work/log"
}

# Something to back up: empty and large files, links, odd names, an empty folder.
make_data() {
	mkdir -p "$work/data/sub/empty"
	: >"$work/data/nothing"
	echo hello >"$work/data/hello"
	head -c 150000 /dev/urandom >"$work/data/sub/noise"
	ln -s ../hello "$work/data/sub/link"
	ln "$work/data/hello" "$work/data/hard"
	echo odd >"$work/data/a name with 'quotes' and \$dollar"
}

check_files() {
	make_data
	check --driver source:files --option "path=$work/data" --into @SCRATCH@/back \
		--again "path=@SCRATCH@/back$work/data" "$1"
	check --driver sink:files --option path=@SCRATCH@/store --option min_free=0 "$1"
}

for so in plugins/*/.libs/*.so; do
	[ -e "$so" ] || continue
	case ${so##*/} in
	files.so)
		check_files "$so"
		;;
	zlib.so)
		check --tool 'gzip -dc' --tool-encode 'gzip -c' "$so"
		;;
	zstd.so)
		if command -v zstd >/dev/null; then
			check --tool 'zstd -qdc' --tool-encode 'zstd -qc' "$so"
		else
			check "$so"
		fi
		;;
	retention.so)
		check --option keep_last=3 "$so"
		;;
	*)
		check "$so"
		;;
	esac
done
if [ "$count" -eq 0 ]; then
	echo "no driver was built"
	exit 77
fi
exit $failed
