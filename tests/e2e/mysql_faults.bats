#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The mysql driver and what goes wrong: each is told in words that help, and nothing false is published.
load helper
load mysql_helper

setup() {
	mysql_setup
	sql "CREATE DATABASE shop; CREATE TABLE shop.t (a INT PRIMARY KEY, b TEXT); INSERT INTO shop.t VALUES (1, 'x'), (2, 'y')"
	sql "DROP USER IF EXISTS hf@localhost"
}

SECRET="s3cr%t'only\"here \\ ; #x"

# with_user GRANT...: hf, whose password is in the file `password`
with_user() {
	local g
	sql "CREATE USER hf@localhost IDENTIFIED BY '$(printf '%s' "$SECRET" | sed "s/\\\\/&&/g; s/'/''/g")'"
	for g; do sql "GRANT $g TO hf@localhost"; done
	printf '%s\n' "$SECRET" >password
	chmod 600 password
	MYSQL_USER=hf
}

@test "a wrong password" {
	with_user 'ALL ON *.*'
	mysql_job j shop <<<"password_file = $W/password"
	run_code 0 holdfast check ./j.ini
	echo wr0ng-password >password
	run_code 1 holdfast check ./j.ini
	said FAILED 'Access denied'
	not_said wr0ng
	run_code 1 holdfast backup ./j.ini -vv
	said 'Access denied'
	not_said wr0ng
	nothing_published
}

@test "no server, a wrong socket, a port where none listens" {
	mysql_job j shop
	sed -i "s|^socket = .*|socket = $W/none|" j.ini
	run_code 1 holdfast check ./j.ini
	said "$W/none"
	run_code 1 holdfast backup ./j.ini
	nothing_published
	sed -i "s|^socket = .*|host = 127.0.0.1\nport = 1|" j.ini
	run_code 1 holdfast backup ./j.ini
	said 127.0.0.1
	nothing_published
}

@test "an unknown database" {
	mysql_job j shop no_such
	run_code 1 holdfast check ./j.ini
	said no_such FAILED
	run_code 1 holdfast backup ./j.ini
	said no_such
	nothing_published
}

@test "mistakes in the job file: exit 2, and the option is named" {
	local line
	for line in 'locks = some' 'tls = perhaps' 'lock_timeout = soon' 'broken_views = ignore' 'chunk_size = none' \
		'schema_only = yes
data_only = yes' 'definer = nobody' 'nosuch = 1'; do
		mysql_job j shop <<<"$line"
		run_code 2 holdfast backup ./j.ini || { echo "$line"; return 1; }
		said "${line%% *}"
	done
	nothing_published
}

@test "missing privileges: check names the GRANT, the backup fails" {
	with_user 'USAGE ON *.*'
	mysql_job j shop <<<"password_file = $W/password"
	run_code 1 holdfast check ./j.ini
	said FAILED
	run_code 1 holdfast backup ./j.ini
	nothing_published
	sql "GRANT SELECT ON shop.* TO hf@localhost; CREATE VIEW shop.v AS SELECT a FROM shop.t;
		CREATE TRIGGER shop.g BEFORE INSERT ON shop.t FOR EACH ROW SET NEW.a = 1; CREATE PROCEDURE shop.p() SELECT 1;
		CREATE EVENT shop.e ON SCHEDULE EVERY 1 DAY DO SELECT 1"
	run_code 1 holdfast check ./j.ini
	said GRANT
	run_code 1 holdfast backup ./j.ini
	said GRANT
	nothing_published
	# what it names is enough
	local i
	for ((i = 0; i < 6; i++)); do
		run holdfast check ./j.ini
		[ "$status" -ne 0 ] || break
		grep -oE "GRANT [A-Z ,]+ ON [^ ]+ TO '?hf'?@'?localhost'?" <<<"$output" | sort -u >grants
		[ -s grants ] || { echo "no GRANT was named:"; echo "$output"; return 1; }
		sql "$(sed 's/$/;/' grants)"
	done
	run_code 0 holdfast check ./j.ini
	run_code 0 holdfast backup ./j.ini
	MYSQL_USER=root
	describe --events-disabled "$SOCKET" shop >before
	sql 'DROP DATABASE shop'
	mysql_job j shop
	run_code 0 holdfast restore ./j.ini
	describe --events-disabled "$SOCKET" shop >after
	same_text before after
}

@test "a user that sees some tables only does not make a point of the rest" {
	sql 'CREATE TABLE shop.hidden (a INT)'
	with_user 'SELECT ON shop.t'
	mysql_job j shop <<-END
		password_file = $W/password
		locks = none
	END
	run_code 1 holdfast backup ./j.ini
	nothing_published
}

