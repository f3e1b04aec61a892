/* SPDX-License-Identifier: MIT
 * An entry's stored bytes, from its parts in order: hashed, and fetched on from where a transient error cut
 * them off. */
#ifndef HF_PIPELINE_FETCH_H
#define HF_PIPELINE_FETCH_H

#include "engine/driver/sink.h"
#include "engine/store/manifest.h"

struct fetch;
/* `proven`: these bytes were read and hashed a moment ago; only sizes are looked at, and who decodes them
 * compares the plain digest. */
struct fetch *fetch_new(struct instance *sink, const struct entry *entry, bool proven);
/* HF_OK with 1..cap bytes; HF_END after the last, when all digests and sizes were right; HF_E_CORRUPT if
 * they were not. */
int32_t fetch_read(struct fetch *f, void *buf, size_t cap, size_t *got, struct error *err);
void fetch_free(struct fetch *f);

#endif
