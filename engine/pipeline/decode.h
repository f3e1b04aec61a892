/* SPDX-License-Identifier: MIT
 * From a sink to a source's reader: one thread fetches and hashes, one decodes and hashes, the caller's
 * consumes.
 *
 *   sink.get ─▶ stored digest ─▶ decoders ─▶ plain digest ─▶ peek()/consume()
 */
#ifndef HF_PIPELINE_DECODE_H
#define HF_PIPELINE_DECODE_H

#include <stdatomic.h>

#include "engine/driver/host.h"
#include "engine/driver/sink.h"
#include "engine/store/manifest.h"

/* The compressors that a point's codecs need, opened when first asked for. */
struct codecs;
struct codecs *codecs_new(const char *job);
void codecs_free(struct codecs *c);
/* HF_E_CONFIG naming the package if no installed driver decodes it. Any thread. */
int32_t codecs_get(struct codecs *c, const char *codec, struct instance **out, struct error *err);
/* That every codec of an entry can be had. */
int32_t codecs_check(struct codecs *c, const struct entry *e, struct error *err);

struct decoder;
/* Starts reading an entry. `proven`: its stored bytes were hashed a moment ago (see fetch.h). `bytes` (may be
 * NULL) counts plain bytes for progress. */
int32_t decoder_open(struct instance *sink, struct codecs *codecs, const struct entry *entry,
	bool proven, atomic_uint_least64_t *bytes, struct decoder **out, struct error *err);
/* HF_END only after sizes and digests were found right; HF_E_CORRUPT if they were not. */
hf_reader *decoder_reader(struct decoder *d);
/* What stopped the reader: HF_OK if nothing did (also if it was not read to its end). */
int32_t decoder_error(const struct decoder *d, struct error *err);
/* Was it read to HF_END? */
bool decoder_finished(const struct decoder *d);
void decoder_close(struct decoder *d);

/* Reads an entry's stored bytes and compares their digests; nothing is decoded. */
int32_t digest_check(struct instance *sink, const struct entry *entry,
	atomic_uint_least64_t *bytes, struct error *err);
/* Also decodes it and compares the plain digest. */
int32_t decode_check(struct instance *sink, struct codecs *codecs, const struct entry *entry,
	atomic_uint_least64_t *bytes, struct error *err);

#endif
