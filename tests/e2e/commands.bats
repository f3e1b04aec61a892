#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Every command on its good day, and what it says when asked for what is not there.
load helper

setup() {
	hf_setup
	need jq zstd tar
	mkdir -p data/sub
	echo one >data/a
	seq 1 5000 >data/sub/b
	job j zstd <<-'END'
		[post verify]
		plugin = verify
		[post retention]
		plugin = retention
		keep_last = 3
	END
}

json_ok() {
	jq -e "$@" >/dev/null <<<"$output" || { echo "jq $*"; echo "$output"; return 1; }
}

@test "help, version and every command's help exit 0; nothing at all exits 2" {
	run_code 0 holdfast --help
	said backup restore verify
	run_code 0 holdfast --version
	said ABI
	local c
	for c in check backup list show verify restore prune copy cat pin plugins; do
		run_code 0 holdfast "$c" --help
		said "usage: holdfast $c" examples
	done
	run_code 2 holdfast
}

@test "an unknown command, option or word is refused with the nearest name" {
	run_code 2 holdfast bakcup ./j.ini
	said '"bakcup"' backup
	run_code 2 holdfast backup ./j.ini --dry-rum
	said --dry-run
	run_code 2 holdfast backup ./j.ini too many
	run_code 2 holdfast verify ./j.ini --level hash
	run_code 2 holdfast list
	[ ! -e out ]
}

@test "check: a good job is good, and nothing stays behind" {
	mkdir out
	local before
	before=$(find out state data | sort)
	run_code 0 holdfast check ./j.ini
	not_said FAILED
	find out -type f ! -name '.hf-lock*' | grep . && return 1
	json_code 0 holdfast check ./j.ini --json
	json_ok '.ok == true and .job == "j" and (.checks | length) > 4 and all(.checks[]; .ok)'
}

@test "check: a missing source path and a sink that cannot be written fail" {
	rm -r data
	run_code 1 holdfast check ./j.ini
	said FAILED "$W/data"
	mkdir data
	rm -rf out
	echo 'not a folder' >out
	json_code 1 holdfast check ./j.ini --json
	json_ok '.ok == false'
}

@test "backup: exit 0, a point in the list, told in text and in JSON events" {
	run_code 0 holdfast backup ./j.ini
	said published
	json_code 0 holdfast backup ./j.ini --json
	[ "$(jq -s 'length' <<<"$output")" -gt 3 ]
	[ "$(jq -s '.[-1].event' <<<"$output")" = '"result"' ]
	[ "$(jq -s '.[-1] | .published == 1 and .failed_stages == 0 and .entries == 1' <<<"$output")" = true ]
	[ "$(count_points)" -eq 2 ]
	no_litter
}

@test "backup --dry-run names the entries, and makes nothing" {
	run_code 0 holdfast backup ./j.ini --dry-run
	said "$(basename "$W")"
	[ ! -e out ]
	json_code 0 holdfast backup ./j.ini --dry-run --json
	json_ok -s '.[-1].dry_run == true and (.[-1].entries | length) == 1'
}

@test "backup by the job's name in the jobs folder" {
	mv j.ini jobs/
	run_code 0 holdfast backup j
	run_code 0 holdfast list j
	run_code 2 holdfast backup nosuchjob
	said nosuchjob
}

@test "backup of a path that does not exist exits 1 and publishes nothing" {
	rm -r data
	run_code 1 holdfast backup ./j.ini
	said "$W/data"
	not_said published" in"
	[ "$(count_points)" -eq 0 ]
	no_litter
}

@test "list: no point yet, one, several; oldest first" {
	run_code 0 holdfast list ./j.ini
	said 'no points'
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast list ./j.ini
	said POINT complete decode
	json_code 0 holdfast list ./j.ini --json
	json_ok '.job == "j" and .sink == "disk" and (.points | length) == 2
		and (.points[0].begun < .points[1].begun)
		and all(.points[]; .state == "complete" and .sources == ["main"] and .plain_size > 0)'
}

@test "show: entries, facts and records; an unknown point is exit 5" {
	run_code 5 holdfast show ./j.ini
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast show ./j.ini
	said "$W/data" 'source main' verify
	json_code 0 holdfast show ./j.ini latest --json
	json_ok '(.entry_list | length) == 1 and .entry_list[0].codecs == ["zstd/1"]
		and (.entry_list[0].plain_sha256 | length) == 64
		and .entry_list[0].facts.files == 2 and .records[0].kind == "verify"'
	run_code 0 holdfast show ./j.ini "$(newest)"
	run_code 5 holdfast show ./j.ini 20010101T000000Z-aaaa
	said 20010101T000000Z-aaaa
}

