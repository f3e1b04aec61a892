/* SPDX-License-Identifier: MIT
 * A restore: what is asked for, whether it may go where it is to go, and the entries one by one. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "restore.h"

const hf_option mysql_restore_options[] = {
	{.name = "check", .type = HF_OPT_CHOICE, .default_value = "rows", .choices = "rows|full",
		.help = "full: read all tables again and compare their content"},
	{.name = "events", .type = HF_OPT_CHOICE, .default_value = "disabled", .choices = "disabled|as-was",
		.help = "as-was: enable the events that were enabled"},
	{.name = "definer", .type = HF_OPT_STRING, .default_value = "keep",
		.help = "of views, routines, triggers and events: keep, strip, or USER@HOST"},
	{.name = "log_bin", .type = HF_OPT_BOOL, .default_value = "yes",
		.help = "no: leave the restore out of the target's binary log"},
	{.name = "load", .type = HF_OPT_CHOICE, .default_value = "auto", .choices = "auto|bulk|infile|insert",
		.help = "how rows are put in: many at once with one prepared statement (MariaDB), by LOAD DATA LOCAL, or by INSERT"},
	{.name = "where", .type = HF_OPT_STRING,
		.help = "only the rows of --only TABLE for which this SQL condition holds, into the table in use"},
	{.name = "on_conflict", .type = HF_OPT_CHOICE, .default_value = "fail", .choices = "fail|skip|replace",
		.help = "with where: a row that exists and differs"},
	{.name = "with_children", .type = HF_OPT_BOOL, .default_value = "no",
		.help = "with where: also the rows that depend on them by foreign keys"},
	{.name = NULL},
};

bool restore_wants(struct restore *r, const char *db, const char *name)
{
	if (r->in->only_count == 0)
		return true;
	for (uint64_t i = 0; i < r->in->only_count; i++)
		if (pattern_hits(r->in->only[i], db, name)) {
			pthread_mutex_lock(&r->lock);
			r->matched = true;
			pthread_mutex_unlock(&r->lock);
			return true;
		}
	return names_have(&r->children, name);
}

/* --- begin --------------------------------------------------------------- */

