/* SPDX-License-Identifier: MIT
 * From a source's writer to the sinks: the ring of blocks and the two threads at its ends. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/encode.h"
#include "engine/pipeline/filter.h"
#include "engine/pipeline/lanes.h"
#include "engine/util/cancel.h"
#include "engine/util/digest.h"
#include "engine/util/retry.h"

#define BLOCK_DEFAULT (UINT64_C(2) << 20)
#define BLOCK_MIN (UINT64_C(64) << 10)
#define BLOCK_MAX (UINT64_C(4) << 20)
/* One block being filled, two being compressed, one being stored. */
#define SLOTS 4

enum slot_state { SLOT_FREE, SLOT_FILLED, SLOT_ENCODED };

struct slot {
	struct task task;
	struct encoder *enc;
	enum slot_state state;
	bool last;
	uint8_t *plain;
	size_t n;
	struct filter_out out;
	struct error error;
};

struct encoder {
	hf_writer writer;
	const struct encode_plan *plan;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot slots[SLOTS];
	unsigned head, tail; /* filled by the lane, stored by the thread */
	bool holding;        /* slots[head] is being filled */
	bool ready, closing, running, done, abandon;
	/* of the entry */
	const char *key;
	uint64_t size_hint;
	bool store, encode; /* encode: by the pool */
	struct sink_put **puts;
	uint64_t plain_size, stored_size;
	struct digest *plain_digest, *stored_digest;
	struct filter_stream *stream; /* a compressor that sees all of it */
	struct filter_out scratch;
	struct error error; /* the first, under lock */
	atomic_bool failed;
};

/* --- the plan --- */

int32_t encode_plan_init(struct encode_plan *plan, struct instance *compressor, struct error *err)
{
	struct driver *d = compressor ? compressor->driver : NULL;
	uint64_t block = BLOCK_DEFAULT;

	plan->compressor = compressor;
	plan->parallel = d && (d->d.capabilities & HF_CAP_CONCAT);
	if (plan->parallel && d->filter.block_size) {
		struct hf_ctx ctx;

		call_begin(&ctx, compressor);
		block = d->filter.block_size(&ctx, compressor->self);
		call_end(&ctx, HF_OK, NULL);
		plan->parallel = block != 0;
		if (block == 0)
			block = BLOCK_DEFAULT;
	}
	plan->block = block < BLOCK_MIN ? BLOCK_MIN : block > BLOCK_MAX ? BLOCK_MAX : block;
	plan->threads = cpu_count();
	if (!plan->parallel)
		return HF_OK;
	return pool_new(plan->threads, compressor, &plan->pool, err);
}

void encode_plan_free(struct encode_plan *plan)
{
	pool_free(plan->pool);
	plan->pool = NULL;
}

void outlet_fail(struct outlet *o, struct error *err)
{
	pthread_mutex_lock(&o->lock);
	error_keep_first(&o->error, err);
	pthread_mutex_unlock(&o->lock);
	atomic_store(&o->failed, true);
}

/* --- the lane's side: filling --- */

static int32_t fail(struct encoder *enc, struct error *err)
{
	pthread_mutex_lock(&enc->lock);
	error_keep_first(&enc->error, err);
	atomic_store(&enc->failed, true);
	pthread_cond_broadcast(&enc->changed);
	pthread_mutex_unlock(&enc->lock);
	return HF_E_FAILED;
}

/* Compresses one block as a stream of its own. On a worker of the pool. */
static void encode_task(struct task *task)
{
	struct slot *slot = (struct slot *)task;
	struct encoder *enc = slot->enc;

	if (!atomic_load(&enc->failed))
		(void)filter_once(enc->plan->compressor, slot->plain, slot->n, &slot->out,
			&slot->error);
	pthread_mutex_lock(&enc->lock);
	slot->state = SLOT_ENCODED;
	pthread_cond_broadcast(&enc->changed);
	pthread_mutex_unlock(&enc->lock);
}

/* Waits until the block at the head is free. */
static int32_t hold(struct encoder *enc)
{
	struct slot *slot = &enc->slots[enc->head % SLOTS];

	if (enc->holding)
		return HF_OK;
	pthread_mutex_lock(&enc->lock);
	while (slot->state != SLOT_FREE)
		pthread_cond_wait(&enc->changed, &enc->lock);
	pthread_mutex_unlock(&enc->lock);
	slot->n = 0;
	slot->last = false;
	slot->out.n = 0;
	enc->holding = true;
	return HF_OK;
}

