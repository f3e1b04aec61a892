/* SPDX-License-Identifier: MIT
 * Runs the statements of an entry, each as it stands there; where a restore is to go elsewhere, or to have
 * other definers, the place of the name in the statement is known. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "restore.h"
#include "rows.h"

/* A view that could not be made yet: another one of the same entry may be missing. */
struct late {
	struct text use, set, sql, name;
	struct late *next;
};

struct run {
	hf_ctx *ctx;
	struct restore *r;
	struct conn *c;
	struct text db;  /* of the point, not of the target */
	struct text set; /* the last SET: what the next object needs */
	struct late *late;
	struct broken *broken;
	struct frame f;
	struct input in;
	bool range;           /* a part of a large table */
	bool dry;             /* nothing is asked of the server: only the entry is read */
	bool absent;          /* the target database is not there (yet) */
	bool partly;          /* some of its rows were not asked for */
	bool counted;         /* it holds rows */
	struct rows_sum sum;  /* of the last table */
	struct rows_sum all;  /* of the entry */
};

static const char *target(const struct run *x)
{
	return restore_target(x->r, x->db.s != NULL ? x->db.s : "");
}

static bool wanted(const struct run *x)
{
	return restore_wants(x->r, x->db.s != NULL ? x->db.s : "", x->f.name);
}

static bool is(const struct run *x, const char *kind)
{
	return strcmp(x->f.kind, kind) == 0;
}

/* --- splicing ------------------------------------------------------------ */

static bool replace(struct text *sql, int64_t from, int64_t to, const char *with)
{
	struct text t = {0};

	if (from < 0 || to < from || (uint64_t)to > sql->n)
		return false;
	text_add(&t, sql->s, (size_t)from);
	text_puts(&t, with);
	text_add(&t, sql->s + to, sql->n - (size_t)to);
	text_free(sql);
	*sql = t;
	return true;
}

static int32_t bad_place(struct run *x)
{
	return frame_bad(x->ctx, "a place in a statement lies outside of it");
}

static int32_t splice_database(struct run *x)
{
	json_object *list;
	struct text old = {0}, new = {0};
	int32_t status = HF_OK;

	if (strcmp(target(x), x->db.s) == 0 || !json_object_object_get_ex(x->f.json, "db_at", &list) ||
	    !json_object_is_type(list, json_type_array))
		return HF_OK;
	text_name(&old, x->db.s);
	text_name(&new, target(x));
	/* from the end, so that the places before stay right */
	for (size_t i = json_object_array_length(list); i-- > 0 && status == HF_OK;) {
		const int64_t at = json_object_get_int64(json_object_array_get_idx(list, i));

		if (old.failed || new.failed || !replace(&x->f.sql, at, at + (int64_t)old.n, new.s))
			status = bad_place(x);
	}
	text_free(&old);
	text_free(&new);
	return status;
}

static int32_t splice(struct run *x)
{
	const char *status_word = frame_get(&x->f, "status");
	int64_t at = frame_number(&x->f, "definer_at", -1);

	if (status_word != NULL && x->r->events_as_was &&
	    !replace(&x->f.sql, frame_number(&x->f, "status_at", -1), frame_number(&x->f, "status_end", -1), status_word))
		return bad_place(x);
	if (x->r->definer != NULL && at >= 0) {
		const int64_t end = frame_number(&x->f, "definer_end", -1);

		if (end < at || (uint64_t)end > x->f.sql.n)
			return bad_place(x);
		splice_definer(&x->f.sql, x->r->definer, (size_t)at, (size_t)(end - at));
	}
	return splice_database(x);
}

/* --- statements ---------------------------------------------------------- */

static int32_t statement(struct run *x, const char *kind)
{
	struct text what = {0};
	int32_t status;

	text_printf(&what, "make %s %s.%s", kind, shown(target(x)), shown(x->f.name));
	status = what.failed ? out_of_memory(x->ctx) : conn_run_text(x->ctx, x->c, what.s, &x->f.sql);
	text_free(&what);
	return status;
}

