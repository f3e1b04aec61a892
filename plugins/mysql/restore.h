/* SPDX-License-Identifier: MIT
 * What the parts of a restore share. */
#ifndef MYSQL_RESTORE_H
#define MYSQL_RESTORE_H

#include <pthread.h>

#include "conn.h"
#include "frame.h"
#include "rows.h"
#include "schema.h"

struct restore {
	const struct source *src;
	hf_restore given; /* a copy: only what it points to lasts */
	const hf_restore *in;
	bool force, dry;
	struct conn *lanes;
	uint32_t n;
	struct watch *watch;

	/* by the restore's options */
	bool check_full, events_as_was, log_bin;
	const char *definer; /* NULL: keep */
	enum load load;

	/* databases that were seen in the point, and what of them was asked for */
	struct names dbs, whole;
	struct names emptied; /* tables that get rows without a definition, quoted */
	bool replaced; /* the databases were dropped: nothing is in the way */

	/* single rows: --where */
	const char *where; /* NULL: whole tables */
	bool with_children;
	enum conflict conflict;
	struct text scratch;   /* the scratch database */
	struct names tables;   /* asked for, in the point */
	struct names children; /* that depend on them */
	struct names merged;
	struct {
		struct names child, parent, columns; /* foreign keys of the live database */
	} edges;

	pthread_mutex_t lock; /* of what follows */
	bool matched; /* --only hit something */
	struct names sum_names; /* "db.table" of large tables, and what was put into them so far */
	struct rows_sum *sums;
};

bool restore_wants(struct restore *r, const char *db, const char *name);
/* Where a database of the point goes to. */
static inline const char *restore_target(const struct restore *r, const char *db)
{
	return r->where != NULL ? r->scratch.s : r->in->into != NULL ? r->in->into : db;
}

/* run.c: runs the statements of an entry. `range`: of a part of a table, which is counted when all are there. */
int32_t run_entry(hf_ctx *ctx, struct restore *r, struct conn *c, bool range, hf_reader *in);

/* broken.c: views that were broken at the backup. */
struct broken {
	struct text db, name, set, sql; /* db: where it goes to */
	struct broken *next;
};
struct broken *broken_add(struct broken **list, const char *db, const char *name, const char *set, const char *sql);
int32_t broken_make(hf_ctx *ctx, struct conn *c, const struct broken *list);
void broken_free(struct broken **list);

/* merge.c: single rows. begin: the scratch database's name, locked; nothing is made yet. */
int32_t merge_begin(hf_ctx *ctx, struct restore *r);
int32_t merge_children(hf_ctx *ctx, struct restore *r, const char *db);
int32_t merge_rows(hf_ctx *ctx, struct restore *r);
void merge_drop(struct restore *r);

/* load.c: puts the rows that follow a "rows" frame into the table of that name in the current database.
 * *sum: of what was put in. */
int32_t load_rows(hf_ctx *ctx, struct restore *r, struct conn *c, const struct frame *f, struct input *in,
    struct rows_sum *sum);
/* Passes over them; sum NULL: without looking. */
int32_t skip_rows(struct input *in, struct rows_sum *sum);
/* The columns that a frame names. */
bool frame_columns(const struct frame *f, struct table *t);
void frame_columns_free(struct table *t);

#endif
