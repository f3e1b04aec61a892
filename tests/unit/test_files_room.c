/* SPDX-License-Identifier: MIT
 *
 * The files sink when there is no room, and what its probe says. A small tmpfs where we may mount
 * one, else a limit on the size of files, which fails a write in the same way.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_store.h"

#define MIB ((size_t)1 << 20)

static unsigned char zeros[4 << 20];

/* --- min_free --- */

static void min_free_refuses_with_numbers(void **state)
{
	struct store *store = *state;
	const hf_put in = { .size = sizeof in, .key = "a/b", .size_hint = 5 * MIB };
	void *put;

	assert_int_equal(store_put(store, "old", "x", 1, 0), HF_OK);
	store_option(store, "min_free", "7000000T");
	assert_int_equal(store->ops->put_open(&store->ctx, store->self, &in, &put), HF_E_NO_SPACE);
	assert_non_null(strstr(store->ctx.message, "5.0 MiB are needed"));
	assert_non_null(strstr(store->ctx.message, "6.7 EiB must stay free (min_free)"));
	assert_non_null(strstr(store->ctx.message, "iB are free"));
	assert_non_null(strstr(store->ctx.message, "a/b"));
	assert_non_null(strstr(store->ctx.message, store->path));
	assert_non_null(strstr(store->ctx.hint, "min_free"));
	/* nothing was made, and reading and removing still go */
	assert_int_equal(store_names(store, ""), 1);
	store_has(store, "old", "x", 1);
	assert_int_equal(store->driver->probe(&store->ctx, store->self, HF_PROBE_WRITE),
	    HF_E_NO_SPACE);
	assert_int_equal(store_names(store, ""), 1);
	assert_int_equal(store->driver->probe(&store->ctx, store->self, 0), HF_OK);
}

/* --- a file system of our own --- */

static bool mounted;

static int setup_small(void **state)
{
	struct store *store;

	store_setup(state);
	store = *state;
	assert_int_equal(mkdir(store->path, 0700), 0);
	mounted = mount("tmpfs", store->path, "tmpfs", 0, "size=4m,nr_inodes=20,mode=0700") == 0;
	return 0;
}

static int teardown_small(void **state)
{
	struct store *store = *state;

	store_close(store);
	/* also where a test that failed has left a file open */
	if (mounted)
		assert_int_equal(umount2(store->path, MNT_DETACH), 0);
	return store_teardown(state);
}

static void full_disk_is_told_and_undone(void **state)
{
	struct store *store = *state;
	const hf_put in = { .size = sizeof in, .key = "job/new/a" };
	void *put;

	if (!mounted)
		skip();
	assert_int_equal(store_put(store, "job/old", zeros, MIB, 0), HF_OK);
	assert_int_equal(store->ops->put_open(&store->ctx, store->self, &in, &put), HF_OK);
	assert_int_equal(store->ops->put_write(&store->ctx, put, zeros, 2 * MIB), HF_OK);
	assert_int_equal(store->ops->put_write(&store->ctx, put, zeros, 2 * MIB), HF_E_NO_SPACE);
	assert_non_null(strstr(store->ctx.message, "job/new/a"));
	assert_non_null(strstr(store->ctx.message, store->path));
	assert_non_null(strstr(store->ctx.message, "1.0 MiB more are needed"));
	assert_non_null(strstr(store->ctx.message, "free"));
	assert_true(store->ctx.hint[0] != '\0');
	/* what is not whole cannot be committed */
	assert_int_equal(store->ops->put_commit(&store->ctx, put), HF_E_FAILED);
	store->ops->put_free(&store->ctx, put);
	assert_string_equal(store_list(store, "", 0), "job/old ");
	assert_int_equal(store_names(store, ""), 2);
	store_has(store, "job/old", zeros, MIB);
	assert_int_equal(store_put(store, "job/small", zeros, MIB, 0), HF_OK);
	store_has(store, "job/small", zeros, MIB);
}

static void full_disk_never_replaces(void **state)
{
	struct store *store = *state;

	if (!mounted)
		skip();
	store_option(store, "durable", "yes");
	assert_int_equal(store_put(store, "job/a", "old", 3, HF_PUT_INDEX), HF_OK);
	assert_int_equal(store_put(store, "job/fill", zeros, 3 * MIB, 0), HF_OK);
	assert_int_equal(store_put(store, "job/a", zeros, 2 * MIB, HF_PUT_INDEX), HF_E_NO_SPACE);
	store_has(store, "job/a", "old", 3);
	assert_int_equal(store_names(store, ""), 3);
}

