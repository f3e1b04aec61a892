/* SPDX-License-Identifier: MIT
 * Routines, triggers and events as statements of the artifact. Their texts are the server's, byte for byte;
 * beside each stands what the restore has to know: the session that it was made in, where its definer is
 * written, where its body begins. */
#include "config.h"

#include "objects.h"

#include <stdlib.h>
#include <string.h>

#include "ddl.h"
#include "frame.h"

void put_session(struct text *out, const struct conn *c, bool binary)
{
	struct text sql = {0};

	text_printf(&sql, "SET NAMES %s, time_zone = '+00:00', sql_mode = '" BASE_SQL_MODE "', "
			  "foreign_key_checks = 0, unique_checks = 1%s",
		binary ? "binary" : "utf8mb4", c->mariadb ? ", check_constraint_checks = 0" : "");
	if (c->mariadb && c->version >= 101100)
		text_puts(&sql, ", system_versioning_insert_history = 1");
	if (c->mariadb && c->version >= 100304)
		text_puts(&sql, ", system_versioning_alter_history = KEEP");
	frame_put(out, frame_new("session", NULL), &sql, false);
	text_free(&sql);
}

void put_database(struct text *out, const struct database *d)
{
	struct text sql = {0};
	json_object *o = frame_new("database", d->name);

	text_puts(&sql, "CREATE DATABASE IF NOT EXISTS ");
	frame_int(o, "name_at", (int64_t)sql.n);
	text_name(&sql, d->name);
	frame_int(o, "name_end", (int64_t)sql.n);
	text_printf(&sql, " CHARACTER SET %s COLLATE %s", d->charset, d->collation);
	if (d->comment[0] != '\0') {
		text_puts(&sql, " COMMENT ");
		text_cstring(&sql, d->comment);
	}
	if (d->encrypted)
		text_puts(&sql, " DEFAULT ENCRYPTION = 'Y'");
	frame_put(out, o, &sql, false);
	text_free(&sql);
}

void put_use(struct text *out, const char *db)
{
	struct text sql = {0};

	text_puts(&sql, "USE ");
	text_name(&sql, db);
	frame_put(out, frame_new("use", db), &sql, false);
	text_free(&sql);
}

/* --- the definer --------------------------------------------------------- */

/* "user@host" as it stands in I_S; the last @ divides. */
static void add_account(struct text *t, const char *account, char quote)
{
	const char *at = strrchr(account, '@');
	struct text part = {0};

	for (int i = 0; i < (at != NULL ? 2 : 1); i++) {
		text_clear(&part);
		if (i == 0)
			text_add(&part, account, at != NULL ? (size_t)(at - account) : strlen(account));
		else
			text_puts(&part, at + 1);
		text_puts(t, i > 0 ? "@" : "");
		if (quote == '`') {
			text_name(t, part.s != NULL ? part.s : "");
		} else {
			text_add(t, &quote, 1);
			for (size_t k = 0; k < part.n; k++) {
				text_add(t, part.s + k, 1);
				if (part.s[k] == quote)
					text_add(t, &quote, 1);
			}
			text_add(t, &quote, 1);
		}
		if (part.failed)
			t->failed = true;
	}
	text_free(&part);
}

/* The clause stands before anything that a user wrote, so its first occurrence is it. */
static bool find_definer(const struct text *sql, const char *definer, size_t *at, size_t *n)
{
	static const char quotes[] = {'`', '"'};

	for (int form = 0; form < 4; form++) {
		struct text clause = {0};
		struct text account = {0};
		const char *found = NULL;

		text_puts(&account, definer);
		/* a role has no host */
		if (form >= 2 && account.n > 0 && account.s[account.n - 1] == '@')
			account.s[--account.n] = '\0';
		text_puts(&clause, "DEFINER=");
		add_account(&clause, account.s != NULL ? account.s : "", quotes[form % 2]);
		text_puts(&clause, " ");
		if (!clause.failed && !account.failed)
			found = strstr(sql->s, clause.s);
		*n = clause.n;
		text_free(&clause);
		text_free(&account);
		if (found != NULL && found - sql->s < 64) {
			*at = (size_t)(found - sql->s);
			return true;
		}
	}
	return false;
}

