/* SPDX-License-Identifier: MIT
 *
 * The mysql driver's rows: what was written as a line is read back as it was.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "plugins/mysql/text.h"
#include "plugins/mysql/values.h"

#define MOST 8

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* In memory of just that size, so that the sanitizers see a step too far. What the values point to is
 * freed: only whether the line was taken is of interest. */
static bool taken(const char *line, size_t n, size_t count)
{
	struct value v[MOST];
	char *exact = malloc(n + (n == 0));
	bool last, ok;

	assert_non_null(exact);
	memcpy(exact, line, n);
	ok = values_parse(exact, n, v, count, &last);
	free(exact);
	return ok;
}

static void refused(const char *line, size_t count)
{
	if (taken(line, strlen(line), count))
		fail_msg("%s was taken for %zu values", line, count);
}

static void expect_plain(const struct value *v, const void *bytes, size_t n)
{
	char *out = malloc(v->n + (v->n == 0)); /* no more is written */
	size_t got;

	assert_non_null(out);
	got = value_plain(v, out);
	assert_int_equal(got, n);
	if (n > 0)
		assert_memory_equal(out, bytes, n);
	free(out);
}

static void round_trip(const char *bytes, size_t n, const char *introducer)
{
	struct text t = { 0 };
	struct value v[3];
	bool last = false;

	text_puts(&t, "(NULL,");
	text_puts(&t, introducer);
	text_string(&t, bytes, n);
	text_puts(&t, ",-1.5e3);");
	assert_false(t.failed);
	assert_null(memchr(t.s, '\n', t.n)); /* one line */
	assert_true(values_parse(t.s, t.n, v, 3, &last));
	assert_true(last);
	assert_null(v[0].s);
	assert_false(v[0].quoted);
	assert_true(v[1].quoted);
	expect_plain(&v[1], bytes, n);
	assert_false(v[2].quoted);
	expect_plain(&v[2], "-1.5e3", 6);
	text_free(&t);
}

static void each_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char byte = (char)c;

		round_trip(&byte, 1, "");
		round_trip(&byte, 1, "_utf8mb4");
	}
}

static void each_pair_of_bytes(void **state)
{
	(void)state;
	for (int c = 0; c < 65536; c++) {
		const char bytes[2] = { (char)(c >> 8), (char)c };

		round_trip(bytes, 2, "");
	}
}

static void all_bytes_in_one(void **state)
{
	char bytes[256];

	(void)state;
	for (int c = 0; c < 256; c++)
		bytes[c] = (char)c;
	round_trip(bytes, sizeof bytes, "");
	round_trip(bytes, 0, "");
	round_trip(bytes, 0, "_utf8mb4");
}

/* Half of them of the bytes that mean something. */
static void random_fill(char *bytes, size_t n, uint64_t *random)
{
	static const char special[] = "\\\\''\"`,(); \n\r\x1a\0nrZ0N_";

	for (size_t i = 0; i < n; i++) {
		const uint64_t r = next_random(random);

		bytes[i] = r & 1 ? special[(r >> 8) % (sizeof special - 1)] : (char)(r >> 32);
	}
}

static void random_strings(void **state)
{
	char bytes[200];
	uint64_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		const size_t n = next_random(&random) % (sizeof bytes + 1);

		random_fill(bytes, n, &random);
		round_trip(bytes, n, i % 2 ? "_utf8mb4" : "");
	}
}

static void a_large_value(void **state)
{
	const size_t n = 3 << 20;
	char *bytes = malloc(n);
	uint64_t random = 2;

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)next_random(&random);
	round_trip(bytes, n, "");
	free(bytes);
}

/* --- lines --- */

static void a_row(void **state)
{
	static const char line[] = "(1,'a',NULL,-18446744073709551615,_utf8mb4'b\\'c','','NULL'),";
	struct value v[7];
	bool last = true;

	(void)state;
	assert_true(values_parse(line, strlen(line), v, 7, &last));
	assert_false(last);
	expect_plain(&v[0], "1", 1);
	expect_plain(&v[1], "a", 1);
	assert_false(v[1].escaped);
	assert_null(v[2].s);
	expect_plain(&v[3], "-18446744073709551615", 21);
	assert_true(v[4].escaped);
	expect_plain(&v[4], "b'c", 3);
	expect_plain(&v[5], "", 0);
	assert_true(v[5].quoted);
	assert_non_null(v[5].s); /* empty is not NULL */
	assert_true(v[6].quoted);
	expect_plain(&v[6], "NULL", 4);
}

/* A row that is the last has a semicolon. */
static void the_end_is_told(void **state)
{
	struct value v[1];
	bool last = false;

	(void)state;
	assert_true(values_parse("(1);", 4, v, 1, &last));
	assert_true(last);
	assert_true(values_parse("(1),", 4, v, 1, &last));
	assert_false(last);
}

/* What the driver does not write itself, but an SQL string may have. */
static void other_escapes_are_the_byte_itself(void **state)
{
	static const char line[] = "('\\a\\\"\\0\\n\\r\\Z\\\\\\'');";
	struct value v[1];
	bool last;

	(void)state;
	assert_true(values_parse(line, strlen(line), v, 1, &last));
	expect_plain(&v[0], "a\"\0\n\r\x1a\\'", 8);
}

