/* SPDX-License-Identifier: MIT
 * One moment in the life of a server, seen by several connections: a lock that stops all commits is held while
 * each connection opens a transaction with a consistent snapshot.
 *
 * MariaDB: BACKUP STAGE BLOCK_COMMIT. MySQL: FLUSH TABLES WITH READ LOCK, and LOCK INSTANCE FOR BACKUP, which
 * keeps definitions from changing, for as long as the backup runs. An account that may do neither locks the
 * tables themselves. Tables without snapshots are kept locked for reading until all is read. */
#include "config.h"

#include "snapshot.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frame.h"

enum held { HELD_NOTHING, HELD_STAGE, HELD_GLOBAL, HELD_TABLES };

static int64_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int32_t lock_timeout(hf_ctx *ctx, const struct source *src, struct conn *c)
{
	struct text sql = {0};
	int32_t status;

	text_printf(&sql, "SET SESSION lock_wait_timeout = %lld",
		(long long)(host->opt_int(src->opts, "lock_timeout", 0) / 1000000000));
	status = conn_run_text(ctx, c, "set how long to wait for locks", &sql);
	text_free(&sql);
	return status;
}

/* Must it be locked for as long as it is read? */
static bool unsafe(const struct table *t)
{
	return !t->view && !t->sequence && !t->elsewhere && !t->snapshot;
}

static bool has_unsafe(const struct schema *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->dbs[i].n; k++)
			if (unsafe(&s->dbs[i].tables[k]))
				return true;
	return false;
}

/* LOCK TABLES ... READ of those tables that `need`. */
static int32_t lock_tables(hf_ctx *ctx, const struct schema *s, struct conn *c, bool all, bool *any)
{
	struct text sql = {0};
	int32_t status = HF_OK;

	*any = false;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->dbs[i].n; k++) {
			const struct table *t = &s->dbs[i].tables[k];

			if (!unsafe(t) && (!all || t->view || t->sequence || t->elsewhere))
				continue;
			text_puts(&sql, *any ? ", " : "LOCK TABLES ");
			text_qualified(&sql, s->dbs[i].name, t->name);
			text_puts(&sql, " READ");
			*any = true;
		}
	if (*any)
		status = conn_run_text(ctx, c, "lock tables for reading", &sql);
	text_free(&sql);
	return status;
}

static bool denied(struct conn *c)
{
	const unsigned e = mysql_errno(c->my);

	return e == 1227 || e == 1044 || e == 1045 || e == 1142;
}

static int32_t lock_server(hf_ctx *ctx, const struct schema *s, struct conn *c, enum held *held, int64_t *since)
{
	bool any;

	*since = clock_now();
	if (c->mariadb && c->version >= 100401) {
		if (conn_try(c, "BACKUP STAGE START")) {
			/* what takes time is done before commits have to wait */
			if (conn_try(c, "BACKUP STAGE FLUSH") && conn_try(c, "BACKUP STAGE BLOCK_DDL") &&
			    (*since = clock_now(), conn_try(c, "BACKUP STAGE BLOCK_COMMIT"))) {
				*held = HELD_STAGE;
				return HF_OK;
			}
			const int32_t status = conn_error(ctx, c, "stop commits for the snapshot");

			(void)conn_try(c, "BACKUP STAGE END");
			return status;
		}
		if (!denied(c))
			return conn_error(ctx, c, "begin a backup stage");
	} else {
		if (conn_try(c, "FLUSH TABLES WITH READ LOCK")) {
			*held = HELD_GLOBAL;
			return HF_OK;
		}
		if (!denied(c))
			return conn_error(ctx, c, "lock the server for the snapshot");
	}
	*held = HELD_TABLES;
	host->log(ctx, HF_LOG_INFO, "the account may not lock the server: the tables are locked one by one");
	const int32_t status = lock_tables(ctx, s, c, true, &any);

	if (status == HF_E_AUTH)
		host->hint(ctx, "grant RELOAD ON *.* to the account, or LOCK TABLES on each database; "
				"`holdfast check JOB` prints the statement");
	return status;
}

static void unlock_server(struct conn *c, enum held held)
{
	if (held == HELD_STAGE)
		(void)conn_try(c, "BACKUP STAGE END");
	else if (held != HELD_NOTHING)
		(void)conn_try(c, "UNLOCK TABLES");
}

/* --- the position in the binary log --------------------------------------- */

static int32_t status_value(hf_ctx *ctx, struct conn *c, const char *name, struct text *out)
{
	struct text sql = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	int32_t status;

	text_printf(&sql, "SHOW STATUS LIKE '%s'", name);
	status = conn_rows_text(ctx, c, "read the position of the snapshot", &sql, &res);
	text_free(&sql);
	text_clear(out);
	if (status != HF_OK)
		return status;
	row = mysql_fetch_row(res);
	text_puts(out, row != NULL && row[1] != NULL ? row[1] : "");
	mysql_free_result(res);
	return out->failed ? out_of_memory(ctx) : HF_OK;
}