static int32_t remember_database(struct run *x)
{
	text_clear(&x->db);
	text_puts(&x->db, x->f.name);
	return x->db.failed ? out_of_memory(x->ctx) : HF_OK;
}

/* An entry that may hold something of --only, or may not, needs no database yet. */
static int32_t use(struct run *x)
{
	struct text sql = {0};
	int32_t status = remember_database(x);

	text_puts(&sql, "USE ");
	text_name(&sql, target(x));
	x->absent = x->r->in->only_count > 0 && !sql.failed && !conn_try(x->c, sql.s) && mysql_errno(x->c->my) == 1049;
	if (status == HF_OK && !x->absent)
		status = conn_run_text(x->ctx, x->c, "use the database", &sql);
	text_free(&sql);
	return status;
}

/* Something of it is wanted: it has to be there. */
static int32_t arrive(struct run *x)
{
	struct text sql = {0};
	int32_t status;

	if (!x->absent)
		return HF_OK;
	text_puts(&sql, "CREATE DATABASE IF NOT EXISTS ");
	text_name(&sql, target(x));
	status = conn_run_text(x->ctx, x->c, "make the database", &sql);
	text_clear(&sql);
	text_puts(&sql, "USE ");
	text_name(&sql, target(x));
	if (status == HF_OK)
		status = conn_run_text(x->ctx, x->c, "use the database", &sql);
	if (status == HF_OK && x->set.n > 0)
		status = conn_run_text(x->ctx, x->c, "set up the session", &x->set);
	x->absent = status != HF_OK;
	text_free(&sql);
	return status;
}

/* One that is there and empty gets the settings. */
static int32_t database(struct run *x)
{
	const char *name = restore_target(x->r, x->f.name);
	const int64_t at = frame_number(&x->f, "name_at", -1), end = frame_number(&x->f, "name_end", -1);
	struct text sql = {0}, alter = {0}, quoted = {0};
	bool existed;
	int32_t status;

	text_name(&quoted, name);
	if (at < 0 || end < at || (uint64_t)end > x->f.sql.n || quoted.failed) {
		text_free(&quoted);
		return bad_place(x);
	}
	text_puts(&alter, "ALTER DATABASE ");
	text_add(&alter, quoted.s, quoted.n);
	text_add(&alter, x->f.sql.s + end, x->f.sql.n - (size_t)end);
	text_add(&sql, x->f.sql.s, x->f.sql.n);
	replace(&sql, at, end, quoted.s);
	status = conn_run_text(x->ctx, x->c, "make the database", &sql);
	existed = status == HF_OK && mysql_warning_count(x->c->my) > 0;
	if (existed && x->r->in->only_count == 0)
		status = conn_run_text(x->ctx, x->c, "set up the database", &alter);
	text_free(&sql);
	text_free(&alter);
	text_free(&quoted);
	return status;
}

static int32_t drop(struct run *x, const char *type)
{
	struct text sql = {0};
	int32_t status;

	if (!x->r->force || x->r->replaced || x->r->where != NULL)
		return HF_OK;
	text_printf(&sql, "DROP %s IF EXISTS ", type);
	text_name(&sql, x->f.name);
	status = conn_run_text(x->ctx, x->c, "drop what is in the way", &sql);
	text_free(&sql);
	return status;
}

static int32_t set(struct run *x)
{
	text_clear(&x->set);
	text_add(&x->set, x->f.sql.s, x->f.sql.n);
	if (x->absent)
		return HF_OK;
	return conn_run_text(x->ctx, x->c, "set up the session", &x->f.sql);
}

/* --- routines, triggers, events, views ------------------------------------ */

static const char *routine_type(const struct run *x)
{
	static const char *const types[] = {"FUNCTION", "PROCEDURE", "PACKAGE BODY", "PACKAGE"};
	const char *type = frame_get(&x->f, "type");

	for (size_t i = 0; type != NULL && i < sizeof types / sizeof types[0]; i++)
		if (strcmp(type, types[i]) == 0)
			return types[i];
	return NULL;
}

