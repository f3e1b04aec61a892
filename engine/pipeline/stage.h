/* SPDX-License-Identifier: MIT
 * Running post stages over a sink's catalogue. They propose; plan_enforce() has the last word. */
#ifndef HF_PIPELINE_STAGE_H
#define HF_PIPELINE_STAGE_H

#include "engine/pipeline/opened.h"
#include "engine/store/expire.h"

/* Is this stage meant for that sink (`sink = NAME` in its section)? */
bool stage_wants_sink(const struct opened_post *post, const char *sink);
/* Runs one stage; its verdicts go into `plan` (which is over `c`). `current` is the point of this run or
 * NULL. HF_E_CORRUPT: it found damage. The caller holds the run lock, or the read lock if the stage only verifies. */
int32_t stage_run(const struct opened_post *post, const char *sink_name, struct catalogue *c,
	struct plan *plan, const char *current, unsigned lanes, struct error *err);

#endif
