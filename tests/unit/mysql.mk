# SPDX-License-Identifier: MIT
# Unit tests of the mysql driver's parts that need no server and no client library, each linked with the
# driver's own files. What they take from its other files has stand-ins in the tests.
if HAVE_CMOCKA
if ENABLE_MYSQL
mysql_unit_tests = \
	tests/unit/test_mysql_text tests/unit/test_mysql_ddl \
	tests/unit/test_mysql_values tests/unit/test_mysql_frame
check_PROGRAMS += $(mysql_unit_tests)
TESTS += $(mysql_unit_tests)

MYSQL_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
MYSQL_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
MYSQL_TEST_TEXT = plugins/mysql/text.c plugins/mysql/text.h

tests_unit_test_mysql_text_SOURCES = tests/unit/test_mysql_text.c $(MYSQL_TEST_TEXT)
tests_unit_test_mysql_text_CPPFLAGS = $(MYSQL_TEST_CPPFLAGS)
tests_unit_test_mysql_text_CFLAGS = $(MYSQL_TEST_CFLAGS)
tests_unit_test_mysql_text_LDADD = $(CMOCKA_LIBS)

tests_unit_test_mysql_ddl_SOURCES = tests/unit/test_mysql_ddl.c \
	plugins/mysql/ddl.c plugins/mysql/ddl.h $(MYSQL_TEST_TEXT)
tests_unit_test_mysql_ddl_CPPFLAGS = $(MYSQL_TEST_CPPFLAGS)
tests_unit_test_mysql_ddl_CFLAGS = $(MYSQL_TEST_CFLAGS)
tests_unit_test_mysql_ddl_LDADD = $(CMOCKA_LIBS)

tests_unit_test_mysql_values_SOURCES = tests/unit/test_mysql_values.c \
	plugins/mysql/values.c plugins/mysql/values.h $(MYSQL_TEST_TEXT)
tests_unit_test_mysql_values_CPPFLAGS = $(MYSQL_TEST_CPPFLAGS)
tests_unit_test_mysql_values_CFLAGS = $(MYSQL_TEST_CFLAGS)
tests_unit_test_mysql_values_LDADD = $(CMOCKA_LIBS)

# conn.h, which frame.c includes, has the client library's header
tests_unit_test_mysql_frame_SOURCES = tests/unit/test_mysql_frame.c \
	plugins/mysql/frame.c plugins/mysql/frame.h plugins/mysql/conn.h plugins/mysql/mysql.h \
	$(MYSQL_TEST_TEXT)
tests_unit_test_mysql_frame_CPPFLAGS = $(MYSQL_TEST_CPPFLAGS)
tests_unit_test_mysql_frame_CFLAGS = $(MYSQL_TEST_CFLAGS) $(MYSQL_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_mysql_frame_LDADD = $(JSON_LIBS) $(CMOCKA_LIBS)
endif
endif
