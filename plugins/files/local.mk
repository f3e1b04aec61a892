# SPDX-License-Identifier: MIT
# One plugin, two drivers: a source (source*.c) and a sink (sink*.c).
if ENABLE_FILES
driver_LTLIBRARIES += %D%/files.la
%C%_files_la_SOURCES = %D%/files.c %D%/files.h
%C%_files_la_CFLAGS = $(DRIVER_CFLAGS) $(FILES_CFLAGS)
%C%_files_la_LDFLAGS = $(DRIVER_LDFLAGS)
%C%_files_la_LIBADD = $(FILES_LIBS)
endif
