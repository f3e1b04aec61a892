#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Retention through the command: never the last good point, never what it did not write, and each verdict
# with its reason.
load helper

setup() {
	hf_setup
	need jq perl
	echo one >data/a
	job base zstd </dev/null
	sed -i 's/^name = base/name = j/' base.ini
	RESEAL=$TESTS_DIR/e2e/reseal.pl
}

rules() {
	{
		cat base.ini
		printf '[post retention]\nplugin = retention\n'
		printf '%s\n' "$@"
	} >j.ini
}

# point AGE_DAYS: a whole point that began so long ago.
point() {
	local id at new
	run_code 0 holdfast backup ./base.ini
	id=$(newest_folder)
	at=$(date -u -d "-$1 days" +%Y-%m-%dT%H:%M:%S)
	new=$(date -u -d "-$1 days" +%Y%m%dT%H%M%SZ)-${id##*-}
	[ "$id" = "$new" ] || mv "out/j/$id" "out/j/$new"
	NEW=$new AT=$at "$RESEAL" eval "out/j/$new/manifest.json" '$m->{begun} = $m->{ended} = "$ENV{AT}.000000000Z";
		for my $e (@{ $m->{entries} }) { $_->{key} =~ s/\d{8}T\d{6}Z-\w{4}/$ENV{NEW}/ for @{ $e->{parts} } }
		$m->{id} = $ENV{NEW}'
	NEW=$new "$RESEAL" eval "out/j/$new/owner.json" '$m->{id} = $ENV{NEW}'
	POINT=$new
}

newest_folder() {
	find out/j -mindepth 1 -maxdepth 1 -type d -printf '%T@ %f\n' | sort -n | tail -n 1 | cut -d' ' -f2
}

@test "keep_last, keep_daily: each verdict with its rule, old ones go" {
	local d
	for d in 40 30 20 10 2 1 0; do
		point "$d"
	done
	rules 'keep_daily = 3' 'keep_last = 2' 'keep_verified = 0'
	run_code 0 holdfast verify ./j.ini "$POINT"
	run_code 0 holdfast prune ./j.ini
	said keep_daily keep_last
	[ "$(count_points)" -eq 3 ]
	no_litter
	run_code 0 holdfast verify ./j.ini --all
}

@test "the files' own times decide nothing: the manifest's do" {
	local d old
	for d in 9 5 1; do
		point "$d"
		[ "$d" -ne 9 ] || old=$POINT
	done
	find out -exec touch -d '2001-01-01' {} +
	touch "out/j/$old"/*
	rules 'keep_last = 1' 'keep_verified = 0'
	run_code 0 holdfast prune ./j.ini
	[ "$(newest)" = "$POINT" ]
	[ "$(count_points)" -eq 1 ]
	[ ! -e "out/j/$old" ]
}

@test "rules that would keep nothing keep the newest; no rules at all are an error" {
	point 900
	point 800
	rules 'keep_within = 1d'
	run_code 0 holdfast prune ./j.ini
	[ "$(count_points)" -ge 1 ]
	[ "$(newest)" = "$POINT" ]
	rules
	run_code 2 holdfast backup ./j.ini
	said keep_
	rules 'keep_last = 0'
	run holdfast prune ./j.ini
	[ "$(newest)" = "$POINT" ]
}

@test "failed runs do not count: good points stay while backups fail" {
	local i
	point 3
	point 2
	point 1
	rules 'keep_last = 2' 'keep_verified = 0'
	mv data gone
	for i in 1 2 3 4 5; do
		run_code 1 holdfast backup ./j.ini
	done
	[ "$(count_points)" -eq 3 ]
	run_code 0 holdfast verify ./j.ini --all
}

@test "nothing expires after a verification that failed: exit 3, all points stay" {
	local d
	for d in 3 2 1; do
		point "$d"
	done
	{
		cat base.ini
		printf '[post verify]\nplugin = verify\nevery = 1s\nmax_points = 10\n'
		printf '[post retention]\nplugin = retention\nkeep_last = 1\n'
	} >j.ini
	truncate -s -3 "$(find "out/j/$POINT" -name '*.zst')"
	run_code 3 holdfast backup ./j.ini
	said verify "$POINT"
	[ -e "out/j/$POINT/manifest.json" ]
	[ "$(find out/j -name manifest.json | wc -l)" -eq 4 ]
}

@test "what holdfast did not write is never touched" {
	local d
	for d in 3 2 1; do
		point "$d"
	done
	mkdir -p out/j/20200101T000000Z-aaaa out/other out/j/notes
	echo mine >out/j/20200101T000000Z-aaaa/file
	echo mine >out/other/file
	echo mine >out/j/notes/file
	echo mine >out/README
	rules 'keep_last = 1' 'keep_verified = 0'
	run_code 0 holdfast prune ./j.ini
	[ "$(count_points)" -eq 1 ]
	local f
	for f in out/j/20200101T000000Z-aaaa/file out/other/file out/j/notes/file out/README; do
		[ "$(cat $f)" = mine ]
	done
}

@test "a point dated in the future does not push the others out in silence" {
	point 2
	point 1
	local good=$POINT
	point -400
	rules 'keep_within = 7d' 'keep_verified = 0'
	run_code 0 holdfast prune ./j.ini
	run_code 0 holdfast verify ./j.ini "$good"
}

@test "the only sink named by a stage is the one that is pruned" {
	rules 'keep_last = 1' 'keep_verified = 0' 'sink = disk'
	printf '[sink second]\nplugin = files\npath = %s\nmin_free = 0\n' "$W/out2" >>j.ini
	local i
	for i in 1 2 3; do
		run_code 0 holdfast backup ./j.ini
	done
	[ "$(count_points)" -eq 1 ]
	[ "$(count_points complete "$W/out2")" -eq 3 ]
}

@test "a point whose files cannot be removed: not told as removed, exit is not 0" {
	need_root
	need chattr
	point 3
	local old=$POINT
	point 1
	local object
	object=$(find "out/j/$old" -name '*.zst')
	chattr +i "$object" 2>/dev/null || skip "no immutable files here"
	rules 'keep_last = 1' 'keep_verified = 0'
	run holdfast prune ./j.ini
	local code=$status
	chattr -i "$object"
	[ "$code" -ne 0 ]
	[ "$(newest)" = "$POINT" ]
	run_code 0 holdfast prune ./j.ini
	no_litter
}
