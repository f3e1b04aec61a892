#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A truncated, flipped, missing or swapped object is always found by verify, and never restored.
load helper

setup() {
	hf_setup
	need jq perl
	D=$TESTS_DIR/e2e/damage.pl
	mkdir -p data
	printf 'a little text, and some more\n' >data/a
	printf 'key = value\n' >b
}

# A point of a few hundred bytes an object.
tiny_point() {
	job j "$1" </dev/null
	sed -i "s|^path = $W/data|&\npath = $W/b|" j.ini
	run_code 0 holdfast backup ./j.ini
	P=out/j/$(newest)
	mapfile -t OBJECTS < <(find "$P/main" -type f)
	[ "${#OBJECTS[@]}" -eq 2 ]
	S=(--sink "files:path=$W/out" --job j)
	# a folder for records cannot be made: thousands of tries would leave one each
	: >"$P/records"
}

every_flip() {
	tiny_point "$1"
	"$D" flip 6 1 '' "${OBJECTS[@]}" -- holdfast verify "${S[@]}" "${2:-latest}"
	"$D" flip fail 7 "$W/into" "${OBJECTS[@]}" -- holdfast restore "${S[@]}" latest --into "$W/into"
	run_code 0 holdfast verify "${S[@]}"
}

every_cut() {
	tiny_point "$1"
	"$D" cut 6 1 '' "${OBJECTS[@]}" -- holdfast verify "${S[@]}"
	"$D" grow 6 1 '' "${OBJECTS[@]}" -- holdfast verify "${S[@]}"
	"$D" cut fail 7 "$W/into" "${OBJECTS[@]}" -- holdfast restore "${S[@]}" --into "$W/into"
	"$D" grow fail 1 "$W/into" "${OBJECTS[@]}" -- holdfast restore "${S[@]}" --into "$W/into"
	run_code 0 holdfast verify "${S[@]}"
}

@test "every flipped byte of every object is found, and nothing of it restored: zstd" {
	every_flip zstd
}

@test "every flipped byte of every object is found, and nothing of it restored: zlib" {
	every_flip zlib
}

@test "every cut and every added tail of every object is found: zstd" {
	every_cut zstd
}

@test "every cut and every added tail of every object is found: zlib" {
	every_cut zlib
}

@test "every flipped byte of the manifest is found, and nothing of it restored" {
	tiny_point zstd
	"$D" flip 6 1 '' "$P/manifest.json" -- holdfast verify "${S[@]}"
	"$D" flip fail 7 "$W/into" "$P/manifest.json" -- holdfast restore "${S[@]}" --into "$W/into"
	run_code 0 holdfast verify "${S[@]}"
}

@test "every cut and every added tail of the manifest is found, and nothing of it restored" {
	tiny_point zstd
	"$D" cut 6 1 '' "$P/manifest.json" -- holdfast verify "${S[@]}"
	"$D" grow 6 1 '' "$P/manifest.json" -- holdfast verify "${S[@]}"
	"$D" cut fail 7 "$W/into" "$P/manifest.json" -- holdfast restore "${S[@]}" --into "$W/into"
	"$D" grow fail 1 "$W/into" "$P/manifest.json" -- holdfast restore "${S[@]}" --into "$W/into"
}

@test "a damaged owner.json is found; it does not keep the data from being restored" {
	tiny_point zstd
	"$D" flip 6 1 '' "$P/owner.json" -- holdfast verify "${S[@]}"
	"$D" cut 6 1 '' "$P/owner.json" -- holdfast verify "${S[@]}"
	printf x | dd of="$P/owner.json" bs=1 seek=9 conv=notrunc status=none
	run_code 0 holdfast restore "${S[@]}" --into "$W/into"
	diff -r data "into$W/data"
}

@test "a record that does not read never makes a pinned point go" {
	local first record i
	tiny_point zstd
	first=$(newest)
	printf '[post retention]\nplugin = retention\nkeep_last = 1\nkeep_verified = 0\n' >>j.ini
	rm -f "$P/records"
	run_code 0 holdfast pin ./j.ini "$first"
	record=$(find "$P/records" -name '*-pin.json')
	printf 'x' | dd of="$record" bs=1 seek=20 conv=notrunc status=none
	for i in 1 2; do
		run holdfast backup ./j.ini
	done
	run holdfast prune ./j.ini
	run_code 0 holdfast show ./j.ini "$first"
}