static void every_truncation_is_refused(void **state)
{
	static const char *const lines[] = {
		"(1,'a',NULL),", "('),',2,'\\'),');", "(NULL,NULL,NULL);",
		"(_utf8mb4'x\\\\',_utf8mb4'',-1.5),", "('\\\\\\'',0,'();,\\0');",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const size_t n = strlen(lines[i]);

		assert_true(taken(lines[i], n, 3));
		for (size_t cut = 0; cut < n; cut++)
			for (size_t count = 1; count <= 4; count++)
				if (taken(lines[i], cut, count))
					fail_msg("%.*s was taken for %zu values", (int)cut, lines[i],
					    count);
	}
}

static void random_truncations_are_refused(void **state)
{
	char bytes[24];
	uint64_t random = 3;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		const size_t n = next_random(&random) % (sizeof bytes + 1);
		struct text t = { 0 };

		random_fill(bytes, n, &random);
		text_puts(&t, "(");
		text_string(&t, bytes, n);
		text_puts(&t, i % 2 ? ",7," : ",NULL,");
		text_string(&t, bytes, n);
		text_puts(&t, i % 3 ? ")," : ");");
		assert_true(taken(t.s, t.n, 3));
		for (size_t cut = 0; cut < t.n; cut++)
			assert_false(taken(t.s, cut, 3));
		text_free(&t);
	}
}

static void another_count_is_refused(void **state)
{
	(void)state;
	for (size_t count = 0; count <= MOST; count++) {
		assert_int_equal(taken("(1,'a,b',NULL,4),", 17, count), count == 4);
		assert_int_equal(taken("('),');", 7, count), count == 1);
	}
}

static void bad_forms_are_refused(void **state)
{
	static const char *const lines[] = {
		/* the frame of a row */
		"", "(", "()", "(),", "();", "1", "1,", "1)", "1),", "'a'),", "NULL),", "[1],",
		"(1)", "(1).", "(1))", "(1),,", "(1),;", "(1);;", "(1); ", "(1), ", " (1),", "(1) ,",
		"(1),(2),", "(1),(2);", "(1", "(1,", "(1;", "(1,);", "(,1);", "(,);", "(1,2,);",
		/* strings */
		"('", "('a", "('a)", "('a),", "('a);", "('a\\", "('a\\'", "('a\\')", "('a\\'),",
		"('a'", "('a',", "('a''b'),", "('a'b),", "('a' ),", "('a'1),", "('a'NULL),", "(''''),",
		"('a\\\\''),", "('a'),b'),",
		/* introducers */
		"(_utf8mb4'", "(_utf8mb4'),", "(_utf8mb4'a),", "(_utf8mb4'a\\'),", "(_utf8mb4'a'b),",
		/* NULL */
		"(N", "(NUL", "(NULL", "(NULL,", "(NULLS),", "(NULL1),", "(NULL'a'),", "(NULLNULL),",
		"(NULL ),",
	};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		for (size_t count = 0; count <= 1; count++)
			refused(lines[i], count);
	refused("(1,),", 2);
	refused("(,1),", 2);
	refused("(,),", 2);
	refused("('a''b'),", 2);
	refused("('a'),'b'),", 2);
	refused("(1)2),", 2);
	refused("(1),(2),", 2);
}

/* No number has more than 127 characters. */
static void numbers_end(void **state)
{
	char line[256];

	(void)state;
	for (size_t n = 1; n < 200; n++) {
		line[0] = '(';
		memset(line + 1, '9', n);
		memcpy(line + 1 + n, "),", 2);
		assert_int_equal(taken(line, n + 3, 1), n < 128);
	}
}

/* Lines with bytes changed: taken or not, nothing outside of them is read or written. */
static void damage_is_harmless(void **state)
{
	static const char line[] = "(1,'a\\'b\\\\',NULL,_utf8mb4'\\0c','),(',-2.5),";
	uint64_t random = 4;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char *bad = malloc(sizeof line - 1);
		struct value v[6];
		bool last;

		assert_non_null(bad);
		memcpy(bad, line, sizeof line - 1);
		for (uint64_t k = next_random(&random) % 3 + 1; k > 0; k--) {
			static const char bytes[] = "'\\,();N_u1\0";

			bad[next_random(&random) % (sizeof line - 1)] =
			    bytes[next_random(&random) % (sizeof bytes - 1)];
		}
		if (values_parse(bad, sizeof line - 1, v, 6, &last))
			for (size_t k = 0; k < 6; k++) {
				char *out;

				if (!v[k].s)
					continue;
				assert_true(v[k].s >= bad && v[k].s + v[k].n < bad + sizeof line - 1);
				out = malloc(v[k].n + 1);
				assert_non_null(out);
				assert_true(value_plain(&v[k], out) <= v[k].n);
				free(out);
			}
		free(bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte),
		cmocka_unit_test(each_pair_of_bytes),
		cmocka_unit_test(all_bytes_in_one),
		cmocka_unit_test(random_strings),
		cmocka_unit_test(a_large_value),
		cmocka_unit_test(a_row),
		cmocka_unit_test(the_end_is_told),
		cmocka_unit_test(other_escapes_are_the_byte_itself),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(random_truncations_are_refused),
		cmocka_unit_test(another_count_is_refused),
		cmocka_unit_test(bad_forms_are_refused),
		cmocka_unit_test(numbers_end),
		cmocka_unit_test(damage_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
