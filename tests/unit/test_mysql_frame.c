/* SPDX-License-Identifier: MIT
 *
 * The mysql driver's artifact: what was written is read, in blocks of any size,
 * and what was cut or changed is refused.
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

#include "plugins/mysql/conn.h"
#include "plugins/mysql/frame.h"

/* --- a small host --- */

struct hf_ctx {
	int32_t status; /* of the last fail() */
	char message[256];
};

/* A block is given in memory of its own, which is gone after the next call: whoever keeps a pointer into it
 * or reads beyond it is seen by the sanitizers. */
struct hf_reader {
	const char *data;
	size_t left, block, given;
	char *copy;
	int calls, fail_at; /* a call that fails, from 1 */
	int32_t fail_with;
};

static int32_t mock_fail(hf_ctx *ctx, int32_t status, const char *fmt, ...)
{
	va_list args;

	ctx->status = status;
	va_start(args, fmt);
	vsnprintf(ctx->message, sizeof ctx->message, fmt, args);
	va_end(args);
	return status;
}

static void forget(hf_reader *in)
{
	free(in->copy);
	in->copy = NULL;
}

static int32_t mock_peek(hf_reader *in, const void **data, uint64_t *size)
{
	forget(in);
	in->given = 0;
	if (++in->calls == in->fail_at)
		return in->fail_with;
	if (in->left == 0)
		return HF_END;
	in->given = in->left < in->block ? in->left : in->block;
	in->copy = malloc(in->given);
	assert_non_null(in->copy);
	memcpy(in->copy, in->data, in->given);
	*data = in->copy;
	*size = in->given;
	return HF_OK;
}

static int32_t mock_consume(hf_reader *in, uint64_t size)
{
	assert_true(size <= in->given);
	forget(in);
	in->given = 0;
	if (++in->calls == in->fail_at)
		return in->fail_with;
	in->data += size;
	in->left -= size;
	return HF_OK;
}

static const hf_host mock = {
	.size = sizeof mock,
	.abi_minor = HF_ABI_MINOR,
	.version = "test",
	.fail = mock_fail,
	.peek = mock_peek,
	.consume = mock_consume,
};

/* What the driver has in mysql.c and conn.c. */
const hf_host *host = &mock;

int32_t out_of_memory(hf_ctx *ctx)
{
	return mock_fail(ctx, HF_E_FAILED, "out of memory");
}

/* --- an artifact that is read --- */

struct reading {
	hf_ctx ctx;
	hf_reader reader;
	struct input in;
	struct frame f;
};

static void start(struct reading *r, const char *data, size_t n, size_t block)
{
	*r = (struct reading){ .reader = { .data = data, .left = n, .block = block ? block : n + 1 } };
	r->in.ctx = &r->ctx;
	r->in.in = &r->reader;
}

static void stop(struct reading *r)
{
	frame_free(&r->f);
	input_free(&r->in);
	forget(&r->reader);
}

static const size_t blocks[] = { 1, 2, 7, 64, 0 }; /* 0: all at once */
#define BLOCKS (sizeof blocks / sizeof *blocks)

/* Reads frames, and the lines after "rows" up to the next; how it ended, and how many frames there were. */
static int32_t read_all(struct reading *r, size_t *frames)
{
	int32_t status;

	for (*frames = 0; (status = frame_next(&r->in, &r->f)) == HF_OK; ++*frames) {
		const char *line;
		size_t n;

		if (strcmp(r->f.kind, "rows") != 0)
			continue;
		while ((status = input_line(&r->in, &line, &n)) == HF_OK)
			if (n >= strlen(FRAME_HEAD) && memcmp(line, FRAME_HEAD, strlen(FRAME_HEAD)) == 0)
				break;
		if (status == HF_OK)
			input_back(&r->in);
		else if (status != HF_END)
			return status;
	}
	return status;
}

