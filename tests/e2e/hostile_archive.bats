#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Archives made to escape from the target, in a point whose manifest is right in every digest. Nothing
# outside of the target is touched.
load helper

setup() {
	hf_setup
	need jq perl zstd
	TAR=$TESTS_DIR/e2e/mktar.pl
	RESEAL=$TESTS_DIR/e2e/reseal.pl
	mkdir -p data
	echo one >data/a
	job j zstd </dev/null
	run_code 0 holdfast backup ./j.ini
	P=out/j/$(newest)
	N=${W#/}/data # how the members of this entry are called
	# what must stay as it is: everything here but the target
	mkdir -p victim
	echo precious >victim/file
	echo precious >sibling
	mkdir target
}

# hostile MEMBER...: the entry's tar becomes that.
hostile() {
	"$TAR" "$@" >evil.tar
	"$RESEAL" entry "$P/manifest.json" 0 out evil.tar
	run_code 0 holdfast verify --sink "files:path=$W/out" --job j
	rm -rf "$P/records"
}

world() {
	find . -path ./target -prune -o -path ./state -prune -o -path ./out -prune -o -type f -name nap -prune \
		-o -printf '%y %m %U %s %T@ %l %p\n' | sort
	cat victim/file sibling
	ls -la /tmp/holdfast-escaped* /holdfast-escaped* 2>/dev/null || true
}

# refused MEMBER...: exit is not 0, and the world is as it was. With and without --force.
refused() {
	local before flag
	hostile "$@"
	before=$(world)
	for flag in '' --force; do
		# shellcheck disable=SC2086
		run timeout 60 holdfast restore --sink "files:path=$W/out" --job j --into "$W/target" $flag
		echo "$output"
		[ "$status" -ne 0 ] || { echo "restored: $*"; return 1; }
		[ "$status" -lt 124 ] || { echo "exit $status"; return 1; }
		[ "$before" = "$(world)" ] || { diff <(echo "$before") <(world); return 1; }
		[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ] || { echo "control characters"; return 1; }
	done
}

# harmless MEMBER...: refused or not, the world is as it was.
harmless() {
	local before flag
	hostile "$@"
	before=$(world)
	for flag in '' --force; do
		# shellcheck disable=SC2086
		run timeout 60 holdfast restore --sink "files:path=$W/out" --job j --into "$W/target" $flag
		[ "$status" -lt 124 ] || { echo "exit $status"; return 1; }
		[ "$before" = "$(world)" ] || { diff <(echo "$before") <(world); return 1; }
	done
}

@test "a name with .. in it" {
	refused "file:../sibling:evil"
	refused "file:$N/../../../../victim/file:evil"
	refused "file:$N/..:evil"
	refused "dir:$N/a/../../../../../victim"
}

@test "an absolute name" {
	harmless "file:$W/sibling:evil"
	harmless "file://tmp/holdfast-escaped:evil"
	harmless "pax:path=/tmp/holdfast-escaped" "file:$N/x:evil"
}

@test "a symlink, then written through it" {
	refused "link:$N/l:$W/victim" "file:$N/l/file:evil"
	refused "link:$N/l:$W/victim" "dir:$N/l/new"
	refused "link:$N/l:../../../../../victim" "file:$N/l/file:evil"
	refused "link:$N/l:$W/victim/file" "file:$N/l/:evil"
}

@test "a symlink replaced by a file of its name: the file it pointed to stays" {
	harmless "link:$N/l:$W/victim/file" "file:$N/l:evil"
}

@test "a symlink that was in the target before is not followed" {
	mkdir -p "target$W"
	ln -s "$W/victim" "target$W/data"
	hostile "dir:$N" "file:$N/file:evil"
	local before
	before=$(world)
	run holdfast restore --sink "files:path=$W/out" --job j --into "$W/target" --force
	[ "$before" = "$(world)" ]
	[ "$(cat victim/file)" = precious ]
}

@test "a hard link to what is outside" {
	refused "hard:$N/h:$W/victim/file" "file:$N/h:evil"
	refused "hard:$N/h:../../../../victim/file"
	refused "hard:$N/h:/etc/hostname"
	refused "link:$N/l:$W/victim" "hard:$N/h:$N/l/file" "file:$N/h:evil"
}

@test "long names and targets in pax headers are looked at too" {
	refused "pax:path=$N/../../../../sibling" "file:x:evil"
	refused "pax:linkpath=$W/victim/file" "hard:$N/h:x"
	refused "pax:linkpath=../../../../../victim" "link:$N/l:x" "file:$N/l/file:evil"
}

@test "a name with a NUL, or none at all" {
	harmless "pax:path=$N/a\\x00/../../x" "file:$N/y:evil"
	harmless "file::evil"
	harmless "dir:." "dir:/" "dir:./"
}

@test "names with control characters come back, and never reach the screen as they are" {
	hostile "file:$N/a\\x1b[31mred\\x07\\x0abell:x" "file:$N/..a:y" "file:$N/a:z"
	run holdfast restore --sink "files:path=$W/out" --job j --into "$W/target" -vv
	[ -z "$(tr -d '\n\t -~\200-\377' <<<"$output")" ]
}

@test "a member that claims more than there is, or a negative size" {
	refused "size:99999999999" "file:$N/a:short" cut
	"$TAR" "file:$N/a:short" >evil.tar
	printf '77777777777' | dd of=evil.tar bs=1 seek=124 conv=notrunc status=none
	"$RESEAL" entry "$P/manifest.json" 0 out evil.tar
	run timeout 60 holdfast restore --sink "files:path=$W/out" --job j --into "$W/target"
	[ "$status" -ne 0 ] && [ "$status" -lt 124 ]
}

@test "what is no tar at all, an empty one, one cut short: not told as restored" {
	local kind
	for kind in text empty cut; do
		case $kind in
		text) head -c 5000 /dev/urandom >evil.tar ;;
		empty) : >evil.tar ;;
		cut) "$TAR" "file:$N/a:hello" | head -c 700 >evil.tar ;;
		esac
		"$RESEAL" entry "$P/manifest.json" 0 out evil.tar
		run timeout 60 holdfast restore --sink "files:path=$W/out" --job j --into "$W/target" --force
		[ "$status" -ne 0 ] || { echo "$kind: exit 0"; return 1; }
		[ "$status" -lt 124 ]
	done
}

