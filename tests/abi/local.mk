# SPDX-License-Identifier: MIT
# The ABI: its header, its offsets, and drivers of all ages (for tests/e2e).
dist_check_SCRIPTS += %D%/header.sh
TESTS += %D%/header.sh
EXTRA_DIST += %D%/offsets.c %D%/make-offsets.sh %D%/make-odd-drivers.sh %D%/odd.c \
	%D%/plugin-1.0.h
