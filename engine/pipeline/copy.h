/* SPDX-License-Identifier: MIT
 * Moving points between sinks: read once, verified on the way, only what is missing. */
#ifndef HF_PIPELINE_COPY_H
#define HF_PIPELINE_COPY_H

#include "engine/report/progress.h"
#include "engine/store/catalogue.h"

struct copy {
	struct instance *from, *to;
	unsigned lanes;
	struct progress progress;
	uint64_t copied, present; /* objects */
	uint64_t bytes;           /* copied */
};

/* Copies a complete point, its objects first, the manifest last, byte for byte. Objects that an earlier
 * attempt left are read back and kept if they are right. `there` is the target's point of that id or
 * NULL. The caller holds the target's run lock and the source's read lock. */
int32_t copy_point(struct copy *c, const struct point *point, const struct point *there,
	struct error *err);

#endif