static bool word(const char *s)
{
	return s != NULL && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ ") == strlen(s);
}

/* A trigger's own text may name its database: for another one its head is written anew. */
static int32_t trigger_head(struct run *x)
{
	const char *table = frame_get(&x->f, "table"), *timing = frame_get(&x->f, "timing"),
		   *event = frame_get(&x->f, "event"), *definer = frame_get(&x->f, "definer");
	const int64_t body = frame_number(&x->f, "body_at", -1);
	struct text sql = {0};

	if (strcmp(target(x), x->db.s) == 0 || body < 0)
		return HF_OK;
	if ((uint64_t)body > x->f.sql.n || table == NULL || !word(timing) || !word(event))
		return bad_place(x);
	text_puts(&sql, "CREATE ");
	/* its clause is put in as every other */
	if (definer != NULL && (x->r->definer == NULL || strcmp(x->r->definer, "strip") != 0)) {
		text_puts(&sql, "DEFINER=`x`@`x` ");
		splice_definer(&sql, x->r->definer != NULL && strcmp(x->r->definer, "keep") != 0 ? x->r->definer : definer,
			7, sql.n - 7);
	}
	text_puts(&sql, "TRIGGER ");
	text_name(&sql, x->f.name);
	text_printf(&sql, " %s %s ON ", timing, event);
	text_name(&sql, table);
	text_puts(&sql, " FOR EACH ROW ");
	text_add(&sql, x->f.sql.s + body, x->f.sql.n - (size_t)body);
	text_free(&x->f.sql);
	x->f.sql = sql;
	return HF_OK;
}

static bool trigger_wanted(const struct run *x)
{
	const char *table = frame_get(&x->f, "table");

	return wanted(x) || (table != NULL && restore_wants(x->r, x->db.s, table));
}

static int32_t trigger(struct run *x)
{
	int32_t status;

	if (!trigger_wanted(x))
		return HF_OK;
	status = arrive(x);
	if (status == HF_OK)
		status = drop(x, "TRIGGER");
	if (status == HF_OK && strcmp(target(x), x->db.s) != 0 && frame_number(&x->f, "body_at", -1) >= 0)
		status = trigger_head(x);
	else if (status == HF_OK)
		status = splice(x);
	return status == HF_OK ? statement(x, "trigger") : status;
}

/* A definer that does not exist is a warning to the server, and an error at the first use. */
static int32_t look_for_definer(struct run *x, const char *kind)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	if (mysql_warning_count(x->c->my) == 0)
		return HF_OK;
	status = conn_rows(x->ctx, x->c, "read the server's warnings", "SHOW WARNINGS", &res);
	if (status != HF_OK)
		return status;
	while ((row = mysql_fetch_row(res)) != NULL)
		if (strcmp(row[1], "1449") == 0)
			host->warn(x->ctx, "%s %s.%s: %s; create that account, or restore with --definer strip", kind,
				shown(target(x)), shown(x->f.name), row[2]);
	mysql_free_result(res);
	return HF_OK;
}

static int32_t object(struct run *x, const char *kind, const char *type)
{
	int32_t status;

	if (!wanted(x) && !(x->r->where != NULL && is(x, "sequence")))
		return HF_OK;
	if (type == NULL)
		return frame_bad(x->ctx, "a routine of no known type");
	status = arrive(x);
	if (status == HF_OK)
		status = drop(x, type);
	if (status == HF_OK)
		status = splice(x);
	if (status == HF_OK)
		status = statement(x, kind);
	return status == HF_OK ? look_for_definer(x, kind) : status;
}

static void late_free(struct late *l)
{
	text_free(&l->use);
	text_free(&l->set);
	text_free(&l->sql);
	text_free(&l->name);
	free(l);
}

