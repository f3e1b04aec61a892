#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Sources, filters, sinks and stages that fail on purpose: never exit 0, never a published point, never
# pruning.
load helper

setup() {
	hf_setup
	need jq
	[ -e "$TEST_DRIVERS/testdrv.so" ] || lacking "the test drivers are not built (make check builds them)"
	# a good point that retention would like to remove, would the next run only come so far
	faulty '' '' >good.ini
	run_code 0 holdfast backup ./good.ini
	OLD=$(newest)
}

# faulty SOURCE-LINES FILTER-LINES [SINK [SINK-LINES]]: a job whose drivers can fail, and keep_last = 1.
faulty() {
	cat <<-END
		[job]
		name = j
		retry_for = 2s
		[source main]
		plugin = faulty
		entries = 4
		size = 200K
		$1
		[compressor]
		plugin = faultyfilter
		$2
		[sink disk]
		plugin = ${3:-files}
		path = $W/out
		${4-min_free = 0}
		[post retention]
		plugin = retention
		keep_last = 1
		keep_verified = 0
	END
}

source_job() {
	faulty "$(printf '%s\n' "$@")" '' >j.ini
}

filter_job() {
	faulty '' "$(printf '%s\n' "$@")" >j.ini
}

sink_job() {
	faulty '' '' faultysink "$(printf '%s\n' "$@")" >j.ini
}

# fails [EXPECTED]: the backup fails (1), publishes nothing, prunes nothing, leaves nothing.
fails() {
	local expected=${1:-1}
	run timeout 60 holdfast backup ./j.ini
	[ "$status" -eq "$expected" ] || { echo "exit $status, not $expected"; cat j.ini; echo "$output"; return 1; }
	not_said 'published in' || return
	local told=$output
	unharmed || { echo "$told"; cat j.ini; return 1; }
	output=$told
}

unharmed() {
	[ "$(newest)" = "$OLD" ] || { echo "another point shows"; return 1; }
	[ "$(count_points)" -eq 1 ] || { echo "points"; return 1; }
	[ "$(count_points incomplete)" -eq 0 ] || { echo "litter"; return 1; }
	no_litter || return
	run_code 0 holdfast verify ./good.ini "$OLD"
}

@test "a good run of the test drivers works, and is restored the same" {
	run_code 0 holdfast backup ./good.ini
	[ "$(count_points)" -eq 1 ]
	run_code 0 holdfast restore ./good.ini --into "$W/into"
	run_code 0 holdfast verify ./good.ini --level decode
}

@test "a source that fails at open, begin, end" {
	local at
	for at in open begin end; do
		source_job "fail_at = $at"
		fails
		said "$at" 'main (faulty)'
	done
}

@test "a source that fails after half its data, at the first byte, at the last" {
	local after
	for after in 0 1 4096 100K 204799 200K; do
		source_job 'fail_at = dump' "after = $after"
		fails || { echo "after $after"; return 1; }
		said dump entry
	done
	source_job 'fail_at = dump' 'match = entry000003' 'after = 100K'
	fails
	said entry000003
}

@test "every class of error of a source fails the run, each with its message" {
	local class
	for class in failed auth not-found exists no-space corrupt cancelled unsupported; do
		source_job 'fail_at = dump' 'after = 50K' "class = $class"
		fails || { echo "$class"; return 1; }
		said 'as it was told to'
	done
	source_job 'fail_at = begin' 'class = config'
	fails 2
}

@test "what fails for a moment heals: the point is whole, and no byte is doubled" {
	source_job 'fail_at = dump' 'after = 100K' 'class = transient' 'times = 2'
	run_code 0 holdfast backup ./j.ini
	[ "$(count_points)" -eq 1 ]
	[ "$(newest)" != "$OLD" ]
	run_code 0 holdfast verify ./j.ini --level decode
	json_code 0 holdfast show ./j.ini --json
	jq -e 'all(.entry_list[]; .plain_size == 204800)' <<<"$output"
	run_code 0 holdfast restore ./j.ini --into "$W/into"
}

