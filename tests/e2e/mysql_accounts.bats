#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# users = yes: accounts, roles and grants, merged into what the target has.
load helper
load mysql_helper

can_log_in() { # SOCKET USER PASSWORD
	printf '[client]\nuser=%s\npassword=%s\n' "$2" "$3" >"$W/login.cnf"
	chmod 600 "$W/login.cnf"
	mariadb --defaults-file="$W/login.cnf" --socket="$1" -N -B -e 'SELECT 1'
}

@test "accounts that are missing come with their password and grants; those that exist keep their password" {
	sql "CREATE DATABASE shop; CREATE TABLE shop.t (a INT PRIMARY KEY); CREATE ROLE reader; GRANT SELECT ON shop.* TO reader;
		CREATE USER 'new one'@'localhost' IDENTIFIED BY 'first'; CREATE USER old@localhost IDENTIFIED BY 'second';
		GRANT reader TO 'new one'@'localhost'; SET DEFAULT ROLE reader FOR 'new one'@'localhost';
		GRANT RELOAD ON *.* TO old@localhost WITH GRANT OPTION"
	mysql_job j shop <<<'users = yes'
	run_code 0 holdfast backup ./j.ini
	another second
	mariadb --no-defaults -u root --socket="$OTHER" -e "CREATE USER old@localhost IDENTIFIED BY 'its own'"
	run_code 0 holdfast restore ./j.ini --set "socket=$OTHER"
	can_log_in "$OTHER" 'new one' first
	can_log_in "$OTHER" old 'its own'
	run mariadb --no-defaults -u root --socket="$OTHER" -N -B -e "SHOW GRANTS FOR old@localhost"
	said "GRANT RELOAD ON *.*" "WITH GRANT OPTION"
	run mariadb --defaults-file="$W/login.cnf" --socket="$OTHER" -N -B -e 'SELECT 1'
	printf '[client]\nuser=new one\npassword=first\n' >"$W/login.cnf"
	run_code 0 mariadb --defaults-file="$W/login.cnf" --socket="$OTHER" -N -B -e 'SELECT CURRENT_ROLE(), COUNT(*) FROM shop.t'
	said reader
	mysql_clean "$BATS_FILE_TMPDIR/second"
}

@test "without users = yes no account is touched" {
	sql "CREATE DATABASE IF NOT EXISTS shop"
	mysql_job k shop
	run_code 0 holdfast backup ./k.ini
	run_code 0 holdfast show ./k.ini
	not_said accounts.sql grants.sql
}