void splice_definer(struct text *sql, const char *definer, size_t at, size_t n)
{
	struct text result = {0};

	if (strcmp(definer, "keep") == 0 || at + n > sql->n)
		return;
	text_add(&result, sql->s, at);
	if (strcmp(definer, "strip") != 0) {
		text_puts(&result, "DEFINER=");
		add_account(&result, definer, '`');
		text_puts(&result, " ");
	}
	text_add(&result, sql->s + at + n, sql->n - at - n);
	if (sql->failed)
		result.failed = true;
	text_free(sql);
	*sql = result;
}

/* --- one object ---------------------------------------------------------- */

struct object {
	const char *kind, *name;
	const char *definer;
	const char *sql_mode, *client, *connection, *database; /* NULL: does not matter */
	const char *time_zone, *created;                       /* events */
	struct text sql;
	json_object *frame;
	bool body;
};

static void put_set(struct text *out, const struct text *sql)
{
	frame_put(out, frame_new("set", NULL), sql, false);
}

/* What parameters without a character set of their own get is the database's collation of that day. */
static void put_collation(struct text *out, const char *collation)
{
	struct text sql = {0};

	text_printf(&sql, "ALTER DATABASE COLLATE %s", collation);
	put_set(out, &sql);
	text_free(&sql);
}

/* Characters of these sets may end in a byte that means something else on its own. A stock client has to know
 * that before it reads them: \C is its command for it. */
static bool odd_bytes(const char *charset)
{
	static const char *const sets[] = {"big5", "cp932", "gb18030", "gbk", "sjis"};

	for (size_t i = 0; charset != NULL && i < sizeof sets / sizeof sets[0]; i++)
		if (strcmp(charset, sets[i]) == 0)
			return true;
	return false;
}

static void put_before(struct text *out, const struct object *o)
{
	struct text sql = {0};

	if (odd_bytes(o->client))
		text_printf(out, FRAME_CHARSET "%s\n", o->client);

	text_puts(&sql, "SET sql_mode = ");
	text_cstring(&sql, o->sql_mode != NULL ? o->sql_mode : BASE_SQL_MODE);
	if (o->client != NULL && o->connection != NULL)
		text_printf(&sql, ", character_set_client = %s, collation_connection = %s", o->client, o->connection);
	if (o->time_zone != NULL) {
		text_puts(&sql, ", time_zone = ");
		text_cstring(&sql, o->time_zone);
	}
	if (o->created != NULL)
		text_printf(&sql, ", timestamp = %s", o->created);
	put_set(out, &sql);
	text_free(&sql);
}

static void put_after(struct text *out, const struct object *o)
{
	struct text sql = {0};

	if (odd_bytes(o->client))
		text_puts(out, FRAME_CHARSET "utf8mb4\n");

	text_puts(&sql, "SET NAMES utf8mb4, sql_mode = '" BASE_SQL_MODE "', time_zone = '+00:00', timestamp = DEFAULT");
	put_set(out, &sql);
	text_free(&sql);
}

static int32_t put_object(hf_ctx *ctx, const struct source *src, const struct database *d, struct object *o,
    struct text *out)
{
	const bool collation = o->database != NULL && strcmp(o->database, d->collation) != 0;
	const char *definer = host->opt_text(src->opts, "definer", 0);
	size_t at, n;

	if (o->frame == NULL)
		o->frame = frame_new(o->kind, o->name);
	if (o->frame == NULL || o->sql.failed)
		return out_of_memory(ctx);
	if (o->definer != NULL && find_definer(&o->sql, o->definer, &at, &n)) {
		if (strcmp(definer, "keep") == 0) {
			frame_int(o->frame, "definer_at", (int64_t)at);
			frame_int(o->frame, "definer_end", (int64_t)(at + n));
			frame_text(o->frame, "definer", o->definer);
		} else {
			splice_definer(&o->sql, definer, at, n);
		}
	}
	if (collation)
		put_collation(out, o->database);
	put_before(out, o);
	frame_put(out, o->frame, &o->sql, o->body);
	o->frame = NULL;
	put_after(out, o);
	if (collation)
		put_collation(out, d->collation);
	return out->failed ? out_of_memory(ctx) : HF_OK;
}

