# SPDX-License-Identifier: MIT
# The core is a static library, so that unit tests link it as the command does.
CORE_LIBS = $(INIH_LIBS) $(JSON_LIBS) $(CRYPTO_LIBS) $(LTDL_LIBS)
CORE_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(INIH_CFLAGS) $(JSON_CFLAGS) $(CRYPTO_CFLAGS) \
	-DDRIVERDIR='"$(driverdir)"' -DJOBSDIR='"$(jobsdir)"'

noinst_LIBRARIES += libholdfast-core.a
libholdfast_core_a_CPPFLAGS = $(CORE_CPPFLAGS)
libholdfast_core_a_SOURCES = \
	%D%/util/cancel.c %D%/util/cancel.h \
	%D%/util/clock.c %D%/util/clock.h \
	%D%/util/digest.c %D%/util/digest.h \
	%D%/util/error.c %D%/util/error.h \
	%D%/util/fs.c %D%/util/fs.h \
	%D%/util/key.c %D%/util/key.h \
	%D%/util/log.c %D%/util/log.h \
	%D%/util/mem.c %D%/util/mem.h \
	%D%/util/nearest.c %D%/util/nearest.h \
	%D%/util/retry.c %D%/util/retry.h \
	%D%/util/units.c %D%/util/units.h \
	%D%/util/utf8.c %D%/util/utf8.h \
	%D%/driver/driver.h %D%/driver/import.c \
	%D%/driver/host.c %D%/driver/host.h \
	%D%/driver/instance.c %D%/driver/instance.h \
	%D%/driver/module.c %D%/driver/module.h \
	%D%/driver/registry.c \
	%D%/driver/sink.c %D%/driver/sink.h %D%/driver/sink_list.c %D%/driver/sink_lock.c
