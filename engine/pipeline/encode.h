/* SPDX-License-Identifier: MIT
 * From a source's writer to the sinks: blocks are filled by the lane's thread, compressed by the pool,
 * and hashed and stored in order by the encoder's own thread, all at the same time.
 *
 *   dump() ─▶ block ─▶ pool: compress ─┐
 *                └─▶ store thread: plain digest, then stored digest and put in every sink
 */
#ifndef HF_PIPELINE_ENCODE_H
#define HF_PIPELINE_ENCODE_H

#include <stdatomic.h>

#include "engine/driver/host.h"
#include "engine/driver/sink.h"
#include "engine/pipeline/pool.h"
#include "engine/store/manifest.h"

/* A sink of the run. One that is not required may fail alone: it is left out from then on. */
struct outlet {
	struct instance *sink;
	bool required;
	atomic_bool failed;
	pthread_mutex_t lock;
	struct error error; /* why, under lock */
	struct sink_lock *run_lock;
	bool begun;         /* owner.json stands */
	bool published;
};

/* What a run's encoders share. */
struct encode_plan {
	struct instance *compressor; /* or NULL */
	uint64_t block;              /* bytes a block */
	bool parallel;               /* blocks are streams of their own, made by the pool */
	unsigned threads;            /* of a stream that is not cut */
	struct pool *pool;
	struct outlet *outlets;
	size_t noutlets;
	atomic_uint_least64_t *plain_bytes, *stored_bytes; /* progress */
};

/* Chooses block size and mode for a compressor (or NULL) and starts the pool. */
int32_t encode_plan_init(struct encode_plan *plan, struct instance *compressor, struct error *err);
void encode_plan_free(struct encode_plan *plan);

struct encoder;
/* One a lane: it holds the lane's buffers. */
int32_t encoder_new(const struct encode_plan *plan, struct encoder **out, struct error *err);
void encoder_free(struct encoder *enc);

/* Begins an entry whose bytes go to `key`. `store`: bypass the compressor. */
hf_writer *encoder_begin(struct encoder *enc, const char *key, uint64_t size_hint, bool store);
/* Ends it. `failed`: the source failed, nothing is to be committed. Otherwise commits, and fills in
 * the entry's sizes, digests and its one part. The error is the pipeline's own. */
int32_t encoder_end(struct encoder *enc, bool failed, struct entry *entry, struct error *err);

/* Marks an outlet as failed; takes over *err. */
void outlet_fail(struct outlet *outlet, struct error *err);

#endif
