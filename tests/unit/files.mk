# SPDX-License-Identifier: MIT
# Unit tests of the files source, linked with the whole plugin and a small host.
if HAVE_CMOCKA
if ENABLE_FILES
files_unit_tests = \
	tests/unit/test_files_match tests/unit/test_files_source tests/unit/test_files_restore \
	tests/unit/test_files_same
check_PROGRAMS += $(files_unit_tests)
TESTS += $(files_unit_tests)

FILES_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
FILES_TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(FILES_CFLAGS)
FILES_TEST_LIBS = $(FILES_LIBS) $(CMOCKA_LIBS)
FILES_TEST_PARTS = \
	plugins/files/files.c plugins/files/files.h \
	plugins/files/source.c plugins/files/source.h plugins/files/source_paths.c \
	plugins/files/source_match.c plugins/files/source_dump.c plugins/files/source_walk.c \
	plugins/files/source_member.c plugins/files/source_links.c plugins/files/source_data.c \
	plugins/files/source_attrs.c plugins/files/source_restore.c \
	plugins/files/source_extract.c plugins/files/source_target.c \
	plugins/files/source_owner.c plugins/files/restore.h \
	plugins/files/sink.c plugins/files/sink.h plugins/files/sink_path.c \
	plugins/files/sink_sync.c plugins/files/sink_space.c plugins/files/sink_put.c \
	plugins/files/sink_get.c plugins/files/sink_list.c plugins/files/sink_remove.c \
	plugins/files/sink_lock.c \
	tests/unit/files_source.c tests/unit/files_source.h \
	tests/unit/mock_host.c tests/unit/mock_host.h

tests_unit_test_files_match_SOURCES = tests/unit/test_files_match.c \
	plugins/files/source_match.c plugins/files/source.h
tests_unit_test_files_match_CPPFLAGS = $(FILES_TEST_CPPFLAGS)
tests_unit_test_files_match_CFLAGS = $(FILES_TEST_CFLAGS)
tests_unit_test_files_match_LDADD = $(FILES_TEST_LIBS)

tests_unit_test_files_source_SOURCES = tests/unit/test_files_source.c $(FILES_TEST_PARTS)
tests_unit_test_files_source_CPPFLAGS = $(FILES_TEST_CPPFLAGS)
tests_unit_test_files_source_CFLAGS = $(FILES_TEST_CFLAGS)
tests_unit_test_files_source_LDADD = $(FILES_TEST_LIBS)

tests_unit_test_files_restore_SOURCES = tests/unit/test_files_restore.c $(FILES_TEST_PARTS)
tests_unit_test_files_restore_CPPFLAGS = $(FILES_TEST_CPPFLAGS)
tests_unit_test_files_restore_CFLAGS = $(FILES_TEST_CFLAGS)
tests_unit_test_files_restore_LDADD = $(FILES_TEST_LIBS)

tests_unit_test_files_same_SOURCES = tests/unit/test_files_same.c $(FILES_TEST_PARTS)
tests_unit_test_files_same_CPPFLAGS = $(FILES_TEST_CPPFLAGS)
tests_unit_test_files_same_CFLAGS = $(FILES_TEST_CFLAGS)
tests_unit_test_files_same_LDADD = $(FILES_TEST_LIBS)
endif
endif