/* The column `at` of SHOW CREATE ...; an account that may not see it gets NULL. */
static int32_t show_create(hf_ctx *ctx, struct conn *c, const char *type, const char *db, const char *name,
    unsigned at, struct text *out)
{
	struct text sql = {0}, what = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_printf(&what, "read the definition of %s %s.%s", type, shown(db), shown(name));
	text_printf(&sql, "SHOW CREATE %s ", type);
	text_qualified(&sql, db, name);
	status = what.failed ? out_of_memory(ctx) : conn_rows_text(ctx, c, what.s, &sql, &res);
	text_free(&sql);
	if (status == HF_OK) {
		row = mysql_fetch_row(res);
		if (row != NULL && mysql_num_fields(res) > at && row[at] != NULL) {
			text_add(out, row[at], mysql_fetch_lengths(res)[at]);
		} else {
			status = host->fail(ctx, HF_E_AUTH, "cannot %s: the account may not see its text", what.s);
			host->hint(ctx, "`holdfast check JOB` prints the GRANT that is missing");
		}
		mysql_free_result(res);
	}
	text_free(&what);
	return status == HF_OK && out->failed ? out_of_memory(ctx) : status;
}

/* --- comments ------------------------------------------------------------- */

/* As the server writes a comment into SHOW CREATE: always UTF-8, always with backslashes. */
static void put_shown_comment(struct text *t, const char *comment)
{
	text_puts(t, "COMMENT '");
	for (const char *s = comment; *s != '\0'; s++) {
		if (*s == '\\')
			text_puts(t, "\\\\");
		else if (*s == '\n')
			text_puts(t, "\\n");
		else if (*s == '\r')
			text_puts(t, "\\r");
		else if (*s == '\'')
			text_puts(t, "''");
		else
			text_add(t, s, 1);
	}
	text_puts(t, "'");
}

/* The comment as the object's own session would have written it: in its character set, and without
 * backslashes where its mode has none. The server knows how. */
static int32_t own_comment(hf_ctx *ctx, struct conn *c, const struct object *o, const char *comment, struct text *out)
{
	const bool plain = o->sql_mode != NULL && strstr(o->sql_mode, "NO_BACKSLASH_ESCAPES") != NULL;
	struct text sql = {0}, own = {0};
	int32_t status;

	text_printf(&sql, plain ? "SELECT REPLACE(CONVERT(" : "SELECT QUOTE(CONVERT(");
	text_cstring(&sql, comment);
	text_printf(&sql, plain ? " USING %s), '\\'', '\\'\\'')" : " USING %s))", o->client);
	status = sql.failed ? out_of_memory(ctx) : conn_value(ctx, c, "read a comment", sql.s, &own);
	text_printf(out, plain ? "COMMENT '%s'" : "COMMENT %s", own.s != NULL ? own.s : "''");
	text_free(&sql);
	text_free(&own);
	return status;
}

/* SHOW CREATE mixes a body in its own character set with a comment in another. */
static int32_t mend_comment(hf_ctx *ctx, struct conn *c, struct object *o, const char *comment)
{
	struct text seen = {0}, own = {0}, sql = {0};
	const char *at;
	int32_t status;

	if (comment == NULL || *comment == '\0' || o->client == NULL || o->sql.failed)
		return HF_OK;
	put_shown_comment(&seen, comment);
	status = own_comment(ctx, c, o, comment, &own);
	/* the head stands before the body, so the first one is it */
	at = status == HF_OK && !seen.failed ? strstr(o->sql.s, seen.s) : NULL;
	if (at != NULL) {
		text_add(&sql, o->sql.s, (size_t)(at - o->sql.s));
		text_add(&sql, own.s, own.n);
		text_puts(&sql, at + seen.n);
		sql.failed = sql.failed || own.failed;
		text_free(&o->sql);
		o->sql = sql;
	}
	text_free(&seen);
	text_free(&own);
	return status;
}

/* --- routines ------------------------------------------------------------ */

/* MySQL 9.2's JavaScript libraries: there is no statement for them in the artifact yet. */
static int32_t warn_libraries(hf_ctx *ctx, struct conn *c, const struct database *d)
{
	struct text sql = {0}, count = {0};
	int32_t status = HF_OK;

	if (c->mariadb || c->version < 90200)
		return HF_OK;
	text_puts(&sql, "SELECT COUNT(*) FROM information_schema.LIBRARIES WHERE LIBRARY_SCHEMA = ");
	text_cstring(&sql, d->name);
	if (!sql.failed && conn_try(c, sql.s))
		status = conn_value(ctx, c, "count the libraries", sql.s, &count);
	if (status == HF_OK && count.n > 0 && strcmp(count.s, "0") != 0)
		host->warn(ctx, "database %s holds %s JavaScript libraries, which are not backed up", shown(d->name), count.s);
	text_free(&sql);
	text_free(&count);
	return status;
}

