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
	int64_t lock_ns;    /* how long everybody had to wait */
	struct text mark;   /* the position in the binary log, as JSON; empty: none */
};

/* Locks, opens the lanes' transactions, reads the position, unlocks. `s` tells which tables need a lock for
 * as long as they are read. */
int32_t snapshot_take(
    hf_ctx *ctx, const struct source *src, const struct schema *s, uint32_t lanes, struct snapshot *snap);
void snapshot_free(struct snapshot *snap);

#endif
