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

if ENABLE_FILES
# without the source, which the sink knows nothing of
plugins_unit_tests += tests/unit/test_files_sink tests/unit/test_files_room \
	tests/unit/test_files_tree tests/unit/test_files_lock
PLUGINS_TEST_SINK = \
	plugins/files/files.c plugins/files/files.h plugins/files/sink.c plugins/files/sink.h \
	plugins/files/sink_path.c plugins/files/sink_sync.c plugins/files/sink_space.c \
	plugins/files/sink_put.c plugins/files/sink_get.c plugins/files/sink_list.c \
	plugins/files/sink_remove.c plugins/files/sink_lock.c \
	tests/unit/files_store.c tests/unit/files_store.h $(PLUGINS_TEST_HOST)
tests_unit_test_files_sink_SOURCES = tests/unit/test_files_sink.c $(PLUGINS_TEST_SINK)
tests_unit_test_files_sink_CPPFLAGS = $(PLUGINS_TEST_CPPFLAGS)
tests_unit_test_files_sink_CFLAGS = $(PLUGINS_TEST_CFLAGS)
tests_unit_test_files_sink_LDADD = $(CMOCKA_LIBS)
tests_unit_test_files_room_SOURCES = tests/unit/test_files_room.c $(PLUGINS_TEST_SINK)
tests_unit_test_files_room_CPPFLAGS = $(PLUGINS_TEST_CPPFLAGS)
tests_unit_test_files_room_CFLAGS = $(PLUGINS_TEST_CFLAGS)
tests_unit_test_files_room_LDADD = $(CMOCKA_LIBS)
tests_unit_test_files_tree_SOURCES = tests/unit/test_files_tree.c $(PLUGINS_TEST_SINK)
tests_unit_test_files_tree_CPPFLAGS = $(PLUGINS_TEST_CPPFLAGS)
tests_unit_test_files_tree_CFLAGS = $(PLUGINS_TEST_CFLAGS)
tests_unit_test_files_tree_LDADD = $(CMOCKA_LIBS)
tests_unit_test_files_lock_SOURCES = tests/unit/test_files_lock.c $(PLUGINS_TEST_SINK)
tests_unit_test_files_lock_CPPFLAGS = $(PLUGINS_TEST_CPPFLAGS)
tests_unit_test_files_lock_CFLAGS = $(PLUGINS_TEST_CFLAGS)
tests_unit_test_files_lock_LDADD = $(CMOCKA_LIBS)
endif

check_PROGRAMS += $(plugins_unit_tests)
TESTS += $(plugins_unit_tests)
endif
