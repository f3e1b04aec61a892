#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds Holdfast and shows, in a temporary folder, a backup, a disaster and the
# way back: of files, and of a database on a MariaDB server of its own. Debian or
# Ubuntu, root or sudo; needs the network only to install what the build and that
# server need. Leaves nothing behind but those packages.
#
#   ./quickstart.sh            builds, shows, cleans up
#   ./quickstart.sh --keep     leaves the folder for you to play in
set -euo pipefail
umask 022
export LC_ALL=C
top=$(cd "$(dirname "$0")" && pwd)
keep=no
case ${1:-} in
'') ;;
--keep) keep=yes ;;
*) sed -n '3,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-quickstart-XXXXXX")
chmod 755 "$work"
server=$work/server
database=no
step='starting'
# shellcheck source=tests/lib/mariadb.sh
. "$top/tests/lib/mariadb.sh"
finish() {
	code=$?
	trap '' INT TERM
	cd /
	mariadb_stop "$server"
	if [ $code != 0 ]; then
		echo
		echo "quickstart FAILED (exit $code) while: $step" >&2
		rm -rf "$server/data"
		echo "Everything but the database is still in $work (logs: *.log, server/*.log)" >&2
	elif [ $keep = yes ]; then
		echo "Kept: $work/demo; use $work/bin/holdfast. Remove it with: rm -rf $work"
		[ $database = no ] ||
			echo "Start its database: bash -c '. $top/tests/lib/mariadb.sh; mariadb_start $server'"
	else
		rm -rf "$work"
	fi
	exit $code
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# shellcheck source=tests/lib/setup.sh
. "$top/tests/lib/setup.sh"

title() {
	step=$1
	printf '\n== %s\n' "$1"
}

now() {
	date +%s%N
}

took() { # NANOSECONDS
	awk -v ns="$(($(now) - $1))" 'BEGIN { printf "   (%.2f s)\n", ns / 1e9 }'
}

# Shows a command, runs it, and stops everything if it ends otherwise than expected.
expect() { # CODE COMMAND
	local begin code=0
	printf '\n$ %s\n' "$2"
	begin=$(now)
	bash -c "set -eo pipefail; $2" </dev/null 2>&1 || code=$?
	took "$begin"
	if [ $code != "$1" ]; then
		echo "expected exit code $1, got $code: $2" >&2
		exit 1
	fi
	[ "$code" = 0 ] || echo "   exit code $code, as it should be"
}

run() {
	expect 0 "$1"
}

quietly() { # LOG COMMAND...
	local log=$work/$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null || {
		tail -n 30 "$log" >&2
		exit 1
	}
}

# Only where it takes the place of no other server: apt-get would remove that one.
need_mariadb() {
	PATH=$PATH:/usr/sbin
	command -v mariadbd >/dev/null || command -v mysqld >/dev/null ||
		need_packages mariadb-server mariadb-client
	if command -v mariadbd >/dev/null; then
		database=yes
	else
		echo "MariaDB cannot be installed here beside what there is: only files will be shown"
	fi
}

started=$(now)
title "Installing what the build needs, and MariaDB"
# shellcheck disable=SC2086 # a list of words
need_packages $build_packages zstd tar
need_mariadb

title "Building Holdfast (outside of your checkout)"
begin=$(now)
copy_source "$work/src"
mkdir "$work/build"
[ -x "$work/src/configure" ] && [ ! -e "$top/.git" ] ||
	(cd "$work/src" && quietly autogen ./autogen.sh)
cd "$work/build"
quietly configure ../src/configure
quietly make make -j"$(nproc)"
mkdir "$work/bin"
printf '#!/bin/sh\nexec "%s/build/run" holdfast "$@"\n' "$work" >"$work/bin/holdfast"
chmod 755 "$work/bin/holdfast"
export PATH=$work/bin:$PATH
took "$begin"
run "holdfast --version"

title "A small application, as it might lie on a server"
mkdir "$work/demo"
cd "$work/demo"
make_application() {
	local i
	mkdir -p app/config app/uploads app/releases/2026-01 app/cache
	printf 'APP_ENV=production\nDB_PASSWORD=not-a-real-one\n' >app/.env
	chmod 600 app/.env
	printf 'server {\n\tlisten 80;\n\troot /srv/app/current;\n}\n' >app/config/nginx.conf
	printf 'services:\n  web:\n    image: example/app:2026-01\n' >app/docker-compose.yml
	echo 'release 2026-01' >app/releases/2026-01/index.html
	ln -s releases/2026-01 app/current
	seq 1 400000 | awk '{ printf "%d,booking %d,2026-01-%02d,%d.00\n", $1, $1 * 7919 % 100003,
		$1 % 28 + 1, $1 * 31 % 900 }' >app/bookings.csv
	for i in $(seq 1 60); do
		head -c $((50000 + i * 9000)) /dev/urandom >"app/uploads/photo-$i.jpg"
	done
	truncate -s 512M app/cache/disk.img # takes no room on the disk: a hole with a little data
	printf 'first' | dd of=app/cache/disk.img conv=notrunc status=none
	printf 'last' | dd of=app/cache/disk.img bs=1M seek=300 conv=notrunc status=none
}
make_application
make_database() {
	quietly mariadb mariadb_start "$server"
	printf '#!/bin/sh\nexec mariadb --no-defaults -u root --socket="%s" -t -e "$@"\n' \
		"$(mariadb_socket "$server")" >"$work/bin/sql"
	chmod 755 "$work/bin/sql"
	mariadb_sql "$server" <<-'END'
		CREATE DATABASE app CHARACTER SET utf8mb4;
		USE app;
		CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(80) NOT NULL,
			mail VARCHAR(80) NOT NULL UNIQUE);
		CREATE TABLE bookings (id INT PRIMARY KEY AUTO_INCREMENT, user INT NOT NULL, room INT NOT NULL,
			arrival DATE NOT NULL, nights INT NOT NULL, price DECIMAL(8,2) NOT NULL, note TEXT,
			KEY (arrival), FOREIGN KEY (user) REFERENCES users (id));
		CREATE VIEW guests AS SELECT arrival, room, name FROM bookings JOIN users ON users.id = user;
		INSERT INTO users (name, mail) SELECT CONCAT('Zoë O''Hara ', seq), CONCAT('u', seq, '@example.org')
			FROM seq_1_to_5000;
		INSERT INTO bookings (user, room, arrival, nights, price, note)
			SELECT 1 + seq * 7919 % 5000, seq % 300, '2026-01-01' + INTERVAL seq % 365 DAY, 1 + seq % 9,
				seq * 31 % 90000 / 100, IF(seq % 4, NULL, CONCAT('late arrival,\nno. ', seq))
			FROM seq_1_to_100000;
	END
}
database_sums() {
	sql "SELECT COUNT(*) AS users FROM app.users; SELECT COUNT(*) AS bookings FROM app.bookings;
		CHECKSUM TABLE app.users, app.bookings"
}
[ $database = no ] || make_database
cat >app.ini <<END
[job]
name = app
rpo  = 24h

