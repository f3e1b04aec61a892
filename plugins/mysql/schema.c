/* SPDX-License-Identifier: MIT
 * What a server holds, by information_schema. */
#include "config.h"

#include "schema.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

bool system_database(const char *name)
{
	return strcasecmp(name, "information_schema") == 0 ||
	       strcasecmp(name, "performance_schema") == 0 || strcmp(name, "mysql") == 0 ||
	       strcmp(name, "sys") == 0;
}

bool pattern_hits(const char *pattern, const char *db, const char *name)
{
	struct text both = {0};
	bool hit = strcmp(pattern, name) == 0 || fnmatch(pattern, name, 0) == 0;

	if (!hit) {
		text_printf(&both, "%s.%s", db, name);
		hit = !both.failed &&
		      (strcmp(pattern, both.s) == 0 || fnmatch(pattern, both.s, 0) == 0);
		text_free(&both);
	}
	return hit;
}

static bool listed(const struct source *src, const char *option, const char *db, const char *name)
{
	for (uint64_t i = 0; i < host->opt_count(src->opts, option); i++)
		if (pattern_hits(host->opt_text(src->opts, option, i), db, name))
			return true;
	return false;
}

static bool chosen(const struct source *src, const char *db, const char *name)
{
	return (host->opt_count(src->opts, "include") == 0 || listed(src, "include", db, name)) &&
	       !listed(src, "exclude", db, name);
}

/* --- databases ----------------------------------------------------------- */

static bool wanted(const struct source *src, const char *name)
{
	if (src->all)
		return !system_database(name);
	for (uint64_t i = 0; i < host->opt_count(src->opts, "database"); i++)
		if (strcmp(host->opt_text(src->opts, "database", i), name) == 0)
			return true;
	return false;
}

static bool known(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->dbs[i].name, name) == 0)
			return true;
	return false;
}

static char *copy(const char *s)
{
	return strdup(s != NULL ? s : "");
}