@test "what never heals fails after retry_for, and does not take for ever" {
	local begun=$SECONDS
	source_job 'fail_at = dump' 'match = entry000002' 'after = 100K' 'class = transient'
	fails
	[ $((SECONDS - begun)) -lt 20 ]
	said attempts
}

@test "only what is transient is tried again" {
	source_job 'fail_at = dump' 'after = 100K' 'class = failed' 'times = 1'
	fails
	source_job 'fail_at = dump' 'class = no-space' 'times = 1'
	fails
}

@test "a filter that fails at the first byte, in the middle, or stands still" {
	local after
	for after in 0 100K 500K; do
		filter_job "fail_after = $after" 'fail_in = encode'
		fails || { echo "after $after"; return 1; }
	done
	filter_job 'fail_after = 100K' 'no_progress = yes' 'fail_in = encode'
	fails
}

@test "a filter that damages what it encodes: the verify stage finds it, nothing expires" {
	filter_job 'flip = 1000'
	sed -i 's/^\[post retention\]/[post verify]\nplugin = verify\n&/' j.ini
	run_code 3 holdfast backup ./j.ini
	[ -e "out/j/$OLD/manifest.json" ]
	run_code 0 holdfast verify ./good.ini "$OLD"
	run_code 6 holdfast verify ./good.ini "$(ls out/j | grep -v "$OLD" | tail -n 1)"
}

@test "a filter that cannot decode: restore exits not 0, and does not say restored" {
	filter_job 'fail_in = decode'
	run_code 0 holdfast backup ./j.ini
	filter_job 'fail_after = 100K' 'fail_in = decode'
	run holdfast restore ./j.ini --into "$W/into"
	# the codec is opened without the job's options: it works, or it fails and says so
	if [ "$status" -ne 0 ]; then
		not_said 'restored point'
	fi
}

@test "a stage that fails after the point was published: exit 3, told, later stages are not run" {
	faulty '' '' | sed 's/^\[post retention\]/[post broken]\nplugin = faultypost\nfail = yes\n&/' >j.ini
	run_code 3 holdfast backup ./j.ini
	said broken retention
	[ "$(count_points)" -eq 2 ]
	[ -e "out/j/$OLD/manifest.json" ]
}

@test "a stage that wants to expire everything: the newest, the pinned and the last verified stay" {
	run_code 0 holdfast pin ./good.ini "$OLD"
	faulty '' '' | sed '/^\[post retention\]/,$d' >j.ini
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast backup ./j.ini
	printf '[post evil]\nplugin = faultypost\nexpire_all = yes\n' >>j.ini
	local newest
	run_code 0 holdfast backup ./j.ini
	newest=$(newest)
	run_code 0 holdfast prune ./j.ini
	[ -e "out/j/$OLD/manifest.json" ]
	[ -e "out/j/$newest/manifest.json" ]
	run_code 0 holdfast verify ./j.ini --all
}

@test "a stage that fails after its verdicts: none of them is carried out" {
	faulty '' '' | sed '/^\[post retention\]/,$d' >j.ini
	run_code 0 holdfast backup ./j.ini
	printf '[post evil]\nplugin = faultypost\nexpire_all = yes\nfail = yes\n' >>j.ini
	run_code 3 holdfast backup ./j.ini
	[ "$(count_points)" -eq 3 ]
	run_code 1 holdfast prune ./j.ini
	[ "$(count_points)" -eq 3 ]
}

@test "a source that fails while it restores: exit 1, the step is named" {
	local at
	for at in restore_begin prepare restore restore_end; do
		source_job "fail_at = $at"
		run holdfast restore ./j.ini --into "$W/into-$at"
		[ "$status" -eq 1 ] || { echo "$at: exit $status"; echo "$output"; return 1; }
		not_said 'restored point'
	done
}

