/* SPDX-License-Identifier: MIT
 * A sink's calls, straight: thread rule, errors and retries (transient errors only) done. Keys as in
 * plugin.h. */
#ifndef HF_DRIVER_SINK_H
#define HF_DRIVER_SINK_H

#include "engine/driver/instance.h"

/* --- one put, streamed; no retry --- */
struct sink_put;
int32_t sink_put_open(struct instance *sink, const char *key, uint64_t size_hint, uint32_t flags,
	struct sink_put **out, struct error *err);
int32_t sink_put_write(struct sink_put *put, const void *data, size_t n, struct error *err);
int32_t sink_put_commit(struct sink_put *put, struct error *err);
/* Aborts it if it was not committed. NULL is allowed. */
void sink_put_free(struct sink_put *put);

/* --- one get, streamed; no retry --- */
struct sink_get;
int32_t sink_get_open(struct instance *sink, const char *key, uint64_t offset, uint64_t length,
	struct sink_get **out, struct error *err);
/* HF_OK with *got >= 1, or HF_END. */
int32_t sink_get_read(struct sink_get *get, void *buf, size_t cap, size_t *got, struct error *err);
void sink_get_free(struct sink_get *get);

/* --- whole small objects; retried --- */
int32_t sink_put_bytes(struct instance *sink, const char *key, const void *data, size_t n,
	uint32_t flags, struct error *err);
/* HF_E_CORRUPT if it is larger than limit. */
int32_t sink_get_bytes(struct instance *sink, const char *key, size_t limit, struct buf *out,
	struct error *err);

struct object {
	char *key;
	uint64_t bytes;
	int64_t mtime_ns;
	bool prefix;
};
struct objects {
	struct object *v; /* sorted by key (bytewise), no key twice */
	size_t n;
};
/* Malformed keys that a driver reports are dropped with a warning: never acted upon. Retried. */
int32_t sink_list(struct instance *sink, const char *prefix, uint32_t flags, struct objects *out,
	struct error *err);
void objects_free(struct objects *o);
/* HF_E_NOT_FOUND if it is not there. bytes may be NULL. Retried. */
int32_t sink_stat(struct instance *sink, const char *key, uint64_t *bytes, struct error *err);
/* Removes in the given order; missing ones count as removed. The first key that stays is the error (its
 * class and message); `removed` (may be NULL) counts the others. Retried. */
int32_t sink_remove(struct instance *sink, const struct strv *keys, size_t *removed,
	struct error *err);
int32_t sink_flush(struct instance *sink, struct error *err);
int32_t sink_sweep(struct instance *sink, const char *prefix, struct error *err);

/* --- locks: the sink's own, or one on this machine where it has none --- */
struct sink_lock;
/* mode HF_LOCK_*. HF_E_EXISTS if somebody holds it (message says who). */
int32_t sink_lock(struct instance *sink, const char *name, uint32_t mode, struct sink_lock **out,
	struct error *err);
void sink_unlock(struct sink_lock *lock);

#endif
