#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A job file that is wrong: exit 2, file and line, the nearest valid name, and nothing has run.
load helper

setup() {
	hf_setup
	need jq
	echo one >data/a
}

# write LINES: a good job, then these lines.
write() {
	job j zstd <<<"$1"
}

# wrong LINE TEXT...: exit 2 from backup, check, list; the message has j.ini:LINE: and the texts.
wrong() {
	local line=$1 verb
	shift
	for verb in backup check list prune verify; do
		run holdfast "$verb" ./j.ini
		[ "$status" -eq 2 ] || { echo "$verb: exit $status"; echo "$output"; return 1; }
		[ -z "$line" ] || said "j.ini:$line:" || return
		said "$@" || return
		[ ! -e out ] || { echo "$verb made the sink"; return 1; }
	done
}

# The line of j.ini that has this text.
line_of() {
	grep -n -m 1 -F -- "$1" j.ini | cut -d: -f1
}

@test "an unknown section: its line, and the nearest kind" {
	write '[sorce x]'
	wrong "$(line_of sorce)" sorce source
	write '[retention]'
	wrong "$(line_of '[retention]')" retention
}

@test "an unknown key in [job], in a driver's section" {
	write '[job]'
	wrong "" job
	job j </dev/null
	sed -i 's/^name = j/&\nparalel = 2/' j.ini
	wrong 3 paralel parallel
	write $'[post r]\nplugin = retention\nkeep_dayly = 3'
	run_code 2 holdfast backup ./j.ini
	said "j.ini:$(line_of keep_dayly):" keep_dayly keep_daily
	job j zstd </dev/null
	sed -i 's/^min_free/minfree/' j.ini
	wrong "$(line_of minfree)" minfree min_free
}

@test "an unknown unit, a number out of range, a word that is no boolean" {
	job j zstd </dev/null
	sed -i 's/^min_free = 0/min_free = 2Gb/' j.ini
	wrong "$(line_of min_free)" 2Gb
	job j zstd </dev/null
	sed -i 's/^name = j/&\nrpo = 2 fortnights/' j.ini
	wrong 3 rpo
	sed -i 's/^rpo.*/lock_wait = -5s/' j.ini
	wrong 3 lock_wait
	sed -i 's/^lock_wait.*/parallel = 0/' j.ini
	wrong 3 parallel
	sed -i 's/^parallel.*/parallel = 99999999999999999999/' j.ini
	wrong 3 parallel
	write $'[sink two]\nplugin = files\npath = out2\nrequired = maybe'
	wrong "$(line_of maybe)" required maybe
	write $'[post r]\nplugin = retention\nkeep_within = 2w3'
	run_code 2 holdfast backup ./j.ini
	said "j.ini:$(line_of 2w3):" keep_within
	[ ! -e out ]
}

@test "a compressor's level out of range, a choice that is none" {
	job j zstd </dev/null
	sed -i 's/^plugin = zstd/&\nlevel = 99/' j.ini
	run_code 2 holdfast backup ./j.ini
	said "j.ini:$(line_of 'level = 99'):" level 99
	job j zstd </dev/null
	sed -i 's|^path = .*/data|&\nmissing = wran|' j.ini
	run_code 2 holdfast backup ./j.ini
	said "j.ini:$(line_of wran):" wran warn
	[ ! -e out ]
}

@test "a driver that is not installed: its package, and the folders that were looked in" {
	write $'[source db]\nplugin = frobnicate'
	run_code 2 holdfast backup ./j.ini
	said frobnicate holdfast-frobnicate frobnicate.so "${HOLDFAST_DRIVER_PATH%%:*}"
	[ ! -e out ]
	job j zsdt </dev/null
	run_code 2 holdfast backup ./j.ini
	said zsdt '"zstd"'
	run_code 2 holdfast check ./j.ini
	job j '../../evil' </dev/null
	run_code 2 holdfast backup ./j.ini
}

@test "a driver of another kind than the section's" {
	job j files </dev/null
	run_code 2 holdfast backup ./j.ini
	said files compressor
	[ ! -e out ]
}

@test "what is required and missing: a key, the plugin, a source, a sink" {
	job j zstd </dev/null
	sed -i '\|^path = .*/data|d' j.ini
	run_code 2 holdfast backup ./j.ini
	said path
	job j zstd </dev/null
	sed -i "\\|^path = $W/out|d" j.ini
	wrong '' path
	job j zstd </dev/null
	sed -i '/^plugin = zstd/d' j.ini
	wrong '' compressor plugin
	printf '[job]\nname = j\n[sink s]\nplugin = files\npath = out\n' >j.ini
	run_code 2 holdfast backup ./j.ini
	said source
	printf '[job]\nname = j\n[source s]\nplugin = files\npath = data\n' >j.ini
	wrong '' sink
	: >j.ini
	wrong ''
}

