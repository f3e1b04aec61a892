/* SPDX-License-Identifier: MIT
 *
 * The compressor zstd.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "filter_laws.h"

static const char *const long_mode[] = { "long", "yes", "threads", "2", NULL };

static int setup(void **state)
{
	static struct filter_under_test test;

	filter_setup(&test, NULL);
	*state = &test;
	return 0;
}

static int setup_long(void **state)
{
	static struct filter_under_test test;

	filter_setup(&test, long_mode);
	*state = &test;
	return 0;
}

static int teardown(void **state)
{
	filter_teardown(*state);
	return 0;
}

static void round_trip(void **state)
{
	law_round_trip(*state);
}

static void concatenation(void **state)
{
	law_concatenation(*state);
}

static void truncation(void **state)
{
	law_truncation(*state);
}

static void flips(void **state)
{
	law_flips(*state);
}

static void garbage(void **state)
{
	law_garbage(*state);
}

static void threads(void **state)
{
	law_threads(*state);
}

static void tool(void **state)
{
	law_tool(*state, "zstd -q -c", "zstd -q -dc");
}

static void the_tool_tests_the_checksum(void **state)
{
	struct bytes plain = make_data(100000, 1), coded = encode_all(*state, &plain), none;

	/* the frame's descriptor: a checksum, and the size since it was known */
	assert_true(coded.data[4] & 4);
	assert_int_equal(ZSTD_getFrameContentSize(coded.data, coded.size), plain.size);
	none = through("zstd -q -t", &coded);
	bytes_free(&plain);
	bytes_free(&coded);
	bytes_free(&none);
}

static void skippable_frames_are_skipped(void **state)
{
	unsigned char skip[] = { 0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c' };
	struct bytes extra = { .data = skip, .size = sizeof skip };
	struct bytes plain = make_data(1000, 2), coded = encode_all(*state, &plain);
	struct bytes front = bytes_join(&extra, &coded), all = bytes_join(&front, &extra), back;
	hf_ctx ctx = { 0 };

	for (size_t step = 0; step < 3; step++) {
		assert_int_equal(run_stream(*state, HF_DECODE, &all, step, step, &back, &ctx),
		    HF_END);
		assert_same(&plain, &back);
		bytes_free(&back);
	}
	bytes_free(&plain);
	bytes_free(&coded);
	bytes_free(&front);
	bytes_free(&all);
}

/* A header that asks for 2 GiB, and one for more than the format knows. */
static void a_huge_window_is_refused(void **state)
{
	unsigned char frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0x01, 0, 0 };
	struct bytes coded = { .data = frame, .size = sizeof frame }, back;
	hf_ctx ctx = { 0 };

	assert_int_equal(run_stream(*state, HF_DECODE, &coded, 0, 0, &back, &ctx), HF_E_CORRUPT);
	assert_non_null(strstr(ctx.message, "128 MiB"));
	bytes_free(&back);
	frame[5] = (28 - 10) << 3;
	assert_int_equal(run_stream(*state, HF_DECODE, &coded, 0, 0, &back, &ctx), HF_E_CORRUPT);
	bytes_free(&back);
	frame[5] = (27 - 10) << 3;
	assert_int_equal(run_stream(*state, HF_DECODE, &coded, 0, 0, &back, &ctx), HF_END);
	assert_int_equal(back.size, 0);
	bytes_free(&back);
	frame[5] = 0xff;
	assert_int_equal(run_stream(*state, HF_DECODE, &coded, 0, 0, &back, &ctx), HF_E_CORRUPT);
	bytes_free(&back);
}

/* Two copies of noise 16 MiB apart: only the long mode sees that. */
static void long_mode_finds_far_repeats(void **state)
{
	struct bytes noise = make_data(16 << 20, 3), plain, far, near, back;
	struct filter_under_test test;
	hf_ctx ctx = { 0 };

	(void)state;
	for (size_t i = 0, n = 0; i < noise.size; i++, n = n * 25214903917u + 11)
		noise.data[i] = (unsigned char)(n >> 24);
	plain = bytes_join(&noise, &noise);
	filter_setup(&test, NULL);
	near = encode_all(&test, &plain);
	filter_teardown(&test);
	filter_setup(&test, long_mode);
	assert_int_equal(test.driver->filter->block_size(&ctx, test.self), 0);
	assert_int_equal(run_stream(&test, HF_ENCODE, &plain, 262144, 0, &far, &ctx), HF_END);
	assert_true(far.size < near.size * 6 / 10);
	assert_int_equal(run_stream(&test, HF_DECODE, &far, 0, 0, &back, &ctx), HF_END);
	assert_same(&plain, &back);
	filter_teardown(&test);
	bytes_free(&back);
	/* no option is needed to read it */
	back = through("zstd -q -dc", &far);
	assert_same(&plain, &back);
	bytes_free(&noise);
	bytes_free(&plain);
	bytes_free(&far);
	bytes_free(&near);
	bytes_free(&back);
}

static void levels(void **state)
{
	static const char *const values[][3] = { { "level", "-7" }, { "level", "1" },
		{ "level", "19" }, { "window", "10" }, { "window", "27" } };
	struct bytes plain = make_data(100000, 4);

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct filter_under_test test;
		struct bytes coded, back;
		uint64_t block;
		hf_ctx ctx = { 0 };

		filter_setup(&test, values[i]);
		block = test.driver->filter->block_size(&ctx, test.self);
		assert_true(block >= 1 << 20 && block <= 64 << 20);
		coded = encode_all(&test, &plain);
		back = through("zstd -q -dc", &coded);
		assert_same(&plain, &back);
		filter_teardown(&test);
		bytes_free(&coded);
		bytes_free(&back);
	}
	bytes_free(&plain);
}

static void a_window_too_small_is_refused(void **state)
{
	static const char *const values[] = { "window", "9", NULL };
	const hf_driver *driver = mock_driver(HF_KIND_COMPRESSOR);
	hf_options options = { .table = driver->options, .values = values };
	hf_ctx ctx = { 0 };
	void *self;

	(void)state;
	assert_int_equal(driver->open(&ctx, &options, &self), HF_E_CONFIG);
	assert_string_equal(ctx.message, "window is 9, but must be 0 or 10 to 27");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(round_trip, setup_long, teardown),
		cmocka_unit_test_setup_teardown(concatenation, setup, teardown),
		cmocka_unit_test_setup_teardown(truncation, setup, teardown),
		cmocka_unit_test_setup_teardown(flips, setup, teardown),
		cmocka_unit_test_setup_teardown(garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(threads, setup, teardown),
		cmocka_unit_test_setup_teardown(tool, setup, teardown),
		cmocka_unit_test_setup_teardown(the_tool_tests_the_checksum, setup, teardown),
		cmocka_unit_test_setup_teardown(skippable_frames_are_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(a_huge_window_is_refused, setup, teardown),
		cmocka_unit_test(long_mode_finds_far_repeats),
		cmocka_unit_test(levels),
		cmocka_unit_test(a_window_too_small_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
