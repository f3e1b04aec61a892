#!/bin/bash
# SPDX-License-Identifier: MIT
# A small backup, verification, restore, copy and prune under valgrind. Run it in a build folder:
#   tests/lib/valgrind.sh WORK-FOLDER
# Prints TAP. What modules that stay loaded still point to is not a leak.
set -euo pipefail
build=$PWD
work=${1:?usage: valgrind.sh WORK-FOLDER}
mkdir -p "$work/data/sub"
cd "$work"
printf 'hello\n' >data/hello
seq 20000 >data/numbers
head -c 300000 /dev/urandom >data/sub/noise
ln -s ../hello data/sub/link
ln data/hello data/hard
truncate -s 8M data/hole
cat >job.ini <<END
[job]
name     = small
parallel = 2

[source data]
plugin = files
path   = $work/data

[compressor]
plugin = zstd

[sink one]
plugin   = files
path     = $work/one
min_free = 0

[sink two]
plugin   = files
path     = $work/two
min_free = 0

[post verify]
plugin = verify
level  = decode

[post retention]
plugin    = retention
keep_last = 2
END
sed 's/= zstd/= zlib/; s/= small/= gzip/' job.ini >gzip.ini

failed=0
n=0
check() { # EXIT-CODE HOLDFAST-ARGUMENT...
	local want=$1 code=0
	shift
	n=$((n + 1))
	"$build/run" valgrind -q --error-exitcode=99 --leak-check=full --track-fds=no \
		--errors-for-leak-kinds=definite,indirect --show-leak-kinds=definite,indirect \
		"$build/holdfast" "$@" >"$n.out" 2>&1 || code=$?
	if [ $code = "$want" ]; then
		echo "ok $n - valgrind holdfast $*"
	else
		failed=1
		echo "not ok $n - valgrind holdfast $* (exit $code, not $want)"
		sed 's/^/# /' "$n.out"
	fi
}

check 0 plugins
check 0 plugins zstd
check 0 check job.ini
check 0 backup job.ini
check 0 backup job.ini
check 0 list job.ini
check 0 list job.ini --json
check 0 show job.ini
check 0 verify job.ini --all --level decode
check 0 restore job.ini --into "$work/back"
check 0 backup gzip.ini
check 0 restore gzip.ini --into "$work/back-gzip"
rm -rf "$work/two/small"
check 0 copy job.ini --from one --to two
check 0 restore --sink "files:path=$work/two" --job small --into "$work/back-sink"
check 0 prune job.ini --dry-run
check 2 backup no-such-job.ini
check 5 restore job.ini 20000101T000000Z-abcd --into "$work/none"
for b in back back-gzip back-sink; do
	n=$((n + 1))
	root=$(find "$b" -type d -name data 2>/dev/null | head -n 1) || true
	if [ -n "$root" ] && diff -r --no-dereference data "$root"; then
		echo "ok $n - $b equals the source"
	else
		failed=1
		echo "not ok $n - $b differs from the source"
	fi
done
newest=$(find one/small -name '*.zst' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2-)
printf '\377\000\377\000' | dd of="$newest" bs=1 seek=100 conv=notrunc status=none
check 6 verify job.ini
check 6 restore job.ini --into "$work/damaged"
echo "1..$n"
exit $failed
