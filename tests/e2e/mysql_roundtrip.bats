#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The mysql driver: databases as nasty as they come return from a point, all of them.
load helper
load mysql_helper

# a small database, for what does not need the corpus
shop() {
	sql "CREATE DATABASE shop COMMENT 'the shop';
		USE shop;
		CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50));
		CREATE TABLE orders (id INT PRIMARY KEY, customer INT, note TEXT, FOREIGN KEY (customer) REFERENCES customers (id));
		INSERT INTO customers (name) VALUES ('Ada'), ('Bob'), ('it''s Eve');
		INSERT INTO orders VALUES (1, 1, 'x'), (2, 1, NULL), (3, 2, 'y');
		CREATE VIEW names AS SELECT name FROM customers;
		CREATE PROCEDURE p() SELECT 1;
		CREATE TRIGGER g BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = 'from the trigger';
		CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1;"
}

@test "the description tells one row from another, and a server from itself it does not" {
	corpus broken
	describe "$SOCKET" >a
	describe "$SOCKET" >b
	same_text a b
	! grep -a '^ERROR' a || return 1
	[ "$(wc -l <a)" -gt 10000 ]
	sql "UPDATE corpus_types.doubles SET f = f * 1.0000001 WHERE id = 11"
	describe "$SOCKET" >b
	run_code 1 cmp a b
	local lines
	lines=$(diff -a a b | grep -c '^[<>]')
	[ "$lines" -eq 2 ] || { diff -a a b | cut -c 1-300; return 1; }
}

@test "the corpus comes back on another server, every object and row" {
	corpus
	describe --events-disabled "$SOCKET" >before
	mysql_job j
	run_code 0 holdfast backup ./j.ini
	describe --events-disabled "$SOCKET" >after
	same_text before after
	another second
	run_code 0 holdfast restore ./j.ini --set "socket=$OTHER"
	said restored facts
	describe --events-disabled "$OTHER" >there
	same_text before there
	# and nothing on it is switched on before it is meant to
	[ "$(sql_at "$OTHER" "SELECT COUNT(*) FROM mysql.event WHERE status = 'ENABLED'")" -eq 0 ]
}

@test "the corpus comes back where it was, dropped; --events as-was; every level of check" {
	corpus
	describe "$SOCKET" >before
	mysql_job j <<<'chunk_size = 1M'
	run_code 0 holdfast backup ./j.ini
	mysql_clean "$SRV"
	run_code 0 holdfast restore ./j.ini --events as-was --check full
	describe "$SOCKET" >there
	same_text before there
	run_code 0 holdfast verify ./j.ini
}

@test "each way to load gives the same rows" {
	corpus
	describe --events-disabled "$SOCKET" >before
	mysql_job j
	run_code 0 holdfast backup ./j.ini
	local load
	for load in insert bulk infile; do
		mysql_clean "$SRV"
		run_code 0 holdfast restore ./j.ini --load "$load" --check full
		describe --events-disabled "$SOCKET" >there
		same_text before there || { echo "--load $load"; return 1; }
	done
}

@test "the whole point is a file that the stock client takes" {
	corpus
	describe --events-disabled "$SOCKET" >before
	mysql_job j
	run_code 0 holdfast backup ./j.ini
	point_sql >point.sql
	another second
	stock_client "$OTHER" <point.sql
	describe --events-disabled "$OTHER" >there
	same_text before there
}

@test "on a server of another mode, character set and time zone" {
	corpus
	describe --events-disabled "$SOCKET" >before
	mysql_job j
	run_code 0 holdfast backup ./j.ini
	another third --sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,PIPES_AS_CONCAT \
		--character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci --default-time-zone=-07:00 --skip-log-bin
	run_code 0 holdfast restore ./j.ini --set "socket=$OTHER"
	describe --events-disabled "$OTHER" >there
	same_text before there
	mysql_clean "$BATS_FILE_TMPDIR/third"
	point_sql | stock_client "$OTHER"
	describe --events-disabled "$OTHER" >there
	same_text before there
}