static void submit(struct encoder *enc, bool last)
{
	struct slot *slot = &enc->slots[enc->head % SLOTS];
	/* an entry's end needs no empty stream, unless it is all there is */
	bool encode = enc->encode && (slot->n > 0 || enc->plain_size == 0);

	enc->holding = false;
	enc->head++;
	slot->last = last;
	pthread_mutex_lock(&enc->lock);
	slot->state = enc->encode && !encode ? SLOT_ENCODED : SLOT_FILLED;
	pthread_cond_broadcast(&enc->changed);
	pthread_mutex_unlock(&enc->lock);
	if (encode)
		pool_submit(enc->plan->pool, &slot->task);
}

static int32_t stopped(struct encoder *enc)
{
	if (atomic_load(&enc->failed))
		return HF_E_FAILED;
	return cancelled() ? HF_E_CANCELLED : HF_OK;
}

static int32_t writer_reserve(hf_writer *w, void **data, uint64_t *room)
{
	struct encoder *enc = (struct encoder *)w;
	int32_t status = stopped(enc);

	if (status != HF_OK || (status = hold(enc)) != HF_OK)
		return status;
	struct slot *slot = &enc->slots[enc->head % SLOTS];
	*data = slot->plain + slot->n;
	*room = enc->plan->block - slot->n;
	return HF_OK;
}

static int32_t writer_advance(hf_writer *w, uint64_t size)
{
	struct encoder *enc = (struct encoder *)w;
	struct slot *slot = &enc->slots[enc->head % SLOTS];
	struct error err = {0};

	if (!enc->holding || size > enc->plan->block - slot->n) {
		error_set(&err, HF_E_FAILED, "the driver advanced beyond what it had reserved");
		return fail(enc, &err);
	}
	slot->n += size;
	enc->plain_size += size;
	if (enc->plan->plain_bytes)
		atomic_fetch_add_explicit(enc->plan->plain_bytes, size, memory_order_relaxed);
	if (slot->n == enc->plan->block)
		submit(enc, false);
	return stopped(enc);
}

static int32_t writer_write(hf_writer *w, const void *data, uint64_t size)
{
	const uint8_t *p = data;
	int32_t status = HF_OK;

	while (size > 0 && status == HF_OK) {
		uint64_t room;
		void *to;

		status = writer_reserve(w, &to, &room);
		if (status != HF_OK)
			break;
		if (room > size)
			room = size;
		memcpy(to, p, room);
		p += room;
		size -= room;
		status = writer_advance(w, room);
	}
	return status;
}

/* --- the store thread's side: hashing and putting, in order --- */

/* A sink failed: an optional one is left out from here on, any other fails the entry. */
static void put_failed(struct encoder *enc, struct outlet *o, struct error *err)
{
	if (o->required || cancelled())
		fail(enc, err);
	else
		outlet_fail(o, err);
}

static void put_all(struct encoder *enc, const void *data, size_t n)
{
	struct error err = {0};

	digest_update(enc->stored_digest, data, n);
	enc->stored_size += n;
	if (enc->plan->stored_bytes)
		atomic_fetch_add_explicit(enc->plan->stored_bytes, n, memory_order_relaxed);
	for (size_t i = 0; i < enc->plan->noutlets && n > 0; i++) {
		if (!enc->puts[i] || sink_put_write(enc->puts[i], data, n, &err) == HF_OK)
			continue;
		sink_put_free(enc->puts[i]);
		enc->puts[i] = NULL;
		put_failed(enc, &enc->plan->outlets[i], &err);
	}
}

static int32_t emit(void *arg, const void *data, size_t n, struct error *err)
{
	struct encoder *enc = arg;

	(void)err;
	put_all(enc, data, n);
	return atomic_load(&enc->failed) ? HF_E_FAILED : HF_OK;
}

static void entry_open(struct encoder *enc)
{
	/* nobody knows how much is left of it when it is compressed */
	uint64_t stored = enc->plan->compressor && !enc->store ? 0 : enc->size_hint;
	struct error err = {0};

	for (size_t i = 0; i < enc->plan->noutlets; i++) {
		struct outlet *o = &enc->plan->outlets[i];

		struct retry retry;
		int32_t status;

		enc->puts[i] = NULL;
		if (atomic_load(&o->failed) || atomic_load(&enc->failed))
			continue;
		/* nothing is written yet: this alone can be tried again */
		retry_begin(&retry);
		do
			status = sink_put_open(o->sink, enc->key, stored, 0, &enc->puts[i], &err);
		while (status != HF_OK && retry_again(&retry, status, &err));
		if (status == HF_OK)
			continue;
		enc->puts[i] = NULL;
		put_failed(enc, o, &err);
	}
	if (enc->plan->compressor && !enc->encode && !enc->store && !atomic_load(&enc->failed) &&
		filter_open(enc->plan->compressor, HF_ENCODE, NULL, enc->size_hint,
			enc->plan->threads, &enc->stream, &err) != HF_OK)
		fail(enc, &err);
}

