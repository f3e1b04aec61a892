#!/bin/sh
# SPDX-License-Identifier: MIT
# The public header compiles alone in every language that a plugin may be
# written in, and every member of every struct lies where it always lay.
set -u
src=${srcdir:-.}
cc=${CC:-cc}
cxx=${CXX:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

try() {
	echo "# $*"
	"$@" || {
		echo FAIL
		failed=1
	}
}

# Twice, and nothing before it: the header brings what it needs.
printf '#include <holdfast/plugin.h>\n#include <holdfast/plugin.h>\nint unit;\n' >"$work/alone.c"
cp "$work/alone.c" "$work/alone.cc"
warn="-Wall -Wextra -Wundef -Wshadow -Werror -pedantic -pedantic-errors"
for std in c99 c11 c17 gnu11; do
	# shellcheck disable=SC2086 # both are lists of words
	try $cc -std=$std $warn -Wstrict-prototypes -I"$src/sdk/include" -c "$work/alone.c" \
		-o "$work/alone.o"
done
if command -v "${cxx%% *}" >/dev/null; then
	for std in c++11 c++17; do
		# shellcheck disable=SC2086
		try $cxx -std=$std $warn -I"$src/sdk/include" -c "$work/alone.cc" \
			-o "$work/alone.o"
	done
else
	echo "# no C++ compiler: not tried"
fi
# shellcheck disable=SC2086
try $cc -std=c11 -Wall -Wextra -Werror -I"$src/sdk/include" -c "$src/tests/abi/offsets.c" \
	-o "$work/offsets.o"

# Each number of today's header and of the frozen one is written down: a
# member without a line, or a line that was changed, is found here.
mkdir -p "$work/old/holdfast"
cp "$src/tests/abi/plugin-1.0.h" "$work/old/holdfast/plugin.h"
for include in "$src/sdk/include" "$work/old"; do
	"$src/tests/abi/make-offsets.sh" "$include" >"$work/found.c" || failed=1
	grep -E '^(AT|IS)\(' "$work/found.c" >"$work/found"
	[ -s "$work/found" ] || {
		echo "FAIL: no offsets in $include"
		failed=1
	}
	while IFS= read -r line; do
		grep -qF "$line" "$src/tests/abi/offsets.c" || {
			echo "FAIL: $include has $line, offsets.c has not"
			failed=1
		}
	done <"$work/found"
done
exit $failed
