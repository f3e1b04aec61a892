/* SPDX-License-Identifier: MIT
 * Instants written and read, also where the clocks change. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "engine/util/clock.h"

#define T0 (INT64_C(1768528800) * NS_PER_S) /* 2026-01-16T02:00:00Z */

/* Zones by rule, so that no zone database is needed. */
static void zone(const char *tz)
{
	assert_int_equal(setenv("TZ", tz, 1), 0);
	tzset();
}

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define HAVANA "CST5CDT,M3.2.0/0,M11.1.0/1"

static void test_rfc3339(void **state)
{
	char out[32];

	(void)state;
	clock_rfc3339(T0, out, sizeof(out));
	assert_string_equal(out, "2026-01-16T02:00:00Z");
	clock_rfc3339(T0 + 500000000, out, sizeof(out));
	assert_string_equal(out, "2026-01-16T02:00:00.5Z");
	clock_rfc3339(T0 + 1, out, sizeof(out));
	assert_string_equal(out, "2026-01-16T02:00:00.000000001Z");
	clock_rfc3339(-1, out, sizeof(out));
	assert_string_equal(out, "1969-12-31T23:59:59.999999999Z");
	clock_rfc3339(INT64_MAX, out, sizeof(out));
	assert_string_equal(out, "2262-04-11T23:47:16.854775807Z");
	clock_compact(T0, out, sizeof(out));
	assert_string_equal(out, "20260116T020000Z");
}

static void test_parse_rfc3339(void **state)
{
	static const char *const wrong[] = {
		"", "2026-01-16", "2026-01-16 02:00:00Z", "2026-01-16T02:00:00",
		"2026-01-16T02:00Z",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-16T24:00:00Z", "2026-01-16T02:60:00Z",
		"2026-01-16T02:00:60Z", "2026-01-16T02:00:00.Z", "2026-01-16T02:00:00.1234567890Z",
		"2026-01-16T02:00:00Zx", "2026-01-16T02:00:00+0100", "1600-01-01T00:00:00Z",
		"9999-12-31T23:59:59Z", "+026-01-16T02:00:00Z", "2100-02-29T00:00:00Z",
	};
	char text[32];
	int64_t ns = 0;

	(void)state;
	assert_int_equal(clock_parse_rfc3339("2026-01-16T02:00:00Z", &ns), HF_OK);
	assert_int_equal(ns, T0);
	assert_int_equal(clock_parse_rfc3339("2026-01-16T03:30:00+01:30", &ns), HF_OK);
	assert_int_equal(ns, T0);
	assert_int_equal(clock_parse_rfc3339("2026-01-15T21:00:00-05:00", &ns), HF_OK);
	assert_int_equal(ns, T0);
	assert_int_equal(clock_parse_rfc3339("2024-02-29T00:00:00Z", &ns), HF_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (clock_parse_rfc3339(wrong[i], &ns) != HF_E_CONFIG)
			fail_msg("\"%s\" was taken", wrong[i]);
	for (int64_t t = -9000000000; t < 9000000000; t += 123456789) {
		int64_t want = t * NS_PER_S + (t & 0xfffff), got = 0;

		clock_rfc3339(want, text, sizeof(text));
		assert_int_equal(clock_parse_rfc3339(text, &got), HF_OK);
		assert_int_equal(got, want);
	}
}

static void at(const char *text, const char *want)
{
	struct error err = { 0 };
	char out[32];
	int64_t ns;

	if (clock_parse_user(text, T0, &ns, &err) != HF_OK)
		fail_msg("\"%s\" refused: %s", text, err.message);
	clock_rfc3339(ns, out, sizeof(out));
	assert_string_equal(out, want);
}

static void test_user(void **state)
{
	(void)state;
	zone(BERLIN);
	at("2026-01-16T02:00:00Z", "2026-01-16T02:00:00Z");
	at("2026-01-16 02:00", "2026-01-16T01:00:00Z");
	at("2026-01-16T02:00:30", "2026-01-16T01:00:30Z");
	at("2026-07-16 02:00:30", "2026-07-16T00:00:30Z");
	at("2026-01-16", "2026-01-16T22:59:59.999999999Z");
	at("26h ago", "2026-01-15T00:00:00Z");
	at("26h", "2026-01-15T00:00:00Z");
	at("0", "2026-01-16T02:00:00Z");
}

static void refused(const char *text, const char *part)
{
	struct error err = { 0 };
	int64_t ns;

	assert_int_equal(clock_parse_user(text, T0, &ns, &err), HF_E_CONFIG);
	if (!strstr(err.message, part) || !err.hint)
		fail_msg("\"%s\": %s", text, err.message);
	error_clear(&err);
	assert_int_equal(clock_parse_user(text, T0, &ns, NULL), HF_E_CONFIG);
}

static void test_user_refused(void **state)
{
	static const char *const wrong[] = {
		"", "yesterday", "2026-1-16", "2026-01-16 2:00", "2026-01-16  02:00", "26", " ago",
		"2026-01-16 02:00 ", "2026-01-32", "26h  ago", "300y ago", "10:00", "2026-01-16 02",
	};

	(void)state;
	zone(BERLIN);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(wrong[i], "is not a time");
}

static void test_clocks_change(void **state)
{
	struct error err = { 0 };
	int64_t ns;

	(void)state;
	zone(BERLIN);
	refused("2026-03-29 02:30", "does not exist");
	at("2026-03-29 01:59:59", "2026-03-29T00:59:59Z");
	at("2026-03-29 03:00", "2026-03-29T01:00:00Z");
	refused("2026-10-25 02:30", "happened twice");
	clock_parse_user("2026-10-25 02:30", T0, &ns, &err);
	assert_string_equal(err.hint,
			    "say which one: 2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z");
	error_clear(&err);
	at("2026-10-25 03:00", "2026-10-25T02:00:00Z");
	at("2026-10-25", "2026-10-25T22:59:59.999999999Z");
	/* there the hour before midnight is the one that comes twice: the end is the later one */
	zone(HAVANA);
	at("2026-10-31", "2026-11-01T03:59:59.999999999Z");
	at("2026-11-01", "2026-11-02T04:59:59.999999999Z");
	zone("AAA5BBB,M3.2.0/0,M11.1.0/0");
	at("2026-10-31", "2026-11-01T04:59:59.999999999Z");
}

static void test_local_and_clocks(void **state)
{
	int64_t a = clock_mono(), now = clock_now();
	char out[32];

	(void)state;
	zone(BERLIN);
	clock_local(T0, out, sizeof(out));
	assert_string_equal(out, "2026-01-16 03:00:00");
	assert_true(clock_mono() >= a);
	assert_true(now > INT64_C(1700000000) * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_parse_rfc3339),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_user_refused),
		cmocka_unit_test(test_clocks_change),
		cmocka_unit_test(test_local_and_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
