/* SPDX-License-Identifier: MIT
 * Rows into a table, in the way that costs the server least: on MariaDB by executing one prepared statement
 * for many rows at once; else LOAD DATA LOCAL, fed from memory; else the INSERT statements as they are. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "restore.h"
#include "rows.h"
#include "values.h"

#define BATCH_ROWS 20000
#define BATCH_CELLS 400000
#define BATCH_BYTES ((size_t)8 << 20)
#define COLUMNS_MAX 4096

#ifdef MARIADB_PACKAGE_VERSION
#define HAVE_BULK 1
#endif

/* --- what a frame says ---------------------------------------------------- */

bool frame_columns(const struct frame *f, struct table *t)
{
	json_object *list, *versioned;
	size_t n;

	*t = (struct table){.name = (char *)f->name};
	if (!json_object_object_get_ex(f->json, "columns", &list) || !json_object_is_type(list, json_type_array))
		return false;
	t->versioned = json_object_object_get_ex(f->json, "versioned", &versioned);
	n = json_object_array_length(list);
	if (n == 0 || n > COLUMNS_MAX || (t->columns = calloc(n, sizeof(*t->columns))) == NULL)
		return false;
	for (t->n = 0; t->n < n; t->n++) {
		json_object *pair = json_object_array_get_idx(list, t->n);
		json_object *name = NULL, *how = NULL;

		if (json_object_is_type(pair, json_type_array) && json_object_array_length(pair) >= 2) {
			name = json_object_array_get_idx(pair, 0);
			how = json_object_array_get_idx(pair, 1);
		}
		if (!json_object_is_type(name, json_type_string) || !json_object_is_type(how, json_type_string) ||
		    strchr("IUNDEST", json_object_get_string(how)[0]) == NULL)
			return false;
		t->columns[t->n].name = (char *)json_object_get_string(name);
		t->columns[t->n].how = json_object_get_string(how)[0];
		t->columns[t->n].is_enum = json_object_array_length(pair) > 2;
	}
	return true;
}

void frame_columns_free(struct table *t)
{
	free(t->columns);
	t->columns = NULL;
}

/* --- lines --------------------------------------------------------------- */

struct lines {
	struct input *in;
	struct rows_sum *sum;
	bool inside; /* of an INSERT statement */
};

/* The next row's line; HF_END where no further INSERT follows. */
static int32_t next_row(struct lines *l, const char **line, size_t *n)
{
	int32_t status = input_line(l->in, line, n);

	if (status == HF_OK && !l->inside) {
		if (*n < 12 || memcmp(*line, "INSERT INTO ", 12) != 0) {
			input_back(l->in);
			return HF_END;
		}
		/* a column's name may hold line feeds: the head ends with " VALUES" */
		while (status == HF_OK && (*n < 8 || memcmp(*line + *n - 8, ") VALUES", 8) != 0))
			status = input_line(l->in, line, n);
		if (status == HF_OK)
			status = input_line(l->in, line, n);
		l->inside = true;
	}
	if (status == HF_END && l->inside)
		return frame_bad(l->in->ctx, "it ends inside of an INSERT");
	if (status == HF_OK && (*n < 3 || (*line)[0] != '('))
		return frame_bad(l->in->ctx, "a row does not read");
	if (status == HF_OK) {
		l->inside = (*line)[*n - 1] != ';';
		if (l->sum != NULL)
			rows_sum_add(l->sum, *line, *n - 1);
	}
	return status;
}

int32_t skip_rows(struct input *in, struct rows_sum *sum)
{
	struct lines l = {.in = in, .sum = sum};
	const char *line;
	size_t n;
	int32_t status;

	do
		status = next_row(&l, &line, &n);
	while (status == HF_OK);
	return status == HF_END ? HF_OK : status;
}

/* --- what all ways share -------------------------------------------------- */

struct loader {
	hf_ctx *ctx;
	struct conn *c;
	const struct table *t;
	struct lines lines;
	uint64_t rows, stored;
	struct value *values;
	struct text what;
	size_t packet; /* the largest statement that the server takes */
};

/* The number 0 of an ENUM is a value that the server keeps, and warns of. */
static bool expected(const struct loader *l, const char *code, const char *message)
{
	if (strcmp(code, "1265") != 0)
		return false;
	for (size_t i = 0; i < l->t->n; i++) {
		struct text name = {0};
		bool hit;

		if (l->t->columns[i].how != HOW_NUMBER)
			continue;
		text_printf(&name, "'%s'", l->t->columns[i].name);
		hit = !name.failed && strstr(message, name.s) != NULL;
		text_free(&name);
		if (hit)
			return true;
	}
	return false;
}

