/* SPDX-License-Identifier: MIT
 *
 * The compressor zlib.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filter_laws.h"

static int setup(void **state)
{
	static struct filter_under_test test;

	filter_setup(&test, NULL);
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
	law_tool(*state, "gzip -9c", "gunzip -c");
}

static void the_tool_reads_members(void **state)
{
	struct bytes a = make_data(3000, 1), b = make_data(100, 2);
	struct bytes ca = encode_all(*state, &a), cb = encode_all(*state, &b);
	struct bytes all = bytes_join(&ca, &cb), plain = bytes_join(&a, &b);
	struct bytes back = through("gunzip -c", &all);

	assert_same(&plain, &back);
	bytes_free(&a);
	bytes_free(&b);
	bytes_free(&ca);
	bytes_free(&cb);
	bytes_free(&all);
	bytes_free(&plain);
	bytes_free(&back);
}

/* gzip -N style: a name, a comment, an extra field and a header checksum. */
static void header_fields_are_tolerated(void **state)
{
	struct bytes plain = make_data(100, 8), coded = encode_all(*state, &plain), all, back;
	static const unsigned char fields[] = { 4, 0, 'A', 'B', 0, 0, 'n', 0, 'c', 0 };
	hf_ctx ctx = { 0 };

	all = (struct bytes){ .data = malloc(coded.size + sizeof fields),
		.size = coded.size + sizeof fields };
	assert_non_null(all.data);
	memcpy(all.data, coded.data, 10);
	all.data[3] = 4 | 8 | 16;
	memcpy(all.data + 10, fields, sizeof fields);
	memcpy(all.data + 10 + sizeof fields, coded.data + 10, coded.size - 10);
	assert_int_equal(run_stream(*state, HF_DECODE, &all, 1, 1, &back, &ctx), HF_END);
	assert_same(&plain, &back);
	bytes_free(&plain);
	bytes_free(&coded);
	bytes_free(&all);
	bytes_free(&back);
}

static void output_is_the_same_each_time(void **state)
{
	struct bytes plain = make_data(100000, 9), a = encode_all(*state, &plain);
	struct bytes b = encode_all(*state, &plain);

	assert_same(&a, &b);
	assert_memory_equal(a.data, "\x1f\x8b\x08\0\0\0\0\0", 8);
	bytes_free(&plain);
	bytes_free(&a);
	bytes_free(&b);
}

static void levels_differ(void **state)
{
	static const char *const fast[] = { "level", "1", NULL }, *const small[] = { "level", "9",
		NULL };
	struct bytes plain = make_data(300000, 10), a, b;
	struct filter_under_test test;

	(void)state;
	filter_setup(&test, fast);
	a = encode_all(&test, &plain);
	filter_teardown(&test);
	filter_setup(&test, small);
	b = encode_all(&test, &plain);
	filter_teardown(&test);
	assert_true(b.size < a.size);
	bytes_free(&plain);
	bytes_free(&a);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(concatenation, setup, teardown),
		cmocka_unit_test_setup_teardown(truncation, setup, teardown),
		cmocka_unit_test_setup_teardown(flips, setup, teardown),
		cmocka_unit_test_setup_teardown(garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(threads, setup, teardown),
		cmocka_unit_test_setup_teardown(tool, setup, teardown),
		cmocka_unit_test_setup_teardown(the_tool_reads_members, setup, teardown),
		cmocka_unit_test_setup_teardown(header_fields_are_tolerated, setup, teardown),
		cmocka_unit_test_setup_teardown(output_is_the_same_each_time, setup, teardown),
		cmocka_unit_test(levels_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
