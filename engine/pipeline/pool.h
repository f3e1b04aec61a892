/* SPDX-License-Identifier: MIT
 * Worker threads that run short tasks first come, first served. */
#ifndef HF_PIPELINE_POOL_H
#define HF_PIPELINE_POOL_H

#include "engine/driver/instance.h"

struct pool;

struct task {
	void (*run)(struct task *task);
	struct task *next; /* the pool's */
};

/* `threads` workers; each enters `instance` (may be NULL) with worker_begin/worker_end. */
int32_t pool_new(unsigned threads, struct instance *instance, struct pool **out, struct error *err);
void pool_submit(struct pool *pool, struct task *task);
/* Runs what was submitted, then ends the workers. NULL is allowed. */
void pool_free(struct pool *pool);

/* Processors this process may use. */
unsigned cpu_count(void);

#endif