/* The load is not strict, so that everything that was stored once can be stored again: but every word of the
 * server about a value is an error. */
static int32_t check_warnings(struct loader *l)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	if (mysql_warning_count(l->c->my) == 0)
		return HF_OK;
	status = conn_rows(l->ctx, l->c, "read the server's warnings", "SHOW WARNINGS", &res);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL)
		if (strcmp(row[0], "Note") != 0 && !expected(l, row[1], row[2]))
			status = host->fail(l->ctx, HF_E_FAILED, "cannot %s as it was: the server says: %s (%s)",
				l->what.s, row[2], row[1]);
	mysql_free_result(res);
	return status;
}

/* A server answers a statement that is too large by closing the connection. Escapes make up to half of a row's
 * text: only what is too large in any case is refused here. */
static int32_t fits(struct loader *l, size_t n)
{
	if (n / 2 < l->packet)
		return HF_OK;
	host->fail(l->ctx, HF_E_FAILED, "cannot %s: a row has about %zu MiB, and the server takes %zu MiB at once", l->what.s,
		n >> 20, l->packet >> 20);
	host->hint(l->ctx, "raise max_allowed_packet on the server: SET GLOBAL max_allowed_packet = 1073741824");
	return HF_E_FAILED;
}

static void put_target(struct text *sql, const struct table *t)
{
	text_name(sql, t->name);
}

/* --- one prepared statement, many rows ------------------------------------ */

#ifdef HAVE_BULK
struct cells {
	union {
		long long *ints;
		double *doubles;
		char **strings;
	};
	size_t *offsets; /* of strings, into the arena: it may move until the batch is sent */
	unsigned long *lengths;
	char *indicators;
	unsigned long long bytes;
};

struct bulk {
	struct loader *l;
	MYSQL_STMT *stmt;
	MYSQL_BIND *binds;
	struct cells *cells;
	struct text arena;
	size_t cap, n;
};

static void bulk_free(struct bulk *b)
{
	for (size_t i = 0; b->cells != NULL && i < b->l->t->n; i++) {
		free(b->cells[i].ints);
		free(b->cells[i].offsets);
		free(b->cells[i].lengths);
		free(b->cells[i].indicators);
	}
	free(b->cells);
	free(b->binds);
	text_free(&b->arena);
	if (b->stmt != NULL)
		mysql_stmt_close(b->stmt);
}

static bool is_string(char how)
{
	return how == HOW_BYTES || how == HOW_TEXT || how == HOW_DECIMAL;
}

static bool bulk_alloc(struct bulk *b)
{
	const size_t n = b->l->t->n;

	b->cap = BATCH_CELLS / n < BATCH_ROWS ? BATCH_CELLS / n : BATCH_ROWS;
	b->cap = b->cap > 0 ? b->cap : 1;
	b->cells = calloc(n, sizeof(*b->cells));
	b->binds = calloc(n, sizeof(*b->binds));
	if (b->cells == NULL || b->binds == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct cells *c = &b->cells[i];
		const char how = b->l->t->columns[i].how;

		c->ints = calloc(b->cap, sizeof(long long));
		c->indicators = calloc(b->cap, 1);
		if (is_string(how)) {
			c->offsets = calloc(b->cap, sizeof(size_t));
			c->lengths = calloc(b->cap, sizeof(unsigned long));
		}
		if (c->ints == NULL || c->indicators == NULL ||
		    (is_string(how) && (c->offsets == NULL || c->lengths == NULL)))
			return false;
		b->binds[i].buffer = c->ints;
		b->binds[i].buffer_type = is_string(how)	? MYSQL_TYPE_STRING :
					  how == HOW_DOUBLE ? MYSQL_TYPE_DOUBLE :
							      MYSQL_TYPE_LONGLONG;
		b->binds[i].is_unsigned = how == HOW_UNSIGNED || how == HOW_NUMBER;
		b->binds[i].length = c->lengths;
		b->binds[i].u.indicator = c->indicators;
	}
	return true;
}

static int32_t stmt_error(struct bulk *b)
{
	/* the connection's error is what conn_error() looks at, and it is the same */
	if (mysql_errno(b->l->c->my) != 0)
		return conn_error(b->l->ctx, b->l->c, b->l->what.s);
	return host->fail(b->l->ctx, HF_E_FAILED, "cannot %s: %s (error %u)", b->l->what.s,
		mysql_stmt_error(b->stmt), mysql_stmt_errno(b->stmt));
}