static void refused_bytes(const char *data, size_t n)
{
	for (size_t i = 0; i < BLOCKS; i++) {
		struct reading r;
		size_t frames;
		int32_t status;

		start(&r, data, n, blocks[i]);
		status = read_all(&r, &frames);
		if (status != HF_E_CORRUPT)
			fail_msg("status %d in blocks of %zu: %.*s", status, blocks[i], (int)n, data);
		assert_int_equal(r.ctx.status, HF_E_CORRUPT);
		assert_true(r.ctx.message[0] != '\0');
		stop(&r);
	}
}

static void refused(const char *data)
{
	refused_bytes(data, strlen(data));
}

#define REFUSED_WITH_NUL(literal) refused_bytes(literal, sizeof(literal) - 1)

static void taken(const char *data, size_t want)
{
	for (size_t i = 0; i < BLOCKS; i++) {
		struct reading r;
		size_t frames;

		start(&r, data, strlen(data), blocks[i]);
		assert_int_equal(read_all(&r, &frames), HF_END);
		assert_int_equal(frames, want);
		stop(&r);
	}
}

/* --- writing --- */

static void put(struct text *out, const char *kind, const char *name, const char *sql, size_t n, bool body)
{
	struct text t = { 0 };

	text_add(&t, sql, n);
	frame_put(out, frame_new(kind, name), &t, body);
	text_free(&t);
}

static void written_as_described(void **state)
{
	struct text out = { 0 };
	json_object *o = frame_new("end", "t");

	(void)state;
	put(&out, "table", "t", "CREATE TABLE `t` (a/b)", 22, false);
	put(&out, "routine", "p/\"q\"\n", "CREATE PROCEDURE", 16, true);
	frame_int(o, "rows", -2);
	frame_text(o, "checksum", "00000000deadbeef");
	frame_put(&out, o, NULL, false);
	frame_put(&out, frame_new("database", NULL), NULL, false);
	assert_false(out.failed);
	assert_string_equal(out.s,
	    "-- holdfast {\"kind\":\"table\",\"name\":\"t\",\"n\":22}\n"
	    "CREATE TABLE `t` (a/b);\n"
	    "-- holdfast {\"kind\":\"routine\",\"name\":\"p/\\\"q\\\"\\n\",\"n\":16,\"body\":true}\n"
	    "DELIMITER ;;\nCREATE PROCEDURE\n;;\nDELIMITER ;\n"
	    "-- holdfast {\"kind\":\"end\",\"name\":\"t\",\"rows\":-2,\"checksum\":\"00000000deadbeef\"}\n"
	    "-- holdfast {\"kind\":\"database\"}\n");
	assert_int_equal(strlen(out.s), out.n);
	text_free(&out);
}

static void nothing_to_write_is_a_failure(void **state)
{
	struct text out = { 0 };

	(void)state;
	frame_put(&out, NULL, NULL, false);
	assert_true(out.failed);
	assert_int_equal(out.n, 0);
	text_free(&out);
}

/* --- round trip --- */

static void round_trip(const char *name, const char *sql, size_t n, bool body)
{
	struct text out = { 0 };

	put(&out, "first", name, sql, n, body);
	text_puts(&out, "\n\n"); /* empty lines between frames do no harm */
	frame_put(&out, frame_new("second", NULL), NULL, false);
	put(&out, "third", "", sql, n, !body);
	assert_false(out.failed);
	for (size_t i = 0; i < BLOCKS; i++) {
		struct reading r;

		start(&r, out.s, out.n, blocks[i]);
		assert_int_equal(frame_next(&r.in, &r.f), HF_OK);
		assert_string_equal(r.f.kind, "first");
		assert_string_equal(r.f.name, name);
		assert_true(r.f.has_sql);
		assert_int_equal(r.f.sql.n, n);
		assert_int_equal(frame_number(&r.f, "n", -1), n);
		if (n > 0)
			assert_memory_equal(r.f.sql.s, sql, n);
		assert_int_equal(frame_next(&r.in, &r.f), HF_OK);
		assert_string_equal(r.f.kind, "second");
		assert_string_equal(r.f.name, ""); /* never NULL */
		assert_false(r.f.has_sql);
		assert_int_equal(frame_next(&r.in, &r.f), HF_OK);
		assert_string_equal(r.f.kind, "third");
		assert_true(r.f.has_sql);
		assert_int_equal(r.f.sql.n, n);
		if (n > 0)
			assert_memory_equal(r.f.sql.s, sql, n);
		assert_int_equal(frame_next(&r.in, &r.f), HF_END);
		assert_int_equal(frame_next(&r.in, &r.f), HF_END);
		stop(&r);
	}
	text_free(&out);
}

