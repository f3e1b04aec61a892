#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Killed with -9 at random moments: older points stay good, no half point shows, the next run succeeds
# and clears what was left. HF_KILLS kills each (100).
load helper

setup() {
	hf_setup
	need jq
	local i
	mkdir -p data
	for i in {1..12}; do
		head -c 3000 /dev/urandom >"data/r$i"
		seq 1 "$((i * 100))" >"data/t$i"
	done
	# many entries: many objects
	{
		printf '[job]\nname = j\n[source main]\nplugin = files\n'
		printf 'path = %s\n' "$W"/data/*
		printf '[compressor]\nplugin = zstd\n'
		printf '[sink disk]\nplugin = files\npath = %s\nmin_free = 0\n' "$W/out"
	} >base.ini
	cp base.ini j.ini
	seed "$$"
}

# kill_during DELAY_US CMD...: at a random moment below that; $CODE is 137 where it was in time.
kill_during() {
	random_below "$1"
	shift
	"$@" >killed.log 2>&1 3>&- &
	PID=$!
	nap "$DELAY"
	kill -9 "$PID" 2>/dev/null || true
	CODE=0
	wait "$PID" 2>/dev/null || CODE=$?
}

# Counts a hit, and aims: how long a run takes changes with what else the machine does.
tally() {
	if [ "$CODE" -eq 137 ]; then
		hits=$((hits + 1))
		us=$((us * 21 / 20 + 1))
	else
		us=$((us * 9 / 10))
		[ "$us" -ge 2000 ] || us=2000
	fi
}

# good_points FOLDER ID...: they are there, and all that calls itself complete is; nothing is damaged.
good_points() {
	local folder=$1 id listed
	shift
	listed=$(holdfast list --sink "files:path=$folder" --job j --json) || return
	jq -e 'all(.points[]; .state == "complete" or .state == "incomplete")' <<<"$listed" >/dev/null ||
		{ echo "$listed"; return 1; }
	for id; do
		jq -e --arg id "$id" 'any(.points[]; .id == $id and .state == "complete")' <<<"$listed" \
			>/dev/null || { echo "$id is gone"; echo "$listed"; return 1; }
	done
	run_code 0 holdfast verify --sink "files:path=$folder" --job j --all --level digest -q || return
	# what it recorded would grow without end
	find "$folder" -name '*-verify.json' -delete
}

@test "a backup killed at random moments" {
	local i first second hits=0 us
	printf '[post retention]\nplugin = retention\nkeep_last = 3\nkeep_verified = 0\n' >>j.ini
	run_code 0 holdfast backup ./base.ini
	first=$(newest)
	run_code 0 holdfast pin ./j.ini "$first"
	microseconds run_code 0 holdfast backup ./base.ini
	us=$TOOK_US
	second=$(newest)
	run_code 0 holdfast pin ./j.ini "$second"
	for ((i = 0; i < ${HF_KILLS:-100}; i++)); do
		kill_during "$us" holdfast backup ./j.ini
		tally
		good_points out "$first" "$second"
		run_code 0 holdfast backup ./j.ini
		no_litter || { echo "kill $i after $DELAY s"; return 1; }
		[ "$(count_points incomplete)" -eq 0 ]
	done
	echo "$hits of $i were in time"
	[ "$hits" -gt $((i / 3)) ]
	run_code 0 holdfast verify ./j.ini --all
}

@test "a prune killed at random moments" {
	local i keep hits=0 us
	for i in 1 2 3 4 5; do
		run_code 0 holdfast backup ./j.ini
	done
	mv out full
	keep=$(holdfast list --sink "files:path=$W/full" --job j --json | jq -r '.points[-2:][].id')
	printf '[post retention]\nplugin = retention\nkeep_last = 2\nkeep_verified = 0\n' >>j.ini
	cp -a full out
	microseconds run_code 0 holdfast prune ./j.ini
	us=$TOOK_US
	[ "$(count_points)" -eq 2 ]
	for ((i = 0; i < ${HF_KILLS:-100}; i++)); do
		rm -rf out
		cp -a full out
		kill_during "$us" holdfast prune ./j.ini
		tally
		# shellcheck disable=SC2086
		good_points out $keep || { echo "kill $i after $DELAY s"; return 1; }
		run_code 0 holdfast prune ./j.ini
		no_litter || { echo "kill $i after $DELAY s"; return 1; }
		[ "$(count_points)" -eq 2 ]
	done
	echo "$hits of $i were in time"
	[ "$hits" -gt $((i / 3)) ]
	# shellcheck disable=SC2086
	good_points out $keep
}

@test "a copy killed at random moments" {
	local i ids old hits=0 us
	for i in 1 2 3; do
		run_code 0 holdfast backup ./j.ini
	done
	printf '[sink second]\nplugin = files\npath = %s\nmin_free = 0\n' "$W/out2" >>j.ini
	ids=$(holdfast list ./j.ini --json | jq -r '.points[].id')
	old=$(head -n 1 <<<"$ids")
	run_code 0 holdfast copy ./j.ini --from disk --to second "$old"
	mv out2 one
	cp -a one out2
	microseconds run_code 0 holdfast copy ./j.ini --from disk --to second
	us=$TOOK_US
	for ((i = 0; i < ${HF_KILLS:-100}; i++)); do
		rm -rf out2
		cp -a one out2
		kill_during "$us" holdfast copy ./j.ini --from disk --to second
		tally
		good_points out2 "$old"
		run_code 0 holdfast copy ./j.ini --from disk --to second
		no_litter out2 || { echo "kill $i after $DELAY s"; return 1; }
		[ "$(holdfast list ./j.ini --from second --json | jq -r '.points[].id')" = "$ids" ]
		# shellcheck disable=SC2086
		[ $((i % 10)) -ne 0 ] || good_points out2 $ids
	done
	echo "$hits of $i were in time"
	[ "$hits" -gt $((i / 3)) ]
	# shellcheck disable=SC2086
	good_points out $ids
	diff -r --exclude=records --exclude='.hf-lock*' --exclude=owner.json out out2
}

@test "killed between two jobs that share a sink: the other's points and unfinished ones stay" {
	run_code 0 holdfast backup ./base.ini
	sed 's/^name = j/name = k/' base.ini >k.ini
	run_code 0 holdfast backup ./k.ini
	mkdir -p "out/k/20260101T000000Z-abcd/main"
	echo foreign >"out/k/20260101T000000Z-abcd/main/thing"
	mkdir -p "out/j/somebody else's"
	echo mine >"out/j/somebody else's/file"
	run_code 0 holdfast backup ./base.ini
	run_code 0 holdfast prune ./base.ini
	[ -e "out/k/20260101T000000Z-abcd/main/thing" ]
	[ "$(cat "out/j/somebody else's/file")" = mine ]
	[ "$(count_points complete out k)" -eq 1 ]
}

@test "another host's unfinished point stays until litter_after, then goes" {
	run_code 0 holdfast backup ./base.ini
	local id=20260101T000000Z-abcd p
	p=out/j/$id
	cp -a "out/j/$(newest)" "$p"
	rm "$p/manifest.json"
	rm -rf "$p/records"
	"$TESTS_DIR/e2e/reseal.pl" eval "$p/owner.json" "\$m->{id} = '$id'; \$m->{host} = 'elsewhere';
		\$m->{time} = '$(date -u -d '-1 hour' +%Y-%m-%dT%H:%M:%S).000000000Z'"
	run_code 0 holdfast backup ./base.ini
	[ -e "$p/owner.json" ]
	[ "$(count_points incomplete)" -eq 1 ]
	run_code 5 holdfast restore ./base.ini "$id" --into "$W/into"
	sed 's/^name = j/&\nlitter_after = 30m/' base.ini >j.ini
	run_code 0 holdfast backup ./j.ini
	[ ! -e "$p" ]
	no_litter
}