int32_t put_routines(hf_ctx *ctx, struct conn *c, const struct source *src, struct database *d, struct text *out)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_puts(&sql, "SELECT ROUTINE_NAME, ROUTINE_TYPE, DEFINER, SQL_MODE, CHARACTER_SET_CLIENT,"
			" COLLATION_CONNECTION, DATABASE_COLLATION, ROUTINE_COMMENT FROM information_schema.ROUTINES"
			" WHERE ROUTINE_SCHEMA = ");
	text_cstring(&sql, d->name);
	/* a package's body after its head */
	text_puts(&sql, " AND ROUTINE_TYPE IN ('FUNCTION','PROCEDURE','PACKAGE','PACKAGE BODY')"
			" ORDER BY ROUTINE_TYPE, ROUTINE_NAME");
	status = conn_rows_text(ctx, c, "list the routines", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		struct object o = {.kind = "routine", .name = row[0], .definer = row[2], .sql_mode = row[3],
			.client = row[4], .connection = row[5], .database = row[6], .body = true};

		status = show_create(ctx, c, row[1], d->name, row[0], 2, &o.sql);
		if (status == HF_OK)
			status = mend_comment(ctx, c, &o, row[7]);
		if (status == HF_OK) {
			o.frame = frame_new(o.kind, o.name);
			if (o.frame != NULL)
				frame_text(o.frame, "type", row[1]);
			status = put_object(ctx, src, d, &o, out);
		}
		text_free(&o.sql);
	}
	mysql_free_result(res);
	return status == HF_OK ? warn_libraries(ctx, c, d) : status;
}

/* --- triggers ------------------------------------------------------------ */

/* If the text ends with the body as information_schema shows it, a restore into another database can write
 * the head anew: the original may name the database. */
static void note_body(json_object *frame, const struct text *sql, const char *body, size_t n)
{
	if (n > 0 && n < sql->n && memcmp(sql->s + sql->n - n, body, n) == 0)
		frame_int(frame, "body_at", (int64_t)(sql->n - n));
}

int32_t put_triggers(hf_ctx *ctx, struct conn *c, const struct source *src, struct database *d, struct text *out)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_puts(&sql, "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, DEFINER, SQL_MODE,"
			" CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION, ACTION_STATEMENT"
			" FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ");
	text_cstring(&sql, d->name);
	text_puts(&sql, " ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER");
	status = conn_rows_text(ctx, c, "list the triggers", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		struct object o = {.kind = "trigger", .name = row[0], .definer = row[4], .sql_mode = row[5],
			.client = row[6], .connection = row[7], .database = row[8], .body = true};
		const unsigned long *lengths = mysql_fetch_lengths(res);

		if (database_table(d, row[1]) == NULL)
			continue;
		status = show_create(ctx, c, "TRIGGER", d->name, row[0], 2, &o.sql);
		o.frame = frame_new(o.kind, o.name);
		if (status == HF_OK && o.frame != NULL) {
			frame_text(o.frame, "table", row[1]);
			frame_text(o.frame, "timing", row[2]);
			frame_text(o.frame, "event", row[3]);
			note_body(o.frame, &o.sql, row[9], lengths[9]);
		}
		if (status == HF_OK)
			status = put_object(ctx, src, d, &o, out);
		json_object_put(o.frame);
		text_free(&o.sql);
	}
	mysql_free_result(res);
	return status;
}

/* --- events -------------------------------------------------------------- */

/* In the artifact every event is disabled, so that no copy of a database begins to act; `status_at` tells
 * where, and `enabled` that it was not. Between the name and the status there is only the schedule, which the
 * server has computed: nothing that a user wrote. */