static void statements_come_back(void **state)
{
	static const char *const statements[] = {
		"", ";", ";\n", "\n", "SELECT 1", "a;\nb;\n", "\n;;\nDELIMITER ;\n", "DELIMITER ;;\n",
		"-- holdfast {\"kind\":\"x\",\"n\":3}\nabc;\n", "CREATE TABLE `t` (\n  `a` int\n)",
		"\r\n\t\xff\xfe\x80\x01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
		round_trip("t", statements[i], strlen(statements[i]), false);
		round_trip("t", statements[i], strlen(statements[i]), true);
	}
	round_trip("t", "a\0b\0", 4, false);
	round_trip("t", "\0", 1, true);
}

static void names_come_back(void **state)
{
	static const char *const names[] = {
		"", " ", "`", "a\"b\\c/d", "a\nb\r\tc", "\xc3\xa4\xf0\x9f\x98\x80", "-- holdfast {}",
		"\x01\x1f\x7f", "{\"kind\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		round_trip(names[i], "SELECT 1", 8, false);
}

static void a_large_statement(void **state)
{
	const size_t n = 300000;
	char *sql = malloc(n);

	(void)state;
	assert_non_null(sql);
	for (size_t i = 0; i < n; i++)
		sql[i] = (char)(i * i >> 3);
	round_trip("t", sql, n, false);
	free(sql);
}

static void members_are_typed(void **state)
{
	static const char data[] = "-- holdfast {\"kind\":\"k\",\"name\":7,\"i\":-5,\"s\":\"x\",\"d\":1.5,"
				   "\"b\":true,\"z\":null,\"a\":[1]}\n";
	struct reading r;

	(void)state;
	start(&r, data, strlen(data), 0);
	assert_int_equal(frame_next(&r.in, &r.f), HF_OK);
	assert_string_equal(r.f.name, "");
	assert_string_equal(frame_get(&r.f, "s"), "x");
	assert_null(frame_get(&r.f, "i"));
	assert_null(frame_get(&r.f, "z"));
	assert_null(frame_get(&r.f, "a"));
	assert_null(frame_get(&r.f, "none"));
	assert_int_equal(frame_number(&r.f, "i", 9), -5);
	assert_int_equal(frame_number(&r.f, "s", 9), 9);
	assert_int_equal(frame_number(&r.f, "d", 9), 9);
	assert_int_equal(frame_number(&r.f, "b", 9), 9);
	assert_int_equal(frame_number(&r.f, "z", 9), 9);
	assert_int_equal(frame_number(&r.f, "none", 9), 9);
	stop(&r);
}

/* --- lines --- */

static void lines_of_any_length(void **state)
{
	struct text out = { 0 };

	(void)state;
	for (size_t n = 0; n < 150; n++) {
		for (size_t i = 0; i < n; i++)
			text_add(&out, i % 2 ? "\0" : "x", 1);
		text_puts(&out, "\n");
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		struct reading r;
		const char *line;
		size_t n;

		start(&r, out.s, out.n, blocks[i]);
		for (size_t want = 0; want < 150; want++)
			for (int again = 0; again < 3; again++) { /* a line can be given back */
				assert_int_equal(input_line(&r.in, &line, &n), HF_OK);
				assert_int_equal(n, want);
				for (size_t k = 0; k < n; k++)
					assert_int_equal(line[k], k % 2 ? 0 : 'x');
				if (again < 2)
					input_back(&r.in);
			}
		assert_int_equal(input_line(&r.in, &line, &n), HF_END);
		stop(&r);
	}
	text_free(&out);
}

static const char rows[] =
    "-- holdfast {\"kind\":\"rows\",\"name\":\"t\",\"columns\":[[\"id\",\"I\"]]}\n"
    "INSERT INTO `t` (`id`) VALUES\n"
    "(1),\n"
    "(2);\n"
    "-- holdfast {\"kind\":\"end\",\"name\":\"t\",\"rows\":2,\"checksum\":\"00000000deadbeef\"}\n";

static void rows_between_frames(void **state)
{
	(void)state;
	taken(rows, 2);
	taken("", 0);
	taken("\n\n\n", 0);
	for (size_t i = 0; i < BLOCKS; i++) {
		static const char *const want[] = { "INSERT INTO `t` (`id`) VALUES", "(1),", "(2);" };
		struct reading r;
		const char *line;
		size_t n;

		start(&r, rows, strlen(rows), blocks[i]);
		assert_int_equal(frame_next(&r.in, &r.f), HF_OK);
		assert_string_equal(r.f.kind, "rows");
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(input_line(&r.in, &line, &n), HF_OK);
			assert_int_equal(n, strlen(want[k]));
			assert_memory_equal(line, want[k], n);
		}
		assert_int_equal(frame_next(&r.in, &r.f), HF_OK);
		assert_string_equal(r.f.kind, "end");
		assert_int_equal(frame_number(&r.f, "rows", -1), 2);
		assert_int_equal(frame_next(&r.in, &r.f), HF_END);
		stop(&r);
	}
}

