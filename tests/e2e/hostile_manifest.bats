#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Manifests that lie, sealed anew: refused with a clear error, and nothing is read or written outside.
load helper

setup() {
	hf_setup
	need jq perl zstd
	RESEAL=$TESTS_DIR/e2e/reseal.pl
	mkdir -p data
	echo one >data/a
	echo secret >secret
	job j zstd </dev/null
	run_code 0 holdfast backup ./j.ini
	P=out/j/$(newest)
	M=$P/manifest.json
	cp "$M" good.json
	S=(--sink "files:path=$W/out" --job j)
}

# refused [TEXT]: every command that reads the manifest says that it is damaged, in time and in memory.
refused() {
	local verb
	for verb in verify restore; do
		run bash -c '[ -n "${HF_SANITIZED:-}" ] || ulimit -v 4000000; exec timeout 60 holdfast "$@"' sh "$verb" "${S[@]}" \
			"$(basename "$P")" $([ $verb = restore ] && echo --into "$W/into")
		[ "$status" -eq 6 ] || { echo "$verb: exit $status"; echo "$output"; return 1; }
		[ -z "${1:-}" ] || said "$1" || return
		[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ] || { echo "control characters"; return 1; }
		[ ! -e into ]
	done
	run timeout 60 holdfast list "${S[@]}"
	[ "$status" -eq 0 ]
	said damaged
	[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ] || { echo "control characters"; return 1; }
	rm -rf "$P/records"
	cp good.json "$M"
}

edit() {
	"$RESEAL" eval "$M" "$1"
}

@test "resealing without a change is still the same point" {
	edit '1'
	run_code 0 holdfast verify "${S[@]}"
	edit '$m->{a_member_of_tomorrow} = { x => [1, 2, 3] }; $m->{entries}[0]{new} = "y"'
	run_code 0 holdfast verify "${S[@]}"
}

@test "a part's key that leads elsewhere" {
	local key
	for key in '../secret' '../../secret' "/$W/secret" "$W/secret" 'j/../../secret' 'k/x/y' 'j/./x' '' 'j' \
		"j/$(basename "$P")/../../../secret" "j/$(basename "$P")/main/.hf-lock-run" \
		"j/$(basename "$P")/manifest.json" "j/$(basename "$P")/owner.json" \
		$'j/\e[31m' "j/$(printf 'x%.0s' {1..2000})"; do
		KEY=$key "$RESEAL" eval "$M" '$m->{entries}[0]{parts}[0]{key} = $ENV{KEY}'
		refused || { echo "key: $key"; return 1; }
	done
}

@test "another point's, another job's name in it; a source, a driver that is a path" {
	edit '$m->{job} = "k"'; refused
	edit '$m->{id} = "20260101T000000Z-abcd"'; refused
	edit '$m->{parent} = "../x"'; refused
	edit '$m->{sources}[0]{driver} = "../../evil"'; refused
	edit '$m->{sources}[0]{driver} = "/tmp/evil"'; refused
	edit '$m->{sources}[0]{name} = "../x"'; refused
	edit '$m->{sources} = []'; refused
	edit '$m->{entries}[0]{source} = "nosuch"'; refused
	edit '$m->{entries}[0]{codecs} = ["../../evil/1"]'; refused
	edit '$m->{entries}[0]{codecs} = [("zstd/1") x 1000]'; refused
}

@test "members that are missing or of another type" {
	local member
	for member in format job id begun ended sources entries plain_size stored_size; do
		edit "delete \$m->{$member}"; refused || { echo "without $member"; return 1; }
		edit "\$m->{$member} = [[]]"; refused || { echo "$member as an array"; return 1; }
		edit "\$m->{$member} = undef"; refused || { echo "$member null"; return 1; }
	done
	for member in source path plain stored parts; do
		edit "delete \$m->{entries}[0]{$member}"; refused || { echo "entry without $member"; return 1; }
		edit "\$m->{entries}[0]{$member} = 7"; refused || { echo "entry's $member a number"; return 1; }
	done
}

@test "huge, negative and broken numbers; sizes that do not add up" {
	local n
	for n in 1e999 -1 18446744073709551615 18446744073709551616 9223372036854775808 1.5 1e9 \
		99999999999999999999999999999999 '"7"' true; do
		perl -pe "s/\"stored_size\":\\d+/\"stored_size\":$n/" good.json >"$M"
		"$RESEAL" seal "$M"; refused || { echo "stored_size $n"; return 1; }
		perl -pe "s/\"plain\":\\{\"size\":\\d+/\"plain\":{\"size\":$n/" good.json >"$M"
		"$RESEAL" seal "$M"; refused || { echo "entry's size $n"; return 1; }
	done
	perl -pe 's/"order":0/"order":1e400/' good.json >"$M"
	"$RESEAL" seal "$M"; refused
}

