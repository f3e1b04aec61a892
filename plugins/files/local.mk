# SPDX-License-Identifier: MIT
# One plugin, two drivers: a source (source*.c) and a sink (sink*.c).
if ENABLE_FILES
driver_LTLIBRARIES += %D%/files.la
%C%_files_la_SOURCES = %D%/files.c %D%/files.h \
	%D%/source.c %D%/source.h %D%/source_paths.c %D%/source_match.c \
	%D%/source_dump.c %D%/source_walk.c %D%/source_member.c \
	%D%/source_links.c %D%/source_data.c \
	%D%/source_attrs.c %D%/source_restore.c %D%/source_extract.c \
	%D%/source_target.c %D%/source_owner.c %D%/restore.h \
	%D%/sink.c %D%/sink.h %D%/sink_path.c %D%/sink_sync.c %D%/sink_space.c \
	%D%/sink_put.c %D%/sink_get.c %D%/sink_list.c %D%/sink_remove.c \
	%D%/sink_lock.c
%C%_files_la_CFLAGS = $(DRIVER_CFLAGS) $(FILES_CFLAGS)
%C%_files_la_LDFLAGS = $(DRIVER_LDFLAGS)
%C%_files_la_LIBADD = $(FILES_LIBS)
endif
