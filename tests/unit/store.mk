# SPDX-License-Identifier: MIT
# Unit tests of engine/store. Those that need a sink have one in memory: it defines
# what engine/driver/sink.c does, so the library's own is not linked.
if HAVE_CMOCKA
store_unit_tests = \
	tests/unit/test_layout tests/unit/test_seal tests/unit/test_manifest \
	tests/unit/test_catalogue tests/unit/test_publish tests/unit/test_expire
check_PROGRAMS += $(store_unit_tests)
TESTS += $(store_unit_tests)

STORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(JSON_CFLAGS)
STORE_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
STORE_TEST_LIBS = libholdfast-core.a $(CORE_LIBS) $(CMOCKA_LIBS)
STORE_TEST_SINK = \
	tests/unit/fake_sink.c tests/unit/fake_sink.h \
	tests/unit/sample_point.c tests/unit/sample_point.h

tests_unit_test_layout_SOURCES = tests/unit/test_layout.c
tests_unit_test_layout_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
tests_unit_test_layout_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_layout_LDADD = $(STORE_TEST_LIBS)

tests_unit_test_seal_SOURCES = tests/unit/test_seal.c
tests_unit_test_seal_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
tests_unit_test_seal_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_seal_LDADD = $(STORE_TEST_LIBS)

tests_unit_test_manifest_SOURCES = tests/unit/test_manifest.c
tests_unit_test_manifest_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
tests_unit_test_manifest_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_manifest_LDADD = $(STORE_TEST_LIBS)

tests_unit_test_catalogue_SOURCES = tests/unit/test_catalogue.c $(STORE_TEST_SINK)
tests_unit_test_catalogue_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
tests_unit_test_catalogue_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_catalogue_LDADD = $(STORE_TEST_LIBS)

tests_unit_test_publish_SOURCES = tests/unit/test_publish.c $(STORE_TEST_SINK)
tests_unit_test_publish_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
tests_unit_test_publish_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_publish_LDADD = $(STORE_TEST_LIBS)

tests_unit_test_expire_SOURCES = tests/unit/test_expire.c $(STORE_TEST_SINK)
tests_unit_test_expire_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
tests_unit_test_expire_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_expire_LDADD = $(STORE_TEST_LIBS)
endif
