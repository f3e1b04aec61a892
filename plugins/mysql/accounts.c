/* SPDX-License-Identifier: MIT
 * Accounts, roles and what is granted to them, as statements of the artifact. The texts are the server's. What
 * the server keeps for itself is left out: a target has its own. */
#include "config.h"

#include "objects.h"

#include <string.h>

#include "frame.h"

#define CREATE_USER "CREATE USER "
#define RESERVED "'mysql.sys','mysql.session','mysql.infoschema','mariadb.sys'"

/* A row of list(): name, host, Y if it is a role of MariaDB, which has no host. */
enum { NAME, HOST, ROLE };

/* Roles before those that they are granted to. Those of MySQL are accounts like others. */
static int32_t list(hf_ctx *ctx, struct conn *c, MYSQL_RES **res)
{
	struct text sql = {0};
	int32_t status;

	text_printf(&sql, "SELECT User, Host, %s FROM mysql.user WHERE User NOT IN (" RESERVED ") ORDER BY ",
		c->mariadb ? "is_role" : "'N'");
	if (c->mariadb)
		text_puts(&sql, "is_role = 'Y' DESC, ");
	else if (c->version >= 80000)
		text_puts(&sql, "EXISTS (SELECT 1 FROM mysql.role_edges WHERE FROM_USER = User AND FROM_HOST = Host) DESC, ");
	text_puts(&sql, "User, Host");
	status = conn_rows_text(ctx, c, "list the accounts", &sql, res);
	text_free(&sql);
	return status;
}

static bool is_role(MYSQL_ROW account)
{
	return account[ROLE] != NULL && strcmp(account[ROLE], "Y") == 0;
}

/* Stands for everybody: is always there, and cannot be created. */
static bool is_public(MYSQL_ROW account)
{
	return is_role(account) && strcmp(account[NAME], "PUBLIC") == 0;
}

static void add_name(struct text *sql, MYSQL_ROW account)
{
	text_name(sql, account[NAME]);
	if (is_role(account))
		return;
	text_puts(sql, "@");
	text_name(sql, account[HOST]);
}

/* Adds the statement, to be restored or refused by itself. */
static int32_t put(hf_ctx *ctx, MYSQL_ROW account, const struct text *sql, struct text *out)
{
	struct text name = {0};

	text_printf(&name, "%s%s%s", account[NAME], is_role(account) ? "" : "@", is_role(account) ? "" : account[HOST]);
	if (name.failed)
		out->failed = true;
	else
		frame_put(out, frame_new("account", name.s), sql, false);
	text_free(&name);
	return out->failed ? out_of_memory(ctx) : HF_OK;
}

/* `show` for an account. No result, and yet no error, for one that stands in mysql.user while the server does not
 * know it: dropped a moment ago, or of a host's name under skip-name-resolve. */
static int32_t ask(hf_ctx *ctx, struct conn *c, const char *show, MYSQL_ROW account, MYSQL_RES **res)
{
	struct text sql = {0}, what = {0};
	int32_t status = HF_OK;
	bool known = true;

	*res = NULL;
	text_puts(&sql, show);
	add_name(&sql, account);
	text_printf(&what, "read the account %s@%s", shown(account[NAME]), shown(account[HOST]));
	if (sql.failed || what.failed)
		status = out_of_memory(ctx);
	else if (!conn_try(c, sql.s) && !c->lost)
		known = mysql_errno(c->my) != 1133 && mysql_errno(c->my) != 1141 && mysql_errno(c->my) != 1396;
	if (status == HF_OK && known)
		status = conn_rows_text(ctx, c, what.s, &sql, res);
	text_free(&sql);
	text_free(&what);
	return status;
}

/* --- accounts ------------------------------------------------------------ */

static int32_t put_role(hf_ctx *ctx, MYSQL_ROW account, struct text *out)
{
	struct text sql = {0};
	int32_t status;

	text_puts(&sql, "CREATE ROLE IF NOT EXISTS ");
	add_name(&sql, account);
	status = put(ctx, account, &sql, out);
	text_free(&sql);
	return status;
}

