/* SPDX-License-Identifier: MIT
 * What an account may do, by SHOW GRANTS. An account without TRIGGER sees no triggers, and nothing tells it
 * that there are some: so the rights themselves are looked at, before anything is read. */
#include "config.h"

#include "rights.h"

#include <stdlib.h>
#include <string.h>

#include "schema.h"

struct rights {
	struct names scopes; /* "*.*", "`db`.*" as the server writes them */
	struct names lists;  /* "SELECT, RELOAD" */
};

static int32_t rights_read(hf_ctx *ctx, struct conn *c, struct rights *r)
{
	struct text role = {0}, sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = HF_OK;

	/* MySQL tells what roles bring only if they are named; MariaDB always does */
	text_puts(&sql, "SHOW GRANTS");
	if (!c->mariadb && c->version >= 80000)
		status = conn_value(ctx, c, "read the account's roles", "SELECT CURRENT_ROLE()", &role);
	if (status == HF_OK && role.n > 0 && strcmp(role.s, "NONE") != 0)
		text_printf(&sql, " FOR CURRENT_USER() USING %s", role.s);
	if (status == HF_OK)
		status = conn_rows_text(ctx, c, "read the account's rights", &sql, &res);
	text_free(&role);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		char *on = row[0] != NULL ? strstr(row[0], " ON ") : NULL;
		char *to = on != NULL ? strstr(on, " TO ") : NULL;

		if (to == NULL || strncmp(row[0], "GRANT ", 6) != 0)
			continue;
		*on = *to = '\0';
		if (!names_add(&r->lists, row[0] + 6) || !names_add(&r->scopes, on + 4))
			status = out_of_memory(ctx);
	}
	mysql_free_result(res);
	return status;
}

static void rights_free(struct rights *r)
{
	names_free(&r->scopes);
	names_free(&r->lists);
}

static bool in_list(const char *list, const char *right)
{
	const size_t n = strlen(right);

	if (strncmp(list, "ALL PRIVILEGES", 14) == 0)
		return true;
	for (const char *s = list; (s = strstr(s, right)) != NULL; s += n)
		if ((s == list || s[-1] == ' ' || s[-1] == ',') && (s[n] == '\0' || s[n] == ','))
			return true;
	return false;
}

/* A pattern of GRANT: %, _ and backslashes. */
static bool like(const char *p, const char *end, const char *s)
{
	for (; p < end; p++, s++) {
		if (*p == '%') {
			for (;; s++) {
				if (like(p + 1, end, s))
					return true;
				if (*s == '\0')
					return false;
			}
		}
		if (*s == '\0')
			return false;
		if (*p == '_')
			continue;
		if (*p == '\\' && p + 1 < end)
			p++;
		if (*p != *s)
			return false;
	}
	return *s == '\0';
}

static bool scope_covers(const char *scope, const char *db)
{
	const size_t n = strlen(scope);
	struct text name = {0};
	bool yes = false;

	if (strcmp(scope, "*.*") == 0)
		return true;
	if (db == NULL || n < 4 || scope[0] != '`' || strcmp(scope + n - 3, "`.*") != 0)
		return false;
	for (const char *s = scope + 1; s < scope + n - 3; s++) {
		text_add(&name, s, 1);
		if (*s == '`' && s[1] == '`')
			s++;
	}
	yes = !name.failed && like(name.s != NULL ? name.s : "", name.s != NULL ? name.s + name.n : "", db);
	text_free(&name);
	return yes;
}

/* db NULL: on everything. */
static bool may(const struct rights *r, const char *right, const char *db)
{
	for (size_t i = 0; i < r->scopes.n; i++)
		if (scope_covers(r->scopes.v[i], db) && in_list(r->lists.v[i], right))
			return true;
	return false;
}

static void put_account(struct text *out, hf_ctx *ctx, struct conn *c)
{
	struct text user = {0};
	const char *at;

	if (conn_value(ctx, c, "read the account's name", "SELECT CURRENT_USER()", &user) == HF_OK &&
	    (at = strrchr(user.s, '@')) != NULL) {
		text_puts(out, " TO ");
		text_string(out, user.s, (size_t)(at - user.s));
		text_puts(out, "@");
		text_cstring(out, at + 1);
		text_puts(out, "; ");
	}
	text_free(&user);
}

static void put_grant(struct text *out, hf_ctx *ctx, struct conn *c, const char *rights, const char *on)
{
	text_printf(out, "GRANT %s ON %s", rights, on);
	put_account(out, ctx, c);
}

static void add_right(struct text *list, const struct rights *r, const char *right, const char *db)
{
	if (!may(r, right, db))
		text_printf(list, "%s%s", list->n > 0 ? ", " : "", right);
}