static int32_t make_late(struct run *x)
{
	struct late *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return out_of_memory(x->ctx);
	text_puts(&l->use, "USE ");
	text_name(&l->use, target(x));
	text_add(&l->set, x->set.s != NULL ? x->set.s : "DO 0", x->set.s != NULL ? x->set.n : 4);
	text_add(&l->sql, x->f.sql.s, x->f.sql.n);
	text_printf(&l->name, "%s.%s", shown(target(x)), shown(x->f.name));
	l->next = x->late;
	x->late = l;
	return l->use.failed || l->set.failed || l->sql.failed || l->name.failed ? out_of_memory(x->ctx) : HF_OK;
}

static int32_t view(struct run *x)
{
	int32_t status;

	if (!wanted(x))
		return HF_OK;
	status = arrive(x);
	if (status == HF_OK)
		status = drop(x, "VIEW");
	if (status == HF_OK)
		status = splice(x);
	if (status != HF_OK)
		return status;
	if (x->f.sql.failed)
		return out_of_memory(x->ctx);
	if (mysql_real_query(x->c->my, x->f.sql.s, x->f.sql.n) == 0)
		return look_for_definer(x, "view");
	switch (mysql_errno(x->c->my)) {
	case 1049: /* no such database */
	case 1146: /* no such table */
	case 1305: /* no such function */
	case 1356: /* a view that is not whole */
		return make_late(x);
	default:
		return conn_error(x->ctx, x->c, "make a view");
	}
}

static int32_t broken_view(struct run *x)
{
	const char *sql = frame_get(&x->f, "sql"), *set = frame_get(&x->f, "set");
	int32_t status;

	if (!wanted(x))
		return HF_OK;
	if (sql == NULL || set == NULL)
		return frame_bad(x->ctx, "the text of a view is missing");
	if (x->dry)
		return HF_OK;
	status = arrive(x);
	if (status == HF_OK)
		status = drop(x, "VIEW");
	if (status == HF_OK && broken_add(&x->broken, target(x), x->f.name, set, sql) == NULL)
		status = out_of_memory(x->ctx);
	return status;
}

static int32_t late_views(struct run *x)
{
	bool progress = true;
	int32_t status = HF_OK;

	while (progress && x->late != NULL && status == HF_OK) {
		progress = false;
		for (struct late **at = &x->late; *at != NULL && status == HF_OK;) {
			struct late *l = *at;

			status = conn_run_text(x->ctx, x->c, "use the database", &l->use);
			if (status == HF_OK)
				status = conn_run_text(x->ctx, x->c, "set up the session", &l->set);
			if (status == HF_OK && conn_try(x->c, l->sql.s)) {
				progress = true;
				*at = l->next;
				late_free(l);
			} else {
				at = &l->next;
			}
		}
	}
	if (status == HF_OK && x->late != NULL) {
		status = conn_error(x->ctx, x->c, "make a view");
		host->hint(x->ctx, "view %s stands on something that is neither in the point nor in the target",
			x->late->name.s);
	}
	return status;
}

/* --- rows ---------------------------------------------------------------- */

static int32_t count_rows(struct run *x, bool versioned, uint64_t *rows)
{
	struct text sql = {0}, value = {0};
	int32_t status;

	text_puts(&sql, "SELECT COUNT(*) FROM ");
	text_name(&sql, x->f.name);
	if (versioned)
		text_puts(&sql, " FOR SYSTEM_TIME ALL");
	status = sql.failed ? out_of_memory(x->ctx) : conn_value(x->ctx, x->c, "count the rows", sql.s, &value);
	*rows = status == HF_OK ? strtoull(value.s, NULL, 10) : 0;
	text_free(&sql);
	text_free(&value);
	return status;
}

