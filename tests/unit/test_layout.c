/* SPDX-License-Identifier: MIT
 * Point ids and keys. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/store/layout.h"
#include "engine/util/clock.h"

#define T20260116 INT64_C(1768528800) /* 2026-01-16T02:00:00Z */

static void ids(void **state)
{
	char a[POINT_ID_LEN + 1], b[POINT_ID_LEN + 1];

	(void)state;
	point_id_make(T20260116 * NS_PER_S + 999999999, a);
	point_id_make(T20260116 * NS_PER_S, b);
	assert_int_equal(strlen(a), POINT_ID_LEN);
	assert_memory_equal(a, "20260116T020000Z-", 17);
	assert_true(point_id_ok(a));
	assert_int_equal(point_id_time(a), T20260116 * NS_PER_S);
	/* one of 1.7 million: if they meet twice, they are not random */
	if (strcmp(a, b) == 0)
		point_id_make(T20260116 * NS_PER_S, b);
	assert_string_not_equal(a, b);
}

static void bad_ids(void **state)
{
	static const char *const bad[] = {
	    "",
	    "20260116T020000Z",
	    "20260116T020000Z-",
	    "20260116T020000Z-abc",
	    "20260116T020000Z-abcde",
	    "20260116T020000Z-abcD",
	    "20260116T020000Z-ab.d",
	    "20260116t020000Z-abcd",
	    "20260116T020000z-abcd",
	    "20260116T020000Z_abcd",
	    "20260230T020000Z-abcd",
	    "20261316T020000Z-abcd",
	    "20260116T240000Z-abcd",
	    "20260116T026000Z-abcd",
	    "20260116T020060Z-abcd",
	    "20260100T020000Z-abcd",
	    "-0260116T020000Z-abcd",
	    "2026 116T020000Z-abcd",
	    "20250229T000000Z-abcd",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(point_id_ok(bad[i]));
		assert_int_equal(point_id_time(bad[i]), 0);
	}
	assert_true(point_id_ok("20240229T235959Z-0az9"));
}

static void jobs(void **state)
{
	char long_name[70];

	(void)state;
	assert_true(key_job_ok("scheduleright"));
	assert_true(key_job_ok("0.a_b-c"));
	assert_false(key_job_ok(""));
	assert_false(key_job_ok("A"));
	assert_false(key_job_ok("a/b"));
	assert_false(key_job_ok(".a"));
	assert_false(key_job_ok("-a"));
	memset(long_name, 'a', sizeof(long_name));
	long_name[64] = '\0';
	assert_true(key_job_ok(long_name));
	long_name[64] = 'a';
	long_name[65] = '\0';
	assert_false(key_job_ok(long_name));
}

static void check(const char *path, const char *expected)
{
	char *key = key_escape(path);

	assert_string_equal(key, expected);
	assert_true(key_ok(key));
	free(key);
}

static void escaping(void **state)
{
	(void)state;
	check("users.sql", "users.sql");
	check("srv/app.tar", "srv/app.tar");
	check("", "~");
	check("/", "~/~");
	check("/etc/x", "~/etc/x");
	check("a//b/", "a/~/b/~");
	check(".", "%2E");
	check("..", "%2E.");
	check("../../etc/passwd", "%2E./%2E./etc/passwd");
	check(".env", "%2Eenv");
	check("a b~%41", "a%20b%7E%2541");
	check("\xff\n\x7f", "%FF%0A%7F");
	check("r\xc3\xa4ksm\xc3\xb6rg\xc3\xa5s", "r%C3%A4ksm%C3%B6rg%C3%A5s");
}

