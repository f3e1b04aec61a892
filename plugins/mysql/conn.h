/* SPDX-License-Identifier: MIT
 * Connections to a server. One belongs to one thread at a time. */
#ifndef MYSQL_CONN_H
#define MYSQL_CONN_H

#include <mysql.h>
#include <pthread.h>

#include "mysql.h"
#include "text.h"

struct conn {
	MYSQL *my;
	const struct source *src;
	unsigned long id;      /* of the server's thread, for KILL */
	unsigned long version; /* 101119 is 10.11.19 */
	bool mariadb, tls;
	bool lost; /* the server is gone: nothing more can be asked */
};

/* Connects, and sets the session up so that nothing depends on the server's defaults: sql_mode empty but for
 * what keeps values as they are, UTC, names in utf8mb4, results as the raw bytes that are stored. */
int32_t conn_open(hf_ctx *ctx, const struct source *src, struct conn *c);
void conn_close(struct conn *c);

/* Fails the call with the server's words after "cannot WHAT: ", a class and a hint where one is known. */
int32_t conn_error(hf_ctx *ctx, struct conn *c, const char *what);
int32_t out_of_memory(hf_ctx *ctx);

/* Runs a statement; its results are dropped. `what` completes "cannot ...". */
int32_t conn_run(hf_ctx *ctx, struct conn *c, const char *what, const char *sql);
int32_t conn_run_text(hf_ctx *ctx, struct conn *c, const char *what, const struct text *sql);
/* Runs what some servers or accounts may not: no error is told, only whether it worked. */
bool conn_try(struct conn *c, const char *sql);
/* The whole result, to be freed with mysql_free_result(). */
int32_t conn_rows(hf_ctx *ctx, struct conn *c, const char *what, const char *sql, MYSQL_RES **res);
int32_t conn_rows_text(
    hf_ctx *ctx, struct conn *c, const char *what, const struct text *sql, MYSQL_RES **res);
/* The first value of the first row in `out`, which is empty if there is none or it is NULL. */
int32_t conn_value(
    hf_ctx *ctx, struct conn *c, const char *what, const char *sql, struct text *out);
/* Ends a running query of this connection and throws away what it still sends. */
void conn_abandon(struct conn *c, MYSQL_RES *res);

/* Connections that are ended by KILL when the host asks to stop: a statement that runs for hours must not
 * keep the command from ending. */
struct watch;
struct watch *watch_start(hf_ctx *ctx, const struct source *src);
void watch_add(struct watch *w, const struct conn *c);
void watch_stop(struct watch *w);

#endif
