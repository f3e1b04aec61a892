#!/bin/bash
# SPDX-License-Identifier: MIT
# Searches for inputs that break the parsers:
#
#   tests/fuzz/run-fuzz.sh SECONDS [TARGET]...        (default: every fuzz_*.c)
#
# Run it in a configured build folder: it takes config.h from there. The targets
# are built with clang's libFuzzer, ASan and UBSan, apart from the normal build.
# What it finds is kept below $FUZZ_WORK (default: a temporary folder, kept only
# if something was found). Put a fixed finding into tests/fuzz/corpus/TARGET/.
set -euo pipefail
src=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:?usage: run-fuzz.sh SECONDS [TARGET]...}
shift
cc=${FUZZ_CC:-clang-14}
build=$PWD

die() {
	echo "run-fuzz: $*" >&2
	exit 1
}

command -v "$cc" >/dev/null || die "$cc is not installed (Debian: clang-14), or set FUZZ_CC"
[ -e "$build/config.h" ] || die "there is no config.h in $build: run it in a build folder"
work=${FUZZ_WORK:-$(mktemp -d)}
mkdir -p "$work/obj"
. "$src/tests/lib/sanitizers.sh"

if [ $# -eq 0 ]; then
	for f in "$src"/tests/fuzz/fuzz_*.c; do
		f=${f##*/fuzz_}
		set -- "$@" "${f%.c}"
	done
fi

san="-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
flags="$san -std=gnu11 -pthread -DDRIVERDIR=\"/nonexistent\" -DJOBSDIR=\"/nonexistent\"
	-I$build -I$src -I$src/sdk/include $(pkg-config --cflags inih json-c libcrypto)"
libs="$(pkg-config --libs inih json-c libcrypto) -lltdl -ldl"

compile() {
	# shellcheck disable=SC2086 # flags are words
	"$cc" $flags -fsanitize=fuzzer-no-link -c "$1" -o "$work/obj/$(echo "${1#"$src"/}" | tr / _).o"
}
export -f compile
export cc flags work src

echo "building the core with $cc"
rm -f "$work"/obj/*.o
find "$src/engine" -mindepth 2 -name '*.c' ! -path '*/command/*' -print0 |
	xargs -0 -n 1 -P "$(nproc)" bash -c 'compile "$0"' || die "the core does not build"

failed=0
for target in "$@"; do
	[ -e "$src/tests/fuzz/fuzz_$target.c" ] || die "there is no target $target"
	# shellcheck disable=SC2086
	"$cc" $flags -fsanitize=fuzzer "$src/tests/fuzz/fuzz_$target.c" "$work"/obj/*.o $libs \
		-o "$work/fuzz_$target" || die "fuzz_$target.c does not build"
	mkdir -p "$work/new/$target" "$work/found/$target"
	# The temporary folder is first: libFuzzer writes new inputs there, never into the seeds.
	if timeout $((seconds + 120)) "$work/fuzz_$target" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix="$work/found/$target/" \
		"$work/new/$target" "$src/tests/fuzz/corpus/$target" >"$work/$target.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log")
		echo "ok - fuzz $target: ${runs:-?} inputs in ${seconds}s"
	else
		failed=1
		echo "not ok - fuzz $target: see $work/$target.log and $work/found/$target/"
		tail -n 40 "$work/$target.log"
	fi
done
if [ $failed = 0 ] && [ -z "${FUZZ_WORK:-}" ]; then
	rm -rf "$work"
fi
exit $failed
