/* SPDX-License-Identifier: MIT
 * INI text as events: what inih gives, with line numbers, and what is refused. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/job/ini.h"
#include "engine/util/mem.h"

static int32_t on_section(void *arg, const char *kind, const char *name, unsigned line,
	struct error *err)
{
	if (strcmp(kind, "refuse") == 0)
		return error_set(err, HF_E_CONFIG, "refused");
	buf_addf(arg, "%u[%s|%s]\n", line, kind, name);
	return HF_OK;
}

static int32_t on_pair(void *arg, const char *key, const char *value, unsigned line,
	struct error *err)
{
	if (strcmp(key, "refuse") == 0)
		return error_set(err, HF_E_AUTH, "refused");
	buf_addf(arg, "%u %s=%s\n", line, key, value);
	return HF_OK;
}

static const struct ini_events events = { .section = on_section, .pair = on_pair };

static void reads_bytes(const char *text, size_t n, const char *want)
{
	struct error err = { 0 };
	struct buf out = { 0 };
	/* exactly as long as it is, so that a byte too far is seen */
	char *copy = xmalloc(n);

	memcpy(copy, text, n);
	buf_adds(&out, "");
	if (ini_text_read("f", copy, n, &events, &out, &err) != HF_OK)
		fail_msg("refused: %s", err.message);
	assert_string_equal(out.data, want);
	buf_free(&out);
	free(copy);
}

static void reads(const char *text, const char *want)
{
	reads_bytes(text, strlen(text), want);
}

static void refused_bytes(const char *text, size_t n, int32_t status, const char *start)
{
	struct error err = { 0 };
	struct buf out = { 0 };

	assert_int_equal(ini_text_read("f", text, n, &events, &out, &err), status);
	if (strncmp(err.message, start, strlen(start)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", err.message, start);
	error_clear(&err);
	assert_int_equal(ini_text_read("f", text, n, &events, &out, NULL), status);
	buf_free(&out);
}

static void refused(const char *text, const char *start)
{
	refused_bytes(text, strlen(text), HF_E_CONFIG, start);
}

static void test_reads(void **state)
{
	(void)state;
	reads("", "");
	reads("; only\n# comments\n\n", "");
	reads("[job]\n", "1[job|]\n");
	reads("[a]\n[b c]\nk=v", "1[a|]\n2[b|c]\n3 k=v\n");
	reads("[ sink\t disk ] ; the disk\nk = v w \n", "1[sink|disk]\n2 k=v w\n");
	reads("[a]\r\nk = v\r\n", "1[a|]\n2 k=v\n");
	reads("\xef\xbb\xbf[a]\nk: v\n", "1[a|]\n2 k=v\n");
	reads("[a]\nempty =\nk = a=b:c\n", "1[a|]\n2 empty=\n3 k=a=b:c\n");
	reads("[a]\nk = \xc3\xa4\xe2\x82\xac\n", "1[a|]\n2 k=\xc3\xa4\xe2\x82\xac\n");
}

static void test_comments_behind_values(void **state)
{
	(void)state;
	reads("[a]\nk = v ; why\nl = a;b\nm = a # b\n", "1[a|]\n2 k=v\n3 l=a;b\n4 m=a # b\n");
}

static void test_indented_lines(void **state)
{
	(void)state;
	reads("[a]\n  k = 1\n    2 ; two\n\n  ; comment\n  3\n",
	      "1[a|]\n2 k=1\n3 k=2\n6 k=3\n");
	/* a key that inih cuts in the repetition */
	reads("[a]\nabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij = 1\n 2\n",
	      "1[a|]\n2 abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij=1\n"
	      "3 abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij=2\n");
	/* an indented section is fine where no key stands above */
	reads("[a]\n  [b]\n  k = 1\n", "1[a|]\n2[b|]\n3 k=1\n");
	refused("[a]\n  k = 1\n  l = 2\n", "f:3: the indented line goes on with the key above");
	refused("[a]\nk = 1\n  [b]\n", "f:3: the indented line goes on with the key above");
	reads("[a]\nk = *.o\n  [a-z]*.c\n  /x=y\n", "1[a|]\n2 k=*.o\n3 k=[a-z]*.c\n4 k=/x=y\n");
}

static void test_bad_lines(void **state)
{
	(void)state;
	refused("k = v\n", "f:1: a key stands before the first [section]");
	refused("[a]\nkey\n", "f:2: expected key = value or [section]");
	refused("[a]\nkey\n[refuse]\n", "f:2: expected key = value or [section]");
	refused("[a]\n= v\n", "f:2: there is no key before the =");
	refused("[a]\na\tb = v\n", "f:2: the key holds a tab");
	refused("[a\n", "f:1: a section begins with");
	refused("[]\n", "f:1: a section begins with");
	refused("[a] b\n", "f:1: a section begins with");
	refused("[a b c]\n", "f:1: a section begins with");
	refused("[a]\n\n[refuse]\nk\n", "f:3: refused");
	refused_bytes("[a]\nrefuse = x\n", 15, HF_E_AUTH, "f:2: refused");
}

static void test_bad_bytes(void **state)
{
	(void)state;
	refused_bytes("[a]\nk = a\0b\n", 12, HF_E_CONFIG, "f:2: the line holds a NUL byte");
	refused_bytes("\0", 1, HF_E_CONFIG, "f:1: the line holds a NUL byte");
	refused("[a]\nk = \x1b[0m\n", "f:2: the line holds the control character U+001B");
	refused("[a]\nk = a\rb\n", "f:2: the line holds the control character U+000D");
	refused("[a]\nk = \xe2\x80\xae\n", "f:2: the line holds the control character U+202E");
	refused("[a]\n; \xff\n", "f:2: the line is not valid UTF-8");
	refused("[a]\nk = \xc3\n", "f:2: the line is not valid UTF-8");
}

/* The longest line is read whole; one byte more is an error, wherever it stands. */
static void test_long_lines(void **state)
{
	struct buf text = { 0 }, want = { 0 };
	size_t n;

	(void)state;
	for (n = 100; n < 100000; n++) {
		struct error err = { 0 };
		struct buf out = { 0 };
		int32_t status;

		buf_adds(&text, "[a]\nk=");
		buf_adds(&want, "1[a|]\n2 k=");
		for (size_t i = 2; i < n; i++) {
			buf_addc(&text, (char)('a' + i % 26));
			buf_addc(&want, (char)('a' + i % 26));
		}
		buf_adds(&want, "\n");
		status = ini_text_read("f", text.data, text.len, &events, &out, &err);
		if (status == HF_OK)
			assert_string_equal(out.data, want.data);
		else
			assert_non_null(strstr(err.message, "f:2: line is longer than"));
		buf_free(&out);
		buf_free(&text);
		buf_free(&want);
		error_clear(&err);
		if (status != HF_OK)
			break;
	}
	assert_in_range(n, 190, 99999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_comments_behind_values),
		cmocka_unit_test(test_indented_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_bad_bytes),
		cmocka_unit_test(test_long_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