static int32_t bulk_open(struct bulk *b)
{
	const struct table *t = b->l->t;
	struct text sql = {0};
	int32_t status = HF_OK;

	if (!bulk_alloc(b))
		return out_of_memory(b->l->ctx);
	text_puts(&sql, "INSERT INTO ");
	put_target(&sql, t);
	text_puts(&sql, " (");
	for (size_t i = 0; i < t->n; i++) {
		text_puts(&sql, i > 0 ? "," : "");
		text_name(&sql, t->columns[i].name);
	}
	text_puts(&sql, ") VALUES (");
	for (size_t i = 0; i < t->n; i++)
		text_printf(&sql, "%s%s", i > 0 ? "," : "",
			t->columns[i].how == HOW_TEXT ? "CONVERT(? USING utf8mb4)" : "?");
	text_puts(&sql, ")");
	b->stmt = mysql_stmt_init(b->l->c->my);
	if (b->stmt == NULL || sql.failed)
		status = out_of_memory(b->l->ctx);
	else if (mysql_stmt_prepare(b->stmt, sql.s, sql.n) != 0)
		status = stmt_error(b);
	text_free(&sql);
	return status;
}

static int32_t bulk_send(struct bulk *b)
{
	unsigned size = (unsigned)b->n;

	if (b->n == 0)
		return HF_OK;
	for (size_t i = 0; i < b->l->t->n; i++)
		for (size_t k = 0; b->cells[i].offsets != NULL && k < b->n; k++)
			b->cells[i].strings[k] = b->arena.s + b->cells[i].offsets[k];
	if (mysql_stmt_attr_set(b->stmt, STMT_ATTR_ARRAY_SIZE, &size) != 0 ||
	    mysql_stmt_bind_param(b->stmt, b->binds) != 0 || mysql_stmt_execute(b->stmt) != 0)
		return stmt_error(b);
	b->l->stored += mysql_stmt_affected_rows(b->stmt);
	b->n = 0;
	text_clear(&b->arena);
	if (b->arena.cap > 2 * BATCH_BYTES)
		text_free(&b->arena);
	return check_warnings(b->l);
}

static bool bulk_cell(struct bulk *b, size_t i, const struct value *v)
{
	struct cells *c = &b->cells[i];
	const char how = b->l->t->columns[i].how;
	char number[128];

	c->indicators[b->n] = v->s == NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
	if (is_string(how)) {
		c->offsets[b->n] = b->arena.n;
		c->lengths[b->n] = 0;
		if (v->s == NULL)
			return text_room(&b->arena, 1);
		if (!text_room(&b->arena, v->n + 1))
			return false;
		c->lengths[b->n] = value_plain(v, b->arena.s + b->arena.n);
		b->arena.n += c->lengths[b->n];
		return true;
	}
	if (v->s == NULL)
		return true;
	if (v->quoted || v->n >= sizeof number)
		return false;
	memcpy(number, v->s, v->n);
	number[v->n] = '\0';
	if (how == HOW_DOUBLE)
		c->doubles[b->n] = strtod(number, NULL);
	else
		c->ints[b->n] = how == HOW_INT ? strtoll(number, NULL, 10) : (long long)strtoull(number, NULL, 10);
	return true;
}

static int32_t load_bulk(struct loader *l)
{
	struct bulk b = {.l = l};
	int32_t status = bulk_open(&b);
	const size_t limit = l->packet / 2 < BATCH_BYTES ? l->packet / 2 : BATCH_BYTES;
	const char *line;
	size_t n;
	bool last;

	while (status == HF_OK && (status = next_row(&l->lines, &line, &n)) == HF_OK) {
		if (b.n > 0 && (b.n == b.cap || b.arena.n + n + b.n * l->t->n * 9 > limit))
			status = bulk_send(&b);
		if (status == HF_OK)
			status = fits(l, n);
		if (status != HF_OK)
			break;
		if (!values_parse(line, n, l->values, l->t->n, &last))
			status = frame_bad(l->ctx, "a row does not fit its columns");
		for (size_t i = 0; i < l->t->n && status == HF_OK; i++)
			if (!bulk_cell(&b, i, &l->values[i]))
				status = b.arena.failed ? out_of_memory(l->ctx) :
							  frame_bad(l->ctx, "a value does not fit its column");
		b.n++;
		l->rows++;
	}
	if (status == HF_END)
		status = bulk_send(&b);
	bulk_free(&b);
	return status;
}
#endif