static bool disable(struct object *o, const char *name)
{
	static const char *const states[] = {"PRESERVE ENABLE", "PRESERVE DISABLE ON SLAVE",
		"PRESERVE DISABLE ON REPLICA", "PRESERVE DISABLE"};
	struct text head = {0}, sql = {0};
	const char *at, *found = NULL, *state = NULL;

	text_puts(&head, " EVENT ");
	text_name(&head, name);
	at = head.failed ? NULL : strstr(o->sql.s, head.s);
	if (at != NULL)
		at += head.n;
	text_free(&head);
	/* the first of them is it: what a user wrote comes behind */
	for (size_t i = 0; at != NULL && i < sizeof states / sizeof states[0]; i++) {
		const char *here = strstr(at, states[i]);
		const char *next = here != NULL ? here + strlen(states[i]) : NULL;

		if (here == NULL || (found != NULL && here >= found) ||
		    (strncmp(next, " DO ", 4) != 0 && strncmp(next, " COMMENT ", 9) != 0))
			continue;
		found = here;
		state = states[i];
	}
	if (found == NULL)
		return false;
	text_add(&sql, o->sql.s, (size_t)(found - o->sql.s));
	text_puts(&sql, "PRESERVE ");
	frame_int(o->frame, "status_at", (int64_t)sql.n);
	text_puts(&sql, "DISABLE");
	frame_int(o->frame, "status_end", (int64_t)sql.n);
	frame_text(o->frame, "status", state + strlen("PRESERVE "));
	text_puts(&sql, found + strlen(state));
	sql.failed = sql.failed || o->sql.failed;
	text_free(&o->sql);
	o->sql = sql;
	return true;
}

int32_t put_events(hf_ctx *ctx, struct conn *c, const struct source *src, struct database *d, struct text *out)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	/* an event of one time in the past could not be made again, but for a clock that stands then */
	text_puts(&sql, "SELECT EVENT_NAME, DEFINER, SQL_MODE, TIME_ZONE, UNIX_TIMESTAMP(CREATED), CHARACTER_SET_CLIENT,"
			" COLLATION_CONNECTION, DATABASE_COLLATION, EVENT_COMMENT FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ");
	text_cstring(&sql, d->name);
	text_puts(&sql, " ORDER BY EVENT_NAME");
	status = conn_rows_text(ctx, c, "list the events", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		struct object o = {.kind = "event", .name = row[0], .definer = row[1], .sql_mode = row[2],
			.time_zone = row[3], .created = row[4], .client = row[5], .connection = row[6],
			.database = row[7], .body = true};

		o.frame = frame_new(o.kind, o.name);
		status = show_create(ctx, c, "EVENT", d->name, row[0], 3, &o.sql);
		if (status == HF_OK && o.frame != NULL && !disable(&o, row[0]))
			status = host->fail(ctx, HF_E_UNSUPPORTED, "the definition of event %s.%s is not of a known shape",
				shown(d->name), shown(row[0]));
		if (status == HF_OK)
			status = mend_comment(ctx, c, &o, row[8]);
		if (status == HF_OK)
			status = put_object(ctx, src, d, &o, out);
		json_object_put(o.frame);
		text_free(&o.sql);
	}
	mysql_free_result(res);
	return status;
}

/* --- tables and sequences ------------------------------------------------ */

/* Keys that may be built after the rows: those that AUTO_INCREMENT does not stand on. */
static int32_t later_keys(hf_ctx *ctx, struct conn *c, const struct table *t, struct names *later)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	bool primary = false;
	int32_t status;

	text_puts(&sql, "SELECT INDEX_NAME, COLUMN_NAME, NON_UNIQUE FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, t->db->name);
	text_puts(&sql, " AND TABLE_NAME = ");
	text_cstring(&sql, t->name);
	text_puts(&sql, " AND SEQ_IN_INDEX = 1 AND INDEX_TYPE = 'BTREE' ORDER BY INDEX_NAME = 'PRIMARY' DESC");
	status = conn_rows_text(ctx, c, "read a table's keys", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		bool needed = false;

		if (strcmp(row[0], "PRIMARY") == 0) {
			primary = true;
			continue;
		}
		for (size_t i = 0; i < t->n && row[1] != NULL; i++)
			needed = needed || (t->columns[i].automatic && strcmp(t->columns[i].name, row[1]) == 0);
		/* without a primary key a unique one may be what the rows lie by */
		if (!needed && (primary || strcmp(row[2], "1") == 0) && !names_add(later, row[0]))
			status = out_of_memory(ctx);
	}
	mysql_free_result(res);
	return status;
}

static void note_references(json_object *o, const struct text *sql, const char *db)
{
	size_t *at;
	int n;

	if (o == NULL || (strstr(sql->s, "nextval(") == NULL && strstr(sql->s, "lastval(") == NULL))
		return;
	n = ddl_references(sql->s, sql->n, db, &at);
	if (n > 0) {
		json_object *list = json_object_new_array();

		for (int i = 0; i < n; i++)
			json_object_array_add(list, json_object_new_int64((int64_t)at[i]));
		json_object_object_add(o, "db_at", list);
	}
	free(at);
}

