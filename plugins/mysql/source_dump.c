/* SPDX-License-Identifier: MIT
 * A backup: what the entries are, and how each is written.
 *
 * Small tables share entries, large ones are cut into ranges of their primary key. Where a range ends is
 * found when it is about to be read, and the next range becomes an entry then; so the ranges are of equal
 * size however the keys are spread, and finding them is shared by all lanes. What can only be written when
 * something else was (a table's keys after its definition, its totals after its rows) becomes an entry when
 * the last of it is done. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "frame.h"
#include "objects.h"
#include "rights.h"

/* --- begin and end ------------------------------------------------------- */

static void backup_free(struct backup *b)
{
	watch_stop(b->watch);
	snapshot_free(&b->snap);
	schema_free(&b->schema);
	for (size_t i = 0; i < b->n; i++)
		work_free(b->works[i]);
	free(b->works);
	text_free(&b->fks);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static int32_t tell_server(hf_ctx *ctx, struct conn *c)
{
	struct text version = {0}, all = {0}, charset = {0};
	int32_t status = conn_value(ctx, c, "read the server's version", "SELECT VERSION()", &version);

	if (status == HF_OK)
		status = conn_value(ctx, c, "read the server's settings",
			"SELECT CONCAT(@@character_set_server, ' ', @@collation_server)", &charset);
	text_printf(&all, "%s %s", c->mariadb ? "MariaDB" : "MySQL", version.s != NULL ? version.s : "");
	if (status == HF_OK)
		status = all.failed ? out_of_memory(ctx) : host->server(ctx, all.s);
	if (status == HF_OK)
		status = host->fact_text(ctx, "~charset", charset.s);
	if (status == HF_OK)
		status = conn_value(ctx, c, "read the server's settings", "SELECT @@global.time_zone", &charset);
	if (status == HF_OK)
		status = host->fact_text(ctx, "~time_zone", charset.s);
	text_free(&version);
	text_free(&all);
	text_free(&charset);
	return status;
}

int32_t mysql_begin(hf_ctx *ctx, void *self, const hf_begin *in, void **session)
{
	struct backup *b = calloc(1, sizeof(*b));
	struct conn c;
	int32_t status;

	if (b == NULL)
		return out_of_memory(ctx);
	pthread_mutex_init(&b->lock, NULL);
	b->src = self;
	status = conn_open(ctx, b->src, &c);
	if (status == HF_OK)
		status = tell_server(ctx, &c);
	if (status == HF_OK)
		status = rights_enough(ctx, b->src, &c);
	if (status == HF_OK)
		status = schema_read(ctx, &c, b->src, &b->schema);
	if (status == HF_OK && !in->dry_run)
		status = schema_identities(ctx, &c, &b->schema);
	if (status == HF_OK && !in->dry_run) {
		status = snapshot_take(ctx, b->src, &b->schema, in->lanes > 0 ? in->lanes : 1, &b->snap);
		if (status == HF_OK)
			status = host->fact_int(ctx, "~lock_microseconds", b->snap.lock_ns / 1000);
		if (status == HF_OK && b->snap.mark.n > 0)
			status = host->mark(ctx, b->snap.mark.s, b->snap.mark.n);
		host->log(ctx, HF_LOG_INFO, "the server's commits stood still for %.1f ms",
			(double)b->snap.lock_ns / 1e6);
	}
	if (status == HF_OK)
		status = backup_plan(ctx, b, &c);
	conn_close(&c);
	if (status == HF_OK && !in->dry_run && (b->watch = watch_start(ctx, b->src)) != NULL)
		for (uint32_t i = 0; i < b->snap.n; i++)
			watch_add(b->watch, &b->snap.lanes[i]);
	if (b->watch != NULL && b->snap.holder != NULL)
		watch_add(b->watch, b->snap.holder);
	if (status != HF_OK) {
		backup_free(b);
		return status;
	}
	*session = b;
	return HF_OK;
}

static struct database *database(struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->dbs[i].name, name) == 0)
			return &s->dbs[i];
	return NULL;
}

