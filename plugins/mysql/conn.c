/* SPDX-License-Identifier: MIT
 * Connections to a server: how they are made, and what goes wrong on them. */
#include "config.h"

#include "conn.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers that the client libraries' headers name differently, or that only one of them names:
 * MySQL Server Error Reference, and the client's. */
#define CR_CONNECTION 2002
#define CR_CONN_HOST 2003
#define CR_SERVER_GONE 2006
#define CR_SERVER_LOST_NR 2013
#define CR_SSL 2026

int32_t out_of_memory(hf_ctx *ctx)
{
	return host->fail(ctx, HF_E_FAILED, "out of memory in the mysql driver");
}

static const struct {
	unsigned number;
	int32_t status;
	const char *hint;
} known[] = {
	{CR_CONNECTION, HF_E_TRANSIENT, "is the server running, and are host, port or socket right?"},
	{CR_CONN_HOST, HF_E_TRANSIENT, "is the server running, and are host and port right?"},
	{2005, HF_E_CONFIG, "the name of the host cannot be found"},
	{CR_SERVER_GONE, HF_E_FAILED, "look into the server's error log, then run it again"},
	{CR_SERVER_LOST_NR, HF_E_FAILED, "look into the server's error log, then run it again"},
	{2059, HF_E_AUTH, "the client library lacks the plugin that the account logs in with: install it, or change the account"},
	{2061, HF_E_AUTH, "the account's login needs an encrypted connection: set tls = required"},
	{2020, HF_E_CONFIG, "a row is larger than the client takes"},
	{CR_SSL, HF_E_AUTH, "set tls_ca to the authority that signed the server's certificate, or tls = no"},
	{1021, HF_E_NO_SPACE, "the server's disk is full"},
	{1040, HF_E_TRANSIENT, "the server has too many connections; lower parallel or raise max_connections"},
	{1044, HF_E_AUTH, "`holdfast check JOB` prints the GRANT that is missing"},
	{1045, HF_E_AUTH, "check user and password_file, and from which host the account may connect"},
	{1049, HF_E_NOT_FOUND, "check the name in `database`; SHOW DATABASES lists what the account sees"},
	{1114, HF_E_NO_SPACE, "the table or its tablespace is full"},
	{1142, HF_E_AUTH, "`holdfast check JOB` prints the GRANT that is missing"},
	{1143, HF_E_AUTH, "`holdfast check JOB` prints the GRANT that is missing"},
	{1153, HF_E_FAILED, "raise max_allowed_packet on the server: SET GLOBAL max_allowed_packet = 1073741824"},
	{1193, HF_E_UNSUPPORTED, NULL},
	{1205, HF_E_TRANSIENT, "something holds a lock for long: SHOW PROCESSLIST shows it; lock_timeout waits longer"},
	{1213, HF_E_TRANSIENT, NULL},
	{1227, HF_E_AUTH, "`holdfast check JOB` prints the GRANT that is missing"},
	{1317, HF_E_CANCELLED, NULL},
	{1370, HF_E_AUTH, "`holdfast check JOB` prints the GRANT that is missing"},
	{1412, HF_E_FAILED, "a table was altered, truncated or made again while it was read: run it again"},
	{1418, HF_E_AUTH,
		"the target writes a binary log and does not trust function creators: "
		"SET GLOBAL log_bin_trust_function_creators = 1, or restore with --log-bin no"},
	{1419, HF_E_AUTH,
		"the target writes a binary log and does not trust function creators: "
		"SET GLOBAL log_bin_trust_function_creators = 1, or restore with --log-bin no"},
	{1449, HF_E_FAILED, "create that account first, or restore with --definer strip"},
	{1698, HF_E_AUTH, "that account logs in by its unix user only: use another account"},
	{3948, HF_E_UNSUPPORTED, "restore with --load insert"},
};

int32_t conn_error(hf_ctx *ctx, struct conn *c, const char *what)
{
	const unsigned number = mysql_errno(c->my);
	int32_t status = HF_E_FAILED;
	const char *hint = NULL;

	if (number == CR_SERVER_GONE || number == CR_SERVER_LOST_NR || number == 1927 || number == 2055)
		c->lost = true;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].number == number) {
			status = known[i].status;
			hint = known[i].hint;
		}
	/* KILL QUERY by somebody else is a failure; by us, it is because we were asked to stop */
	if (host->cancelled(ctx))
		status = HF_E_CANCELLED;
	else if (status == HF_E_CANCELLED)
		status = HF_E_FAILED;
	host->fail(ctx, status, "cannot %s: %s (error %u)", what, mysql_error(c->my), number);
	if (hint != NULL)
		host->hint(ctx, "%s", hint);
	return status;
}

