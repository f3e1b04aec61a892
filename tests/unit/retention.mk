# SPDX-License-Identifier: MIT
# Unit tests of the post stages. Both drivers are tested whole, through a host of
# the test's own; that a driver is not installed does not leave it untested.
if HAVE_CMOCKA
retention_unit_tests = \
	tests/unit/test_retention tests/unit/test_retention_laws \
	tests/unit/test_retention_zone tests/unit/test_verify
check_PROGRAMS += $(retention_unit_tests)
TESTS += $(retention_unit_tests)

RETENTION_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
RETENTION_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
RETENTION_TEST_HOST = tests/unit/mock_post.c tests/unit/mock_post.h
RETENTION_TEST_PARTS = \
	plugins/retention/plan.c plugins/retention/plan.h \
	plugins/retention/chain.c plugins/retention/chain.h plugins/retention/reason.c \
	plugins/retention/period.c plugins/retention/period.h \
	plugins/retention/calendar.c plugins/retention/calendar.h \
	plugins/retention/zone.c plugins/retention/zone.h \
	plugins/retention/tzif.c plugins/retention/tzif.h \
	plugins/retention/tzrule.c plugins/retention/tzrule.h

tests_unit_test_retention_SOURCES = tests/unit/test_retention.c \
	plugins/retention/retention.c $(RETENTION_TEST_PARTS) $(RETENTION_TEST_HOST)
tests_unit_test_retention_CPPFLAGS = $(RETENTION_TEST_CPPFLAGS)
tests_unit_test_retention_CFLAGS = $(RETENTION_TEST_CFLAGS)
tests_unit_test_retention_LDADD = $(CMOCKA_LIBS)

tests_unit_test_retention_laws_SOURCES = tests/unit/test_retention_laws.c \
	tests/unit/retention_history.c tests/unit/retention_history.h $(RETENTION_TEST_PARTS)
tests_unit_test_retention_laws_CPPFLAGS = $(RETENTION_TEST_CPPFLAGS)
tests_unit_test_retention_laws_CFLAGS = $(RETENTION_TEST_CFLAGS)
tests_unit_test_retention_laws_LDADD = $(CMOCKA_LIBS)

tests_unit_test_retention_zone_SOURCES = tests/unit/test_retention_zone.c $(RETENTION_TEST_PARTS)
tests_unit_test_retention_zone_CPPFLAGS = $(RETENTION_TEST_CPPFLAGS)
tests_unit_test_retention_zone_CFLAGS = $(RETENTION_TEST_CFLAGS)
tests_unit_test_retention_zone_LDADD = $(CMOCKA_LIBS)

tests_unit_test_verify_SOURCES = tests/unit/test_verify.c \
	plugins/verify/verify.c plugins/verify/choose.c plugins/verify/choose.h \
	plugins/verify/sample.c plugins/verify/sample.h $(RETENTION_TEST_HOST)
tests_unit_test_verify_CPPFLAGS = $(RETENTION_TEST_CPPFLAGS)
tests_unit_test_verify_CFLAGS = $(RETENTION_TEST_CFLAGS)
tests_unit_test_verify_LDADD = $(CMOCKA_LIBS)
endif