@test "the server dies in the middle of a dump: exit 1, no point; the next run is good" {
	another dying
	SOCKET=$OTHER
	sql_at "$SOCKET" "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, v CHAR(200));
		INSERT INTO d.t SELECT seq, SHA2(seq, 512) FROM mysql.seq_1_to_300000"
	mysql_job j d <<<'chunk_size = 1M'
	start holdfast backup ./j.ini
	until_true some_written
	kill -0 "$PID"
	mariadb_kill "$BATS_FILE_TMPDIR/dying"
	finish
	[ "$CODE" -eq 1 ] || { cat started.log; return 1; }
	nothing_published
	another dying
	sql_at "$SOCKET" "CREATE DATABASE IF NOT EXISTS d; CREATE TABLE IF NOT EXISTS d.t (id INT PRIMARY KEY)"
	run_code 0 holdfast backup ./j.ini
	no_litter
}

some_written() {
	[ -n "$(find "$W/out" -type f -size +100k 2>/dev/null | head -n 1)" ]
}

@test "the server dies in the middle of a restore: restore --force completes" {
	another dying
	local dying=$OTHER
	big_table d t 300000
	sql "CREATE TABLE d.small (a INT); INSERT INTO d.small VALUES (1); CREATE VIEW d.v AS SELECT * FROM d.t"
	describe --events-disabled "$SOCKET" d >before
	mysql_job j d <<<'chunk_size = 1M'
	run_code 0 holdfast backup ./j.ini
	start holdfast restore ./j.ini --set "socket=$dying"
	until_true rows_loaded "$BATS_FILE_TMPDIR/dying"
	kill -0 "$PID"
	mariadb_kill "$BATS_FILE_TMPDIR/dying"
	finish
	[ "$CODE" -ne 0 ]
	[ "$CODE" -ne 137 ] || { cat started.log; return 1; }
	TZ=Europe/Berlin mariadb_start "$BATS_FILE_TMPDIR/dying" "${SERVER_OPTIONS[@]}"
	run_code 0 holdfast restore ./j.ini --set "socket=$dying" --force
	describe --events-disabled "$dying" d >after
	same_text before after
	# the killed command, too
	start holdfast restore ./j.ini --set "socket=$dying" --force
	nap 0.3
	kill -9 "$PID" || { cat started.log; return 1; }
	finish
	run_code 0 holdfast restore ./j.ini --set "socket=$dying" --force
	describe --events-disabled "$dying" d >after
	same_text before after
}

# rows_loaded DIR: some of a big table's
rows_loaded() {
	[ -n "$(find "$1/data" -mindepth 2 -name '*.ibd' -size +2M ! -path '*/mysql/*' | head -n 1)" ]
}

@test "a connection that is killed in the middle of a dump: exit 1, no point" {
	big_table d t 300000
	mysql_job j d <<<'chunk_size = 1M'
	start holdfast backup ./j.ini
	until_true dumping 'FROM%t'
	sql "$(sql "SELECT CONCAT('KILL ', ID, ';') FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE '%FROM%t%'" | head -n 1)"
	finish
	[ "$CODE" -eq 1 ] || { cat started.log; return 1; }
	nothing_published
}

@test "broken_views = fail" {
	sql "CREATE TABLE shop.gone (a INT); CREATE VIEW shop.broken AS SELECT a FROM shop.gone; DROP TABLE shop.gone"
	mysql_job j shop <<<'broken_views = fail'
	run_code 1 holdfast backup ./j.ini
	said broken
	nothing_published
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	said broken
	run_code 0 holdfast check ./j.ini
}

@test "TLS that the server does not speak is not done without" {
	another plain --port=13999 --skip-ssl
	mysql_job j mysql
	sed -i "s|^socket = .*|host = 127.0.0.1\nport = 13999\ntls = required|; s/^database.*/database = shop/" j.ini
	sql_at "$OTHER" "CREATE DATABASE shop; CREATE TABLE shop.t (a INT); GRANT ALL ON *.* TO root@127.0.0.1"
	run_code 1 holdfast check ./j.ini
	said TLS
	run_code 1 holdfast backup ./j.ini
	said TLS
	nothing_published
	sed -i 's/tls = required/tls = verify/' j.ini
	run_code 1 holdfast backup ./j.ini
	nothing_published
	sed -i 's/tls = verify/tls = no/' j.ini
	run_code 0 holdfast backup ./j.ini
}