/* --- connecting ---------------------------------------------------------- */

#ifdef MARIADB_PACKAGE_VERSION
static void set_yes(MYSQL *my, enum mysql_option option, bool yes)
{
	char flag = yes ? 1 : 0;

	mysql_options(my, option, &flag);
}
#endif

static void set_tls(MYSQL *my, const struct source *src, bool wanted)
{
	const char *ca = host->opt_text(src->opts, "tls_ca", 0);
	const int64_t tls = host->opt_int(src->opts, "tls", 0);

#ifdef MARIADB_PACKAGE_VERSION
	if (wanted)
		mysql_ssl_set(my, host->opt_text(src->opts, "tls_key", 0),
			host->opt_text(src->opts, "tls_cert", 0), ca, NULL, NULL);
	set_yes(my, MYSQL_OPT_SSL_ENFORCE, wanted);
	set_yes(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, wanted && (tls == TLS_VERIFY || ca != NULL));
#else
	unsigned mode = !wanted             ? SSL_MODE_DISABLED :
			tls == TLS_VERIFY   ? SSL_MODE_VERIFY_IDENTITY :
			ca != NULL          ? SSL_MODE_VERIFY_CA :
			tls == TLS_REQUIRED ? SSL_MODE_REQUIRED :
					      SSL_MODE_PREFERRED;

	if (wanted) {
		mysql_options(my, MYSQL_OPT_SSL_KEY, host->opt_text(src->opts, "tls_key", 0));
		mysql_options(my, MYSQL_OPT_SSL_CERT, host->opt_text(src->opts, "tls_cert", 0));
		mysql_options(my, MYSQL_OPT_SSL_CA, ca);
	}
	mysql_options(my, MYSQL_OPT_SSL_MODE, &mode);
#endif
}

static MYSQL *attempt(const struct source *src, bool tls, bool *made)
{
	const hf_options *o = src->opts;
	const char *file = host->opt_text(o, "defaults_file", 0);
	const char *name = host->opt_text(o, "host", 0), *socket = host->opt_text(o, "socket", 0);
	unsigned connect_s = (unsigned)(host->opt_int(o, "connect_timeout", 0) / 1000000000);
	unsigned long packet = 1ul << 30;
	MYSQL *my = mysql_init(NULL);

	if (my == NULL)
		return NULL;
	if (connect_s == 0)
		connect_s = 1;
	mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(my, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (host->opt_int(o, "compress", 0))
		mysql_options(my, MYSQL_OPT_COMPRESS, NULL);
	if (file != NULL) {
		mysql_options(my, MYSQL_READ_DEFAULT_FILE, file);
		mysql_options(my, MYSQL_READ_DEFAULT_GROUP, "client");
	}
	set_tls(my, src, tls);
	unsigned infile = 1;

	mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &infile);
	*made = mysql_real_connect(my, socket != NULL ? NULL : name, host->opt_text(o, "user", 0),
			host->opt_text(o, "password", 0), NULL,
			(unsigned)host->opt_int(o, "port", 0), socket, 0) != NULL;
	return my;
}

/* Nobody listens in on the way to this machine itself. */
static bool is_local(const struct source *src)
{
	const char *name = host->opt_text(src->opts, "host", 0);

	if (host->opt_text(src->opts, "socket", 0) != NULL)
		return true;
	if (name == NULL)
		return host->opt_text(src->opts, "defaults_file", 0) == NULL;
	return strcmp(name, "localhost") == 0 || strncmp(name, "127.", 4) == 0 || strcmp(name, "::1") == 0;
}

/* Does the error say that the other way, with or without TLS, may succeed? */
static bool other_way(const struct source *src, unsigned error, bool tls)
{
	if (tls)
		return error == CR_SSL && host->opt_text(src->opts, "tls_ca", 0) == NULL;
	return error == 1045 || error == 3159 /* secure transport required */ || error == 2061 /* the plugin wants TLS */;
}

static int32_t connect_server(hf_ctx *ctx, const struct source *src, struct conn *c)
{
	const int64_t wish = host->opt_int(src->opts, "tls", 0);
	const bool tls = wish == TLS_REQUIRED || wish == TLS_VERIFY || (wish == TLS_AUTO && !is_local(src));
	bool made = false;

	c->my = attempt(src, tls, &made);
	if (c->my != NULL && !made && wish == TLS_AUTO && other_way(src, mysql_errno(c->my), tls)) {
		mysql_close(c->my);
		c->my = attempt(src, !tls, &made);
	}
	if (c->my == NULL)
		return out_of_memory(ctx);
	if (!made)
		return conn_error(ctx, c, "connect to the server");
	c->tls = mysql_get_ssl_cipher(c->my) != NULL;
	/* a library may connect in the clear where the server has no TLS */
	if (!c->tls && (wish == TLS_REQUIRED || wish == TLS_VERIFY)) {
		host->fail(ctx, HF_E_AUTH, "the server speaks no TLS, which the job requires");
		host->hint(ctx, "give the server a certificate (ssl_cert, ssl_key), or set tls = no");
		return HF_E_AUTH;
	}
	return HF_OK;
}