/* --- LOAD DATA LOCAL ------------------------------------------------------ */

struct infile {
	struct loader *l;
	struct text tsv;
	size_t given;
	int32_t status;
};

static void put_field(struct text *t, const struct value *v)
{
	if (v->s == NULL) {
		text_puts(t, "\\N");
		return;
	}
	/* the escapes of SQL are those of LOAD DATA, but for the tab that divides fields */
	for (const char *s = v->s, *end = v->s + v->n; s < end;) {
		const char *tab = memchr(s, '\t', (size_t)(end - s));

		text_add(t, s, (size_t)((tab != NULL ? tab : end) - s));
		if (tab == NULL)
			break;
		text_puts(t, "\\t");
		s = tab + 1;
	}
}

static void infile_fill(struct infile *f)
{
	struct loader *l = f->l;
	const char *line;
	size_t n;
	bool last;

	text_clear(&f->tsv);
	f->given = 0;
	while (f->status == HF_OK && f->tsv.n < 65536) {
		f->status = next_row(&l->lines, &line, &n);
		if (f->status != HF_OK)
			break;
		if (!values_parse(line, n, l->values, l->t->n, &last)) {
			f->status = frame_bad(l->ctx, "a row does not fit its columns");
			break;
		}
		for (size_t i = 0; i < l->t->n; i++) {
			if (i > 0)
				text_puts(&f->tsv, "\t");
			put_field(&f->tsv, &l->values[i]);
		}
		text_puts(&f->tsv, "\n");
		l->rows++;
		if (f->tsv.failed)
			f->status = out_of_memory(l->ctx);
	}
}

static int infile_init(void **handle, const char *name, void *arg)
{
	(void)name;
	*handle = arg;
	return 0;
}

static int infile_read(void *handle, char *out, unsigned int cap)
{
	struct infile *f = handle;
	size_t n;

	if (f->given == f->tsv.n && f->status == HF_OK)
		infile_fill(f);
	if (f->status != HF_OK && f->status != HF_END)
		return -1;
	n = f->tsv.n - f->given < cap ? f->tsv.n - f->given : cap;
	if (n > 0)
		memcpy(out, f->tsv.s + f->given, n);
	f->given += n;
	return (int)n;
}

static void infile_end(void *handle)
{
	(void)handle;
}

static int infile_error(void *handle, char *message, unsigned int cap)
{
	(void)handle;
	if (cap > 0)
		message[0] = '\0';
	return 2000; /* CR_UNKNOWN_ERROR; ours is told instead */
}

static void put_infile(struct text *sql, const struct table *t)
{
	bool some = false;

	text_puts(sql, "LOAD DATA LOCAL INFILE 'holdfast' INTO TABLE ");
	put_target(sql, t);
	text_puts(sql, " CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (");
	for (size_t i = 0; i < t->n; i++) {
		const char how = t->columns[i].how;

		text_puts(sql, i > 0 ? "," : "");
		if (how == HOW_TEXT || how == HOW_NUMBER)
			text_printf(sql, "@holdfast%zu", i);
		else
			text_name(sql, t->columns[i].name);
	}
	text_puts(sql, ")");
	for (size_t i = 0; i < t->n; i++) {
		const char how = t->columns[i].how;

		if (how != HOW_TEXT && how != HOW_NUMBER)
			continue;
		text_puts(sql, some ? ", " : " SET ");
		text_name(sql, t->columns[i].name);
		if (how == HOW_TEXT)
			text_printf(sql, " = CONVERT(@holdfast%zu USING utf8mb4)", i);
		else
			text_printf(sql, " = CAST(@holdfast%zu AS UNSIGNED)", i);
		some = true;
	}
}

static int32_t load_infile(struct loader *l)
{
	struct infile f = {.l = l};
	struct text sql = {0};
	int32_t status = HF_OK;

	put_infile(&sql, l->t);
	mysql_set_local_infile_handler(l->c->my, infile_init, infile_read, infile_end, infile_error, &f);
	if (sql.failed)
		status = out_of_memory(l->ctx);
	else if (mysql_real_query(l->c->my, sql.s, sql.n) != 0)
		status = f.status != HF_OK && f.status != HF_END ? f.status : conn_error(l->ctx, l->c, l->what.s);
	else
		l->stored += mysql_affected_rows(l->c->my);
	mysql_set_local_infile_default(l->c->my);
	if (status == HF_OK && f.status != HF_OK && f.status != HF_END)
		status = f.status;
	text_free(&sql);
	text_free(&f.tsv);
	return status == HF_OK ? check_warnings(l) : status;
}

