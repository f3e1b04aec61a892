/* SPDX-License-Identifier: MIT
 *
 * The files sink: listing, removing, and sweeping what a killed run left.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_store.h"

#define NOBODY 65534

static void put(struct store *store, const char *key)
{
	assert_int_equal(store_put(store, key, key, strlen(key), 0), HF_OK);
}

/* A file that the sink did not make. */
static void plant(const struct store *store, const char *name)
{
	int fd = open(store_at(store, name), O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static int32_t remove_keys(struct store *store, hf_removal *out, const char *const *keys)
{
	uint64_t count = 0;

	while (keys[count])
		count++;
	*out = (hf_removal){ 0 };
	return store->ops->remove(&store->ctx, store->self, keys, count, out);
}

/* --- list --- */

static void a_list_is_exact(void **state)
{
	struct store *store = *state;
	hf_list found = { 0 };

	put(store, "job/p1/manifest.json");
	put(store, "job/p1/main/t.sql");
	put(store, "job/p1/main/deep/er/t.sql");
	put(store, "job/p10/manifest.json");
	put(store, "job-2/p1/manifest.json");
	put(store, "top");
	assert_string_equal(store_list(store, "", 0),
	    "job-2/p1/manifest.json job/p1/main/deep/er/t.sql job/p1/main/t.sql "
	    "job/p1/manifest.json job/p10/manifest.json top ");
	assert_string_equal(store_list(store, "job/p1/", 0),
	    "job/p1/main/deep/er/t.sql job/p1/main/t.sql job/p1/manifest.json ");
	assert_string_equal(store_list(store, "job/p1/main/deep/", 0),
	    "job/p1/main/deep/er/t.sql ");
	assert_string_equal(store_list(store, "", HF_LIST_CHILDREN), "job-2/ job/ top ");
	assert_string_equal(store_list(store, "job/", HF_LIST_CHILDREN), "job/p1/ job/p10/ ");
	assert_string_equal(store_list(store, "job/p1/", HF_LIST_CHILDREN),
	    "job/p1/main/ job/p1/manifest.json ");
	/* nothing there, not even a folder; an object's name is no prefix */
	assert_string_equal(store_list(store, "jo/", 0), "");
	assert_string_equal(store_list(store, "job/p1/main/t.sql/", 0), "");
	assert_string_equal(store_list(store, "top/", HF_LIST_CHILDREN), "");
	assert_int_equal(store->ops->list(&store->ctx, store->self, "job/p10/", 0, &found), HF_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.items[0].bytes, strlen("job/p10/manifest.json"));
	mock_list_free(&found);
}

static void what_is_no_object_is_not_listed(void **state)
{
	struct store *store = *state;

	put(store, "a/b");
	plant(store, ".dot");
	plant(store, "a/.hf-tmp-0011223344556677");
	plant(store, "with space");
	plant(store, "a/new\nline");
	plant(store, "a/colon:");
	assert_int_equal(mkdir(store_at(store, "empty"), 0700), 0);
	assert_int_equal(mkdir(store_at(store, ".snapshot"), 0700), 0);
	plant(store, ".snapshot/a");
	assert_int_equal(mkdir(store_at(store, "only"), 0700), 0);
	plant(store, "only/.hf-tmp-0011223344556677");
	assert_int_equal(mkfifo(store_at(store, "a/fifo"), 0600), 0);
	assert_int_equal(symlink("b", store_at(store, "a/link")), 0);
	assert_int_equal(symlink("a", store_at(store, "linked")), 0);
	assert_int_equal(symlink("..", store_at(store, "a/up")), 0);
	assert_string_equal(store_list(store, "", 0), "a/b ");
	assert_string_equal(store_list(store, "", HF_LIST_CHILDREN), "a/ ");
	assert_string_equal(store_list(store, "a/", HF_LIST_CHILDREN), "a/b ");
	assert_string_equal(store_list(store, "only/", 0), "");
}

static void a_short_list_is_an_error(void **state)
{
	struct store *store = *state;
	hf_list found = { .fail_with = HF_E_CANCELLED };

	put(store, "a/b");
	put(store, "c/shut/d");
	assert_int_equal(store->ops->list(&store->ctx, store->self, "", 0, &found),
	    HF_E_CANCELLED);
	found.fail_with = 0;
	atomic_store(&store->ctx.cancel, 1);
	assert_int_equal(store->ops->list(&store->ctx, store->self, "", 0, &found),
	    HF_E_CANCELLED);
	atomic_store(&store->ctx.cancel, 0);
	mock_list_free(&found);
	/* a folder that cannot be read */
	assert_int_equal(chmod(store->root, 0755), 0);
	assert_int_equal(chmod(store->path, 0755), 0);
	assert_int_equal(chmod(store_at(store, "a"), 0755), 0);
	assert_int_equal(chmod(store_at(store, "c"), 0755), 0);
	assert_int_equal(chmod(store_at(store, "c/shut"), 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	for (uint32_t flags = 0; flags <= HF_LIST_CHILDREN; flags++) {
		int32_t rc = store->ops->list(&store->ctx, store->self, "c/", flags, &found);

		mock_list_free(&found);
		assert_int_equal(rc, HF_E_AUTH);
		assert_non_null(strstr(store->ctx.message, "c/shut"));
	}
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(chmod(store_at(store, "c/shut"), 0700), 0);
}

/* --- remove --- */

static void removes_and_clears_up(void **state)
{
	struct store *store = *state;
	hf_removal out;

	put(store, "job/p1/manifest.json");
	put(store, "job/p1/main/a");
	put(store, "job/p1/main/b");
	put(store, "job/p2/manifest.json");
	put(store, "other/x");
	assert_int_equal(remove_keys(store, &out,
			     (const char *const[]){ "job/p1/manifest.json", "job/p1/main/a",
				 "job/p1/main/never", "nowhere/at/all", "job/p1/main/b",
				 "job/p1/main/b", NULL }),
	    HF_OK);
	assert_int_equal(out.count, 0);
	assert_string_equal(store_list(store, "", 0), "job/p2/manifest.json other/x ");
	assert_int_equal(access(store_at(store, "job/p1"), F_OK), -1);
	assert_int_equal(access(store_at(store, "job"), F_OK), 0);
	assert_int_equal(remove_keys(store, &out,
			     (const char *const[]){ "job/p2/manifest.json", "other/x", NULL }),
	    HF_OK);
	assert_int_equal(store_names(store, ""), 0);
	assert_int_equal(access(store->path, F_OK), 0);
	assert_int_equal(remove_keys(store, &out, (const char *const[]){ NULL }), HF_OK);
}

static void removes_nothing_else(void **state)
{
	struct store *store = *state;
	char outside[128];
	hf_removal out;

	put(store, "a/b/c");
	/* a folder is no object, so it is not there */
	assert_int_equal(remove_keys(store, &out,
			     (const char *const[]){ "a/b", "a", "a/b/c/d", NULL }),
	    HF_OK);
	assert_int_equal(out.count, 0);
	store_has(store, "a/b/c", "a/b/c", 5);
	/* of a link only itself */
	snprintf(outside, sizeof outside, "%s/outside", store->root);
	assert_int_equal(mkdir(outside, 0700), 0);
	snprintf(outside, sizeof outside, "%s/outside/file", store->root);
	assert_int_equal(symlink(outside, store_at(store, "a/link")), 0);
	plant(store, "../outside/file");
	assert_int_equal(remove_keys(store, &out, (const char *const[]){ "a/link", NULL }), HF_OK);
	assert_int_equal(access(outside, F_OK), 0);
	assert_int_equal(access(store_at(store, "a/link"), F_OK), -1);
	/* a folder that holds something else stays */
	plant(store, "a/b/.mine");
	assert_int_equal(remove_keys(store, &out, (const char *const[]){ "a/b/c", NULL }), HF_OK);
	assert_int_equal(access(store_at(store, "a/b/.mine"), F_OK), 0);
}

static void what_stays_is_told(void **state)
{
	static const char *const keys[] = { "open/a", "shut/a", "shut/b", "open/b", NULL };
	struct store *store = *state;
	hf_removal out;
	int32_t rc;

	for (size_t i = 0; keys[i]; i++)
		put(store, keys[i]);
	put(store, "open/keeps-the-folder");
	assert_int_equal(chmod(store->root, 0755), 0);
	assert_int_equal(chmod(store->path, 0755), 0);
	assert_int_equal(chmod(store_at(store, "open"), 0777), 0);
	assert_int_equal(chmod(store_at(store, "shut"), 0555), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	rc = remove_keys(store, &out, keys);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(rc, HF_OK);
	assert_int_equal(out.count, 2);
	assert_int_equal(out.last, 2);
	assert_int_equal(out.status, HF_E_AUTH);
	assert_non_null(strstr(out.message, "shut/b"));
	assert_string_equal(store_list(store, "", 0), "open/keeps-the-folder shut/a shut/b ");
	assert_int_equal(chmod(store_at(store, "shut"), 0700), 0);
	atomic_store(&store->ctx.cancel, 1);
	assert_int_equal(remove_keys(store, &out, keys), HF_E_CANCELLED);
	atomic_store(&store->ctx.cancel, 0);
	store_has(store, "shut/a", "shut/a", 6);
}

/* --- sweep --- */

/* A run that is killed while it writes three objects. */
static void killed_run(struct store *store)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		static const char *const keys[] = { "job/p2/main/a", "job/p2/main/deep/b", "job/c" };

		for (size_t i = 0; i < 3; i++) {
			const hf_put in = { .size = sizeof in, .key = keys[i] };
			void *handle;

			if (store->ops->put_open(&store->ctx, store->self, &in, &handle) != HF_OK ||
			    store->ops->put_write(&store->ctx, handle, "half", 4) != HF_OK)
				_exit(1);
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	close(ready[0]);
	close(ready[1]);
}

static void what_a_killed_run_left_is_swept(void **state)
{
	struct store *store = *state;

	put(store, "job/p1/manifest.json");
	put(store, "foreign/p1/manifest.json");
	plant(store, "foreign/p1/.hf-tmp-0123456789abcdef");
	killed_run(store);
	assert_int_equal(store_names(store, ".hf-tmp-"), 4);
	assert_string_equal(store_list(store, "", 0),
	    "foreign/p1/manifest.json job/p1/manifest.json ");
	assert_int_equal(store->ops->sweep(&store->ctx, store->self, "job/"), HF_OK);
	assert_int_equal(store_names(store, ".hf-tmp-"), 1);
	assert_int_equal(access(store_at(store, "job/p2"), F_OK), -1);
	assert_string_equal(store_list(store, "", 0),
	    "foreign/p1/manifest.json job/p1/manifest.json ");
	assert_int_equal(store->ops->sweep(&store->ctx, store->self, ""), HF_OK);
	assert_int_equal(store_names(store, ".hf-tmp-"), 0);
	assert_int_equal(store->ops->sweep(&store->ctx, store->self, "nowhere/"), HF_OK);
}

static void a_sweep_spares_all_else(void **state)
{
	struct store *store = *state;
	const hf_put in = { .size = sizeof in, .key = "job/live" };
	void *handle, *lock;

	put(store, "job/p1/a");
	plant(store, "job/p1/.hidden");
	plant(store, "job/p1/not a key");
	assert_int_equal(symlink("p1", store_at(store, "job/link")), 0);
	assert_int_equal(mkdir(store_at(store, "job/.hf-tmp-folder"), 0700), 0);
	assert_int_equal(mkdir(store_at(store, "job/empty"), 0700), 0);
	/* somebody writes, and somebody holds a lock */
	assert_int_equal(store->ops->put_open(&store->ctx, store->self, &in, &handle), HF_OK);
	assert_int_equal(store->ops->put_write(&store->ctx, handle, "live", 4), HF_OK);
	assert_int_equal(store->ops->lock(&store->ctx, store->self, "job/run", HF_LOCK_EXCLUSIVE,
			     &lock),
	    HF_OK);
	assert_int_equal(store->ops->sweep(&store->ctx, store->self, "job/"), HF_OK);
	assert_int_equal(store->ops->sweep(&store->ctx, store->self, ""), HF_OK);
	assert_int_equal(access(store_at(store, "job/p1/.hidden"), F_OK), 0);
	assert_int_equal(access(store_at(store, "job/p1/not a key"), F_OK), 0);
	assert_int_equal(access(store_at(store, "job/link"), F_OK), 0);
	assert_int_equal(access(store_at(store, "job/.hf-tmp-folder"), F_OK), 0);
	assert_int_equal(access(store_at(store, "job/.hf-lock-run"), F_OK), 0);
	assert_int_equal(access(store_at(store, "job/empty"), F_OK), -1);
	assert_int_equal(store->ops->put_commit(&store->ctx, handle), HF_OK);
	store->ops->put_free(&store->ctx, handle);
	store->ops->unlock(&store->ctx, lock);
	store_has(store, "job/live", "live", 4);
	store_has(store, "job/p1/a", "job/p1/a", 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_list_is_exact),
		TEST(what_is_no_object_is_not_listed),
		TEST(a_short_list_is_an_error),
		TEST(removes_and_clears_up),
		TEST(removes_nothing_else),
		TEST(what_stays_is_told),
		TEST(what_a_killed_run_left_is_swept),
		TEST(a_sweep_spares_all_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