/* --- damage --- */

/* An error, or the end where a frame ends or a line of rows. */
static void every_truncation(void **state)
{
	bool whole[1024] = { [0] = true };
	struct text out = { 0 };

	(void)state;
	put(&out, "table", "t", "CREATE TABLE `t` (\n  `a` int\n)", 30, false);
	whole[out.n] = true;
	put(&out, "empty", "e", "", 0, false);
	whole[out.n] = true;
	put(&out, "routine", "p", "BEGIN\nSELECT 1;\nEND", 19, true);
	whole[out.n] = true;
	frame_put(&out, frame_new("note", NULL), NULL, false);
	whole[out.n] = true;
	text_puts(&out, "\n");
	whole[out.n] = true;
	for (const char *s = rows; *s; s++) {
		text_add(&out, s, 1);
		whole[out.n] = *s == '\n';
	}
	assert_true(out.n < sizeof whole);
	for (size_t cut = 0; cut <= out.n; cut++)
		for (size_t i = 0; i < BLOCKS; i++) {
			struct reading r;
			size_t frames;
			int32_t status;

			start(&r, out.s, cut, blocks[i]);
			status = read_all(&r, &frames);
			if (status != (whole[cut] ? HF_END : HF_E_CORRUPT))
				fail_msg("cut at %zu, in blocks of %zu: status %d", cut, blocks[i], status);
			stop(&r);
		}
	text_free(&out);
}

static void bad_lengths(void **state)
{
	static const char *const lengths[] = {
		"0", "1", "7", "9", "10", "1000", "268435456", "268435457", "4294967304",
		"9223372036854775807", "9223372036854775808", "99999999999999999999999", "-1", "-8",
		"-9223372036854775808", "8.0", "8e0", "\"8\"", "null", "true", "[8]", "{\"n\":8}",
	};
	char data[256];

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		snprintf(data, sizeof data, "-- holdfast {\"kind\":\"x\",\"n\":%s}\nSELECT 1;\n", lengths[i]);
		refused(data);
		snprintf(data, sizeof data,
		    "-- holdfast {\"kind\":\"x\",\"n\":%s,\"body\":true}\n"
		    "DELIMITER ;;\nSELECT 1\n;;\nDELIMITER ;\n", lengths[i]);
		refused(data);
	}
	taken("-- holdfast {\"kind\":\"x\",\"n\":8}\nSELECT 1;\n", 1);
	taken("-- holdfast {\"kind\":\"x\",\"n\":8,\"body\":true}\nDELIMITER ;;\nSELECT 1\n;;\nDELIMITER ;\n", 1);
}

