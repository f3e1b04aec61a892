/* SPDX-License-Identifier: MIT
 *
 * A host for post stages: options, a catalogue made by the test, and everything
 * that the driver said and asked.
 */
#ifndef TESTS_MOCK_POST_H
#define TESTS_MOCK_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdfast/plugin.h>

#define MOCK_OPTIONS 16
#define MOCK_CALLS 64

struct hf_options {
	const hf_option *table;
	size_t count;
	struct {
		const char *name;
		const char *text;
	} given[MOCK_OPTIONS];
};

struct hf_ctx {
	int64_t now_ns;
	bool cancelled;
	int32_t status;
	unsigned fails, warnings;
	char message[1024];
	char hint[1024];
	char warning[1024];
};

struct mock_verdict {
	unsigned given;
	bool expire;
	char reason[1024];
};

struct mock_verify_call {
	uint64_t point;
	uint32_t level;
	uint64_t count;
	uint64_t entries[MOCK_CALLS];
};

struct hf_catalogue {
	hf_point *points;
	size_t count;
	hf_entry *entries; /* the same in every point */
	struct mock_verdict *verdicts;
	/* what verify() answers, by point; cancel after so many calls */
	const int32_t *answers;
	unsigned cancel_after;
	struct mock_verify_call calls[MOCK_CALLS];
	size_t call_count;
};

extern const hf_host mock_host;

const hf_driver *mock_driver(void);
/* Opens the driver with NAME, VALUE, ... NULL. */
int32_t mock_open(hf_ctx *ctx, hf_options *options, void **self, ...);
/* The same from an array that ends with NULL. */
int32_t mock_open_list(hf_ctx *ctx, hf_options *options, void **self, const char *const *list);
hf_point mock_point(const char *id, int64_t begin_ns);

#endif
