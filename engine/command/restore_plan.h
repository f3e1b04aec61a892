/* SPDX-License-Identifier: MIT
 * From the command line to a restore: which sources, opened how, with which targets and subjects. */
#ifndef HF_COMMAND_RESTORE_PLAN_H
#define HF_COMMAND_RESTORE_PLAN_H

#include "engine/command/target.h"
#include "engine/pipeline/restore.h"

/* Fills r->sources for a point. On an error what was opened is closed by restore_plan_close(). */
int32_t restore_plan(const struct args *args, struct target *t, const struct point *p,
	struct restore *r, struct error *err);
void restore_plan_close(struct restore *r);

#endif
