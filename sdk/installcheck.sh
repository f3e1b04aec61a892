#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the example plugin in a temporary folder from installed files only,
# runs it through the installed conformance kit, and makes a backup with it.
# `make installcheck` calls it with DESTDIR (may be empty) and these folders,
# none of which has DESTDIR in front:
#   bindir libdir includedir docdir datadir
# A library path that installed programs need comes from the caller.
set -eu
umask 022

die() {
	echo "installcheck: $*" >&2
	exit 1
}

: "${bindir:?}" "${libdir:?}" "${includedir:?}" "${docdir:?}" "${datadir:?}"
root=${DESTDIR:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$root$bindir:$PATH
PKG_CONFIG_PATH=$root$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PATH PKG_CONFIG_PATH
unset CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS || true

# pkg-config puts DESTDIR in front of -I when it is told so.
if [ -n "$root" ]; then
	PKG_CONFIG_SYSROOT_DIR=$root
	export PKG_CONFIG_SYSROOT_DIR
fi

echo "--- holdfast.pc"
driverdir=$(pkg-config --variable=driverdir holdfast) || die "holdfast.pc is not found"
# With a sysroot some pkg-configs also put it before variables.
case $driverdir in
"$root"*) driverdir=${driverdir#"$root"} ;;
esac
[ "$(pkg-config --variable=abi holdfast)" = 1 ] || die "holdfast.pc: abi is not 1"
[ -d "$root$driverdir" ] || die "$root$driverdir is not there"
[ -r "$root$includedir/holdfast/plugin.h" ] || die "plugin.h is not installed"
[ -r "$root$datadir/aclocal/holdfast.m4" ] || die "holdfast.m4 is not installed"

echo "--- the example is built from installed files"
cp "$root$docdir"/examples/* "$work/"
cd "$work"
make >make.log 2>&1 || {
	cat make.log
	die "the example does not build"
}
nm -D --defined-only example.so | grep -v -w hf_plugin_v1 && die "the example exports more"

if command -v autoconf >/dev/null && command -v aclocal >/dev/null; then
	echo "--- the m4 macro"
	mkdir m4
	(
		cd m4
		cat >configure.ac <<-'END'
			AC_INIT([other], [1])
			AC_PROG_CC
			HOLDFAST_PLUGIN([0.1])
			AC_CONFIG_FILES([found])
			AC_OUTPUT
		END
		echo '@HOLDFAST_ABI@ @HOLDFAST_DRIVERDIR@ @HOLDFAST_CFLAGS@' >found.in
		aclocal -I "$root$datadir/aclocal" && autoconf && ./configure -q
	) >m4.log 2>&1 || {
		cat m4.log
		die "a configure with HOLDFAST_PLUGIN fails"
	}
	grep -q "^1 .*$driverdir .*-fvisibility=hidden" m4/found || die "HOLDFAST_PLUGIN: $(cat m4/found)"
fi

echo "--- the conformance kit"
make check >check.log 2>&1 || {
	grep -v '^ok' check.log
	die "the example breaks a law"
}

echo "--- holdfast finds it"
# The drivers of this installation, wherever DESTDIR put them, and the new one.
HOLDFAST_DRIVER_PATH=$work:$root$driverdir
export HOLDFAST_DRIVER_PATH
chmod 700 "$work"
holdfast plugins >plugins.txt || die "holdfast plugins failed"
grep -q command plugins.txt || die "holdfast plugins does not list command"
holdfast plugins command | grep -q restore_command || die "holdfast plugins command"
holdfast plugins folder | grep -q path || die "holdfast plugins folder"

echo "--- backup, verify, restore"
seq 100000 >data
mkdir store
cat >job.ini <<END
[job]
name = example

[source numbers]
plugin  = command
command = cat
command = $work/data
name    = numbers.txt

[sink disk]
plugin = folder
path   = $work/store
END
holdfast check "$work/job.ini"
holdfast backup "$work/job.ini"
holdfast list "$work/job.ini"
holdfast verify "$work/job.ini"
holdfast restore "$work/job.ini" --into "$work/restored"
cmp data restored || die "the restore differs"
[ -z "$(find store -name '.put-*')" ] || die "the backup left temporary files"

# A command that fails is a failed backup, and leaves no point.
before=$(find store -name manifest.json | wc -l)
sed "s|^command = cat|command = false|" job.ini >bad.ini
if holdfast backup "$work/bad.ini" 2>bad.txt; then
	die "a failed command made a backup"
fi
grep -q 'false exited with 1' bad.txt || die "the message does not name the command"
[ "$(find store -name manifest.json | wc -l)" = "$before" ] || die "a failed run left a point"
echo "installcheck: done"
