/* SPDX-License-Identifier: MIT
 *
 * The verify post stage: which points and entries it asks for, and what it makes
 * of the answers.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "mock_post.h"
#include "plugins/verify/sample.h"

#define DAY (INT64_C(86400) * 1000000000)
#define NOW (INT64_C(20000) * DAY)
#define MOST 40

static void run(hf_ctx *ctx, hf_catalogue *catalogue, int32_t expected, const char *options[][2])
{
	const hf_driver *driver = mock_driver();
	hf_options values = {.table = driver->options};
	void *self = NULL;

	ctx->now_ns = NOW;
	for (; (*options)[0] != NULL; options++) {
		values.given[values.count].name = (*options)[0];
		values.given[values.count++].text = (*options)[1];
	}
	assert_int_equal(driver->open(ctx, &values, &self), HF_OK);
	assert_int_equal(driver->post->run(ctx, self, catalogue), expected);
	if (expected != HF_OK)
		assert_int_equal(ctx->status, expected);
	driver->close(ctx, self);
}

/* Six points, a day apart, the last one made by this run. */
struct six {
	hf_point points[6];
	hf_entry entries[MOST];
	int32_t answers[6];
	hf_catalogue catalogue;
};

static void make_six(struct six *six)
{
	static const char *const ids[] = {"p0", "p1", "p2", "p3", "p4", "p5"};

	memset(six, 0, sizeof(*six));
	for (int i = 0; i < 6; i++) {
		six->points[i] = mock_point(ids[i], NOW - (5 - i) * DAY);
		six->points[i].entries = MOST;
	}
	six->points[5].flags |= HF_POINT_CURRENT;
	for (size_t i = 0; i < MOST; i++)
		six->entries[i] = (hf_entry){.size = sizeof(hf_entry), .plain_size = 1000};
	six->catalogue = (hf_catalogue){
		.points = six->points, .count = 6, .entries = six->entries,
		.answers = six->answers};
}

#define OPTIONS(...) ((const char *[][2]){__VA_ARGS__ {NULL, NULL}})
#define NO_OPTIONS OPTIONS()

static void test_only_the_newest_point_by_default(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	run(&ctx, &six.catalogue, HF_OK, NO_OPTIONS);
	assert_int_equal(six.catalogue.call_count, 1);
	assert_int_equal(six.catalogue.calls[0].point, 5);
	assert_int_equal(six.catalogue.calls[0].level, HF_VERIFY_DECODE);
	assert_int_equal(six.catalogue.calls[0].count, 0);
	assert_int_equal(ctx.warnings, 0);
}

static void test_level_digest(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"level", "digest"}, ));
	assert_int_equal(six.catalogue.calls[0].level, HF_VERIFY_DIGEST);
}

static void test_newest_where_this_run_made_none(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	six.points[5].flags = HF_POINT_RUNNING | HF_POINT_COMPLETE;
	six.points[4].flags = 0;
	run(&ctx, &six.catalogue, HF_OK, NO_OPTIONS);
	assert_int_equal(six.catalogue.call_count, 1);
	assert_int_equal(six.catalogue.calls[0].point, 3);
}

static void test_current_even_if_the_clock_went_back(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	six.points[5].flags &= ~HF_POINT_CURRENT;
	six.points[0].flags |= HF_POINT_CURRENT;
	run(&ctx, &six.catalogue, HF_OK, NO_OPTIONS);
	assert_int_equal(six.catalogue.call_count, 1);
	assert_int_equal(six.catalogue.calls[0].point, 0);
}

static void test_nothing_to_verify(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	for (int i = 0; i < 6; i++)
		six.points[i].flags = i % 2 ? HF_POINT_RUNNING : 0;
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"every", "1d"}, ));
	six.catalogue.count = 0;
	run(&ctx, &six.catalogue, HF_OK, NO_OPTIONS);
	assert_int_equal(six.catalogue.call_count, 0);
}

static void test_every_takes_the_longest_neglected(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	for (int i = 0; i < 6; i++)
		six.points[i].verified_level = HF_VERIFY_DECODE;
	six.points[0].verified_ns = NOW - 31 * DAY;
	six.points[1].verified_ns = NOW - 29 * DAY; /* not yet */
	six.points[2].verified_ns = NOW - 90 * DAY;
	six.points[3].verified_ns = 0;              /* never */
	six.points[4].verified_ns = NOW - 30 * DAY;
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"every", "30d"}, ));
	assert_int_equal(six.catalogue.call_count, 4);
	assert_int_equal(six.catalogue.calls[0].point, 5);
	assert_int_equal(six.catalogue.calls[1].point, 3);
	assert_int_equal(six.catalogue.calls[2].point, 2);
	assert_int_equal(six.catalogue.calls[3].point, 0);
	six.catalogue.call_count = 0;
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"every", "30d"}, {"max_points", "9"}, ));
	assert_int_equal(six.catalogue.call_count, 5);
	assert_int_equal(six.catalogue.calls[4].point, 4);
}

