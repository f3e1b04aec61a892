/* SPDX-License-Identifier: MIT
 * Small drivers in memory, taken in through plugin_import() as any plugin is: a sink, and a filter that can
 * misbehave. */
#ifndef TEST_MEM_DRIVERS_H
#define TEST_MEM_DRIVERS_H

#include "engine/driver/instance.h"

/* What the memory sink does wrong, and what it saw. Set before, read after. */
extern struct mem_sink_knobs {
	int fail_open, fail_write, fail_commit, fail_get; /* so many calls fail */
	int32_t status;                                   /* with this */
	size_t cut_get;   /* a get breaks off (transient) after so many bytes, once; 0 never */
	size_t flip_get;  /* 1 + offset of a byte that is flipped on the way; 0 none */
	uint64_t hint;    /* the size_hint of the last put_open() */
	size_t puts_open; /* now */
	size_t threads;   /* worker_begin minus worker_end */
} mem_sink_knobs;

enum mem_filter_fault {
	FILTER_GOOD,
	FILTER_NO_PROGRESS,
	FILTER_BEYOND,     /* moves the cursor out of bounds */
	FILTER_ENDS_EARLY,
	FILTER_FAILS
};
extern enum mem_filter_fault mem_filter_fault;

struct instance *mem_sink_open(const char *name);
/* Filter "double/1": every byte twice, so that output is larger than input and can be cut. `concat`:
 * blocks may be streams of their own. */
struct instance *mem_filter_open(bool concat);
void mem_close(struct instance *i);

/* What the sinks hold. NULL if it is not there. */
const struct buf *mem_object(const char *sink, const char *key);
size_t mem_objects(void);
void mem_reset(void);

#endif
