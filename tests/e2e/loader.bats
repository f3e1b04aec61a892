#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Drivers are loaded only from where nobody but root, or the developer himself, could put them.
load helper

setup() {
	hf_setup
	need jq
	echo one >data/a
	job j zstd </dev/null
	# not below /tmp itself: that is writable by all, and so refused if a folder above counts
	D=$(mktemp -d "${HF_ROOT_TMP:-/var/lib}/holdfast-test.XXXXXX") || lacking "a place for drivers that is safe"
	chmod 755 "$D"
	find_drivers
	cp "$DRIVERS"/*.so "$D/"
	export HOLDFAST_DRIVER_PATH=$D
}

teardown() {
	hf_teardown
	[ -z "${D:-}" ] || rm -rf "$D"
}

# All drivers of this build or installation in one folder, $DRIVERS.
find_drivers() {
	DRIVERS=$W/drivers
	mkdir -p "$DRIVERS"
	holdfast plugins --json | jq -r '.plugins[] | select(.loaded) | .file' | while IFS= read -r f; do
		cp "$f" "$DRIVERS/"
	done
	ls "$DRIVERS/files.so" "$DRIVERS/zstd.so" >/dev/null
}

# refused TEXT...: no driver of $D is loaded, and the reason is told.
refused() {
	run_code 0 holdfast plugins --json
	[ "$(jq --arg d "$D/" '[.plugins[] | select(.loaded and (.file | startswith($d)))] | length' <<<"$output")" -eq 0 ]
	run_code 0 holdfast plugins
	said "$@"
	run holdfast backup ./j.ini
	[ "$status" -ne 0 ] || [ "${HOLDFAST_INSTALLED:-0}" = 1 ]
}

@test "a folder of root's alone is good" {
	need_root
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast plugins
	said "$D/files.so"
}

@test "a folder that its group can write to is refused" {
	need_root
	chmod 775 "$D"
	refused "$D" 'written by others' 'chmod go-w'
}

@test "a folder that all can write to is refused, sticky or not" {
	need_root
	chmod 777 "$D"
	refused "$D" written
	chmod 1777 "$D"
	refused "$D" written
}

@test "a folder of another user is refused" {
	need_root
	chown 12345 "$D"
	refused "$D" 12345
}

@test "a folder below one that others can write to is refused" {
	need_root
	mkdir "$D/in"
	cp "$DRIVERS"/*.so "$D/in/"
	chmod 777 "$D"
	HOLDFAST_DRIVER_PATH=$D/in refused "$D" written
}

@test "a link to a folder that others can write to is refused" {
	need_root
	mkdir "$D/open"
	cp "$DRIVERS"/*.so "$D/open/"
	chmod 777 "$D/open"
	ln -s open "$D/link"
	rm "$D"/*.so
	HOLDFAST_DRIVER_PATH=$D/link refused "$D" written
}

@test "a driver of another user, or one that others can write to, is refused; the others load" {
	need_root
	chown 12345 "$D/zstd.so"
	chmod 666 "$D/zlib.so"
	run_code 0 holdfast plugins --json
	jq -e --arg d "$D/" '[.plugins[] | select(.file | startswith($d)) | select(.loaded | not) | .file]
		== [$d + "zlib.so", $d + "zstd.so"]' <<<"$output"
	run_code 0 holdfast plugins
	said 12345 'zlib.so can be written by others'
}

@test "a relative folder is not searched, nor is an empty one" {
	[ "${HOLDFAST_INSTALLED:-0}" = 0 ] || skip "the installed drivers would be found"
	cp -r "$D" here
	HOLDFAST_DRIVER_PATH=here:: run holdfast plugins
	said absolute
	not_said zstd.so
	cd here
	HOLDFAST_DRIVER_PATH=.: run holdfast backup ../j.ini
	[ "$status" -eq 2 ]
}

@test "files that are no drivers are told with the reason, and do no harm" {
	need_root
	echo text >"$D/text.so"
	: >"$D/empty.so"
	head -c 100 "$D/zstd.so" >"$D/cut.so"
	mkdir "$D/folder.so"
	ln -s nowhere "$D/dangling.so"
	mkfifo "$D/fifo.so"
	run_code 0 timeout 20 holdfast plugins
	said text.so empty.so cut.so folder.so dangling.so fifo.so 'not loaded'
	run_code 0 timeout 20 holdfast backup ./j.ini
}

@test "another user than root may load his own, in a folder of his own" {
	need_root
	need setpriv
	chown -R 12345:12345 "$D"
	chmod 755 "$W" 2>/dev/null
	mkdir u
	chown 12345 u
	local as=(setpriv --reuid 12345 --regid 12345 --clear-groups)
	"${as[@]}" test -x "$HOLDFAST" || skip "this user cannot reach the command"
	run_code 0 env HOME="$W/u" STATE_DIRECTORY="$W/u" "${as[@]}" "$HOLDFAST" plugins
	said "$D/files.so"
}
