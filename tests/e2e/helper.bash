# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What all end-to-end tests share. They drive the command as an admin would: on real files, with
# nothing but what `apt install` gives. Loaded by each file with `load helper`.
bats_require_minimum_version 1.5.0

TESTS_DIR=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
: "${abs_top_builddir:=$(cd "$TESTS_DIR/.." && pwd)}"
export abs_top_builddir LC_ALL=C.UTF-8

# --- the command: $HOLDFAST, else the installed or the build tree's; all tests call it `holdfast` ---

if [ "${HOLDFAST_INSTALLED:-0}" = 1 ]; then
	: "${HOLDFAST:=$(command -v holdfast)}"
fi
: "${HOLDFAST:=$abs_top_builddir/holdfast}"
HOLDFAST=$(realpath -s -- "$HOLDFAST")
export HOLDFAST
[ -x "$HOLDFAST" ] || {
	echo "there is no $HOLDFAST: build it, or set HOLDFAST or abs_top_builddir" >&2
	exit 1
}
PATH=$(dirname "$HOLDFAST"):$PATH
export PATH
TEST_DRIVERS=$abs_top_builddir/tests/drivers/.libs
# once a file: its setup_file may add folders of its own
if [ -z "${HF_E2E_DRIVERS:-}" ]; then
	if [ "${HOLDFAST_INSTALLED:-0}" = 1 ]; then
		HOLDFAST_DRIVER_PATH=$TEST_DRIVERS
	else
		HOLDFAST_DRIVER_PATH=$(printf '%s:' "$abs_top_builddir"/plugins/*/.libs)$TEST_DRIVERS
	fi
	export HOLDFAST_DRIVER_PATH HF_E2E_DRIVERS=1
fi

# --- what a test needs ---

# lacking TEXT: a skip for people, a failure in CI.
lacking() {
	if [ "${CI:-}" = true ]; then
		echo "CI lacks: $1" >&2
		return 1
	fi
	skip "$1"
}

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || lacking "$tool is not installed"
	done
}

need_root() {
	[ "$(id -u)" -eq 0 ] || lacking "needs root"
}

# --- each test has a folder of its own ($W) and stops what it started ---

setup() {
	hf_setup
}

teardown() {
	hf_teardown
}

hf_setup() {
	W=$BATS_TEST_TMPDIR
	export STATE_DIRECTORY=$W/state HOLDFAST_JOBS=$W/jobs
	mkdir -p "$STATE_DIRECTORY" "$HOLDFAST_JOBS" "$W/data"
	cd "$W" || return 1
	STARTED=()
	MOUNTED=()
}

hf_teardown() {
	local pid place
	for pid in "${STARTED[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
	done
	for place in "${MOUNTED[@]}"; do
		umount -l "$place" || true
	done
	# or nobody but root can remove it
	chmod -R u+rwX "$W" 2>/dev/null || true
}

# run_code EXPECTED CMD...: runs it; shows what it said if it ends otherwise. $output holds both streams.
run_code() {
	local expected=$1
	shift
	run "$@"
	[ "$status" -eq "$expected" ] && return 0
	echo "exit $status, not $expected: $*"
	echo "$output"
	return 1
}

# said TEXT...: each is in $output.
said() {
	local text
	for text; do
		[[ $output == *"$text"* ]] && continue
		echo "not said: $text"
		echo "$output"
		return 1
	done
}

not_said() {
	local text
	for text; do
		[[ $output != *"$text"* ]] && continue
		echo "was said: $text"
		echo "$output"
		return 1
	done
}

# start CMD...: in the background; its pid in $PID, its output in $W/started.log.
start() {
	"$@" >"$W/started.log" 2>&1 3>&- &
	PID=$!
	STARTED+=("$PID")
}

# finish [PID]: waits; its exit code in $CODE.
finish() {
	CODE=0
	wait "${1:-$PID}" 2>/dev/null || CODE=$?
}

# until_true CMD...: tries for ten seconds.
until_true() {
	local i
	for ((i = 0; i < 1000; i++)); do
		"$@" && return 0
		nap 0.01
	done
	echo "never came true: $*"
	return 1
}

# nap SECONDS: as precise as it gets, without a process. A fifo that nobody writes to.
nap() {
	[ -n "${NAP_FD:-}" ] || {
		mkfifo "$W/nap"
		exec {NAP_FD}<>"$W/nap"
	}
	read -r -t "$1" -u "$NAP_FD" || true
}

# seed N: random numbers that can be had again; printed, shown where a test fails.
seed() {
	RANDOM=${HF_SEED:-$1}
	echo "seed: HF_SEED=${HF_SEED:-$1}"
}

# random_below MICROSECONDS: a part of it, as seconds, in $DELAY.
random_below() {
	local us=$(((RANDOM * 32768 + RANDOM) % ($1 + 1)))
	printf -v DELAY '%d.%06d' $((us / 1000000)) $((us % 1000000))
}

# microseconds CMD...: how long it takes, in $TOOK_US.
microseconds() {
	local begun=${EPOCHREALTIME/./}
	"$@"
	TOOK_US=$((${EPOCHREALTIME/./} - begun))
}

# --- jobs ---

# job NAME [COMPRESSOR]: $W/NAME.ini, from $W/data to $W/out; standard input is added to it.
job() {
	{
		printf '[job]\nname = %s\n[source main]\nplugin = files\npath = %s\n' "$1" "$W/data"
		[ -z "${2:-}" ] || printf '[compressor]\nplugin = %s\n' "$2"
		printf '[sink disk]\nplugin = files\npath = %s\nmin_free = 0\n' "$W/out"
		[ -t 0 ] || cat
	} >"$W/$1.ini"
}

# The newest point's id, of a sink folder ($W/out) and a job (j).
newest() {
	holdfast list --sink "files:path=${1:-$W/out}" --job "${2:-j}" --json |
		jq -r '[.points[] | select(.state == "complete")] | last | .id'
}

# How many points are there, of that state (complete).
count_points() {
	holdfast list --sink "files:path=${2:-$W/out}" --job "${3:-j}" --json |
		jq --arg s "${1:-complete}" '[.points[] | select(.state == $s)] | length'
}

# no_litter [FOLDER [JOB]]: nothing in the sink but whole points.
no_litter() {
	local folder=${1:-$W/out} name=${2:-j} shown there
	if find "$folder" -name '.hf-tmp*' | grep .; then
		echo "temporary files are left"
		return 1
	fi
	shown=$(holdfast list --sink "files:path=$folder" --job "$name" --json |
		jq -r '.points[] | select(.state == "complete" or .state == "damaged") | .id' | sort)
	there=$(find "$folder/$name" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
	[ "$shown" = "$there" ] && return 0
	echo "in the folder:" "$there"
	echo "complete points:" "$shown"
	return 1
}

# --- trees ---

# make_tree DIR [FILES]: everything odd that a file system holds, and so many small files.
make_tree() {
	local d=$1 i
	mkdir -p "$d"/{dir/deep/deeper,empty,mode}
	printf 'plain\n' >"$d/plain"
	: >"$d/nothing"
	head -c 300000 /dev/urandom >"$d/random"
	seq 1 60000 >"$d/dir/text"
	printf 'x' >"$d/dir/deep/deeper/x"
	ln -s plain "$d/link"
	ln -s /nonexistent/absolute "$d/link dangling"
	ln -s .. "$d/dir/link up"
	ln "$d/plain" "$d/hard"
	ln "$d/plain" "$d/dir/hard too"
	printf 'n' >"$d"/$'new\nline'
	printf 'q' >"$d/quote\"'\`\$(id)"
	printf 'b' >"$d/back\\slash"
	printf 'd' >"$d/-dash"
	printf 't' >"$d"/$'tab\tand\033[31mescape'
	printf 's' >"$d/ spaces "
	printf 'u' >"$d/ünïcödé ☃"
	printf 'i' >"$d"/$'invalid\xff\xfeutf8'
	printf 'l' >"$d/$(printf 'l%.0s' {1..255})"
	mkdir "$d"/$'dir\nwith newline'
	printf 'g' >"$d"/$'dir\nwith newline/f'
	mkfifo "$d/fifo"
	truncate -s 50M "$d/sparse"
	printf 'begin' | dd of="$d/sparse" conv=notrunc status=none
	printf 'middle' | dd of="$d/sparse" bs=1M seek=20 conv=notrunc status=none
	truncate -s 3M "$d/hole only"
	for i in 000 400 644 755 1777 2755 4755 6711; do
		printf '%s' "$i" >"$d/mode/$i"
		chmod "$i" "$d/mode/$i"
	done
	mkdir "$d/mode/dir2750" "$d/mode/dir500"
	chmod 2750 "$d/mode/dir2750"
	printf 'r' >"$d/mode/dir500/inside"
	chmod 500 "$d/mode/dir500"
	setfattr -n user.holdfast -v "a value" "$d/plain"
	setfattr -n user.bytes -v 0x00ff0a "$d/random"
	setfattr -n user.dir -v d "$d/dir"
	setfacl -m u:12345:rw-,g:54321:r-- "$d/random"
	setfacl -m u:12345:rwx -m d:u:12345:r-x "$d/dir"
	if [ "$(id -u)" -eq 0 ]; then
		chown 1234:5678 "$d/nothing"
		chown -h 1234:5678 "$d/link"
		mknod "$d/null" c 1 3
		setfattr -n trusted.holdfast -v t "$d/nothing" || true
	fi
	mkdir "$d/many"
	for ((i = 0; i < ${2:-0}; i++)); do
		printf '%s\n' "$i" >"$d/many/f$i"
	done
	touch -d '1969-12-31 23:59:58.5 UTC' "$d/nothing"
	touch -d '2001-02-03 04:05:06.123456789 UTC' "$d/plain"
	touch -h -d '2002-02-03 04:05:06.987654321 UTC' "$d/link"
	touch -d '2003-02-03 04:05:06.000000001 UTC' "$d/dir" "$d/empty"
}

# All that is known of a tree, in an order of its own: two descriptions are equal if the trees are.
describe_tree() {
	(
		cd "$1" || exit 1
		# a folder's size and link count are the file system's business
		find . -print0 | LC_ALL=C sort -z |
			xargs -0 stat --printf '%F %a %u:%g %t:%T %y %N\n' --
		find . ! -type d -print0 | LC_ALL=C sort -z | xargs -0 stat --printf '%s %h %n\n' --
		echo "hard links"
		find . -type f -links +1 -printf '%i %P\0' | LC_ALL=C sort -z |
			perl -0ne '/^(\d+) (.*)\0$/s or die; $n{$1} //= ++$k; push @{$m{$n{$1}}}, $2;
				END { print join("|", sort @$_), "\n" for sort { $$a[0] cmp $$b[0] }
					map { [sort @$_] } values %m }'
		echo "content"
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum --
		echo "extended attributes"
		find . -print0 | LC_ALL=C sort -z |
			xargs -0 getfattr -h -d -m - -e hex --absolute-names -- 2>/dev/null
		echo "acls"
		find . ! -type l -print0 | LC_ALL=C sort -z | xargs -0 getfacl -n -p -- 2>/dev/null
	)
}

# same_tree A B: bit for bit, metadata too.
same_tree() {
	need getfattr getfacl perl
	describe_tree "$1" >"$W/tree.a"
	describe_tree "$2" >"$W/tree.b"
	[ -s "$W/tree.a" ] || return 1
	diff -a "$W/tree.a" "$W/tree.b" || return 1
	# holes are still holes: not more than a few blocks more than they were
	local file a b
	while IFS= read -r -d '' file; do
		a=$(stat -c %b -- "$1/$file")
		b=$(stat -c %b -- "$2/$file")
		[ "$b" -le $((a + 64)) ] && continue
		echo "$file has $b blocks, and had $a"
		return 1
	done < <(find "$1" -type f -size +1M -printf '%P\0')
}

# tree_sum DIR: changes if anything below it does.
tree_sum() {
	describe_tree "$1" | sha256sum
}

# json_code EXPECTED CMD...: as run_code, but $output is standard output alone.
json_code() {
	local expected=$1
	shift
	run --separate-stderr "$@"
	[ "$status" -eq "$expected" ] && return 0
	echo "exit $status, not $expected: $*"
	echo "$output"
	# shellcheck disable=SC2154
	echo "$stderr"
	return 1
}