@test "a sink that fails at each step of a put, for any of its objects" {
	local step key
	for step in open write commit; do
		for key in owner.json entry000000 entry000003 manifest.json; do
			sink_job "fail = $step" "match = $key"
			fails || { echo "$step of $key"; return 1; }
			said 'as it was told to'
		done
	done
}

@test "a sink that fails at the first put, the third, the fifth" {
	local step n
	for step in open write commit; do
		for n in 0 2 4; do
			sink_job "fail = $step" "after = $n"
			fails || { echo "$step, after $n"; return 1; }
		done
	done
}

@test "a sink that fails to list, stat, flush, lock" {
	local step
	for step in list stat flush lock; do
		sink_job "fail = $step"
		fails || { echo "$step"; return 1; }
		said 'as it was told to'
	done
}

@test "every class of error of a sink fails the run" {
	local class
	for class in failed auth not-found no-space corrupt unsupported; do
		sink_job 'fail = write' 'match = entry000002' "class = $class"
		fails || { echo "$class"; return 1; }
	done
}

@test "a commit that fails after the object shows: no point, or a whole one that is told" {
	sink_job 'fail = commit_late' 'match = entry000001'
	fails
	sink_job 'fail = commit_late' 'match = manifest.json'
	run timeout 60 holdfast backup ./j.ini
	[ "$status" -ne 0 ]
	[ -e "out/j/$OLD/manifest.json" ]
	# whatever shows is whole
	run_code 0 holdfast verify ./good.ini --all
	[ "$(count_points incomplete)" -eq 0 ]
}

@test "a sink that fails for a moment heals, at each step" {
	local step n=1
	for step in open write commit list stat flush; do
		sed -i 's/keep_last = 1/keep_last = 50/' good.ini
		sink_job "fail = $step" 'class = transient' 'times = 2'
		sed -i 's/keep_last = 1/keep_last = 50/' j.ini
		run timeout 60 holdfast backup ./j.ini
		[ "$status" -eq 0 ] || { echo "$step: exit $status"; echo "$output"; return 1; }
		n=$((n + 1))
		[ "$(count_points)" -eq "$n" ] || { echo "$step"; return 1; }
		no_litter
	done
	run_code 0 holdfast verify ./good.ini --all
}

@test "a sink that never heals fails after retry_for" {
	local begun=$SECONDS
	sink_job 'fail = write' 'match = entry000001' 'class = transient'
	fails
	[ $((SECONDS - begun)) -lt 20 ]
	said attempts
}

@test "no space is told at once, not tried again for hours" {
	local begun=$SECONDS
	sink_job 'fail = write' 'match = entry000001' 'class = no-space'
	fails
	[ $((SECONDS - begun)) -lt 5 ]
}

@test "an optional sink that fails at any step: exit 3, the point in the other" {
	local step
	for step in open write commit flush; do
		rm -rf out2
		{
			cat good.ini
			printf '[sink bad]\nplugin = faultysink\npath = %s\nrequired = no\nfail = %s\n' "$W/out2" "$step"
		} >j.ini
		run_code 3 holdfast backup ./j.ini
		said bad
		[ "$(newest)" != "$OLD" ]
		OLD=$(newest)
		run_code 0 holdfast verify ./good.ini
		[ "$(count_points complete "$W/out2")" -eq 0 ]
	done
}

@test "a sink that reads back other bytes, or fewer: verify 6, restore refuses before it writes" {
	local lie
	for lie in 'flip = 0' 'flip = 1000' 'short = 1000' 'short = 0'; do
		sink_job "$lie" 'match = entry000001'
		run_code 6 holdfast verify ./j.ini || { echo "$lie"; return 1; }
		run holdfast restore ./j.ini --into "$W/into"
		[ "$status" -ne 0 ] || { echo "$lie"; return 1; }
		[ ! -e into ]
		run holdfast cat ./j.ini latest entry000001.bin
		[ "$status" -ne 0 ]
	done
	for lie in 'flip = 30' 'short = 100'; do
		sink_job "$lie" 'match = manifest.json'
		run holdfast verify ./j.ini
		[ "$status" -eq 6 ] || { echo "$lie"; return 1; }
	done
}

