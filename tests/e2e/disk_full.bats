#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A disk that fills up at any moment: exit 1, nothing published, older points intact, and the message has
# the space needed.
load helper

setup() {
	hf_setup
	need jq
	need_root
	mkdir -p data out
	seq 1 300 >data/a
	mount -t tmpfs -o size=2M tmpfs out || lacking "mount of a tmpfs"
	MOUNTED+=("$W/out")
}

entries() {
	local i
	for i in 1 2 3 4 5; do
		head -c 9000 /dev/urandom >"data/r$i"
	done
	{
		printf '[job]\nname = j\n[source main]\nplugin = files\n'
		printf 'path = %s\n' "$W"/data/*
		printf '[compressor]\nplugin = zstd\n'
		printf '[sink disk]\nplugin = files\npath = %s\nmin_free = 0\n' "$W/out"
		cat
	} >j.ini
}

# shrink KILOBYTES: so much is left.
shrink() {
	local used
	used=$(df --output=used -k out | tail -n 1)
	mount -o "remount,size=$((used + $1))k" out
}

# What ended with `status` is right, whatever moment it was.
right_outcome() {
	case $status in
	0)
		[ "$(count_points)" -eq $(($1 + 1)) ]
		;;
	1)
		said pace ' are ' free
		not_said published" in"
		[ "$(count_points)" -eq "$1" ] || { echo "a point shows"; return 1; }
		;;
	3) # published; what came after it had no room
		said pace free
		[ "$(count_points)" -eq $(($1 + 1)) ]
		;;
	*)
		echo "exit $status"
		echo "$output"
		return 1
		;;
	esac
	[ "$(count_points incomplete)" -eq 0 ]
	no_litter
	# its result cannot be recorded on a full disk, but it is told
	run_code 0 holdfast verify ./j.ini --all --level digest
}

@test "the disk fills up at every page of a backup" {
	entries </dev/null
	run_code 0 holdfast backup ./j.ini
	local k failed=0 points=1
	for ((k = 0; k < 200; k += 4)); do
		mount -o remount,size=2M out
		find out -name '*-verify.json' -delete
		shrink "$k"
		run holdfast backup ./j.ini
		[ "$status" -ne 0 ] || break
		failed=$((failed + 1))
		right_outcome "$points" || { echo "with $k KiB left"; return 1; }
	done
	echo "$failed moments"
	[ "$status" -eq 0 ]
	[ "$failed" -ge 10 ]
}

@test "the disk fills up while stages verify and expire: published points stay good" {
	entries <<-'END'
		[post verify]
		plugin = verify
		[post retention]
		plugin = retention
		keep_last = 2
	END
	run_code 0 holdfast backup ./j.ini
	local k newest
	newest=$(newest)
	for ((k = 48; k < 140; k += 4)); do
		mount -o remount,size=2M out
		shrink "$k"
		run holdfast backup ./j.ini
		[ "$status" -eq 0 ] || [ "$status" -eq 1 ] || [ "$status" -eq 3 ] || {
			echo "exit $status with $k KiB left"
			echo "$output"
			return 1
		}
		[ "$(count_points incomplete)" -eq 0 ]
		[ "$(count_points)" -ge 1 ]
		run_code 0 holdfast verify ./j.ini --all --level digest
		no_litter
	done
	mount -o remount,size=2M out
	run_code 0 holdfast backup ./j.ini
}

@test "no inode is left: exit 1, nothing published" {
	entries </dev/null
	run_code 0 holdfast backup ./j.ini
	local used k failed=0
	used=$(df --output=iused out | tail -n 1)
	for ((k = 0; k < 40; k++)); do
		mount -o "remount,nr_inodes=$((used + k))" out
		run holdfast backup ./j.ini
		[ "$status" -ne 0 ] || break
		failed=$((failed + 1))
		[ "$status" -eq 1 ] || { echo "exit $status"; echo "$output"; return 1; }
		[ "$(count_points)" -eq 1 ]
		no_litter || { echo "with $k inodes left"; return 1; }
	done
	echo "$failed moments"
	[ "$status" -eq 0 ]
	[ "$failed" -ge 5 ]
}

@test "a full disk can still be pruned, and a pin that finds no room says so" {
	entries </dev/null
	local i
	for i in 1 2 3 4; do
		run_code 0 holdfast backup ./j.ini
	done
	shrink 0
	run_code 1 holdfast pin ./j.ini latest
	said pace
	run_code 0 holdfast list ./j.ini
	run_code 0 holdfast verify ./j.ini
	printf '[post retention]\nplugin = retention\nkeep_last = 1\nkeep_verified = 0\n' >>j.ini
	run_code 0 holdfast prune ./j.ini
	[ "$(count_points)" -eq 1 ]
	run_code 0 holdfast backup ./j.ini
}

@test "a limit on file sizes is told, and fails the run" {
	head -c 2000000 /dev/urandom >data/big
	job j </dev/null
	mount -o remount,size=20M out
	run_code 1 bash -c 'ulimit -f 100; exec holdfast backup ./j.ini'
	[ "$(count_points)" -eq 0 ]
	no_litter
}
