/* SPDX-License-Identifier: MIT
 * How far a run is: a line on a terminal, now and then a line elsewhere, events with --json. */
#ifndef HF_REPORT_PROGRESS_H
#define HF_REPORT_PROGRESS_H

#include <stdatomic.h>
#include <stdint.h>

/* Counted by any thread; read by the one that draws. */
struct progress {
	atomic_uint_least64_t plain;  /* bytes done */
	atomic_uint_least64_t stored; /* of them, as stored (backup) */
	atomic_uint_least64_t total;  /* bytes expected, 0 unknown */
	atomic_uint_least64_t entries_done, entries;
};

/* Starts drawing `p` ("backup", "restore", "verify"...). One at a time. `p` outlives progress_stop(). */
void progress_start(const char *verb, struct progress *p);
/* What is being worked on; copied. Any thread. */
void progress_entry(const char *name);
void progress_stop(void);

#endif
