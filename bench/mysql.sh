#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures backup and restore of a MariaDB database with Holdfast beside mariadb-dump and mydumper, in one
# run on a throwaway server. bench/README.md says how it is measured.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../tests/lib/mariadb.sh
. "$here/../tests/lib/mariadb.sh"

usage() {
	cat <<END
usage: bench/mysql.sh [OPTION]...
  --size MB          of the database                  (1500)
  --parts LIST       of backup,restore,tables         (backup,restore)
  --tables N         how many small tables            (10000)
  --tools LIST       of holdfast,dump-gzip,dump-zstd,mydumper (all)
  --runs N           of each tool                     (1)
  --holdfast CMD     the command to measure    (./run holdfast in a build folder, else holdfast)
  --work DIR         where the server and the backups lie (\$TMPDIR, or /var/tmp)
  --out FILE         the figures as JSON              (bench-mysql.json)
  --keep             keep the work folder
A restore needs its backup: with --parts restore the backups are made, and shown, too.
END
}

die() {
	echo "bench: $*" >&2
	exit 1
}

size=1500 parts=backup,restore tables=10000 tools=holdfast,dump-gzip,dump-zstd,mydumper runs=1
base=${TMPDIR:-/var/tmp} out=$PWD/bench-mysql.json keep=no holdfast=
while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep=yes ;;
	--help | -h) usage && exit 0 ;;
	--size | --parts | --tables | --tools | --runs | --holdfast | --work | --out)
		[ $# -ge 2 ] || die "$1 needs a value"
		name=${1#--}
		case $name in work) name=base ;; esac
		printf -v "$name" %s "$2"
		shift
		;;
	*) usage >&2 && exit 2 ;;
	esac
	shift
done
for c in "$size" "$tables" "$runs"; do
	[[ $c =~ ^[1-9][0-9]*$ ]] || die "$c is not a number"
done
for c in ${parts//,/ }; do
	case $c in backup | restore | tables) ;; *) die "there is no part $c" ;; esac
done
if [ -z "$holdfast" ]; then
	if [ -x ./run ] && [ -x ./holdfast ]; then
		holdfast="$PWD/run holdfast"
	else
		holdfast=$(command -v holdfast) || die "holdfast is neither built here nor installed"
	fi
fi
for c in jq zstd gzip mariadbd mariadb mariadb-dump mariadb-install-db /usr/bin/time; do
	command -v "$c" >/dev/null || die "$c is missing (apt-get install mariadb-server jq zstd time)"
done
for c in ${tools//,/ }; do
	case $c in
	holdfast) $holdfast plugins mysql >/dev/null 2>&1 || die "$holdfast has no mysql driver" ;;
	dump-gzip | dump-zstd) ;;
	mydumper) command -v myloader >/dev/null || die "mydumper is missing (apt-get install mydumper)" ;;
	*) die "there is no tool $c here" ;;
	esac
done

work=$(mktemp -d "$base/holdfast-bench-XXXXXX")
chmod 711 "$work" # the server runs as somebody else
server=$work/server raw=$work/raw
: >"$raw"
finish() {
	code=$?
	mariadb_stop "$server"
	[ ! -s "$raw" ] || results
	if [ "$keep" = yes ]; then echo "kept: $work"; else rm -rf "$work"; fi
	[ $code = 0 ] || echo "bench: FAILED (exit $code)" >&2
	exit $code
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir "$work/repo"
sock=$(mariadb_socket "$server")
export LC_ALL=C HOME=$work # no ~/.my.cnf

sql() {
	mariadb_sql "$server" -N "$@"
}

# --- data -----------------------------------------------------------------
# Digits in groups, as sysbench has them.
groups() { # HOW-MANY
	local i text="LPAD(FLOOR(RAND() * 99999999999), 11, '0')"
	printf "CONCAT_WS('-'"
	for ((i = 0; i < $1; i++)); do printf ', %s' "$text"; done
	printf ')'
}

# A thousand sentences, the same on every machine.
sentences() {
	awk 'BEGIN {
		n = split("the a guest booking room was moved to next week because of late arrival please " \
			"call before check in payment received by card invoice sent reminder no answer " \
			"from customer table for four near window allergic nuts second visit this year " \
			"discount applied manager approved refund pending on hold until friday morning", w, " ")
		srand(4711)
		for (i = 1; i <= 1000; i++) {
			m = 8 + int(rand() * 40)
			s = ""
			for (j = 0; j < m; j++)
				s = s (j ? " " : "") w[1 + int(rand() * n)]
			printf "INSERT INTO phrases VALUES (%d, \"%s.\");\n", i, s
		}
	}'
}

