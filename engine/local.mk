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
	%D%/job/expand.c %D%/job/expand.h \
	%D%/job/ini.c %D%/job/ini.h \
	%D%/job/job.c %D%/job/job.h \
	%D%/job/keys.c \
	%D%/job/options.c %D%/job/options.h \
	%D%/job/option_read.c %D%/job/option_values.c \
	%D%/job/option_table.c %D%/job/option_table.h \
	%D%/job/parse.c %D%/job/parse.h \
	%D%/job/secrets.c %D%/job/secrets.h \
	%D%/job/spec.c \
	%D%/driver/driver.h %D%/driver/import.c \
	%D%/driver/host.c %D%/driver/host.h \
	%D%/driver/instance.c %D%/driver/instance.h \
	%D%/driver/module.c %D%/driver/module.h \
	%D%/driver/registry.c \
	%D%/driver/sink.c %D%/driver/sink.h %D%/driver/sink_list.c %D%/driver/sink_lock.c \
	%D%/store/catalogue.c %D%/store/catalogue.h %D%/store/catalogue_pick.c \
	%D%/store/expire.c %D%/store/expire.h %D%/store/expire_apply.c \
	%D%/store/json.c %D%/store/json.h %D%/store/json_member.c %D%/store/json_text.c \
	%D%/store/layout.c %D%/store/layout.h \
	%D%/store/litter.c %D%/store/owner.c \
	%D%/store/manifest.c %D%/store/manifest.h \
	%D%/store/manifest_check.c %D%/store/manifest_check.h \
	%D%/store/manifest_read.c %D%/store/manifest_write.c \
	%D%/store/publish.c %D%/store/publish.h \
	%D%/store/point.h %D%/store/record.c %D%/store/removal.c %D%/store/removal.h \
	%D%/store/seal.c %D%/store/seal.h \
	%D%/report/out.c %D%/report/out.h \
	%D%/report/progress.c %D%/report/progress.h \
	%D%/pipeline/backup.c %D%/pipeline/backup.h \
	%D%/pipeline/chan.c %D%/pipeline/chan.h \
	%D%/pipeline/codecs.c \
	%D%/pipeline/copy.c %D%/pipeline/copy.h \
	%D%/pipeline/decode.c %D%/pipeline/decode.h \
	%D%/pipeline/dump.c %D%/pipeline/dump.h \
	%D%/pipeline/encode.c %D%/pipeline/encode.h \
	%D%/pipeline/entries.c %D%/pipeline/entries.h \
	%D%/pipeline/fetch.c %D%/pipeline/fetch.h \
	%D%/pipeline/filter.c %D%/pipeline/filter.h \
	%D%/pipeline/lanes.c %D%/pipeline/lanes.h \
	%D%/pipeline/opened.c %D%/pipeline/opened.h \
	%D%/pipeline/pool.c %D%/pipeline/pool.h \
	%D%/pipeline/restore.c %D%/pipeline/restore.h \
	%D%/pipeline/stage.c %D%/pipeline/stage.h \
	%D%/pipeline/verify.c %D%/pipeline/verify.h

bin_PROGRAMS += holdfast
holdfast_CPPFLAGS = $(CORE_CPPFLAGS)
holdfast_SOURCES = %D%/main.c \
	%D%/command/args.c %D%/command/command.h \
	%D%/command/target.c %D%/command/target.h \
	%D%/command/backup.c %D%/command/cat.c %D%/command/check.c \
	%D%/command/copy.c %D%/command/list.c %D%/command/pin.c \
	%D%/command/plugins.c %D%/command/prune.c \
	%D%/command/restore.c %D%/command/restore_plan.c %D%/command/restore_plan.h \
	%D%/command/show.c %D%/command/verify.c
holdfast_LDADD = libholdfast-core.a $(CORE_LIBS)
# Drivers find nothing of the command's: they call it through the table they are given.
holdfast_LDFLAGS = $(AM_LDFLAGS)
