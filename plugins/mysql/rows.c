/* SPDX-License-Identifier: MIT
 * Rows as text. Each is one line, "(1,'a',NULL)"; some thousand of them make an INSERT statement. */
#include "config.h"

#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define STATEMENT_BYTES ((size_t)1 << 20) /* of an INSERT, unless a single row is larger */
#define FLUSH_BYTES ((size_t)256 << 10)   /* given to the host at once */

void rows_select(struct text *sql, const struct table *t)
{
	text_puts(sql, "SELECT ");
	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->columns[i];

		text_puts(sql, i > 0 ? "," : "");
		text_name(sql, c->name);
		/* a FLOAT's own text has six digits; as a DOUBLE it is exact */
		if (c->how == HOW_DOUBLE)
			text_puts(sql, "*1e0");
		else if (c->how == HOW_NUMBER)
			text_puts(sql, "+0");
	}
	text_puts(sql, " FROM ");
	text_qualified(sql, t->db->name, t->name);
	if (t->versioned && !t->by_transaction)
		text_puts(sql, " FOR SYSTEM_TIME ALL");
}

void rows_insert(struct text *sql, const char *table, const struct column *columns, size_t n)
{
	text_puts(sql, "INSERT INTO ");
	text_name(sql, table);
	text_puts(sql, " (");
	for (size_t i = 0; i < n; i++) {
		text_puts(sql, i > 0 ? "," : "");
		text_name(sql, columns[i].name);
	}
	text_puts(sql, ") VALUES\n");
}

void rows_sum_text(uint64_t sum, char out[ROWS_SUM_TEXT])
{
	snprintf(out, ROWS_SUM_TEXT, "%016" PRIx64, sum);
}

int32_t rows_facts(hf_ctx *ctx, const char *table, struct rows_sum sum)
{
	struct text name = {0};
	char text[ROWS_SUM_TEXT];
	int32_t status;

	rows_sum_text(sum.sum, text);
	text_printf(&name, "rows%s%s", table != NULL ? "/" : "", table != NULL ? table : "");
	status = name.failed ? out_of_memory(ctx) : host->fact_int(ctx, name.s, (int64_t)sum.rows);
	text_clear(&name);
	text_printf(&name, "checksum%s%s", table != NULL ? "/" : "", table != NULL ? table : "");
	if (status == HF_OK)
		status = name.failed ? out_of_memory(ctx) : host->fact_text(ctx, name.s, text);
	text_free(&name);
	return status;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014): spreads a CRC and a length over 64 bits, so that
 * sums of many do not cancel out. */
static uint64_t spread(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void rows_sum_add(struct rows_sum *sum, const char *row, size_t n)
{
	const uint64_t crc = crc32_z(0, (const unsigned char *)row, n);

	sum->rows++;
	sum->sum += spread(crc | (uint64_t)n << 32);
}

/* "-0" is an integer to the server, and loses its sign. */
static bool negative_zero(const char *s, size_t n)
{
	return n == 2 && s[0] == '-' && s[1] == '0';
}

static void add_value(struct text *t, char how, const char *value, size_t n)
{
	if (value == NULL) {
		text_add(t, "NULL", 4);
	} else if (how == HOW_BYTES) {
		text_string(t, value, n);
	} else if (how == HOW_TEXT) {
		text_puts(t, "_utf8mb4");
		text_string(t, value, n);
	} else if (how == HOW_DOUBLE && negative_zero(value, n)) {
		text_puts(t, "-0e0");
	} else {
		text_add(t, value, n);
	}
}

static void add_values(struct text *t, const struct table *table, MYSQL_ROW row, const unsigned long *lengths)
{
	text_add(t, "(", 1);
	for (size_t i = 0; i < table->n; i++) {
		if (i > 0)
			text_add(t, ",", 1);
		add_value(t, table->columns[i].how, row[i], lengths[i]);
	}
	text_add(t, ")", 1);
}

struct batch {
	struct text text;  /* not given to the host yet */
	size_t statement;  /* bytes of the statement that is being written; 0: none */
	hf_writer *out;
};

static int32_t flush(hf_ctx *ctx, struct batch *b)
{
	int32_t status = HF_OK;

	if (b->text.failed)
		return out_of_memory(ctx);
	if (b->text.n > 0)
		status = host->write(b->out, b->text.s, b->text.n);
	text_clear(&b->text);
	/* one huge row must not keep its memory for the rest of the table */
	if (b->text.cap > 16 * FLUSH_BYTES)
		text_free(&b->text);
	return status;
}

static int32_t take_row(hf_ctx *ctx, struct batch *b, const struct table *t, const struct text *insert,
    MYSQL_ROW row, const unsigned long *lengths, struct rows_sum *sum)
{
	size_t before, n;

	if (b->out != NULL && b->statement == 0)
		text_add(&b->text, insert->s, insert->n);
	else if (b->out != NULL)
		text_add(&b->text, ",\n", 2);
	before = b->text.n;
	add_values(&b->text, t, row, lengths);
	if (b->text.failed)
		return out_of_memory(ctx);
	n = b->text.n - before;
	rows_sum_add(sum, b->text.s + before, n);
	if (b->out == NULL) {
		text_clear(&b->text);
		return HF_OK;
	}
	b->statement += n + 2;
	if (b->statement >= STATEMENT_BYTES) {
		text_add(&b->text, ";\n", 2);
		b->statement = 0;
	}
	return b->text.n >= FLUSH_BYTES ? flush(ctx, b) : HF_OK;
}

int32_t rows_dump(hf_ctx *ctx, struct conn *c, const struct table *t, const struct text *sql, hf_writer *out,
    struct rows_sum *sum)
{
	struct batch b = {.out = out};
	struct text insert = {0}, what = {0};
	MYSQL_RES *res = NULL;
	MYSQL_ROW row;
	int32_t status = HF_OK;

	text_printf(&what, "read table %s.%s", shown(t->db->name), shown(t->name));
	rows_insert(&insert, t->name, t->columns, t->n);
	if (sql->failed || what.failed || insert.failed)
		status = out_of_memory(ctx);
	else if (c->lost)
		status = conn_run(ctx, c, what.s, "");
	else if (mysql_real_query(c->my, sql->s, sql->n) != 0 || (res = mysql_use_result(c->my)) == NULL)
		status = conn_error(ctx, c, what.s);
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL)
		status = take_row(ctx, &b, t, &insert, row, mysql_fetch_lengths(res), sum);
	if (res != NULL && status != HF_OK) {
		conn_abandon(c, res);
	} else if (res != NULL) {
		if (mysql_errno(c->my) != 0)
			status = conn_error(ctx, c, what.s);
		mysql_free_result(res);
	}
	if (status == HF_OK && out != NULL) {
		if (b.statement > 0)
			text_puts(&b.text, ";\n");
		status = flush(ctx, &b);
	}
	text_free(&b.text);
	text_free(&insert);
	text_free(&what);
	return status;
}