@test "a bomb: a million members of nothing, and 10^9 claimed files, do not take the memory" {
	perl -e 'my $h; { local @ARGV; } open(my $p, "-|", $ARGV[0], "dir:$ARGV[1]/d", "cut") or die; binmode($p);
		read($p, $h, 512); binmode(STDOUT); print $h x 200000; print "\0" x 1024' "$TAR" "$N" >evil.tar
	"$RESEAL" entry "$P/manifest.json" 0 out evil.tar
	run bash -c '[ -n "${HF_SANITIZED:-}" ] || ulimit -v 1000000; exec timeout 100 holdfast restore "$@"' sh \
		--sink "files:path=$W/out" --job j --into "$W/target"
	[ "$status" -lt 124 ]
}

@test "decompression bomb: more than the manifest says is refused" {
	head -c 300000000 /dev/zero >evil.tar
	"$RESEAL" entry "$P/manifest.json" 0 out evil.tar
	"$RESEAL" eval "$P/manifest.json" '$m->{plain_size} -= 299990000; $m->{entries}[0]{plain}{size} = 10000'
	run_code 6 timeout 60 holdfast verify --sink "files:path=$W/out" --job j
	rm -rf "$P/records"
	run timeout 60 holdfast restore --sink "files:path=$W/out" --job j --into "$W/target"
	[ "$status" -ne 0 ] && [ "$status" -lt 124 ]
}
