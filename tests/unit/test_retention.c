/* SPDX-License-Identifier: MIT
 *
 * The retention driver by examples: each names its points, oldest first, and the
 * verdict with its words. The laws that hold for all histories are in
 * test_retention_laws.c.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/retention/calendar.h"
#include "tests/unit/mock_post.h"

#define MOST 400
#define RULES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* at: "YYYY-MM-DD HH:MM" UTC, the point's id as well. flags: Incomplete, Running,
 * Current, Pinned, Damaged, Verified, driLled. says: "keep ..." or "expire ..." with
 * the whole reason, or "" for no verdict. */
struct example {
	const char *at;
	const char *flags;
	const char *parent;
	const char *says;
};

static int64_t instant(const char *at)
{
	int year, month, day, hour, minute;

	assert_int_equal(
	    sscanf(at, "%d-%d-%d %d:%d", &year, &month, &day, &hour, &minute), 5);
	return (days_from_date(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60) *
	    NS_A_SECOND;
}

static hf_point to_point(const struct example *e)
{
	const char *flags = e->flags != NULL ? e->flags : "";
	hf_point point = mock_point(e->at, instant(e->at));

	point.parent = e->parent;
	if (strchr(flags, 'I') != NULL)
		point.flags &= ~HF_POINT_COMPLETE;
	if (strchr(flags, 'R') != NULL)
		point.flags |= HF_POINT_RUNNING;
	if (strchr(flags, 'C') != NULL)
		point.flags |= HF_POINT_CURRENT;
	if (strchr(flags, 'P') != NULL)
		point.flags |= HF_POINT_PINNED;
	if (strchr(flags, 'D') != NULL)
		point.flags |= HF_POINT_DAMAGED;
	if (strchr(flags, 'V') != NULL)
		point.verified_ns = point.begin_ns + 1;
	if (strchr(flags, 'L') != NULL)
		point.drilled_ns = point.begin_ns + 1;
	return point;
}

static void run(hf_ctx *ctx, hf_catalogue *catalogue, const char *const *rules)
{
	const hf_driver *driver = mock_driver();
	hf_options options;
	void *self = NULL;

	assert_int_equal(mock_open_list(ctx, &options, &self, rules), HF_OK);
	assert_int_equal(driver->post->run(ctx, self, catalogue), HF_OK);
	driver->close(ctx, self);
	assert_int_equal(ctx->fails, 0);
}

static hf_ctx check_at(
    const char *now, const struct example *e, size_t count, const char *const *rules)
{
	static hf_point points[MOST];
	static struct mock_verdict verdicts[MOST];
	hf_catalogue catalogue = {.points = points, .count = count, .verdicts = verdicts};
	hf_ctx ctx = {.now_ns = instant(now)};

	assert_in_range(count, 0, MOST);
	memset(verdicts, 0, sizeof(verdicts));
	for (size_t i = 0; i < count; i++)
		points[i] = to_point(&e[i]);
	run(&ctx, &catalogue, rules);
	for (size_t i = 0; i < count; i++) {
		char got[1100] = "", want[1100];

		assert_int_equal(verdicts[i].given, e[i].says[0] != '\0');
		if (verdicts[i].given)
			snprintf(got, sizeof(got), "%s: %s %s", e[i].at,
			    verdicts[i].expire ? "expire" : "keep", verdicts[i].reason);
		snprintf(want, sizeof(want), "%s: %s", e[i].at, e[i].says);
		if (verdicts[i].given)
			assert_string_equal(got, want);
	}
	return ctx;
}

/* At the time of the newest point; without warnings. */
#define CHECK(EXAMPLES, ...)                                                                       \
	do {                                                                                       \
		size_t count_ = sizeof(EXAMPLES) / sizeof((EXAMPLES)[0]);                          \
		hf_ctx ctx_ = check_at(                                                            \
		    (EXAMPLES)[count_ - 1].at, (EXAMPLES), count_, RULES(__VA_ARGS__));            \
		assert_int_equal(ctx_.warnings, 0);                                                \
	} while (0)

static void test_windows(void **state)
{
	const struct example e[] = {
		{"2026-06-01 02:00", "", NULL, "expire beyond keep_last 2, keep_daily 3"},
		{"2026-06-02 02:00", "", NULL, "keep daily 3 of 3"},
		{"2026-06-03 02:00", "V", NULL, "keep daily 2 of 3, verified 1 of 1"},
		{"2026-06-05 02:00", "", NULL, "keep last 2 of 2"},
		{"2026-06-05 14:00", "", NULL,
		    "keep last 1 of 2, daily 1 of 3, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(e, "keep_last", "2", "keep_daily", "3");
}

static void test_one_a_day_keeps_exactly_n(void **state)
{
	static hf_point points[60];
	static struct mock_verdict verdicts[60];
	static char ids[60][24], number[8];

	(void)state;
	for (size_t n = 1; n <= 60; n++) {
		hf_catalogue catalogue = {.points = points, .count = 60, .verdicts = verdicts};
		hf_ctx ctx = {.now_ns = instant("2026-12-01 00:00")};

		memset(verdicts, 0, sizeof(verdicts));
		for (size_t i = 0; i < 60; i++) {
			snprintf(ids[i], sizeof(ids[i]), "p%02zu", i);
			points[i] = mock_point(ids[i],
			    instant("2026-10-01 02:30") + (int64_t)i * 86400 * NS_A_SECOND);
		}
		snprintf(number, sizeof(number), "%zu", n);
		run(&ctx, &catalogue, RULES("keep_daily", number));
		for (size_t i = 0; i < 60; i++)
			assert_int_equal(verdicts[i].expire, i < 60 - n);
	}
}

static void test_two_o_clock_twice(void **state)
{
	const struct example hours[] = {
		{"2026-10-25 00:10", "", NULL, "expire newer point of 2026-10-25 02h +02:00 kept"},
		{"2026-10-25 00:30", "", NULL, "keep hourly 2 of 2"},
		{"2026-10-25 01:30", "", NULL,
		    "keep hourly 1 of 2, min_keep 1 of 1, newest"},
	};
	const struct example spring[] = {
		{"2026-03-29 00:30", "", NULL, "keep hourly 3 of 3"},
		{"2026-03-29 01:00", "", NULL, "expire newer point of 2026-03-29 03h +02:00 kept"},
		{"2026-03-29 01:30", "", NULL, "keep hourly 2 of 3"},
		{"2026-03-29 02:00", "", NULL, "keep hourly 1 of 3, min_keep 1 of 1, newest"},
	};
	/* 25 hours are one day */
	const struct example day[] = {
		{"2026-10-24 21:59", "", NULL, "keep daily 3 of 3"},
		{"2026-10-24 22:00", "", NULL, "expire newer point of 2026-10-25 kept"},
		{"2026-10-25 00:30", "", NULL, "expire newer point of 2026-10-25 kept"},
		{"2026-10-25 01:30", "", NULL, "expire newer point of 2026-10-25 kept"},
		{"2026-10-25 22:59", "", NULL, "keep daily 2 of 3"},
		{"2026-10-25 23:00", "", NULL, "keep daily 1 of 3, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(hours, "keep_hourly", "2", "timezone", "Europe/Berlin");
	CHECK(spring, "keep_hourly", "3", "timezone", "Europe/Berlin");
	CHECK(day, "keep_daily", "3", "timezone", "Europe/Berlin");
}

static void test_same_points_in_two_zones(void **state)
{
	const struct example utc[] = {
		{"2026-10-23 22:30", "", NULL, "expire beyond keep_daily 2"},
		{"2026-10-24 10:00", "", NULL, "expire newer point of 2026-10-24 kept"},
		{"2026-10-24 22:30", "", NULL, "keep daily 2 of 2"},
		{"2026-10-25 10:00", "", NULL, "keep daily 1 of 2, min_keep 1 of 1, newest"},
	};
	const struct example berlin[] = {
		{"2026-10-23 22:30", "", NULL, "expire newer point of 2026-10-24 kept"},
		{"2026-10-24 10:00", "", NULL, "keep daily 2 of 2"},
		{"2026-10-24 22:30", "", NULL, "expire newer point of 2026-10-25 kept"},
		{"2026-10-25 10:00", "", NULL, "keep daily 1 of 2, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(utc, "keep_daily", "2");
	CHECK(berlin, "keep_daily", "2", "timezone", "Europe/Berlin");
}

static void test_leap_day(void **state)
{
	const struct example years[] = {
		{"2022-12-31 12:00", "", NULL, "expire beyond keep_yearly 3"},
		{"2023-02-28 12:00", "", NULL, "keep yearly 3 of 3"},
		{"2024-02-28 12:00", "", NULL, "expire newer point of 2024 kept"},
		{"2024-02-29 12:00", "", NULL, "keep yearly 2 of 3"},
		{"2025-03-01 12:00", "", NULL, "keep yearly 1 of 3, min_keep 1 of 1, newest"},
	};
	const struct example months[] = {
		{"2024-01-31 23:59", "", NULL, "keep monthly 3 of 3"},
		{"2024-02-01 00:00", "", NULL, "expire newer point of 2024-02 kept"},
		{"2024-02-29 23:59", "", NULL, "keep monthly 2 of 3"},
		{"2024-03-01 00:00", "", NULL, "keep monthly 1 of 3, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(years, "keep_yearly", "3");
	CHECK(months, "keep_monthly", "3");
}

static void test_week_at_the_turn_of_the_year(void **state)
{
	const struct example e[] = {
		{"2020-12-27 23:59", "", NULL, "expire beyond keep_weekly 2"},
		{"2020-12-28 00:00", "", NULL, "expire newer point of 2020-W53 kept"},
		{"2020-12-31 12:00", "", NULL, "expire newer point of 2020-W53 kept"},
		{"2021-01-01 12:00", "", NULL, "expire newer point of 2020-W53 kept"},
		{"2021-01-03 23:59", "", NULL, "keep weekly 2 of 2"},
		{"2021-01-04 00:00", "", NULL, "keep weekly 1 of 2, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(e, "keep_weekly", "2");
}

static void test_months_and_the_oldest(void **state)
{
	const struct example e[] = {
		{"2025-11-28 02:00", "", NULL, "keep monthly 4 of 6 (the oldest)"},
		{"2025-11-30 02:00", "", NULL, "keep monthly 3 of 6"},
		{"2025-12-30 02:00", "", NULL,
		    "expire beyond keep_daily 2; newer point of 2025-12 kept"},
		{"2025-12-31 02:00", "", NULL, "keep monthly 2 of 6"},
		{"2026-01-01 02:00", "", NULL, "keep daily 2 of 2"},
		{"2026-01-02 02:00", "", NULL,
		    "keep daily 1 of 2, monthly 1 of 6, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(e, "keep_daily", "2", "keep_monthly", "6");
}

static void test_within(void **state)
{
	const struct example edge[] = {
		{"2026-01-01 01:59", "", NULL, "expire beyond keep_within 7d"},
		{"2026-01-01 02:00", "", NULL, "keep within 7d"},
		{"2026-01-05 02:00", "", NULL, "keep within 7d, min_keep 3 of 3"},
		{"2026-01-06 02:00", "", NULL, "keep within 7d, min_keep 2 of 3"},
		{"2026-01-08 02:00", "", NULL, "keep within 7d, min_keep 1 of 3, newest"},
	};
	const struct example pause[] = {
		{"2025-12-01 02:00", "", NULL, "expire beyond keep_within 7d"},
		{"2025-12-02 02:00", "", NULL, "keep min_keep 3 of 3"},
		{"2025-12-03 02:00", "", NULL, "keep min_keep 2 of 3"},
		{"2026-01-14 02:00", "", NULL, "keep within 7d, min_keep 1 of 3, newest"},
	};
	size_t n = sizeof(edge) / sizeof(edge[0]);

	(void)state;
	CHECK(edge, "keep_within", "7d");
	CHECK(pause, "keep_within", "7d");
	/* from the newest point, not from now: when backups stop, nothing ages away */
	assert_int_equal(
	    check_at("2031-01-01 00:00", edge, n, RULES("keep_within", "7d")).warnings, 0);
}

static void test_min_keep(void **state)
{
	const struct example e[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_last 1"},
		{"2026-01-02 02:00", "", NULL, "keep min_keep 3 of 3"},
		{"2026-01-03 02:00", "", NULL, "keep min_keep 2 of 3"},
		{"2026-01-04 02:00", "", NULL, "keep last 1 of 1, min_keep 1 of 3, newest"},
	};

	(void)state;
	CHECK(e, "keep_last", "1", "min_keep", "3");
}

static void test_proven_ones_stay(void **state)
{
	const struct example e[] = {
		{"2026-01-01 02:00", "L", NULL, "keep drilled 1 of 1"},
		{"2026-01-02 02:00", "V", NULL, "expire beyond keep_last 1, keep_verified 2"},
		{"2026-01-03 02:00", "V", NULL, "keep verified 2 of 2"},
		{"2026-01-04 02:00", "V", NULL, "keep verified 1 of 2"},
		{"2026-01-05 02:00", "VD", NULL,
		    "expire damaged; beyond keep_last 1, keep_verified 2"},
		{"2026-01-06 02:00", "", NULL, "keep last 1 of 1, min_keep 1 of 1, newest"},
	};
	const struct example off[] = {
		{"2026-01-01 02:00", "VL", NULL, "expire beyond keep_last 1"},
		{"2026-01-06 02:00", "", NULL, "keep last 1 of 1, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(e, "keep_last", "1", "keep_verified", "2");
	CHECK(off, "keep_last", "1", "keep_verified", "0", "keep_drilled", "0");
}

static void test_pinned_and_current(void **state)
{
	/* The clock went back: this run's point is not the newest one. */
	const struct example e[] = {
		{"2026-01-01 02:00", "P", NULL, "keep pinned"},
		{"2026-01-02 02:00", "", NULL, "expire beyond keep_last 1"},
		{"2026-01-03 02:00", "C", NULL, "keep made by this run"},
		{"2026-01-03 02:30", "", NULL, "keep last 1 of 1, min_keep 1 of 1, newest"},
	};

	(void)state;
	CHECK(e, "keep_last", "1");
}

static void test_only_complete_points_count(void **state)
{
	const struct example e[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_last 2"},
		{"2026-01-02 02:00", "", NULL, "keep last 2 of 2"},
		{"2026-01-03 02:00", "", NULL, "keep last 1 of 2, min_keep 1 of 1, newest"},
		{"2026-01-04 02:00", "I", NULL, ""},
		{"2026-01-05 02:00", "ID", NULL, ""},
		{"2026-01-06 02:00", "IP", NULL, ""},
		{"2026-01-07 02:00", "R", NULL, ""},
		{"2026-01-08 02:00", "IR", NULL, ""},
	};
	const struct example none[] = {
		{"2026-01-04 02:00", "I", NULL, ""},
		{"2026-01-08 02:00", "IR", NULL, ""},
	};

	(void)state;
	CHECK(e, "keep_last", "2");
	CHECK(none, "keep_last", "2");
	assert_int_equal(
	    check_at("2026-01-08 02:00", NULL, 0, RULES("keep_last", "2")).warnings, 0);
}

static void test_damaged_ones_push_nothing_out(void **state)
{
	const struct example last[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_last 2"},
		{"2026-01-02 02:00", "", NULL, "keep last 2 of 2"},
		{"2026-01-03 02:00", "D", NULL, "expire damaged; beyond keep_last 2"},
		{"2026-01-04 02:00", "", NULL,
		    "keep last 1 of 2, min_keep 1 of 1, newest sound one"},
		{"2026-01-05 02:00", "D", NULL, "keep newest, damaged"},
	};
	const struct example days[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_daily 2"},
		{"2026-01-02 02:00", "", NULL, "keep daily 2 of 2"},
		{"2026-01-03 02:00", "", NULL,
		    "keep daily 1 of 2, min_keep 1 of 1, newest sound one"},
		{"2026-01-03 03:00", "D", NULL, "expire damaged; sound point of 2026-01-03 kept"},
		{"2026-01-04 02:00", "D", NULL, "expire damaged; beyond keep_daily 2"},
		{"2026-01-05 02:00", "D", NULL, "expire damaged; beyond keep_daily 2"},
		{"2026-01-06 02:00", "D", NULL, "keep newest, damaged"},
	};
	/* better than nothing: where sound ones are too few, the others fill up */
	const struct example few[] = {
		{"2026-01-01 02:00", "", NULL,
		    "keep daily 1 of 3, min_keep 1 of 1, newest sound one"},
		{"2026-01-02 02:00", "D", NULL, "expire damaged; beyond keep_daily 3"},
		{"2026-01-03 02:00", "D", NULL, "keep daily 3 of 3, damaged"},
		{"2026-01-04 01:00", "D", NULL, "expire damaged; newer point of 2026-01-04 kept"},
		{"2026-01-04 02:00", "D", NULL, "keep daily 2 of 3, newest, damaged"},
	};

	(void)state;
	CHECK(last, "keep_last", "2");
	CHECK(days, "keep_daily", "2");
	CHECK(few, "keep_daily", "3");
}

static void test_chains(void **state)
{
	const struct example e[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_last 2"},
		{"2026-01-02 02:00", "", "2026-01-01 02:00", "expire beyond keep_last 2"},
		{"2026-01-03 02:00", "", NULL, "keep needed by 2026-01-05 02:00"},
		{"2026-01-04 02:00", "", "2026-01-03 02:00",
		    "keep last 2 of 2, needed by 2026-01-05 02:00"},
		{"2026-01-05 02:00", "", "2026-01-04 02:00",
		    "keep last 1 of 2, min_keep 1 of 1, newest"},
	};
	/* what is being written continues one that nothing else keeps */
	const struct example running[] = {
		{"2026-01-01 02:00", "", NULL, "keep needed by 2026-01-03 02:00"},
		{"2026-01-02 02:00", "", NULL, "keep last 1 of 1, min_keep 1 of 1, newest"},
		{"2026-01-03 02:00", "R", "2026-01-01 02:00", ""},
	};
	const struct example broken[] = {
		{"2026-01-01 02:00", "", NULL,
		    "keep last 1 of 1, min_keep 1 of 1, newest sound one"},
		{"2026-01-02 02:00", "D", NULL, "keep needed by 2026-01-05 02:00, damaged"},
		{"2026-01-03 02:00", "", "2026-01-02 02:00",
		    "keep needed by 2026-01-05 02:00, its chain is broken"},
		{"2026-01-04 02:00", "", "2025-12-01 02:00",
		    "expire its chain is broken; beyond keep_last 1"},
		{"2026-01-05 02:00", "", "2026-01-03 02:00", "keep newest, its chain is broken"},
	};
	const struct example circle[] = {
		{"2026-01-01 02:00", "", NULL,
		    "keep last 1 of 1, min_keep 1 of 1, newest sound one"},
		{"2026-01-02 02:00", "", "2026-01-03 02:00",
		    "keep needed by 2026-01-03 02:00, its chain is broken"},
		{"2026-01-03 02:00", "", "2026-01-02 02:00",
		    "keep newest, needed by 2026-01-02 02:00, its chain is broken"},
	};

	(void)state;
	CHECK(e, "keep_last", "2");
	CHECK(running, "keep_last", "1");
	CHECK(broken, "keep_last", "1");
	CHECK(circle, "keep_last", "1");
}

static void test_the_future_does_not_count(void **state)
{
	const struct example e[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_last 1, keep_within 30d"},
		{"2026-04-01 02:00", "", NULL, "keep within 30d"},
		{"2026-04-02 02:00", "", NULL,
		    "keep last 1 of 1, within 30d, min_keep 1 of 1, newest"},
		{"2040-01-01 02:00", "", NULL, "keep begins in the future"},
		{"2040-01-02 02:00", "P", NULL, "keep pinned, begins in the future"},
	};
	/* all of it in the future: it is this clock that is wrong */
	const struct example all[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_last 1"},
		{"2026-01-02 02:00", "", NULL, "keep last 1 of 1, min_keep 1 of 1, newest"},
	};
	/* an hour between two clocks is no fault */
	const struct example slack[] = {
		{"2026-01-01 02:00", "", NULL, "expire beyond keep_last 1"},
		{"2026-01-01 03:00", "", NULL, "keep last 1 of 1, min_keep 1 of 1, newest"},
		{"2026-01-01 03:01", "", NULL, "keep begins in the future"},
	};
	hf_ctx ctx;

	(void)state;
	ctx = check_at("2026-04-02 02:01", e, 5, RULES("keep_last", "1", "keep_within", "30d"));
	assert_int_equal(ctx.warnings, 1);
	assert_non_null(strstr(ctx.warning, "2 points begin in the future"));
	assert_non_null(strstr(ctx.warning, "check the clock"));
	ctx = check_at("1970-01-01 00:00", all, 2, RULES("keep_last", "1"));
	assert_int_equal(ctx.warnings, 0);
	ctx = check_at("2026-01-01 02:00", slack, 3, RULES("keep_last", "1"));
	assert_int_equal(ctx.warnings, 1);
	assert_non_null(strstr(ctx.warning, "point 2026-01-01 03:01 begins in the future"));
}

static void refused(const char *message, const char *hint, const char *const *rules)
{
	hf_ctx ctx = {.now_ns = 0};
	hf_options options;
	void *self = NULL;

	assert_int_equal(mock_open_list(&ctx, &options, &self, rules), HF_E_CONFIG);
	assert_int_equal(ctx.fails, 1);
	assert_non_null(strstr(ctx.message, message));
	assert_non_null(strstr(ctx.hint, hint));
}

static void test_rules_that_are_refused(void **state)
{
	const char *const none[] = {NULL};

	(void)state;
	refused("no rule", "keep_last", none);
	refused("no rule", "keep_last", RULES("keep_last", "0"));
	refused("no rule", "keep_last", RULES("keep_verified", "3", "min_keep", "5"));
	refused("no rule", "keep_last", RULES("keep_within", "0s", "timezone", "UTC"));
	refused("timezone Mars/Olympus: no such zone", "timedatectl",
	    RULES("keep_last", "1", "timezone", "Mars/Olympus"));
	refused("timezone ../../../etc/passwd: not a time zone's name", "timedatectl",
	    RULES("keep_last", "1", "timezone", "../../../etc/passwd"));
	refused("timezone : not", "timedatectl", RULES("keep_last", "1", "timezone", ""));
}

static void test_prune_runs_it(void **state)
{
	(void)state;
	assert_true(mock_driver()->capabilities & HF_CAP_EXPIRE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_one_a_day_keeps_exactly_n),
		cmocka_unit_test(test_two_o_clock_twice),
		cmocka_unit_test(test_same_points_in_two_zones),
		cmocka_unit_test(test_leap_day),
		cmocka_unit_test(test_week_at_the_turn_of_the_year),
		cmocka_unit_test(test_months_and_the_oldest),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_min_keep),
		cmocka_unit_test(test_proven_ones_stay),
		cmocka_unit_test(test_pinned_and_current),
		cmocka_unit_test(test_only_complete_points_count),
		cmocka_unit_test(test_damaged_ones_push_nothing_out),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_the_future_does_not_count),
		cmocka_unit_test(test_rules_that_are_refused),
		cmocka_unit_test(test_prune_runs_it),
	};

	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