/* Tables that are not any more what they were before the snapshot: what was read may be of another table. */
static int32_t unchanged(hf_ctx *ctx, struct backup *b)
{
	struct schema now = {0};
	struct conn c;
	int32_t status = conn_open(ctx, b->src, &c);

	if (status != HF_OK)
		return status;
	status = schema_read(ctx, &c, b->src, &now);
	if (status == HF_OK)
		status = schema_identities(ctx, &c, &now);
	conn_close(&c);
	for (size_t i = 0; i < b->schema.n && status == HF_OK; i++) {
		const struct database *then = &b->schema.dbs[i], *d = database(&now, then->name);

		for (size_t k = 0, m = 0; k < then->n && status == HF_OK; k++) {
			const struct table *t = &then->tables[k];

			while (d != NULL && m < d->n && strcmp(d->tables[m].name, t->name) < 0)
				m++;
			if (t->view || t->sequence || strcasecmp(t->engine, "MEMORY") == 0)
				continue;
			if (d != NULL && m < d->n && strcmp(d->tables[m].name, t->name) == 0 &&
			    d->tables[m].identity != NULL && t->identity != NULL &&
			    strcmp(d->tables[m].identity, t->identity) == 0)
				continue;
			status = host->fail(ctx, HF_E_FAILED,
				"table %s.%s was altered, dropped, truncated or renamed while it was backed up",
				shown(then->name), shown(t->name));
			host->hint(ctx, "run it again when no migration runs");
		}
	}
	schema_free(&now);
	return status;
}

int32_t mysql_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	struct backup *b = session;
	int32_t status = HF_OK;

	watch_stop(b->watch);
	b->watch = NULL;
	if (outcome == HF_OK && b->snap.n > 0)
		status = unchanged(ctx, b);
	backup_free(b);
	return status;
}

/* --- writing ------------------------------------------------------------- */

static int32_t flush(hf_ctx *ctx, hf_writer *out, struct text *t)
{
	int32_t status = t->failed ? out_of_memory(ctx) : HF_OK;

	if (status == HF_OK && t->n > 0)
		status = host->write(out, t->s, t->n);
	text_clear(t);
	return status;
}

static json_object *rows_frame(const char *kind, const struct table *t)
{
	json_object *o = frame_new(kind, t->name);
	json_object *list = json_object_new_array();

	if (o == NULL || list == NULL) {
		json_object_put(o);
		json_object_put(list);
		return NULL;
	}
	for (size_t i = 0; i < t->n; i++) {
		json_object *pair = json_object_new_array();

		json_object_array_add(pair, json_object_new_string(t->columns[i].name));
		json_object_array_add(pair, json_object_new_string_len(&t->columns[i].how, 1));
		if (t->columns[i].is_enum)
			json_object_array_add(pair, json_object_new_string("enum"));
		json_object_array_add(list, pair);
	}
	json_object_object_add(o, "columns", list);
	if (t->versioned && !t->by_transaction)
		json_object_object_add(o, "versioned", json_object_new_boolean(1));
	return o;
}

static void put_end(struct text *out, const char *kind, const struct table *t, struct rows_sum sum)
{
	json_object *o = rows_frame(kind, t);
	char text[ROWS_SUM_TEXT];

	rows_sum_text(sum.sum, text);
	if (o != NULL) {
		frame_int(o, "rows", (int64_t)sum.rows);
		frame_text(o, "checksum", text);
		if (t->where != NULL)
			frame_text(o, "where", t->where);
	}
	frame_put(out, o, NULL, false);
}

/* MySQL's JSON may hold dates, decimals and opaque bytes, which its text turns into strings and doubles. Nothing
 * is lost for a reader of text; but it is told. */
