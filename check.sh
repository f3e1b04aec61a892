#!/bin/bash
# SPDX-License-Identifier: MIT
# The whole test command. Installs what it needs (apt-get), builds in a temporary
# folder, never inside the checkout.
#
#   ./check.sh               everything (full)
#   ./check.sh fast          build, make check, installcheck
#   ./check.sh STEP...       build check install clang asan tsan valgrind fuzz dist
#   ./check.sh --keep ...    keeps the temporary folder
#
# FUZZ_SECONDS (20) is for each fuzz target. With CI=true a test that was skipped
# is a failure, unless it is named in allowed_skips below.
# The last line is "N passed, N failed, N skipped"; exit 0 only if none failed.
set -euo pipefail
umask 022
export LC_ALL=C
top=$(cd "$(dirname "$0")" && pwd)
all_steps="build check install clang asan tsan valgrind fuzz dist"
jobs=${JOBS:-2}
# Skips that are no fault on a build server: extended regular expressions of test names.
allowed_skips='^$'

# What the tests need besides what the build needs.
test_packages="libcmocka-dev bats jq zstd pigz gzip attr acl python3 valgrind strace
	clang-14 libclang-rt-14-dev llvm-14 file xz-utils util-linux procps mariadb-server mariadb-client"
# The end-to-end tests that are repeated with each sanitizer, where they cost several times as much.
asan_e2e="commands restore sinks job_file secrets damage hostile_archive hostile_manifest \
	failing_drivers loader mysql_roundtrip mysql_rows"
tsan_e2e="commands restore sinks failing_drivers interrupted locks mysql_rows"
# No test may hang for ever: seconds for one test program.
limit=${TEST_SECONDS:-1800}

keep=no steps=
for a in "$@"; do
	case $a in
	full) steps="$steps $all_steps" ;;
	fast) steps="$steps build check install" ;;
	--keep) keep=yes ;;
	build | check | install | clang | asan | tsan | valgrind | fuzz | dist) steps="$steps $a" ;;
	*) sed -n '3,13s/^# \{0,1\}//p' "$0" && exit 2 ;;
	esac
done
[ -n "$steps" ] || steps=$all_steps
case " $steps " in *" build "*) ;; *) steps="build $steps" ;; esac

work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-tests-XXXXXX")
chmod 755 "$work"
mkdir "$work/logs"
passed=0 failed=0 skipped=0
finish() {
	code=$?
	cd /
	if [ $code = 0 ] && [ $keep = no ]; then
		chmod -R u+w "$work"
		rm -rf "$work"
	else
		echo "logs and builds: $work" >&2
	fi
	exit $code
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck source=tests/lib/setup.sh
. "$top/tests/lib/setup.sh"
# shellcheck source=tests/lib/sanitizers.sh
. "$top/tests/lib/sanitizers.sh"

# --- running a step and counting ------------------------------------------
count() { # KIND NAME: one result
	case $1 in
	pass) passed=$((passed + 1)) ;;
	skip)
		if [ "${CI:-}" = true ] && ! [[ $2 =~ $allowed_skips ]]; then
			failed=$((failed + 1))
			echo "   skipped, which is a failure here: $2"
		else
			skipped=$((skipped + 1))
			echo "   skipped: $2"
		fi
		;;
	fail)
		failed=$((failed + 1))
		echo "   FAILED: $2"
		;;
	esac
}

# Adds the tests of one program's log; its .trs, if there is one, says how it ended.
count_log() { # LOG TRS
	local out p f s kind name named_fail=0 named_skip=0
	out=$(awk -f "$top/tests/lib/count.awk" "$1" "$2")
	read -r p f s <<<"$(head -n 1 <<<"$out")"
	passed=$((passed + p))
	while read -r kind name; do
		[ -n "$kind" ] || continue
		count "$kind" "$name"
		[ "$kind" = fail ] && named_fail=$((named_fail + 1)) || named_skip=$((named_skip + 1))
	done <<<"$(tail -n +2 <<<"$out")"
	# cmocka tells only how many
	[ "$f" -le $named_fail ] || failed=$((failed + f - named_fail))
	[ "$s" -le $named_skip ] || skipped=$((skipped + s - named_skip))
	if [ "$f" -gt 0 ]; then
		echo "   --- the end of $1"
		tail -n 60 "$1" | sed 's/^/   | /'
	fi
}

count_build() { # BUILD-FOLDER: what `make check` ran there
	local trs
	while read -r trs; do
		count_log "${trs%.trs}.log" "$trs"
	done < <(find "$1" -name '*.trs' | sort)
}