int32_t put_table(hf_ctx *ctx, struct conn *c, struct table *t, bool defer, struct text *out, struct text *fks)
{
	struct text sql = {0};
	struct names later = {0};
	struct ddl ddl = {0};
	json_object *o;
	int32_t status = show_create(ctx, c, "TABLE", t->db->name, t->name, 1, &sql);

	if (status == HF_OK && defer && t->snapshot && !t->versioned && strcasecmp(t->engine, "InnoDB") == 0)
		status = later_keys(ctx, c, t, &later);
	if (status == HF_OK) {
		ddl_split(&ddl, t->name, sql.s, sql.n, &later);
		o = frame_new("table", t->name);
		note_references(o, &ddl.create, t->db->name);
		frame_put(out, o, &ddl.create, false);
		text_clear(&t->keys);
		text_add(&t->keys, ddl.keys.s != NULL ? ddl.keys.s : "", ddl.keys.n);
		if (ddl.keys.failed)
			t->keys.failed = true;
		if (ddl.fks.n > 0)
			frame_put(fks, frame_new("fks", t->name), &ddl.fks, false);
		if (out->failed || fks->failed || t->keys.failed)
			status = out_of_memory(ctx);
	}
	ddl_free(&ddl);
	names_free(&later);
	text_free(&sql);
	return status;
}

/* SHOW CREATE SEQUENCE tells where it began, the sequence itself where it is. */
int32_t put_sequence(hf_ctx *ctx, struct conn *c, struct table *t, struct text *out)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = show_create(ctx, c, "SEQUENCE", t->db->name, t->name, 1, &sql);

	if (status == HF_OK)
		frame_put(out, frame_new("sequence", t->name), &sql, false);
	text_clear(&sql);
	text_puts(&sql, "SELECT next_not_cached_value, cycle_count FROM ");
	text_qualified(&sql, t->db->name, t->name);
	if (status == HF_OK)
		status = conn_rows_text(ctx, c, "read the position of a sequence", &sql, &res);
	if (status == HF_OK) {
		row = mysql_fetch_row(res);
		if (row != NULL) {
			text_clear(&sql);
			text_puts(&sql, "DO SETVAL(");
			text_name(&sql, t->name);
			text_printf(&sql, ", %s, 0, %s)", row[0], row[1]);
			frame_put(out, frame_new("sequence", t->name), &sql, false);
		}
		mysql_free_result(res);
	}
	text_free(&sql);
	return status == HF_OK && out->failed ? out_of_memory(ctx) : status;
}

/* --- views --------------------------------------------------------------- */

struct view {
	const struct database *d;
	const char *name;
	struct object o;
	char *strings[6];
	bool done, visiting, broken;
};

static void view_free(struct view *v)
{
	text_free(&v->o.sql);
	for (size_t i = 0; i < sizeof v->strings / sizeof v->strings[0]; i++)
		free(v->strings[i]);
}

static int32_t view_broken(hf_ctx *ctx, const struct source *src, const struct view *v, const char *why)
{
	if (host->opt_int(src->opts, "broken_views", 0) == 0) {
		host->warn(ctx, "view %s.%s is broken, only its definition is kept: %s", shown(v->d->name),
			shown(v->name), why);
		return HF_OK;
	}
	host->fail(ctx, HF_E_FAILED, "view %s.%s is broken: %s", shown(v->d->name), shown(v->name), why);
	host->hint(ctx, "repair or drop it, leave it out with exclude, or set broken_views = warn");
	return HF_E_FAILED;
}