/* What was put into a large table by all of its entries: adds `sum`, gives the whole. */
static int32_t add_up(struct run *x, struct rows_sum sum, struct rows_sum *whole)
{
	struct restore *r = x->r;
	struct text name = {0};
	struct rows_sum *sums;
	size_t i = 0;
	int32_t status = HF_OK;

	text_printf(&name, "%s.%s", x->db.s, x->f.name);
	if (name.failed)
		return out_of_memory(x->ctx);
	pthread_mutex_lock(&r->lock);
	while (i < r->sum_names.n && strcmp(r->sum_names.v[i], name.s) != 0)
		i++;
	if (i == r->sum_names.n) {
		sums = realloc(r->sums, (i + 1) * sizeof(*sums));
		if (sums != NULL) {
			r->sums = sums;
			r->sums[i] = (struct rows_sum){0};
		}
		if (sums == NULL || !names_add(&r->sum_names, name.s))
			status = out_of_memory(x->ctx);
	}
	if (status == HF_OK) {
		r->sums[i].rows += sum.rows;
		r->sums[i].sum += sum.sum;
		*whole = r->sums[i];
	}
	pthread_mutex_unlock(&r->lock);
	text_free(&name);
	return status;
}

static int32_t other_rows(struct run *x, uint64_t now, uint64_t then)
{
	host->fail(x->ctx, HF_E_FAILED, "table %s.%s has %llu rows after the restore, and had %llu", shown(target(x)),
		shown(x->f.name), (unsigned long long)now, (unsigned long long)then);
	host->hint(x->ctx, "does somebody else write to the target? restore again with --force");
	return HF_E_FAILED;
}

/* With --check full: what the target holds now. */
static int32_t read_again(struct run *x, const struct table *t, struct rows_sum *sum)
{
	struct text sql = {0};
	int32_t status;

	*sum = (struct rows_sum){0};
	rows_select(&sql, t);
	status = rows_dump(x->ctx, x->c, t, &sql, NULL, sum);
	text_free(&sql);
	return status;
}

/* The frame at hand tells what the table held; `loaded` is what was put into it. */
static int32_t verify_table(struct run *x, struct rows_sum loaded)
{
	const int64_t then = frame_number(&x->f, "rows", -1);
	const char *checksum = frame_get(&x->f, "checksum");
	struct database d = {.name = (char *)target(x)};
	struct table t;
	char text[ROWS_SUM_TEXT];
	uint64_t rows = loaded.rows;
	int32_t status = HF_OK;

	if (then < 0 || checksum == NULL || !frame_columns(&x->f, &t))
		return frame_bad(x->ctx, "the count of a table's rows does not read");
	t.db = &d;
	rows_sum_text(loaded.sum, text);
	if (loaded.rows != (uint64_t)then || strcmp(text, checksum) != 0)
		status = frame_bad(x->ctx, "it holds other rows than it says");
	if (status == HF_OK && !x->dry)
		status = count_rows(x, t.versioned, &rows);
	if (status == HF_OK && rows != (uint64_t)then)
		status = other_rows(x, rows, (uint64_t)then);
	if (status == HF_OK && x->r->check_full && !x->dry)
		status = read_again(x, &t, &loaded);
	rows_sum_text(loaded.sum, text);
	if (status == HF_OK && strcmp(text, checksum) != 0)
		status = host->fail(x->ctx, HF_E_FAILED, "table %s.%s has other values after the restore than it had",
			shown(target(x)), shown(x->f.name));
	if (status == HF_OK)
		status = rows_facts(x->ctx, x->f.name, loaded);
	frame_columns_free(&t);
	return status;
}

static int32_t rows(struct run *x)
{
	x->sum = (struct rows_sum){0};
	x->counted = true;
	if (!wanted(x)) {
		x->partly = true;
		return skip_rows(&x->in, NULL);
	}
	return x->dry ? skip_rows(&x->in, &x->sum) : load_rows(x->ctx, x->r, x->c, &x->f, &x->in, &x->sum);
}

/* "end" of a small table, which is whole now, or of a range of a large one, of which the total comes later. */
static int32_t end_of_rows(struct run *x)
{
	struct rows_sum whole;

	if (!wanted(x))
		return HF_OK;
	x->all.rows += x->sum.rows;
	x->all.sum += x->sum.sum;
	if (frame_number(&x->f, "rows", -1) != (int64_t)x->sum.rows)
		return frame_bad(x->ctx, "it holds other rows than it says");
	return x->range ? add_up(x, x->sum, &whole) : verify_table(x, x->sum);
}

