# SPDX-License-Identifier: MIT
# Unit tests of engine/util and engine/job.
if HAVE_CMOCKA
engine_unit_tests = \
	tests/unit/test_units tests/unit/test_clock tests/unit/test_mem \
	tests/unit/test_nearest tests/unit/test_fs tests/unit/test_log \
	tests/unit/test_ini tests/unit/test_job tests/unit/test_spec \
	tests/unit/test_options
check_PROGRAMS += $(engine_unit_tests)
TESTS += $(engine_unit_tests)

ENGINE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
ENGINE_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
ENGINE_TEST_LIBS = libholdfast-core.a $(CORE_LIBS) $(CMOCKA_LIBS)

tests_unit_test_units_SOURCES = tests/unit/test_units.c
tests_unit_test_units_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_units_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_units_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_clock_SOURCES = tests/unit/test_clock.c
tests_unit_test_clock_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_clock_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_clock_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_mem_SOURCES = tests/unit/test_mem.c
tests_unit_test_mem_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_mem_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_mem_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_nearest_SOURCES = tests/unit/test_nearest.c
tests_unit_test_nearest_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_nearest_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_nearest_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_fs_SOURCES = tests/unit/test_fs.c
tests_unit_test_fs_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_fs_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_fs_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_log_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_log_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_ini_SOURCES = tests/unit/test_ini.c
tests_unit_test_ini_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_ini_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_ini_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_job_SOURCES = tests/unit/test_job.c
tests_unit_test_job_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_job_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_job_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_spec_SOURCES = tests/unit/test_spec.c
tests_unit_test_spec_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_spec_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_spec_LDADD = $(ENGINE_TEST_LIBS)

tests_unit_test_options_SOURCES = tests/unit/test_options.c
tests_unit_test_options_CPPFLAGS = $(ENGINE_TEST_CPPFLAGS)
tests_unit_test_options_CFLAGS = $(ENGINE_TEST_CFLAGS)
tests_unit_test_options_LDADD = $(ENGINE_TEST_LIBS)
endif
