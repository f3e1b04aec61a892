/* SPDX-License-Identifier: MIT
 *
 * What the tests of the files sink share: a sink in a folder of its own, and short ways to call it.
 */
#ifndef HF_TEST_FILES_STORE_H
#define HF_TEST_FILES_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock_host.h"

#define STORE_VALUES 16

struct store {
	char root[64]; /* a new folder; the sink's is below it */
	char path[80]; /* the sink's, which is not there yet */
	const hf_driver *driver;
	const hf_sink_ops *ops;
	const char *values[STORE_VALUES];
	hf_options options;
	void *self;
	hf_ctx ctx;
};

/* For cmocka. Not durable, min_free = 0. */
int store_setup(void **state);
int store_teardown(void **state);

/* Opens the sink anew with NAME = VALUE as well, or instead. */
void store_option(struct store *store, const char *name, const char *value);

/* One more instance on the same folder. */
void store_twin(const struct store *store, struct store *twin);
void store_close(struct store *store);

int32_t store_put(struct store *store, const char *key, const void *data, size_t size,
    uint32_t flags);
void store_has(struct store *store, const char *key, const void *data, size_t size);
void store_lacks(struct store *store, const char *key);

/* Reads with buffers of `cap` bytes; how it ended, and what came before it. */
int32_t store_read(struct store *store, const char *key, uint64_t offset, uint64_t length,
    size_t cap, unsigned char *data, size_t room, size_t *size);

/* The keys below `prefix`, sorted, each followed by a space: "a b/ c/d " */
const char *store_list(struct store *store, const char *prefix, uint32_t flags);

/* How many names there are below the folder, of any kind; only those that begin so. */
size_t store_names(const struct store *store, const char *begin);

/* A path in the sink's folder, in turn one of a few buffers. */
const char *store_at(const struct store *store, const char *name);

#endif /* HF_TEST_FILES_STORE_H */
