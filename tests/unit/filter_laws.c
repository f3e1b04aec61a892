/* SPDX-License-Identifier: MIT
 *
 * Laws of every compressor, on a driver linked into the test.
 */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "filter_laws.h"

void filter_setup(struct filter_under_test *test, const char *const *values)
{
	hf_ctx ctx = { 0 };

	*test = (struct filter_under_test){ .driver = mock_driver(HF_KIND_COMPRESSOR),
		.threads = 1 };
	test->options.table = test->driver->options;
	test->options.values = values;
	assert_int_equal(test->driver->open(&ctx, &test->options, &test->self), HF_OK);
}

void filter_teardown(struct filter_under_test *test)
{
	hf_ctx ctx = { 0 };

	test->driver->close(&ctx, test->self);
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

struct bytes bytes_join(const struct bytes *a, const struct bytes *b)
{
	struct bytes out = { .data = malloc(a->size + b->size + 1), .size = a->size + b->size };

	assert_non_null(out.data);
	if (a->size)
		memcpy(out.data, a->data, a->size);
	if (b->size)
		memcpy(out.data + a->size, b->data, b->size);
	return out;
}

struct bytes make_data(size_t size, uint32_t seed)
{
	struct bytes out = { .data = malloc(size + 1), .size = size };

	assert_non_null(out.data);
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525u + 1013904223u;
		out.data[i] = i / 4096 % 2 ? (unsigned char)(seed >> 24) :
					     (unsigned char)("abcdefgh"[(seed >> 30) + i % 4]);
	}
	return out;
}

void assert_same(const struct bytes *a, const struct bytes *b)
{
	assert_int_equal(a->size, b->size);
	if (a->size)
		assert_memory_equal(a->data, b->data, a->size);
}

static void grow(struct bytes *out, size_t *room, size_t more)
{
	if (out->size + more <= *room)
		return;
	*room = (out->size + more) * 2;
	out->data = realloc(out->data, *room);
	assert_non_null(out->data);
}

int32_t run_stream(struct filter_under_test *test, uint32_t direction, const struct bytes *in,
    size_t in_step, size_t out_step, struct bytes *out, hf_ctx *ctx)
{
	const hf_filter_ops *ops = test->driver->filter;
	const hf_filter_in how = { .size = sizeof how, .direction = direction,
		.codec = ops->codec, .threads = test->threads };
	size_t taken = 0, room = 0;
	void *stream;
	int32_t rc;

	*out = (struct bytes){ 0 };
	assert_int_equal(ops->stream_open(ctx, test->self, &how, &stream), HF_OK);
	do {
		size_t left = in->size - taken;
		size_t give = in_step && in_step < left ? in_step : left;
		size_t want = out_step ? out_step : 65536;
		uint32_t op = give == left ? HF_RUN_FINISH : HF_RUN_MORE;
		hf_in cin = { .data = in->data ? in->data + taken : NULL, .size = give };
		hf_out cout = { .size = want };

		grow(out, &room, want);
		cout.data = out->data + out->size;
		rc = ops->run(ctx, stream, &cin, &cout, op);
		assert_true(cin.pos <= cin.size && cout.pos <= cout.size);
		/* room was given, and input or the end */
		assert_true(rc != HF_OK || cin.pos > 0 || cout.pos > 0);
		if (rc == HF_END)
			assert_true(op == HF_RUN_FINISH && cin.pos == cin.size);
		taken += cin.pos;
		out->size += cout.pos;
	} while (rc == HF_OK);
	ops->stream_close(stream);
	return rc;
}

struct bytes encode_all(struct filter_under_test *test, const struct bytes *in)
{
	hf_ctx ctx = { 0 };
	struct bytes out;

	assert_int_equal(run_stream(test, HF_ENCODE, in, 0, 0, &out, &ctx), HF_END);
	return out;
}

struct bytes through(const char *command, const struct bytes *in)
{
	char from[] = "/tmp/hf-test-XXXXXX", line[512];
	int fd = mkstemp(from);
	struct bytes out = { 0 };
	size_t room = 0, n;
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, in->data ? in->data : (void *)from, in->size), in->size);
	close(fd);
	snprintf(line, sizeof line, "%s <%s", command, from);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	do {
		grow(&out, &room, 65536);
		n = fread(out.data + out.size, 1, 65536, pipe);
		out.size += n;
	} while (n > 0);
	assert_int_equal(pclose(pipe), 0);
	unlink(from);
	return out;
}

static void round_trip(struct filter_under_test *test, size_t size, size_t in_step,
    size_t out_step)
{
	struct bytes plain = make_data(size, 7), coded, back;
	hf_ctx ctx = { 0 };

	assert_int_equal(run_stream(test, HF_ENCODE, &plain, in_step, out_step, &coded, &ctx),
	    HF_END);
	assert_true(coded.size > 0);
	assert_int_equal(run_stream(test, HF_DECODE, &coded, in_step, out_step, &back, &ctx),
	    HF_END);
	assert_same(&plain, &back);
	bytes_free(&plain);
	bytes_free(&coded);
	bytes_free(&back);
}