/* --- the session --------------------------------------------------------- */

static int32_t set_session(hf_ctx *ctx, struct conn *c)
{
	static const char *const wished[] = {
		/* MariaDB */
		"SET SESSION check_constraint_checks = 0",
		"SET SESSION system_versioning_alter_history = KEEP",
		"SET SESSION system_versioning_insert_history = 1",
		"SET SESSION max_statement_time = 0",
		"SET SESSION idle_transaction_timeout = 0",
		"SET SESSION column_compression_threshold = 100",
		/* MySQL */
		"SET SESSION max_execution_time = 0",
		"SET SESSION sql_require_primary_key = 0",
		"SET SESSION sql_generate_invisible_primary_key = 0",
		"SET SESSION show_create_table_skip_secondary_engine = 0",
		"SET SESSION print_identified_with_as_hex = 1",
		"SET SESSION information_schema_stats_expiry = 0",
		"SET SESSION restrict_fk_on_non_standard_key = 0",
		/* both, where the account may */
		"SET SESSION innodb_strict_mode = 0",
		"SET SESSION tmp_table_size = 67108864",
	};
	int32_t status = conn_run(ctx, c, "set up the session",
		"SET NAMES utf8mb4, character_set_results = NULL, time_zone = '+00:00',"
		" sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION',"
		" sql_quote_show_create = 1, foreign_key_checks = 0, unique_checks = 1,"
		" group_concat_max_len = 1048576, net_read_timeout = 86400, net_write_timeout = 86400, wait_timeout = 604800,"
		" autocommit = 1");

	for (size_t i = 0; i < sizeof wished / sizeof wished[0] && status == HF_OK; i++)
		if (!conn_try(c, wished[i]) && c->lost)
			status = conn_error(ctx, c, "set up the session");
	return status;
}

int32_t conn_open(hf_ctx *ctx, const struct source *src, struct conn *c)
{
	int32_t status;
	const char *server;
	unsigned long v[3];

	*c = (struct conn){.src = src};
	status = connect_server(ctx, src, c);
	if (status == HF_OK) {
		c->id = mysql_thread_id(c->my);
		c->version = mysql_get_server_version(c->my);
		server = mysql_get_server_info(c->my);
		c->mariadb = server != NULL && strstr(server, "MariaDB") != NULL;
		/* MariaDB 10 pretends to be that old to clients that do not know better: MySQL's library */
		if (c->mariadb && sscanf(server, "5.5.5-%lu.%lu.%lu", &v[0], &v[1], &v[2]) == 3)
			c->version = v[0] * 10000 + v[1] * 100 + v[2];
		status = set_session(ctx, c);
	}
	if (status != HF_OK)
		conn_close(c);
	return status;
}

void conn_close(struct conn *c)
{
	if (c->my != NULL)
		mysql_close(c->my);
	c->my = NULL;
}

/* --- statements ---------------------------------------------------------- */

static int32_t lost(hf_ctx *ctx, const char *what)
{
	host->fail(ctx, HF_E_FAILED, "cannot %s: the connection to the server was lost before", what);
	host->hint(ctx, "look into the server's error log, then run it again");
	return HF_E_FAILED;
}

static bool drain(struct conn *c)
{
	int more;

	do {
		MYSQL_RES *res = mysql_use_result(c->my);

		if (res != NULL) {
			while (mysql_fetch_row(res) != NULL)
				;
			mysql_free_result(res);
		}
		if (mysql_errno(c->my) != 0)
			return false;
		more = mysql_next_result(c->my);
	} while (more == 0);
	return more < 0;
}

static int32_t run(hf_ctx *ctx, struct conn *c, const char *what, const char *sql, size_t n)
{
	if (c->lost)
		return lost(ctx, what);
	if (mysql_real_query(c->my, sql, n) != 0 || !drain(c))
		return conn_error(ctx, c, what);
	return HF_OK;
}

int32_t conn_run(hf_ctx *ctx, struct conn *c, const char *what, const char *sql)
{
	return run(ctx, c, what, sql, strlen(sql));
}

