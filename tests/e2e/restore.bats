#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What comes back is what was there, bit for bit, where it was told to go, and nowhere else.
load helper

setup() {
	hf_setup
	need jq zstd tar getfattr getfacl setfattr setfacl
}

# Where a path is found below --into.
into() {
	printf '%s' "$W/into$W/data"
}

tar_up() {
	job j "${1:-zstd}" </dev/null
	run_code 0 holdfast backup ./j.ini
}

small() {
	mkdir -p data/sub data/empty
	echo one >data/a
	echo two >data/sub/b
	echo three >data/sub/c
	ln -s a data/l
}

@test "everything odd that a file system holds comes back bit for bit: zstd" {
	make_tree data 5000
	tar_up zstd
	run_code 0 holdfast restore ./j.ini --into "$W/into"
	said restored facts
	same_tree data "$(into)"
}

@test "everything odd that a file system holds comes back bit for bit: zlib" {
	make_tree data 20
	tar_up zlib
	run_code 0 holdfast restore ./j.ini --into "$W/into"
	same_tree data "$(into)"
}

@test "everything odd that a file system holds comes back bit for bit: no compressor, eight lanes" {
	make_tree data 20
	job j </dev/null
	sed -i 's/^name = j/&\nparallel = 8/' j.ini
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast restore ./j.ini --into "$W/into"
	same_tree data "$(into)"
}

@test "reading the tree changes nothing in it" {
	make_tree data 20
	local before
	before=$(tree_sum data)
	tar_up
	[ "$before" = "$(tree_sum data)" ]
}

@test "a restore needs the sink alone: no job file, other state, read-only sink" {
	make_tree data 20
	tar_up
	mv j.ini gone.ini
	export STATE_DIRECTORY=$W/other-machine
	mkdir "$STATE_DIRECTORY"
	run_code 0 holdfast list --sink "files:path=$W/out"
	chmod -R a-w out
	run_code 0 holdfast restore --sink "files:path=$W/out" --into "$W/into"
	same_tree data "$(into)"
	chmod -R u+w out
}

@test "a sink with several jobs: says which there are, and takes --job" {
	small
	job j zstd </dev/null
	job k zstd </dev/null
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast backup ./k.ini
	run_code 2 holdfast restore --sink "files:path=$W/out" --into "$W/into"
	said j k --job
	[ ! -e into ]
	run_code 0 holdfast restore --sink "files:path=$W/out" --job k --into "$W/into"
	same_tree data "$(into)"
	run_code 5 holdfast restore --sink "files:path=$W/out" --job nosuch --into "$W/into2"
	[ ! -e into2 ]
}

@test "an empty or missing sink is exit 5, and is not made" {
	run_code 5 holdfast restore --sink "files:path=$W/nothing" --into "$W/into"
	[ ! -e into ]
	[ ! -e nothing ]
}

@test "a target that holds data is refused without --force, and stays as it is" {
	small
	tar_up
	mkdir -p into
	echo mine >into/mine
	local before
	before=$(tree_sum into)
	run_code 1 holdfast restore ./j.ini --into "$W/into"
	said "$W/into" --force
	[ "$before" = "$(tree_sum into)" ]
	run_code 0 holdfast restore ./j.ini --into "$W/into" --force
	same_tree data "$(into)"
	[ "$(cat into/mine)" = mine ]
}

@test "--force replaces what is in the way" {
	small
	tar_up
	run_code 0 holdfast restore ./j.ini --into "$W/into"
	echo changed >"$(into)/a"
	rm "$(into)/sub/b"
	run_code 0 holdfast restore ./j.ini --into "$W/into" --force
	same_tree data "$(into)"
}

@test "back to where it was: refused while it is there, done once it is gone" {
	small
	tar_up
	local before
	cp -a data copy
	before=$(tree_sum data)
	run_code 1 holdfast restore ./j.ini
	[ "$before" = "$(tree_sum data)" ]
	rm -rf data
	run_code 0 holdfast restore ./j.ini
	same_tree copy data
}

@test "--dry-run says what would be done, proves it readable, and changes nothing" {
	small
	tar_up
	local before
	run_code 0 holdfast restore ./j.ini --into "$W/into" --dry-run
	said "$W/into" would nothing
	[ ! -e into ]
	mkdir into
	echo mine >into/mine
	before=$(tree_sum into)
	run holdfast restore ./j.ini --into "$W/into" --force --dry-run
	[ "$status" -eq 0 ]
	[ "$before" = "$(tree_sum into)" ]
	# a damaged point cannot pass for a good one
	local object
	object=$(find out -name '*.zst')
	truncate -s -1 "$object"
	run_code 6 holdfast restore ./j.ini --into "$W/into2" --dry-run
	[ ! -e into2 ]
}

@test "--only a file, a folder, several; what matches nothing is exit 5" {
	small
	tar_up
	run_code 0 holdfast restore ./j.ini --into "$W/into" --only "$W/data/sub/b"
	[ "$(cd into && find . -type f -o -type l)" = ".$W/data/sub/b" ]
	cmp data/sub/b "$(into)/sub/b"
	rm -r into
	run_code 0 holdfast restore ./j.ini --into "$W/into" --only "$W/data/sub"
	[ "$(cd into && find . -type f | wc -l)" -eq 2 ]
	rm -r into
	run_code 0 holdfast restore ./j.ini --into "$W/into" --only "$W/data/a" --only "$W/data/sub/c"
	[ "$(cd into && find . -type f | wc -l)" -eq 2 ]
	rm -r into
	run_code 5 holdfast restore ./j.ini --into "$W/into" --only "$W/data/nosuch"
	said nosuch
	[ -z "$(find into -type f 2>/dev/null)" ]
}