[source files]
plugin  = files
path    = $PWD/app
$([ $database = no ] || cat <<DB

[source db]
plugin   = mysql
socket   = $(mariadb_socket "$server")
user     = root
database = app
DB
)

[compressor]
plugin = zstd
level  = 3

[sink disk]
plugin = files
path   = $PWD/backups

[post verify]
plugin = verify
level  = decode

[post retention]
plugin     = retention
keep_last  = 3
keep_daily = 30
END
checksums() { # every file's SHA-256, every link's target
	(cd app && find . -type f -exec sha256sum {} + | sort -k 2 &&
		find . -type l -printf '%l  %p\n' | sort)
}
run "find app -maxdepth 1 | sort; du -sh --apparent-size app; du -sh app"
[ $database = no ] ||
	run "sql 'SHOW FULL TABLES IN app; SELECT COUNT(*) AS bookings FROM app.bookings'"
run "cat app.ini"
run "holdfast check app.ini"

title "The first backup"
checksums >day1.sum
run "holdfast backup app.ini"

title "Life goes on, and a second backup"
sleep 1
run "echo 'DB_HOST=10.0.0.7' >>app/.env"
run "rm app/uploads/photo-7.jpg"
run "mkdir app/releases/2026-02 && echo 'release 2026-02' >app/releases/2026-02/index.html"
run "ln -sfn releases/2026-02 app/current"
checksums >day2.sum
if [ $database = yes ]; then
	run "sql 'DELETE FROM app.bookings WHERE arrival < \"2026-01-08\"'"
	database_sums >day2.db