/* --- INSERT as it is ------------------------------------------------------ */

static int32_t insert_send(struct loader *l, struct text *sql)
{
	int32_t status = HF_OK;

	if (sql->failed)
		return out_of_memory(l->ctx);
	if (mysql_real_query(l->c->my, sql->s, sql->n) != 0)
		status = conn_error(l->ctx, l->c, l->what.s);
	else
		l->stored += mysql_affected_rows(l->c->my);
	return status == HF_OK ? check_warnings(l) : status;
}

static int32_t load_insert(struct loader *l)
{
	struct text sql = {0};
	size_t head, limit = l->packet / 2 < BATCH_BYTES ? l->packet / 2 : BATCH_BYTES;
	int32_t status = HF_OK;
	const char *line;
	size_t n;

	rows_insert(&sql, l->t->name, l->t->columns, l->t->n);
	head = sql.n;
	while (status == HF_OK && (status = next_row(&l->lines, &line, &n)) == HF_OK) {
		if (sql.n > head && sql.n + n > limit) {
			status = insert_send(l, &sql);
			sql.n = head;
			if (status != HF_OK)
				break;
		}
		status = fits(l, n);
		if (status != HF_OK)
			break;
		if (sql.n > head)
			text_add(&sql, ",\n", 2);
		text_add(&sql, line, n - 1);
		l->rows++;
	}
	if (status == HF_END)
		status = sql.n > head ? insert_send(l, &sql) : HF_OK;
	text_free(&sql);
	return status;
}

/* --- choosing ------------------------------------------------------------- */

static bool is_on(hf_ctx *ctx, struct conn *c, const char *variable)
{
	struct text sql = {0}, value = {0};
	bool on;

	text_printf(&sql, "SELECT @@global.%s", variable);
	on = !sql.failed && conn_value(ctx, c, "read a setting of the server", sql.s, &value) == HF_OK &&
	     strcmp(value.s, "1") == 0;
	text_free(&sql);
	text_free(&value);
	return on;
}

static int32_t load(struct restore *r, struct loader *l)
{
	enum load way = r->load;

#ifdef HAVE_BULK
	if (way == LOAD_AUTO && l->c->mariadb && l->c->version >= 100207)
		way = LOAD_BULK;
	if (way == LOAD_BULK)
		return load_bulk(l);
#else
	if (way == LOAD_BULK)
		return host->fail(l->ctx, HF_E_UNSUPPORTED, "--load bulk needs MariaDB's client library");
#endif
	if (way == LOAD_INFILE || (way == LOAD_AUTO && is_on(l->ctx, l->c, "local_infile")))
		return load_infile(l);
	return load_insert(l);
}

int32_t load_rows(hf_ctx *ctx, struct restore *r, struct conn *c, const struct frame *f, struct input *in,
    struct rows_sum *sum)
{
	struct loader l = {.ctx = ctx, .c = c, .lines = {.in = in, .sum = sum}};
	struct text packet = {0};
	struct table t;
	int32_t status;

	if (!frame_columns(f, &t)) {
		frame_columns_free(&t);
		return frame_bad(ctx, "the columns of a table do not read");
	}
	l.t = &t;
	l.values = calloc(t.n, sizeof(*l.values));
	text_printf(&l.what, "restore the rows of table %s", shown(f->name));
	status = l.values != NULL && !l.what.failed ? HF_OK : out_of_memory(ctx);
	if (status == HF_OK)
		status = conn_value(ctx, c, "read a setting of the server", "SELECT @@max_allowed_packet", &packet);
	if (status == HF_OK) {
		l.packet = strtoull(packet.s, NULL, 10);
		status = conn_run(ctx, c, "set up the session", "SET NAMES binary");
	}
	if (status == HF_OK)
		status = load(r, &l);
	if (status == HF_OK && l.stored != l.rows) {
		status = host->fail(ctx, HF_E_FAILED, "cannot %s: the server stored %llu of %llu rows", l.what.s,
			(unsigned long long)l.stored, (unsigned long long)l.rows);
		host->hint(ctx, "rows with equal unique keys? run it again with --force into an empty place");
	}
	if (status == HF_OK)
		status = conn_run(ctx, c, "set up the session", "SET NAMES utf8mb4, character_set_results = NULL");
	free(l.values);
	text_free(&l.what);
	text_free(&packet);
	frame_columns_free(&t);
	return status;
}
