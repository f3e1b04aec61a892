/* SPDX-License-Identifier: MIT
 * Running one function on several threads. */
#ifndef HF_PIPELINE_LANES_H
#define HF_PIPELINE_LANES_H

#include <pthread.h>
#include "engine/util/error.h"

/* pthread_create with signals blocked in the new thread: they are for the main thread. */
int32_t thread_start(pthread_t *thread, void *(*run)(void *), void *arg, struct error *err);

/* Runs fn(arg, 0) ... fn(arg, n-1), each on its own thread, and waits for all. The first error is
 * returned. fn is told to stop by cancelled(), which a failing lane sets (cancel_abort()). */
int32_t lanes_run(unsigned n, int32_t (*fn)(void *arg, unsigned lane, struct error *err), void *arg,
	struct error *err);

#endif
