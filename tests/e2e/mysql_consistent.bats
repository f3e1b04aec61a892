#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The mysql driver: a dump shows one moment, though others write meanwhile; or there is no point.
load helper
load mysql_helper

# --- a bank: money moves between tables, its sum never changes ---

bank() {
	local i
	sql "CREATE DATABASE bank"
	for i in 1 2 3 4; do
		sql "CREATE TABLE bank.a$i (id INT PRIMARY KEY, m BIGINT NOT NULL, pad CHAR(200) NOT NULL DEFAULT 'x');
			INSERT INTO bank.a$i SELECT seq, 1000, SHA2(seq, 512) FROM mysql.seq_1_to_20000"
	done
	sql "DELIMITER //
		CREATE PROCEDURE bank.transfers() BEGIN
			DECLARE a, b INT;
			LOOP
				SET a = 1 + FLOOR(RAND() * 20000), b = 1 + FLOOR(RAND() * 20000);
				START TRANSACTION;
				CASE FLOOR(RAND() * 4)
				WHEN 0 THEN UPDATE bank.a1 SET m = m - 7 WHERE id = a; UPDATE bank.a4 SET m = m + 7 WHERE id = b;
				WHEN 1 THEN UPDATE bank.a4 SET m = m - 5 WHERE id = a; UPDATE bank.a2 SET m = m + 5 WHERE id = b;
				WHEN 2 THEN UPDATE bank.a2 SET m = m - 3 WHERE id = a; UPDATE bank.a3 SET m = m + 3 WHERE id = b;
				ELSE UPDATE bank.a3 SET m = m - 1 WHERE id = a; UPDATE bank.a1 SET m = m + 1 WHERE id = b;
				END CASE;
				COMMIT;
				DO SLEEP(0.001);
			END LOOP;
		END"
}

# transfers N: that many clients move money
transfers() {
	local i
	for ((i = 0; i < $1; i++)); do
		mariadb --no-defaults -u root --socket="$SOCKET" -e 'CALL bank.transfers()' >/dev/null 2>&1 3>&- &
		STARTED+=($!)
	done
	until_true dumping 'UPDATE bank'
}

stop_transfers() {
	local id
	for id in $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = 'root'"); do
		sql "KILL $id" 2>/dev/null || true
	done
}

total() { # SOCKET DATABASE
	sql_at "$1" "SELECT (SELECT SUM(m) FROM $2.a1) + (SELECT SUM(m) FROM $2.a2) + (SELECT SUM(m) FROM $2.a3) + (SELECT SUM(m) FROM $2.a4)"
}

@test "while money moves between tables, each point holds all of it" {
	bank
	mysql_job j bank <<<'chunk_size = 1M'
	transfers 2
	local i begun=$SECONDS
	for i in 1 2 3; do
		run_code 0 holdfast backup ./j.ini
	done
	# the load was there to the end
	kill -0 "${STARTED[@]}"
	stop_transfers
	[ $((SECONDS - begun)) -lt 120 ]
	[ "$(total "$SOCKET" bank)" -eq 80000000 ]
	another second
	local point
	for point in $(ls out/j); do
		run_code 0 holdfast restore ./j.ini "$point" --set "socket=$OTHER" --force --check full
		[ "$(total "$OTHER" bank)" -eq 80000000 ] || { total "$OTHER" bank; return 1; }
	done
}

@test "the same with parallel lanes" {
	bank
	mysql_job j bank <<<'chunk_size = 1M'
	sed -i 's/^name = j/&\nparallel = 4/' j.ini
	transfers 2
	run_code 0 holdfast backup ./j.ini
	kill -0 "${STARTED[@]}"
	stop_transfers
	another second
	run_code 0 holdfast restore ./j.ini --set "socket=$OTHER"
	[ "$(total "$OTHER" bank)" -eq 80000000 ]
}

@test "MyISAM tables of one point are of one moment, too" {
	sql "CREATE DATABASE my; CREATE TABLE my.a (id INT PRIMARY KEY, v CHAR(200)) ENGINE = MyISAM; CREATE TABLE my.z LIKE my.a;
		INSERT INTO my.a SELECT seq, seq FROM mysql.seq_1_to_200000; INSERT INTO my.z SELECT * FROM my.a;
		DELIMITER //
		CREATE PROCEDURE my.fill() BEGIN DECLARE i INT DEFAULT 200001; LOOP
			INSERT INTO my.a VALUES (i, i); INSERT INTO my.z VALUES (i, i); SET i = i + 1; END LOOP; END"
	mysql_job j my <<<'chunk_size = 1M'
	mariadb --no-defaults -u root --socket="$SOCKET" -e 'CALL my.fill()' >/dev/null 2>&1 3>&- &
	STARTED+=($!)
	until_true dumping 'INSERT INTO my'
	# a writer that waits for a lock must not hold up those who read under it
	run_code 0 timeout 60 holdfast backup ./j.ini
	stop_transfers
	run_code 0 holdfast restore ./j.ini --into my2
	local a z
	a=$(sql 'SELECT MAX(id) FROM my2.a')
	z=$(sql 'SELECT MAX(id) FROM my2.z')
	[ "$a" -gt 200000 ]
	# the one insert is before the other
	[ "$a" -eq "$z" ] || [ "$a" -eq $((z + 1)) ] || { echo "$a and $z"; return 1; }
	[ "$(sql 'SELECT COUNT(*) FROM my2.a')" -eq "$a" ]
}