static void statements_that_do_not_end(void **state)
{
	(void)state;
	/* too large a length takes no memory before the bytes are there */
	refused("-- holdfast {\"kind\":\"x\",\"n\":268435456}\nSELECT 1;\n");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8}\nSELECT 1\n");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8}\nSELECT 1;;");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8}\nSELECT 1; \n");
	REFUSED_WITH_NUL("-- holdfast {\"kind\":\"x\",\"n\":8}\nSELECT 1\0\n");
	REFUSED_WITH_NUL("-- holdfast {\"kind\":\"x\",\"n\":8}\nSELECT 1;\0");
	/* a body where none is told, and the other way round */
	refused("-- holdfast {\"kind\":\"x\",\"n\":8}\nDELIMITER ;;\nSELECT 1\n;;\nDELIMITER ;\n");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8,\"body\":false}\n"
		"DELIMITER ;;\nSELECT 1\n;;\nDELIMITER ;\n");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8,\"body\":true}\nSELECT 1;\n");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8,\"body\":true}\nDELIMITER ;;\nSELECT 1;;\nDELIMITER ;\n");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8,\"body\":true}\nDELIMITER ;;\nSELECT 1\n;;\nDELIMITER\n\n");
	refused("-- holdfast {\"kind\":\"x\",\"n\":8,\"body\":true}\nDELIMITER $$\nSELECT 1\n;;\nDELIMITER ;\n");
}

static void bad_descriptions(void **state)
{
	static const char *const json[] = {
		"", " ", "{", "{}", "}", "[]", "null", "true", "7", "\"kind\"", "kind", "[{\"kind\":\"x\"}]",
		"{\"kind\"}", "{\"kind\":}", "{\"kind\":\"x\"", "{\"kind\":\"x", "{\"kind\":\"x\",", "{\"Kind\":\"x\"}",
		"{\"kind\":7}", "{\"kind\":null}", "{\"kind\":[\"x\"]}", "{\"kind\":{}}", "{\"kind\":true}",
		"{\"kind\":\"x\" \"n\":1}", "{\"kind\":\"x\",\"n\":}", "{\"kind\":\"x\",\"a\":\"\\q\"}",
		"{\"kind\":\"x\",\"a\":\"\\u12\"}", "{\"name\":\"x\"}", "x{\"kind\":\"x\"}",
	};
	char data[256];

	(void)state;
	for (size_t i = 0; i < sizeof json / sizeof *json; i++) {
		snprintf(data, sizeof data, "-- holdfast %s\n", json[i]);
		refused(data);
	}
	REFUSED_WITH_NUL("-- holdfast {\"kind\":\"x\"\0}\n");
	REFUSED_WITH_NUL("-- holdfast \0{\"kind\":\"x\"}\n");
}

static void other_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		" ", "\r", ";", "SELECT 1;", "-", "--", "-- ", "-- holdfast", "-- holdfas {\"kind\":\"x\"}",
		"--holdfast {\"kind\":\"x\"}", "-- Holdfast {\"kind\":\"x\"}", " -- holdfast {\"kind\":\"x\"}",
		"-- holdfast{\"kind\":\"x\"}", "# holdfast {\"kind\":\"x\"}", "/*!40101 SET NAMES utf8 */;",
	};
	char data[256];

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		snprintf(data, sizeof data, "%s\n", lines[i]);
		refused(data);
		snprintf(data, sizeof data, "-- holdfast {\"kind\":\"y\"}\n\n%s\n", lines[i]);
		refused(data);
	}
}