static int32_t read_databases(hf_ctx *ctx, struct conn *c, const struct source *src, struct schema *s)
{
	const bool comments = c->mariadb && c->version >= 100500;
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_printf(&sql,
		"SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME, %s, %s"
		" FROM information_schema.SCHEMATA ORDER BY 1",
		comments ? "SCHEMA_COMMENT" : "''",
		!c->mariadb && c->version >= 80016 ? "DEFAULT_ENCRYPTION = 'YES'" : "0");
	status = conn_rows_text(ctx, c, "list the databases", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	s->dbs = calloc(mysql_num_rows(res) + 1, sizeof(*s->dbs));
	while (s->dbs != NULL && (row = mysql_fetch_row(res)) != NULL) {
		struct database *d = &s->dbs[s->n];

		if (!wanted(src, row[0]))
			continue;
		d->name = copy(row[0]);
		d->charset = copy(row[1]);
		d->collation = copy(row[2]);
		d->comment = copy(row[3]);
		d->encrypted = row[4] != NULL && strcmp(row[4], "1") == 0;
		d->whole = true;
		s->n++;
		if (!d->name || !d->charset || !d->collation || !d->comment)
			status = out_of_memory(ctx);
	}
	if (s->dbs == NULL)
		status = out_of_memory(ctx);
	mysql_free_result(res);
	for (uint64_t i = 0; i < host->opt_count(src->opts, "database") && status == HF_OK && !src->all;
		i++) {
		const char *name = host->opt_text(src->opts, "database", i);

		if (known(s, name))
			continue;
		status = host->fail(ctx, HF_E_NOT_FOUND, "there is no database %s, or the account may not see it",
			shown(name));
		host->hint(ctx, "SHOW DATABASES lists what the account sees; names are case-sensitive");
	}
	if (status == HF_OK && s->n == 0)
		status = host->fail(ctx, HF_E_NOT_FOUND, "the account sees no database to back up");
	return status;
}

/* --- tables -------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct table *)a)->name, ((const struct table *)b)->name);
}

static bool one_of(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcasecmp(s, *list) == 0)
			return true;
	return false;
}

static void judge_engine(struct table *t)
{
	static const char *const snapshot[] = {"InnoDB", "ROCKSDB", "TokuDB", NULL};
	static const char *const elsewhere[] = {
		"MRG_MyISAM", "MRG_ISAM", "FEDERATED", "BLACKHOLE", "SPIDER", "CONNECT", "S3", NULL};

	t->snapshot = one_of(t->engine, snapshot);
	t->elsewhere = one_of(t->engine, elsewhere);
}

static const char *job_where(const struct source *src, const char *db, const char *table)
{
	for (uint64_t i = 0; i < host->opt_count(src->opts, "where"); i++)
		if (pattern_hits(host->opt_key(src->opts, "where", i), db, table))
			return host->opt_text(src->opts, "where", i);
	return NULL;
}

static bool fill_table(const struct source *src, struct database *d, struct table *t, MYSQL_ROW row)
{
	const char *where = job_where(src, d->name, row[0]);

	t->db = d;
	t->name = copy(row[0]);
	t->engine = copy(row[2]);
	t->view = strcmp(row[1], "VIEW") == 0;
	t->sequence = strcmp(row[1], "SEQUENCE") == 0;
	t->versioned = strcmp(row[1], "SYSTEM VERSIONED") == 0;
	t->bytes = row[3] != NULL ? strtoull(row[3], NULL, 10) : 0;
	t->rows = row[4] != NULL ? strtoull(row[4], NULL, 10) : 0;
	t->where = where != NULL ? strdup(where) : NULL;
	if (!t->name || !t->engine || (where != NULL && !t->where))
		return false;
	judge_engine(t);
	return true;
}

static int32_t read_tables(
    hf_ctx *ctx, struct conn *c, const struct source *src, struct database *d, bool broken)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_puts(&sql, "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, DATA_LENGTH, TABLE_ROWS"
			" FROM information_schema.TABLES WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, d->name);
	status = conn_rows_text(ctx, c, "list the tables", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	d->tables = calloc(mysql_num_rows(res) + 1, sizeof(*d->tables));
	if (d->tables == NULL)
		status = out_of_memory(ctx);
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		if (strcmp(row[1], "TEMPORARY") == 0 || strcmp(row[1], "TEMPORARY SEQUENCE") == 0)
			continue;
		if (!chosen(src, d->name, row[0])) {
			d->whole = false;
			continue;
		}
		if (!fill_table(src, d, &d->tables[d->n++], row))
			status = out_of_memory(ctx);
		else if (!broken && row[2] == NULL && strcmp(row[1], "VIEW") != 0) {
			status = host->fail(ctx, HF_E_CORRUPT, "the server cannot open table %s.%s",
				shown(d->name), shown(row[0]));
			host->hint(ctx, "CHECK TABLE tells more; repair or drop it, or leave it out with exclude");
		}
	}
	mysql_free_result(res);
	qsort(d->tables, d->n, sizeof(*d->tables), by_name);
	return status;
}

/* --- columns ------------------------------------------------------------- */

static char how_of(const char *type, const char *column_type, bool mariadb)
{
	static const char *const ints[] = {"tinyint", "smallint", "mediumint", "int", "bigint", NULL};
	static const char *const texts[] = {"uuid", "inet4", "inet6", NULL};

	if (one_of(type, ints))
		return strstr(column_type, "unsigned") != NULL ? HOW_UNSIGNED : HOW_INT;
	if (strcmp(type, "decimal") == 0)
		return HOW_DECIMAL;
	if (strcmp(type, "float") == 0 || strcmp(type, "double") == 0)
		return HOW_DOUBLE;
	if (strcmp(type, "enum") == 0 || strcmp(type, "set") == 0)
		return HOW_NUMBER;
	if (one_of(type, texts) || (strcmp(type, "json") == 0 && !mariadb))
		return HOW_TEXT;
	return HOW_BYTES;
}

static bool ordered(const char *type, char how)
{
	static const char *const plain[] = {
		"date", "datetime", "timestamp", "char", "varchar", "binary", "varbinary", NULL};

	return how == HOW_INT || how == HOW_UNSIGNED || how == HOW_DECIMAL || one_of(type, plain);
}

static bool add_column(struct table *t, const char *name, struct column c)
{
	struct column *grown = realloc(t->columns, (t->n + 1) * sizeof(*grown));

	if (grown == NULL)
		return false;
	t->columns = grown;
	c.name = strdup(name);
	if (c.name == NULL)
		return false;
	t->columns[t->n++] = c;
	return true;
}

/* Columns that the server computes have no values of their own; those of system versioning do. */
static bool take_column(struct table *t, MYSQL_ROW row, bool mariadb)
{
	const char *expression = row[4] != NULL ? row[4] : "";
	struct column c = {.how = how_of(row[2], row[3], mariadb)};

	if (strcmp(expression, "ROW START") == 0 || strcmp(expression, "ROW END") == 0) {
		t->pseudo = false;
		if (c.how == HOW_UNSIGNED || c.how == HOW_INT) {
			t->by_transaction = true;
			return true;
		}
	} else if (*expression != '\0') {
		return true;
	}
	c.ordered = ordered(row[2], c.how);
	c.automatic = row[5] != NULL && strstr(row[5], "auto_increment") != NULL;
	c.is_enum = strcmp(row[2], "enum") == 0;
	if (row[6] != NULL && (c.charset = strdup(row[6])) == NULL)
		return false;
	return add_column(t, row[1], c);
}

struct table *database_table(struct database *d, const char *name)
{
	struct table key = {.name = (char *)name};

	return d->n > 0 ? bsearch(&key, d->tables, d->n, sizeof(*d->tables), by_name) : NULL;
}

static int32_t read_columns(hf_ctx *ctx, struct conn *c, struct database *d)
{
	struct text sql = {0};
	struct table *t = NULL;
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	for (size_t i = 0; i < d->n; i++)
		d->tables[i].pseudo = d->tables[i].versioned;
	text_puts(&sql, "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, GENERATION_EXPRESSION, EXTRA,"
			" IF(DATA_TYPE IN ('char','varchar'), CHARACTER_SET_NAME, NULL)"
			" FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, d->name);
	text_puts(&sql, " ORDER BY TABLE_NAME, ORDINAL_POSITION");
	status = conn_rows_text(ctx, c, "list the columns", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		if (t == NULL || strcmp(t->name, row[0]) != 0)
			t = database_table(d, row[0]);
		if (t != NULL && !t->view && !take_column(t, row, c->mariadb))
			status = out_of_memory(ctx);
	}
	mysql_free_result(res);
	for (size_t i = 0; i < d->n && status == HF_OK; i++) {
		t = &d->tables[i];
		if (t->pseudo && (!add_column(t, "row_start", (struct column){.how = HOW_BYTES}) ||
				!add_column(t, "row_end", (struct column){.how = HOW_BYTES})))
			status = out_of_memory(ctx);
		if (status == HF_OK && t->n == 0 && !t->view && !t->sequence)
			status = host->fail(ctx, HF_E_FAILED, "table %s.%s has no column that could be read",
				shown(d->name), shown(t->name));
	}
	return status;
}

int32_t schema_read(hf_ctx *ctx, struct conn *c, const struct source *src, struct schema *s)
{
	int32_t status = read_databases(ctx, c, src, s);

	for (size_t i = 0; i < s->n && status == HF_OK; i++) {
		status = read_tables(ctx, c, src, &s->dbs[i], false);
		if (status == HF_OK)
			status = read_columns(ctx, c, &s->dbs[i]);
	}
	return status;
}

int32_t schema_list(hf_ctx *ctx, struct conn *c, const struct source *src, struct schema *s)
{
	int32_t status = read_databases(ctx, c, src, s);

	for (size_t i = 0; i < s->n && status == HF_OK; i++)
		status = read_tables(ctx, c, src, &s->dbs[i], true);
	return status;
}

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->columns[i].name);
		free(t->columns[i].charset);
	}
	free(t->columns);
	names_free(&t->key);
	text_free(&t->keys);
	free(t->name);
	free(t->engine);
	free(t->identity);
	free(t->where);
}

