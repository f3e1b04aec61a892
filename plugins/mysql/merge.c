/* SPDX-License-Identifier: MIT
 * Single rows into tables that are in use. The rows of the point are restored into a scratch database beside
 * them; there those that are not asked for are removed; what is left is compared with the live tables, shown,
 * and put in, all in one transaction. Nothing else of the live tables is touched. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "restore.h"

#define SCRATCH "holdfast_scratch_"
#define SHOWN_ROWS 20 /* of each table */

struct merge {
	hf_ctx *ctx;
	struct restore *r;
	struct conn *c;
	const char *live;      /* the database that is in use */
	struct names columns;  /* of the table at hand, those with values of their own */
	struct names key;
	uint64_t missing, different, same;
};

/* --- the scratch database ------------------------------------------------- */

/* Those of runs that died: their lock is free. */
static int32_t sweep(hf_ctx *ctx, struct conn *c)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = conn_rows(ctx, c, "look for scratch databases",
		"SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'holdfast\\_scratch\\_%'"
		" AND IS_FREE_LOCK(SCHEMA_NAME) = 1",
		&res);

	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		struct text sql = {0};

		text_puts(&sql, "DROP DATABASE ");
		text_name(&sql, row[0]);
		status = conn_run_text(ctx, c, "drop the scratch database of an earlier run", &sql);
		text_free(&sql);
	}
	mysql_free_result(res);
	return status;
}

int32_t merge_begin(hf_ctx *ctx, struct restore *r)
{
	struct conn *c = &r->lanes[0];
	struct text sql = {0}, got = {0};
	int32_t status = sweep(ctx, c);

	text_printf(&r->scratch, SCRATCH "%lu", c->id);
	text_printf(&sql, "SELECT GET_LOCK('%s', 0)", r->scratch.s != NULL ? r->scratch.s : "");
	if (status == HF_OK)
		status = r->scratch.failed || sql.failed ? out_of_memory(ctx) :
				conn_value(ctx, c, "lock a scratch database", sql.s, &got);
	if (status == HF_OK && strcmp(got.s, "1") != 0)
		status = host->fail(ctx, HF_E_FAILED, "somebody else uses the scratch database %s", r->scratch.s);
	text_free(&sql);
	text_free(&got);
	return status;
}

void merge_drop(struct restore *r)
{
	struct text sql = {0};

	if (r->scratch.n == 0)
		return;
	text_puts(&sql, "DROP DATABASE IF EXISTS ");
	text_name(&sql, r->scratch.s);
	if (!sql.failed)
		(void)conn_try(&r->lanes[0], sql.s);
	text_free(&sql);
}

/* --- which tables ---------------------------------------------------------- */

static bool asked_for(const struct restore *r, const char *db, const char *table)
{
	for (uint64_t i = 0; i < r->in->only_count; i++)
		if (pattern_hits(r->in->only[i], db, table))
			return true;
	return false;
}

static bool edge_add(struct restore *r, MYSQL_ROW row)
{
	return names_add(&r->edges.child, row[0]) && names_add(&r->edges.parent, row[1]) &&
	       names_add(&r->edges.columns, row[2]);
}

/* The tables whose rows depend on those asked for, by the foreign keys of the live database; those nearer
 * come first. */
