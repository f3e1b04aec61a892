#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures backup and restore of Holdfast beside what people use today, in one run.
# bench/README.md says how it is measured and what the columns mean.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

usage() {
	cat <<END
usage: bench/bench.sh [OPTION]...
  --quick            512 MiB mixed, 20000 small files, 1 GiB sparse, one run
  --scenarios LIST   of mixed,small,sparse            (mixed,small,sparse)
  --tools LIST       of holdfast,tar-zstd,tar-pigz,borg,restic,holdfast-gzip
                     (the first five)
  --size SIZE        of the mixed data                (4G)
  --files N          how many small files             (200000)
  --sparse SIZE      of the sparse file               (8G)
  --runs N           of each tool                     (3)
  --memory           only this: peak memory of Holdfast at --memory-sizes
  --memory-sizes A,B                                  (1G,8G)
  --holdfast CMD     the command to measure    (./run holdfast in a build folder, else holdfast)
  --work DIR         where data, backups and restores lie: one file system (\$TMPDIR, or /var/tmp)
  --out FILE         the figures as JSON              (bench.json)
  --no-restore       only the backups
  --keep             keep the work folder
END
}

die() {
	echo "bench: $*" >&2
	exit 1
}

scenarios=mixed,small,sparse tools=holdfast,tar-zstd,tar-pigz,borg,restic
size=4G files=200000 sparse=8G runs=3 memory=no memory_sizes=1G,8G
base=${TMPDIR:-/var/tmp} out=$PWD/bench.json keep=no holdfast= restores=yes
while [ $# -gt 0 ]; do
	case $1 in
	--quick) size=512M files=20000 sparse=1G runs=1 memory_sizes=256M,1G ;;
	--memory) memory=yes ;;
	--keep) keep=yes ;;
	--no-restore) restores=no ;;
	--help | -h) usage && exit 0 ;;
	--scenarios | --tools | --size | --files | --sparse | --runs | --memory-sizes | --holdfast | \
		--work | --out)
		[ $# -ge 2 ] || die "$1 needs a value"
		name=${1#--}
		case $name in work) name=base ;; esac
		printf -v "${name//-/_}" %s "$2"
		shift
		;;
	*) usage >&2 && exit 2 ;;
	esac
	shift
done
if [ -z "$holdfast" ]; then
	if [ -x ./run ] && [ -x ./holdfast ]; then
		holdfast="$PWD/run holdfast"
	else
		holdfast=$(command -v holdfast) || die "holdfast is neither built here nor installed"
	fi
fi
for c in jq zstd numfmt cc diff /usr/bin/time; do
	command -v "$c" >/dev/null || die "$c is missing (apt-get install jq zstd time gcc)"
done
for c in ${tools//,/ }; do
	case $c in
	holdfast | holdfast-gzip) ;;
	tar-zstd) ;;
	tar-pigz) command -v pigz >/dev/null || die "pigz is missing (apt-get install pigz)" ;;
	borg) command -v borg >/dev/null || die "borg is missing (apt-get install borgbackup)" ;;
	restic) command -v restic >/dev/null || die "restic is missing (apt-get install restic)" ;;
	*) die "there is no tool $c here" ;;
	esac
done

work=$(mktemp -d "$base/holdfast-bench-XXXXXX")
chmod 700 "$work"
finish() {
	code=$?
	[ "$keep" = yes ] && echo "kept: $work" || rm -rf "$work"
	[ $code = 0 ] || echo "bench: FAILED (exit $code)" >&2
	exit $code
}
trap finish EXIT
raw=$work/raw
: >"$raw"
export BORG_BASE_DIR=$work/borg-home BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes \
	BORG_RELOCATED_REPO_ACCESS_IS_OK=yes RESTIC_PASSWORD=bench \
	RESTIC_CACHE_DIR=$work/restic-cache LC_ALL=C
cc -O2 -o "$work/generate" "$here/generate.c"

bytes() {
	numfmt --from=iec "$1"
}