@test "--only a hard link's later name: says which name has the content, and both together work" {
	mkdir -p data
	echo shared >data/a
	ln data/a data/z
	tar_up
	run holdfast restore ./j.ini --into "$W/into" --only "$W/data/z"
	if [ "$status" -ne 0 ]; then
		said "${W#/}/data/a" --only
		rm -rf into
		run_code 0 holdfast restore ./j.ini --into "$W/into" --only "$W/data/z" --only "$W/data/a"
	fi
	[ "$(cat "$(into)/z")" = shared ]
}

@test "--at picks the newest point begun by then; before the first there is none" {
	small
	tar_up
	nap 1.1
	local between
	between=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	nap 1.1
	echo newer >data/a
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast restore ./j.ini --at "$between" --into "$W/into"
	[ "$(cat "$(into)/a")" = one ]
	run_code 0 holdfast restore ./j.ini latest --into "$W/into2"
	[ "$(cat "$W/into2$W/data/a")" = newer ]
	run_code 5 holdfast restore ./j.ini --at '2001-01-01 00:00' --into "$W/into3"
	[ ! -e into3 ]
	run_code 2 holdfast restore ./j.ini --at 'some day' --into "$W/into3"
	said 'some day'
	run_code 2 holdfast restore ./j.ini "$(newest)" --at "$between" --into "$W/into3"
}

two_sources() {
	small
	mkdir -p conf
	echo conf >conf/app.ini
	cat >j.ini <<-END
		[job]
		name = j
		[source main]
		plugin = files
		path = $W/data
		[source config]
		plugin = files
		path = $W/conf
		[compressor]
		plugin = zstd
		[sink disk]
		plugin = files
		path = $W/out
		min_free = 0
	END
	run_code 0 holdfast backup ./j.ini
}

@test "two sources are one point; --into and --only say which with SOURCE:" {
	two_sources
	[ "$(count_points)" -eq 1 ]
	run_code 2 holdfast restore ./j.ini --into "$W/into"
	said main --source
	[ ! -e into ]
	run_code 0 holdfast restore ./j.ini --into "main:$W/in1" --into "config:$W/in2"
	same_tree data "$W/in1$W/data"
	same_tree conf "$W/in2$W/conf"
	run_code 0 holdfast restore ./j.ini --only "config:$W/conf/app.ini" --into "config:$W/in3"
	cmp conf/app.ini "$W/in3$W/conf/app.ini"
	run_code 0 holdfast restore ./j.ini --source main --into "$W/in4"
	same_tree data "$W/in4$W/data"
	[ ! -e "$W/in4$W/conf" ]
	run_code 5 holdfast restore ./j.ini --source conifg --into "$W/in5"
	said '"config"'
	run_code 2 holdfast restore ./j.ini --source main --only "config:$W/conf" --into "$W/in5"
	[ ! -e in5 ]
}

@test "the stock tools alone bring it back: zstd and tar, entries in the manifest's order" {
	two_sources
	local point=out/j/$(newest) m
	m=$point/manifest.json
	mkdir plain
	jq -r '.entries[].parts[].key' "$m" | while IFS= read -r key; do
		zstd -dcq "out/$key" | tar -xp --xattrs --acls -C plain -f -
	done
	same_tree data "plain$W/data"
	same_tree conf "plain$W/conf"
	# and every digest in it is what sha256sum says
	jq -r '.entries[] | .stored.sha256 + "  out/" + .parts[0].key' "$m" | sha256sum -c --quiet
}

@test "the stock tools alone bring it back: gunzip and tar" {
	make_tree data 20
	# GNU tar is a second off with parts of a second before 1970
	touch -d '1969-12-31 23:59:58 UTC' data/nothing
	tar_up zlib
	mkdir plain
	find out -name '*.tar.gz' -exec gunzip -t {} +
	find out -name '*.tar.gz' -exec gunzip -c {} + | tar -xp --xattrs --xattrs-include='*' --acls -C plain -f -
	same_tree data "plain$W/data"
}

@test "an incompressible and a large entry come back whole, whatever the block sizes" {
	head -c 20000003 /dev/urandom >data/random
	seq 1 3000000 >data/text
	tar_up zlib
	run_code 0 holdfast restore ./j.ini --into "$W/into"
	same_tree data "$(into)"
	find out -name '*.gz' -exec gunzip -t {} +
}

@test "a restore says what it compared; JSON too" {
	small
	tar_up
	json_code 0 holdfast restore ./j.ini --into "$W/into" --json
	jq -s -e '.[-1] | .event == "result" and .facts_compared > 0 and .facts_different == 0
		and .entries == 1 and .dry_run == false' <<<"$output"
}

@test "restored into a folder without room: exit 1, and it says so" {
	need_root
	head -c 3000000 /dev/urandom >data/random
	tar_up
	mkdir tiny
	mount -t tmpfs -o size=1M tmpfs tiny || lacking "mount of a tmpfs"
	MOUNTED+=("$W/tiny")
	run_code 1 holdfast restore ./j.ini --into "$W/tiny/into"
	said 'space'
}

@test "--only with a wildcard that matches in no source: exit 5, and nothing is told as restored" {
	two_sources
	run_code 5 holdfast restore ./j.ini --only '*.nosuch' --into "main:$W/in1" --into "config:$W/in2"
	not_said restored
	run_code 0 holdfast restore ./j.ini --only '*.ini' --into "main:$W/in3" --into "config:$W/in4"
	cmp conf/app.ini "$W/in4$W/conf/app.ini"
}
