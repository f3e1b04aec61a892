/* SPDX-License-Identifier: MIT
 * Large tables in parts: half-open ranges of the primary key, whose ends are keys that the server has found,
 * compared by it in the columns' own order. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"

/* key >= from, or key < to, spelled so that the server reads a range of the index. */
static void put_bound(struct text *sql, const struct names *key, const struct names *bound, bool from)
{
	/* (a > x OR (a = x AND (b > y OR (b = y AND c >= z)))), with a >= x in front of it for the optimizer */
	text_name(sql, key->v[0]);
	text_printf(sql, "%s%s", from ? ">=" : "<=", bound->v[0]);
	if (key->n == 1) {
		if (!from) {
			text_puts(sql, " AND ");
			text_name(sql, key->v[0]);
			text_printf(sql, "<%s", bound->v[0]);
		}
		return;
	}
	text_puts(sql, " AND (");
	for (size_t i = 0; i < key->n; i++) {
		const bool last = i + 1 == key->n;

		text_name(sql, key->v[i]);
		text_printf(sql, "%s%s%s", from ? ">" : "<", from && last ? "=" : "", bound->v[i]);
		if (!last) {
			text_puts(sql, " OR (");
			text_name(sql, key->v[i]);
			text_printf(sql, "=%s AND (", bound->v[i]);
		}
	}
	for (size_t i = 1; i < key->n; i++)
		text_puts(sql, "))");
	text_puts(sql, ")");
}

void range_where(struct text *sql, const struct table *t, const struct names *from, const struct names *to)
{
	const char *word = " WHERE ";

	if (from->n > 0) {
		text_puts(sql, word);
		put_bound(sql, &t->key, from, true);
		word = " AND ";
	}
	if (to->n > 0) {
		text_puts(sql, word);
		put_bound(sql, &t->key, to, false);
		word = " AND ";
	}
	if (t->where != NULL)
		text_printf(sql, "%s(%s)", word, t->where);
}

void range_order(struct text *sql, const struct table *t)
{
	for (size_t i = 0; i < t->key.n; i++) {
		text_puts(sql, i == 0 ? " ORDER BY " : ",");
		text_name(sql, t->key.v[i]);
	}
}

/* A value as a literal that compares with its column in the column's own way: characters in hexadecimal, in
 * their own set. */
static bool add_literal(struct names *to, const struct column *col, const char *value, unsigned long n)
{
	struct text t = {0};
	bool ok;

	if (col->how != HOW_BYTES) {
		text_add(&t, value, n);
	} else if (strspn(value, "0123456789-: .") == n && col->charset == NULL) {
		text_string(&t, value, n);
	} else {
		if (col->charset != NULL)
			text_printf(&t, "_%s ", col->charset);
		text_puts(&t, "x'");
		for (unsigned long i = 0; i < n; i++)
			text_printf(&t, "%02x", (unsigned char)value[i]);
		text_puts(&t, "'");
	}
	ok = !t.failed && names_add(to, t.s);
	text_free(&t);
	return ok;
}

/* Where the range that begins at w->from ends: the key so many rows on, or none. */
static int32_t find_end(hf_ctx *ctx, struct conn *c, struct work *w, uint64_t rows)
{
	const struct table *t = w->tables[0];
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_puts(&sql, "SELECT ");
	for (size_t i = 0; i < t->key.n; i++) {
		text_puts(&sql, i > 0 ? "," : "");
		text_name(&sql, t->key.v[i]);
	}
	text_puts(&sql, " FROM ");
	text_qualified(&sql, t->db->name, t->name);
	text_puts(&sql, " FORCE INDEX (PRIMARY)");
	range_where(&sql, t, &w->from, &w->to);
	range_order(&sql, t);
	text_printf(&sql, " LIMIT 1 OFFSET %" PRIu64, rows);
	status = conn_rows_text(ctx, c, "cut a table into ranges", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	row = mysql_fetch_row(res);
	for (size_t i = 0; row != NULL && i < t->key.n && status == HF_OK; i++)
		if (row[i] == NULL || !add_literal(&w->to, table_column(t, t->key.v[i]), row[i],
					      mysql_fetch_lengths(res)[i]))
			status = out_of_memory(ctx);
	mysql_free_result(res);
	return status;
}

/* Rows of an entry: by the server's estimate of their size. */
static uint64_t rows_of_chunk(const struct backup *b, const struct table *t)
{
	const uint64_t chunk = (uint64_t)host->opt_int(b->src->opts, "chunk_size", 0);
	const uint64_t row = t->rows > 0 && t->bytes / t->rows > 0 ? t->bytes / t->rows : 100;
	const uint64_t rows = chunk / row;

	return rows < 1000 ? 1000 : rows;
}

int32_t range_next(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w)
{
	struct table *t = w->tables[0];
	struct work *next;
	int32_t status = HF_OK;

	if (w->cut || t->key.n == 0 || t->bytes <= (uint64_t)host->opt_int(b->src->opts, "chunk_size", 0))
		return HF_OK;
	status = find_end(ctx, c, w, rows_of_chunk(b, t));
	if (status != HF_OK)
		return status;
	w->cut = true;
	if (w->to.n == 0)
		return HF_OK;
	next = work_new(WORK_CHUNK, w->d);
	if (next == NULL || !work_takes(next, t)) {
		work_free(next);
		return out_of_memory(ctx);
	}
	next->part = w->part + 1;
	for (size_t i = 0; i < w->to.n; i++)
		if (!names_add(&next->from, w->to.v[i])) {
			work_free(next);
			return out_of_memory(ctx);
		}
	pthread_mutex_lock(&b->lock);
	t->pending++;
	pthread_mutex_unlock(&b->lock);
	return backup_add(ctx, b, next, (uint64_t)host->opt_int(b->src->opts, "chunk_size", 0));
}