static int32_t total(struct run *x)
{
	struct rows_sum whole = {0};
	int32_t status;

	if (!wanted(x))
		return HF_OK;
	status = add_up(x, (struct rows_sum){0}, &whole);
	return status == HF_OK ? verify_table(x, whole) : status;
}

/* --- accounts ------------------------------------------------------------- */

/* Merged into what is there: one that the target refuses is told, and the rest goes on. */
static int32_t account(struct run *x)
{
	if (x->r->in->only_count > 0 || conn_try(x->c, x->f.sql.s))
		return HF_OK;
	if (x->c->lost)
		return conn_error(x->ctx, x->c, "make an account");
	host->warn(x->ctx, "account %s: %s", shown(x->f.name), mysql_error(x->c->my));
	return HF_OK;
}

/* --- an entry ------------------------------------------------------------- */

static bool bare(const struct run *x)
{
	return is(x, "rows") || is(x, "end") || is(x, "total") || is(x, "broken-view");
}

static int32_t step(struct run *x)
{
	if (!bare(x) && !x->f.has_sql)
		return frame_bad(x->ctx, "a statement is missing");
	if (is(x, "session"))
		return HF_OK;
	if (x->dry && !bare(x))
		return is(x, "use") ? remember_database(x) : HF_OK;
	if (is(x, "database"))
		return database(x);
	if (is(x, "use"))
		return use(x);
	if (is(x, "account"))
		return account(x);
	if (x->db.n == 0)
		return frame_bad(x->ctx, "a statement before its database is named");
	if (is(x, "set"))
		return set(x);
	if (is(x, "table"))
		return object(x, "table", "TABLE");
	if (is(x, "sequence"))
		return object(x, "sequence", strncmp(x->f.sql.s, "DO ", 3) == 0 ? "VIEW" : "SEQUENCE");
	if (is(x, "keys"))
		return wanted(x) ? statement(x, "the keys of table") : HF_OK;
	if (is(x, "fks"))
		return wanted(x) ? statement(x, "the foreign keys of table") : HF_OK;
	if (is(x, "routine"))
		return object(x, "routine", routine_type(x));
	if (is(x, "event"))
		return object(x, "event", "EVENT");
	if (is(x, "trigger"))
		return trigger(x);
	if (is(x, "view"))
		return view(x);
	if (is(x, "broken-view"))
		return broken_view(x);
	if (is(x, "rows"))
		return rows(x);
	if (is(x, "end"))
		return end_of_rows(x);
	if (is(x, "total"))
		return total(x);
	return host->fail(x->ctx, HF_E_UNSUPPORTED, "the point holds a \"%s\", which this version does not know",
		shown(x->f.kind));
}

int32_t run_entry(hf_ctx *ctx, struct restore *r, struct conn *c, bool range, hf_reader *in)
{
	struct run x = {.ctx = ctx, .r = r, .c = c, .in = {.ctx = ctx, .in = in}, .range = range,
		.dry = r->dry && r->where == NULL};
	int32_t status;

	while ((status = frame_next(&x.in, &x.f)) == HF_OK) {
		status = host->cancelled(ctx) ? HF_E_CANCELLED : step(&x);
		if (status != HF_OK)
			break;
	}
	if (status == HF_END)
		status = late_views(&x);
	if (status == HF_OK)
		status = broken_make(ctx, c, x.broken);
	if (status == HF_OK && x.counted && !x.partly)
		status = rows_facts(ctx, NULL, x.all);
	broken_free(&x.broken);
	while (x.late != NULL) {
		struct late *l = x.late;

		x.late = l->next;
		late_free(l);
	}
	frame_free(&x.f);
	input_free(&x.in);
	text_free(&x.db);
	text_free(&x.set);
	return status;
}
