/* SPDX-License-Identifier: MIT
 * Sealed documents, and strict JSON. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/store/json.h"
#include "engine/store/seal.h"

static struct buf sealed(const char *json)
{
	struct buf text = {0};
	json_object *o;

	assert_int_equal(json_read("test", json, strlen(json), &o, NULL), HF_OK);
	seal_write(o, &text);
	json_object_put(o);
	return text;
}

static void refused(const char *data, size_t n)
{
	struct error err = {0};
	json_object *o;

	assert_int_equal(seal_read("the note", data, n, &o, &err), HF_E_CORRUPT);
	assert_null(o);
	assert_non_null(strstr(err.message, "the note"));
	error_clear(&err);
}

static void round_trip(void **state)
{
	struct buf text = sealed("{\"kind\":\"pin\",\"n\":18446744073709551615,\"list\":[{},[]]}");
	struct buf again = {0};
	json_object *o, *v;

	(void)state;
	assert_int_equal(seal_read("test", text.data, text.len, &o, NULL), HF_OK);
	assert_true(json_object_object_get_ex(o, "seal", &v));
	assert_int_equal(json_object_get_string_len(v), 64);
	assert_true(json_object_object_get_ex(o, "n", &v));
	assert_true(json_object_get_uint64(v) == UINT64_MAX);
	assert_string_equal(text.data + text.len - 4, "\"\n}\n");
	/* sealed again it is the same */
	seal_write(o, &again);
	assert_string_equal(again.data, text.data);
	json_object_put(o);
	buf_free(&again);
	buf_free(&text);
}

/* Every flipped bit, every cut, a byte more anywhere. */
static void damage(void **state)
{
	struct buf text = sealed("{\"kind\":\"verify\",\"result\":\"ok\",\"level\":20}");
	char *copy = malloc(text.len + 1);

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i < text.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(copy, text.data, text.len);
			copy[i] = (char)(copy[i] ^ (1 << bit));
			refused(copy, text.len);
		}
		refused(text.data, i);
		refused(text.data + i + 1, text.len - i - 1);
	}
	for (size_t i = 0; i <= text.len; i++) {
		static const char extra[] = {' ', '\n', '}', '0', '\0'};

		for (size_t k = 0; k < sizeof(extra); k++) {
			memcpy(copy, text.data, i);
			copy[i] = extra[k];
			memcpy(copy + i + 1, text.data + i, text.len - i);
			/* "{\n\n": a blank twice is another text, too */
			refused(copy, text.len + 1);
		}
	}
	free(copy);
	buf_free(&text);
}

static void json_bad_text(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} bad[] = {
#define T(s) {s, sizeof(s) - 1}
	    T(""),
	    T(" "),
	    T("{"),
	    T("}"),
	    T("[1,]"),
	    T("{\"a\":1,}"),
	    T("{'a':1}"),
	    T("01"),
	    T("{a:1}"),
	    T("[1 2]"),
	    T("1 2"),
	    T("{} {}"),
	    T("\"\\u0000\""),
	    T("\"a\0b\""),
	    T("\"a\nb\""),
	    T("\"\xff\""),
	    T("\"\xc3\""),
	    T("\""),
	    T("\"\\\""),
	    T("nul"),
	    T("{\"a\":1,\"a\":1}"),
	    T("{\"a\":1,\"\\u0061\":1}"),
	    T("[{\"b\":{\"a\":1,\"a\":2}}]"),
	    T("99999999999999999999"),
	    T("-99999999999999999999"),
	    T("[1]\0"),
	    T("{\"a\\u0000\":1}"),
	    T("/* c */ 1"),
	    T("]"),
	    T("[}"),
#undef T
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_object *o;

		if (json_read("text", bad[i].text, bad[i].n, &o, NULL) != HF_E_CORRUPT)
			fail_msg("was taken: %s", bad[i].text);
		assert_null(o);
	}
}

static void json_limits(void **state)
{
	struct buf text = {0};
	json_object *o;

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_addc(&text, '[');
	assert_int_equal(json_read("text", text.data, text.len, &o, NULL), HF_E_CORRUPT);
	buf_free(&text);
	for (int i = 0; i < 30; i++)
		buf_addc(&text, '[');
	for (int i = 0; i < 30; i++)
		buf_addc(&text, ']');
	assert_int_equal(json_read("text", text.data, text.len, &o, NULL), HF_OK);
	json_object_put(o);
	buf_free(&text);
	/* a small text that would need much memory */
	buf_addc(&text, '[');
	for (size_t i = 0; i < JSON_CONTAINERS_MAX; i++)
		buf_adds(&text, "{},");
	buf_adds(&text, "{}]");
	assert_int_equal(json_read("text", text.data, text.len, &o, NULL), HF_E_CORRUPT);
	buf_free(&text);
	buf_addc(&text, '[');
	for (size_t i = 0; i <= JSON_VALUES_MAX; i++)
		buf_adds(&text, "1,");
	buf_adds(&text, "1]");
	assert_int_equal(json_read("text", text.data, text.len, &o, NULL), HF_E_CORRUPT);
	buf_free(&text);
}

static void texts(void **state)
{
	static const struct {
		const char *bytes, *text;
	} pairs[] = {
	    {"", ""},
	    {"plain", "plain"},
	    {"r\xc3\xa4k", "r\xc3\xa4k"},
	    {"\xff", "\\xff"},
	    {"a\\b", "a\\\\b"},
	    {"\xc3(", "\\xc3("},
	    {"\\xff", "\\\\xff"},
	    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	    {"\x01", "\x01"},
	};
	static const char *const bad[] = {
	    "\\",
	    "a\\",
	    "\\x",
	    "\\xf",
	    "\\xFF",
	    "\\x41",
	    "\\x00",
	    "\\n",
	    "\\xc3\\xa4",
	    "\\xzz",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *text = json_escape(pairs[i].bytes);
		char *bytes = json_unescape(text);

		assert_string_equal(text, pairs[i].text);
		assert_string_equal(bytes, pairs[i].bytes);
		free(text);
		free(bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(json_unescape(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(round_trip),
	    cmocka_unit_test(damage),
	    cmocka_unit_test(json_bad_text),
	    cmocka_unit_test(json_limits),
	    cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