void schema_free(struct schema *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct database *d = &s->dbs[i];

		for (size_t k = 0; k < d->n; k++)
			table_free(&d->tables[k]);
		free(d->tables);
		free(d->name);
		free(d->charset);
		free(d->collation);
		free(d->comment);
	}
	free(s->dbs);
	*s = (struct schema){0};
}

/* --- keys ---------------------------------------------------------------- */

const struct column *table_column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->columns[i].name, name) == 0)
			return &t->columns[i];
	return NULL;
}

int32_t schema_key(hf_ctx *ctx, struct conn *c, struct table *t)
{
	struct text sql = {0};
	bool safe = true;
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_puts(&sql, "SELECT COLUMN_NAME, SUB_PART, COLLATION FROM information_schema.STATISTICS"
			" WHERE INDEX_NAME = 'PRIMARY' AND TABLE_SCHEMA = ");
	text_cstring(&sql, t->db->name);
	text_puts(&sql, " AND TABLE_NAME = ");
	text_cstring(&sql, t->name);
	text_puts(&sql, " ORDER BY SEQ_IN_INDEX");
	status = conn_rows_text(ctx, c, "read a table's primary key", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		const struct column *col = row[0] != NULL ? table_column(t, row[0]) : NULL;

		/* a part of a column, a descending one or an odd type: one stream */
		if (col == NULL || !col->ordered || row[1] != NULL || row[2] == NULL || strcmp(row[2], "A") != 0)
			safe = false;
		else if (!names_add(&t->key, row[0]))
			status = out_of_memory(ctx);
	}
	mysql_free_result(res);
	if (!safe || t->versioned || t->key.n > 8)
		names_free(&t->key);
	return status;
}