static void test_lower_level_and_odd_times_are_due(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	for (int i = 0; i < 5; i++) {
		six.points[i].verified_level = HF_VERIFY_DECODE;
		six.points[i].verified_ns = NOW - DAY;
	}
	six.points[1].verified_level = HF_VERIFY_DIGEST;
	six.points[3].verified_ns = NOW + 900 * DAY;
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"every", "30d"}, {"max_points", "9"}, ));
	assert_int_equal(six.catalogue.call_count, 3);
	assert_int_equal(six.catalogue.calls[1].point, 1);
	assert_int_equal(six.catalogue.calls[2].point, 3);
}

static void test_known_damage_is_not_read_again_but_told(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	six.points[2].flags |= HF_POINT_DAMAGED;
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"every", "30d"}, {"max_points", "9"}, ));
	assert_int_equal(six.catalogue.call_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_not_equal(six.catalogue.calls[i].point, 2);
	assert_int_equal(ctx.warnings, 1);
	assert_non_null(strstr(ctx.warning, "p2"));
}

static void test_all_are_tried_before_damage_is_told(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	six.answers[5] = HF_E_CORRUPT;
	six.answers[1] = HF_E_CORRUPT;
	run(&ctx, &six.catalogue, HF_E_CORRUPT, OPTIONS({"every", "1d"}, ));
	assert_int_equal(six.catalogue.call_count, 4);
	assert_non_null(strstr(ctx.message, "2 of 4"));
	assert_non_null(strstr(ctx.message, "p5, p1"));
	assert_true(strlen(ctx.hint) > 0);
}

static void test_single_damage_keeps_the_hosts_message(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	six.answers[5] = HF_E_CORRUPT;
	run(&ctx, &six.catalogue, HF_E_CORRUPT, NO_OPTIONS);
	assert_string_equal(ctx.message, "verify of point 5 answers 70");
	assert_int_equal(ctx.fails, 1);
}

static void test_other_errors_stop(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	six.answers[0] = HF_E_AUTH;
	run(&ctx, &six.catalogue, HF_E_AUTH, OPTIONS({"every", "1d"}, ));
	assert_int_equal(six.catalogue.call_count, 2);
	assert_string_equal(ctx.message, "verify of point 0 answers 20");
	/* but never hide damage found before */
	make_six(&six);
	six.answers[5] = HF_E_CORRUPT;
	six.answers[0] = HF_E_AUTH;
	run(&ctx, &six.catalogue, HF_E_CORRUPT, OPTIONS({"every", "1d"}, ));
	assert_int_equal(six.catalogue.call_count, 2);
	assert_non_null(strstr(ctx.message, "1 of 1 verified points is damaged: p5"));
	assert_non_null(strstr(ctx.message, "3 more could not be read"));
}

static void test_interruption(void **state)
{
	hf_ctx ctx = {.cancelled = true};
	struct six six;

	(void)state;
	make_six(&six);
	run(&ctx, &six.catalogue, HF_E_CANCELLED, NO_OPTIONS);
	assert_int_equal(six.catalogue.call_count, 0);
	ctx.cancelled = false;
	six.catalogue.cancel_after = 2;
	run(&ctx, &six.catalogue, HF_E_CANCELLED, OPTIONS({"every", "1d"}, ));
	assert_int_equal(six.catalogue.call_count, 2);
}

static void test_sample_reaches_the_host(void **state)
{
	hf_ctx ctx = {0};
	struct six six;
	const struct mock_verify_call *call = &six.catalogue.calls[0];

	(void)state;
	make_six(&six);
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"sample", "10%"}, ));
	assert_int_equal(call->count, MOST / 10);
	for (size_t i = 0; i < call->count; i++) {
		assert_in_range(call->entries[i], 0, MOST - 1);
		if (i > 0)
			assert_true(call->entries[i] > call->entries[i - 1]);
	}
}

/* A sample of no entry would ask the host for count 0, which means all. */
static void test_smallest_sample_is_one_entry(void **state)
{
	hf_ctx ctx = {0};
	struct six six;

	(void)state;
	make_six(&six);
	run(&ctx, &six.catalogue, HF_OK, OPTIONS({"sample", "0.0001%"}, ));
	assert_int_equal(six.catalogue.calls[0].count, 1);
}

/* ---------------------------------------------------------- sampling alone */

