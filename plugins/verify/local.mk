# SPDX-License-Identifier: MIT
if ENABLE_VERIFY
driver_LTLIBRARIES += %D%/verify.la
%C%_verify_la_SOURCES = %D%/verify.c
%C%_verify_la_CFLAGS = $(DRIVER_CFLAGS)
%C%_verify_la_LDFLAGS = $(DRIVER_LDFLAGS)
endif