@test "TLS with the server's certificate: required and verify" {
	need openssl
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		-addext 'subjectAltName = DNS:localhost,IP:127.0.0.1' 2>/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 2 -subj /CN=localhost 2>/dev/null
	local d=$BATS_FILE_TMPDIR/pem
	mkdir -p "$d"
	cp key.pem cert.pem "$d"
	chmod 755 "$d"
	chmod 644 "$d"/*
	another tls --port=13998 --ssl-cert="$d/cert.pem" --ssl-key="$d/key.pem" --require-secure-transport
	sql_at "$OTHER" "CREATE DATABASE shop; CREATE TABLE shop.t (a INT); GRANT ALL ON *.* TO root@127.0.0.1"
	mysql_job j shop
	sed -i "s|^socket = .*|host = 127.0.0.1\nport = 13998\ntls = required|" j.ini
	run_code 0 holdfast backup ./j.ini
	sed -i "s|^tls = .*|tls = verify\ntls_ca = $W/cert.pem|" j.ini
	run_code 0 holdfast backup ./j.ini
	sed -i "s|^tls_ca = .*|tls_ca = $W/other.pem|" j.ini
	run_code 1 holdfast backup ./j.ini
	said certificate
	[ "$(count_points)" -eq 2 ]
}

@test "a corrupt MyISAM table: check --deep says which" {
	another corrupt
	sql_at "$OTHER" "CREATE DATABASE d; CREATE TABLE d.good (a INT PRIMARY KEY); CREATE TABLE d.bad (a INT, b TEXT, KEY (a)) ENGINE = MyISAM;
		INSERT INTO d.bad SELECT seq, REPEAT(seq, 50) FROM mysql.seq_1_to_1000; FLUSH TABLES"
	SOCKET=$OTHER
	mysql_job j d
	run_code 0 holdfast check ./j.ini --deep
	said good bad
	truncate -s 20000 "$BATS_FILE_TMPDIR/corrupt/data/d/bad.MYD"
	sql_at "$OTHER" 'FLUSH TABLES'
	run_code 1 holdfast check ./j.ini --deep
	said good bad FAILED
	run_code 1 holdfast backup ./j.ini
	said bad
	nothing_published
}

@test "the password is nowhere: command lines, logs, points, the server's process list" {
	with_user 'ALL ON *.*'
	big_table d t 100000
	mysql_job j d <<-END
		password_file = $W/password
		chunk_size = 1M
	END
	start holdfast backup ./j.ini -vv
	local i seen=0
	for ((i = 0; i < 20; i++)); do
		# a pattern that does not find itself
		! grep -l 's3cr[%]t' /proc/[0-9]*/cmdline /proc/"$PID"/environ 2>/dev/null || return 1
		sql 'SHOW FULL PROCESSLIST' >>processlist
		[ ! -d "/proc/$PID" ] || seen=$((seen + 1))
		nap 0.02
	done
	[ "$seen" -ge 2 ]
	finish
	[ "$CODE" -eq 0 ]
	mkdir all
	mv started.log processlist all
	local v
	for v in check list show verify; do
		holdfast "$v" ./j.ini -vv >"all/$v" 2>&1
		holdfast "$v" ./j.ini -vv --json >"all/$v.json" 2>&1
	done
	holdfast restore ./j.ini -vv --force >all/restore 2>&1
	point_sql >all/point.sql
	! grep -rlaF s3cr out state all || return 1
	# nor in a file that it wrote elsewhere
	! grep -rlaF 's3cr%t' --exclude=password "$W"
}

@test "a password in a file that others can read, or in one's own option file" {
	with_user 'ALL ON *.*'
	mysql_job j shop <<<"password_file = $W/password"
	chmod 644 password
	run_code 2 holdfast backup ./j.ini
	not_said s3cr
	mysql_job j shop <<<"defaults_file = $W/my.cnf"
	printf '[client]\npassword = "plain-1"\n' >my.cnf
	chmod 600 my.cnf
	sql "SET PASSWORD FOR hf@localhost = PASSWORD('plain-1')"
	run_code 0 holdfast backup ./j.ini
	grep -rlaF plain-1 out state && return 1
	[ "$(count_points)" -eq 1 ]
}

@test "a row larger than the target takes: told in words that help" {
	sql "CREATE TABLE shop.wide (id INT PRIMARY KEY, b LONGBLOB); SET GLOBAL max_allowed_packet = 64 * 1024 * 1024"
	sql "INSERT INTO shop.wide VALUES (1, REPEAT('\\0\\'', 8 * 1024 * 1024))"
	mysql_job j shop
	run_code 0 holdfast backup ./j.ini
	describe --events-disabled "$SOCKET" shop >before
	sql 'DROP DATABASE shop'
	run_code 0 holdfast restore ./j.ini
	describe --events-disabled "$SOCKET" shop >after
	same_text before after
	another small --max-allowed-packet=1M
	run_code 1 holdfast restore ./j.ini --set "socket=$OTHER"
	said max_allowed_packet
}
