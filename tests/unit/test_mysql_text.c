/* SPDX-License-Identifier: MIT
 *
 * The mysql driver's texts: how they grow, and names and values as SQL has them.
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

#include "plugins/mysql/text.h"

static void expect(struct text *t, const char *want)
{
	assert_false(t->failed);
	assert_string_equal(t->s, want);
	assert_int_equal(t->n, strlen(want));
	text_free(t);
	assert_null(t->s);
}

/* --- growth --- */

static void grows_byte_by_byte(void **state)
{
	struct text t = { 0 };

	(void)state;
	for (size_t i = 0; i < 70000; i++) {
		const char c = (char)(i * 7);

		text_add(&t, &c, 1);
		assert_int_equal(t.n, i + 1);
		assert_true(t.cap > t.n);
		assert_int_equal(t.s[t.n], 0);
	}
	for (size_t i = 0; i < 70000; i++)
		assert_int_equal(t.s[i], (char)(i * 7));
	assert_false(t.failed);
	text_free(&t);
}

/* Around the sizes at which the memory is made larger. */
static void every_size_fits(void **state)
{
	char bytes[1100];

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	for (size_t first = 0; first < 530; first += first > 250 && first < 260 ? 1 : 13)
		for (size_t n = 0; n < sizeof bytes; n++) {
			struct text t = { 0 };

			text_add(&t, bytes, first);
			assert_true(text_room(&t, n));
			assert_true(t.cap > t.n + n); /* and a NUL */
			text_add(&t, bytes, n);
			assert_int_equal(t.n, first + n);
			assert_int_equal(strlen(t.s), first + n);
			text_free(&t);
		}
}

static void printf_grows(void **state)
{
	(void)state;
	for (int n = 0; n < 1100; n++) {
		struct text t = { 0 };

		text_printf(&t, "%d|%*s|", n, n, "");
		assert_false(t.failed);
		assert_int_equal(t.n, strlen(t.s));
		assert_true(t.n < t.cap);
		text_free(&t);
	}
}

static void nothing_is_empty(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_clear(&t); /* without memory */
	assert_null(t.s);
	text_add(&t, NULL, 0);
	assert_false(t.failed);
	expect(&t, "");
	text_puts(&t, "");
	expect(&t, "");
	text_free(&t);
	text_free(&t);
}

static void clear_keeps_the_memory(void **state)
{
	struct text t = { 0 };
	const char *s;
	size_t cap;

	(void)state;
	text_puts(&t, "something");
	s = t.s;
	cap = t.cap;
	text_clear(&t);
	assert_string_equal(t.s, "");
	assert_int_equal(t.n, 0);
	assert_ptr_equal(t.s, s);
	assert_int_equal(t.cap, cap);
	text_puts(&t, "else");
	expect(&t, "else");
}

/* What was there stays, and nothing is added any more. */
static void a_failure_stays(void **state)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 4 + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct text t = { 0 };

		text_puts(&t, "kept");
		assert_false(text_room(&t, sizes[i]));
		assert_true(t.failed);
		assert_false(text_room(&t, 1));
		text_puts(&t, "x");
		text_add(&t, "y", 1);
		text_printf(&t, "%d", 1);
		text_name(&t, "n");
		text_qualified(&t, "d", "n");
		text_cstring(&t, "s");
		assert_true(t.failed);
		assert_string_equal(t.s, "kept");
		assert_int_equal(t.n, 4);
		text_clear(&t);
		text_puts(&t, "again");
		expect(&t, "again");
	}
}

/* Refused before the bytes are looked at. */
static void a_string_too_long_fails(void **state)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 8 + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct text t = { 0 };

		text_string(&t, "x", sizes[i]);
		assert_true(t.failed);
		assert_int_equal(t.n, 0);
		text_free(&t);
	}
}

/* --- names --- */

static void names_are_quoted(void **state)
{
	static const char *const cases[][2] = {
		{ "", "``" },
		{ "t", "`t`" },
		{ "`", "````" },
		{ "``", "``````" },
		{ "a`b", "`a``b`" },
		{ "`a", "```a`" },
		{ "a`", "`a```" },
		{ "a'b\"c\\d", "`a'b\"c\\d`" },
		{ "a b.c,d(e)\nf", "`a b.c,d(e)\nf`" },
		{ "\xc3\xa4\xf0\x9f\x98\x80", "`\xc3\xa4\xf0\x9f\x98\x80`" },
	};
	struct text t = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		text_name(&t, cases[i][0]);
		expect(&t, cases[i][1]);
	}
	text_qualified(&t, "d`b", "t.x");
	expect(&t, "`d``b`.`t.x`");
}

static void a_name_of_any_length(void **state)
{
	char name[600];

	(void)state;
	for (size_t n = 0; n < sizeof name; n++) {
		struct text t = { 0 };

		memset(name, '`', n);
		name[n] = '\0';
		text_name(&t, name);
		assert_int_equal(t.n, 2 * n + 2);
		assert_int_equal(strspn(t.s, "`"), t.n);
		text_free(&t);
	}
}