static void long_names(void **state)
{
	char a[6000], b[6000];
	char *x, *y;

	(void)state;
	/* a component */
	memset(a, 'a', 300);
	memcpy(a + 300, ".tar.gz", 8);
	memcpy(b, a, 308);
	b[250] = 'b';
	x = key_escape(a);
	y = key_escape(b);
	assert_true(key_ok(x) && key_ok(y));
	assert_true(strlen(x) <= 200);
	assert_string_not_equal(x, y);
	assert_string_equal(x + strlen(x) - 7, ".tar.gz");
	/* its own result is another name */
	free(y);
	y = key_escape(x);
	assert_string_not_equal(x, y);
	free(x);
	free(y);
	/* cut beside an escape, at each offset */
	for (size_t shift = 0; shift < 3; shift++) {
		memset(a, 'a', shift);
		memset(a + shift, 0xe9, 200);
		a[shift + 200] = '\0';
		x = key_escape(a);
		assert_true(key_ok(x));
		for (char *p = strchr(x, '%'); p && p < strchr(x, '~'); p = strchr(p + 1, '%'))
			assert_memory_equal(p, "%E9", 3);
		free(x);
	}
	/* a path */
	for (size_t i = 0; i < 2000; i++)
		memcpy(a + 2 * i, "d/", 2);
	memcpy(a + 4000, "f.tar", 6);
	memcpy(b, a, 4006);
	b[1000] = 'e';
	x = key_escape(a);
	y = key_escape(b);
	assert_true(key_ok(x) && key_ok(y));
	assert_string_not_equal(x, y);
	assert_string_equal(strrchr(x, '/'), "/f.tar");
	free(x);
	free(y);
	/* with everything beside it at its longest */
	memset(b, 'j', 64);
	b[64] = '\0';
	memset(a, '.', 640);
	for (size_t i = 0; i < 640; i += 160)
		a[i] = '/';
	a[640] = '\0';
	x = key_entry(b, "20260116T020000Z-abcd", a, a, ".abcdefghijklmnopqrstuvwxyz01234");
	assert_true(key_ok(x));
	free(x);
}

/* Paths over a small, nasty alphabet: no two may meet. */
static void injective(void **state)
{
	static const char alphabet[] = "a./~%2E";
	enum { LENGTH = 4, LETTERS = 7, TOTAL = 1 + 7 + 49 + 343 + 2401 };
	static char *keys[TOTAL];
	size_t n = 0;

	(void)state;
	for (size_t length = 0; length <= LENGTH; length++) {
		size_t count = 1;

		for (size_t i = 0; i < length; i++)
			count *= LETTERS;
		for (size_t k = 0; k < count; k++) {
			char path[LENGTH + 1];
			size_t rest = k;

			for (size_t i = 0; i < length; i++, rest /= LETTERS)
				path[i] = alphabet[rest % LETTERS];
			path[length] = '\0';
			keys[n] = key_escape(path);
			assert_true(key_ok(keys[n]));
			n++;
		}
	}
	assert_int_equal(n, TOTAL);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (strcmp(keys[i], keys[k]) == 0)
				fail_msg("two paths have the key %s", keys[i]);
	for (size_t i = 0; i < n; i++)
		free(keys[i]);
}

static void key_names(void **state)
{
	static const char id[] = "20260116T020000Z-abcd";
	char *key;

	(void)state;
	key = key_manifest("job", id);
	assert_string_equal(key, "job/20260116T020000Z-abcd/manifest.json");
	free(key);
	key = key_entry("job", id, "main", "users.sql", ".zst");
	assert_string_equal(key, "job/20260116T020000Z-abcd/main/users.sql.zst");
	free(key);
	/* a source cannot write over what is ours, nor into another source */
	key = key_entry("job", id, "records", "x", "");
	assert_string_equal(key, "job/20260116T020000Z-abcd/~records/x");
	free(key);
	key = key_entry("job", id, "a/b", "../x", "");
	assert_string_equal(key, "job/20260116T020000Z-abcd/a%2Fb/%2E./x");
	free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids),
	    cmocka_unit_test(bad_ids),
	    cmocka_unit_test(jobs),
	    cmocka_unit_test(escaping),
	    cmocka_unit_test(long_names),
	    cmocka_unit_test(injective),
	    cmocka_unit_test(key_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