static int32_t report_json(hf_ctx *ctx, struct conn *c, const struct work *w, const struct table *t)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = HF_OK;

	for (size_t i = 0; i < t->n && !c->mariadb && !c->lost; i++) {
		if (t->columns[i].how != HOW_TEXT)
			continue;
		text_clear(&sql);
		text_puts(&sql, "SELECT SUM(NOT (CAST(CAST(");
		text_name(&sql, t->columns[i].name);
		text_puts(&sql, " AS CHAR) AS JSON) <=> ");
		text_name(&sql, t->columns[i].name);
		text_puts(&sql, ")) FROM ");
		text_qualified(&sql, t->db->name, t->name);
		range_where(&sql, t, &w->from, &w->to);
		if (sql.failed) {
			status = out_of_memory(ctx);
			break;
		}
		/* a server that cannot compare them so is not asked further */
		if (mysql_real_query(c->my, sql.s, sql.n) != 0 || (res = mysql_store_result(c->my)) == NULL)
			continue;
		row = mysql_fetch_row(res);
		if (row != NULL && row[0] != NULL && strcmp(row[0], "0") != 0)
			host->warn(ctx, "table %s.%s: %s values of the JSON column %s hold dates or other types that text does "
					"not carry; they come back as strings", shown(t->db->name), shown(t->name), row[0],
				shown(t->columns[i].name));
		mysql_free_result(res);
	}
	text_free(&sql);
	return status;
}

static int32_t dump_rows(hf_ctx *ctx, struct conn *c, const struct work *w, struct table *t, hf_writer *out,
    struct rows_sum *sum)
{
	struct text head = {0}, sql = {0};
	int32_t status;

	frame_put(&head, rows_frame("rows", t), NULL, false);
	status = flush(ctx, out, &head);
	rows_select(&sql, t);
	if (t->key.n > 0)
		text_puts(&sql, " FORCE INDEX (PRIMARY)");
	range_where(&sql, t, &w->from, &w->to);
	range_order(&sql, t);
	if (status == HF_OK)
		status = rows_dump(ctx, c, t, &sql, out, sum);
	if (status == HF_OK)
		status = report_json(ctx, c, w, t);
	put_end(&head, "end", t, *sum);
	if (status == HF_OK)
		status = flush(ctx, out, &head);
	text_free(&head);
	text_free(&sql);
	return status;
}

/* Lets go of the metadata locks of what was read, so that nobody waits for them any longer. */
static int32_t release(hf_ctx *ctx, struct conn *c, bool begin)
{
	return conn_run(ctx, c, "keep the snapshot", begin ? "SAVEPOINT holdfast" : "ROLLBACK TO SAVEPOINT holdfast");
}

static int32_t dump_pack(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w, hf_writer *out)
{
	struct rows_sum all = {0};
	int32_t status = HF_OK;

	for (size_t i = 0; i < w->n && status == HF_OK; i++) {
		struct rows_sum sum = {0};

		struct conn *by = snapshot_enter(&b->snap, c, w->tables[i]);

		status = dump_rows(ctx, by, w, w->tables[i], out, &sum);
		snapshot_leave(&b->snap, by);
		if (status == HF_OK)
			status = rows_facts(ctx, w->tables[i]->name, sum);
		all.rows += sum.rows;
		all.sum += sum.sum;
	}
	return status == HF_OK ? rows_facts(ctx, NULL, all) : status;
}

/* One of the dumps that a table's keys wait for is done. */
static int32_t settle(hf_ctx *ctx, struct backup *b, struct table *t)
{
	struct work *w;
	bool last;

	pthread_mutex_lock(&b->lock);
	last = t->pending > 0 && --t->pending == 0;
	pthread_mutex_unlock(&b->lock);
	if (!last)
		return HF_OK;
	w = work_new(WORK_KEYS, t->db);
	if (w == NULL || !work_takes(w, t)) {
		work_free(w);
		return out_of_memory(ctx);
	}
	return backup_add(ctx, b, w, 1);
}

static int32_t dump_chunk(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w, hf_writer *out)
{
	struct table *t = w->tables[0];
	struct rows_sum sum = {0};
	struct conn *by = snapshot_enter(&b->snap, c, t);
	int32_t status = range_next(ctx, b, by, w);

	if (status == HF_OK)
		status = dump_rows(ctx, by, w, t, out, &sum);
	snapshot_leave(&b->snap, by);
	if (status == HF_OK)
		status = rows_facts(ctx, NULL, sum);
	if (status != HF_OK || w->counted)
		return status;
	w->counted = true;
	pthread_mutex_lock(&b->lock);
	t->rows_seen += sum.rows;
	t->sum += sum.sum;
	pthread_mutex_unlock(&b->lock);
	return settle(ctx, b, t);
}

