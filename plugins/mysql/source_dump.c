/* SPDX-License-Identifier: MIT
 * A backup: what the entries are, and how each is written.
 *
 * Small tables share entries, large ones are cut into ranges of their primary key. Where a range ends is
 * found when it is about to be read, and the next range becomes an entry then; so the ranges are of equal
 * size however the keys are spread, and finding them is shared by all lanes. What can only be written when
 * something else was (a table's keys after its definition, its totals after its rows) becomes an entry when
 * the last of it is done. */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "frame.h"
#include "objects.h"
#include "rights.h"
#include "rows.h"
#include "schema.h"
#include "snapshot.h"

#define LARGE_BYTES ((uint64_t)4 << 20) /* a table beyond this has entries of its own */
#define PACK_BYTES ((uint64_t)16 << 20) /* an entry of small tables */
#define PACK_TABLES 250
#define PACK_NAMES ((size_t)24 << 10) /* the names in its attributes, which may have 64 KiB */

/* The order of the restore. */
enum {
	ORDER_ACCOUNTS = 0,
	ORDER_SEQUENCES = 5, /* of all databases: any table may stand on them */
	ORDER_TABLES = 10,
	ORDER_ROWS = 20,
	ORDER_KEYS = 30,
	ORDER_FKS = 40,
	ORDER_ROUTINES = 50,
	ORDER_VIEWS = 60,
	ORDER_TRIGGERS = 70,
	ORDER_EVENTS = 80,
	ORDER_GRANTS = 90,
};

enum work_kind {
	WORK_ACCOUNTS,
	WORK_SEQUENCES,
	WORK_TABLES, /* definitions */
	WORK_PACK,   /* rows of small tables */
	WORK_CHUNK,  /* rows of a range of a large one */
	WORK_KEYS,
	WORK_FKS,
	WORK_ROUTINES,
	WORK_VIEWS,
	WORK_TRIGGERS,
	WORK_EVENTS,
	WORK_GRANTS,
};

struct work {
	enum work_kind kind;
	struct database *d;
	struct table **tables;
	size_t n;
	unsigned part;
	struct names from, to; /* a range of keys, as literals: from <= key < to; empty: no end */
	bool cut, counted;
	bool rows_only; /* there is no definition of its tables */
};

struct backup {
	const struct source *src;
	struct schema schema;
	struct snapshot snap;
	struct watch *watch;
	pthread_mutex_t lock; /* of what follows */
	struct work **works;
	size_t n, cap;
	unsigned tables_pending; /* entries of definitions that are not written yet */
	struct text fks;
};

/* --- entries ------------------------------------------------------------- */

static struct work *work_new(enum work_kind kind, struct database *d)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w != NULL) {
		w->kind = kind;
		w->d = d;
	}
	return w;
}

static void work_free(struct work *w)
{
	if (w == NULL)
		return;
	names_free(&w->from);
	names_free(&w->to);
	free(w->tables);
	free(w);
}

static bool work_takes(struct work *w, struct table *t)
{
	struct table **grown = realloc(w->tables, (w->n + 1) * sizeof(struct table *));

	if (grown == NULL)
		return false;
	w->tables = grown;
	w->tables[w->n++] = t;
	return true;
}

/* What --only has to know. */
static json_object *attributes(const struct work *w)
{
	json_object *o = json_object_new_object();

	if (o == NULL)
		return NULL;
	if (w->d != NULL)
		frame_text(o, "db", w->d->name);
	if (w->d != NULL && w->d->whole)
		json_object_object_add(o, "whole", json_object_new_boolean(1));
	if (w->rows_only)
		json_object_object_add(o, "rows_only", json_object_new_boolean(1));
	if (w->n > 0) {
		json_object *list = json_object_new_array();

		for (size_t i = 0; i < w->n; i++)
			json_object_array_add(list, json_object_new_string(w->tables[i]->name));
		json_object_object_add(o, "tables", list);
	}
	return o;
}