# --- what is changed as such while it is dumped ---

# changed_meanwhile STATEMENT: the dump reads big tables; that statement comes between.
# Either it waits until the dump is through, or the backup fails: never a point with half of it.
changed_meanwhile() {
	local ready=ddl.a
	sql "CREATE DATABASE ddl"
	big_table ddl a 300000
	big_table ddl b 1000
	big_table ddl z 1000
	mysql_job j ddl <<-'END'
		chunk_size = 1M
		locks = none
	END
	start holdfast backup ./j.ini
	until_true dumping "FROM%${ready#*.}"
	sql -D ddl "SET lock_wait_timeout = 60; $1"
	kill -0 "$PID" || { echo "the backup was through before"; cat started.log; return 1; }
	finish
	[ "$CODE" -eq 1 ] || { echo "exit $CODE"; cat started.log; return 1; }
	nothing_published
	# it names the table
	grep -q 'ddl\.[bz]' started.log || { cat started.log; return 1; }
	# the next one is good again
	run_code 0 holdfast backup ./j.ini
	[ "$(count_points)" -eq 1 ]
	no_litter
}

@test "ALTER of a table that is yet to come: no point" {
	changed_meanwhile 'ALTER TABLE z ADD extra INT DEFAULT 5, DROP COLUMN v, ALGORITHM = COPY'
}

@test "ADD COLUMN in an instant: no point" {
	changed_meanwhile 'ALTER TABLE z ADD extra INT DEFAULT 5, ALGORITHM = INSTANT'
}

@test "DROP of a table that is yet to come: no point" {
	changed_meanwhile 'DROP TABLE z'
}

@test "TRUNCATE of a table that is yet to come: no point" {
	changed_meanwhile 'TRUNCATE z'
}

@test "RENAME that swaps two tables: no point" {
	changed_meanwhile 'UPDATE z SET v = 1; RENAME TABLE z TO tmp, b TO z, tmp TO b'
}

@test "DROP and CREATE of the same name: no point" {
	changed_meanwhile 'CREATE TABLE y LIKE z; DROP TABLE z; RENAME TABLE y TO z'
}

@test "ALTER of a table while it is read waits, and the point is good" {
	sql "CREATE DATABASE ddl"
	big_table ddl a 300000
	mysql_job j ddl <<<'chunk_size = 1M'
	start holdfast backup ./j.ini
	until_true dumping 'FROM%a'
	mariadb --no-defaults -u root --socket="$SOCKET" -e 'ALTER TABLE ddl.a ADD extra INT' 3>&- &
	local alter=$!
	STARTED+=("$alter")
	finish
	if [ "$CODE" -eq 0 ]; then
		wait "$alter"
		run_code 0 holdfast restore ./j.ini --into ddl2 --check full
		[ "$(sql 'SELECT COUNT(*) FROM ddl2.a')" -eq 300000 ]
	else
		[ "$CODE" -eq 1 ]
		nothing_published
	fi
}

@test "a long transaction with a lock does not hold the backup up for ever: lock_timeout" {
	big_table d t 1000
	sql "CREATE TABLE d.m (a INT) ENGINE = MyISAM"
	mysql_job j d <<-'END'
		lock_timeout = 2s
		locks = full
	END
	mariadb --no-defaults -u root --socket="$SOCKET" -e 'LOCK TABLES d.m WRITE; SELECT SLEEP(60)' >/dev/null 2>&1 3>&- &
	STARTED+=($!)
	until_true dumping 'SLEEP'
	local begun=$SECONDS
	run_code 1 holdfast backup ./j.ini
	[ $((SECONDS - begun)) -lt 30 ]
	said lock
	nothing_published
	# others are not stopped by a lock that it waits for
	timeout 5 mariadb --no-defaults -u root --socket="$SOCKET" -e 'INSERT INTO d.t (v, n) VALUES (1, 1)'
	stop_transfers
	run_code 0 holdfast backup ./j.ini
}
