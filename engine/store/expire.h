/* SPDX-License-Identifier: MIT
 * Deciding and deleting: stages propose verdicts, this has the last word. */
#ifndef HF_STORE_EXPIRE_H
#define HF_STORE_EXPIRE_H

#include "engine/store/catalogue.h"

enum verdict { VERDICT_NONE, VERDICT_KEEP, VERDICT_EXPIRE };

struct plan_item {
	const struct point *point;
	enum verdict verdict;
	char *reason;   /* the stage's, or ours where we overruled it */
	bool overruled; /* proposed to expire, kept by a rule of the engine */
	bool removed;   /* by plan_apply */
};
struct plan {
	struct plan_item *v; /* as catalogue->v */
	size_t n;
};

/* An empty plan (no verdicts) over a catalogue, which must outlive it. */
struct plan *plan_new(const struct catalogue *c);
void plan_free(struct plan *p);
void plan_set(struct plan *p, size_t index, enum verdict verdict, const char *reason);
/* Overrules: only complete points may go; never the newest complete one, `current` (or NULL), a
 * pinned one, one that a kept point continues from or shares parts with (transitively), the
 * newest one without known damage if all kept ones have some, the newest verified one if no
 * kept one is verified and without damage; and none while the job has points of a newer format. */
void plan_enforce(struct plan *p, const char *current);
/* Deletes what is to expire: manifest first, owner last; a point before the one that it
 * continues from. Takes the read lock exclusively; HF_E_EXISTS if somebody is reading. Stops at
 * the first error; items tell what went (a point whose manifest went is removed, and
 * litter_sweep() clears the rest). */
int32_t plan_apply(struct plan *p, struct instance *sink, const char *job, struct error *err);
/* How many points are to expire. */
size_t plan_count(const struct plan *p, enum verdict verdict);

#endif