static int32_t read_view(hf_ctx *ctx, struct conn *c, const struct source *src, struct view *v)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	/* in its own database the server leaves that one's name out */
	text_puts(&sql, "USE ");
	text_name(&sql, v->d->name);
	status = conn_run_text(ctx, c, "use a database", &sql);
	text_clear(&sql);
	text_puts(&sql, "SELECT DEFINER, CHARACTER_SET_CLIENT, COLLATION_CONNECTION FROM information_schema.VIEWS"
			" WHERE TABLE_SCHEMA = ");
	text_cstring(&sql, v->d->name);
	text_puts(&sql, " AND TABLE_NAME = ");
	text_cstring(&sql, v->name);
	if (status == HF_OK)
		status = conn_rows_text(ctx, c, "read a view", &sql, &res);
	if (status == HF_OK) {
		row = mysql_fetch_row(res);
		for (unsigned i = 0; i < 3 && row != NULL && status == HF_OK; i++)
			if (row[i] != NULL && (v->strings[i] = strdup(row[i])) == NULL)
				status = out_of_memory(ctx);
		mysql_free_result(res);
		v->o = (struct object){.kind = "view", .name = v->name, .definer = v->strings[0],
			.client = v->strings[1], .connection = v->strings[2]};
	}
	if (status == HF_OK)
		status = show_create(ctx, c, "VIEW", v->d->name, v->name, 1, &v->o.sql);
	text_clear(&sql);
	text_puts(&sql, "SELECT 1 FROM ");
	text_qualified(&sql, v->d->name, v->name);
	text_puts(&sql, " LIMIT 0");
	if (status == HF_OK && !sql.failed && !conn_try(c, sql.s)) {
		const unsigned e = mysql_errno(c->my);

		/* a definer without rights breaks it for the reader, not for the restore */
		/* nor do collations that do not fit: the server makes such a view */
		if (c->lost)
			status = conn_error(ctx, c, "read a view");
		else if (e == 1356 || e == 1146 || e == 1054 || e == 1305 || e == 1049) {
			v->broken = true;
			status = view_broken(ctx, src, v, mysql_error(c->my));
		}
	}
	text_free(&sql);
	return status;
}

/* Does the text of `v` name `other`? Taken for a dependency: too many of them do no harm. */
static bool names_view(const struct view *v, const struct view *other)
{
	struct text token = {0};
	bool found;

	if (v == other)
		return false;
	if (strcmp(v->d->name, other->d->name) != 0) {
		text_qualified(&token, other->d->name, other->name);
	} else {
		text_name(&token, other->name);
	}
	found = !token.failed && v->o.sql.s != NULL && strstr(v->o.sql.s, token.s) != NULL;
	text_free(&token);
	return found;
}

static int32_t put_view(hf_ctx *ctx, const struct source *src, struct view *views, size_t n, size_t i,
    struct text *out)
{
	struct view *v = &views[i];
	int32_t status = HF_OK;

	if (v->done || v->visiting)
		return HF_OK;
	v->visiting = true;
	for (size_t k = 0; k < n && status == HF_OK; k++)
		if (names_view(v, &views[k]))
			status = put_view(ctx, src, views, n, k, out);
	v->visiting = false;
	v->done = true;
	if (status != HF_OK)
		return status;
	put_use(out, v->d->name);
	if (v->broken) {
		/* in a comment: no client could run it */
		json_object *o = frame_new("broken-view", v->name);
		struct text set = {0};

		if (o != NULL)
			frame_text(o, "sql", v->o.sql.s);
		text_printf(&set, "SET character_set_client = %s, collation_connection = %s", v->o.client != NULL ? v->o.client :
			"utf8mb4", v->o.connection != NULL ? v->o.connection : "utf8mb4_general_ci");
		if (o != NULL)
			frame_text(o, "set", set.s != NULL ? set.s : "");
		frame_put(out, o, NULL, false);
		text_free(&set);
		return out->failed ? out_of_memory(ctx) : HF_OK;
	}
	return put_object(ctx, src, v->d, &v->o, out);
}

int32_t put_views(hf_ctx *ctx, struct conn *c, const struct source *src, struct schema *s, struct text *out)
{
	struct view *views;
	size_t n = 0, count = 0;
	int32_t status = HF_OK;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->dbs[i].n; k++)
			count += s->dbs[i].tables[k].view;
	views = calloc(count + 1, sizeof(*views));
	if (views == NULL)
		return out_of_memory(ctx);
	for (size_t i = 0; i < s->n && status == HF_OK; i++)
		for (size_t k = 0; k < s->dbs[i].n && status == HF_OK; k++) {
			if (!s->dbs[i].tables[k].view)
				continue;
			views[n].d = &s->dbs[i];
			views[n].name = s->dbs[i].tables[k].name;
			status = read_view(ctx, c, src, &views[n++]);
		}
	for (size_t i = 0; i < n && status == HF_OK; i++)
		status = put_view(ctx, src, views, n, i, out);
	for (size_t i = 0; i < n; i++)
		view_free(&views[i]);
	free(views);
	return status;
}
