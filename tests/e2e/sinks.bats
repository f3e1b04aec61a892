#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Several sinks in one pass, optional ones, and copies between them.
load helper

setup() {
	hf_setup
	need jq
	seq 1 2000 >data/a
	head -c 100000 /dev/urandom >data/b
	two_sinks yes
}

# two_sinks REQUIRED-OF-THE-SECOND
two_sinks() {
	job j zstd <<-END
		[sink second]
		plugin = files
		path = $W/out2
		min_free = 0
		required = $1
		${2:-}
	END
}

same_points() {
	diff -r --exclude=records --exclude='.hf-lock*' --exclude=owner.json out out2
}

@test "the source is read once, and both sinks hold the same point" {
	run_code 0 holdfast backup ./j.ini
	said 'in 2 sinks'
	same_points
	run_code 0 holdfast verify ./j.ini --from second
	json_code 0 holdfast list ./j.ini --from second --json
	[ "$(jq '.points | length' <<<"$output")" -eq 1 ]
	run_code 2 holdfast list ./j.ini --from nosuch
	said second
}

@test "a required sink that cannot be written: exit 1, and the other has no point either" {
	echo 'in the way' >out2
	run_code 1 holdfast backup ./j.ini
	said out2
	[ "$(count_points)" -eq 0 ]
	no_litter
}

@test "an optional sink that cannot be written: exit 3, the point in the other" {
	two_sinks no
	echo 'in the way' >out2
	run_code 3 holdfast backup ./j.ini
	said out2
	[ "$(count_points)" -eq 1 ]
	run_code 0 holdfast verify ./j.ini
	no_litter
}

@test "no sink at all that can be written: exit 1, even if all are optional" {
	two_sinks no
	sed -i '/\[sink disk\]/a required = no' j.ini
	echo 'in the way' >out2
	echo 'in the way' >out
	run_code 1 holdfast backup ./j.ini
}

@test "an optional sink that fills up in the middle: exit 3, the point in the other, no litter" {
	need_root
	two_sinks no
	head -c 3000000 /dev/urandom >data/c
	mkdir out2
	mount -t tmpfs -o size=1M tmpfs out2 || lacking "mount of a tmpfs"
	MOUNTED+=("$W/out2")
	run_code 3 holdfast backup ./j.ini
	said space
	run_code 0 holdfast verify ./j.ini
	[ "$(count_points complete "$W/out2")" -eq 0 ]
	no_litter
	find out2 -type f ! -name '.hf-lock*' | grep . && return 1
	true
}

@test "a sink with create = no whose folder is missing is not made" {
	two_sinks yes 'create = no'
	run_code 1 holdfast backup ./j.ini
	said out2
	[ ! -e out2 ]
	[ "$(count_points)" -eq 0 ]
}

@test "copy brings every point over, verified; a second one finds them there" {
	sed '/\[sink second\]/,$d' j.ini >one.ini
	run_code 0 holdfast backup ./one.ini
	run_code 0 holdfast backup ./one.ini
	run_code 0 holdfast copy ./j.ini --from disk --to second
	said '2 points copied'
	same_points
	run_code 0 holdfast verify ./j.ini --from second --all
	json_code 0 holdfast copy ./j.ini --from disk --to second --json
	jq -s -e '.[-1].copied == 0 and .[-1].present == 2' <<<"$output"
	rm -r out
	run_code 0 holdfast restore ./j.ini --from second --into "$W/into"
	diff -r data "into$W/data"
}

@test "copy of one point by name; of an unknown one is exit 5" {
	sed '/\[sink second\]/,$d' j.ini >one.ini
	run_code 0 holdfast backup ./one.ini
	local first
	first=$(newest)
	run_code 0 holdfast backup ./one.ini
	run_code 0 holdfast copy ./j.ini --from disk --to second "$first"
	[ "$(newest "$W/out2")" = "$first" ]
	[ "$(count_points complete "$W/out2")" -eq 1 ]
	run_code 5 holdfast copy ./j.ini --from disk --to second 20010101T000000Z-aaaa
	run_code 2 holdfast copy ./j.ini --from disk --to disk
	run_code 2 holdfast copy ./j.ini --from disk
	run_code 2 holdfast copy ./j.ini --from disk --to nosuch
}

@test "copy never copies damage: exit is not 0, and no point appears" {
	sed '/\[sink second\]/,$d' j.ini >one.ini
	run_code 0 holdfast backup ./one.ini
	truncate -s -1 "$(find out -name '*.zst')"
	run_code 6 holdfast copy ./j.ini --from disk --to second
	[ "$(count_points complete "$W/out2")" -eq 0 ]
}

@test "min_free is kept: exit 1 before it is touched, and the message has the numbers" {
	sed -i '0,/min_free = 0/s//min_free = 900T/' j.ini
	run_code 1 holdfast backup ./j.ini
	said min_free free need
	[ "$(count_points)" -eq 0 ]
	no_litter
	no_litter "$W/out2"
}