@test "deep JSON" {
	perl -e 'print "{\n  \"format\":1,\"x\":", "[" x 1000000, "]" x 1000000, "\n}\n"' >"$M"
	"$RESEAL" seal "$M"; refused
	perl -e 'print "{\n  \"x\":", "{\"a\":" x 200000, "1", "}" x 200000, "\n}\n"' >"$M"
	"$RESEAL" seal "$M"; refused
}

@test "what is not strict JSON: doubled members, NaN, comments, a NUL, broken UTF-8, a tail" {
	local change
	for change in 's/"job":/"job":"j","job":/' 's/"plain_size":\d+/"plain_size":NaN/' \
		's|"host"|/* x */ "host"|' 's/"host":"[^"]*"/"host":"a\\u0000b"/' \
		's/"host":"[^"]*"/"host":"\xff\xfe"/' \
		"s/\"host\":/'host':/" 's/"entries":\[/"entries":[,/'; do
		perl -pe "$change" good.json >"$M"
		"$RESEAL" seal "$M"; refused || { echo "$change"; return 1; }
	done
	{ cat good.json; echo '{}'; } >"$M"
	refused
	: >"$M"; refused
	echo '{}' >"$M"; refused
	head -c 100000 /dev/urandom >"$M"; refused
}

@test "control characters in names never reach the terminal, of show, list, verify, cat, restore" {
	# JSON::PP writes them as \u00XX; they are legal in names
	edit '$m->{entries}[0]{path} = "a\e[2J\a\r\b\x{202e}x.tar"; $m->{entries}[0]{subject} = "s\e]0;title\a";
		$m->{entries}[0]{warnings} = ["w\e[31m"]; $m->{host} = "h\e[31m"; $m->{holdfast} = "v\e[31m";
		$m->{sources}[0]{server} = "srv\e[31m"; $m->{sources}[0]{plugin_version} = "p\e[31m";
		$m->{sources}[0]{warnings} = ["w\e[31m"]; $m->{entries}[0]{type} = "t\e[31m";
		$m->{sources}[0]{facts} = { "f\e[31m" => "v\e[31m" }'
	local verb
	for verb in "list" "show" "verify" "show --json" "list --json" "verify --json" "restore --into $W/into" \
		"restore --dry-run --into $W/into" "list -vv" "show -vv"; do
		# shellcheck disable=SC2086
		run holdfast $verb "${S[@]}"
		[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ] || { echo "$verb"; cat -v <<<"$output"; return 1; }
		[[ $output != *$'\u202e'* ]] || { echo "$verb turns the text"; return 1; }
	done
	run holdfast cat "${S[@]}" latest $'a\e[31m'
	[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ]
}

@test "10^9 entries claimed: a million real ones are read or refused in bounded memory" {
	# an endless array in a file of 60 MB
	perl -e 'print "{\n  \"format\":1,\n  \"entries\":["; print "{}," x 20000000; print "{}]\n}\n"' >"$M"
	"$RESEAL" seal "$M"; refused
	# numbers that would be allocated
	edit '$m->{entries_count} = 1000000000; $m->{entries}[0]{parts} = [ map { $m->{entries}[0]{parts}[0] } 1..100000 ]'
	refused
}

@test "two entries with one path, two parts with one key" {
	edit 'push @{ $m->{entries} }, $m->{entries}[0]; $m->{plain_size} *= 2; $m->{stored_size} *= 2'; refused
	edit 'my %e = %{ $m->{entries}[0] }; $e{path} = "other"; push @{ $m->{entries} }, \%e;
		$m->{plain_size} *= 2; $m->{stored_size} *= 2'
	refused
}

@test "a manifest of a newer format is said to be that, not damage; and never deleted" {
	edit '$m->{format} = 2'
	run holdfast verify "${S[@]}"
	[ "$status" -ne 0 ]
	said format
	run holdfast restore "${S[@]}" --into "$W/into"
	[ "$status" -ne 0 ]
	[ ! -e into ]
	printf '[post retention]\nplugin = retention\nkeep_last = 1\nkeep_verified = 0\n' >>j.ini
	run holdfast backup ./j.ini
	run holdfast backup ./j.ini
	run holdfast prune ./j.ini
	[ -e "$M" ]
}

@test "a driver or a codec that is not installed: its name and its package" {
	edit '$m->{sources}[0]{driver} = "frobnicate"'
	run holdfast restore "${S[@]}" --into "$W/into"
	[ "$status" -ne 0 ]
	said frobnicate
	cp good.json "$M"
	edit '$m->{entries}[0]{codecs} = ["brotli/1"]'
	run holdfast restore "${S[@]}" --into "$W/into"
	[ "$status" -ne 0 ]
	said brotli
	[ ! -e into ]
}

@test "the job's folder in the sink is a link that leads out: not followed for writing" {
	mv out/j moved
	ln -s "$W/moved" out/j
	run holdfast backup ./j.ini
	run holdfast verify "${S[@]}"
	[ "$status" -lt 124 ]
}
