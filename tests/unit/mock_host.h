/* SPDX-License-Identifier: MIT
 *
 * A small host for the unit tests of drivers: it keeps what a driver says and
 * gives options from a list of texts. For the laws of the ABI there is the
 * conformance kit; this is for looking closely at one driver.
 */
#ifndef HF_TEST_MOCK_HOST_H
#define HF_TEST_MOCK_HOST_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/plugin.h>

/* One call's context. One a thread. Zero it before use. */
struct hf_ctx {
	int32_t status;       /* of the last fail() */
	char message[2048];
	char hint[512];
	char warning[2048];   /* the last one */
	unsigned int warnings;
	atomic_int cancel;    /* 1: stop */
};

/* NAME, VALUE, NAME, VALUE ..., NULL. What is not given has the default. */
struct hf_options {
	const hf_option *table;
	const char *const *values;
};

/* What list() and stat() report, in their order. */
struct hf_list {
	struct mock_object {
		char *key;
		uint64_t bytes;
		uint32_t flags;
	} *items;
	size_t count;
	int32_t fail_with; /* what object() returns, 0 to keep it */
};

struct hf_removal {
	uint64_t count;
	uint64_t last;
	int32_t status;
	char message[2048];
};

extern const hf_host mock_host;

/* Sorted by key. */
void mock_list_sort(hf_list *list);
const struct mock_object *mock_list_find(const hf_list *list, const char *key);
void mock_list_free(hf_list *list);

/* The driver of that kind in a plugin that is linked into the test. */
const hf_driver *mock_driver(uint32_t kind);

#endif /* HF_TEST_MOCK_HOST_H */