fi
run "holdfast backup app.ini"
run "holdfast list app.ini"
run "holdfast verify app.ini"
# Point ids sort by time.
points=$(find backups -name manifest.json -printf '%h\n' | sed 's,.*/,,' | sort)
old=$(head -n 1 <<<"$points")
new=$(tail -n 1 <<<"$points")
[ -n "$old" ] && [ "$old" != "$new" ] || { echo "there should be two points" >&2 && exit 1; }

title "The disaster: all is gone"
run "rm -rf app"
run "holdfast restore app.ini --source files"
run "diff day2.sum <(cd app && find . -type f -exec sha256sum {} + | sort -k 2 &&
	find . -type l -printf '%l  %p\n' | sort) && echo 'every file is as it was'"
run "du -sh --apparent-size app; du -sh app; stat -c '%a %n' app/.env"

lost_database() {
	title "The disaster in the database: DROP DATABASE"
	run "sql 'DROP DATABASE app'"
	run "holdfast restore app.ini --source db"
	cat day2.db
	database_sums >now.db
	run "diff day2.db now.db && echo 'every row is as it was'"
}
lost_booking() {
	title "And somebody deletes a booking, while others go on"
	run "sql 'UPDATE app.bookings SET room = 13 WHERE id = 4712'"
	database_sums >before.db
	run "sql 'DELETE FROM app.bookings WHERE id = 4711'"
	run "holdfast restore app.ini --source db --only bookings --where 'id = 4711'"
	run "sql 'SELECT id, user, room, arrival, price FROM app.bookings WHERE id IN (4711, 4712)'"
	database_sums >now.db
	run "diff before.db now.db && echo 'the booking is back, and nothing else has changed'"
}
if [ $database = yes ]; then
	lost_database
	lost_booking
fi

title "Worse: the newest backup rots on the disk"
object=$(find "backups/app/$new" -type f ! -name '*.json' -printf '%s %p\n' | sort -n | tail -n 1 |
	cut -d' ' -f2-)
half=$(($(stat -c %s "$object") / 2))
byte=$(od -An -tu1 -j "$half" -N 1 "$object" | tr -d ' ')
flipped=$(printf '\\%03o' $((byte ^ 1)))
run "printf '$flipped' | dd of='$object' bs=1 seek=$half conv=notrunc status=none  # flips one bit"
expect 6 "holdfast verify app.ini $new"
run "rm -rf app"
expect 6 "holdfast restore app.ini $new --source files"
run "test ! -e app && echo 'nothing was restored from the damaged point'"
echo
echo "The point before it is sound:"
run "holdfast restore app.ini $old --source files"
checksums >now.sum
run "diff day1.sum now.sum && echo 'every file is as it was on day one'"

title "And without Holdfast? A point is plain files"
run "find backups/app/$old -type f"
object=$(find "backups/app/$old" -type f ! -name '*.json' -printf '%s %p\n' | sort -n | tail -n 1 |
	cut -d' ' -f2-)
run "mkdir rescue && zstd -dc '$object' | tar -C rescue -xf - && find rescue -name .env"
rescued=$(find rescue -type d -name app | head -n 1)
run "diff -r --no-dereference app '$rescued' && echo 'the same files, by zstd and tar alone'"
[ $database = no ] ||
	run "zstd -dc backups/app/$old/db/app/tables.00000.sql.zst | grep -v '^--' | cut -c 1-100  # SQL for any client"

title "What retention would do"
run "holdfast prune app.ini --dry-run"

title "Done"
awk -v ns="$(($(now) - started))" 'BEGIN { printf "All of it took %.0f s.\n", ns / 1e9 }'
cat <<END

To install it: ./autogen.sh && ./configure && make && sudo make install
Read on:       README.md                       what it is, in five minutes
               docs/man/holdfast.pod           the command (man holdfast)
               docs/man/holdfast-job.pod       the job file (man holdfast-job)
               docs/architecture.md            how it is made
               ./check.sh fast                 the tests
END
