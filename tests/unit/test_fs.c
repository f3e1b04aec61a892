/* SPDX-License-Identifier: MIT
 * Small files, folders, trees that go, and digests. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/util/digest.h"
#include "engine/util/fs.h"

static char folder[] = "/tmp/holdfast-test-fs-XXXXXX";

static char *below(const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static void test_write_and_read(void **state)
{
	autofree char *path = below("file");
	struct buf text = { 0 };
	struct error err = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(fs_write_atomic(path, "one", 3, 0600, &err), HF_OK);
	assert_int_equal(fs_write_atomic(path, "three", 5, 0640, &err), HF_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fs_read_file(path, 5, &text, &err), HF_OK);
	assert_string_equal(text.data, "three");
	/* the limit is exact, and what was there stays */
	assert_int_equal(fs_read_file(path, 4, &text, &err), HF_E_CONFIG);
	assert_string_equal(text.data, "three");
	assert_int_equal(text.len, 5);
	error_clear(&err);
	assert_int_equal(fs_read_file(folder, 10, &text, &err), HF_E_CONFIG);
	error_clear(&err);
	buf_free(&text);
}

static void test_failures_have_a_class(void **state)
{
	autofree char *gone = below("gone/file"), *file = below("plain");
	autofree char *under = below("plain/x/y");
	struct buf text = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(fs_read_file(gone, 10, &text, &err), HF_E_NOT_FOUND);
	assert_non_null(strstr(err.message, gone));
	assert_int_equal(fs_write_atomic(gone, "x", 1, 0600, &err), HF_E_NOT_FOUND);
	assert_int_equal(fs_write_atomic(file, "x", 1, 0600, NULL), HF_OK);
	assert_int_equal(fs_mkdirs(under, 0700, &err), HF_E_NOT_FOUND);
	assert_int_equal(fs_mkdirs("", 0700, &err), HF_E_NOT_FOUND);
	error_clear(&err);
	assert_null(text.data);
}

static void test_mkdirs(void **state)
{
	autofree char *path = below("a//b/c/");
	struct stat st;

	(void)state;
	assert_int_equal(fs_mkdirs(path, 0700, NULL), HF_OK);
	assert_int_equal(fs_mkdirs(path, 0755, NULL), HF_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fs_mkdirs("/", 0700, NULL), HF_OK);
}

static void test_remove_tree(void **state)
{
	autofree char *tree = below("tree"), *deep = below("tree/x/y"), *link = below("tree/x/l");
	autofree char *kept = below("kept"), *inside = below("kept/file"), *shut = below("tree/x");

	(void)state;
	assert_int_equal(fs_mkdirs(deep, 0700, NULL), HF_OK);
	assert_int_equal(fs_mkdirs(kept, 0700, NULL), HF_OK);
	assert_int_equal(fs_write_atomic(inside, "x", 1, 0600, NULL), HF_OK);
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(chmod(shut, 0500), 0);
	assert_int_equal(fs_remove_tree(tree, NULL), HF_OK);
	assert_int_equal(access(tree, F_OK), -1);
	assert_int_equal(access(inside, F_OK), 0);
	assert_int_equal(fs_remove_tree(tree, NULL), HF_OK);
	assert_int_equal(fs_remove_tree(inside, NULL), HF_OK);
	assert_int_equal(access(inside, F_OK), -1);
}

static void test_digest(void **state)
{
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const char none[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	struct digest *d = digest_new();
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	digest_hex_of("abc", 3, hex);
	assert_string_equal(hex, abc);
	digest_update(d, "a", 1);
	digest_update(d, NULL, 0);
	digest_update(d, "bc", 2);
	digest_hex(d, hex);
	assert_string_equal(hex, abc);
	digest_hex(d, hex); /* as new */
	assert_string_equal(hex, none);
	digest_update(d, "abc", 3);
	digest_hex(d, hex);
	assert_string_equal(hex, abc);
	digest_free(d);
	digest_free(NULL);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return fs_remove_tree(folder, NULL) == HF_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_and_read),
		cmocka_unit_test(test_failures_have_a_class),
		cmocka_unit_test(test_mkdirs),
		cmocka_unit_test(test_remove_tree),
		cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