static int32_t dump_keys(hf_ctx *ctx, struct table *t, struct text *out)
{
	const struct rows_sum sum = {.rows = t->rows_seen, .sum = t->sum};

	if (t->keys.n > 0)
		frame_put(out, frame_new("keys", t->name), &t->keys, false);
	put_end(out, "total", t, sum);
	return rows_facts(ctx, t->name, sum);
}

static int32_t dump_tables(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w, struct text *out)
{
	struct text fks = {0};
	bool last = false, some = false;
	int32_t status = HF_OK;

	for (size_t i = 0; i < w->n && status == HF_OK; i++) {
		struct table *t = w->tables[i];
		const bool large = rows_wanted(t) && t->bytes >= LARGE_BYTES;

		status = put_table(ctx, c, t, large && !opt_yes(b->src, "schema_only"), out, &fks);
	}
	if (status == HF_OK && !w->counted) {
		w->counted = true;
		pthread_mutex_lock(&b->lock);
		if (fks.n > 0) {
			put_use(&b->fks, w->d->name);
			text_add(&b->fks, fks.s, fks.n);
		}
		last = --b->tables_pending == 0;
		some = b->fks.n > 0;
		pthread_mutex_unlock(&b->lock);
		for (size_t i = 0; i < w->n && status == HF_OK; i++)
			if (w->tables[i]->pending > 0)
				status = settle(ctx, b, w->tables[i]);
		if (status == HF_OK && last && some)
			status = backup_add_kind(ctx, b, WORK_FKS, NULL);
	}
	text_free(&fks);
	return status;
}

static int32_t dump_text(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w, struct text *out)
{
	int32_t status = HF_OK;

	switch (w->kind) {
	case WORK_TABLES:
		return dump_tables(ctx, b, c, w, out);
	case WORK_SEQUENCES:
		for (size_t i = 0; i < w->n && status == HF_OK; i++)
			status = put_sequence(ctx, c, w->tables[i], out);
		return status;
	case WORK_KEYS:
		return dump_keys(ctx, w->tables[0], out);
	case WORK_FKS:
		text_add(out, b->fks.s, b->fks.n);
		return HF_OK;
	case WORK_ROUTINES:
		return put_routines(ctx, c, b->src, w->d, out);
	case WORK_VIEWS:
		return put_views(ctx, c, b->src, &b->schema, out);
	case WORK_TRIGGERS:
		return put_triggers(ctx, c, b->src, w->d, out);
	case WORK_ACCOUNTS:
		return put_accounts(ctx, c, out);
	case WORK_GRANTS:
		return put_grants(ctx, c, out);
	case WORK_EVENTS:
		return put_events(ctx, c, b->src, w->d, out);
	default:
		return host->fail(ctx, HF_E_FAILED, "an entry is of no known kind");
	}
}

int32_t mysql_dump(hf_ctx *ctx, void *session, const hf_entry *entry, hf_writer *out)
{
	struct backup *b = session;
	const uint32_t lane = host->lane(ctx);
	struct text text = {0};
	struct work *w = NULL;
	struct conn *c;
	bool rows;
	int32_t status;

	pthread_mutex_lock(&b->lock);
	if (entry->id < b->n && lane < b->snap.n)
		w = b->works[entry->id];
	pthread_mutex_unlock(&b->lock);
	if (w == NULL)
		return host->fail(ctx, HF_E_FAILED, "entry %s is unknown", shown(entry->path));
	c = &b->snap.lanes[lane];
	rows = w->kind == WORK_PACK || w->kind == WORK_CHUNK;
	put_session(&text, c, rows);
	if (w->kind == WORK_TABLES || w->kind == WORK_SEQUENCES)
		put_database(&text, w->d);
	if (w->d != NULL)
		put_use(&text, w->d->name);
	status = rows ? flush(ctx, out, &text) : HF_OK;
	if (status == HF_OK)
		status = release(ctx, c, true);
	if (status == HF_OK)
		status = w->kind == WORK_PACK	? dump_pack(ctx, b, c, w, out) :
			 w->kind == WORK_CHUNK ? dump_chunk(ctx, b, c, w, out) :
						 dump_text(ctx, b, c, w, &text);
	if (status == HF_OK)
		status = flush(ctx, out, &text);
	text_free(&text);
	if (!c->lost && status == HF_OK)
		status = release(ctx, c, false);
	return status;
}
