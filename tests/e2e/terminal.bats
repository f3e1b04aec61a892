#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What an admin sees: a progress line on a terminal, plain lines elsewhere; and no name can drive the
# terminal.
load helper

setup() {
	hf_setup
	need script jq
}

# on_terminal COMMAND: its output as the terminal gets it, in $W/screen; its exit code in $CODE.
on_terminal() {
	CODE=0
	script -qefc "$1" screen </dev/null >/dev/null 2>&1 3>&- || CODE=$?
}

# No control character but what a progress line needs: CR, LF, and the sequence that clears a line.
clean_screen() {
	local bad
	bad=$(sed -e '1{/^Script started/d}' -e '$ {/^Script done/d}' screen | sed -e 's/\x1b\[[0-9;]*K//g' |
		tr -d '\n\r\t -~\200-\377')
	[ -z "$bad" ] && return 0
	cat -v screen
	return 1
}

@test "a progress line on a terminal, gone at the end; the result stays" {
	head -c 30000000 /dev/urandom >data/random
	job j zstd </dev/null
	sed -i 's/plugin = zstd/&\nlevel = 19/' j.ini
	on_terminal 'holdfast backup ./j.ini'
	[ "$CODE" -eq 0 ]
	grep -q $'\r' screen
	grep -aqE 'backup [0-9.]+ [KMG]?i?B.*/s' screen
	grep -aq published screen
	clean_screen
}

@test "no progress line with --quiet, with --json, nor where there is no terminal" {
	head -c 10000000 /dev/urandom >data/random
	job j zstd </dev/null
	sed -i 's/plugin = zstd/&\nlevel = 15/' j.ini
	on_terminal 'holdfast backup -q ./j.ini'
	[ "$CODE" -eq 0 ]
	! grep -aqE 'MiB/s|KiB/s' screen
	run_code 0 holdfast backup ./j.ini
	[[ $output != *$'\r'* && $output != *$'\033'* ]]
}

@test "an exit code comes through a terminal, too" {
	job j zstd </dev/null
	rm -r data
	on_terminal 'holdfast backup ./j.ini'
	[ "$CODE" -eq 1 ]
	clean_screen
}

@test "names with control characters do not drive the terminal: every command" {
	local odd=$'x\033[31mred\033]0;title\a\b\rnl\nend\x9b31m\xff'
	mkdir -p "data/$odd"
	head -c 3000000 /dev/urandom >"data/$odd/$odd"
	mkfifo "data/$odd/p"
	printf '[job]\nname = j\n[source main]\nplugin = files\npath = %s\n' "$W/data/x*" >j.ini
	printf '[compressor]\nplugin = zstd\nlevel = 19\n[sink disk]\nplugin = files\npath = %s\nmin_free = 0\n' \
		"$W/out" >>j.ini
	local c
	for c in 'backup --dry-run' 'backup -vv' 'list' 'show' 'verify -vv' 'prune' 'check --deep' 'backup --json' \
		'show --json' "restore --into $W/into -vv" "restore --into $W/into -vv" "cat" ; do
		[ "$c" = cat ] && c="restore --into $W/in2 --only '$W/data/nosuch$odd'"
		on_terminal "holdfast ${c%% *} ./j.ini $([[ $c == *' '* ]] && echo "${c#* }")"
		[ "$CODE" -lt 100 ]
		clean_screen || { echo "$c"; return 1; }
	done
}

@test "an unreadable odd name in an error" {
	need_root
	need setpriv
	mkdir -p "data/"$'a\033[31mb'
	chmod 755 "$W" data
	chmod 000 "data/"$'a\033[31mb'
	job j </dev/null
	chmod 644 j.ini
	mkdir -m 777 o
	sed -i "s|^path = $W/out|path = $W/o|" j.ini
	setpriv --reuid 12345 --regid 12345 --clear-groups test -x "$HOLDFAST" ||
		skip "this user cannot reach the command"
	on_terminal "STATE_DIRECTORY=$W/o setpriv --reuid 12345 --regid 12345 --clear-groups holdfast backup ./j.ini"
	[ "$CODE" -ne 0 ]
	clean_screen
}
