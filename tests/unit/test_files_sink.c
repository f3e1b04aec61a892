/* SPDX-License-Identifier: MIT
 *
 * The files sink: storing an object and reading it.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_store.h"

static void *begin_put(struct store *store, const char *key, const char *text, uint32_t flags)
{
	const hf_put in = { .size = sizeof in, .flags = flags, .key = key };
	void *put;

	assert_int_equal(store->ops->put_open(&store->ctx, store->self, &in, &put), HF_OK);
	assert_int_equal(store->ops->put_write(&store->ctx, put, text, strlen(text)), HF_OK);
	return put;
}

static void seen_once_it_is_whole(void **state)
{
	struct store *store = *state;
	void *put = begin_put(store, "job/point/main/a", "some bytes", 0);
	struct stat st;

	store_lacks(store, "job/point/main/a");
	assert_string_equal(store_list(store, "", 0), "");
	assert_string_equal(store_list(store, "", HF_LIST_CHILDREN), "");
	assert_int_equal(store->ops->put_commit(&store->ctx, put), HF_OK);
	store_has(store, "job/point/main/a", "some bytes", 10);
	store->ops->put_free(&store->ctx, put);
	store_has(store, "job/point/main/a", "some bytes", 10);
	assert_string_equal(store_list(store, "", 0), "job/point/main/a ");
	assert_int_equal(store_names(store, "."), 0);
	/* nobody else may read a backup */
	assert_int_equal(stat(store_at(store, "job/point/main/a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(store_at(store, "job/point"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(store->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void given_up_leaves_nothing(void **state)
{
	struct store *store = *state;
	void *first = begin_put(store, "job/a/b/c/d", "lost", 0);
	void *second = begin_put(store, "job/a/e", "lost", HF_PUT_INDEX);

	assert_int_equal(store_names(store, ".hf-tmp-"), 2);
	store->ops->put_free(&store->ctx, first);
	assert_int_equal(access(store_at(store, "job/a/b"), F_OK), -1);
	store->ops->put_free(&store->ctx, second);
	assert_int_equal(store_names(store, ""), 0);
	assert_int_equal(access(store->path, F_OK), 0);
}

static void replaced_at_once_or_not_at_all(void **state)
{
	struct store *store = *state;
	char buf[8];
	uint64_t got;
	void *put, *get;

	assert_int_equal(store_put(store, "a/b", "old", 3, 0), HF_OK);
	put = begin_put(store, "a/b", "never", 0);
	store->ops->put_free(&store->ctx, put);
	store_has(store, "a/b", "old", 3);
	put = begin_put(store, "a/b", "newer", 0);
	store_has(store, "a/b", "old", 3);
	assert_int_equal(store->ops->get_open(&store->ctx, store->self, "a/b", 0, 3, &get), HF_OK);
	assert_int_equal(store->ops->put_commit(&store->ctx, put), HF_OK);
	store->ops->put_free(&store->ctx, put);
	store_has(store, "a/b", "newer", 5);
	/* who was reading reads on */
	assert_int_equal(store->ops->get_read(&store->ctx, get, buf, sizeof buf, &got), HF_OK);
	assert_int_equal(got, 3);
	assert_memory_equal(buf, "old", 3);
	store->ops->get_free(&store->ctx, get);
	assert_string_equal(store_list(store, "", 0), "a/b ");
	assert_int_equal(store_names(store, "."), 0);
}

static void if_absent_never_replaces(void **state)
{
	struct store *store = *state;
	void *first, *second;

	first = begin_put(store, "a", "first", HF_PUT_IF_ABSENT);
	second = begin_put(store, "a", "second", HF_PUT_IF_ABSENT);
	assert_int_equal(store->ops->put_commit(&store->ctx, second), HF_OK);
	assert_int_equal(store->ops->put_commit(&store->ctx, first), HF_E_EXISTS);
	assert_non_null(strstr(store->ctx.message, "/a'"));
	store->ops->put_free(&store->ctx, first);
	store->ops->put_free(&store->ctx, second);
	store_has(store, "a", "second", 6);
	assert_int_equal(store_put(store, "a", "third", 5, HF_PUT_IF_ABSENT), HF_E_EXISTS);
	store_has(store, "a", "second", 6);
	assert_int_equal(store_names(store, ""), 1);
}

static void any_size(void **state)
{
	static const size_t sizes[] = { 0, 1, (8 << 20) - 1, 8 << 20, (8 << 20) + 1,
		(17 << 20) + 5 };
	struct store *store = *state;
	unsigned char *data = malloc(18 << 20);

	assert_non_null(data);
	for (size_t i = 0; i < 18 << 20; i++)
		data[i] = (unsigned char)(i * 2654435761u >> 13);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		assert_int_equal(store_put(store, "x/y", data, sizes[i], 0), HF_OK);
		store_has(store, "x/y", data, sizes[i]);
	}
	/* a sink that syncs, over its first commits, which it syncs singly, and beyond */
	store_option(store, "durable", "yes");
	for (int i = 0; i < 40; i++) {
		char key[16];

		snprintf(key, sizeof key, "d/%d/k", i);
		assert_int_equal(store_put(store, key, data, 10, i % 9 ? 0 : HF_PUT_INDEX), HF_OK);
	}
	assert_int_equal(store->ops->flush(&store->ctx, store->self), HF_OK);
	assert_int_equal(store_put(store, "d/0/k", data, 20, 0), HF_OK);
	assert_int_equal(store->ops->flush(&store->ctx, store->self), HF_OK);
	store_has(store, "d/0/k", data, 20);
	store_has(store, "d/39/k", data, 10);
	free(data);
}

static void ranges(void **state)
{
	static const struct {
		uint64_t offset, length;
		int32_t end;
		size_t got;
	} cases[] = {
		{ 0, UINT64_MAX, HF_END, 1000 },
		{ 0, 1000, HF_END, 1000 },
		{ 0, 0, HF_END, 0 },
		{ 0, 1, HF_END, 1 },
		{ 1, 998, HF_END, 998 },
		{ 999, 1, HF_END, 1 },
		{ 999, UINT64_MAX, HF_END, 1 },
		{ 1000, 0, HF_END, 0 },
		{ 1000, UINT64_MAX, HF_END, 0 },
		{ 0, 1001, HF_E_CORRUPT, 1000 },
		{ 0, UINT64_MAX - 1, HF_E_CORRUPT, 1000 },
		{ 999, 2, HF_E_CORRUPT, 1 },
		{ 1000, 1, HF_E_CORRUPT, 0 },
		{ 1001, 0, HF_E_CORRUPT, 0 },
		{ 1001, UINT64_MAX, HF_E_CORRUPT, 0 },
		{ UINT64_MAX, UINT64_MAX, HF_E_CORRUPT, 0 },
		{ UINT64_MAX - 1, 5, HF_E_CORRUPT, 0 },
	};
	static const size_t caps[] = { 1, 7, 999, 1000, 4096 };
	struct store *store = *state;
	unsigned char data[1000], got[8192];
	size_t size;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (unsigned char)(i % 251);
	assert_int_equal(store_put(store, "r", data, sizeof data, 0), HF_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t c = 0; c < sizeof caps / sizeof *caps; c++) {
			int32_t rc = store_read(store, "r", cases[i].offset, cases[i].length,
			    caps[c], got, sizeof got, &size);

			assert_int_equal(rc, cases[i].end);
			/* before it fails it may give what there is, or less */
			assert_true(rc == HF_END ? size == cases[i].got : size <= cases[i].got);
			if (size)
				assert_memory_equal(got, data + cases[i].offset, size);
		}
}

static void cut_while_it_is_read(void **state)
{
	struct store *store = *state;
	unsigned char buf[100];
	uint64_t got;
	void *get;
	int32_t rc;

	assert_int_equal(store_put(store, "a/cut", "0123456789", 10, 0), HF_OK);
	assert_int_equal(store->ops->get_open(&store->ctx, store->self, "a/cut", 0, 10, &get),
	    HF_OK);
	assert_int_equal(truncate(store_at(store, "a/cut"), 4), 0);
	rc = store->ops->get_read(&store->ctx, get, buf, sizeof buf, &got);
	if (rc == HF_OK) {
		assert_int_equal(got, 4);
		rc = store->ops->get_read(&store->ctx, get, buf, sizeof buf, &got);
	}
	assert_int_equal(rc, HF_E_CORRUPT);
	assert_non_null(strstr(store->ctx.message, "a/cut"));
	store->ops->get_free(&store->ctx, get);
}

static void what_is_not_there(void **state)
{
	struct store *store = *state;

	/* not even the sink's folder, which reading does not make */
	store_lacks(store, "a/b");
	assert_string_equal(store_list(store, "", 0), "");
	assert_string_equal(store_list(store, "a/", HF_LIST_CHILDREN), "");
	assert_int_equal(access(store->path, F_OK), -1);
	assert_int_equal(store_put(store, "a/b", "x", 1, 0), HF_OK);
	store_lacks(store, "a");
	store_lacks(store, "a/c");
	store_lacks(store, "a/b/c");
	store_lacks(store, "b/c");
}

/* --- things that somebody else put there --- */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void is_refused(struct store *store, const char *key)
{
	unsigned char buf[100];
	hf_list found = { 0 };
	size_t size;

	assert_int_equal(store_read(store, key, 0, UINT64_MAX, 50, buf, sizeof buf, &size),
	    HF_E_CORRUPT);
	assert_int_equal(size, 0);
	assert_int_equal(store->ops->stat(&store->ctx, store->self, key, &found), HF_E_CORRUPT);
	assert_int_equal(found.count, 0);
}

static void links_are_not_followed(void **state)
{
	struct store *store = *state;
	const char *const key = "a/link";
	char outside[128], text[16];
	hf_removal removal = { 0 };
	struct stat st;
	int fd;

	assert_int_equal(store_put(store, "a/real", "x", 1, 0), HF_OK);
	snprintf(outside, sizeof outside, "%s/outside", store->root);
	assert_int_equal(mkdir(outside, 0700), 0);
	assert_int_equal(symlink(outside, store_at(store, "dir")), 0);
	snprintf(outside, sizeof outside, "%s/outside/secret", store->root);
	write_file(outside, "secret");
	assert_int_equal(symlink(outside, store_at(store, key)), 0);
	is_refused(store, key);
	is_refused(store, "dir/secret");
	assert_non_null(strstr(store->ctx.message, "symbolic link"));
	assert_string_equal(store_list(store, "", 0), "a/real ");
	assert_true(store->ctx.warnings > 0);
	assert_int_equal(store_put(store, "dir/new", "x", 1, 0), HF_E_CORRUPT);
	assert_int_equal(store->ops->remove(&store->ctx, store->self,
			     (const char *const[]){ "dir/secret" }, 1, &removal),
	    HF_E_CORRUPT);
	/* the link itself may be replaced, and what it points to stays as it is */
	assert_int_equal(store_put(store, key, "mine", 4, 0), HF_OK);
	store_has(store, key, "mine", 4);
	assert_int_equal(lstat(store_at(store, key), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	fd = open(outside, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof text), 6);
	assert_memory_equal(text, "secret", 6);
	close(fd);
}

static void only_regular_files_are_objects(void **state)
{
	struct store *store = *state;

	assert_int_equal(store_put(store, "a/real", "x", 1, 0), HF_OK);
	/* would block for ever if it were opened plainly */
	assert_int_equal(mkfifo(store_at(store, "a/fifo"), 0600), 0);
	is_refused(store, "a/fifo");
	assert_int_equal(mkdir(store_at(store, "a/folder"), 0700), 0);
	store_lacks(store, "a/folder");
	assert_string_equal(store_list(store, "", 0), "a/real ");
	/* a folder where an object is to be, an object where a folder is to be */
	assert_int_not_equal(store_put(store, "a/folder", "x", 1, 0), HF_OK);
	assert_int_not_equal(store_put(store, "a/real/below", "x", 1, 0), HF_OK);
	assert_int_equal(store_names(store, "."), 0);
	store_has(store, "a/real", "x", 1);
}

/* --- keys --- */

static void hostile_key(struct store *store, const char *key)
{
	hf_list found = { 0 };
	hf_removal removal = { 0 };
	void *handle;

	assert_int_not_equal(store_put(store, key, "x", 1, 0), HF_OK);
	assert_int_not_equal(store->ops->get_open(&store->ctx, store->self, key, 0, 1, &handle),
	    HF_OK);
	assert_int_not_equal(store->ops->stat(&store->ctx, store->self, key, &found), HF_OK);
	assert_int_not_equal(store->ops->remove(&store->ctx, store->self,
				 (const char *const[]){ "fine", key }, 2, &removal),
	    HF_OK);
	assert_int_not_equal(
	    store->ops->lock(&store->ctx, store->self, key, HF_LOCK_EXCLUSIVE, &handle), HF_OK);
	assert_int_equal(found.count, 0);
}

static void hostile_keys(void **state)
{
	static const char *const keys[] = { "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..",
		"a/../../b", "./a", ".hidden", "a/.hf-tmp-0123456789abcdef", "a b", "a\nb", "a\\b",
		"a\tb", "a:b", "a*b", "\xc3\xa9", "a\x01", "a\x7f" };
	static const char *const prefixes[] = { "a", "../", "/", "a//", "./", ".a/", "a/../b/" };
	struct store *store = *state;
	char key[1100];

	assert_int_equal(store_put(store, "fine", "x", 1, 0), HF_OK);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		hostile_key(store, keys[i]);
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		hf_list found = { 0 };

		assert_int_not_equal(
		    store->ops->list(&store->ctx, store->self, prefixes[i], 0, &found), HF_OK);
		assert_int_not_equal(store->ops->sweep(&store->ctx, store->self, prefixes[i]),
		    HF_OK);
		assert_int_equal(found.count, 0);
	}
	memset(key, 'k', sizeof key);
	key[241] = '\0';
	hostile_key(store, key);
	memset(key, 'k', sizeof key);
	for (size_t i = 100; i < sizeof key; i += 101)
		key[i] = '/';
	key[1025] = '\0';
	hostile_key(store, key);
	/* not even the good key of a remove() with a bad one */
	store_has(store, "fine", "x", 1);
	assert_int_equal(store_names(store, ""), 1);
	/* the longest ones are good */
	key[1024] = '\0';
	assert_int_equal(store_put(store, key, "x", 1, 0), HF_OK);
	store_has(store, key, "x", 1);
	memset(key, '.', sizeof key);
	key[0] = '~';
	key[240] = '\0';
	assert_int_equal(store_put(store, key, "x", 1, 0), HF_OK);
	store_has(store, key, "x", 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(seen_once_it_is_whole),
		TEST(given_up_leaves_nothing),
		TEST(replaced_at_once_or_not_at_all),
		TEST(if_absent_never_replaces),
		TEST(any_size),
		TEST(ranges),
		TEST(cut_while_it_is_read),
		TEST(what_is_not_there),
		TEST(links_are_not_followed),
		TEST(only_regular_files_are_objects),
		TEST(hostile_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
