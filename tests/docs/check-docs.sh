#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the manual pages and README.md against the program: the POD is clean,
# every command, command-line option and driver option is described, every job
# file is accepted, every marked example runs, the tutorial's driver compiles and
# loads. Runs in the build folder, as `make check` does.
#
# Examples run in a sandbox: /srv, /var/backups, /mnt, /etc/holdfast and /tmp/...
# of the pages are folders in it.
set -u
umask 022
here=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$here/../.." && pwd)
build=$PWD
run=$build/run
if [ ! -x "$run" ] || [ ! -x "$build/holdfast" ]; then
	echo "run this in the build folder, after make: no $build/run"
	exit 99
fi
work=$(mktemp -d /tmp/hf-docs.XXXXXX) || exit 99
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
failed=0
checks=0

bad() {
	echo "FAIL: $*"
	failed=$((failed + 1))
}

hf() {
	"$run" holdfast "$@"
}

have() {
	hf plugins "$1" >/dev/null 2>&1
}

# --- what the pages say -----------------------------------------------------

check_pod() {
	checker=$(command -v podchecker) || { echo "skipped: no podchecker"; return; }
	for page in "$src"/docs/man/*.pod; do
		checks=$((checks + 1))
		"$checker" -warnings -warnings "$page" >"$work/pod" 2>&1
		if grep -E '\*\*\* (WARNING|ERROR)' "$work/pod"; then
			bad "$page is not clean"
		fi
	done
}

# The page must have the word on an =item or =head line, or in bold.
describes() {
	checks=$((checks + 1))
	grep -Eq -- "^=(item|head[0-9]).*$2([^a-z_-]|\$)|B<$2>" "$src/docs/man/$1.pod" ||
		bad "$1.pod does not describe $2"
}

check_commands() {
	for command in $(hf --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
		checks=$((checks + 1))
		grep -Eq "^=head2 $command( |\$)" "$src/docs/man/holdfast.pod" ||
			bad "holdfast.pod does not describe the command $command"
		for option in $(hf "$command" --help | sed -n 's/^  \(--[a-z-]*\) .*/\1/p'); do
			describes holdfast "$option"
		done
	done
}

