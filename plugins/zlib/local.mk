# SPDX-License-Identifier: MIT
if ENABLE_ZLIB
driver_LTLIBRARIES += %D%/zlib.la
%C%_zlib_la_SOURCES = %D%/zlib.c
%C%_zlib_la_CFLAGS = $(DRIVER_CFLAGS) $(ZLIB_CFLAGS)
%C%_zlib_la_LDFLAGS = $(DRIVER_LDFLAGS)
%C%_zlib_la_LIBADD = $(ZLIB_LIBS)
endif