/* "FILE:POSITION" as this lane's snapshot sees it; empty without a binary log. MariaDB only. */
static int32_t lane_position(hf_ctx *ctx, struct conn *c, struct text *out)
{
	struct text value = {0};
	int32_t status = status_value(ctx, c, "binlog_snapshot_file", out);

	if (status == HF_OK)
		status = status_value(ctx, c, "binlog_snapshot_position", &value);
	if (status == HF_OK && out->n > 0)
		text_printf(out, ":%s", value.s);
	text_free(&value);
	return status;
}

static bool same_position(hf_ctx *ctx, struct snapshot *snap, int32_t *status)
{
	struct text first = {0}, other = {0};
	bool same = true;

	*status = lane_position(ctx, &snap->lanes[0], &first);
	for (uint32_t i = 1; i < snap->n && *status == HF_OK && same; i++) {
		*status = lane_position(ctx, &snap->lanes[i], &other);
		same = *status == HF_OK && strcmp(first.s, other.s) == 0;
	}
	same = same && (first.n > 0 || snap->n == 1);
	text_free(&first);
	text_free(&other);
	return same;
}

static void mark_pair(json_object *o, const char *key, const char *value)
{
	if (value != NULL && *value != '\0')
		json_object_object_add(o, key, json_object_new_string(value));
}

static void mark_mariadb(hf_ctx *ctx, struct conn *c, json_object *o)
{
	struct text at = {0}, gtid = {0}, sql = {0};
	char *colon;

	if (lane_position(ctx, c, &at) == HF_OK && at.n > 0 && (colon = strrchr(at.s, ':')) != NULL) {
		text_puts(&sql, "SELECT BINLOG_GTID_POS(");
		text_string(&sql, at.s, (size_t)(colon - at.s));
		text_printf(&sql, ", %s)", colon + 1);
		if (!sql.failed && conn_value(ctx, c, "read the GTID of the snapshot", sql.s, &gtid) == HF_OK)
			mark_pair(o, "gtid", gtid.s);
		*colon = '\0';
		mark_pair(o, "file", at.s);
		mark_pair(o, "position", colon + 1);
	}
	text_free(&at);
	text_free(&gtid);
	text_free(&sql);
}

