/* SPDX-License-Identifier: MIT
 * What the entries of a backup are, and where they stand in the order of a restore. Small tables share entries,
 * large ones have their own. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "frame.h"

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

/* --- entries ------------------------------------------------------------- */

struct work *work_new(enum work_kind kind, struct database *d)
{
	struct work *w = calloc(1, sizeof(*w));

	if (w != NULL) {
		w->kind = kind;
		w->d = d;
	}
	return w;
}

void work_free(struct work *w)
{
	if (w == NULL)
		return;
	names_free(&w->from);
	names_free(&w->to);
	free(w->tables);
	free(w);
}

bool work_takes(struct work *w, struct table *t)
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
int32_t backup_add(hf_ctx *ctx, struct backup *b, struct work *w, uint64_t hint)
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

int32_t backup_add_kind(hf_ctx *ctx, struct backup *b, enum work_kind kind, struct database *d)
{
	return backup_add(ctx, b, work_new(kind, d), 1);
}

/* --- planning ------------------------------------------------------------ */

bool rows_wanted(const struct table *t)
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
			status = backup_add(ctx, b, w, 1);
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
		return backup_add(ctx, b, w, 1);
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
		return backup_add(ctx, b, w, 1);
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
		status = backup_add(ctx, b, *pack, *bytes + 1);
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

		status = backup_add(ctx, b, w, t->key.n > 0 && t->bytes > chunk ? chunk : t->bytes);
	}
	if (status == HF_OK && pack != NULL)
		return backup_add(ctx, b, pack, bytes + 1);
	work_free(pack);
	return status;
}

int32_t backup_plan(hf_ctx *ctx, struct backup *b, struct conn *c)
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
			status = backup_add_kind(ctx, b, WORK_ROUTINES, d);
		if (status == HF_OK && schema && opt_yes(b->src, "triggers"))
			status = backup_add_kind(ctx, b, WORK_TRIGGERS, d);
		if (status == HF_OK && schema && opt_yes(b->src, "events"))
			status = backup_add_kind(ctx, b, WORK_EVENTS, d);
		for (size_t k = 0; k < d->n; k++)
			views = views || d->tables[k].view;
	}
	if (status == HF_OK && schema && views)
		status = backup_add_kind(ctx, b, WORK_VIEWS, NULL);
	if (status == HF_OK && opt_yes(b->src, "users"))
		status = backup_add_kind(ctx, b, WORK_ACCOUNTS, NULL);
	if (status == HF_OK && opt_yes(b->src, "users"))
		status = backup_add_kind(ctx, b, WORK_GRANTS, NULL);
	return status;
}