@test "verify: the newest, one by name, all; both levels; recorded with the point" {
	run_code 5 holdfast verify ./j.ini
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast verify ./j.ini
	said good
	run_code 0 holdfast verify ./j.ini "$(newest)" --level digest
	json_code 0 holdfast verify ./j.ini --all --json
	json_ok -s '.[-1].event == "result" and .[-1].points == 2 and .[-1].damaged == 0
		and ([.[] | select(.event == "point" and .result == "ok")] | length) == 2'
	run_code 5 holdfast verify ./j.ini 20010101T000000Z-aaaa
	run_code 2 holdfast verify ./j.ini latest --all
}

@test "verify outside of a run leaves a record that list shows" {
	sed -i '/post verify/,/plugin = verify/d' j.ini
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast list ./j.ini
	said never
	run_code 0 holdfast verify ./j.ini --level decode
	json_code 0 holdfast list ./j.ini --json
	json_ok '.points[0].verified.level == "decode" and .points[0].verified.ppm == 1000000'
}

@test "prune: shows each verdict with its reason; --dry-run removes nothing" {
	local i before
	sed -i 's/keep_last = 3/keep_last = 9/' j.ini
	for i in 1 2 3 4 5; do
		run_code 0 holdfast backup ./j.ini
	done
	sed -i 's/keep_last = 9/keep_last = 2/' j.ini
	before=$(find out -type f | sort | sha256sum)
	run_code 0 holdfast prune ./j.ini --dry-run
	said expire keep_last
	[ "$before" = "$(find out -type f | sort | sha256sum)" ]
	json_code 0 holdfast prune ./j.ini --dry-run --json
	json_ok '.dry_run == true and ([.sinks[0].points[] | select(.verdict == "expire")] | length) == 3
		and all(.sinks[0].points[]; (.reason | length) > 3 and .removed == false)'
	json_code 0 holdfast prune ./j.ini --json
	json_ok '([.sinks[0].points[] | select(.removed)] | length) == 3'
	[ "$(count_points)" -eq 2 ]
	no_litter
	run_code 0 holdfast verify ./j.ini --all
}

@test "pin keeps a point from expiring, --release lets it go" {
	local i first
	run_code 0 holdfast backup ./j.ini
	first=$(newest)
	run_code 0 holdfast pin ./j.ini "$first" --note 'before the migration'
	for i in 1 2 3 4; do
		run_code 0 holdfast backup ./j.ini
	done
	[ "$(count_points)" -eq 4 ]
	run_code 0 holdfast show ./j.ini "$first"
	said 'before the migration' pinned
	json_code 0 holdfast list ./j.ini --json
	json_ok '.points[0].pinned and (.points[1].pinned | not)'
	run_code 0 holdfast prune ./j.ini
	said pinned
	run_code 0 holdfast pin ./j.ini "$first" --release
	run_code 0 holdfast prune ./j.ini
	run_code 5 holdfast show ./j.ini "$first"
	[ "$(count_points)" -eq 3 ]
}

@test "cat gives an entry's bytes: what tar reads" {
	run_code 0 holdfast backup ./j.ini
	holdfast cat ./j.ini latest "$W/data" | tar -xO --wildcards '*/sub/b' | cmp - data/sub/b
	holdfast cat ./j.ini latest "main:$W/data" | tar -t | grep -q '/a$'
	run_code 5 holdfast cat ./j.ini latest nosuchentry
	said nosuchentry
	run_code 5 holdfast cat ./j.ini 20010101T000000Z-aaaa "$W/data"
}

@test "plugins: what is there, from where, and one's options" {
	run_code 0 holdfast plugins
	said files zstd zlib verify retention source sink compressor post .so
	run_code 0 holdfast plugins zstd
	said level 'zstd/1' .zst
	run_code 0 holdfast plugins files
	said path exclude min_free required
	json_code 0 holdfast plugins --json
	json_ok '[.plugins[] | select(.loaded) | .name] | contains(["files", "zstd", "zlib"])'
	json_code 0 holdfast plugins zstd --json
	json_ok '.loaded and (.drivers[0].options | map(.name) | index("level"))'
	run_code 5 holdfast plugins zsdt
	said zstd
}

@test "every JSON error is JSON, with the message and the class" {
	holdfast show ./j.ini nosuch --json >stdout 2>/dev/null || [ $? -eq 5 ]
	jq -e . stdout
	jq -e 'select(.event == "error") | .error // . | .message | length > 5' stdout
}

@test "an output that cannot be written is a failure" {
	[ -w /dev/full ] || lacking /dev/full
	run_code 0 holdfast backup ./j.ini
	local c
	for c in "list ./j.ini" "show ./j.ini" "plugins" "list ./j.ini --json"; do
		# shellcheck disable=SC2086
		run sh -c 'holdfast "$@" >/dev/full' sh $c
		[ "$status" -ne 0 ] || { echo "exit 0: $c"; return 1; }
	done
	run sh -c "holdfast cat ./j.ini latest '$W/data' >/dev/full"
	[ "$status" -eq 1 ]
}
