# SPDX-License-Identifier: MIT
# What quickstart.sh and check.sh share: packages and a copy of the source. Sourced by bash;
# $top is the checkout.
build_packages="build-essential autoconf automake libtool pkg-config libltdl-dev libinih-dev
	libjson-c-dev libssl-dev libarchive-dev zlib1g-dev libzstd-dev libmariadb-dev perl"

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# Installs those of the packages that are missing. On a system without apt-get it
# only says so: configure then names what it lacks.
need_packages() {
	local p missing=()
	if ! command -v apt-get >/dev/null; then
		echo "no apt-get here: these must be installed already (names of Debian): $*"
		return 0
	fi
	for p in "$@"; do
		dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q '^install ok installed' ||
			missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		echo "these packages are missing, and installing them needs root: ${missing[*]}" >&2
		return 1
	fi
	echo "installing: ${missing[*]}"
	{
		as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
			as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
				--no-install-recommends "${missing[@]}"
	} </dev/null >"$work/apt.log" 2>&1 || {
		tail -n 20 "$work/apt.log" >&2
		echo "apt-get could not install: ${missing[*]}" >&2
		return 1
	}
}

# Copies the source into an empty folder: in a git checkout what git knows or would
# add, else all of an unpacked release. So nothing is ever built inside the checkout.
copy_source() {
	mkdir -p "$1"
	(
		cd "$top"
		if [ -e .git ] && command -v git >/dev/null; then
			git -c safe.directory="$top" ls-files -z --cached --others --exclude-standard |
				while IFS= read -r -d '' f; do
					[ ! -e "$f" ] && [ ! -L "$f" ] || printf '%s\0' "$f"
				done
		else
			find . -type d \( -name .git -o -name '_build*' -o -name autom4te.cache \) -prune \
				-o ! -type d ! -name '*.o' ! -name '*.lo' ! -name '*.la' ! -name config.status \
				! -path ./Makefile ! -path ./config.h ! -path ./stamp-h1 ! -path '*/.libs/*' \
				! -path '*/.deps/*' -print0
		fi | tar --null --no-recursion -T - -cf -
	) | tar -C "$1" --no-same-owner -xf -
}