@test "a key given twice, two sections of one name, a stage for a sink that is not there" {
	job j zstd </dev/null
	sed -i 's/^name = j/&\nname = k/' j.ini
	wrong 3 name
	write $'[sink disk]\nplugin = files\npath = out2'
	wrong '' disk
	write $'[post v]\nplugin = verify\nsink = dsik'
	wrong "$(line_of '[post v]')" dsik disk
	write $'[compressor]\nplugin = zlib'
	wrong '' compressor
}

@test "a line that is too long is an error, never cut" {
	local i
	for i in 199 200 255 1000 4094 4096 65535 70000 500000; do
		job j zstd </dev/null
		printf 'exclude = %s\n' "$(head -c "$i" /dev/zero | tr '\0' x)" >long
		sed -i "\\|^path = $W/data|r long" j.ini
		run holdfast backup ./j.ini --dry-run
		[ "$status" -eq 0 ] && continue
		[ "$status" -eq 2 ] || return 1
		said "j.ini:$(line_of 'exclude =' | head -n 1):"
	done
	[ "$status" -eq 2 ] # half a megabyte is too long at last
	[ ! -e out ]
}

@test "odd bytes: a NUL, a carriage return, a byte order mark, no newline at the end" {
	job j zstd </dev/null
	printf 'key\0 = x\n' >>j.ini
	wrong ''
	job j zstd </dev/null
	sed -i 's/$/\r/' j.ini
	run_code 0 holdfast backup ./j.ini
	job j zstd </dev/null
	printf '\xef\xbb\xbf' | cat - j.ini >bom.ini
	run_code 0 holdfast backup ./bom.ini
	job j zstd </dev/null
	truncate -s -1 j.ini
	run_code 0 holdfast backup ./j.ini
}

@test "\${NAME} is expanded, unset is an error, \$\${ is a literal" {
	job j zstd </dev/null
	sed -i "s|^path = $W/out|path = \${HF_TEST_DIR}/out|" j.ini
	HF_TEST_DIR=$W run_code 0 holdfast backup ./j.ini
	[ "$(count_points)" -eq 1 ]
	rm -r out
	unset HF_TEST_DIR
	wrong "$(line_of HF_TEST_DIR)" HF_TEST_DIR
	sed -i 's/\${HF_TEST_DIR}/${HF_TEST_DIR/' j.ini
	wrong "$(line_of HF_TEST_DIR)"
	sed -i "s|^path = \${HF_TEST_DIR/out|path = $W/\$\${lit}|" j.ini
	run_code 0 holdfast backup ./j.ini
	[ -d "$W/\${lit}/j" ]
	HF_TEST_DIR=$'a\n[sink evil]' run holdfast backup ./j.ini
	[ ! -e evil ]
}

@test "a relative path is the job file's folder's, wherever one stands" {
	mkdir -p elsewhere conf/things
	echo x >conf/things/f
	printf '[job]\nname = j\n[source s]\nplugin = files\npath = things\n[sink d]\nplugin = files\npath = store\nmin_free = 0\n' >conf/j.ini
	(cd elsewhere && run_code 0 holdfast backup ../conf/j.ini)
	[ -d conf/store/j ]
	[ ! -e elsewhere/store ]
}

@test "a job file that others may write, a folder, a missing one, an unreadable one" {
	job j zstd </dev/null
	chmod 666 j.ini
	wrong '' j.ini
	rm j.ini
	mkdir j.ini
	wrong ''
	rmdir j.ini
	wrong '' j.ini
}

@test "a job's name is checked, it becomes a folder" {
	local n
	for n in '../x' '/x' '.x' 'a/b' '' 'ü' "$(printf 'x%.0s' {1..300})"; do
		job j zstd </dev/null
		sed -i "s|^name = .*|name = $n|" j.ini
		run_code 2 holdfast backup ./j.ini
		[ ! -e out ]
	done
}

@test "control characters in a job file do not reach the terminal" {
	printf '[job]\nname = j\nbad\033[31mkey\007 = \033[2J\n' >j.ini
	run_code 2 holdfast backup ./j.ini
	[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ]
	printf '[job]\nname = \033[31mj\n' >j.ini
	run_code 2 holdfast backup ./j.ini
	[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ]
}

@test "--sink that is wrong: exit 2, with the form to write" {
	local s
	for s in files 'files:' 'files:path' 'files:paht=x' 'nosuch:path=x' ':path=x' 'files:path=x,path=y' ''; do
		run_code 2 holdfast list --sink "$s"
	done
	run_code 2 holdfast list --sink 'files:paht=/x'
	said paht path
	run_code 2 holdfast backup --sink "files:path=$W/out"
}
