#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the conformance kit over every driver that this tree built. A driver
# without a line below gets none of the arguments, and fails if it needs some:
# a new driver brings its line.
set -u
kit=${HOLDFAST_DRIVER_CHECK:-$PWD/sdk/check/holdfast-driver-check}
here=${0%/*}
work=$(mktemp -d)
trap 'stop_server; chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
failed=0
count=0

check() {
	count=$((count + 1))
	echo "# $*"
	"$kit" --scratch "$work/scratch" "$@" >"$work/log" 2>&1 || {
		failed=1
		echo "FAIL"
	}
	grep -v '^ok' "$work/log"
}

# Something to back up: empty and large files, links, odd names, an empty folder.
make_data() {
	mkdir -p "$work/data/sub/empty"
	: >"$work/data/nothing"
	echo hello >"$work/data/hello"
	head -c 150000 /dev/urandom >"$work/data/sub/noise"
	ln -s ../hello "$work/data/sub/link"
	ln "$work/data/hello" "$work/data/hard"
	echo odd >"$work/data/a name with 'quotes' and \$dollar"
}

check_files() {
	make_data
	check --driver source:files --option "path=$work/data" --into @SCRATCH@/back \
		--again "path=@SCRATCH@/back$work/data" "$1"
	check --driver sink:files --option path=@SCRATCH@/store --option min_free=0 "$1"
}

# A function of tests/lib/mariadb.sh, which is written for bash.
in_bash() { # FUNCTION ARGUMENT...
	lib=${srcdir:-$here/../..}/tests/lib/mariadb.sh
	[ -r "$lib" ] || lib=$here/../../tests/lib/mariadb.sh
	bash -c '. "$0" && "$@"' "$lib" "$@"
}

stop_server() {
	[ ! -e "$work/server/started" ] || in_bash mariadb_stop "$work/server"
	[ -z "${short:-}" ] || rm -rf "$short"
}

# Two tables, one of which stands on the other, with what SQL has to escape.
make_database() {
	in_bash mariadb_sql "$work/server" <<'EOF'
CREATE DATABASE kit CHARACTER SET utf8mb4;
USE kit;
CREATE TABLE owner (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) NOT NULL, UNIQUE KEY (name));
CREATE TABLE thing (
	id BIGINT UNSIGNED PRIMARY KEY, owner INT, price DECIMAL(10,2), note TEXT, raw BLOB,
	KEY by_owner (owner), CONSTRAINT has_owner FOREIGN KEY (owner) REFERENCES owner (id)
);
INSERT INTO owner (name) VALUES (''), ('it''s a "name"'), ('back\\slash, and more');
INSERT INTO thing VALUES (1, 1, 1.50, 'one\ntwo', X'00090A0D1A27225C60FF'), (2, 3, -7, '', ''),
	(18446744073709551615, NULL, NULL, NULL, NULL);
EOF
}

# The server is made for this and thrown away. A restore does not go into a database that holds something, so
# each law has its own, named by its folder; a name has room for 64 characters.
check_mysql() {
	if ! command -v bash >/dev/null || ! command -v mariadbd >/dev/null; then
		echo "# $1 is left out: it needs mariadbd and bash"
		return
	fi
	chmod a+x "$work" # the server may run as another user
	if in_bash mariadb_start "$work/server" && make_database; then
		short=$(mktemp -d /tmp/kit.XXXXXX)
		socket=$(in_bash mariadb_socket "$work/server")
		into=kit_back@SCRATCH@
		check --driver source:mysql --option "socket=$socket" --option user=root \
			--option database=kit --into "$into" --again "socket=$socket" --again user=root \
			--again "database=$into" --scratch "$short" "$1"
	else
		failed=1
		echo "FAIL: there is no server to check $1 against"
	fi
	stop_server
}

for so in plugins/*/.libs/*.so; do
	[ -e "$so" ] || continue
	case ${so##*/} in
	files.so)
		check_files "$so"
		;;
	mysql.so)
		check_mysql "$so"
		;;
	zlib.so)
		check --tool 'gzip -dc' --tool-encode 'gzip -c' "$so"
		;;
	zstd.so)
		if command -v zstd >/dev/null; then
			check --tool 'zstd -qdc' --tool-encode 'zstd -qc' "$so"
		else
			check "$so"
		fi
		;;
	retention.so)
		check --option keep_last=3 "$so"
		;;
	*)
		check "$so"
		;;
	esac
done
if [ "$count" -eq 0 ]; then
	echo "no driver was built"
	exit 77
fi
exit $failed