/* --- identities ---------------------------------------------------------- */

static bool append(char **to, const char *what)
{
	struct text t = {0};

	text_printf(&t, "%s%s;", *to != NULL ? *to : "", what);
	if (t.failed) {
		text_free(&t);
		return false;
	}
	free(*to);
	*to = t.s;
	return true;
}

/* CREATE_TIME: MariaDB's is the time of the last change of the definition's file. */
static int32_t creation_times(hf_ctx *ctx, struct conn *c, struct database *d)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_puts(&sql, "SELECT TABLE_NAME, CREATE_TIME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, d->name);
	status = conn_rows_text(ctx, c, "read when the tables were made", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		struct table *t = database_table(d, row[0]);

		if (t != NULL && !append(&t->identity, row[1] != NULL ? row[1] : "-"))
			status = out_of_memory(ctx);
	}
	mysql_free_result(res);
	return status;
}

/* InnoDB's own numbers, which a rename takes along. Partitions are tables of their own there. Only with
 * the PROCESS privilege. */
static int32_t innodb_numbers(hf_ctx *ctx, struct conn *c, struct database *d)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = HF_OK;

	text_puts(&sql, "SELECT CONVERT(CAST(CAST(SUBSTRING_INDEX(SUBSTRING_INDEX(SUBSTRING_INDEX(NAME, '/', -1), '#P#', 1),"
			" '#p#', 1) AS BINARY) AS CHAR CHARACTER SET filename) USING utf8mb4), TABLE_ID, N_COLS FROM information_schema.");
	text_puts(&sql, c->mariadb ? "INNODB_SYS_TABLES" : "INNODB_TABLES");
	text_puts(&sql, " WHERE NAME LIKE CONCAT(REPLACE(REPLACE(CONVERT(CONVERT(");
	text_cstring(&sql, d->name);
	text_puts(&sql, " USING filename) USING binary), '%', '\\\\%'), '_', '\\\\_'), '/%') ORDER BY NAME");
	if (sql.failed || mysql_real_query(c->my, sql.s, sql.n) != 0 ||
	    (res = mysql_store_result(c->my)) == NULL) {
		text_free(&sql);
		return HF_OK; /* CREATE_TIME has to do */
	}
	text_free(&sql);
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		struct table *t = row[0] != NULL ? database_table(d, row[0]) : NULL;

		if (t != NULL && (!append(&t->identity, row[1]) || !append(&t->identity, row[2])))
			status = out_of_memory(ctx);
	}
	mysql_free_result(res);
	return status;
}

int32_t schema_identities(hf_ctx *ctx, struct conn *c, struct schema *s)
{
	int32_t status = HF_OK;

	for (size_t i = 0; i < s->n && status == HF_OK; i++) {
		for (size_t k = 0; k < s->dbs[i].n; k++) {
			free(s->dbs[i].tables[k].identity);
			s->dbs[i].tables[k].identity = NULL;
		}
		status = creation_times(ctx, c, &s->dbs[i]);
		if (status == HF_OK)
			status = innodb_numbers(ctx, c, &s->dbs[i]);
	}
	return status;
}
