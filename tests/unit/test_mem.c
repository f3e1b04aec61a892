/* SPDX-License-Identifier: MIT
 * Byte strings, string lists, errors, and text made fit for a terminal. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/util/error.h"
#include "engine/util/mem.h"
#include "engine/util/utf8.h"

static void test_buf(void **state)
{
	struct buf b = { 0 };
	char *text;

	(void)state;
	text = buf_take(&b);
	assert_string_equal(text, "");
	free(text);
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%d,", i % 10);
	assert_int_equal(b.len, 2000);
	assert_int_equal(strlen(b.data), 2000);
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 2003);
	assert_memory_equal(b.data + 2000, "a\0b", 4);
	buf_free(&b);
	assert_null(b.data);
	buf_adds(&b, "x");
	buf_addc(&b, 'y');
	buf_add(&b, NULL, 0);
	text = buf_take(&b);
	assert_string_equal(text, "xy");
	assert_int_equal(b.len + b.cap, 0);
	free(text);
}

static void test_strings(void **state)
{
	char *a = xstrndup("abcdef", 3), *b = xasprintf("%s-%d", a, 7);
	char unended[2] = { 'x', 'y' };
	char *c = xstrndup(unended, 2);

	(void)state;
	assert_string_equal(a, "abc");
	assert_string_equal(b, "abc-7");
	assert_string_equal(c, "xy");
	free(a);
	free(b);
	free(c);
	a = xcalloc(0, 8);
	assert_non_null(a);
	free(a);
}

static void test_strv(void **state)
{
	struct strv l = { 0 };
	char name[16];

	(void)state;
	assert_false(strv_has(&l, "0"));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%d", i);
		strv_add(&l, name);
	}
	strv_take(&l, xstrdup("last"));
	assert_int_equal(l.n, 101);
	assert_string_equal(l.v[64], "64");
	assert_true(strv_has(&l, "last"));
	assert_false(strv_has(&l, "100"));
	strv_free(&l);
	assert_int_equal(l.n, 0);
}

static void shown(const char *text, const char *want)
{
	char *out = printable(text);

	assert_string_equal(out, want);
	free(out);
}

static void test_printable(void **state)
{
	(void)state;
	shown("", "");
	shown("plain text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "plain text, \xc3\xa4\xe2\x82\xac"
	      "\xf0\x9f\x98\x80");
	shown("a\nb\tc\x1b[0m\x7f", "a\\x0ab\\x09c\\x1b[0m\\x7f");
	shown("\xff\xc3", "\\xff\\xc3");
	shown("\xc0\xaf", "\\xc0\\xaf");                 /* overlong */
	shown("\xe0\x80\xaf", "\\xe0\\x80\\xaf");        /* overlong */
	shown("\xed\xa0\x80", "\\xed\\xa0\\x80");        /* surrogate */
	shown("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	shown("\xc2\x9b" "31m", "\\xc2\\x9b" "31m");     /* C1: an escape of one character */
	shown("a\xe2\x80\xae" "b", "a\\xe2\\x80\\xae" "b"); /* turns the direction */
}

static void test_utf8(void **state)
{
	uint32_t code = 0;

	(void)state;
	assert_int_equal(utf8_decode("\xe2\x82\xac", 3, &code), 3);
	assert_int_equal(code, 0x20ac);
	assert_int_equal(utf8_decode("\xe2\x82\xac", 2, &code), 0);
	assert_int_equal(utf8_decode("", 0, &code), 0);
	assert_int_equal(utf8_decode("\xf4\x8f\xbf\xbf", 4, &code), 4);
	assert_int_equal(code, 0x10ffff);
	assert_true(utf8_valid("a\0b", 3));
	assert_false(utf8_valid("a\x80", 2));
}

static void test_error(void **state)
{
	struct error err = { 0 }, other = { 0 };

	(void)state;
	assert_int_equal(error_set(NULL, HF_E_AUTH, "x"), HF_E_AUTH);
	error_hint(&err, "no error: no hint");
	assert_null(err.hint);
	assert_int_equal(error_set(&err, HF_E_CONFIG, "no %s", "good"), HF_E_CONFIG);
	error_hint(&err, "one");
	error_hint(&err, "two, not %s", err.hint);
	assert_string_equal(err.hint, "two, not one");
	assert_int_equal(error_prefix(&err, "f:%d", 3), HF_E_CONFIG);
	assert_string_equal(err.message, "f:3: no good");
	/* the arguments may be the texts that are replaced */
	error_set(&err, HF_E_FAILED, "again: %s", err.message);
	assert_string_equal(err.message, "again: f:3: no good");
	assert_null(err.hint);
	error_set(&other, HF_E_AUTH, "second");
	assert_int_equal(error_keep_first(&err, &other), HF_E_FAILED);
	assert_null(other.message);
	error_clear(&err);
	error_set(&other, HF_E_AUTH, "second");
	assert_int_equal(error_keep_first(&err, &other), HF_E_AUTH);
	assert_string_equal(err.message, "second");
	error_clear(&err);
	error_clear(NULL);
}

static void test_status(void **state)
{
	(void)state;
	assert_string_equal(status_name(HF_E_NO_SPACE), "no-space");
	assert_string_equal(status_name(HF_OK), "ok");
	assert_string_equal(status_name(4711), "failed");
	assert_int_equal(status_normal(HF_E_TRANSIENT), HF_E_TRANSIENT);
	assert_int_equal(status_normal(HF_END), HF_END);
	assert_int_equal(status_normal(55), HF_E_FAILED);
	assert_int_equal(status_normal(-1), HF_E_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