static void check_coverage(const uint64_t *bytes, size_t count, uint32_t share, int64_t step,
    unsigned most_runs)
{
	uint64_t picks[MOST];
	bool seen[MOST] = {false};
	size_t left = count;
	unsigned runs = 0;

	for (int64_t day = 20000; left > 0; day += step) {
		size_t n = sample_pick(bytes, count, share, "20260116T020000Z-ab12", day, picks);

		assert_in_range(n, 1, count);
		for (size_t i = 0; i < n; i++) {
			left -= !seen[picks[i]];
			seen[picks[i]] = true;
		}
		if (++runs > most_runs)
			fail_msg("%zu of %zu entries not seen in %u runs, %u ppm, every %d days",
			    left, count, runs, (unsigned)share, (int)step);
	}
}

static void test_every_entry_comes_up(void **state)
{
	static const int64_t steps[] = {1, 2, 5, 7, 10, 30, 31, 365};
	uint64_t same[MOST], unlike[MOST];

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		same[i] = 4096;
		unlike[i] = UINT64_C(1) << i;
	}
	unlike[3] = 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		check_coverage(same, MOST, 100000, steps[i], 60);
		check_coverage(same, MOST, 500000, steps[i], 12);
		check_coverage(same, MOST, 10000, steps[i], 600);
		check_coverage(unlike, MOST, 100000, steps[i], 60);
	}
}

static void test_share_of_bytes_in_the_mean(void **state)
{
	uint64_t bytes[MOST], picks[MOST], total = 0;
	double read = 0;

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		bytes[i] = i == 7 ? 5000000 : 1000 * (i + 1);
		total += bytes[i];
	}
	for (int64_t day = 0; day < 5000; day++) {
		size_t n = sample_pick(bytes, MOST, 200000, "p", day, picks);

		for (size_t i = 0; i < n; i++)
			read += (double)bytes[picks[i]];
	}
	assert_true(read / 5000 / (double)total > 0.19);
	assert_true(read / 5000 / (double)total < 0.21);
}

static void test_same_day_same_sample(void **state)
{
	uint64_t bytes[MOST], a[MOST], b[MOST];
	size_t na, nb, differ_day = 0, differ_id = 0;

	(void)state;
	for (size_t i = 0; i < MOST; i++)
		bytes[i] = 100 + i;
	for (int64_t day = -50; day < 50; day++) {
		na = sample_pick(bytes, MOST, 100000, "p1", day, a);
		nb = sample_pick(bytes, MOST, 100000, "p1", day, b);
		assert_int_equal(na, nb);
		assert_memory_equal(a, b, na * sizeof(*a));
		nb = sample_pick(bytes, MOST, 100000, "p1", day + 1, b);
		differ_day += na != nb || memcmp(a, b, na * sizeof(*a)) != 0;
		nb = sample_pick(bytes, MOST, 100000, "p2", day, b);
		differ_id += na != nb || memcmp(a, b, na * sizeof(*a)) != 0;
	}
	assert_true(differ_day > 90);
	assert_true(differ_id > 90);
}

static void test_odd_sizes(void **state)
{
	uint64_t huge[MOST], none[MOST] = {0}, picks[MOST];

	(void)state;
	for (size_t i = 0; i < MOST; i++)
		huge[i] = UINT64_MAX;
	assert_int_equal(sample_pick(huge, 0, 100000, "p", 1, picks), 0);
	assert_int_equal(sample_pick(huge, MOST, 1000000, "p", 1, picks), MOST);
	for (int64_t day = 0; day < 200; day++) {
		assert_in_range(sample_pick(huge, MOST, 100000, "p", day, picks), 3, 5);
		assert_in_range(sample_pick(none, MOST, 100000, "p", day, picks), 3, 5);
		assert_int_equal(sample_pick(huge, 1, 1, "p", day, picks), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_newest_point_by_default),
		cmocka_unit_test(test_level_digest),
		cmocka_unit_test(test_newest_where_this_run_made_none),
		cmocka_unit_test(test_current_even_if_the_clock_went_back),
		cmocka_unit_test(test_nothing_to_verify),
		cmocka_unit_test(test_every_takes_the_longest_neglected),
		cmocka_unit_test(test_lower_level_and_odd_times_are_due),
		cmocka_unit_test(test_known_damage_is_not_read_again_but_told),
		cmocka_unit_test(test_all_are_tried_before_damage_is_told),
		cmocka_unit_test(test_single_damage_keeps_the_hosts_message),
		cmocka_unit_test(test_other_errors_stop),
		cmocka_unit_test(test_interruption),
		cmocka_unit_test(test_sample_reaches_the_host),
		cmocka_unit_test(test_smallest_sample_is_one_entry),
		cmocka_unit_test(test_every_entry_comes_up),
		cmocka_unit_test(test_share_of_bytes_in_the_mean),
		cmocka_unit_test(test_same_day_same_sample),
		cmocka_unit_test(test_odd_sizes),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