int32_t merge_children(hf_ctx *ctx, struct restore *r, const char *db)
{
	const char *live = r->in->into != NULL ? r->in->into : db;
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	bool more = true;
	int32_t status;

	/* the condition by which a child's row belongs to a parent's, names quoted by the server */
	text_puts(&sql,
		"SELECT TABLE_NAME, REFERENCED_TABLE_NAME, GROUP_CONCAT(CONCAT('p.`',"
		" REPLACE(REFERENCED_COLUMN_NAME, '`', '``'), '` = c.`', REPLACE(COLUMN_NAME, '`', '``'), '`')"
		" ORDER BY ORDINAL_POSITION SEPARATOR ' AND ') FROM information_schema.KEY_COLUMN_USAGE"
		" WHERE REFERENCED_TABLE_NAME IS NOT NULL AND REFERENCED_TABLE_SCHEMA = TABLE_SCHEMA AND TABLE_SCHEMA = ");
	text_cstring(&sql, live);
	text_puts(&sql, " GROUP BY CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME");
	status = conn_rows_text(ctx, &r->lanes[0], "read the foreign keys", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL)
		if (strcmp(row[0], row[1]) != 0 && !edge_add(r, row))
			status = out_of_memory(ctx);
	mysql_free_result(res);
	while (more && status == HF_OK) {
		more = false;
		for (size_t i = 0; i < r->edges.child.n && status == HF_OK; i++) {
			const char *child = r->edges.child.v[i], *parent = r->edges.parent.v[i];

			if (names_have(&r->children, child) || asked_for(r, db, child) ||
			    (!names_have(&r->children, parent) && !asked_for(r, db, parent)))
				continue;
			more = true;
			if (!names_add(&r->children, child))
				status = out_of_memory(ctx);
		}
	}
	return status;
}

/* --- what is left in the scratch database ---------------------------------- */

static void put_scratch(struct text *sql, const struct merge *m, const char *table)
{
	text_qualified(sql, m->r->scratch.s, table);
}

/* The condition is the user's own SQL, run with the rights of the user's own account. */
static int32_t keep_asked(struct merge *m, const char *table)
{
	struct text sql = {0}, what = {0};
	int32_t status;

	text_puts(&sql, "DELETE FROM ");
	put_scratch(&sql, m, table);
	text_printf(&sql, " WHERE (%s) IS NOT TRUE", m->r->where);
	text_printf(&what, "choose the rows of %s by --where", shown(table));
	status = what.failed ? out_of_memory(m->ctx) : conn_run_text(m->ctx, m->c, what.s, &sql);
	text_free(&sql);
	text_free(&what);
	return status;
}

/* Those that belong to a row that is kept. */
static int32_t keep_children(struct merge *m, const char *table)
{
	const struct restore *r = m->r;
	struct text sql = {0};
	bool some = false;
	int32_t status;

	text_puts(&sql, "DELETE c FROM ");
	put_scratch(&sql, m, table);
	text_puts(&sql, " AS c WHERE NOT (");
	for (size_t i = 0; i < r->edges.child.n; i++) {
		if (strcmp(r->edges.child.v[i], table) != 0 || !names_have(&r->merged, r->edges.parent.v[i]))
			continue;
		text_puts(&sql, some ? " OR EXISTS (SELECT 1 FROM " : "EXISTS (SELECT 1 FROM ");
		put_scratch(&sql, m, r->edges.parent.v[i]);
		text_printf(&sql, " AS p WHERE %s)", r->edges.columns.v[i]);
		some = true;
	}
	text_puts(&sql, some ? ")" : "FALSE)");
	status = conn_run_text(m->ctx, m->c, "choose the rows that depend on them", &sql);
	text_free(&sql);
	return status;
}

/* --- comparing -------------------------------------------------------------- */

static int32_t read_names(struct merge *m, const char *what, const struct text *sql, struct names *to)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = conn_rows_text(m->ctx, m->c, what, sql, &res);

	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL)
		if (!names_add(to, row[0]))
			status = out_of_memory(m->ctx);
	mysql_free_result(res);
	return status;
}

