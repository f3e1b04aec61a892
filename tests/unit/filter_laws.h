/* SPDX-License-Identifier: MIT
 *
 * What the tests of the compressors share: running a stream with cursors of
 * any size, and comparing with a command-line tool.
 */
#ifndef HF_TEST_FILTER_LAWS_H
#define HF_TEST_FILTER_LAWS_H

#include <stdbool.h>
#include <stdint.h>

#include "mock_host.h"

struct bytes {
	unsigned char *data;
	size_t size;
};

/* A driver's instance under test. */
struct filter_under_test {
	const hf_driver *driver;
	hf_options options;
	void *self;
	uint32_t threads; /* granted to a stream */
};

/* values: NAME, VALUE ..., NULL; or NULL */
void filter_setup(struct filter_under_test *test, const char *const *values);
void filter_teardown(struct filter_under_test *test);

void bytes_free(struct bytes *bytes);
struct bytes bytes_join(const struct bytes *a, const struct bytes *b);
/* Repetitive text and noise in turns: always the same for a seed. */
struct bytes make_data(size_t size, uint32_t seed);
void assert_same(const struct bytes *a, const struct bytes *b);

/* Runs one stream with cursors of at most in_step and out_step bytes (0: all
 * at once), checking progress at each call. Returns how it ended. */
int32_t run_stream(struct filter_under_test *test, uint32_t direction, const struct bytes *in,
    size_t in_step, size_t out_step, struct bytes *out, hf_ctx *ctx);
struct bytes encode_all(struct filter_under_test *test, const struct bytes *in);

/* Sends `in` through a shell command. The command must succeed. */
struct bytes through(const char *command, const struct bytes *in);

/* Laws that hold for every compressor. */
void law_round_trip(struct filter_under_test *test);
void law_concatenation(struct filter_under_test *test);
void law_truncation(struct filter_under_test *test);
void law_flips(struct filter_under_test *test);
void law_garbage(struct filter_under_test *test);
void law_threads(struct filter_under_test *test);
void law_tool(struct filter_under_test *test, const char *encode, const char *decode);

#endif /* HF_TEST_FILTER_LAWS_H */