int32_t conn_run_text(hf_ctx *ctx, struct conn *c, const char *what, const struct text *sql)
{
	return sql->failed ? out_of_memory(ctx) : run(ctx, c, what, sql->s, sql->n);
}

bool conn_try(struct conn *c, const char *sql)
{
	if (c->lost)
		return false;
	if (mysql_real_query(c->my, sql, strlen(sql)) == 0 && drain(c))
		return true;
	c->lost = mysql_errno(c->my) == CR_SERVER_GONE || mysql_errno(c->my) == CR_SERVER_LOST_NR;
	return false;
}

static int32_t rows(
    hf_ctx *ctx, struct conn *c, const char *what, const char *sql, size_t n, MYSQL_RES **res)
{
	*res = NULL;
	if (c->lost)
		return lost(ctx, what);
	if (mysql_real_query(c->my, sql, n) == 0)
		*res = mysql_store_result(c->my);
	return *res != NULL ? HF_OK : conn_error(ctx, c, what);
}

int32_t conn_rows(hf_ctx *ctx, struct conn *c, const char *what, const char *sql, MYSQL_RES **res)
{
	return rows(ctx, c, what, sql, strlen(sql), res);
}

int32_t conn_rows_text(
    hf_ctx *ctx, struct conn *c, const char *what, const struct text *sql, MYSQL_RES **res)
{
	*res = NULL;
	return sql->failed ? out_of_memory(ctx) : rows(ctx, c, what, sql->s, sql->n, res);
}

int32_t conn_value(hf_ctx *ctx, struct conn *c, const char *what, const char *sql, struct text *out)
{
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status = conn_rows(ctx, c, what, sql, &res);

	text_clear(out);
	if (status != HF_OK)
		return status;
	row = mysql_fetch_row(res);
	text_puts(out, row != NULL && row[0] != NULL ? row[0] : "");
	mysql_free_result(res);
	return out->failed ? out_of_memory(ctx) : HF_OK;
}

/* One more connection that does nothing but KILL. Nobody hears of its errors. */
static void kill_query(const struct source *src, unsigned long id, bool tls)
{
	struct text sql = {0};
	bool made = false;
	MYSQL *my = attempt(src, tls, &made);

	text_printf(&sql, "KILL QUERY %lu", id);
	if (my != NULL && made && !sql.failed)
		mysql_real_query(my, sql.s, sql.n);
	text_free(&sql);
	if (my != NULL)
		mysql_close(my);
}

void conn_abandon(struct conn *c, MYSQL_RES *res)
{
	if (!c->lost)
		kill_query(c->src, c->id, c->tls);
	while (mysql_fetch_row(res) != NULL)
		;
	mysql_free_result(res);
}

/* --- watching for the wish to stop --------------------------------------- */

struct watch {
	pthread_t thread;
	pthread_mutex_t lock;
	const struct source *src;
	int cancel_fd;
	int wake[2];
	bool tls;
	unsigned long ids[256];
	size_t n;
};

static void *watching(void *arg)
{
	struct watch *w = arg;
	struct pollfd fds[2] = {
		{.fd = w->cancel_fd, .events = POLLIN}, {.fd = w->wake[0], .events = POLLIN}};

	while (poll(fds, 2, -1) < 0)
		;
	if (fds[1].revents == 0) {
		/* again and again: a lane may just be between two statements */
		do {
			pthread_mutex_lock(&w->lock);
			for (size_t i = 0; i < w->n; i++)
				kill_query(w->src, w->ids[i], w->tls);
			pthread_mutex_unlock(&w->lock);
		} while (poll(fds + 1, 1, 1000) == 0);
	}
	mysql_thread_end();
	return NULL;
}

struct watch *watch_start(hf_ctx *ctx, const struct source *src)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->src = src;
	w->cancel_fd = host->cancel_fd(ctx);
	pthread_mutex_init(&w->lock, NULL);
	if (w->cancel_fd < 0 || pipe(w->wake) != 0) {
		free(w);
		return NULL;
	}
	if (pthread_create(&w->thread, NULL, watching, w) != 0) {
		close(w->wake[0]);
		close(w->wake[1]);
		free(w);
		return NULL;
	}
	return w;
}

void watch_add(struct watch *w, const struct conn *c)
{
	pthread_mutex_lock(&w->lock);
	if (w->n < sizeof w->ids / sizeof w->ids[0])
		w->ids[w->n++] = c->id;
	w->tls = c->tls;
	pthread_mutex_unlock(&w->lock);
}

void watch_stop(struct watch *w)
{
	if (w == NULL)
		return;
	if (write(w->wake[1], "", 1) == 1)
		pthread_join(w->thread, NULL);
	close(w->wake[0]);
	close(w->wake[1]);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