static int32_t read_shape(struct merge *m, const char *table)
{
	struct text sql = {0};
	int32_t status;

	names_free(&m->columns);
	names_free(&m->key);
	text_puts(&sql, "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE COALESCE(GENERATION_EXPRESSION, '') = ''"
			" AND TABLE_SCHEMA = ");
	text_cstring(&sql, m->r->scratch.s);
	text_puts(&sql, " AND TABLE_NAME = ");
	text_cstring(&sql, table);
	text_puts(&sql, " ORDER BY ORDINAL_POSITION");
	status = read_names(m, "read a table's columns", &sql, &m->columns);
	text_clear(&sql);
	text_puts(&sql, "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE INDEX_NAME = 'PRIMARY' AND TABLE_SCHEMA = ");
	text_cstring(&sql, m->live);
	text_puts(&sql, " AND TABLE_NAME = ");
	text_cstring(&sql, table);
	text_puts(&sql, " ORDER BY SEQ_IN_INDEX");
	if (status == HF_OK)
		status = read_names(m, "read a table's primary key", &sql, &m->key);
	text_free(&sql);
	if (status == HF_OK && m->columns.n == 0)
		return host->fail(m->ctx, HF_E_NOT_FOUND, "the point holds no table %s.%s with rows", shown(m->live), shown(table));
	if (status == HF_OK && m->key.n == 0) {
		status = host->fail(m->ctx, HF_E_UNSUPPORTED,
			"table %s.%s does not exist or has no primary key: single rows cannot be told apart",
			shown(m->live), shown(table));
		host->hint(m->ctx, "restore the table into another database with --into, and copy by hand");
	}
	return status;
}

/* "scratch.t AS s LEFT JOIN live.t AS l ON keys equal" */
static void put_join(struct text *sql, const struct merge *m, const char *table, const char *kind)
{
	put_scratch(sql, m, table);
	text_printf(sql, " AS s %s JOIN ", kind);
	text_qualified(sql, m->live, table);
	text_puts(sql, " AS l ON ");
	for (size_t i = 0; i < m->key.n; i++) {
		text_puts(sql, i > 0 ? " AND s." : "s.");
		text_name(sql, m->key.v[i]);
		text_puts(sql, " = l.");
		text_name(sql, m->key.v[i]);
	}
}

static void put_pair(struct text *sql, const char *column)
{
	text_puts(sql, "BINARY s.");
	text_name(sql, column);
	text_puts(sql, " <=> BINARY l.");
	text_name(sql, column);
}

/* Byte for byte: what a collation takes for equal is not the same. */
static void put_differs(struct text *sql, const struct merge *m)
{
	text_puts(sql, "NOT (");
	for (size_t i = 0; i < m->columns.n; i++) {
		text_puts(sql, i > 0 ? " AND " : "");
		put_pair(sql, m->columns.v[i]);
	}
	text_puts(sql, ")");
}

static void put_missing(struct text *sql, const struct merge *m)
{
	text_puts(sql, "l.");
	text_name(sql, m->key.v[0]);
	text_puts(sql, " IS NULL");
}

static int32_t count(struct merge *m, const struct text *sql, uint64_t *n)
{
	struct text value = {0};
	int32_t status = sql->failed ? out_of_memory(m->ctx) :
				       conn_value(m->ctx, m->c, "compare with the live table", sql->s, &value);

	*n = status == HF_OK ? strtoull(value.s, NULL, 10) : 0;
	text_free(&value);
	return status;
}

static int32_t compare(struct merge *m, const char *table)
{
	struct text sql = {0};
	uint64_t all = 0;
	int32_t status;

	text_puts(&sql, "SELECT COUNT(*) FROM ");
	put_scratch(&sql, m, table);
	status = count(m, &sql, &all);
	text_clear(&sql);
	text_puts(&sql, "SELECT COUNT(*) FROM ");
	put_join(&sql, m, table, "LEFT");
	text_puts(&sql, " WHERE ");
	put_missing(&sql, m);
	if (status == HF_OK)
		status = count(m, &sql, &m->missing);
	text_clear(&sql);
	text_puts(&sql, "SELECT COUNT(*) FROM ");
	put_join(&sql, m, table, "");
	text_puts(&sql, " WHERE ");
	put_differs(&sql, m);
	if (status == HF_OK)
		status = count(m, &sql, &m->different);
	m->same = all - m->missing - m->different;
	text_free(&sql);
	return status;
}

/* --- showing ---------------------------------------------------------------- */

/* "id = 7" of each row: an expression of the server. */
static void put_key_words(struct text *sql, const struct merge *m)
{
	text_puts(sql, "CONCAT_WS(', '");
	for (size_t i = 0; i < m->key.n; i++) {
		struct text head = {0};

		text_printf(&head, "%s = ", m->key.v[i]);
		text_puts(sql, ", CONCAT(");
		text_cstring(sql, head.s != NULL ? head.s : "");
		text_puts(sql, ", s.");
		text_name(sql, m->key.v[i]);
		text_puts(sql, ")");
		text_free(&head);
	}
	text_puts(sql, ")");
}

