# SPDX-License-Identifier: MIT
if ENABLE_ZSTD
driver_LTLIBRARIES += %D%/zstd.la
%C%_zstd_la_SOURCES = %D%/zstd.c
%C%_zstd_la_CFLAGS = $(DRIVER_CFLAGS) $(ZSTD_CFLAGS)
%C%_zstd_la_LDFLAGS = $(DRIVER_LDFLAGS)
%C%_zstd_la_LIBADD = $(ZSTD_LIBS)
endif