struct place {
	const char *file;
	int64_t order;
};

static struct place place_of(const struct work *w)
{
	static const struct place places[] = {
		[WORK_ACCOUNTS] = {"accounts", ORDER_ACCOUNTS},
		[WORK_SEQUENCES] = {"sequences", ORDER_SEQUENCES},
		[WORK_TABLES] = {"tables", ORDER_TABLES},
		[WORK_PACK] = {"rows", ORDER_ROWS},
		[WORK_CHUNK] = {NULL, ORDER_ROWS},
		[WORK_KEYS] = {NULL, ORDER_KEYS},
		[WORK_FKS] = {"foreign-keys", ORDER_FKS},
		[WORK_ROUTINES] = {"routines", ORDER_ROUTINES},
		[WORK_VIEWS] = {"views", ORDER_VIEWS},
		[WORK_TRIGGERS] = {"triggers", ORDER_TRIGGERS},
		[WORK_EVENTS] = {"events", ORDER_EVENTS},
		[WORK_GRANTS] = {"grants", ORDER_GRANTS},
	};

	return places[w->kind];
}

/* Takes the work over. A name with a slash would be a folder: it is written as its own escape. */
static int32_t add(hf_ctx *ctx, struct backup *b, struct work *w, uint64_t hint)
{
	struct text path = {0}, subject = {0};
	json_object *attrs;
	struct place place;
	size_t id = 0;
	bool kept = false;
	int32_t status;

	if (w != NULL)
		w->rows_only = opt_yes(b->src, "data_only");
	attrs = w != NULL ? attributes(w) : NULL;
	if (w == NULL || attrs == NULL) {
		work_free(w);
		json_object_put(attrs);
		return out_of_memory(ctx);
	}
	place = place_of(w);
	if (w->d != NULL) {
		for (const char *s = w->d->name; *s != '\0'; s++)
			text_add(&path, *s == '/' ? "%2F" : s, *s == '/' ? 3 : 1);
		text_puts(&path, "/");
		text_puts(&subject, w->d->name);
	} else {
		text_puts(&subject, place.file);
	}
	if (place.file != NULL) {
		text_puts(&path, place.file);
	} else {
		text_puts(&path, "table.");
		for (const char *s = w->tables[0]->name; *s != '\0'; s++)
			text_add(&path, *s == '/' ? "%2F" : s, *s == '/' ? 3 : 1);
		text_printf(&subject, ".%s", w->tables[0]->name);
		if (w->kind == WORK_KEYS)
			text_puts(&path, ".keys");
	}
	if (w->kind == WORK_CHUNK || w->kind == WORK_PACK || w->kind == WORK_TABLES)
		text_printf(&path, ".%05u", w->part);
	text_puts(&path, ".sql");
	pthread_mutex_lock(&b->lock);
	if (b->n == b->cap) {
		const size_t cap = b->cap ? b->cap * 2 : 64;
		struct work **grown = realloc(b->works, cap * sizeof(struct work *));

		if (grown != NULL) {
			b->works = grown;
			b->cap = cap;
		}
	}
	if (b->n < b->cap) {
		id = b->n;
		b->works[b->n++] = w;
		kept = true;
	}
	pthread_mutex_unlock(&b->lock);
	if (!kept)
		work_free(w);
	if (!kept || path.failed || subject.failed) {
		status = out_of_memory(ctx);
	} else {
		status = host->entry_add(ctx, &(hf_entry){.size = sizeof(hf_entry),
							.path = path.s,
							.type = FRAME_TYPE,
							.subject = subject.s,
							.attrs = json_object_to_json_string_ext(attrs, JSON_C_TO_STRING_PLAIN),
							.order = place.order,
							.size_hint = hint,
							.id = id});
	}
	json_object_put(attrs);
	text_free(&path);
	text_free(&subject);
	return status;
}

