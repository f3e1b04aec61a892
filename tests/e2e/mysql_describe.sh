#!/bin/bash
# SPDX-License-Identifier: MIT
# Everything that a MariaDB server holds in some databases, in a form to compare:
#   mysql_describe.sh [--events-disabled] [--no-events] [--no-definers] [--tables-only] SOCKET [DATABASE]...
# Without a name: all but the server's own. --events-disabled shows an enabled event as a restore leaves it.
set -euo pipefail
export LC_ALL=C.UTF-8

events=as-is what=all
while [[ ${1:-} == --* ]]; do
	case $1 in
	--events-disabled) events=disabled ;;
	--no-events) events=none ;;
	--tables-only) what=tables ;;
	*)
		echo "unknown option $1" >&2
		exit 2
		;;
	esac
	shift
done
socket=${1:?usage: mysql_describe.sh [OPTION]... SOCKET [DATABASE]...}
shift

# fields of a line parted by tabs; \n, \t and \\ escaped
client() {
	mariadb --no-defaults --user=root --socket="$socket" --default-character-set=utf8mb4 \
		--binary-mode --skip-column-names --batch --force "$@" 2>&1
}

# generated statements are read as they are, so a name may hold anything
run_generated() {
	client --raw | { echo "$session"; cat; } | client
}

session="SET SESSION sql_mode = '', time_zone = '+00:00', group_concat_max_len = 100000000, sql_quote_show_create = 1,
	optimizer_switch = 'derived_merge=on', max_statement_time = 0;"

if [ $# -eq 0 ]; then
	those="NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')"
else
	those="IN ("
	for d; do
		d=${d//\\/\\\\}
		those+="'${d//\'/\'\'}', "
	done
	those="${those%, })"
fi
# idents: SQL that quotes a name
ident() {
	printf "CONCAT('\`', REPLACE(%s, '\`', '\`\`'), '\`')" "$1"
}
table="CONCAT($(ident TABLE_SCHEMA), '.', $(ident TABLE_NAME))"

section() {
	printf '\n== %s\n' "$1"
}

# --- the databases ---

if [ $what = all ]; then
	section databases
	client <<-SQL | sort
		$session
		SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME, SCHEMA_COMMENT
		FROM information_schema.SCHEMATA WHERE BINARY SCHEMA_NAME $those;
	SQL
fi

# --- tables, views, sequences ---

section "tables"
run_generated <<-SQL
	$session
	SELECT CONCAT('SELECT ', QUOTE(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME)), ', ', QUOTE(TABLE_TYPE), ';\nSHOW CREATE ',
		CASE TABLE_TYPE WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END, ' ', $table, ';')
	FROM information_schema.TABLES WHERE BINARY TABLE_SCHEMA $those AND TABLE_TYPE <> 'SYSTEM VIEW'
		AND ('$what' = 'all' OR TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE'))
	ORDER BY BINARY TABLE_SCHEMA, BINARY TABLE_NAME;
SQL

if [ $what = all ]; then
	section sequences
	run_generated <<-SQL
		$session
		SELECT CONCAT('SELECT ', QUOTE(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME)), ', s.* FROM ', $table, ' s;')
		FROM information_schema.TABLES WHERE BINARY TABLE_SCHEMA $those AND TABLE_TYPE = 'SEQUENCE'
		ORDER BY BINARY TABLE_SCHEMA, BINARY TABLE_NAME;
	SQL
fi

# --- code ---

if [ $what = all ]; then
	section routines
	client <<-SQL
		$session
		SELECT db, name, type, specific_name, language, sql_data_access, is_deterministic, security_type, HEX(param_list), HEX(returns),
			HEX(body), definer, sql_mode, comment, character_set_client, collation_connection, db_collation, HEX(body_utf8), aggregate
		FROM mysql.proc WHERE BINARY db $those ORDER BY BINARY db, BINARY name, type + 0;
	SQL
	section triggers
	client <<-SQL
		$session
		SELECT TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER, TRIGGER_NAME, ACTION_STATEMENT,
			SQL_MODE, DEFINER, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION
		FROM information_schema.TRIGGERS WHERE BINARY TRIGGER_SCHEMA $those
		ORDER BY BINARY TRIGGER_SCHEMA, BINARY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER;
	SQL
	# the last field is when it was made
	run_generated <<-SQL | sed 's/\t[^\t]*$//'
		$session
		SELECT CONCAT('SHOW CREATE TRIGGER ', $(ident TRIGGER_SCHEMA), '.', $(ident TRIGGER_NAME), ';')
		FROM information_schema.TRIGGERS WHERE BINARY TRIGGER_SCHEMA $those
		ORDER BY BINARY TRIGGER_SCHEMA, BINARY TRIGGER_NAME;
	SQL
	if [ $events != none ]; then
		section events
		client <<-SQL
			$session
			SELECT db, name, HEX(body), definer, execute_at, interval_value, interval_field, starts, ends,
				IF('$events' = 'disabled', 'DISABLED', status), on_completion, sql_mode, comment, time_zone,
				character_set_client, collation_connection, db_collation, HEX(body_utf8)
			FROM mysql.event WHERE BINARY db $those ORDER BY BINARY db, BINARY name;
		SQL
	fi
fi

# --- every row, and what was one ---

section rows
# FLOAT and DOUBLE in all digits; an ENUM by number, as '' may be two things; long values by their sums
column=$(ident "COLUMN_NAME")
run_generated <<-SQL | sort
	$session
	SELECT CONCAT('SELECT ', QUOTE(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME)), ', ',
		(SELECT GROUP_CONCAT(CASE
			WHEN DATA_TYPE IN ('float', 'double') THEN CONCAT($column, ' * 1e0')
			WHEN DATA_TYPE IN ('enum', 'set') THEN CONCAT($column, ' + 0, HEX(CONCAT(', $column, '))')
			WHEN DATA_TYPE = 'bit' THEN CONCAT('HEX(', $column, ' + 0)')
			WHEN DATA_TYPE IN ('tinyblob', 'blob', 'mediumblob', 'longblob', 'tinytext', 'text', 'mediumtext', 'longtext')
				THEN CONCAT('IF(LENGTH(', $column, ') > 1000, CONCAT(LENGTH(', $column, '), ''/'', SHA2(HEX(', $column, '), 256)), HEX(', $column, '))')
			WHEN DATA_TYPE IN ('char', 'varchar', 'binary', 'varbinary', 'geometry', 'point', 'linestring', 'polygon', 'multipoint',
				'multilinestring', 'multipolygon', 'geometrycollection') THEN CONCAT('HEX(', $column, ')')
			ELSE CONCAT('CONCAT(', $column, ')') END ORDER BY ORDINAL_POSITION SEPARATOR ', ')
		FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND BINARY c.TABLE_NAME = BINARY t.TABLE_NAME),
		CASE WHEN TABLE_TYPE <> 'SYSTEM VERSIONED' THEN ''
			WHEN EXISTS (SELECT * FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
				AND c.GENERATION_EXPRESSION = 'ROW START') THEN ''
			ELSE ', CONCAT(ROW_START), CONCAT(ROW_END)' END,
		' FROM ', $table, IF(TABLE_TYPE = 'SYSTEM VERSIONED', ' FOR SYSTEM_TIME ALL', ''), ';')
	FROM information_schema.TABLES t WHERE BINARY TABLE_SCHEMA $those AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
	ORDER BY BINARY TABLE_SCHEMA, BINARY TABLE_NAME;
SQL