check_options() {
	for plugin in $(hf plugins --json | jq -r '.plugins[] | select(.loaded).name'); do
		for option in $(hf plugins "$plugin" --json | jq -r '.drivers[] | .options[].name,
		    ((.restore_options // [])[].name | gsub("_"; "-") | "--" + .)'); do
			describes "holdfast-$plugin" "$option"
		done
	done
}

# --- examples ---------------------------------------------------------------

# Paths of the pages become paths in the sandbox.
mapped() {
	sed -E "s,(^|[^A-Za-z0-9_/.}-])/(srv|var/backups|mnt|etc/holdfast|tmp)(/|\$| |;|\"),\1$box/\2\3,g" "$1"
}

new_box() {
	box=$work/$1
	mkdir -p "$box/srv/app/cache" "$box/srv/nginx" "$box/srv/scheduleright/data" \
		"$box/var/backups" "$box/mnt/usb/holdfast" "$box/etc/holdfast/jobs" "$box/tmp" \
		"$box/etc/holdfast" "$box/srv/one" "$box/srv/two"
	echo 'debug: no' >"$box/srv/app/config.yml"
	seq 20000 >"$box/srv/app/data.txt"
	ln -s data.txt "$box/srv/app/current"
	echo x >"$box/srv/app/cache/x.tmp"
	echo 'server {}' >"$box/srv/nginx/site.conf"
	printf '[source]\nplugin = files\npath = %s\n[compressor]\nplugin = zstd\n' "$box/srv/app" \
		>"$box/etc/holdfast/jobs/app.ini"
	printf '[sink]\nplugin = files\npath = %s\n[sink two]\nplugin = files\npath = %s\n' \
		"$box/var/backups/holdfast" "$box/var/backups/two" >>"$box/etc/holdfast/jobs/app.ini"
	printf '[post verify]\nplugin = verify\n[post retention]\nplugin = retention\nkeep_last = 1\n' \
		>>"$box/etc/holdfast/jobs/app.ini"
	echo A=1 >"$box/srv/scheduleright/.env"
	echo 'services: {}' >"$box/srv/scheduleright/docker-compose.yml"
	HOLDFAST_JOBS=$box/etc/holdfast/jobs
	STATE_DIRECTORY=$box/state
	TMPDIR=$box/tmp
	BOX=$box
	SRC=$src
	BUILD=$build
	export HOLDFAST_JOBS STATE_DIRECTORY TMPDIR BOX SRC BUILD
}

# A part of a job file gets what it lacks.
complete_job() {
	grep -q '^\[source' "$1" || printf '[source]\nplugin = files\npath = %s/srv/app\n' "$box" >>"$1"
	if ! grep -q '^\[sink' "$1"; then
		for name in $(sed -n 's/^sink *= *\([a-z]*\).*/\1/p' "$1" | sort -u) ""; do
			[ -n "$name" ] || grep -q '^\[sink' "$1" && [ -z "$name" ] && continue
			printf '[sink %s]\nplugin = files\npath = %s/var/backups/%s\n' "$name" "$box" \
				"${name:-holdfast}" >>"$1"
		done
	fi
}

check_job() { # page, number, block
	mapped "$3" >"$box/job-$2.ini"
	complete_job "$box/job-$2.ini"
	checks=$((checks + 1))
	hf check "$box/job-$2.ini" >"$box/out" 2>&1 || {
		bad "$1: holdfast check refuses the job file:"
		cat "$box/job-$2.ini" "$box/out"
	}
}

# Runs a block with the sandbox's paths.
run_block() { # page, block, wanted exit code, "more" to go on where the last one ended
	{
		echo "set -a"
		[ "${4:-}" != more ] || echo ". '$box/env'; cd \"\$(cat '$box/cwd')\""
		mapped "$2"
		echo "export -p >'$box/env'; pwd >'$box/cwd'"
	} >"$box/script"
	checks=$((checks + 1))
	(cd "$box" && PATH=$build/sdk/check:$PATH "$run" sh -eu "$box/script") \
		>"$box/out" 2>&1 </dev/null
	code=$?
	[ "$code" = "$3" ] && return
	bad "$1: an example ended with $code, not $3:"
	cat "$2"
	echo "--- it said:"
	cat "$box/out"
}

check_examples() { # page
	page=${1##*/}
	blocks=$work/blocks-$page
	mkdir -p "$blocks"
	awk -v out="$blocks" -f "$here/blocks.awk" "$1" || bad "$page: examples cannot be read"
	new_box "box-$page"
	for block in "$blocks"/*.*; do
		[ -e "$block" ] || continue
		number=${block##*/}
		number=${number%%.*}
		arg=$(cat "$blocks/$number.arg")
		case $block in
		*.arg) ;;
		*.job) check_job "$page" "$number" "$block" ;;
		*.file)
			case $arg in
			/*) to=$box$arg ;;
			*) to=$box/$arg ;;
			esac
			mapped "$block" >"$to"
			;;
		*.run) run_block "$page" "$block" "${arg:-0}" ;;
		*.more) run_block "$page" "$block" "${arg:-0}" more ;;
		*) bad "$page: =for test ${block##*.} means nothing" ;;
		esac
	done
}

# Every member that --json prints is in holdfast.pod. What drivers name is left out.
check_json() {
	new_box box-json
	{
		for words in "check app" "backup app --dry-run" "backup app" "backup app" \
			"list app" "show app" "verify app" "pin app latest --note x" "show app" \
			"prune app --dry-run" "copy app --from sink --to two" \
			"restore app --into $box/tmp/json" "plugins" "plugins zstd" \
			"show app none" "check missing"; do
			# shellcheck disable=SC2086 # words, on purpose
			hf $words --json 2>/dev/null
		done
	} >"$box/json"
	jq -e -s 'length > 20' "$box/json" >/dev/null || bad "--json: the commands do not print JSON"
	for member in $(jq -r 'walk(if type == "object" then del(.facts) else . end) |
	    paths | map(strings)[-1] // empty' "$box/json" | sort -u); do
		checks=$((checks + 1))
		grep -q "C<$member>" "$src/docs/man/holdfast.pod" ||
			bad "holdfast.pod does not describe the JSON member $member"
	done
	for event in $(jq -r '.event // empty' "$box/json" | sort -u); do
		checks=$((checks + 1))
		grep -Eq "^=item $event\$|\"event\":\"$event\"" "$src/docs/man/holdfast.pod" ||
			bad "holdfast.pod does not describe the JSON event $event"
	done
}

# What is offered after a line of words, the last of which is being typed.
offered() {
	# shellcheck disable=SC2016 # the inner shell expands
	"$run" bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _holdfast
		printf "%s\n" "${COMPREPLY[@]}"' "$src/completions/holdfast" "$@" 2>&1 | sort -u | tr '\n' ' '
}

completes() { # wanted, words...
	wanted=$1
	shift
	checks=$((checks + 1))
	got=$(offered "$@")
	# shellcheck disable=SC2254 # a pattern, on purpose
	case $got in
	$wanted) ;;
	*) bad "completion of \"$*\" offers \"$got\", not \"$wanted\"" ;;
	esac
}

check_completion() {
	command -v bash >/dev/null || { echo "skipped: no bash"; return; }
	new_box box-completion
	hf backup app >/dev/null 2>&1
	id=$(hf list app --json | jq -r '.points[-1].id')
	completes "restore " holdfast re
	completes "list " holdfast li
	completes "app " holdfast backup ap
	completes "--into " holdfast restore app --in
	completes "--dry-run " holdfast -v prune --dry
	completes "sink two " holdfast copy app --from ""
	completes "source " holdfast restore app --source ""
	completes "decode " holdfast verify app --level de
	completes "$id " holdfast show app "${id%????}"
	completes "$id latest " holdfast restore --sink "files:path=$box/var/backups/holdfast" ""
	completes "retention " holdfast plugins re
	for command in $(hf --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
		completes "*$command *" holdfast "$command"
	done
}

# README.md: ```ini and ```sh blocks, made into a page of the same kind.
readme_page() {
	awk '
	/^```ini/ { print "=for test file /etc/holdfast/jobs/app.ini\n"; on = 1; next }
	/^```sh/  { print "=for test run\n"; on = 1; next }
	/^```/    { on = 0; print ""; print "=cut"; next }
	on        { print "  " $0 }' "$src/README.md"
}

# ---------------------------------------------------------------------------

check_pod
command -v jq >/dev/null || { echo "SKIP: jq is needed for the rest"; exit 77; }
check_commands
check_options
all=yes
for plugin in files zlib zstd verify retention; do
	have "$plugin" || all=no
done
if [ "$all" = yes ]; then
	for page in "$src"/docs/man/*.pod; do
		check_examples "$page"
	done
	check_json
	check_completion
	readme_page >"$work/README.pod"
	check_examples "$work/README.pod"
	checks=$((checks + 1))
	diff -r --no-dereference -x '*.tmp' "$box/srv/app" "$box/tmp/recovered$box/srv/app" ||
		bad "README.md: the recovery without Holdfast brought back something else"
else
	echo "examples are not run: not all drivers were built"
fi
echo "$checks checks, $failed failed"
[ "$failed" -eq 0 ]