static int32_t add_kind(hf_ctx *ctx, struct backup *b, enum work_kind kind, struct database *d)
{
	return add(ctx, b, work_new(kind, d), 1);
}

/* --- planning ------------------------------------------------------------ */

static bool rows_wanted(const struct table *t)
{
	return !t->view && !t->sequence && !t->elsewhere;
}

/* Definitions, in entries of some hundred. */
static int32_t plan_tables(hf_ctx *ctx, struct backup *b, struct database *d)
{
	struct work *w = work_new(WORK_TABLES, d);
	size_t names = 0;
	unsigned part = 0;
	int32_t status = w != NULL ? HF_OK : out_of_memory(ctx);

	for (size_t i = 0; i < d->n && status == HF_OK; i++) {
		struct table *t = &d->tables[i];

		if (t->view || t->sequence)
			continue;
		if (!work_takes(w, t))
			status = out_of_memory(ctx);
		names += 2 * strlen(t->name) + 4;
		if (status == HF_OK && (w->n >= PACK_TABLES || names > PACK_NAMES)) {
			b->tables_pending++;
			status = add(ctx, b, w, 1);
			w = work_new(WORK_TABLES, d);
			names = 0;
			if (w == NULL)
				return status == HF_OK ? out_of_memory(ctx) : status;
			w->part = ++part;
		}
	}
	/* also without tables: the database itself is in it */
	if (status == HF_OK && (w->n > 0 || part == 0)) {
		b->tables_pending++;
		return add(ctx, b, w, 1);
	}
	work_free(w);
	return status;
}

static int32_t plan_sequences(hf_ctx *ctx, struct backup *b, struct database *d)
{
	struct work *w = work_new(WORK_SEQUENCES, d);
	int32_t status = w != NULL ? HF_OK : out_of_memory(ctx);

	for (size_t i = 0; i < d->n && status == HF_OK; i++)
		if (d->tables[i].sequence && !work_takes(w, &d->tables[i]))
			status = out_of_memory(ctx);
	if (status == HF_OK && w->n > 0)
		return add(ctx, b, w, 1);
	work_free(w);
	return status;
}

static int32_t plan_pack(hf_ctx *ctx, struct backup *b, struct work **pack, struct table *t, uint64_t *bytes,
    size_t *names, unsigned *part)
{
	int32_t status = HF_OK;

	if (*pack == NULL) {
		*pack = work_new(WORK_PACK, t->db);
		if (*pack == NULL)
			return out_of_memory(ctx);
		(*pack)->part = (*part)++;
	}
	if (!work_takes(*pack, t))
		return out_of_memory(ctx);
	*bytes += t->bytes;
	*names += 2 * strlen(t->name) + 4;
	if (*bytes >= PACK_BYTES || (*pack)->n >= PACK_TABLES || *names > PACK_NAMES) {
		status = add(ctx, b, *pack, *bytes + 1);
		*pack = NULL;
		*bytes = 0;
		*names = 0;
	}
	return status;
}

static int32_t plan_rows(hf_ctx *ctx, struct backup *b, struct conn *c, struct database *d)
{
	struct work *pack = NULL, *w;
	uint64_t bytes = 0;
	size_t names = 0;
	unsigned part = 0;
	int32_t status = HF_OK;

	for (size_t i = 0; i < d->n && status == HF_OK; i++) {
		struct table *t = &d->tables[i];

		if (!rows_wanted(t))
			continue;
		if (t->by_transaction)
			host->warn(ctx, "table %s.%s is versioned by transactions: its history cannot be kept",
				shown(d->name), shown(t->name));
		if (t->bytes < LARGE_BYTES) {
			status = plan_pack(ctx, b, &pack, t, &bytes, &names, &part);
			continue;
		}
		status = schema_key(ctx, c, t);
		if (status != HF_OK)
			break;
		/* its definition, unless there is none, and its rows */
		t->pending = opt_yes(b->src, "data_only") ? 1 : 2;
		w = work_new(WORK_CHUNK, d);
		if (w == NULL || !work_takes(w, t)) {
			work_free(w);
			status = out_of_memory(ctx);
			break;
		}
		const uint64_t chunk = (uint64_t)host->opt_int(b->src->opts, "chunk_size", 0);

		status = add(ctx, b, w, t->key.n > 0 && t->bytes > chunk ? chunk : t->bytes);
	}
	if (status == HF_OK && pack != NULL)
		return add(ctx, b, pack, bytes + 1);
	work_free(pack);
	return status;
}

