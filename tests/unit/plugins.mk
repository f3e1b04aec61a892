# SPDX-License-Identifier: MIT
# Unit tests of the drivers that store and compress. Each is linked with the driver's own files
# and a small host, so that its inside can be looked at.
if HAVE_CMOCKA
plugins_unit_tests =
PLUGINS_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
PLUGINS_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
PLUGINS_TEST_HOST = tests/unit/mock_host.c tests/unit/mock_host.h
PLUGINS_TEST_LAWS = tests/unit/filter_laws.c tests/unit/filter_laws.h $(PLUGINS_TEST_HOST)

if ENABLE_ZLIB
plugins_unit_tests += tests/unit/test_zlib
tests_unit_test_zlib_SOURCES = tests/unit/test_zlib.c plugins/zlib/zlib.c $(PLUGINS_TEST_LAWS)
tests_unit_test_zlib_CPPFLAGS = $(PLUGINS_TEST_CPPFLAGS)
tests_unit_test_zlib_CFLAGS = $(PLUGINS_TEST_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_test_zlib_LDADD = $(ZLIB_LIBS) $(CMOCKA_LIBS)
endif

if ENABLE_ZSTD
plugins_unit_tests += tests/unit/test_zstd
tests_unit_test_zstd_SOURCES = tests/unit/test_zstd.c plugins/zstd/zstd.c $(PLUGINS_TEST_LAWS)
tests_unit_test_zstd_CPPFLAGS = $(PLUGINS_TEST_CPPFLAGS)
tests_unit_test_zstd_CFLAGS = $(PLUGINS_TEST_CFLAGS) $(ZSTD_CFLAGS)
tests_unit_test_zstd_LDADD = $(ZSTD_LIBS) $(CMOCKA_LIBS)
endif

check_PROGRAMS += $(plugins_unit_tests)
TESTS += $(plugins_unit_tests)
endif