static int32_t put_user(hf_ctx *ctx, struct conn *c, MYSQL_ROW account, struct text *out)
{
	const size_t head = strlen(CREATE_USER);
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = ask(ctx, c, "SHOW CREATE USER ", account, &res);

	if (status != HF_OK)
		return status;
	if (res == NULL) {
		host->warn(ctx, "account %s@%s is left out, the server does not use it: %s", shown(account[NAME]),
			shown(account[HOST]), mysql_error(c->my));
		return HF_OK;
	}
	row = mysql_fetch_row(res);
	if (row == NULL || row[0] == NULL || strncmp(row[0], CREATE_USER, head) != 0) {
		status = host->fail(ctx, HF_E_UNSUPPORTED, "the definition of account %s@%s is not of a known shape",
			shown(account[NAME]), shown(account[HOST]));
	} else {
		text_puts(&sql, CREATE_USER "IF NOT EXISTS ");
		text_add(&sql, row[0] + head, mysql_fetch_lengths(res)[0] - head);
		status = put(ctx, account, &sql, out);
	}
	mysql_free_result(res);
	text_free(&sql);
	return status;
}

int32_t put_accounts(hf_ctx *ctx, struct conn *c, struct text *out)
{
	MYSQL_RES *res;
	MYSQL_ROW account;
	int32_t status = list(ctx, c, &res);

	if (status != HF_OK)
		return status;
	while (status == HF_OK && (account = mysql_fetch_row(res)) != NULL) {
		if (is_public(account))
			continue;
		status = is_role(account) ? put_role(ctx, account, out) : put_user(ctx, c, account, out);
	}
	mysql_free_result(res);
	return status;
}

/* --- grants -------------------------------------------------------------- */

/* MariaDB repeats in a GRANT how the account logs in, which would give a target's own account another password.
 * That stands in CREATE USER already. */
static void cut_login(struct text *sql, MYSQL_ROW account)
{
	static const char login[] = " IDENTIFIED ", option[] = " WITH GRANT OPTION";
	struct text to = {0};
	char *at;
	bool grant;

	text_puts(&to, " TO ");
	add_name(&to, account);
	text_puts(&to, login);
	at = to.failed ? NULL : strstr(sql->s, to.s);
	if (at != NULL) {
		grant = strstr(at + to.n, option) != NULL;
		sql->n = (size_t)(at - sql->s) + to.n - strlen(login);
		sql->s[sql->n] = '\0';
		if (grant)
			text_puts(sql, option);
	}
	if (to.failed)
		sql->failed = true;
	text_free(&to);
}

static int32_t put_rights(hf_ctx *ctx, struct conn *c, MYSQL_ROW account, struct text *out)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = ask(ctx, c, "SHOW GRANTS FOR ", account, &res);

	/* one that is not known was told before, or has no grants: PUBLIC */
	if (status != HF_OK || res == NULL)
		return status;
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		struct text sql = {0};

		if (row[0] == NULL)
			continue;
		text_add(&sql, row[0], mysql_fetch_lengths(res)[0]);
		if (!sql.failed)
			cut_login(&sql, account);
		status = put(ctx, account, &sql, out);
		text_free(&sql);
	}
	mysql_free_result(res);
	return status;
}

/* MariaDB shows it among the grants, MySQL does not. */
static int32_t put_default_roles(hf_ctx *ctx, struct conn *c, MYSQL_ROW account, struct text *out)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	bool some = false;
	int32_t status;

	text_puts(&sql, "SELECT DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles WHERE USER = ");
	text_cstring(&sql, account[NAME]);
	text_puts(&sql, " AND HOST = ");
	text_cstring(&sql, account[HOST]);
	text_puts(&sql, " ORDER BY 1, 2");
	status = conn_rows_text(ctx, c, "read an account's default roles", &sql, &res);
	text_clear(&sql);
	text_puts(&sql, "SET DEFAULT ROLE ");
	while (status == HF_OK && (row = mysql_fetch_row(res)) != NULL) {
		text_puts(&sql, some ? ", " : "");
		text_name(&sql, row[0]);
		text_puts(&sql, "@");
		text_name(&sql, row[1]);
		some = true;
	}
	text_puts(&sql, " TO ");
	add_name(&sql, account);
	if (status == HF_OK) {
		mysql_free_result(res);
		if (some)
			status = put(ctx, account, &sql, out);
	}
	text_free(&sql);
	return status;
}

int32_t put_grants(hf_ctx *ctx, struct conn *c, struct text *out)
{
	MYSQL_RES *res;
	MYSQL_ROW account;
	int32_t status = list(ctx, c, &res);

	if (status != HF_OK)
		return status;
	while (status == HF_OK && (account = mysql_fetch_row(res)) != NULL) {
		status = put_rights(ctx, c, account, out);
		if (status == HF_OK && !c->mariadb && c->version >= 80000)
			status = put_default_roles(ctx, c, account, out);
	}
	mysql_free_result(res);
	return status;
}
