# SPDX-License-Identifier: MIT
# What third parties build drivers with: the header, holdfast.pc and an m4
# macro, the example plugin, and the conformance kit.
pkgincludedir = $(includedir)/holdfast
pkginclude_HEADERS = %D%/include/holdfast/plugin.h

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = %D%/holdfast.pc

aclocaldir = $(datadir)/aclocal
dist_aclocal_DATA = %D%/m4/holdfast.m4

exampledir = $(docdir)/examples
dist_example_DATA = \
	%D%/example/Makefile %D%/example/README.md %D%/example/example.h \
	%D%/example/plugin.c %D%/example/command.c %D%/example/folder.c

# The kit knows nothing of the engine: one header and the C library.
bin_PROGRAMS += %D%/check/holdfast-driver-check
%C%_check_holdfast_driver_check_SOURCES = \
	%D%/check/check.h %D%/check/main.c %D%/check/report.c %D%/check/guard.c \
	%D%/check/elf.c %D%/check/options.c %D%/check/mock_host.c %D%/check/mock_table.c \
	%D%/check/mock_source.c %D%/check/mock_sink.c %D%/check/mock_post.c \
	%D%/check/instance.c %D%/check/instance_source.c %D%/check/instance_sink.c \
	%D%/check/instance_filter.c \
	%D%/check/laws_driver.c %D%/check/laws_options.c %D%/check/laws_source.c \
	%D%/check/laws_restore.c %D%/check/laws_sink_put.c %D%/check/laws_sink_list.c \
	%D%/check/laws_sink_lock.c %D%/check/laws_filter.c %D%/check/laws_filter_data.c %D%/check/laws_post.c
%C%_check_holdfast_driver_check_CFLAGS = $(AM_CFLAGS)

dist_check_SCRIPTS += %D%/check/run-drivers.sh %D%/check/run-broken.sh
TESTS += %D%/check/run-drivers.sh %D%/check/run-broken.sh
EXTRA_DIST += %D%/check/broken/sink.c %D%/check/broken/source.c \
	%D%/check/broken/filter.c %D%/check/broken/post.c %D%/installcheck.sh

installcheck-local:
	DESTDIR='$(DESTDIR)' bindir='$(bindir)' libdir='$(libdir)' \
	includedir='$(includedir)' docdir='$(docdir)' datadir='$(datadir)' \
	CC='$(CC)' $(srcdir)/%D%/installcheck.sh

include tests/abi/local.mk