fast="SET foreign_key_checks = 0; SET unique_checks = 0; SET rand_seed1 = 7; SET rand_seed2 ="

make_sbtest() { # N ROWS
	sql bench <<-END
		$fast $1;
		CREATE TABLE sbtest$1 (
			id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0,
			c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '',
			PRIMARY KEY (id), KEY k_$1 (k)) ENGINE=InnoDB;
		INSERT INTO sbtest$1 (id, k, c, pad)
			SELECT seq, 1 + FLOOR(RAND() * $2), $(groups 10), $(groups 5) FROM seq_1_to_$2;
	END
}

make_users() { # ROWS
	sql bench <<-END
		$fast 11;
		CREATE TABLE users (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(190) NOT NULL,
			name VARCHAR(100) NOT NULL, password_hash CHAR(60) CHARACTER SET ascii NOT NULL,
			preferences JSON, about TEXT, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
			UNIQUE KEY (email)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
		INSERT INTO users
			SELECT seq, CONCAT('user', seq, '@example.org'),
			CONCAT(ELT(1 + seq % 7, 'Ana', 'Bjørn', 'Chloë', 'Daniel', 'Eszter', 'Farid', '雪'), ' ',
				ELT(1 + seq % 5, 'Novák', 'Smith', 'Müller', 'Rossi', 'Dubois')),
			CONCAT('\$2y\$10\$', LEFT(TO_BASE64(SHA2(seq, 512)), 53)),
			JSON_OBJECT('theme', ELT(1 + seq % 3, 'dark', 'light', 'auto'), 'language', 'en',
				'newsletter', seq % 2 = 0, 'last_seen', 1700000000 + seq),
			IF(seq % 3 = 0, NULL, (SELECT s FROM phrases WHERE phrases.id = 1 + seq * 7919 % 1000)),
			'2024-01-01' + INTERVAL seq MINUTE FROM seq_1_to_$1;
	END
}

make_bookings() { # ROWS USERS
	sql bench <<-END
		$fast 12;
		CREATE TABLE bookings (
			id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id INT UNSIGNED NOT NULL,
			starts_at DATETIME NOT NULL, ends_at DATETIME NOT NULL,
			status ENUM('new', 'confirmed', 'cancelled', 'done') NOT NULL,
			price DECIMAL(10,2) NOT NULL, notes TEXT, meta JSON,
			KEY (user_id, starts_at), CONSTRAINT bookings_user FOREIGN KEY (user_id)
			REFERENCES users (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
		INSERT INTO bookings
			SELECT seq, 1 + FLOOR(RAND() * $2), '2024-01-01' + INTERVAL seq * 3 MINUTE,
			'2024-01-01 01:00' + INTERVAL seq * 3 MINUTE, 1 + FLOOR(RAND() * 4), RAND() * 500,
			(SELECT s FROM phrases WHERE phrases.id = 1 + seq * 104729 % 1000),
			JSON_OBJECT('source', ELT(1 + seq % 4, 'web', 'phone', 'app', 'desk'), 'seats', 1 + seq % 8,
				'token', MD5(seq), 'extras', JSON_ARRAY('late', seq % 100))
			FROM seq_1_to_$1;
	END
}

make_audit() { # ROWS
	sql bench <<-END
		$fast 13;
		CREATE TABLE audit_logs (
			id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, actor VARCHAR(64) NOT NULL,
			action VARCHAR(32) NOT NULL, detail TEXT NOT NULL, payload JSON NOT NULL,
			address VARBINARY(16) NOT NULL, created_at DATETIME(6) NOT NULL,
			KEY (created_at)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
		INSERT INTO audit_logs
			SELECT seq, CONCAT('user', seq * 31 % 9973),
			ELT(1 + seq % 6, 'login', 'booking.create', 'booking.update', 'payment', 'export', 'logout'),
			CONCAT((SELECT s FROM phrases WHERE phrases.id = 1 + seq * 31337 % 1000),
				' It\'s "quoted" C:\\\\path ', seq),
			JSON_OBJECT('request', CRC32(seq), 'path',
				CONCAT('/api/v2/bookings/', seq % 50021), 'agent',
				'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
				'duration_ms', FLOOR(RAND() * 900), 'id', SHA1(seq)),
			UNHEX(LEFT(MD5(seq), 8 + 24 * (seq % 2))),
			'2024-01-01' + INTERVAL seq * 1000003 MICROSECOND FROM seq_1_to_$1;
	END
}

make_programs() {
	sql bench <<-'END'
		DROP TABLE phrases;
		CREATE VIEW booking_days AS SELECT DATE(starts_at) AS day, COUNT(*) AS n FROM bookings GROUP BY day;
		DELIMITER //
		CREATE TRIGGER users_lower BEFORE INSERT ON users FOR EACH ROW
			SET NEW.email = LOWER(NEW.email) //
		CREATE PROCEDURE user_count() READS SQL DATA SELECT COUNT(*) FROM users //
		CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM audit_logs LIMIT 1 //
	END
}

mebibytes() { # DATABASE
	sql -e "SELECT ROUND(SUM(data_length + index_length) / 1048576)
		FROM information_schema.tables WHERE table_schema = '$1'"
}

make_bench() {
	local percent=$((size * 1048576 / 100)) users i one two
	echo "== making a database of $size MB"
	users=$((percent * 4 / 360))
	sql <<<"SET GLOBAL innodb_flush_log_at_trx_commit = 0; CREATE DATABASE bench"
	{
		echo "CREATE TABLE phrases (id INT PRIMARY KEY, s TEXT NOT NULL); BEGIN;"
		sentences
		echo "COMMIT;"
	} | sql bench
	(
		set -e
		for i in 1 2 3 4; do make_sbtest $i $((percent * 15 / 255)); done
	) &
	one=$!
	(
		set -e
		make_users "$users"
		make_bookings $((percent * 12 / 420)) "$users"
		make_audit $((percent * 24 / 640))
	) &
	two=$!
	wait $one
	wait $two
	make_programs
	sql <<<"SET GLOBAL innodb_flush_log_at_trx_commit = 1; ANALYZE TABLE bench.sbtest1, bench.sbtest2,
		bench.sbtest3, bench.sbtest4, bench.users, bench.bookings, bench.audit_logs" >/dev/null
	echo "   $(mebibytes bench) MiB of tables and keys"
}

make_tables() {
	echo "== making $tables small tables"
	sql <<<"SET GLOBAL innodb_flush_log_at_trx_commit = 0; CREATE DATABASE many"
	awk -v n="$tables" 'BEGIN {
		for (i = 1; i <= n; i++) {
			printf "CREATE TABLE t%05d (id INT PRIMARY KEY, name VARCHAR(50), at DATETIME);\n", i
			printf "INSERT INTO t%05d VALUES (1, \"one\", \"2024-01-01\"), ", i
			printf "(2, \"two\", NULL), (3, \"three %d\", \"2024-01-03\");\n", i
		}
	}' | sql many
	sql <<<"SET GLOBAL innodb_flush_log_at_trx_commit = 1"
}

# The content of every table, and the names of all else.
inventory() { # DATABASE
	local list
	list=$(sql -e "SELECT GROUP_CONCAT('\`', table_name, '\`' ORDER BY table_name) FROM
		information_schema.tables WHERE table_schema = '$1' AND table_type = 'BASE TABLE'")
	sql "$1" -e "CHECKSUM TABLE $list"
	sql -e "SELECT 'view', table_name FROM information_schema.views WHERE table_schema = '$1'
		UNION ALL SELECT 'trigger', trigger_name FROM information_schema.triggers
			WHERE trigger_schema = '$1'
		UNION ALL SELECT 'routine', routine_name FROM information_schema.routines
			WHERE routine_schema = '$1'
		UNION ALL SELECT 'event', event_name FROM information_schema.events WHERE event_schema = '$1'
		UNION ALL SELECT 'key', CONCAT(table_name, '.', index_name, '.', seq_in_index, '.', column_name)
			FROM information_schema.statistics WHERE table_schema = '$1'
		UNION ALL SELECT 'foreign key', constraint_name FROM
			information_schema.referential_constraints WHERE constraint_schema = '$1' ORDER BY 1, 2"
}

# --- tools ----------------------------------------------------------------
write_job() { # DATABASE
	cat >"$work/$1.ini" <<-END
		[job]
		name     = $1
		parallel = 2

		[source main]
		plugin   = mysql
		socket   = $sock
		user     = root
		database = $1

		[compressor]
		plugin = zstd
		level  = 3

		[sink disk]
		plugin   = files
		path     = $work/repo/holdfast
		min_free = 0
	END
	chmod 600 "$work/$1.ini"
}

dump() {
	mariadb-dump --no-defaults -u root --socket="$sock" --single-transaction --routines --triggers \
		--events --databases "$1"
}

client() {
	mariadb --no-defaults -u root --socket="$sock"
}

backup() { # TOOL DATABASE
	local to=$work/repo/$1
	case $1 in
	holdfast) $holdfast -q backup "$work/$2.ini" ;;
	dump-gzip) dump "$2" | gzip >"$to/a.sql.gz" ;;
	dump-zstd) dump "$2" | zstd -q -3 >"$to/a.sql.zst" ;;
	mydumper) mydumper -u root -S "$sock" -B "$2" -t 2 -c -G -E -R -o "$to/d" ;;
	esac
}

