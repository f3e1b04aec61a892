#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The mysql driver: single rows back from a point into the live table.
load helper
load mysql_helper

setup() {
	mysql_setup
	sql "CREATE DATABASE shop; USE shop;
		CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), mail VARCHAR(50) UNIQUE, b BLOB, v INT AS (CHAR_LENGTH(name)) STORED);
		CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL, note TEXT,
			FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE);
		CREATE TABLE items (id INT PRIMARY KEY, orders INT, n INT, FOREIGN KEY (orders) REFERENCES orders (id) ON DELETE CASCADE);
		CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, what TEXT);
		INSERT INTO customers (id, name, mail, b) SELECT seq, CONCAT('it''s no. ', seq), CONCAT('m', seq), UNHEX(SHA1(seq)) FROM seq_1_to_1000;
		INSERT INTO orders SELECT seq, 1 + seq % 1000, CONCAT('order\n', seq) FROM seq_1_to_3000;
		INSERT INTO items SELECT seq, 1 + seq % 3000, seq FROM seq_1_to_6000;
		CREATE TRIGGER g AFTER INSERT ON customers FOR EACH ROW INSERT INTO log (what) VALUES (NEW.name)"
	mysql_job j shop <<<'chunk_size = 1M'
	run_code 0 holdfast backup ./j.ini
	describe "$SOCKET" shop >before
}

@test "rows deleted by mistake come back, and what changed since stays" {
	sql "SET foreign_key_checks = 0; DELETE FROM shop.customers WHERE id IN (7, 8);
		UPDATE shop.customers SET name = 'changed since' WHERE id = 9"
	run_code 0 holdfast restore ./j.ini --only customers --where 'id IN (7, 8)'
	[ "$(sql 'SELECT name FROM shop.customers WHERE id = 9')" = 'changed since' ]
	sql "UPDATE shop.customers SET name = 'it''s no. 9' WHERE id = 9"
	# triggers on the live table may have written their log; all else is equal
	sql "TRUNCATE shop.log"
	describe "$SOCKET" shop >after
	same_text before after
}

@test "--dry-run shows the rows and changes nothing" {
	sql "DELETE FROM shop.customers WHERE id = 7"
	describe "$SOCKET" shop >without
	run_code 0 holdfast restore ./j.ini --only customers --where 'id = 7' --dry-run
	said "id = 7" nothing
	describe "$SOCKET" shop >after
	same_text without after
}

@test "--on-conflict fail: nothing changes, not even what had no conflict" {
	sql "SET foreign_key_checks = 0; DELETE FROM shop.customers WHERE id = 7"
	sql "UPDATE shop.customers SET name = 'newer' WHERE id = 8"
	describe "$SOCKET" shop >changed
	run_code 1 holdfast restore ./j.ini --only customers --where 'id IN (7, 8)'
	said conflict
	describe "$SOCKET" shop >after
	same_text changed after
	run_code 1 holdfast restore ./j.ini --only customers --where 'id IN (7, 8)' --on-conflict fail
	describe "$SOCKET" shop >after
	same_text changed after
}

@test "--on-conflict skip leaves the newer row; replace puts the older one back" {
	sql "SET foreign_key_checks = 0; DELETE FROM shop.customers WHERE id = 7;
		UPDATE shop.customers SET name = 'newer' WHERE id = 8"
	run_code 0 holdfast restore ./j.ini --only customers --where 'id IN (7, 8)' --on-conflict skip
	[ "$(sql 'SELECT name FROM shop.customers WHERE id = 7')" = "it's no. 7" ]
	[ "$(sql 'SELECT name FROM shop.customers WHERE id = 8')" = newer ]
	run_code 0 holdfast restore ./j.ini --only customers --where 'id IN (7, 8)' --on-conflict replace
	[ "$(sql 'SELECT name FROM shop.customers WHERE id = 8')" = "it's no. 8" ]
	# a row that is replaced takes none of its children with it
	[ "$(sql 'SELECT COUNT(*) FROM shop.orders WHERE customer = 8')" -eq 3 ]
	sql "TRUNCATE shop.log"
	describe "$SOCKET" shop >after
	same_text before after
}

@test "--with-children brings what a cascade took" {
	sql "DELETE FROM shop.customers WHERE id = 7"
	[ "$(sql 'SELECT COUNT(*) FROM shop.orders')" -eq 2997 ]
	[ "$(sql 'SELECT COUNT(*) FROM shop.items')" -lt 6000 ]
	run_code 0 holdfast restore ./j.ini --only customers --where 'id = 7' --with-children yes
	sql "TRUNCATE shop.log"
	describe "$SOCKET" shop >after
	same_text before after
}

@test "without children the row alone" {
	sql "DELETE FROM shop.customers WHERE id = 7"
	run_code 0 holdfast restore ./j.ini --only customers --where 'id = 7' --with-children no
	[ "$(sql 'SELECT COUNT(*) FROM shop.customers')" -eq 1000 ]
	[ "$(sql 'SELECT COUNT(*) FROM shop.orders')" -eq 2997 ]
}

@test "a child without its parent is refused, and nothing is written" {
	sql "DELETE FROM shop.customers WHERE id = 7"
	describe "$SOCKET" shop >without
	run_code 1 holdfast restore ./j.ini --only orders --where 'customer = 7'
	describe "$SOCKET" shop >after
	same_text without after
}

@test "no row, a wrong condition, a table that is gone, no --only" {
	run_code 5 holdfast restore ./j.ini --only customers --where 'id = 123456'
	said customers
	run_code 1 holdfast restore ./j.ini --only customers --where 'no_such_column = 1'
	said no_such_column
	run_code 1 holdfast restore ./j.ini --only customers --where 'id = '
	run_code 2 holdfast restore ./j.ini --where 'id = 1'
	said --only
	describe "$SOCKET" shop >after
	same_text before after
	# a condition is one, and no statement
	run_code 1 holdfast restore ./j.ini --only customers --where '1 = 1; DROP TABLE shop.log'
	describe "$SOCKET" shop >after
	same_text before after
	sql "DROP TABLE shop.items"
	run_code 1 holdfast restore ./j.ini --only items --where 'id = 1'
	said items
}

@test "a column was added since: the rows still come" {
	sql "DELETE FROM shop.items WHERE id = 5; ALTER TABLE shop.items ADD added INT DEFAULT 4 FIRST"
	run_code 0 holdfast restore ./j.ini --only items --where 'id = 5'
	[ "$(sql "SELECT CONCAT_WS(',', added, orders, n) FROM shop.items WHERE id = 5")" = 4,6,5 ]
}

@test "nothing of it stays on the server" {
	sql "DELETE FROM shop.customers WHERE id = 7"
	local before
	before=$(sql 'SHOW DATABASES'; sql 'SHOW TABLES FROM shop')
	run_code 0 holdfast restore ./j.ini --only customers --where 'id = 7'
	[ "$before" = "$(sql 'SHOW DATABASES'; sql 'SHOW TABLES FROM shop')" ]
}