@test "a dump from a server of another mode and character set" {
	another fourth --sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ORACLE --character-set-server=ucs2 --default-time-zone=+09:00
	local here=$SOCKET
	SOCKET=$OTHER
	corpus
	describe --events-disabled "$SOCKET" >before
	mysql_job j
	run_code 0 holdfast backup ./j.ini
	run_code 0 holdfast restore ./j.ini --set "socket=$here"
	describe --events-disabled "$here" >there
	same_text before there
}

@test "broken views: a warning, and all else comes back" {
	corpus broken
	mysql_job j corpus_broken
	run_code 0 holdfast backup ./j.ini
	said v_gone v_less v_on_broken
	describe "$SOCKET" corpus_broken >before
	mysql_clean "$SRV"
	run_code 0 holdfast restore ./j.ini
	[ "$(sql 'SELECT a FROM corpus_broken.v_good')" = 1 ]
	[ "$(sql 'SELECT a FROM corpus_broken.less')" = 1 ]
	mysql_clean "$SRV"
	point_sql | stock_client "$SOCKET"
	[ "$(sql 'SELECT a FROM corpus_broken.v_good')" = 1 ]
}

@test "one database among many: no other is touched" {
	shop
	big_table other t 100
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	sql "DROP DATABASE shop; DELETE FROM other.t"
	run_code 0 holdfast restore ./j.ini
	[ "$(sql 'SELECT COUNT(*) FROM shop.customers')" -eq 3 ]
	[ "$(sql 'SELECT COUNT(*) FROM other.t')" -eq 0 ]
}

@test "--only a table: it alone comes back" {
	shop
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	describe --events-disabled "$SOCKET" shop >before
	sql "DROP TABLE shop.orders; UPDATE shop.customers SET name = 'changed' WHERE id = 1"
	run_code 0 holdfast restore ./j.ini --only orders
	[ "$(sql 'SELECT COUNT(*) FROM shop.orders')" -eq 3 ]
	[ "$(sql 'SELECT name FROM shop.customers WHERE id = 1')" = changed ]
	sql "UPDATE shop.customers SET name = 'Ada' WHERE id = 1; DROP TABLE shop.orders"
	run_code 0 holdfast restore ./j.ini --only shop.orders
	sql "ALTER EVENT shop.e DISABLE"
	describe --events-disabled "$SOCKET" shop >there
	same_text before there
	run_code 5 holdfast restore ./j.ini --only no_such_table
	said no_such_table
}