void law_round_trip(struct filter_under_test *test)
{
	static const size_t sizes[] = { 0, 1, 100, 70000 };
	static const size_t steps[] = { 1, 2, 7, 1000, 0 };

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
			for (size_t o = 0; o < sizeof steps / sizeof *steps; o++)
				round_trip(test, sizes[s], steps[i], steps[o]);
	round_trip(test, 5 << 20, 0, 0);
	round_trip(test, 5 << 20, 131072, 131072);
}

void law_concatenation(struct filter_under_test *test)
{
	struct bytes a = make_data(3000, 1), none = make_data(0, 0), b = make_data(9000, 2);
	struct bytes ca = encode_all(test, &a), cnone = encode_all(test, &none);
	struct bytes cb = encode_all(test, &b), one = bytes_join(&ca, &cnone);
	struct bytes all = bytes_join(&one, &cb), plain = bytes_join(&a, &b), back;
	hf_ctx ctx = { 0 };

	for (size_t step = 0; step < 3; step++) {
		assert_int_equal(run_stream(test, HF_DECODE, &all, step, step, &back, &ctx),
		    HF_END);
		assert_same(&plain, &back);
		bytes_free(&back);
	}
	bytes_free(&a);
	bytes_free(&none);
	bytes_free(&b);
	bytes_free(&ca);
	bytes_free(&cnone);
	bytes_free(&cb);
	bytes_free(&one);
	bytes_free(&all);
	bytes_free(&plain);
}

/* Decodes `coded` and expects damage to be told. */
static void expect_corrupt(struct filter_under_test *test, const struct bytes *coded, size_t step)
{
	hf_ctx ctx = { 0 };
	struct bytes back;

	assert_int_equal(run_stream(test, HF_DECODE, coded, step, step, &back, &ctx),
	    HF_E_CORRUPT);
	assert_int_equal(ctx.status, HF_E_CORRUPT);
	assert_true(ctx.message[0] != '\0');
	bytes_free(&back);
}

void law_truncation(struct filter_under_test *test)
{
	static const size_t sizes[] = { 0, 1, 900, 20000 };

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct bytes plain = make_data(sizes[s], 3), coded = encode_all(test, &plain);

		for (size_t cut = 0; cut < coded.size; cut += coded.size > 4000 ? 97 : 1) {
			struct bytes part = { .data = coded.data, .size = cut };

			expect_corrupt(test, &part, 0);
			expect_corrupt(test, &part, 5);
		}
		bytes_free(&plain);
		bytes_free(&coded);
	}
}

/* The decoder must either see a flip or give the right bytes all the same: some
 * bits of a header, and those that fill up a byte, mean nothing. They are few. */
void law_flips(struct filter_under_test *test)
{
	struct bytes plain = make_data(900, 4), coded = encode_all(test, &plain), back;
	hf_ctx ctx = { 0 };
	size_t unseen = 0;

	for (size_t bit = 0; bit < coded.size * 8; bit++) {
		int32_t rc;

		coded.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
		rc = run_stream(test, HF_DECODE, &coded, 0, 0, &back, &ctx);
		if (rc == HF_END) {
			assert_same(&plain, &back);
			unseen++;
		} else {
			assert_int_equal(rc, HF_E_CORRUPT);
		}
		bytes_free(&back);
		coded.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	assert_true(unseen * 20 < coded.size * 8);
	bytes_free(&plain);
	bytes_free(&coded);
}

void law_garbage(struct filter_under_test *test)
{
	unsigned char junk[] = { 0, 'x', 0xff, 0x28, 0x1f };
	struct bytes plain = make_data(500, 5), coded = encode_all(test, &plain);

	for (size_t i = 0; i < sizeof junk; i++) {
		struct bytes tail = { .data = junk + i, .size = 1 };
		struct bytes all = bytes_join(&coded, &tail), front = bytes_join(&tail, &coded);

		expect_corrupt(test, &all, 0);
		expect_corrupt(test, &all, 1);
		expect_corrupt(test, &front, 0);
		bytes_free(&all);
		bytes_free(&front);
	}
	bytes_free(&plain);
	bytes_free(&coded);
}

static void *worker(void *arg)
{
	for (size_t i = 0; i < 8; i++)
		round_trip(arg, 200000 + i, 0, 0);
	return NULL;
}

void law_threads(struct filter_under_test *test)
{
	pthread_t threads[6];

	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker, test), 0);
	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

void law_tool(struct filter_under_test *test, const char *encode, const char *decode)
{
	static const size_t sizes[] = { 0, 1, 300000 };
	hf_ctx ctx = { 0 };

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct bytes plain = make_data(sizes[s], 6), coded = encode_all(test, &plain);
		struct bytes theirs = through(encode, &plain), back = through(decode, &coded);

		assert_same(&plain, &back);
		bytes_free(&back);
		assert_int_equal(run_stream(test, HF_DECODE, &theirs, 100, 100, &back, &ctx),
		    HF_END);
		assert_same(&plain, &back);
		bytes_free(&back);
		bytes_free(&plain);
		bytes_free(&coded);
		bytes_free(&theirs);
	}
}
