/* SPDX-License-Identifier: MIT
 * Numbers with units: what is read, what is refused, how they are written. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/util/clock.h"
#include "engine/util/units.h"

typedef int32_t (*parser)(const char *text, int64_t *out, struct error *err);

static void good(parser parse, const char *text, int64_t want)
{
	struct error err = { 0 };
	int64_t v = -77;

	if (parse(text, &v, &err) != HF_OK)
		fail_msg("\"%s\" refused: %s", text, err.message);
	if (v != want)
		fail_msg("\"%s\" is %lld, not %lld", text, (long long)v, (long long)want);
	error_clear(&err);
}

static void refused(parser parse, const char *text)
{
	struct error err = { 0 };
	int64_t v = -77;

	if (parse(text, &v, &err) != HF_E_CONFIG)
		fail_msg("\"%s\" was taken for %lld", text, (long long)v);
	assert_int_equal(v, -77);
	assert_int_equal(err.status, HF_E_CONFIG);
	assert_non_null(err.message);
	assert_int_equal(parse(text, &v, NULL), HF_E_CONFIG);
	error_clear(&err);
}

static void test_int(void **state)
{
	static const char *const wrong[] = {
		"", "-", "+1", " 1", "1 ", "1.0", "0x10", "1k", "--1", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999999",
	};

	(void)state;
	good(parse_int, "0", 0);
	good(parse_int, "007", 7);
	good(parse_int, "-12", -12);
	good(parse_int, "9223372036854775807", INT64_MAX);
	good(parse_int, "-9223372036854775808", INT64_MIN);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(parse_int, wrong[i]);
}

static void test_size(void **state)
{
	static const char *const wrong[] = {
		"", "K", "-1", "1.5G", "1 G", "1KB", "1Kib", "1KiBs", "1B", "1E", "64KK", "1G2",
		"8192P", "9223372036854775808", "1m ",
	};

	(void)state;
	good(parse_size, "0", 0);
	good(parse_size, "512", 512);
	good(parse_size, "64K", 65536);
	good(parse_size, "64k", 65536);
	good(parse_size, "64KiB", 65536);
	good(parse_size, "8M", 8 << 20);
	good(parse_size, "2G", INT64_C(2) << 30);
	good(parse_size, "1T", INT64_C(1) << 40);
	good(parse_size, "8191P", INT64_C(8191) << 50);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(parse_size, wrong[i]);
}

static void test_duration(void **state)
{
	static const char *const wrong[] = {
		"", "30", "00030", "h", "1h30", "30m1h", "1h1h", "1mo", "1y", "1M", "1 h", "-1h",
		"1.5h", "1hh", "1H", "106752d", "9223372036854775808s", "1us", "0h0", "h1",
	};

	(void)state;
	good(parse_duration, "0", 0);
	good(parse_duration, "0s", 0);
	good(parse_duration, "500ms", NS_PER_S / 2);
	good(parse_duration, "30s", 30 * NS_PER_S);
	good(parse_duration, "15m", 900 * NS_PER_S);
	good(parse_duration, "26h", 26 * 3600 * NS_PER_S);
	good(parse_duration, "7d", 7 * 86400 * NS_PER_S);
	good(parse_duration, "2w", 14 * 86400 * NS_PER_S);
	good(parse_duration, "1h30m", 5400 * NS_PER_S);
	good(parse_duration, "1w1d1h1m1s1ms", 694861 * NS_PER_S + 1000000);
	good(parse_duration, "106751d", INT64_C(106751) * 86400 * NS_PER_S);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(parse_duration, wrong[i]);
}

static void test_duration_says_what_is_missing(void **state)
{
	struct error err = { 0 };
	int64_t v;

	(void)state;
	parse_duration("30", &v, &err);
	assert_string_equal(err.message,
			    "\"30\" is not a duration: it has no unit; say 30s or 30m");
	error_clear(&err);
}

static void test_percent(void **state)
{
	static const char *const wrong[] = {
		"", "%", "10", "10.%", ".5%", "0.00001%", "-1%", "10 %", "1e2%", "10%%",
		"922337203685478%",
	};

	(void)state;
	good(parse_percent, "0%", 0);
	good(parse_percent, "10%", 100000);
	good(parse_percent, "0.5%", 5000);
	good(parse_percent, "0.0001%", 1);
	good(parse_percent, "99.9999%", 999999);
	good(parse_percent, "100%", 1000000);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(parse_percent, wrong[i]);
}

static void test_bool(void **state)
{
	(void)state;
	good(parse_bool, "yes", 1);
	good(parse_bool, "Yes", 1);
	good(parse_bool, "true", 1);
	good(parse_bool, "on", 1);
	good(parse_bool, "1", 1);
	good(parse_bool, "no", 0);
	good(parse_bool, "false", 0);
	good(parse_bool, "off", 0);
	good(parse_bool, "0", 0);
	refused(parse_bool, "");
	refused(parse_bool, "y");
	refused(parse_bool, "yes ");
	refused(parse_bool, "2");
}

static void test_message_is_fit_for_a_terminal(void **state)
{
	struct error err = { 0 };
	int64_t v;

	(void)state;
	parse_size("\x1b[31m5", &v, &err);
	assert_null(strchr(err.message, '\x1b'));
	assert_non_null(strstr(err.message, "\\x1b[31m5"));
	error_clear(&err);
}

static void bytes(uint64_t n, const char *want)
{
	char out[16];

	format_bytes(n, out, sizeof(out));
	assert_string_equal(out, want);
}

static void test_format_bytes(void **state)
{
	(void)state;
	bytes(0, "0 B");
	bytes(1023, "1023 B");
	bytes(1024, "1.0 KiB");
	bytes(1536, "1.5 KiB");
	bytes(1024 * 1024 - 1, "1.0 MiB");
	bytes(1024 * 1024, "1.0 MiB");
	bytes(UINT64_C(1503238554), "1.4 GiB");
	bytes(UINT64_MAX, "16.0 EiB");
}

static void span(int64_t ns, const char *want)
{
	char out[24];

	format_duration(ns, out, sizeof(out));
	assert_string_equal(out, want);
}

static void test_format_duration(void **state)
{
	(void)state;
	span(0, "0 ms");
	span(350 * 1000000, "350 ms");
	span(999999999, "999 ms");
	span(12 * NS_PER_S + 450000000, "12.4 s");
	span(60 * NS_PER_S - 1, "59.9 s");
	span(185 * NS_PER_S, "3m 05s");
	span(7800 * NS_PER_S, "2h 10m");
	span(76 * 3600 * NS_PER_S, "3d 4h");
	span(-5 * NS_PER_S, "-5.0 s");
	span(INT64_MAX, "106751d 23h");
	span(INT64_MIN, "-106751d 23h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_duration_says_what_is_missing),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_message_is_fit_for_a_terminal),
		cmocka_unit_test(test_format_bytes),
		cmocka_unit_test(test_format_duration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