static void restore_free(struct restore *r)
{
	watch_stop(r->watch);
	for (uint32_t i = 0; i < r->n; i++)
		conn_close(&r->lanes[i]);
	free(r->lanes);
	names_free(&r->dbs);
	names_free(&r->whole);
	names_free(&r->tables);
	names_free(&r->emptied);
	names_free(&r->sum_names);
	free(r->sums);
	names_free(&r->children);
	names_free(&r->merged);
	names_free(&r->edges.child);
	names_free(&r->edges.parent);
	names_free(&r->edges.columns);
	text_free(&r->scratch);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static int32_t read_options(hf_ctx *ctx, struct restore *r)
{
	const hf_options *o = r->in->options;
	const char *definer = host->opt_text(o, "definer", 0);

	r->check_full = host->opt_int(o, "check", 0) == 1;
	r->events_as_was = host->opt_int(o, "events", 0) == 1;
	r->log_bin = host->opt_int(o, "log_bin", 0) != 0;
	r->load = (enum load)host->opt_int(o, "load", 0);
	r->definer = definer != NULL && strcmp(definer, "keep") != 0 ? definer : NULL;
	if (r->definer != NULL && strcmp(r->definer, "strip") != 0 && strchr(r->definer, '@') == NULL)
		return host->fail(ctx, HF_E_CONFIG, "--definer is neither keep, strip nor USER@HOST");
	r->where = host->opt_text(o, "where", 0);
	r->with_children = host->opt_int(o, "with_children", 0) != 0;
	r->conflict = (enum conflict)host->opt_int(o, "on_conflict", 0);
	if (r->where != NULL && r->in->only_count == 0) {
		host->fail(ctx, HF_E_CONFIG, "--where needs --only TABLE");
		host->hint(ctx, "for example: --only users --where \"id = 123\"");
		return HF_E_CONFIG;
	}
	if (r->in->into != NULL && (r->in->into[0] == '\0' || system_database(r->in->into)))
		return host->fail(ctx, HF_E_CONFIG, "--into names no database that a restore may go to");
	return HF_OK;
}

int32_t mysql_restore_begin(hf_ctx *ctx, void *self, const hf_restore *in, void **session)
{
	struct restore *r = calloc(1, sizeof(*r));
	int32_t status;

	if (r == NULL)
		return out_of_memory(ctx);
	pthread_mutex_init(&r->lock, NULL);
	r->src = self;
	memcpy(&r->given, in, in->size < sizeof(r->given) ? in->size : sizeof(r->given));
	r->in = &r->given;
	r->force = (in->flags & HF_RESTORE_FORCE) != 0;
	r->dry = (in->flags & HF_RESTORE_DRY_RUN) != 0;
	status = read_options(ctx, r);
	r->lanes = calloc(in->lanes > 0 ? in->lanes : 1, sizeof(*r->lanes));
	if (r->lanes == NULL)
		status = out_of_memory(ctx);
	if (status == HF_OK)
		status = conn_open(ctx, r->src, &r->lanes[0]);
	if (status == HF_OK)
		r->n = 1;
	if (status == HF_OK && r->where != NULL)
		status = merge_begin(ctx, r);
	if (status != HF_OK) {
		restore_free(r);
		return status;
	}
	*session = r;
	return HF_OK;
}

/* --- the target ---------------------------------------------------------- */

static int32_t one_value(hf_ctx *ctx, struct conn *c, const struct text *sql, struct text *out)
{
	return sql->failed ? out_of_memory(ctx) : conn_value(ctx, c, "look at the target", sql->s, out);
}

/* Refuses a database that holds something, where all of it would be restored. */
static int32_t look_at_database(hf_ctx *ctx, struct restore *r, const char *db)
{
	const char *target = restore_target(r, db);
	struct text sql = {0}, found = {0};
	int32_t status;

	if (r->force || r->in->only_count > 0)
		return HF_OK;
	text_puts(&sql, "SELECT CONCAT(TABLE_TYPE, ' ', TABLE_NAME) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, target);
	text_puts(&sql, " UNION SELECT CONCAT(ROUTINE_TYPE, ' ', ROUTINE_NAME) FROM information_schema.ROUTINES"
			" WHERE ROUTINE_SCHEMA = ");
	text_cstring(&sql, target);
	text_puts(&sql, " LIMIT 1");
	status = one_value(ctx, &r->lanes[0], &sql, &found);
	if (status == HF_OK && found.n > 0) {
		status = host->fail(ctx, HF_E_EXISTS, "database %s is not empty: it holds %s", shown(target), shown(found.s));
		host->hint(ctx, "name another one with --into, or replace it with --force");
	}
	text_free(&sql);
	text_free(&found);
	return status;
}

static int32_t look_at_table(hf_ctx *ctx, struct restore *r, const char *db, const char *name)
{
	const char *target = restore_target(r, db);
	struct text sql = {0}, found = {0};
	int32_t status;

	if (r->force || r->in->only_count == 0 || r->where != NULL)
		return HF_OK;
	text_puts(&sql, "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, target);
	text_puts(&sql, " AND TABLE_NAME = ");
	text_cstring(&sql, name);
	status = one_value(ctx, &r->lanes[0], &sql, &found);
	if (status == HF_OK && found.n > 0) {
		status = host->fail(ctx, HF_E_EXISTS, "table %s.%s exists", shown(target), shown(name));
		host->hint(ctx, "restore into another database with --into, or replace the table with --force");
	}
	text_free(&sql);
	text_free(&found);
	return status;
}

/* A table that is to get rows, and keeps its definition: it has to be there, and empty. */
static int32_t look_at_rows(hf_ctx *ctx, struct restore *r, const char *db, const char *name)
{
	const char *target = restore_target(r, db);
	struct text sql = {0}, found = {0}, quoted = {0};
	int32_t status;

	text_qualified(&quoted, target, name);
	text_printf(&sql, "SELECT 1 FROM %s LIMIT 1", quoted.s != NULL ? quoted.s : "");
	status = one_value(ctx, &r->lanes[0], &sql, &found);
	if (status == HF_OK && found.n > 0 && !r->force) {
		status = host->fail(ctx, HF_E_EXISTS, "table %s.%s has rows", shown(target), shown(name));
		host->hint(ctx, "restore into another database with --into, or replace the rows with --force");
	}
	const bool rows = found.n > 0;

	text_clear(&sql);
	text_puts(&sql, "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_MANIPULATION = 'INSERT'"
			" AND EVENT_OBJECT_SCHEMA = ");
	text_cstring(&sql, target);
	text_puts(&sql, " AND EVENT_OBJECT_TABLE = ");
	text_cstring(&sql, name);
	text_puts(&sql, " LIMIT 1");
	if (status == HF_OK)
		status = one_value(ctx, &r->lanes[0], &sql, &found);
	if (status == HF_OK && found.n > 0) {
		status = host->fail(ctx, HF_E_UNSUPPORTED, "table %s.%s has the trigger %s, which would change the rows that are put in",
			shown(target), shown(name), shown(found.s));
		host->hint(ctx, "drop it for the restore and make it again");
	}
	if (status == HF_OK && rows && !names_have(&r->emptied, quoted.s) && !names_add(&r->emptied, quoted.s))
		status = out_of_memory(ctx);
	text_free(&sql);
	text_free(&found);
	text_free(&quoted);
	return status;
}

/* --- wants --------------------------------------------------------------- */

static const char *member(json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) && json_object_is_type(value, json_type_string) ?
		json_object_get_string(value) : NULL;
}

static int32_t new_database(hf_ctx *ctx, struct restore *r, const char *db, bool whole, bool rows_only)
{
	if (system_database(db))
		return host->fail(ctx, HF_E_CORRUPT, "the point wants to write into the server's own database %s", shown(db));
	if (names_have(&r->dbs, db))
		return HF_OK;
	if (r->in->into != NULL && r->dbs.n > 0) {
		host->fail(ctx, HF_E_CONFIG, "the point holds several databases, and --into names one");
		host->hint(ctx, "choose one of them: --only '%s.*'", r->dbs.v[0]);
		return HF_E_CONFIG;
	}
	if (r->where != NULL && r->dbs.n > 0)
		return host->fail(ctx, HF_E_CONFIG, "--where is for one database, and --only matches in several: write --only DATABASE.TABLE");
	if (!names_add(&r->dbs, db) || (whole && !names_add(&r->whole, db)))
		return out_of_memory(ctx);
	return rows_only ? HF_OK : look_at_database(ctx, r, db);
}

static int32_t wants_tables(hf_ctx *ctx, struct restore *r, json_object *o, const char *db, bool definitions)
{
	json_object *list, *whole;
	const bool rows_only = json_object_object_get_ex(o, "rows_only", &whole);
	bool hit = r->in->only_count == 0;
	int32_t status = HF_OK;

	if (r->with_children && r->edges.child.n == 0 && (r->dbs.n == 0 || names_have(&r->dbs, db))) {
		status = merge_children(ctx, r, db);
		if (status != HF_OK)
			return status;
	}

	if (!json_object_object_get_ex(o, "tables", &list) || !json_object_is_type(list, json_type_array)) {
		/* of everything that is in the database */
		if (r->in->only_count > 0 && definitions)
			return HF_SKIP;
		hit = true;
		list = NULL;
	}
	for (size_t i = 0; list != NULL && i < json_object_array_length(list) && status == HF_OK; i++) {
		json_object *name = json_object_array_get_idx(list, i);

		if (!json_object_is_type(name, json_type_string))
			return frame_bad(ctx, "the attributes of an entry do not read");
		if (!restore_wants(r, db, json_object_get_string(name)))
			continue;
		hit = true;
		if (r->where != NULL && definitions && !names_have(&r->children, json_object_get_string(name)) &&
		    !names_add(&r->tables, json_object_get_string(name)))
			return out_of_memory(ctx);
		if (definitions)
			status = look_at_table(ctx, r, db, json_object_get_string(name));
		else if (rows_only && r->where == NULL)
			status = look_at_rows(ctx, r, db, json_object_get_string(name));
	}
	/* defaults of a table may stand on sequences, which any of these entries may hold */
	if (r->where != NULL && definitions && names_have(&r->dbs, db))
		hit = true;
	if (status != HF_OK || !hit)
		return status != HF_OK ? status : HF_SKIP;
	/* without tables it may still turn out to hold nothing that is asked for */
	if (list == NULL && r->in->only_count > 0 && r->in->into != NULL && !names_have(&r->dbs, db) && r->dbs.n > 0)
		return HF_SKIP;
	return new_database(ctx, r, db, json_object_object_get_ex(o, "whole", &whole) && json_object_get_boolean(whole),
		rows_only);
}

static bool definitions(const char *path)
{
	return strstr(path, "/tables.") != NULL || strstr(path, "/sequences.") != NULL;
}

static bool rows_or_tables(const char *path)
{
	const size_t n = strlen(path);

	return definitions(path) || strstr(path, "/rows.") != NULL ||
	       (strstr(path, "/table.") != NULL && (n < 9 || strcmp(path + n - 9, ".keys.sql") != 0));
}

int32_t mysql_wants(hf_ctx *ctx, void *session, const hf_entry *entry)
{
	struct restore *r = session;
	json_object *o;
	const char *db;
	int32_t status;

	if (strcmp(entry->type, FRAME_TYPE) != 0) {
		host->fail(ctx, HF_E_UNSUPPORTED, "entry %s is of the type %s, which this driver does not know",
			shown(entry->path), shown(entry->type));
		host->hint(ctx, "a newer holdfast wrote it: use that one");
		return HF_E_UNSUPPORTED;
	}
	o = json_tokener_parse(entry->attrs != NULL ? entry->attrs : "{}");
	if (!json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return frame_bad(ctx, "the attributes of an entry do not read");
	}
	db = member(o, "db");
	if (r->where != NULL && (db == NULL || !rows_or_tables(entry->path)))
		status = HF_SKIP;
	else if (db != NULL)
		status = wants_tables(ctx, r, o, db, definitions(entry->path));
	else if (r->in->only_count > 0 && (strcmp(entry->path, "accounts.sql") == 0 || strcmp(entry->path, "grants.sql") == 0))
		status = HF_SKIP;
	else
		status = HF_OK;
	json_object_put(o);
	return status;
}

/* --- prepare ------------------------------------------------------------- */

static int32_t drop_database(hf_ctx *ctx, struct conn *c, const char *name)
{
	struct text sql = {0}, found = {0};
	int32_t status;

	text_puts(&sql, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, name);
	status = one_value(ctx, c, &sql, &found);
	if (status == HF_OK && strcmp(found.s, "0") != 0)
		host->log(ctx, HF_LOG_NOTICE, "database %s is dropped with its %s tables and views, and made anew",
			shown(name), found.s);
	text_clear(&sql);
	text_puts(&sql, "DROP DATABASE IF EXISTS ");
	text_name(&sql, name);
	if (status == HF_OK)
		status = conn_run_text(ctx, c, "drop the database that is to be replaced", &sql);
	text_free(&sql);
	text_free(&found);
	return status;
}

static int32_t empty_table(hf_ctx *ctx, struct conn *c, const char *quoted)
{
	struct text sql = {0};
	int32_t status = HF_OK;

	text_printf(&sql, "TRUNCATE TABLE %s", quoted);
	if (sql.failed)
		return out_of_memory(ctx);
	if (!conn_try(c, sql.s)) {
		/* a system-versioned one cannot be truncated */
		static const char *const words[] = {"DELETE FROM ", "DELETE HISTORY FROM "};

		if (mysql_errno(c->my) != 4137)
			status = conn_error(ctx, c, "empty a table whose rows are to be replaced");
		for (size_t i = 0; i < 2 && status == HF_OK; i++) {
			text_clear(&sql);
			text_printf(&sql, "%s%s", words[i], quoted);
			status = conn_run_text(ctx, c, "empty a table whose rows are to be replaced", &sql);
		}
	}
	text_free(&sql);
	return status;
}

static int32_t set_log(hf_ctx *ctx, const struct restore *r, struct conn *c)
{
	return r->log_bin ? HF_OK : conn_run(ctx, c, "keep the restore out of the binary log", "SET SESSION sql_log_bin = 0");
}

int32_t mysql_restore_prepare(hf_ctx *ctx, void *session)
{
	struct restore *r = session;
	const uint32_t lanes = r->in->lanes > 0 ? r->in->lanes : 1;
	int32_t status;

	if (r->dry && r->where == NULL)
		return HF_OK;
	status = set_log(ctx, r, &r->lanes[0]);

	for (; r->n < lanes && status == HF_OK; r->n += status == HF_OK) {
		status = conn_open(ctx, r->src, &r->lanes[r->n]);
		if (status == HF_OK)
			status = set_log(ctx, r, &r->lanes[r->n]);
	}
	if (status == HF_OK && (r->watch = watch_start(ctx, r->src)) != NULL)
		for (uint32_t i = 0; i < r->n; i++)
			watch_add(r->watch, &r->lanes[i]);
	/* a database that the point holds whole is replaced whole */
	if (r->force && r->in->only_count == 0)
		for (size_t i = 0; i < r->whole.n && status == HF_OK; i++)
			status = drop_database(ctx, &r->lanes[0], restore_target(r, r->whole.v[i]));
	for (size_t i = 0; i < r->emptied.n && status == HF_OK; i++)
		status = empty_table(ctx, &r->lanes[0], r->emptied.v[i]);
	r->replaced = r->whole.n == r->dbs.n && r->in->only_count == 0;
	return status;
}

/* --- restore ------------------------------------------------------------- */

int32_t mysql_restore(hf_ctx *ctx, void *session, const hf_entry *entry, hf_reader *in)
{
	struct restore *r = session;
	const uint32_t lane = host->lane(ctx);
	/* a part of a table: its total is in the entry of its keys */
	const char *table = strstr(entry->path, "/table.");

	if (!(r->dry && r->where == NULL) && lane >= r->n)
		return host->fail(ctx, HF_E_FAILED, "there is no connection for lane %u", lane);
	return run_entry(ctx, r, &r->lanes[lane < r->n ? lane : 0], table != NULL, in);
}

int32_t mysql_restore_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	struct restore *r = session;
	int32_t status = HF_OK;

	watch_stop(r->watch);
	r->watch = NULL;
	if (r->where != NULL) {
		if (outcome == HF_OK)
			status = merge_rows(ctx, r);
		merge_drop(r);
	}
	if (status == HF_OK && outcome == HF_OK && r->in->only_count > 0 && !r->matched) {
		status = host->fail(ctx, HF_E_NOT_FOUND, "the point holds no table or other object that matches \"%s\"",
			shown(r->in->only[0]));
		host->hint(ctx, "`holdfast show` lists what it holds");
	}
	restore_free(r);
	return status;
}