# --- data -----------------------------------------------------------------
make_mixed() { # FOLDER BYTES
	"$work/generate" sql $(($2 * 43 / 100)) "$1/database"
	"$work/generate" json $(($2 * 28 / 100)) "$1/documents"
	"$work/generate" noise $(($2 * 27 / 100)) "$1/uploads"
	"$work/generate" small $(($2 / 102400)) "$1/config"
}

make_data() {
	local d=$work/data
	rm -rf "$d"
	mkdir -p "$d"
	case $1 in
	mixed) make_mixed "$d" "$(bytes "$size")" ;;
	small) "$work/generate" small "$files" "$d/small" ;;
	sparse) "$work/generate" sparse "$(bytes "$sparse")" "$d/images" ;;
	*) die "there is no scenario $1" ;;
	esac
	ln -s database "$d/link"
	sync -f "$d"
}

write_job() { # COMPRESSOR
	local level=
	[ "$1" = zstd ] && level='level = 3'
	cat >"$work/job.ini" <<END
[job]
name     = bench
parallel = 2

[source data]
plugin = files
path   = $work/data

[compressor]
plugin = $1
$level

[sink disk]
plugin   = files
path     = $work/repo
min_free = 0
END
}

# --- tools ----------------------------------------------------------------
# What each does before the clock starts, to back up, and to restore into $work/back.
sparse_flag=
prepare() {
	case $1 in
	holdfast) write_job zstd ;;
	holdfast-gzip) write_job zlib ;;
	borg) borg init -e none "$work/repo/r" ;;
	restic) restic -q -r "$work/repo/r" init --repository-version 2 ;;
	esac
}

backup() {
	case $1 in
	holdfast | holdfast-gzip) $holdfast -q backup "$work/job.ini" ;;
	tar-zstd) tar $sparse_flag -C "$work" -cf - data | zstd -q -3 -T0 >"$work/repo/a.tar.zst" ;;
	tar-pigz) tar $sparse_flag -C "$work" -cf - data | pigz >"$work/repo/a.tar.gz" ;;
	borg) cd "$work" && borg create ${sparse_flag:+--sparse} --compression zstd,3 "$work/repo/r::a" data ;;
	restic) cd "$work" && restic -q -r "$work/repo/r" backup --compression auto data ;;
	esac
}

restore() {
	cd "$work/back"
	case $1 in
	holdfast | holdfast-gzip) $holdfast -q restore "$work/job.ini" --into "$work/back" ;;
	tar-zstd) zstd -qdc "$work/repo/a.tar.zst" | tar -xf - ;;
	tar-pigz) pigz -dc "$work/repo/a.tar.gz" | tar -xf - ;;
	borg) borg extract ${sparse_flag:+--sparse} "$work/repo/r::a" ;;
	restic) restic -q -r "$work/repo/r" restore latest --target "$work/back" ;;
	esac
}
export -f backup restore
export work holdfast sparse_flag

warm() {
	find "$1" -type f -print0 | xargs -0 cat >/dev/null
}

# Times one phase of one tool, and the sync after it, and keeps a line of JSON.
measure() { # SCENARIO TOOL PHASE RUN SYNCED-FOLDER
	local begin end
	sync -f "$work"
	/usr/bin/time -o "$work/time" -f '%e %U %S %M' \
		bash -c "set -euo pipefail; $3 $2" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		die "$2 failed at $3"
	}
	begin=$(date +%s.%N)
	sync -f "$5"
	end=$(date +%s.%N)
	tail -n 1 "$work/time" | jq -cR --arg sc "$1" --arg tool "$2" --arg phase "$3" \
		--argjson run "$4" --argjson sync "$(echo "$end $begin" | awk '{ printf "%.3f", $1 - $2 }')" \
		--argjson stored "$(du -sB1 --apparent-size "$work/repo" | cut -f1)" '
		split(" ") | map(tonumber) |
		{ scenario: $sc, tool: $tool, phase: $phase, run: $run, wall: (.[0] + $sync),
		  before_sync: .[0], sync: $sync, cpu: (.[1] + .[2]), rss_kib: .[3], stored: $stored }' \
		>>"$raw"
	tail -n 1 "$raw" | jq -r '"  \(.tool) \(.phase) \(.run): \(.wall * 100 | round / 100) s, cpu " +
		"\(.cpu * 100 | round / 100) s, \(.rss_kib / 1024 | round) MiB"'
}