# Runs a function with its output in a log, and counts: the TAP lines of the log
# (tap), the tests of a build folder (folder name), or the step itself (-).
step() { # NAME WHAT-TO-COUNT FUNCTION ARGUMENT...
	local name=$1 counts=$2 log=$work/logs/$1.log begin=$SECONDS code before=$failed
	shift 2
	echo "== $name"
	set +e
	(
		set -euo pipefail
		"$@"
	) >"$log" 2>&1 </dev/null
	code=$?
	set -e
	case $counts in
	tap)
		echo ":test-result: $([ $code = 0 ] && echo PASS || echo FAIL)" >"$work/logs/$name.trs"
		count_log "$log" "$work/logs/$name.trs"
		;;
	-) [ $code != 0 ] || count pass "$name" ;;
	*) [ ! -d "$counts" ] || count_build "$counts" ;;
	esac
	if [ $code != 0 ] && [ "$failed" = "$before" ]; then
		count fail "$name (exit $code)"
		echo "   --- the end of $log"
		tail -n 60 "$log" | sed 's/^/   | /'
	fi
	echo "   $name: $((SECONDS - begin)) s"
	[ $code = 0 ]
}

# --- the steps ------------------------------------------------------------
build_in() { # FOLDER CONFIGURE-ARGUMENT...
	local dir=$1
	shift
	mkdir "$dir"
	cd "$dir"
	"$work/src/configure" --enable-werror "$@"
	make -k -j"$jobs"
}

# The names in TESTS of a build folder that match.
tests_matching() { # FOLDER PATTERN
	printf 'include Makefile\nprint-tests:\n\t@printf "%%s\\n" $(TESTS)\n' |
		make -s -C "$1" -f - print-tests | grep -E "$2"
}

# All but the end-to-end tests.
small_tests() { # FOLDER
	tests_matching "$1" "tests/unit/|tests/fuzz/|sdk/|tests/abi/" | tr '\n' ' '
}

sanitized_build() { # FOLDER KIND
	build_in "$1" --enable-sanitizers="$2" CFLAGS='-g -O1'
	make -j"$jobs" check TESTS=
}

check_in() { # FOLDER [TESTS]
	make -C "$1" -j"$jobs" -k check LOG_COMPILER="timeout -k 10 $limit" ${2:+TESTS="$2"}
}

e2e_in() { # FOLDER NAME...
	local n files=()
	cd "$1"
	shift
	for n in "$@"; do
		[ ! -e "$work/src/tests/e2e/$n.bats" ] || files+=("$work/src/tests/e2e/$n.bats")
	done
	[ ${#files[@]} -gt 0 ] || { echo "not ok - there are no end-to-end tests"; return 1; }
	# ulimit -v and a sanitizer do not go together: the tests leave it out
	HF_SANITIZED=yes timeout -k 10 "$limit" "$work/src/tests/e2e/run-e2e.sh" "${files[@]}"
}

run_install() {
	cd "$work/build"
	make install DESTDIR="$work/root"
	make installcheck DESTDIR="$work/root"
	make uninstall DESTDIR="$work/root"
	if [ -n "$(find "$work/root" ! -type d)" ]; then
		echo "make uninstall left these:"
		find "$work/root" ! -type d
		return 1
	fi
}

run_clang() {
	CC=clang-14 build_in "$work/clang"
}

run_fuzz() {
	cd "$work/build"
	FUZZ_WORK=$work/fuzz "$work/src/tests/fuzz/run-fuzz.sh" "${FUZZ_SECONDS:-20}"
}

run_valgrind() {
	cd "$work/build"
	"$work/src/tests/lib/valgrind.sh" "$work/valgrind"
}

# The release as users get it, built and tested from the tarball alone.
run_dist() {
	cd "$work/build"
	make -j"$jobs" distcheck LOG_COMPILER="timeout -k 10 $limit" HF_E2E=core
}

# shellcheck disable=SC2086 # lists of words
run_step() {
	case $1 in
	check) step check "$work/build" check_in "$work/build" ;;
	install) step install - run_install ;;
	clang) step clang - run_clang ;;
	asan)
		step asan-build - sanitized_build "$work/asan" address,undefined || return
		step asan "$work/asan" check_in "$work/asan" "$(small_tests "$work/asan")"
		step asan-e2e tap e2e_in "$work/asan" $asan_e2e
		;;
	tsan)
		step tsan-build - sanitized_build "$work/tsan" thread || return
		step tsan "$work/tsan" check_in "$work/tsan" \
			"$(tests_matching "$work/tsan" tests/unit/ | tr '\n' ' ')"
		step tsan-e2e tap e2e_in "$work/tsan" $tsan_e2e
		;;
	valgrind) step valgrind tap run_valgrind ;;
	fuzz) step fuzz tap run_fuzz ;;
	dist)
		# a good distcheck removes what it built; what a failed one leaves shows why
		step dist - run_dist || count_build "$work"/build/holdfast-*/_build
		;;
	esac
}

run_build() {
	copy_source "$work/src"
	cd "$work/src"
	[ -x configure ] && [ ! -e "$top/.git" ] || ./autogen.sh
	build_in "$work/build"
}

# shellcheck disable=SC2086 # lists of words
need_packages $build_packages $test_packages
if step build - run_build; then
	for s in $steps; do
		[ "$s" = build ] || run_step "$s" || true
	done
fi
echo "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
