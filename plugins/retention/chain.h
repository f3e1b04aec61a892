/* SPDX-License-Identifier: MIT
 *
 * Incremental points and what they continue.
 */
#ifndef RETENTION_CHAIN_H
#define RETENTION_CHAIN_H

#include "plan.h"

#define NO_PARENT SIZE_MAX        /* a full point */
#define MISSING_PARENT (SIZE_MAX - 1)

/* parent[i] becomes the index of the point that i continues. False if out of
 * memory. */
bool chain_link(const struct plan_point *points, size_t count, size_t *parent);
/* Sets .sound of every point: in a circle, none is. False if out of memory. */
bool chain_judge(const struct plan_point *points, const size_t *parent, size_t count,
    struct plan_verdict *verdicts);
/* Keeps all that `from`, which stays, continues. */
void chain_keep(const size_t *parent, size_t from, struct plan_verdict *verdicts);

#endif