# Names, kinds, modes, owners, sizes, times and targets of a tree.
inventory() {
	(cd "$1" && find . \( -type d -printf '%P\t%y\t%m\t%U\t%G\n' \) -o \
		-printf '%P\t%y\t%m\t%U\t%G\t%s\t%Ts\t%l\n' | sort)
}

compare() { # TOOL
	local root
	root=$(find "$work/back" -type d -name data -prune | head -n 1)
	[ -n "$root" ] || die "$1 restored nothing"
	diff -r --no-dereference "$work/data" "$root" >"$work/diff" ||
		die "$1 restored other bytes: $(head -n 3 "$work/diff")"
	diff <(inventory "$work/data") <(inventory "$root") >"$work/diff" ||
		die "$1 restored other metadata: $(head -n 6 "$work/diff")"
}

run_tool() { # SCENARIO TOOL RUN
	rm -rf "$work/repo" "$work/back" "$work/borg-home" "$work/restic-cache"
	mkdir "$work/repo"
	prepare "$2" >"$work/log" 2>&1 || { cat "$work/log" >&2; die "$2 could not be prepared"; }
	warm "$work/data"
	measure "$1" "$2" backup "$3" "$work/repo"
	[ $restores = yes ] || return 0
	mkdir "$work/back"
	warm "$work/repo"
	measure "$1" "$2" restore "$3" "$work/back"
	compare "$2"
}

# --- the runs -------------------------------------------------------------
run_scenario() {
	local list i n r
	echo "== $1: making data"
	make_data "$1"
	echo "   $(find "$work/data" | wc -l) files, $(du -s --apparent-size -h "$work/data" | cut -f1)" \
		"($(du -sh "$work/data" | cut -f1) on disk)"
	sparse_flag=
	[ "$1" = sparse ] && sparse_flag=-S
	IFS=, read -ra list <<<"$tools"
	n=${#list[@]}
	for ((r = 1; r <= runs; r++)); do
		for ((i = 0; i < n; i++)); do # each run begins with another tool
			run_tool "$1" "${list[(i + r - 1) % n]}" "$r"
		done
	done
}

run_memory() {
	local s
	for s in ${memory_sizes//,/ }; do
		echo "== memory: $s"
		size=$s
		make_data mixed
		run_tool "memory-$s" holdfast 1
	done
}

machine() {
	jq -n --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		--argjson cores "$(nproc)" --argjson mem "$(awk '/MemTotal/ { print $2 }' /proc/meminfo)" \
		--arg kernel "$(uname -r)" --arg fs "$(stat -fc %T "$work")" \
		--arg holdfast "$($holdfast --version)" --arg when "$(date -u +%FT%TZ)" \
		--arg load "$(cut -d' ' -f1 /proc/loadavg)" \
		--arg size "$size" --arg files "$files" --arg sparse "$sparse" --argjson runs "$runs" \
		'{ when: $when, cpu: $cpu, cores: $cores, memory_kib: $mem, kernel: $kernel,
		   filesystem: $fs, load_before: ($load | tonumber), holdfast: $holdfast,
		   mixed_size: $size, small_files: $files, sparse_size: $sparse, runs: $runs }'
}

machine >"$work/machine"
if [ "$memory" = yes ]; then
	run_memory
else
	for s in ${scenarios//,/ }; do
		run_scenario "$s"
	done
fi
jq -s --slurpfile machine "$work/machine" -f "$here/report.jq" "$raw" >"$out"
echo
jq -r -f "$here/table.jq" "$out" | column -t -s '|'
echo
echo "figures: $out"
