/* SPDX-License-Identifier: MIT
 * A sink in memory in place of engine/driver/sink.c: what it holds can be looked at and
 * damaged, its calls are noted, and they fail where a test says so. One at a time. */
#ifndef TEST_FAKE_SINK_H
#define TEST_FAKE_SINK_H

#include "engine/driver/sink.h"

/* An empty one; `parallel`: its driver has HF_THREADS_STREAM. */
struct instance *fake_new(bool parallel);
void fake_free(void);

bool fake_has(const char *key);
/* Its bytes, valid until it changes; NULL if it is not there. */
const struct buf *fake_get(const char *key);
void fake_put(const char *key, const char *data, size_t n);
void fake_remove(const char *key);
/* How many keys begin so. */
size_t fake_count(const char *prefix);

/* The calls that changed something, as "put KEY", "remove KEY", "flush", "lock NAME", "unlock
 * NAME", "sweep PREFIX". */
const struct strv *fake_journal(void);
void fake_journal_clear(void);

/* From now on the call `op` ("list", "get", "put", "remove", "flush", "lock", "stat", "sweep",
 * "worker") on a key that contains `part` returns `status`, after it was let through `skip`
 * times. */
void fake_fail(const char *op, const char *part, int skip, int32_t status);
/* That call also does what it says it failed to do: its answer is lost. */
void fake_fail_after(const char *op, const char *part, int32_t status);
/* Before that call, the object `key` goes. */
void fake_vanish(const char *op, const char *part, const char *key);
void fake_heal(void);
/* How many calls of this kind there were. */
size_t fake_calls(const char *op);
/* Locks that are held. */
size_t fake_locks(void);

#endif
