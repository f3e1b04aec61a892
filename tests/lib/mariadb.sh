# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Throwaway MariaDB servers for tests, benchmarks and the quick start: each in a folder of its own, on a
# unix socket, stopped by its pid. Sourced by bash.
#
#   mariadb_start DIR [SERVER-OPTION...]   makes DIR/data on first use and starts; DIR/sock is the socket
#   mariadb_sql DIR [CLIENT-OPTION...]     the stock client as root, SQL on standard input
#   mariadb_stop DIR                       stops it cleanly
#   mariadb_kill DIR                       stops it as a power cut would
#
# A server option --port=N makes it listen on 127.0.0.1 as well.

# A socket's path may have 107 characters: a long folder gets a short one beside it.
mariadb_socket() { # DIR
	local s=$1/sock
	[ ${#s} -le 100 ] || s=/tmp/hf-$(printf '%s' "$1" | sha256sum | cut -c 1-16).sock
	printf '%s' "$s"
}

mariadb_start() { # DIR [SERVER-OPTION...]
	local dir=$1 user net=(--skip-networking) a i
	shift
	for a; do
		case $a in --port=*) net=(--bind-address=127.0.0.1) ;; esac
	done
	user=$(id -un)
	[ "$user" != root ] || user=mysql
	mkdir -p "$dir"
	[ "$(id -u)" != 0 ] || chown "$user" "$dir"
	if [ ! -d "$dir/data/mysql" ]; then
		mariadb-install-db --no-defaults --datadir="$dir/data" --user="$user" --skip-test-db \
			--auth-root-authentication-method=normal --skip-name-resolve \
			>"$dir/install.log" 2>&1 || {
			tail -n 20 "$dir/install.log" >&2
			return 1
		}
	fi
	# no descriptor of ours may live on in the server: a test runner waits for its pipes
	mariadbd --no-defaults --datadir="$dir/data" --user="$user" --socket="$(mariadb_socket "$dir")" \
		--pid-file="$dir/pid" --tmpdir="$dir" --log-error="$dir/error.log" --skip-name-resolve \
		--innodb-buffer-pool-size=64M --innodb-log-file-size=32M --loose-innodb-use-native-aio=0 \
		"${net[@]}" "$@" >/dev/null 2>&1 </dev/null 3>&- 4>&- 5>&- &
	echo $! >"$dir/started"
	for ((i = 0; i < 600; i++)); do
		mariadb-admin --no-defaults -u root --socket="$(mariadb_socket "$dir")" ping >/dev/null 2>&1 &&
			return 0
		kill -0 "$(cat "$dir/started")" 2>/dev/null || break
		sleep 0.1
	done
	echo "the MariaDB server in $dir did not start:" >&2
	tail -n 20 "$dir/error.log" >&2
	return 1
}

mariadb_sql() { # DIR [CLIENT-OPTION...]
	local dir=$1
	shift
	mariadb --no-defaults -u root --socket="$(mariadb_socket "$dir")" --default-character-set=utf8mb4 "$@"
}

mariadb_wait() { # PID
	local i
	for ((i = 0; i < 600; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null || true
}

mariadb_stop() { # DIR
	[ -e "$1/started" ] || return 0
	kill "$(cat "$1/started")" 2>/dev/null || true
	mariadb_wait "$(cat "$1/started")"
	rm -f "$1/started"
}

mariadb_kill() { # DIR
	[ -e "$1/started" ] || return 0
	kill -9 "$(cat "$1/started")" 2>/dev/null || true
	mariadb_wait "$(cat "$1/started")"
	rm -f "$1/started"
}
