#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds drivers that a host meets in real life: old, new, foreign, broken.
#   make-odd-drivers.sh OUTDIR [HEADER-OF-TODAY]
# Those named good-*, and no others, are to be loaded.
#   good-today     today's header
#   good-old       the frozen header of ABI 1.0, as an old binary has it
#   good-fewer     tables that end before their optional members
#   good-more      tables with members appended that nobody knows yet
#   major, majorsymbol, minor    another ABI
#   aarch64, bits32              another machine
#   noplugin, text, empty, cut   not a plugin, not a library
#   nolibrary, nosymbol          cannot be linked
#   refuses, tiny                no description
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: make-odd-drivers.sh OUTDIR [HEADER]}
today=${2:-$here/../../sdk/include/holdfast/plugin.h}
cc=${CC:-cc}
umask 022
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# header NAME: a folder with a changed header, read from standard input
header() {
	mkdir -p "$work/$1/holdfast"
	cat >"$work/$1/holdfast/plugin.h"
}

# build NAME HEADER FLAG...
build() {
	name=$1
	include=$work/$2
	shift 2
	# shellcheck disable=SC2086 # CC may hold several words
	$cc -std=gnu11 -O1 -shared -fPIC -fvisibility=hidden "-DODD=\"${name#good-}\"" \
		-I"$include" "$here/odd.c" -o "$out/$name.so" "$@"
}

# Copies a library with some of its bytes changed: patch NAME OFFSET OCTAL-BYTES
patch() {
	cp "$out/good-today.so" "$out/$1.so"
	printf "$3" | dd of="$out/$1.so" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

header today <"$today"
header old <"$here/plugin-1.0.h"

# What a table may lack is its optional end: a filter needs no sink or post in
# hf_driver, a source that cannot restore nothing after end().
awk '
/^typedef struct hf_source_ops/ { cut = "restore_begin" }
/^typedef struct hf_filter_ops/ { cut = "block_size" }
/^typedef struct hf_driver / { cut = "const hf_sink_ops" }
/^typedef struct hf_begin/ { cut = "dry_run" }
/^typedef struct hf_host/ { cut = "catalogue_sink" }
/^\}/ { if (skip && comment) print "*/"; cut = ""; skip = 0 }
cut != "" && index($0, cut) && !/^[ \t]*\/?\*/ && !/typedef/ { skip = 1 }
!skip { print }
' "$here/plugin-1.0.h" | header fewer

# Every growable table gets four members more.
awk '
/^typedef struct hf_(source_ops|filter_ops|sink_ops|post_ops|driver|plugin) \{/ { grow = 1 }
/^\}/ { if (grow) print "\tvoid *future[4];"; grow = 0 }
{ print }
' "$today" | header more

build good-today today
build good-old old
build good-fewer fewer
build good-more more -DODD_FUTURE
build major today -DODD_MAJOR=2
build majorsymbol today -DODD_ENTRY=hf_plugin_v2 -DODD_MAJOR=2
build minor today -DODD_NEEDS=99
build noplugin today -DODD_ENTRY=some_other_library
build refuses today -DODD_REFUSES
build tiny today -DODD_TINY
build nosymbol today -DODD_UNDEFINED -Wl,-z,lazy

echo 'int holdfast_odd_library(void); int holdfast_odd_library(void) { return 0; }' |
	$cc -shared -fPIC -x c - -Wl,-soname,libholdfast-odd.so.1 -o "$work/libodd.so"
build nolibrary today -DODD_LIBRARY "$work/libodd.so"

# e_machine is at 18 in both classes: 183 is aarch64. The class is at 4, 1 is 32 bit.
patch aarch64 18 '\267\000'
patch bits32 4 '\001'

echo 'This is not a library.' >"$out/text.so"
: >"$out/empty.so"
head -c 2000 "$out/good-today.so" >"$out/cut.so"
chmod 755 "$out"/*.so