@test "--into another database: its own is left as it is" {
	shop
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	sql "UPDATE shop.customers SET name = 'changed'"
	describe "$SOCKET" shop >before
	run_code 0 holdfast restore ./j.ini --into shop_again
	describe "$SOCKET" shop >after
	same_text before after
	[ "$(sql 'SELECT name FROM shop_again.names ORDER BY 1 LIMIT 1')" = Ada ]
	[ "$(sql 'SELECT COUNT(*) FROM shop_again.orders')" -eq 3 ]
	# its view, key and trigger are its own, too
	! sql 'SHOW CREATE VIEW shop_again.names' | grep -F '`shop`.' || return 1
	run_code 1 sql 'INSERT INTO shop_again.orders VALUES (9, 99, NULL)'
	[ "$(sql "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'shop_again'")" -eq 1 ]
	[ "$(sql "SELECT COUNT(*) FROM mysql.proc WHERE db = 'shop_again'")" -eq 1 ]
	run_code 0 holdfast restore ./j.ini --only customers --into shop_one
	[ "$(sql "SELECT GROUP_CONCAT(TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop_one'")" = customers ]
}

@test "what is there is not overwritten but with --force" {
	shop
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	describe --events-disabled "$SOCKET" shop >before
	sql "UPDATE shop.customers SET name = 'changed'; DROP VIEW shop.names"
	describe "$SOCKET" shop >changed
	run_code 1 holdfast restore ./j.ini
	said --force
	describe "$SOCKET" shop >after
	same_text changed after
	run_code 0 holdfast restore ./j.ini --force
	describe --events-disabled "$SOCKET" shop >after
	same_text before after
}

@test "--dry-run says what it would do, and does nothing" {
	shop
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	sql "DROP DATABASE shop"
	run_code 0 holdfast restore ./j.ini --dry-run
	said shop
	[ -z "$(sql "SHOW DATABASES LIKE 'shop'")" ]
}

@test "facts: rows and checksums of every table" {
	shop
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	local m
	m=out/j/$(newest)/manifest.json
	[ "$(jq '[.entries[].facts["rows/customers"] // empty] | add' "$m")" = 3 ] ||
		[ "$(jq '[.entries[].facts["rows/shop.customers"] // empty] | add' "$m")" = 3 ] ||
		{ jq '.entries[] | {path, facts}' "$m"; return 1; }
	jq -e '[.entries[] | .facts // {} | keys[] | select(startswith("checksum/"))] | length >= 2' "$m" ||
		{ jq '.entries[] | {path, facts}' "$m"; return 1; }
	# of equal content they are equal
	run_code 0 holdfast backup ./j.ini
	[ "$(jq -cS '[.entries[] | .facts]' "$m")" = "$(jq -cS '[.entries[] | .facts]' "out/j/$(newest)/manifest.json")" ]
	# a point whose rows and facts differ says so
	run_code 0 holdfast restore ./j.ini --force --check rows
	run_code 0 holdfast restore ./j.ini --force --check full
	said facts
}

@test "schema_only, data_only, include, exclude, where" {
	shop
	mysql_job schema shop <<<'schema_only = yes'
	mysql_job some shop <<-'END'
		exclude = cust*
		exclude = names
		where.orders = id > 1
	END
	mysql_job data shop <<<'data_only = yes'
	local n
	for n in schema some data; do
		run_code 0 holdfast backup "./$n.ini"
	done
	point_sql schema >schema.sql
	run_code 1 grep -a 'Ada' schema.sql
	grep -aq 'CREATE TABLE' schema.sql
	point_sql some >some.sql
	run_code 1 grep -a 'Ada' some.sql
	point_sql data >data.sql
	run_code 1 grep -a '^CREATE TABLE' data.sql
	sql 'DROP DATABASE shop'
	run_code 0 holdfast restore ./some.ini
	[ "$(sql 'SELECT GROUP_CONCAT(id ORDER BY id) FROM shop.orders')" = 2,3 ]
	sql 'DROP DATABASE shop'
	run_code 0 holdfast restore ./schema.ini
	[ "$(sql 'SELECT COUNT(*) FROM shop.orders')" -eq 0 ]
	stock_client "$SOCKET" <data.sql
	[ "$(sql 'SELECT COUNT(*) FROM shop.orders')" -eq 3 ]
}

@test "definer: strip, and another" {
	sql "CREATE DATABASE d; CREATE TABLE d.t (a INT);
		CREATE DEFINER = nobody@nowhere VIEW d.v AS SELECT a FROM d.t;
		CREATE DEFINER = nobody@nowhere PROCEDURE d.p() SELECT 1;
		CREATE DEFINER = nobody@nowhere TRIGGER d.g BEFORE INSERT ON d.t FOR EACH ROW SET NEW.a = 1;
		CREATE DEFINER = nobody@nowhere EVENT d.e ON SCHEDULE EVERY 1 DAY DO SELECT 1"
	mysql_job j d
	run_code 0 holdfast backup ./j.ini
	local definers="SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'd' UNION ALL SELECT definer FROM mysql.proc WHERE db = 'd'
		UNION ALL SELECT DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'd' UNION ALL SELECT definer FROM mysql.event WHERE db = 'd'"
	run_code 0 holdfast restore ./j.ini --force
	[ "$(sql "$definers" | sort -u)" = nobody@nowhere ]
	run_code 0 holdfast restore ./j.ini --force --definer strip
	[ "$(sql "$definers" | sort -u)" = root@localhost ]
	run_code 0 holdfast restore ./j.ini --force --definer app@%
	[ "$(sql "$definers" | sort -u)" = app@% ]
}

@test "--log-bin no writes nothing to the binary log; yes does" {
	big_table d t 1000
	mysql_job j d
	run_code 0 holdfast backup ./j.ini
	local before after
	before=$(sql 'SHOW MASTER STATUS')
	run_code 0 holdfast restore ./j.ini --force --log-bin no
	after=$(sql 'SHOW MASTER STATUS')
	[ "$before" = "$after" ]
	run_code 0 holdfast restore ./j.ini --force --log-bin yes
	[ "$before" != "$(sql 'SHOW MASTER STATUS')" ]
}
