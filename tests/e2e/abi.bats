#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Drivers of all ages and machines: loaded, or refused with the true reason.
load helper

setup_file() {
	# Built once: a folder that only its owner can write to, as the loader demands.
	export ODD="$BATS_FILE_TMPDIR/odd"
	"${BATS_TEST_DIRNAME}/../abi/make-odd-drivers.sh" "$ODD"
	export HOLDFAST_DRIVER_PATH="$ODD:${HOLDFAST_DRIVER_PATH-}"
	HOLDFAST_DRIVER_PATH=${HOLDFAST_DRIVER_PATH%:}
}

# What `holdfast plugins` says about one file, hint and all.
about() {
	run holdfast plugins
	[ "$status" -eq 0 ]
	grep -F -A1 "$ODD/$1.so" <<<"$output"
}

# refused FILE TEXT: it is not loaded, and the reason has the text.
refused() {
	local said
	said=$(about "$1")
	grep -q '^not loaded:' <<<"$said" || { echo "$said"; return 1; }
	grep -qF -- "$2" <<<"$said" || { echo "$said"; return 1; }
}

# loaded FILE NAME: its two drivers are listed, and their options are shown.
loaded() {
	run holdfast plugins
	[ "$status" -eq 0 ]
	[[ $output == *"$2-copy"* ]]
	[[ $output == *"$2-word"* ]]
	! grep -F "$ODD/$1.so" <<<"$output" | grep -q '^not loaded'
	run holdfast plugins "$2-word"
	[ "$status" -eq 0 ]
	[[ $output == *word* ]]
}

# A backup with its source and its compressor, and the same bytes back.
works() {
	local dir="$BATS_TEST_TMPDIR"
	cat >"$dir/job.ini" <<-END
		[job]
		name = odd
		[source s]
		plugin = $1-word
		[compressor]
		plugin = $1-copy
		[sink disk]
		plugin = files
		path = $dir/store
		min_free = 0
	END
	run holdfast backup "$dir/job.ini"
	echo "$output"
	[ "$status" -eq 0 ]
	run holdfast cat "$dir/job.ini" latest word
	[ "$status" -eq 0 ]
	[ "$output" = holdfast ]
}

@test "a driver of today's header loads and works" {
	loaded good-today today
	works today
}

@test "an old driver binary, built with the header of ABI 1.0, loads and works" {
	loaded good-old old
	works old
}

@test "tables with fewer members load and work" {
	loaded good-fewer fewer
	works fewer
}

@test "tables with more members load and work" {
	loaded good-more more
	works more
}

@test "a source that cannot restore says so" {
	works fewer
	run holdfast restore "$BATS_TEST_TMPDIR/job.ini" --into "$BATS_TEST_TMPDIR/out"
	[ "$status" -ne 0 ]
	[[ $output == *fewer-word* || $output == *restore* ]]
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
}

@test "another major version, by number: refused" {
	refused major "built for ABI 2, this is 1"
}

@test "another major version, by symbol: refused" {
	refused majorsymbol "built for ABI 2, this is 1"
}

@test "a newer minor version than the host has: refused" {
	refused minor "needs ABI 1.99"
}

@test "another machine: refused, both are named" {
	refused aarch64 "built for aarch64"
}

@test "another word size: refused" {
	refused bits32 "32 bit"
}

@test "a library that is no plugin: refused" {
	refused noplugin "not a Holdfast plugin"
}

@test "a missing library is named" {
	refused nolibrary "libholdfast-odd.so.1"
}

@test "an undefined symbol is named" {
	refused nosymbol "holdfast_no_such_function"
}

@test "a text file: refused" {
	refused text "not a shared object"
}

@test "an empty file: refused" {
	refused empty "not a shared object"
}

@test "a library cut short: refused, and nothing crashes" {
	refused cut "cut"
}

@test "a plugin that refuses this host, or describes nothing" {
	refused refuses "cannot work with this holdfast"
	refused tiny "lacks its name"
}

@test "refused plugins do not stop a job that does not need them" {
	works today
}

@test "the JSON list tells each file, loaded or why not" {
	run --separate-stderr holdfast plugins --json
	[ "$status" -eq 0 ]
	[ "$(jq --arg odd "$ODD/" '[.plugins[] | select(.file | startswith($odd))] | length' \
		<<<"$output")" -eq 17 ]
	[ "$(jq --arg odd "$ODD/" \
		'[.plugins[] | select((.file | startswith($odd)) and .loaded)] | length' \
		<<<"$output")" -eq 4 ]
}

@test "a job that names a refused driver says why it cannot be loaded" {
	cat >"$BATS_TEST_TMPDIR/bad.ini" <<-END
		[job]
		name = bad
		[source s]
		plugin = nolibrary
		[sink disk]
		plugin = files
		path = $BATS_TEST_TMPDIR/store
	END
	run holdfast backup "$BATS_TEST_TMPDIR/bad.ini"
	[ "$status" -eq 1 ] || [ "$status" -eq 2 ]
	[[ $output == *libholdfast-odd.so.1* ]]
	[ ! -e "$BATS_TEST_TMPDIR/store" ]
}
