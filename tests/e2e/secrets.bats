#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A secret is never in an output, a manifest, a record, a log or a command line.
load helper

SECRET='s3cr%t@#"\\ ü-only-here'

setup() {
	hf_setup
	need jq
	[ -e "$TEST_DRIVERS/testdrv.so" ] || lacking "the test drivers are not built (make check builds them)"
	printf '%s\n' "$SECRET" >password
	chmod 600 password
}

# secret_job LINE: the source's line that has the secret.
secret_job() {
	cat >j.ini <<-END
		[job]
		name = j
		[source main]
		plugin = faulty
		entries = 2
		size = 64K
		delay_ms = 20
		$1
		[sink disk]
		plugin = files
		path = $W/out
		min_free = 0
	END
	chmod 600 j.ini
}

# Nowhere in what was said, stored or kept.
nowhere() {
	if grep -rqaF 's3cr%t' out state all 2>/dev/null; then
		grep -rlaF 's3cr%t' out state all
		echo "the secret was found"
		return 1
	fi
	# JSON's and other escapes of it
	! grep -rqaF 'only-here' out state all
}

# Every verb, at -vv and as JSON; into the folder `all`.
run_all() {
	local v
	mkdir -p all
	holdfast backup ./j.ini -vv >all/backup 2>&1
	holdfast backup ./j.ini --json -vv >all/backup.json 2>&1
	for v in check list show verify prune; do
		holdfast "$v" ./j.ini -vv >"all/$v" 2>&1 || true
		holdfast "$v" ./j.ini -vv --json >"all/$v.json" 2>&1 || true
	done
	holdfast restore ./j.ini --into "$W/into" -vv >all/restore 2>&1 || true
	[ "$(count_points)" -eq 2 ]
	# it did come through to the driver
	[ "$(holdfast show ./j.ini --json | jq '.sources[0].facts["~secret_bytes"]')" = "$1" ]
}

@test "from a file: secret_file" {
	secret_job 'secret_file = password'
	run_all "$(printf '%s' "$SECRET" | wc -c)"
	nowhere
}

@test "from the environment" {
	secret_job 'secret = ${HF_TEST_SECRET}'
	HF_TEST_SECRET=$SECRET run_all "$(printf '%s' "$SECRET" | wc -c)"
	nowhere
}

@test "written in a job file that only its owner can read" {
	secret_job 'secret = s3cr%t-only-here'
	run_all 16
	nowhere
}

@test "written in a job file that others can read: refused, and not printed" {
	secret_job 'secret = s3cr%t-only-here'
	chmod 644 j.ini
	run_code 2 holdfast backup ./j.ini
	said j.ini:8: secret
	not_said 's3cr%t'
	run_code 2 holdfast check ./j.ini -vv
	not_said 's3cr%t'
	[ ! -e out ]
	# what is not in it may stay readable
	secret_job 'secret_file = password'
	chmod 644 j.ini
	run_code 0 holdfast backup ./j.ini
}

@test "a secret's file that others can read, is missing, empty: refused" {
	secret_job 'secret_file = password'
	chmod 644 password
	run_code 2 holdfast backup ./j.ini
	said password 'chmod 600'
	not_said 's3cr%t'
	: >password
	chmod 600 password
	run_code 2 holdfast backup ./j.ini
	said password
	rm password
	run_code 2 holdfast backup ./j.ini
	said password
	[ ! -e out ]
}

@test "not on a command line, neither of its own process nor of another one" {
	secret_job 'secret_file = password'
	sed -i 's/delay_ms = 20/delay_ms = 300/' j.ini
	start holdfast backup ./j.ini
	local i seen=0
	for ((i = 0; i < 20; i++)); do
		# a pattern that does not find itself
		! grep -l 's3cr[%]t' /proc/[0-9]*/cmdline 2>/dev/null || return 1
		[ ! -d "/proc/$PID" ] || seen=$((seen + 1))
		nap 0.02
	done
	[ "$seen" -ge 2 ]
	finish
	[ "$CODE" -eq 0 ]
}

@test "a secret in an error: an option's wrong value is not printed" {
	secret_job 'secrt = s3cr%t-only-here'
	run_code 2 holdfast backup ./j.ini -vv
	said secrt secret
	not_said 's3cr%t'
	secret_job 'secret = ${HF_UNSET_THING}s3cr%t'
	run_code 2 holdfast backup ./j.ini -vv
	said HF_UNSET_THING
	not_said 's3cr%t'
}

@test "plugins says which options are secret" {
	run_code 0 holdfast plugins testdrv
	said secret
	json_code 0 holdfast plugins testdrv --json
	jq -e '[.drivers[].options[] | select(.name == "secret" and .secret)] | length >= 1' <<<"$output"
}