/* Under the lock: the same for all lanes. */
static void mark_mysql(struct conn *c, json_object *o)
{
	MYSQL_RES *res;
	MYSQL_ROW row;

	if (mysql_query(c->my, c->version >= 80200 ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS") != 0 ||
	    (res = mysql_store_result(c->my)) == NULL)
		return;
	row = mysql_fetch_row(res);
	if (row != NULL) {
		mark_pair(o, "file", row[0]);
		mark_pair(o, "position", row[1]);
		if (mysql_num_fields(res) > 4)
			mark_pair(o, "gtid", row[4]);
	}
	mysql_free_result(res);
}

static int32_t take_mark(hf_ctx *ctx, struct snapshot *snap, struct conn *locker)
{
	json_object *o = json_object_new_object();

	if (o == NULL)
		return out_of_memory(ctx);
	if (snap->lanes[0].mariadb)
		mark_mariadb(ctx, &snap->lanes[0], o);
	else
		mark_mysql(locker, o);
	if (json_object_object_length(o) > 0)
		text_puts(&snap->mark, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
	return snap->mark.failed ? out_of_memory(ctx) : HF_OK;
}

/* --- the moment ---------------------------------------------------------- */

static int32_t begin_lanes(hf_ctx *ctx, struct snapshot *snap)
{
	int32_t status = HF_OK;

	for (uint32_t i = 0; i < snap->n && status == HF_OK; i++) {
		struct conn *c = &snap->lanes[i];

		status = conn_run(ctx, c, "begin a transaction", "START TRANSACTION WITH CONSISTENT SNAPSHOT");
	}
	return status;
}

/* Without a lock: several snapshots are one only if no commit came between. */
static int32_t unlocked(hf_ctx *ctx, struct snapshot *snap)
{
	int32_t status = begin_lanes(ctx, snap);

	if (!snap->lanes[0].mariadb && snap->n > 1)
		return host->fail(ctx, HF_E_CONFIG, "locks = none needs parallel = 1 on this server: "
						    "several snapshots cannot be proven to be one moment");
	for (int attempt = 0; status == HF_OK && attempt < 100; attempt++) {
		if (snap->n == 1 || same_position(ctx, snap, &status))
			return status;
		for (uint32_t i = 0; i < snap->n && status == HF_OK; i++)
			status = conn_run(ctx, &snap->lanes[i], "end a transaction", "ROLLBACK");
		if (status == HF_OK)
			status = begin_lanes(ctx, snap);
	}
	if (status != HF_OK)
		return status;
	host->fail(ctx, HF_E_CONFIG, "without a lock the snapshots of several connections cannot be proven to be one moment");
	host->hint(ctx, "use locks = auto, or parallel = 1; it takes a binary log, too");
	return HF_E_CONFIG;
}

static int32_t under_lock(hf_ctx *ctx, const struct source *src, const struct schema *s, struct snapshot *snap)
{
	const bool full = host->opt_int(src->opts, "locks", 0) == LOCKS_FULL;
	struct conn *locker = &snap->locker;
	enum held held = HELD_NOTHING;
	int64_t since;
	int32_t status = lock_server(ctx, s, locker, &held, &since), checked = HF_OK;
	bool any = full;

	if (status == HF_OK && held != HELD_TABLES) {
		status = lock_tables(ctx, s, &snap->keeper, full, &any);
		if (status == HF_OK && any)
			snap->holder = &snap->keeper;
		snap->holds_all = full;
	}
	if (status == HF_OK)
		status = begin_lanes(ctx, snap);
	if (status == HF_OK && !locker->mariadb)
		status = take_mark(ctx, snap, locker);
	if (status == HF_OK && held == HELD_GLOBAL && !locker->mariadb && locker->version >= 80000)
		(void)conn_try(locker, "LOCK INSTANCE FOR BACKUP");
	/* locked one by one, they can only be let go all at once */
	if (held != HELD_TABLES || !(full || has_unsafe(s)) || status != HF_OK) {
		unlock_server(locker, held);
	} else {
		snap->holder = locker;
		snap->holds_all = true;
	}
	snap->lock_ns = clock_now() - since;
	/* MariaDB's snapshots know where they are, also later */
	if (status == HF_OK && locker->mariadb)
		status = take_mark(ctx, snap, locker);
	if (status == HF_OK && snap->mark.n > 0 && locker->mariadb && held != HELD_TABLES &&
	    !same_position(ctx, snap, &checked))
		status = checked != HF_OK ? checked :
			host->fail(ctx, HF_E_FAILED, "the server's snapshots differ although commits were stopped");
	return status;
}

static int32_t warn_unlocked(hf_ctx *ctx, const struct schema *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->dbs[i].n; k++) {
			const struct table *t = &s->dbs[i].tables[k];

			if (unsafe(t))
				host->warn(ctx, "locks = none: table %s.%s (%s) has no snapshots and may be inconsistent",
					shown(s->dbs[i].name), shown(t->name), t->engine);
		}
	return HF_OK;
}

static int32_t set_up_lane(hf_ctx *ctx, const struct source *src, struct conn *c)
{
	const int32_t status = lock_timeout(ctx, src, c);

	return status != HF_OK ? status :
		conn_run(ctx, c, "set up the session", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
}

int32_t snapshot_take(
    hf_ctx *ctx, const struct source *src, const struct schema *s, uint32_t lanes, struct snapshot *snap)
{
	int32_t status = HF_OK;

	*snap = (struct snapshot){.lanes = calloc(lanes, sizeof(struct conn)), .turn = PTHREAD_MUTEX_INITIALIZER};
	if (snap->lanes == NULL)
		return out_of_memory(ctx);
	for (; snap->n < lanes && status == HF_OK; snap->n += status == HF_OK) {
		status = conn_open(ctx, src, &snap->lanes[snap->n]);
		if (status == HF_OK && (status = set_up_lane(ctx, src, &snap->lanes[snap->n])) != HF_OK)
			conn_close(&snap->lanes[snap->n]);
	}
	if (status == HF_OK && host->opt_int(src->opts, "locks", 0) == LOCKS_NONE) {
		status = unlocked(ctx, snap);
		if (status == HF_OK && snap->lanes[0].mariadb)
			status = take_mark(ctx, snap, NULL);
		return status == HF_OK ? warn_unlocked(ctx, s) : status;
	}
	if (status == HF_OK)
		status = conn_open(ctx, src, &snap->locker);
	if (status == HF_OK)
		status = conn_open(ctx, src, &snap->keeper);
	if (status == HF_OK)
		status = lock_timeout(ctx, src, &snap->locker);
	if (status == HF_OK)
		status = lock_timeout(ctx, src, &snap->keeper);
	if (status == HF_OK)
		status = under_lock(ctx, src, s, snap);
	return status;
}

struct conn *snapshot_enter(struct snapshot *snap, struct conn *lane, const struct table *t)
{
	if (snap->holder == NULL || (t->snapshot && !snap->holds_all))
		return lane;
	pthread_mutex_lock(&snap->turn);
	return snap->holder;
}

void snapshot_leave(struct snapshot *snap, const struct conn *c)
{
	if (c == snap->holder)
		pthread_mutex_unlock(&snap->turn);
}

void snapshot_free(struct snapshot *snap)
{
	for (uint32_t i = 0; i < snap->n; i++)
		conn_close(&snap->lanes[i]);
	free(snap->lanes);
	conn_close(&snap->locker);
	conn_close(&snap->keeper);
	text_free(&snap->mark);
	*snap = (struct snapshot){0};
}
