/* SPDX-License-Identifier: MIT
 * One moment in the life of a server, seen by several connections. */
#ifndef MYSQL_SNAPSHOT_H
#define MYSQL_SNAPSHOT_H

#include "schema.h"

struct snapshot {
	struct conn *lanes; /* each in a transaction that sees the moment */
	uint32_t n;
	struct conn locker; /* stops the server for the moment; MySQL: keeps definitions from changing until the end */
	struct conn keeper; /* holds the locks of tables that are kept until the end */
	struct conn *holder;  /* the one of them that keeps tables locked for reading, or NULL */
	bool holds_all;       /* all tables, not only those without snapshots */
	pthread_mutex_t turn; /* of the holder: one lane at a time */
	int64_t lock_ns;    /* how long everybody had to wait */
	struct text mark;   /* the position in the binary log, as JSON; empty: none */
};

/* The connection to read a table by: the lane's own, or the holder's, which snapshot_leave() gives back. A lane
 * that wanted a lock of its own on a locked table would wait for ever behind somebody who waits for us. */
struct conn *snapshot_enter(struct snapshot *snap, struct conn *lane, const struct table *t);
void snapshot_leave(struct snapshot *snap, const struct conn *c);

/* Locks, opens the lanes' transactions, reads the position, unlocks. `s` tells which tables need a lock for
 * as long as they are read. */
int32_t snapshot_take(
    hf_ctx *ctx, const struct source *src, const struct schema *s, uint32_t lanes, struct snapshot *snap);
void snapshot_free(struct snapshot *snap);

#endif
