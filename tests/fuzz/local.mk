# SPDX-License-Identifier: MIT
# Fuzz targets. `make check` replays their seeds; run-fuzz.sh searches for more.
fuzz_replays = %D%/replay_job %D%/replay_manifest %D%/replay_units
check_PROGRAMS += $(fuzz_replays)
TESTS += $(fuzz_replays)

FUZZ_CPPFLAGS = $(CORE_CPPFLAGS)

%C%_replay_job_SOURCES = %D%/replay.c %D%/fuzz_job.c
%C%_replay_job_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_TARGET='"job"'
%C%_replay_job_LDADD = libholdfast-core.a $(CORE_LIBS)

%C%_replay_manifest_SOURCES = %D%/replay.c %D%/fuzz_manifest.c
%C%_replay_manifest_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_TARGET='"manifest"'
%C%_replay_manifest_LDADD = libholdfast-core.a $(CORE_LIBS)

%C%_replay_units_SOURCES = %D%/replay.c %D%/fuzz_units.c
%C%_replay_units_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_TARGET='"units"'
%C%_replay_units_LDADD = libholdfast-core.a $(CORE_LIBS)

EXTRA_DIST += %D%/run-fuzz.sh %D%/corpus \
	tests/lib/count.awk tests/lib/mariadb.sh tests/lib/sanitizers.sh tests/lib/setup.sh tests/lib/valgrind.sh