@test "a flipped byte with the decode level, the digest level, and --all: exit 6, and list tells" {
	tiny_point zstd
	printf 'x' | dd of="out/$(jq -r '.entries[0].parts[0].key' "$P/manifest.json")" bs=1 seek=30 \
		conv=notrunc status=none
	run_code 6 holdfast verify "${S[@]}" --level digest
	run_code 6 holdfast verify "${S[@]}" --level decode
	run_code 6 holdfast verify "${S[@]}" --all
	said DAMAGED
	json_code 6 holdfast verify "${S[@]}" --json
	jq -s -e 'any(.[]; .event == "result" and .damaged == 1)' <<<"$output"
	# what comes before the damage may be written
	run bash -c 'holdfast cat "$@" >/dev/null' sh "${S[@]}" latest \
		"main:$(jq -r '.entries[0].path' "$P/manifest.json")"
	[ "$status" -eq 6 ]
	rm -f "$P/records"
	run_code 6 holdfast verify "${S[@]}"
	run_code 0 holdfast list "${S[@]}"
	said damaged
}

@test "a missing object: verify 6, restore refuses and names it" {
	tiny_point zstd
	local gone=${OBJECTS[0]}
	rm "$gone"
	run_code 6 holdfast verify "${S[@]}"
	run holdfast restore "${S[@]}" --into "$W/into"
	[ "$status" -ne 0 ]
	said "$(basename "$gone")"
	[ ! -e into ]
}

@test "an object replaced by a folder, a link, a fifo: verify 6, restore refuses" {
	tiny_point zstd
	local o=${OBJECTS[0]} kind
	mv "$o" saved
	for kind in folder link fifo; do
		case $kind in
		folder) mkdir "$o" ;;
		link) ln -s "$W/saved" "$o" ;;
		fifo) mkfifo "$o" ;;
		esac
		run timeout 20 holdfast verify "${S[@]}"
		[ "$status" -ne 0 ] && [ "$status" -ne 124 ] || { echo "$kind: $status"; return 1; }
		run timeout 20 holdfast restore "${S[@]}" --into "$W/into"
		[ "$status" -ne 0 ] && [ "$status" -ne 124 ] || { echo "$kind: $status"; return 1; }
		[ ! -e into ]
		rm -rf "$o"
	done
}

@test "swapped objects: verify 6, restore refuses" {
	tiny_point zstd
	mv "${OBJECTS[0]}" x
	mv "${OBJECTS[1]}" "${OBJECTS[0]}"
	mv x "${OBJECTS[1]}"
	run_code 6 holdfast verify "${S[@]}"
	run_code 6 holdfast restore "${S[@]}" --into "$W/into"
	[ ! -e into ]
}

@test "the manifests of two points swapped: both damaged, restore refuses" {
	tiny_point zstd
	echo other >data/a
	nap 1
	run_code 0 holdfast backup ./j.ini
	local Q=out/j/$(newest)
	mv "$P/manifest.json" x
	mv "$Q/manifest.json" "$P/manifest.json"
	mv x "$Q/manifest.json"
	run_code 6 holdfast verify "${S[@]}" "$(basename "$P")"
	run_code 6 holdfast verify "${S[@]}" "$(basename "$Q")"
	local p
	for p in "$P" "$Q"; do
		run holdfast restore "${S[@]}" "$(basename "$p")" --into "$W/into"
		[ "$status" -ne 0 ]
	done
	run holdfast restore "${S[@]}" --into "$W/into"
	[ "$status" -ne 0 ]
	[ ! -e into ]
}

@test "a point copied into another job's folder is not that job's" {
	tiny_point zstd
	mkdir out/k
	cp -a "$P" out/k/
	run_code 6 holdfast verify --sink "files:path=$W/out" --job k
	run holdfast restore --sink "files:path=$W/out" --job k --into "$W/into"
	[ "$status" -ne 0 ]
	[ ! -e into ]
}

@test "a damaged newest point: latest does not fall back to an older one in silence" {
	tiny_point zstd
	nap 1
	run_code 0 holdfast backup ./j.ini
	local m=out/j/$(newest)/manifest.json
	truncate -s -5 "$m"
	run_code 6 holdfast verify "${S[@]}"
	run_code 0 holdfast list "${S[@]}"
	said damaged complete
	run holdfast restore "${S[@]}" --into "$W/into"
	[ "$status" -ne 0 ] || said "$(basename "$P")" damaged
}

@test "retention never counts a damaged point, nor removes the last good one for it" {
	tiny_point zstd
	local good
	good=$(newest)
	nap 1
	run_code 0 holdfast backup ./j.ini
	truncate -s -5 "out/j/$(newest)/manifest.json"
	printf '[post retention]\nplugin = retention\nkeep_last = 1\nkeep_verified = 0\n' >>j.ini
	run holdfast prune ./j.ini
	run_code 0 holdfast verify ./j.ini "$good"
}
