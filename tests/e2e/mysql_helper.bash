# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of the mysql driver share: a MariaDB server for each file, in $SRV; those that a test
# starts besides stop with it. Loaded after `helper`; its setup is `mysql_setup`.
# shellcheck source=tests/lib/mariadb.sh
. "$TESTS_DIR/lib/mariadb.sh"

SRV=$BATS_FILE_TMPDIR/srv
SERVER_OPTIONS=(--log-bin --server-id=1 --max-allowed-packet=64M)
MYSQL_TOOLS=(mariadbd mariadb mariadb-install-db mariadb-admin jq zstd perl)

setup_file() {
	mysql_setup_file
}

teardown_file() {
	mariadb_stop "$SRV"
}

# The system's time zone has a summer time, whose hours come twice.
mysql_setup_file() {
	local tool place
	for tool in "${MYSQL_TOOLS[@]}"; do
		command -v "$tool" >/dev/null || { lacking "$tool is not installed"; return; }
	done
	# the server is another user
	for place in "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/file "$BATS_FILE_TMPDIR"; do
		[ ! -d "$place" ] || chmod a+x "$place"
	done
	TZ=Europe/Berlin mariadb_start "$SRV" "${SERVER_OPTIONS[@]}"
}

setup() {
	mysql_setup
}

teardown() {
	mysql_teardown
}

mysql_setup() {
	need "${MYSQL_TOOLS[@]}"
	hf_setup
	SERVERS=()
	SOCKET=$(mariadb_socket "$SRV")
	mysql_clean "$SRV"
}

mysql_teardown() {
	local dir
	for dir in "${SERVERS[@]}"; do
		mariadb_kill "$dir"
	done
	hf_teardown
}

# another NAME [OPTION...]: a second server, empty, in $BATS_FILE_TMPDIR/NAME; its socket in $OTHER.
another() {
	local dir=$BATS_FILE_TMPDIR/$1
	shift
	SERVERS+=("$dir")
	TZ=Europe/Berlin mariadb_start "$dir" "${SERVER_OPTIONS[@]}" "$@"
	OTHER=$(mariadb_socket "$dir")
	mysql_clean "$dir"
}

# sql [CLIENT-OPTION...] STATEMENTS: as root, bare values; names may be given by -D.
sql() {
	local text=${*: -1}
	mariadb_sql "$SRV" -N -B -r "${@:1:$#-1}" <<<"$text"
}

# sql_at SOCKET STATEMENTS
sql_at() {
	mariadb --no-defaults -u root --socket="$1" --default-character-set=utf8mb4 -N -B -r <<<"$2"
}

# mysql_clean DIR: no database is left but the server's own.
mysql_clean() {
	{
		echo 'SET foreign_key_checks = 0;'
		mariadb_sql "$1" -N -B -r <<-'END'
			SELECT CONCAT('DROP DATABASE `', REPLACE(SCHEMA_NAME, '`', '``'), '`;') FROM information_schema.SCHEMATA
			WHERE SCHEMA_NAME NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema');
		END
	} | mariadb_sql "$1" --binary-mode
}

# mysql_job NAME [DATABASE...]: $W/NAME.ini; standard input is added to its source. No database: all.
mysql_job() {
	local name=$1 d
	shift
	[ $# -gt 0 ] || set -- all
	{
		printf '[job]\nname = %s\nretry_for = 3s\n[source main]\nplugin = mysql\nsocket = %s\nuser = %s\n' \
			"$name" "$SOCKET" "${MYSQL_USER:-root}"
		for d; do printf 'database = %s\n' "$d"; done
		[ -t 0 ] || cat
		printf '[compressor]\nplugin = zstd\n[sink disk]\nplugin = files\npath = %s\nmin_free = 0\n' "$W/out"
	} >"$W/$name.ini"
	chmod 600 "$W/$name.ini"
}

# point_sql [JOB [POINT]]: the whole point as a file for the stock client.
point_sql() {
	local job=${1:-j} point=${2:-} key
	[ -n "$point" ] || point=$(newest "$W/out" "$job")
	while IFS= read -r key; do
		zstd -dcq "$W/out/$key" || return
	done < <(jq -r '.entries[] | select(.source == "main").parts[].key' "$W/out/$job/$point/manifest.json")
}

# stock_client SOCKET: takes such a file, as an admin would who has nothing else. Without --comments it
# would take the comments out of routines.
stock_client() {
	mariadb --no-defaults -u root --socket="$1" --binary-mode --comments
}

describe() {
	"$TESTS_DIR/e2e/mysql_describe.sh" "$@"
}

corpus() {
	"$TESTS_DIR/e2e/mysql_corpus.sh" "$SOCKET" "$@"
}

# same_text A B: the first lines that differ, where they do.
same_text() {
	[ -s "$1" ] || { echo "$1 is empty"; return 1; }
	cmp -s "$1" "$2" && return 0
	diff -a "$1" "$2" | cut -c 1-400 | head -n 40
	return 1
}

# big_table DATABASE TABLE ROWS: InnoDB, some hundred bytes a row.
big_table() {
	sql "CREATE DATABASE IF NOT EXISTS $1;
		CREATE TABLE $1.$2 (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(200), n INT NOT NULL, KEY (n));
		INSERT INTO $1.$2 SELECT seq, CONCAT(SHA2(seq, 512), seq), seq % 1000 FROM mysql.seq_1_to_$3;"
}

# dumping TEXT: the server runs a statement like it, in another session.
dumping() {
	[ "$(sql "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()
		AND INFO LIKE '%$1%'")" -gt 0 ]
}

# nothing_published: a failed backup leaves no point.
nothing_published() {
	[ ! -e "$W/out" ] || [ "$(count_points)" -eq 0 ] || {
		echo "a point was published"
		return 1
	}
}