static void no_inode_is_no_space(void **state)
{
	struct store *store = *state;
	int32_t rc = HF_OK;
	char key[32] = "";
	size_t before = 0;

	if (!mounted)
		skip();
	for (int i = 0; i < 30 && rc == HF_OK; i++) {
		before = store_names(store, "");
		snprintf(key, sizeof key, "d%d/e/f", i);
		rc = store_put(store, key, "x", 1, 0);
	}
	assert_int_equal(rc, HF_E_NO_SPACE);
	assert_non_null(strstr(store->ctx.message, store->path));
	store_lacks(store, key);
	/* nor are the folders left that were made for it */
	assert_int_equal(store_names(store, ""), before);
}

static void min_free_is_watched_while_writing(void **state)
{
	struct store *store = *state;
	const hf_put in = { .size = sizeof in, .key = "a" };
	int32_t rc = HF_OK;
	size_t written = 0;
	void *put;

	if (!mounted)
		skip();
	assert_int_equal(mount("tmpfs", store->path, "tmpfs", MS_REMOUNT, "size=40m"), 0);
	store_option(store, "min_free", "20M");
	assert_int_equal(store->ops->put_open(&store->ctx, store->self, &in, &put), HF_OK);
	while (rc == HF_OK && written < 40 * MIB) {
		rc = store->ops->put_write(&store->ctx, put, zeros, sizeof zeros);
		written += sizeof zeros;
	}
	assert_int_equal(rc, HF_E_NO_SPACE);
	assert_non_null(strstr(store->ctx.message, "min_free"));
	/* it looks every 8 MiB */
	assert_true(written <= 28 * MIB);
	store->ops->put_free(&store->ctx, put);
	assert_int_equal(store_names(store, ""), 0);
}

/* --- a limit on the size of files --- */

static void file_too_large_is_no_space(void **state)
{
	struct rlimit old, small;
	struct store *store = *state;
	int32_t rc;

	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 300000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = store_put(store, "a/b", zeros, MIB, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(rc, HF_E_NO_SPACE);
	assert_non_null(strstr(store->ctx.message, "a/b"));
	assert_non_null(strstr(store->ctx.hint, "ulimit"));
	assert_int_equal(store_names(store, ""), 0);
}

/* --- the sink's own folder --- */

static void a_disk_that_is_not_mounted(void **state)
{
	struct store *store = *state;
	hf_list found = { 0 };

	store_option(store, "create", "no");
	assert_int_equal(store_put(store, "a", "x", 1, 0), HF_E_FAILED);
	assert_non_null(strstr(store->ctx.message, store->path));
	assert_non_null(strstr(store->ctx.hint, "mount"));
	assert_int_equal(store->driver->probe(&store->ctx, store->self, HF_PROBE_WRITE),
	    HF_E_FAILED);
	/* not an empty list: the points are on the disk */
	assert_int_equal(store->ops->list(&store->ctx, store->self, "", 0, &found), HF_E_FAILED);
	assert_int_equal(access(store->path, F_OK), -1);
	assert_int_equal(mkdir(store->path, 0700), 0);
	assert_int_equal(store_put(store, "a", "x", 1, 0), HF_OK);
	store_has(store, "a", "x", 1);
}

static void probe_leaves_nothing(void **state)
{
	struct store *store = *state;

	assert_int_equal(store->driver->probe(&store->ctx, store->self, 0), HF_OK);
	assert_int_equal(store->driver->probe(&store->ctx, store->self, HF_PROBE_WRITE), HF_OK);
	assert_int_equal(access(store->path, F_OK), -1);
	assert_int_equal(store_put(store, "a", "x", 1, 0), HF_OK);
	assert_int_equal(store->driver->probe(&store->ctx, store->self, HF_PROBE_WRITE), HF_OK);
	assert_int_equal(store_names(store, ""), 1);
}

static void the_folder_is_a_file(void **state)
{
	struct store *store = *state;
	hf_list found = { 0 };
	FILE *file = fopen(store->path, "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_not_equal(store_put(store, "a", "x", 1, 0), HF_OK);
	assert_non_null(strstr(store->ctx.message, store->path));
	/* not an empty list: the points may be somewhere else */
	assert_int_not_equal(store->ops->list(&store->ctx, store->self, "", 0, &found), HF_OK);
	assert_int_not_equal(store->driver->probe(&store->ctx, store->self, 0), HF_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
#define SMALL(name) cmocka_unit_test_setup_teardown(name, setup_small, teardown_small)
	const struct CMUnitTest tests[] = {
		TEST(min_free_refuses_with_numbers),
		SMALL(full_disk_is_told_and_undone),
		SMALL(full_disk_never_replaces),
		SMALL(no_inode_is_no_space),
		SMALL(min_free_is_watched_while_writing),
		TEST(file_too_large_is_no_space),
		TEST(a_disk_that_is_not_mounted),
		TEST(probe_leaves_nothing),
		TEST(the_folder_is_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