@test "a sink that cannot be read for a moment: verify and restore go on; for ever: they fail, not 6" {
	sink_job 'fail = read' 'match = entry000001' 'class = transient' 'times = 2'
	run_code 0 holdfast verify ./j.ini
	sink_job 'fail = get' 'match = entry000001' 'class = transient' 'times = 2'
	run_code 0 holdfast restore ./j.ini --into "$W/into"
	sink_job 'fail = read' 'match = entry000001' 'class = auth'
	run_code 1 holdfast verify ./j.ini
	run holdfast restore ./j.ini --into "$W/into2"
	[ "$status" -eq 1 ]
	[ ! -e into2 ]
}

@test "a sink whose listing fails: list, verify, restore, prune say so and never show a short list" {
	local verb
	sink_job 'fail = list'
	for verb in list show verify prune; do
		run holdfast "$verb" ./j.ini
		[ "$status" -eq 1 ] || { echo "$verb: $status"; echo "$output"; return 1; }
		not_said 'no points'
	done
	run holdfast restore ./j.ini --into "$W/into"
	[ "$status" -eq 1 ]
	[ "$(count_points)" -eq 1 ]
}

@test "a sink that cannot remove: exit 1 from prune, and what stays is told" {
	local step
	sed -i 's/keep_last = 1/keep_last = 9/' good.ini
	run_code 0 holdfast backup ./good.ini
	run_code 0 holdfast backup ./good.ini
	for step in remove remove_all; do
		sink_job "fail = $step"
		run_code 1 holdfast prune ./j.ini
		[ "$(count_points)" -ge 1 ]
		run_code 0 holdfast verify ./good.ini
	done
	# half removed: the next prune finishes it
	sink_job 'fail = remove' 'after = 3'
	run holdfast prune ./j.ini
	[ "$status" -ne 0 ]
	run_code 0 holdfast verify ./good.ini
	sed -i 's/keep_last = 9/keep_last = 1/' good.ini
	run_code 0 holdfast prune ./good.ini
	[ "$(count_points)" -eq 1 ]
	no_litter
}

@test "check finds a sink that cannot write, read, list, remove" {
	local step
	for step in probe open write commit get read list remove; do
		sink_job "fail = $step"
		run holdfast check ./j.ini
		[ "$status" -eq 1 ] || { echo "$step: $status"; echo "$output"; return 1; }
		said FAILED
	done
	sink_job 'flip = 5'
	run holdfast check ./j.ini
	[ "$status" -ne 0 ]
}

@test "copy from or to a sink that fails: not 0, no half point, and it goes on next time" {
	local step
	for step in open write commit flush; do
		{
			cat good.ini
			printf '[sink second]\nplugin = faultysink\npath = %s\nfail = %s\n' "$W/out2" "$step"
		} >j.ini
		run_code 1 holdfast copy ./j.ini --from disk --to second
		[ "$(count_points complete "$W/out2")" -eq 0 ] || { echo "$step"; return 1; }
	done
	sed -i 's/^fail = .*/fail = none/' j.ini
	run_code 0 holdfast copy ./j.ini --from disk --to second
	no_litter "$W/out2"
	# a source sink that lies
	sed -i 's/^fail = .*/flip = 500\nmatch = entry/' j.ini
	{
		cat j.ini
		printf '[sink third]\nplugin = files\npath = %s\nmin_free = 0\n' "$W/out3"
	} >k.ini
	run_code 6 holdfast copy ./k.ini --from second --to third
	[ "$(count_points complete "$W/out3")" -eq 0 ]
}