/* --- strings --- */

static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '\0': return "\\0";
	case '\n': return "\\n";
	case '\r': return "\\r";
	case '\\': return "\\\\";
	case '\'': return "\\'";
	case 0x1a: return "\\Z";
	}
	return NULL;
}

static void each_byte_escaped(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char byte = (char)c, *escaped = escape_of((unsigned char)c);
		char *out = malloc(2); /* no more is written: the sanitizers would see it */
		struct text t = { 0 };

		assert_non_null(out);
		assert_int_equal(escape_bytes(out, &byte, 1), escaped ? 2 : 1);
		assert_memory_equal(out, escaped ? escaped : &byte, escaped ? 2 : 1);
		free(out);
		text_string(&t, &byte, 1);
		assert_int_equal(t.n, escaped ? 4 : 3);
		assert_int_equal(t.s[0], '\'');
		assert_int_equal(t.s[t.n - 1], '\'');
		assert_int_equal(t.s[t.n], '\0');
		text_free(&t);
	}
}

static void strings_are_quoted(void **state)
{
	struct text t = { 0 };

	(void)state;
	text_cstring(&t, "");
	expect(&t, "''");
	text_string(&t, NULL, 0);
	expect(&t, "''");
	text_cstring(&t, "it's");
	expect(&t, "'it\\'s'");
	text_cstring(&t, "a\\");
	expect(&t, "'a\\\\'");
	text_string(&t, "a\0b\r\n", 5);
	expect(&t, "'a\\0b\\r\\n'");
	text_cstring(&t, "\"`,()\t\x80\xff");
	expect(&t, "'\"`,()\t\x80\xff'");
	text_puts(&t, "SET x = ");
	text_cstring(&t, "y");
	text_puts(&t, ";");
	expect(&t, "SET x = 'y';");
}

/* Every byte doubles, at every size. */
static void the_longest_escape_fits(void **state)
{
	char bytes[600];

	(void)state;
	memset(bytes, '\'', sizeof bytes);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		struct text t = { 0 };
		char *out = malloc(2 * n + (n == 0));

		assert_non_null(out);
		assert_int_equal(escape_bytes(out, bytes, n), 2 * n);
		free(out);
		text_string(&t, bytes, n);
		assert_int_equal(t.n, 2 * n + 2);
		assert_true(t.cap > t.n);
		text_free(&t);
	}
}

/* --- for people --- */

static void control_characters_are_not_shown(void **state)
{
	(void)state;
	assert_string_equal(shown(""), "");
	assert_string_equal(shown("plain name"), "plain name");
	assert_string_equal(shown("a\x1b[31m\n\r\t\x7f\x01z"), "a?[31m?????z");
	assert_string_equal(shown("\xc3\xa4`'\"\\"), "\xc3\xa4`'\"\\");
}

static void a_long_name_is_cut(void **state)
{
	char name[300];

	(void)state;
	for (size_t n = 100; n < sizeof name; n++) {
		const char *s;

		memset(name, 'n', n);
		name[n] = '\0';
		s = shown(name);
		assert_int_equal(strlen(s), n <= 120 ? n : 123);
		assert_memory_equal(s, name, n <= 120 ? n : 120);
		if (n > 120)
			assert_string_equal(s + 120, "...");
	}
}

/* A message names up to four things. */
static void four_are_shown_at_once(void **state)
{
	const char *a = shown("a"), *b = shown("b"), *c = shown("c"), *d = shown("d");

	(void)state;
	assert_string_equal(a, "a");
	assert_string_equal(b, "b");
	assert_string_equal(c, "c");
	assert_string_equal(d, "d");
}

/* --- lists --- */

static void lists_of_names(void **state)
{
	struct names l = { 0 };
	char name[16];

	(void)state;
	assert_false(names_have(&l, ""));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "n%d", i);
		assert_false(names_have(&l, name));
		assert_true(names_add(&l, name)); /* a copy */
	}
	assert_int_equal(l.n, 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "n%d", i);
		assert_true(names_have(&l, name));
		assert_string_equal(l.v[i], name);
	}
	assert_false(names_have(&l, "N1"));
	assert_false(names_have(&l, "n"));
	assert_true(names_add(&l, ""));
	assert_true(names_have(&l, ""));
	names_free(&l);
	assert_int_equal(l.n, 0);
	names_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_byte_by_byte),
		cmocka_unit_test(every_size_fits),
		cmocka_unit_test(printf_grows),
		cmocka_unit_test(nothing_is_empty),
		cmocka_unit_test(clear_keeps_the_memory),
		cmocka_unit_test(a_failure_stays),
		cmocka_unit_test(a_string_too_long_fails),
		cmocka_unit_test(names_are_quoted),
		cmocka_unit_test(a_name_of_any_length),
		cmocka_unit_test(each_byte_escaped),
		cmocka_unit_test(strings_are_quoted),
		cmocka_unit_test(the_longest_escape_fits),
		cmocka_unit_test(control_characters_are_not_shown),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(four_are_shown_at_once),
		cmocka_unit_test(lists_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
