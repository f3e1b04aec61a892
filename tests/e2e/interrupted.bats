#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# SIGINT and SIGTERM: 130 and 143, and nothing half done is left.
load helper

setup() {
	hf_setup
	need jq
	job j zstd </dev/null
	run_code 0 holdfast backup ./j.ini
	OLD=$(newest)
	head -c 40000000 /dev/urandom >data/random
	sed -i 's/plugin = zstd/&\nlevel = 19/' j.ini
}

# Data is on its way: a temporary file of the sink has grown.
some_written() {
	[ -n "$(find out -path "*/main/*" -newer data/random -size +0 2>/dev/null)" ]
}

interrupted_backup() {
	start holdfast backup ./j.ini
	until_true some_written
	kill -s "$1" "$PID"
	finish
	cat started.log
	[ "$CODE" -eq "$2" ]
	grep -q 'interrupted' started.log
	[ "$(newest)" = "$OLD" ]
	[ "$(count_points incomplete)" -eq 0 ]
	no_litter
	run_code 0 holdfast verify ./j.ini "$OLD"
}

@test "SIGINT during a backup: 130, nothing left" {
	interrupted_backup INT 130
}

@test "SIGTERM during a backup: 143, nothing left" {
	interrupted_backup TERM 143
}

@test "SIGTERM at 20 random moments of a backup: 143 or a whole point, and nothing left" {
	local i us ids
	seed "$$"
	head -c 700000 /dev/urandom >data/random
	microseconds run_code 0 holdfast backup ./j.ini
	us=$TOOK_US
	for ((i = 0; i < 20; i++)); do
		start holdfast backup ./j.ini
		random_below "$us"
		nap "$DELAY"
		kill -TERM "$PID" 2>/dev/null || true
		finish
		[ "$CODE" -eq 143 ] || [ "$CODE" -eq 0 ] || { echo "exit $CODE"; cat started.log; return 1; }
		[ "$(count_points incomplete)" -eq 0 ]
		no_litter || { echo "signal $i after $DELAY s"; return 1; }
	done
	run_code 0 holdfast verify ./j.ini --all --level digest
}

@test "SIGTERM during a restore: 143, no success told, no temporary names left" {
	sed -i 's/level = 19/level = 1/' j.ini
	truncate -s 0 data/random
	head -c 300000000 /dev/zero | tr '\0' 'x' >data/text
	run_code 0 holdfast backup ./j.ini
	start holdfast restore ./j.ini --into "$W/into"
	until_true test -e "into$W/data"
	kill -TERM "$PID"
	finish
	cat started.log
	[ "$CODE" -eq 143 ]
	! grep -q '^restored' started.log
	[ -z "$(find into -name '.hf-*' -o -name '*.hf-tmp*')" ]
	# and again, over what it left
	run_code 0 holdfast restore ./j.ini --into "$W/into" --force
	diff -r data "into$W/data"
}

@test "SIGTERM during a verify and a copy: 143" {
	sed -i 's/level = 19/level = 1/' j.ini
	head -c 200000000 /dev/zero >data/zeros
	head -c 200000000 /dev/urandom >data/random
	printf '[sink second]\nplugin = files\npath = %s\nmin_free = 0\nrequired = no\n' "$W/out2" >two
	run_code 0 holdfast backup ./j.ini
	cat two >>j.ini
	start holdfast verify ./j.ini
	nap 0.03
	kill -TERM "$PID"
	finish
	[ "$CODE" -eq 143 ]
	start holdfast copy ./j.ini --from disk --to second
	until_true test -e out2/j
	kill -TERM "$PID"
	finish
	cat started.log
	[ "$CODE" -eq 143 ]
	run_code 0 holdfast copy ./j.ini --from disk --to second
	no_litter out2
	run_code 0 holdfast verify ./j.ini --from second
}

@test "SIGTERM while a dead sink is tried again: 143, not a failure" {
	cat >j.ini <<-END
		[job]
		name = j
		retry_for = 60s
		[source main]
		plugin = files
		path = data
		[sink disk]
		plugin = faultysink
		path = $W/out2
		fail = open
		class = transient
	END
	start holdfast backup ./j.ini
	nap 0.5
	kill -TERM "$PID"
	finish
	cat started.log
	[ "$CODE" -eq 143 ]
}

@test "SIGTERM while nobody reads what cat writes: 143, at once" {
	mkfifo pipe
	sleep 20 <pipe &
	local reader=$!
	start holdfast cat ./j.ini "$OLD" "main:$W/data" >pipe
	nap 0.5
	kill -TERM "$PID" 2>/dev/null || true
	CODE=0
	wait "$PID" || CODE=$?
	kill "$reader"
	# the whole entry may fit into the pipe
	[ "$CODE" -eq 143 ] || [ "$CODE" -eq 0 ]
}
