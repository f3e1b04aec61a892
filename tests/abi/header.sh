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

# The frozen header of 1.0 must agree with the same numbers: a difference would
# mean that offsets.c was changed rather than added to.
mkdir -p "$work/old/holdfast"
cp "$src/tests/abi/plugin-1.0.h" "$work/old/holdfast/plugin.h"
"$src/tests/abi/make-offsets.sh" "$work/old" >"$work/old.c" || failed=1
sed -n '/^AT(/p; /^IS(/p' "$work/old.c" >"$work/old.lines"
while IFS= read -r line; do
	grep -qF "$line" "$src/tests/abi/offsets.c" || {
		echo "FAIL: ABI 1.0 has $line, offsets.c has not"
		failed=1
	}
done <"$work/old.lines"
[ -s "$work/old.lines" ] || {
	echo "FAIL: no offsets of ABI 1.0"
	failed=1
}

# Every public struct is covered.
sed -n 's/^typedef struct \(hf_[a-z_]*\) {$/\1/p' "$src/sdk/include/holdfast/plugin.h" \
	>"$work/structs"
while read -r name; do
	grep -q "^SIZE($name," "$src/tests/abi/offsets.c" || {
		echo "FAIL: offsets.c lacks $name"
		failed=1
	}
done <"$work/structs"
exit $failed