restore() { # TOOL DATABASE
	local from=$work/repo/$1
	case $1 in
	holdfast) $holdfast -q restore "$work/$2.ini" --force ;;
	dump-gzip) gunzip -c "$from/a.sql.gz" | client ;;
	dump-zstd) zstd -qdc "$from/a.sql.zst" | client ;;
	mydumper) myloader -u root -S "$sock" -B "$2" -t 2 -d "$from/d" ;;
	esac
}
export -f backup restore dump client
export work holdfast sock

server_cpu() { # ticks
	awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$(cat "$server/started")/stat"
}

# Times one phase of one tool, for a backup with the sync after it, and keeps a line of JSON.
measure() { # PART TOOL PHASE RUN DATABASE
	local begin end before after
	sync -f "$work"
	before=$(server_cpu)
	/usr/bin/time -o "$work/time" -f '%e %U %S %M' \
		bash -c "set -euo pipefail; $3 $2 $5" >"$work/log" 2>&1 || {
		tail -n 30 "$work/log" >&2
		die "$2 failed at $3"
	}
	after=$(server_cpu)
	begin=$(date +%s.%N)
	[ "$3" != backup ] || find "$work/repo/$2" -type f -print0 | xargs -0 sync
	end=$(date +%s.%N)
	tail -n 1 "$work/time" | jq -cR --arg part "$1" --arg tool "$2" --arg phase "$3" \
		--argjson run "$4" --argjson sync "$(awk "BEGIN { printf \"%.3f\", $end - $begin }")" \
		--argjson server "$(awk "BEGIN { print ($after - $before) / $(getconf CLK_TCK) }")" \
		--argjson stored "$(find "$work/repo/$2" -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')" \
		--argjson files "$(find "$work/repo/$2" -type f | wc -l)" '
		split(" ") | map(tonumber) |
		{ part: $part, tool: $tool, phase: $phase, run: $run, wall: (.[0] + $sync),
		  before_sync: .[0], cpu: (.[1] + .[2]), server_cpu: $server, rss_kib: .[3],
		  stored: $stored, files: $files }' >>"$raw"
	tail -n 1 "$raw" | jq -r '"  \(.tool) \(.phase) \(.run): \(.wall * 100 | round / 100) s, cpu " +
		"\(.cpu * 100 | round / 100) s, server \(.server_cpu) s, \(.rss_kib / 1024 | round) MiB"'
}

check_restore() { # TOOL DATABASE
	inventory "$2" >"$work/inventory.new"
	diff "$work/inventory" "$work/inventory.new" >"$work/diff" && return
	[ "$1" != holdfast ] || die "$1 restored something else: $(head -n 6 "$work/diff")"
	echo "  note: $1 restored something else:"
	head -n 6 "$work/diff" | sed 's/^/    /'
}

# Each run begins with another tool.
each_tool() { # FUNCTION TOOLS
	local list i r n
	IFS=, read -ra list <<<"$2"
	n=${#list[@]}
	for ((r = 1; r <= runs; r++)); do
		for ((i = 0; i < n; i++)); do
			"$1" "${list[(i + r - 1) % n]}" "$r"
		done
	done
}

one_backup() { # TOOL RUN
	rm -rf "$work/repo/${1:?}"
	mkdir "$work/repo/$1"
	measure "$part" "$1" backup "$2" "$database"
}

one_restore() { # TOOL RUN
	sql -e "DROP DATABASE IF EXISTS $database"
	find "$work/repo/$1" -type f -print0 | xargs -0 cat >/dev/null
	measure "$part" "$1" restore "$2" "$database"
	check_restore "$1" "$database"
}

run_bench() {
	part="$size MB" database=bench
	make_bench
	write_job bench
	inventory bench >"$work/inventory" # reads all of it: every tool finds it in the buffer pool
	each_tool one_backup "$tools"
	[[ ,$parts, != *,restore,* ]] || each_tool one_restore "$tools"
	sql -e "DROP DATABASE bench"
	rm -rf "$work/repo"
	mkdir "$work/repo"
}

run_tables() {
	part="$tables tables" database=many
	make_tables
	write_job many
	each_tool one_backup "$tools"
}

machine() {
	jq -n --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		--argjson cores "$(nproc)" --argjson mem "$(awk '/MemTotal/ { print $2 }' /proc/meminfo)" \
		--arg holdfast "$($holdfast --version | head -n 1)" --arg server "$(sql -e 'SELECT VERSION()')" \
		--arg load "$(cut -d' ' -f1 /proc/loadavg)" --arg when "$(date -u +%FT%TZ)" \
		--argjson size "$size" --argjson tables "$tables" --argjson runs "$runs" \
		'{ when: $when, cpu: $cpu, cores: $cores, memory_kib: $mem, load_before: ($load | tonumber),
		   holdfast: $holdfast, server: $server, size_mb: $size, tables: $tables, runs: $runs }'
}

# Best and median of each tool, and the best as a ratio to dump-gzip.
report() {
	jq -s --slurpfile machine "$work/machine" '
		def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;
		def ratio($a; $b): if ($b // 0) == 0 then null else $a / $b * 1000 | round / 1000 end;
		. as $runs |
		(group_by([.part, .phase, .tool]) | map({
			part: .[0].part, phase: .[0].phase, tool: .[0].tool, runs: length,
			wall_best: (map(.wall) | min), wall_median: (map(.wall) | median),
			cpu_best: (map(.cpu) | min), server_cpu_best: (map(.server_cpu) | min),
			rss_max_kib: (map(.rss_kib) | max), stored: (map(.stored) | max),
			files: (map(.files) | max) })) as $sums |
		{ machine: $machine[0],
		  results: ($sums | map(. as $s |
			($sums | map(select(.part == $s.part and .phase == $s.phase and
				.tool == "dump-gzip")) | first) as $base |
			. + { wall_ratio: ratio(.wall_best; $base.wall_best),
			      cpu_ratio: ratio(.cpu_best; $base.cpu_best),
			      stored_ratio: ratio(.stored; $base.stored) })),
		  runs: $runs }' "$raw"
}

table() {
	jq -r '
		def s: . * 100 | round / 100 | tostring;
		def r: if . == null then "-" else "x" + s end;
		"part|phase|tool|best s|median s|cpu s|server cpu s|MiB peak|MiB stored|files|wall|cpu|stored",
		(.results | sort_by(.part, .phase, .wall_best)[] |
		[ .part, .phase, .tool, (.wall_best | s), (.wall_median | s), (.cpu_best | s),
		  (.server_cpu_best | s), (.rss_max_kib / 1024 | round | tostring), (.stored / 1048576 | s),
		  (.files | tostring), (.wall_ratio | r), (.cpu_ratio | r), (.stored_ratio | r) ] |
		join("|"))' "$1" | column -t -s '|'
}

results() { # also of a run that broke off
	report >"$out"
	echo
	table "$out"
	echo
	echo "figures: $out"
}

# --- the runs -------------------------------------------------------------
# a server that starts clears its tmpdir of the temporary tables of all others
mariadb_start "$server" --tmpdir="$server" --innodb-buffer-pool-size=2G --innodb-log-file-size=1G \
	--max-allowed-packet=64M
machine >"$work/machine"
case ,$parts, in *,backup,* | *,restore,*) run_bench ;; esac
case ,$parts, in *,tables,*) run_tables ;; esac