/* "name: 'old' in the point, 'new' now" of each column that differs. */
static void put_change_words(struct text *sql, const struct merge *m)
{
	text_puts(sql, ", CONCAT_WS('; '");
	for (size_t i = 0; i < m->columns.n; i++) {
		text_puts(sql, ", IF(");
		put_pair(sql, m->columns.v[i]);
		text_puts(sql, ", NULL, CONCAT(");
		text_cstring(sql, m->columns.v[i]);
		text_puts(sql, ", ': ', COALESCE(QUOTE(LEFT(s.");
		text_name(sql, m->columns.v[i]);
		text_puts(sql, ", 60)), 'NULL'), ' in the point, ', COALESCE(QUOTE(LEFT(l.");
		text_name(sql, m->columns.v[i]);
		text_puts(sql, ", 60)), 'NULL'), ' now'))");
	}
	text_puts(sql, ")");
}

static int32_t show_rows(struct merge *m, const char *table, bool missing)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_puts(&sql, "SELECT ");
	put_key_words(&sql, m);
	if (!missing)
		put_change_words(&sql, m);
	text_puts(&sql, " FROM ");
	put_join(&sql, m, table, missing ? "LEFT" : "");
	text_puts(&sql, " WHERE ");
	if (missing)
		put_missing(&sql, m);
	else
		put_differs(&sql, m);
	text_printf(&sql, " LIMIT %d", SHOWN_ROWS);
	status = conn_rows_text(m->ctx, m->c, "compare with the live table", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while ((row = mysql_fetch_row(res)) != NULL)
		host->log(m->ctx, HF_LOG_NOTICE, "%s: %s %s%s%s", shown(table), missing ? "missing:" : "differs:",
			shown(row[0] != NULL ? row[0] : "?"), missing ? "" : ": ",
			missing || row[1] == NULL ? "" : shown(row[1]));
	mysql_free_result(res);
	return HF_OK;
}

static int32_t show(struct merge *m, const char *table)
{
	int32_t status = HF_OK;

	host->log(m->ctx, HF_LOG_NOTICE, "%s: rows of the point that are missing: %" PRIu64 ", that differ: %" PRIu64 ", the same: %" PRIu64,
		shown(table), m->missing, m->different, m->same);
	if (m->missing > 0)
		status = show_rows(m, table, true);
	if (status == HF_OK && m->different > 0)
		status = show_rows(m, table, false);
	return status;
}

/* --- putting in --------------------------------------------------------------- */

static int32_t insert_missing(struct merge *m, const char *table)
{
	struct text sql = {0};
	int32_t status;

	text_puts(&sql, "INSERT INTO ");
	text_qualified(&sql, m->live, table);
	text_puts(&sql, " (");
	for (size_t i = 0; i < m->columns.n; i++) {
		text_puts(&sql, i > 0 ? "," : "");
		text_name(&sql, m->columns.v[i]);
	}
	text_puts(&sql, ") SELECT ");
	for (size_t i = 0; i < m->columns.n; i++) {
		text_puts(&sql, i > 0 ? ",s." : "s.");
		text_name(&sql, m->columns.v[i]);
	}
	text_puts(&sql, " FROM ");
	put_join(&sql, m, table, "LEFT");
	text_puts(&sql, " WHERE ");
	put_missing(&sql, m);
	status = conn_run_text(m->ctx, m->c, "put the missing rows in", &sql);
	if (status != HF_OK && mysql_errno(m->c->my) == 1452)
		host->hint(m->ctx, "a row that they refer to is missing too: restore it first, or in the same run with another --only");
	text_free(&sql);
	return status;
}

