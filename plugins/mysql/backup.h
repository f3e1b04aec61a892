/* SPDX-License-Identifier: MIT
 * A running backup: its entries, and what each is to hold. */
#ifndef MYSQL_BACKUP_H
#define MYSQL_BACKUP_H

#include <pthread.h>

#include "rows.h"
#include "schema.h"
#include "snapshot.h"

#define LARGE_BYTES ((uint64_t)4 << 20) /* a table beyond this has entries of its own */

enum work_kind {
	WORK_ACCOUNTS,
	WORK_SEQUENCES,
	WORK_TABLES, /* definitions */
	WORK_PACK,   /* rows of small tables */
	WORK_CHUNK,  /* rows of a range of a large one */
	WORK_KEYS,
	WORK_FKS,
	WORK_ROUTINES,
	WORK_VIEWS,
	WORK_TRIGGERS,
	WORK_EVENTS,
	WORK_GRANTS,
};

struct work {
	enum work_kind kind;
	struct database *d;
	struct table **tables;
	size_t n;
	unsigned part;
	struct names from, to; /* a range of keys, as literals: from <= key < to; empty: no end */
	bool cut, counted;
	bool rows_only; /* there is no definition of its tables */
};

struct backup {
	const struct source *src;
	struct schema schema;
	struct snapshot snap;
	struct watch *watch;
	pthread_mutex_t lock; /* of what follows */
	struct work **works;
	size_t n, cap;
	unsigned tables_pending; /* entries of definitions that are not written yet */
	struct text fks;
};

/* plan.c: what the entries are. add takes the work over, whatever it returns. */
struct work *work_new(enum work_kind kind, struct database *d);
bool work_takes(struct work *w, struct table *t);
void work_free(struct work *w);
int32_t backup_add(hf_ctx *ctx, struct backup *b, struct work *w, uint64_t hint);
int32_t backup_add_kind(hf_ctx *ctx, struct backup *b, enum work_kind kind, struct database *d);
int32_t backup_plan(hf_ctx *ctx, struct backup *b, struct conn *c);
bool rows_wanted(const struct table *t);

/* range.c: parts of large tables. next finds where a part ends that is about to be read, and adds the entry of
 * the part behind it. */
int32_t range_next(hf_ctx *ctx, struct backup *b, struct conn *c, struct work *w);
/* WHERE ... ORDER BY ... of a part. */
void range_where(struct text *sql, const struct table *t, const struct names *from, const struct names *to);
void range_order(struct text *sql, const struct table *t);

#endif
