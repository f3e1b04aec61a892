# SPDX-License-Identifier: MIT
# Unit tests of engine/pipeline, on drivers in memory.
if HAVE_CMOCKA
pipeline_unit_tests = tests/unit/test_chan tests/unit/test_encode tests/unit/test_entries
check_PROGRAMS += $(pipeline_unit_tests)
TESTS += $(pipeline_unit_tests)

PIPELINE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(JSON_CFLAGS)
PIPELINE_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
PIPELINE_TEST_LIBS = libholdfast-core.a $(CORE_LIBS) $(CMOCKA_LIBS)
PIPELINE_TEST_DRIVERS = tests/unit/mem_drivers.c tests/unit/mem_drivers.h

tests_unit_test_chan_SOURCES = tests/unit/test_chan.c
tests_unit_test_chan_CPPFLAGS = $(PIPELINE_TEST_CPPFLAGS)
tests_unit_test_chan_CFLAGS = $(PIPELINE_TEST_CFLAGS)
tests_unit_test_chan_LDADD = $(PIPELINE_TEST_LIBS)

tests_unit_test_encode_SOURCES = tests/unit/test_encode.c $(PIPELINE_TEST_DRIVERS)
tests_unit_test_encode_CPPFLAGS = $(PIPELINE_TEST_CPPFLAGS)
tests_unit_test_encode_CFLAGS = $(PIPELINE_TEST_CFLAGS)
tests_unit_test_encode_LDADD = $(PIPELINE_TEST_LIBS)

tests_unit_test_entries_SOURCES = tests/unit/test_entries.c $(PIPELINE_TEST_DRIVERS)
tests_unit_test_entries_CPPFLAGS = $(PIPELINE_TEST_CPPFLAGS)
tests_unit_test_entries_CFLAGS = $(PIPELINE_TEST_CFLAGS)
tests_unit_test_entries_LDADD = $(PIPELINE_TEST_LIBS)
endif
