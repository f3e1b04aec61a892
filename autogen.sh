#!/bin/sh
# Makes ./configure from configure.ac. Needed only in a git checkout.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force --warnings=all,no-obsolete "$@"