static void deep_nesting(void **state)
{
	struct text out = { 0 };

	(void)state;
	text_puts(&out, "-- holdfast {\"kind\":\"x\",\"a\":");
	for (int i = 0; i < 100000; i++)
		text_puts(&out, "[");
	for (int i = 0; i < 100000; i++)
		text_puts(&out, "]");
	text_puts(&out, "}\n");
	refused(out.s);
	text_free(&out);
}

/* No more than 16 MiB are taken for a description. */
static void a_huge_description(void **state)
{
	struct text out = { 0 };
	struct reading r;

	(void)state;
	text_puts(&out, "-- holdfast {\"kind\":\"x\",\"a\":\"");
	assert_true(text_room(&out, 17 << 20));
	memset(out.s + out.n, 'a', 17 << 20);
	out.n += 17 << 20;
	text_puts(&out, "\"}\n");
	start(&r, out.s, out.n, 65536);
	assert_int_equal(frame_next(&r.in, &r.f), HF_E_CORRUPT);
	stop(&r);
	text_free(&out);
}

/* What the reader returns is passed on, wherever it stops. */
static void a_failing_reader(void **state)
{
	static const int32_t statuses[] = { HF_E_CORRUPT, HF_E_CANCELLED, HF_E_TRANSIENT };
	struct text out = { 0 };

	(void)state;
	put(&out, "routine", "p", "BEGIN\nSELECT 1;\nEND", 19, true);
	put(&out, "table", "t", "CREATE TABLE `t` (\n  `a` int\n)", 30, false);
	text_puts(&out, rows);
	for (size_t i = 0; i < BLOCKS; i++)
		for (size_t k = 0; k < sizeof statuses / sizeof *statuses; k++)
			for (int at = 1;; at++) {
				struct reading r;
				size_t frames;
				int32_t status;
				bool reached;

				start(&r, out.s, out.n, blocks[i]);
				r.reader.fail_at = at;
				r.reader.fail_with = statuses[k];
				status = read_all(&r, &frames);
				reached = r.reader.calls >= at;
				assert_int_equal(status, reached ? statuses[k] : HF_END);
				assert_int_equal(r.ctx.status, 0); /* the host knows its own error */
				stop(&r);
				if (!reached)
					break;
			}
	text_free(&out);
}

/* Bytes changed anywhere: an error or not, never anything worse. */
static void damage_is_harmless(void **state)
{
	static const char bytes[] = "{}\":,;\n\\0159-";
	struct text out = { 0 };
	uint32_t random = 1;

	(void)state;
	put(&out, "routine", "p", "BEGIN\nSELECT 1;\nEND", 19, true);
	put(&out, "table", "t", "CREATE TABLE `t` (\n  `a` int\n)", 30, false);
	text_puts(&out, rows);
	for (int i = 0; i < 20000; i++) {
		char *bad = malloc(out.n);
		struct reading r;
		size_t frames;
		int32_t status;

		assert_non_null(bad);
		memcpy(bad, out.s, out.n);
		for (int k = 0; k <= i % 3; k++) {
			random = random * 1664525 + 1013904223;
			bad[(random >> 8) % out.n] = bytes[(random >> 4) % (sizeof bytes - 1)];
		}
		start(&r, bad, out.n, blocks[(size_t)i % BLOCKS]);
		status = read_all(&r, &frames);
		assert_true(status == HF_END || status == HF_E_CORRUPT);
		stop(&r);
		free(bad);
	}
	text_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_as_described),
		cmocka_unit_test(nothing_to_write_is_a_failure),
		cmocka_unit_test(statements_come_back),
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(a_large_statement),
		cmocka_unit_test(members_are_typed),
		cmocka_unit_test(lines_of_any_length),
		cmocka_unit_test(rows_between_frames),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(bad_lengths),
		cmocka_unit_test(statements_that_do_not_end),
		cmocka_unit_test(bad_descriptions),
		cmocka_unit_test(other_lines_are_refused),
		cmocka_unit_test(deep_nesting),
		cmocka_unit_test(a_huge_description),
		cmocka_unit_test(a_failing_reader),
		cmocka_unit_test(damage_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