static int32_t replace_different(struct merge *m, const char *table)
{
	struct text sql = {0};
	int32_t status;

	text_puts(&sql, "UPDATE ");
	put_join(&sql, m, table, "");
	text_puts(&sql, " SET ");
	for (size_t i = 0; i < m->columns.n; i++) {
		text_puts(&sql, i > 0 ? ", l." : "l.");
		text_name(&sql, m->columns.v[i]);
		text_puts(&sql, " = s.");
		text_name(&sql, m->columns.v[i]);
	}
	text_puts(&sql, " WHERE ");
	put_differs(&sql, m);
	status = conn_run_text(m->ctx, m->c, "replace the rows that differ", &sql);
	text_free(&sql);
	return status;
}

static int32_t put_in(struct merge *m, const char *table)
{
	int32_t status = HF_OK;

	if (m->different > 0 && m->r->conflict == CONFLICT_FAIL) {
		host->fail(m->ctx, HF_E_EXISTS, "table %s.%s has other values in rows that are to be restored (%" PRIu64 "): nothing was changed",
			shown(m->live), shown(table), m->different);
		host->hint(m->ctx, "--on-conflict replace overwrites them, --on-conflict skip leaves them");
		return HF_E_EXISTS;
	}
	if (m->missing > 0)
		status = insert_missing(m, table);
	if (status == HF_OK && m->different > 0 && m->r->conflict == CONFLICT_REPLACE)
		status = replace_different(m, table);
	return status;
}

/* Triggers of the live table may have made something else of what was put in. */
static int32_t verify(struct merge *m, const char *table)
{
	const uint64_t skipped = m->r->conflict == CONFLICT_SKIP ? m->different : 0;
	int32_t status = compare(m, table);

	if (status != HF_OK || (m->missing == 0 && m->different <= skipped))
		return status;
	host->fail(m->ctx, HF_E_FAILED, "rows of table %s.%s are not what was put in: nothing was changed", shown(m->live),
		shown(table));
	host->hint(m->ctx, "a trigger changes them? drop it for the restore, or copy the rows from another database (--into)");
	return HF_E_FAILED;
}

static int32_t merge_table(struct merge *m, const char *table, bool child)
{
	int32_t status = child ? keep_children(m, table) : keep_asked(m, table);

	if (status == HF_OK)
		status = read_shape(m, table);
	if (status == HF_OK)
		status = compare(m, table);
	if (status == HF_OK && !child && m->missing + m->different + m->same == 0) {
		status = host->fail(m->ctx, HF_E_NOT_FOUND, "no row of table %s in the point fulfils --where", shown(table));
		host->hint(m->ctx, "an older point may hold it: `holdfast list`");
	}
	if (status == HF_OK)
		status = show(m, table);
	if (status == HF_OK && !m->r->dry)
		status = put_in(m, table);
	if (status == HF_OK && !m->r->dry)
		status = verify(m, table);
	if (status == HF_OK && !names_add(&m->r->merged, table))
		status = out_of_memory(m->ctx);
	return status;
}

int32_t merge_rows(hf_ctx *ctx, struct restore *r)
{
	struct merge m = {.ctx = ctx, .r = r, .c = &r->lanes[0]};
	int32_t status;

	if (r->dbs.n == 0 || r->tables.n == 0)
		return host->fail(ctx, HF_E_NOT_FOUND, "the point holds no table that matches \"%s\"", shown(r->in->only[0]));
	m.live = r->in->into != NULL ? r->in->into : r->dbs.v[0];
	/* the live tables' own rules hold */
	status = conn_run(ctx, m.c, "begin a transaction", "SET SESSION foreign_key_checks = 1");
	if (status == HF_OK)
		status = conn_run(ctx, m.c, "begin a transaction", "START TRANSACTION");
	for (size_t i = 0; i < r->tables.n && status == HF_OK; i++)
		status = merge_table(&m, r->tables.v[i], false);
	for (size_t i = 0; i < r->children.n && status == HF_OK; i++)
		status = merge_table(&m, r->children.v[i], true);
	if (status == HF_OK)
		status = conn_run(ctx, m.c, "keep the restored rows", "COMMIT");
	else if (!m.c->lost)
		(void)conn_try(m.c, "ROLLBACK");
	names_free(&m.columns);
	names_free(&m.key);
	return status;
}
