/* SPDX-License-Identifier: MIT
 *
 * A files sink in a folder of its own.
 */
#include "config.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_store.h"
#include "plugins/files/files.h"

/* The plugin's other half, which these tests do without. */
const hf_driver files_source_driver = { .size = sizeof files_source_driver,
	.kind = HF_KIND_SOURCE,
	.name = "files" };

static void open_store(struct store *store)
{
	store->options.table = store->driver->options;
	store->options.values = store->values;
	assert_int_equal(store->driver->open(&store->ctx, &store->options, &store->self), HF_OK);
}

int store_setup(void **state)
{
	struct store *store = calloc(1, sizeof *store);

	assert_non_null(store);
	snprintf(store->root, sizeof store->root, "/tmp/hf-sink-XXXXXX");
	assert_non_null(mkdtemp(store->root));
	snprintf(store->path, sizeof store->path, "%s/store", store->root);
	store->driver = mock_driver(HF_KIND_SINK);
	store->ops = store->driver->sink;
	store->values[0] = "path";
	store->values[1] = store->path;
	store->values[2] = "min_free";
	store->values[3] = "0";
	store->values[4] = "durable";
	store->values[5] = "no";
	open_store(store);
	*state = store;
	return 0;
}

static int remove_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int store_teardown(void **state)
{
	struct store *store = *state;

	if (store->self)
		store_close(store);
	assert_int_equal(nftw(store->root, remove_name, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
	free(store);
	return 0;
}

void store_close(struct store *store)
{
	store->driver->close(&store->ctx, store->self);
	store->self = NULL;
}

void store_option(struct store *store, const char *name, const char *value)
{
	size_t i = 0;

	while (store->values[i] && strcmp(store->values[i], name) != 0)
		i += 2;
	assert_true(i + 2 < STORE_VALUES);
	store->values[i] = name;
	store->values[i + 1] = value;
	store_close(store);
	open_store(store);
}

void store_twin(const struct store *store, struct store *twin)
{
	*twin = (struct store){ .driver = store->driver, .ops = store->ops };
	memcpy(twin->root, store->root, sizeof twin->root);
	memcpy(twin->path, store->path, sizeof twin->path);
	memcpy(twin->values, store->values, sizeof twin->values);
	open_store(twin);
}

int32_t store_put(struct store *store, const char *key, const void *data, size_t size,
    uint32_t flags)
{
	const hf_put in = { .size = sizeof in, .flags = flags, .key = key };
	const char *from = data;
	void *put;
	int32_t rc = store->ops->put_open(&store->ctx, store->self, &in, &put);

	if (rc != HF_OK)
		return rc;
	while (rc == HF_OK && size > 0) {
		size_t part = size > 1000000 ? 1000000 : size;

		rc = store->ops->put_write(&store->ctx, put, from, part);
		from += part;
		size -= part;
	}
	if (rc == HF_OK)
		rc = store->ops->put_commit(&store->ctx, put);
	store->ops->put_free(&store->ctx, put);
	return rc;
}

int32_t store_read(struct store *store, const char *key, uint64_t offset, uint64_t length,
    size_t cap, unsigned char *data, size_t room, size_t *size)
{
	uint64_t got;
	void *get;
	int32_t rc = store->ops->get_open(&store->ctx, store->self, key, offset, length, &get);

	*size = 0;
	if (rc != HF_OK)
		return rc;
	for (;;) {
		assert_true(*size + cap <= room);
		got = 0;
		rc = store->ops->get_read(&store->ctx, get, data + *size, cap, &got);
		if (rc != HF_OK)
			break;
		assert_true(got >= 1 && got <= cap);
		*size += got;
	}
	store->ops->get_free(&store->ctx, get);
	return rc;
}

void store_has(struct store *store, const char *key, const void *data, size_t size)
{
	unsigned char *got = malloc(size + 65536);
	hf_list found = { 0 };
	size_t count;

	assert_non_null(got);
	assert_int_equal(store_read(store, key, 0, UINT64_MAX, 65536, got, size + 65536, &count),
	    HF_END);
	assert_int_equal(count, size);
	if (size)
		assert_memory_equal(got, data, size);
	free(got);
	assert_int_equal(store->ops->stat(&store->ctx, store->self, key, &found), HF_OK);
	assert_int_equal(found.count, 1);
	assert_string_equal(found.items[0].key, key);
	assert_int_equal(found.items[0].bytes, size);
	assert_int_equal(found.items[0].flags, 0);
	mock_list_free(&found);
}

void store_lacks(struct store *store, const char *key)
{
	hf_list found = { 0 };
	void *get;

	assert_int_equal(store->ops->get_open(&store->ctx, store->self, key, 0, UINT64_MAX, &get),
	    HF_E_NOT_FOUND);
	assert_non_null(strstr(store->ctx.message, store->path));
	assert_int_equal(store->ops->stat(&store->ctx, store->self, key, &found), HF_E_NOT_FOUND);
	assert_int_equal(found.count, 0);
}

const char *store_list(struct store *store, const char *prefix, uint32_t flags)
{
	static char text[4096];
	hf_list found = { 0 };
	size_t n = 0;

	assert_int_equal(store->ops->list(&store->ctx, store->self, prefix, flags, &found), HF_OK);
	mock_list_sort(&found);
	text[0] = '\0';
	for (size_t i = 0; i < found.count; i++) {
		const char *key = found.items[i].key;
		bool prefixed = key[strlen(key) - 1] == '/';

		assert_int_equal(found.items[i].flags, prefixed ? HF_OBJECT_PREFIX : 0);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s ", key);
		assert_true(n < sizeof text);
	}
	mock_list_free(&found);
	return text;
}

/* nftw() has no argument for its callee. */
static const char *wanted;
static size_t counted;

static int count_name(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	if (at->level > 0 && strncmp(path + at->base, wanted, strlen(wanted)) == 0)
		counted++;
	return 0;
}

size_t store_names(const struct store *store, const char *begin)
{
	wanted = begin;
	counted = 0;
	if (access(store->path, F_OK) == 0)
		assert_int_equal(nftw(store->path, count_name, 16, FTW_PHYS), 0);
	return counted;
}

const char *store_at(const struct store *store, const char *name)
{
	static char paths[4][2048];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", store->path, name);
	return path;
}
