#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Two runs of one job never interleave, and a lock of the dead never blocks.
load helper

setup() {
	hf_setup
	need jq flock
	seq 1 1000 >data/a
	job j zstd <<-'END'
		[post retention]
		plugin = retention
		keep_last = 1
		keep_verified = 0
	END
}

# A backup that lasts: a file that takes its time to compress.
slow_backup() {
	sed 's/plugin = zstd/&\nlevel = 19/' j.ini >slow.ini
	head -c 12000000 /dev/urandom >data/slow
	start holdfast backup ./slow.ini
	until_true some_owner
}

some_owner() {
	find out/j -mindepth 2 -name owner.json 2>/dev/null | while IFS= read -r f; do
		[ -e "${f%owner.json}manifest.json" ] || echo "$f"
	done | grep -q .
}

@test "two backups at once: one works, the other exits 4 and says who holds it" {
	slow_backup
	run_code 4 holdfast backup ./j.ini
	said "process $PID"
	run_code 4 holdfast prune ./j.ini
	finish
	[ "$CODE" -eq 0 ]
	[ "$(count_points)" -eq 1 ]
	run_code 0 holdfast backup ./j.ini
}

@test "twelve backups started at once: each exits 0 or 4, and each 0 is a whole point" {
	local i pids=() good=0 busy=0
	sed -i 's/keep_last = 1/keep_last = 50/' j.ini
	for i in {1..12}; do
		start holdfast backup ./j.ini
		pids+=("$PID")
	done
	for i in "${pids[@]}"; do
		finish "$i"
		case $CODE in
		0) good=$((good + 1)) ;;
		4) busy=$((busy + 1)) ;;
		*) echo "exit $CODE"; return 1 ;;
		esac
	done
	[ "$good" -ge 1 ]
	[ "$(count_points)" -eq "$good" ]
	no_litter
	run_code 0 holdfast verify ./j.ini --all
}

@test "lock_wait: the second waits for the first" {
	slow_backup
	sed -i 's/^name = j/&\nlock_wait = 2m/' j.ini
	rm data/slow
	run_code 0 holdfast backup ./j.ini
	finish
	[ "$CODE" -eq 0 ]
}

@test "a lock whose owner was killed: the next run goes on, and clears what it left" {
	slow_backup
	kill -9 "$PID"
	finish
	rm data/slow
	run_code 0 holdfast backup ./j.ini
	no_litter
	[ "$(count_points)" -eq 1 ]
}

@test "while a backup runs: list, show, verify, restore and a dry prune work" {
	run_code 0 holdfast backup ./j.ini
	slow_backup
	run_code 0 holdfast list ./j.ini
	run_code 0 holdfast show ./j.ini
	run_code 0 holdfast verify ./j.ini
	run_code 0 holdfast restore ./j.ini --into "$W/into"
	run_code 0 holdfast prune ./j.ini --dry-run
	kill -9 "$PID"
	finish
}

@test "while somebody reads, nothing is removed: prune exits 4, and works once he is done" {
	local i id
	sed -i 's/keep_last = 1/keep_last = 9/' j.ini
	head -c 3000000 /dev/urandom >data/big
	for i in 1 2 3; do
		run_code 0 holdfast backup ./j.ini
	done
	sed -i 's/keep_last = 9/keep_last = 1/' j.ini
	id=$(holdfast list ./j.ini --json | jq -r '.points[0].id')
	# a reader that stands still: nobody takes what it writes
	mkfifo pipe
	exec {R}<>pipe
	holdfast cat ./j.ini "$id" "$W/data" >pipe 3>&- &
	PID=$!
	STARTED+=("$PID")
	until_true blocked "$PID"
	run_code 4 holdfast prune ./j.ini
	[ "$(count_points)" -eq 3 ]
	# a backup must not fail for it, nor remove anything: published, expiry not done
	run_code 3 holdfast backup ./j.ini
	[ "$(count_points)" -eq 4 ]
	kill -9 "$PID"
	finish
	exec {R}>&-
	run_code 0 holdfast prune ./j.ini
	[ "$(count_points)" -eq 1 ]
}

# It waits in a write to a pipe.
blocked() {
	grep -q pipe "/proc/$1/wchan" 2>/dev/null ||
		{ nap 0.5 && [ -d "/proc/$1" ] && grep -q '^State:.S' "/proc/$1/status"; }
}

@test "restores and prunes at once, again and again: no reader ever loses an object" {
	local i p r id
	for i in {1..15}; do
		sed -i 's/keep_last = .*/keep_last = 9/' j.ini
		run_code 0 holdfast backup ./j.ini
		run_code 0 holdfast backup ./j.ini
		sed -i 's/keep_last = .*/keep_last = 1/' j.ini
		id=$(holdfast list ./j.ini --json | jq -r '.points[0].id')
		start holdfast restore ./j.ini "$id" --into "$W/into$i"
		r=$PID
		start holdfast prune ./j.ini
		p=$PID
		finish "$r"
		# whole, or refused because the point is gone already
		if [ "$CODE" -eq 0 ]; then
			diff -r data "into$i$W/data"
		else
			[ "$CODE" -eq 5 ] || { echo "restore: $CODE"; return 1; }
			[ ! -e "into$i" ]
		fi
		finish "$p"
		[ "$CODE" -eq 0 ] || [ "$CODE" -eq 4 ] || { echo "prune: $CODE"; return 1; }
	done
}

@test "jobs of other names in the same sink do not wait for each other" {
	sed 's/^name = j/name = k/' j.ini >k.ini
	slow_backup
	sed -i "s|^path = $W/data|path = $W/data/a|" k.ini
	run_code 0 holdfast backup ./k.ini
	kill -9 "$PID"
	finish
}
