#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes offsets.c anew from plugin.h: only for a decided change of the ABI.
# After 1.0 a change may only add lines.
#   tests/abi/make-offsets.sh sdk/include > tests/abi/offsets.c
set -eu
include=${1:?usage: make-offsets.sh INCLUDE-FOLDER}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "struct member" lines. Members are the last name before ; or the name in (*name).
${CC:-cc} -E -P -fpreprocessed -x c "$include/holdfast/plugin.h" 2>/dev/null | awk '
/^typedef struct hf_[a-z_]+ \{/ { name = $3; text = ""; inside = 1; next }
inside && /^\}/ { inside = 0; next }
inside {
	text = text " " $0
	if (text !~ /;[ \t]*$/) next
	gsub(/HF_PRINTF\([^)]*\)/, "", text)
	if (match(text, /\(\*[a-z_]+\)/))
		member = substr(text, RSTART + 2, RLENGTH - 3)
	else {
		sub(/;[ \t]*$/, "", text)
		sub(/[ \t]+$/, "", text)
		match(text, /[a-z_0-9]+$/)
		member = substr(text, RSTART)
	}
	print name, member
	text = ""
}' >"$work/members"

{
	echo '#include <stddef.h>'
	echo '#include <stdio.h>'
	echo '#include <holdfast/plugin.h>'
	echo 'int main(void) {'
	last=
	while read -r name member; do
		if [ "$name" != "$last" ]; then
			printf 'printf("\\nSIZE(%s, %%zu);\\n", sizeof(%s));\n' "$name" "$name"
			last=$name
		fi
		printf 'printf("AT(%s, %s, %%zu, %%zu);\\n", offsetof(%s, %s), sizeof(((%s *)0)->%s));\n' \
			"$name" "$member" "$name" "$member" "$name" "$member"
	done <"$work/members"
	echo 'return 0; }'
} >"$work/print.c"
${CC:-cc} -I"$include" -o "$work/print" "$work/print.c"

cat <<'END'
/* SPDX-License-Identifier: MIT
 * offsets.c - where every member of every public struct lies (LP64)
 *
 * Frozen: a driver that was built years ago relies on each line. A change of
 * the ABI adds lines at the end of a growable struct and raises its SIZE; it
 * never changes another number. Compiling this file is the test.
 */
#include <stddef.h>

#include <holdfast/plugin.h>

#if UINTPTR_MAX == 0xffffffffffffffffu && !defined(__ILP32__)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "sizeof " #type)
#define AT(type, member, offset, size)                                                  \
	_Static_assert(offsetof(type, member) == (offset), #type "." #member " moved"); \
	_Static_assert(sizeof(((type *)0)->member) == (size), #type "." #member " grew")
END
"$work/print"
cat <<'END'

/* The numbers that cross. */
#define IS(name, value) _Static_assert((name) == (value), #name " changed")
END
sed -n 's/^#define \(HF_[A-Z0-9_]*\) \(0x[0-9a-f]*u\{0,1\}\|[0-9][0-9]*u\{0,1\}\)\( .*\)\{0,1\}$/IS(\1, \2);/p' \
	"$include/holdfast/plugin.h" | grep -v HF_ABI_MINOR
cat <<'END'

#endif
END
