# SPDX-License-Identifier: MIT
# The driver (verify.c), which points it takes (choose.c) and which entries of a
# point (sample.c).
VERIFY_PARTS = \
	%D%/choose.c %D%/choose.h %D%/sample.c %D%/sample.h

if ENABLE_VERIFY
driver_LTLIBRARIES += %D%/verify.la
%C%_verify_la_SOURCES = %D%/verify.c $(VERIFY_PARTS)
%C%_verify_la_CFLAGS = $(DRIVER_CFLAGS)
%C%_verify_la_LDFLAGS = $(DRIVER_LDFLAGS)
endif