static void store_slot(struct encoder *enc, struct slot *slot)
{
	struct error err = {0};

	if (atomic_load(&enc->failed))
		return;
	if (!enc->store && enc->plan->compressor)
		digest_update(enc->plain_digest, slot->plain, slot->n);
	if (enc->encode) {
		pthread_mutex_lock(&enc->lock);
		while (slot->state != SLOT_ENCODED)
			pthread_cond_wait(&enc->changed, &enc->lock);
		pthread_mutex_unlock(&enc->lock);
		if (slot->error.status != HF_OK)
			fail(enc, &slot->error);
		else
			put_all(enc, slot->out.data, slot->out.n);
	} else if (enc->stream) {
		if (filter_run(enc->stream, slot->plain, slot->n, slot->last, &enc->scratch, emit, enc,
			    &err) != HF_OK)
			fail(enc, &err);
	} else {
		put_all(enc, slot->plain, slot->n);
	}
}

static void entry_close(struct encoder *enc)
{
	struct error err = {0};

	filter_close(enc->stream);
	enc->stream = NULL;
	for (size_t i = 0; i < enc->plan->noutlets; i++) {
		struct outlet *o = &enc->plan->outlets[i];

		if (!enc->puts[i])
			continue;
		if (!enc->abandon && !atomic_load(&enc->failed) &&
			sink_put_commit(enc->puts[i], &err) != HF_OK)
			put_failed(enc, o, &err);
		sink_put_free(enc->puts[i]);
		enc->puts[i] = NULL;
	}
}

/* Stores one entry: from its first block to its last. */
static void store_entry(struct encoder *enc)
{
	bool last = false;

	entry_open(enc);
	while (!last) {
		struct slot *slot = &enc->slots[enc->tail % SLOTS];

		pthread_mutex_lock(&enc->lock);
		while (slot->state == SLOT_FREE)
			pthread_cond_wait(&enc->changed, &enc->lock);
		pthread_mutex_unlock(&enc->lock);
		last = slot->last;
		if (!(last && enc->abandon))
			store_slot(enc, slot);
		pthread_mutex_lock(&enc->lock);
		while (enc->encode && slot->state != SLOT_ENCODED)
			pthread_cond_wait(&enc->changed, &enc->lock);
		error_clear(&slot->error);
		slot->state = SLOT_FREE;
		enc->tail++;
		pthread_cond_broadcast(&enc->changed);
		pthread_mutex_unlock(&enc->lock);
	}
	entry_close(enc);
}

/* Enters every driver that this thread will call; what entered is noted. A required one that refuses ends it. */
static int32_t enter_all(struct encoder *enc, bool *entered, struct error *err)
{
	const struct encode_plan *plan = enc->plan;
	int32_t status = HF_OK;

	for (size_t i = 0; i < plan->noutlets && status == HF_OK; i++) {
		struct outlet *o = &plan->outlets[i];

		status = instance_worker_begin(o->sink, err);
		entered[i] = status == HF_OK;
		if (status != HF_OK && !o->required) {
			outlet_fail(o, err);
			*err = (struct error){0};
			status = HF_OK;
		}
	}
	if (status == HF_OK && plan->compressor && !plan->parallel) {
		status = instance_worker_begin(plan->compressor, err);
		entered[plan->noutlets] = status == HF_OK;
	}
	return status;
}

static void leave_all(struct encoder *enc, const bool *entered)
{
	const struct encode_plan *plan = enc->plan;

	for (size_t i = 0; i < plan->noutlets; i++)
		if (entered[i])
			instance_worker_end(plan->outlets[i].sink);
	if (entered[plan->noutlets])
		instance_worker_end(plan->compressor);
}

static void *store_thread(void *arg)
{
	struct encoder *enc = arg;
	bool *entered = xcalloc(enc->plan->noutlets + 1, sizeof *entered);
	struct error err = {0};

	(void)enter_all(enc, entered, &err);
	pthread_mutex_lock(&enc->lock);
	error_keep_first(&enc->error, &err);
	enc->ready = true;
	pthread_cond_broadcast(&enc->changed);
	for (;;) {
		while (!enc->running && !enc->closing)
			pthread_cond_wait(&enc->changed, &enc->lock);
		if (enc->closing)
			break;
		pthread_mutex_unlock(&enc->lock);
		store_entry(enc);
		pthread_mutex_lock(&enc->lock);
		enc->running = false;
		enc->done = true;
		pthread_cond_broadcast(&enc->changed);
	}
	pthread_mutex_unlock(&enc->lock);
	leave_all(enc, entered);
	free(entered);
	return NULL;
}