/* Tables without snapshots are locked for reading, which takes a right of its own. */
static bool has_unsafe(struct conn *c, const char *db)
{
	struct text sql = {0};
	MYSQL_RES *res = NULL;
	bool some = false;

	text_puts(&sql, "SELECT 1 FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE NOT IN"
			" ('InnoDB', 'ROCKSDB', 'TokuDB') AND TABLE_SCHEMA ");
	if (db != NULL) {
		text_puts(&sql, "= ");
		text_cstring(&sql, db);
	} else {
		text_puts(&sql, "NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')");
	}
	text_puts(&sql, " LIMIT 1");
	if (!sql.failed && mysql_real_query(c->my, sql.s, sql.n) == 0 && (res = mysql_store_result(c->my)) != NULL)
		some = mysql_num_rows(res) > 0;
	if (res != NULL)
		mysql_free_result(res);
	text_free(&sql);
	return some;
}

static void on_database(hf_ctx *ctx, const struct source *src, struct conn *c, const struct rights *r,
    const char *db, struct text *out)
{
	struct text list = {0}, scope = {0};
	const bool locks = host->opt_int(src->opts, "locks", 0) != LOCKS_NONE;

	add_right(&list, r, "SELECT", db);
	if (!opt_yes(src, "data_only")) {
		add_right(&list, r, "SHOW VIEW", db);
		if (opt_yes(src, "triggers"))
			add_right(&list, r, "TRIGGER", db);
		if (opt_yes(src, "events"))
			add_right(&list, r, "EVENT", db);
	}
	if (locks && (host->opt_int(src->opts, "locks", 0) == LOCKS_FULL || has_unsafe(c, db) ||
			     (!may(r, "RELOAD", NULL) && !may(r, "FLUSH_TABLES", NULL))))
		add_right(&list, r, "LOCK TABLES", db);
	if (db != NULL) {
		text_name(&scope, db);
		text_puts(&scope, ".*");
	} else {
		text_puts(&scope, "*.*");
	}
	if (list.n > 0 && !list.failed && !scope.failed)
		put_grant(out, ctx, c, list.s, scope.s);
	text_free(&list);
	text_free(&scope);
}

/* The texts of routines of other accounts. */
static void on_routines(hf_ctx *ctx, const struct source *src, struct conn *c, const struct rights *r,
    struct text *out)
{
	const bool proc = c->mariadb || c->version < 80000;

	if (opt_yes(src, "data_only") || !opt_yes(src, "routines"))
		return;
	if (proc && !conn_try(c, "SELECT body FROM mysql.proc LIMIT 0") && !may(r, "SHOW CREATE ROUTINE", NULL))
		put_grant(out, ctx, c, "SELECT", "mysql.proc");
	else if (!proc && !may(r, "SHOW_ROUTINE", NULL) && !may(r, "SELECT", NULL))
		put_grant(out, ctx, c, "SHOW_ROUTINE", "*.*");
}

static int32_t missing(hf_ctx *ctx, const struct source *src, struct conn *c, struct rights *r, struct text *out)
{
	int32_t status = rights_read(ctx, c, r);

	if (status != HF_OK)
		return status;
	for (uint64_t i = 0; i < host->opt_count(src->opts, "database"); i++)
		on_database(ctx, src, c, r, src->all ? NULL : host->opt_text(src->opts, "database", i), out);
	on_routines(ctx, src, c, r, out);
	if (opt_yes(src, "users") && !may(r, "SELECT", "mysql"))
		put_grant(out, ctx, c, "SELECT", "mysql.*");
	if (out->failed)
		return out_of_memory(ctx);
	if (out->n == 0)
		return HF_OK;
	host->fail(ctx, HF_E_AUTH, "the account may not see all that is to be backed up");
	host->hint(ctx, "issue as an administrator: %s", out->s);
	return HF_E_AUTH;
}

int32_t rights_enough(hf_ctx *ctx, const struct source *src, struct conn *c)
{
	struct rights r = {0};
	struct text out = {0};
	int32_t status = missing(ctx, src, c, &r, &out);

	rights_free(&r);
	text_free(&out);
	return status;
}

int32_t rights_advise(hf_ctx *ctx, const struct source *src, struct conn *c)
{
	struct rights r = {0};
	struct text out = {0};
	int32_t status = missing(ctx, src, c, &r, &out);
	const bool locks = host->opt_int(src->opts, "locks", 0) != LOCKS_NONE;

	text_clear(&out);
	if (status == HF_OK && locks && !may(&r, "RELOAD", NULL) && !may(&r, "FLUSH_TABLES", NULL))
		put_grant(&out, ctx, c, "RELOAD", "*.*");
	if (status == HF_OK && !may(&r, "PROCESS", NULL))
		put_grant(&out, ctx, c, "PROCESS", "*.*");
	if (status == HF_OK && !may(&r, "REPLICATION CLIENT", NULL) && !may(&r, "BINLOG MONITOR", NULL))
		put_grant(&out, ctx, c, c->mariadb && c->version >= 100502 ? "BINLOG MONITOR" : "REPLICATION CLIENT", "*.*");
	if (status == HF_OK && !c->mariadb && c->version >= 80000 && !may(&r, "BACKUP_ADMIN", NULL))
		put_grant(&out, ctx, c, "BACKUP_ADMIN", "*.*");
	if (status == HF_OK && out.n > 0 && !out.failed)
		host->warn(ctx, "it works without, but better with (short locks, changed tables found, position in the "
				"binary log): %s", out.s);
	rights_free(&r);
	text_free(&out);
	return status;
}
