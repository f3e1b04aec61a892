#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the end-to-end tests: run-e2e.sh [FILE.bats]...   (all of them)
#   HOLDFAST            the command, else the build tree's
#   HOLDFAST_INSTALLED  1: the installed drivers, not the build tree's
#   CI                  true: a missing tool is a failure, not a skip
#   HF_E2E              core: only a few files (for a second round of the same build)
#   HF_KILLS, HF_SEED   how many kills a test, and the seed that a failed one printed
here=$(cd "$(dirname "$0")" && pwd) || exit 1
# make check runs this in the build tree; a person may stand anywhere
if [ -z "${abs_top_builddir:-}" ] && [ -x ./holdfast ] && [ -x ./config.status ]; then
	abs_top_builddir=$PWD
fi
abs_top_builddir=${abs_top_builddir:-$(cd "$here/../.." && pwd)}
export abs_top_builddir

if ! command -v bats >/dev/null; then
	echo "run-e2e.sh: bats is not installed (apt install bats)" >&2
	[ "${CI:-}" = true ] && exit 1
	exit 77
fi
if [ $# -eq 0 ] && [ "${HF_E2E:-}" = core ]; then
	set -- "$here/commands.bats" "$here/restore.bats" "$here/job_file.bats" "$here/loader.bats"
fi
[ $# -gt 0 ] || set -- "$here"/*.bats
# --jobs needs GNU parallel; moreutils has another program of that name
if command -v parallel >/dev/null && parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
	set -- --jobs 2 "$@"
fi
if [ -t 1 ]; then
	set -- --pretty "$@"
else
	set -- --tap "$@"
fi
exec bats --timing "$@"