static int32_t plan(hf_ctx *ctx, struct backup *b, struct conn *c)
{
	const bool schema = !opt_yes(b->src, "data_only"), data = !opt_yes(b->src, "schema_only");
	bool views = false;
	int32_t status = HF_OK;

	for (size_t i = 0; i < b->schema.n && status == HF_OK; i++) {
		struct database *d = &b->schema.dbs[i];

		/* only what the point holds wholly may be replaced wholly */
		d->whole = d->whole && schema && data && host->opt_count(b->src->opts, "where") == 0;
		if (schema)
			status = plan_sequences(ctx, b, d);
		if (status == HF_OK && schema)
			status = plan_tables(ctx, b, d);
		if (status == HF_OK && data)
			status = plan_rows(ctx, b, c, d);
		if (status == HF_OK && schema && opt_yes(b->src, "routines"))
			status = add_kind(ctx, b, WORK_ROUTINES, d);
		if (status == HF_OK && schema && opt_yes(b->src, "triggers"))
			status = add_kind(ctx, b, WORK_TRIGGERS, d);
		if (status == HF_OK && schema && opt_yes(b->src, "events"))
			status = add_kind(ctx, b, WORK_EVENTS, d);
		for (size_t k = 0; k < d->n; k++)
			views = views || d->tables[k].view;
	}
	if (status == HF_OK && schema && views)
		status = add_kind(ctx, b, WORK_VIEWS, NULL);
	if (status == HF_OK && opt_yes(b->src, "users"))
		status = add_kind(ctx, b, WORK_ACCOUNTS, NULL);
	if (status == HF_OK && opt_yes(b->src, "users"))
		status = add_kind(ctx, b, WORK_GRANTS, NULL);
	return status;
}

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
		status = plan(ctx, b, &c);
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

/* --- ranges of keys ------------------------------------------------------ */

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

static void put_range(struct text *sql, const struct table *t, const struct names *from, const struct names *to)
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

static void put_order(struct text *sql, const struct table *t)
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
	put_range(&sql, t, &w->from, &w->to);
	put_order(&sql, t);
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

static int32_t next_range(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w)
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
	return add(ctx, b, next, (uint64_t)host->opt_int(b->src->opts, "chunk_size", 0));
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

static int32_t facts(hf_ctx *ctx, const char *table, struct rows_sum sum)
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
	put_range(&sql, t, &w->from, &w->to);
	put_order(&sql, t);
	if (status == HF_OK)
		status = rows_dump(ctx, c, t, &sql, out, sum);
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
			status = facts(ctx, w->tables[i]->name, sum);
		all.rows += sum.rows;
		all.sum += sum.sum;
	}
	return status == HF_OK ? facts(ctx, NULL, all) : status;
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
	return add(ctx, b, w, 1);
}

static int32_t dump_chunk(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w, hf_writer *out)
{
	struct table *t = w->tables[0];
	struct rows_sum sum = {0};
	struct conn *by = snapshot_enter(&b->snap, c, t);
	int32_t status = next_range(ctx, b, by, w);

	if (status == HF_OK)
		status = dump_rows(ctx, by, w, t, out, &sum);
	snapshot_leave(&b->snap, by);
	if (status == HF_OK)
		status = facts(ctx, NULL, sum);
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
	return facts(ctx, t->name, sum);
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
			status = add_kind(ctx, b, WORK_FKS, NULL);
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