/* --- life --- */

int32_t encoder_new(const struct encode_plan *plan, struct encoder **out, struct error *err)
{
	struct encoder *enc = xcalloc(1, sizeof *enc);
	int32_t status = HF_OK;

	enc->writer = (hf_writer){writer_write, writer_reserve, writer_advance};
	enc->plan = plan;
	enc->puts = xcalloc(plan->noutlets, sizeof(struct sink_put *));
	enc->plain_digest = digest_new();
	enc->stored_digest = digest_new();
	pthread_mutex_init(&enc->lock, NULL);
	pthread_cond_init(&enc->changed, NULL);
	for (size_t i = 0; i < SLOTS && status == HF_OK; i++) {
		enc->slots[i].enc = enc;
		enc->slots[i].task.run = encode_task;
		enc->slots[i].plain = malloc(plan->block);
		if (!enc->slots[i].plain)
			status = error_set(err, HF_E_FAILED, "out of memory for the lane's buffers");
	}
	if (status == HF_OK)
		status = thread_start(&enc->thread, store_thread, enc, err);
	if (status != HF_OK) {
		enc->plan = NULL; /* no thread to join */
		encoder_free(enc);
		return status;
	}
	pthread_mutex_lock(&enc->lock);
	while (!enc->ready)
		pthread_cond_wait(&enc->changed, &enc->lock);
	pthread_mutex_unlock(&enc->lock);
	if (enc->error.status != HF_OK) {
		status = error_keep_first(err, &enc->error);
		encoder_free(enc);
		return status;
	}
	*out = enc;
	return HF_OK;
}

void encoder_free(struct encoder *enc)
{
	if (!enc)
		return;
	if (enc->plan) {
		pthread_mutex_lock(&enc->lock);
		enc->closing = true;
		pthread_cond_broadcast(&enc->changed);
		pthread_mutex_unlock(&enc->lock);
		pthread_join(enc->thread, NULL);
	}
	for (size_t i = 0; i < SLOTS; i++) {
		free(enc->slots[i].plain);
		filter_out_free(&enc->slots[i].out);
	}
	filter_out_free(&enc->scratch);
	digest_free(enc->plain_digest);
	digest_free(enc->stored_digest);
	error_clear(&enc->error);
	pthread_mutex_destroy(&enc->lock);
	pthread_cond_destroy(&enc->changed);
	free(enc->puts);
	free(enc);
}

hf_writer *encoder_begin(struct encoder *enc, const char *key, uint64_t size_hint, bool store)
{
	pthread_mutex_lock(&enc->lock);
	enc->key = key;
	enc->size_hint = size_hint;
	enc->store = store;
	enc->encode = enc->plan->parallel && !store;
	enc->plain_size = enc->stored_size = 0;
	enc->abandon = enc->done = false;
	error_clear(&enc->error);
	atomic_store(&enc->failed, false);
	enc->running = true;
	pthread_cond_broadcast(&enc->changed);
	pthread_mutex_unlock(&enc->lock);
	return &enc->writer;
}

static void fill_in(struct encoder *enc, struct entry *e)
{
	e->plain_size = enc->plain_size;
	e->stored_size = enc->stored_size;
	digest_hex(enc->stored_digest, e->stored_sha256);
	if (!enc->store && enc->plan->compressor)
		digest_hex(enc->plain_digest, e->plain_sha256);
	else
		memcpy(e->plain_sha256, e->stored_sha256, sizeof e->plain_sha256);
	e->parts = xcalloc(1, sizeof *e->parts);
	e->nparts = 1;
	e->parts[0].key = xstrdup(enc->key);
	e->parts[0].size = e->stored_size;
	memcpy(e->parts[0].sha256, e->stored_sha256, sizeof e->parts[0].sha256);
}

int32_t encoder_end(struct encoder *enc, bool failed, struct entry *entry, struct error *err)
{
	char unused[DIGEST_HEX_SIZE];

	enc->abandon = failed;
	(void)hold(enc);
	submit(enc, true);
	pthread_mutex_lock(&enc->lock);
	while (!enc->done)
		pthread_cond_wait(&enc->changed, &enc->lock);
	pthread_mutex_unlock(&enc->lock);
	if (enc->error.status != HF_OK || atomic_load(&enc->failed) || failed) {
		digest_hex(enc->plain_digest, unused);
		digest_hex(enc->stored_digest, unused);
		return error_keep_first(err, &enc->error);
	}
	fill_in(enc, entry);
	return HF_OK;
}
