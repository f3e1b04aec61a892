/* SPDX-License-Identifier: MIT
 * From a sink to a source's reader. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/chan.h"
#include "engine/pipeline/decode.h"
#include "engine/pipeline/fetch.h"
#include "engine/pipeline/filter.h"
#include "engine/pipeline/lanes.h"
#include "engine/util/cancel.h"
#include "engine/util/digest.h"

#define FETCH_BLOCK ((size_t)512 << 10)
#define PLAIN_BLOCK ((size_t)1 << 20)
#define BLOCKS 3

struct decoder {
	hf_reader reader;
	struct instance *sink;
	const struct entry *entry;
	bool proven;
	atomic_uint_least64_t *bytes;
	struct chan *stored, *plain;
	pthread_t fetcher, decoder;
	bool fetching, decoding;
	struct instance **filters; /* in the order of decoding */
	size_t nfilters;
	struct digest *digest;
	uint64_t size;
	/* the consumer's side */
	struct block *front;
	size_t used;
	bool finished;
	struct error error;
};

/* --- fetching: sink to `stored` --- */

static int32_t fetch_all(struct decoder *d, struct error *err)
{
	struct fetch *f = fetch_new(d->sink, d->entry, d->proven);
	struct block *b = NULL;
	int32_t status = HF_OK;

	while (status == HF_OK && (b = chan_room(d->stored))) {
		size_t got = 0;

		while (b->n < b->cap &&
			(status = fetch_read(f, b->data + b->n, b->cap - b->n, &got, err)) == HF_OK)
			b->n += got;
		if (b->n > 0)
			chan_push(d->stored);
	}
	fetch_free(f);
	return status == HF_END ? HF_OK : status;
}

static void *fetch_thread(void *arg)
{
	struct decoder *d = arg;
	struct error err = {0};

	if (instance_worker_begin(d->sink, &err) == HF_OK) {
		(void)fetch_all(d, &err);
		instance_worker_end(d->sink);
	}
	chan_end(d->stored, &err);
	return NULL;
}

/* --- decoding: `stored` to `plain` --- */

struct stage {
	struct decoder *d;
	struct filter_stream *stream;
	struct filter_out room;
	struct stage *next; /* one without a stream: the channel */
};

/* Passes bytes to a stage, or past the last one into the channel. */
static int32_t pass(void *arg, const void *data, size_t n, struct error *err);

static int32_t to_channel(struct decoder *d, const uint8_t *p, size_t n, struct error *err)
{
	if (n > d->entry->plain_size - d->size)
		return error_set(err, HF_E_CORRUPT, "entry %s decodes to more than its %llu bytes",
			d->entry->path, (unsigned long long)d->entry->plain_size);
	d->size += n;
	while (n > 0) {
		struct block *b = chan_room(d->plain);
		size_t k;

		if (!b)
			return error_set(err, HF_E_CANCELLED, "reading was given up");
		k = n < b->cap ? n : b->cap;
		memcpy(b->data, p, k);
		b->n = k;
		digest_update(d->digest, b->data, k);
		chan_push(d->plain);
		p += k;
		n -= k;
	}
	return HF_OK;
}

static int32_t pass(void *arg, const void *data, size_t n, struct error *err)
{
	struct stage *s = arg;

	if (!s->stream)
		return to_channel(s->d, data, n, err);
	return filter_run(s->stream, data, n, false, &s->room, pass, s->next, err);
}

static int32_t finish(struct stage *s, struct error *err)
{
	int32_t status = HF_OK;

	for (; s->stream && status == HF_OK; s = s->next)
		status = filter_run(s->stream, NULL, 0, true, &s->room, pass, s->next, err);
	return status;
}

static int32_t compare_plain(struct decoder *d, struct error *err)
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(d->digest, hex);
	if (d->size == d->entry->plain_size && strcmp(hex, d->entry->plain_sha256) == 0)
		return HF_OK;
	error_set(err, HF_E_CORRUPT, "entry %s is damaged: what it decodes to is not what was backed up",
		d->entry->path);
	error_hint(err, "restore from another point or sink");
	return HF_E_CORRUPT;
}

static int32_t decode_all(struct decoder *d, struct error *err)
{
	struct stage *stages = xcalloc(d->nfilters + 1, sizeof *stages);
	struct block *b;
	int32_t status = HF_OK;

	for (size_t i = 0; i <= d->nfilters; i++)
		stages[i] = (struct stage){.d = d, .next = i < d->nfilters ? &stages[i + 1] : NULL};
	for (size_t i = 0; i < d->nfilters && status == HF_OK; i++) {
		stages[i].room.data = malloc(PLAIN_BLOCK);
		stages[i].room.cap = stages[i].room.data ? PLAIN_BLOCK : 0;
		status = filter_open(d->filters[i], HF_DECODE,
			d->entry->codecs.v[d->nfilters - 1 - i], d->entry->stored_size, 1,
			&stages[i].stream, err);
	}
	while (status == HF_OK && (status = chan_front(d->stored, &b, err)) == HF_OK) {
		status = pass(&stages[0], b->data, b->n, err);
		chan_pop(d->stored);
	}
	if (status == HF_END)
		status = finish(stages, err);
	if (status == HF_OK)
		status = compare_plain(d, err);
	for (size_t i = 0; i < d->nfilters; i++) {
		filter_close(stages[i].stream);
		filter_out_free(&stages[i].room);
	}
	free(stages);
	if (status == HF_E_CORRUPT && err->message && !strstr(err->message, d->entry->path))
		error_prefix(err, "entry %s", d->entry->path);
	return status;
}

static void *decode_thread(void *arg)
{
	struct decoder *d = arg;
	struct error err = {0};
	size_t entered = 0;

	while (entered < d->nfilters && instance_worker_begin(d->filters[entered], &err) == HF_OK)
		entered++;
	if (entered == d->nfilters)
		(void)decode_all(d, &err);
	while (entered > 0)
		instance_worker_end(d->filters[--entered]);
	chan_stop(d->stored);
	chan_end(d->plain, &err);
	return NULL;
}

/* --- the reader --- */

static int32_t reader_peek(hf_reader *r, const void **data, uint64_t *size)
{
	struct decoder *d = (struct decoder *)r;
	int32_t status;

	if (d->error.status != HF_OK)
		return d->error.status;
	if (cancelled())
		return error_set(&d->error, HF_E_CANCELLED, "interrupted");
	if (d->finished)
		return HF_END;
	if (!d->front) {
		status = chan_front(d->plain, &d->front, &d->error);
		d->finished = status == HF_END;
		if (status != HF_OK)
			return status;
		d->used = 0;
	}
	*data = d->front->data + d->used;
	*size = d->front->n - d->used;
	return HF_OK;
}

static int32_t reader_consume(hf_reader *r, uint64_t size)
{
	struct decoder *d = (struct decoder *)r;

	if (size == 0)
		return HF_OK;
	if (!d->front || size > d->front->n - d->used)
		return error_set(&d->error, HF_E_FAILED, "the driver consumed more than it had peeked at");
	d->used += size;
	if (d->bytes)
		atomic_fetch_add_explicit(d->bytes, size, memory_order_relaxed);
	if (d->used == d->front->n) {
		d->front = NULL;
		chan_pop(d->plain);
	}
	return HF_OK;
}

hf_reader *decoder_reader(struct decoder *d)
{
	return &d->reader;
}

bool decoder_finished(const struct decoder *d)
{
	return d->finished;
}

int32_t decoder_error(const struct decoder *d, struct error *err)
{
	if (d->error.status != HF_OK) {
		error_set(err, d->error.status, "%s", d->error.message);
		if (d->error.hint)
			error_hint(err, "%s", d->error.hint);
	}
	return d->error.status;
}

/* --- life --- */

static int32_t open_filters(struct decoder *d, struct codecs *codecs, struct error *err)
{
	size_t n = d->entry->codecs.n;
	int32_t status = HF_OK;

	d->filters = xcalloc(n + 1, sizeof(struct instance *));
	d->nfilters = n;
	for (size_t i = 0; i < n && status == HF_OK; i++)
		status = codecs_get(codecs, d->entry->codecs.v[n - 1 - i], &d->filters[i], err);
	return status;
}

int32_t decoder_open(struct instance *sink, struct codecs *codecs, const struct entry *entry,
	bool proven, atomic_uint_least64_t *bytes, struct decoder **out, struct error *err)
{
	struct decoder *d = xcalloc(1, sizeof *d);
	int32_t status;

	d->reader = (hf_reader){reader_peek, reader_consume};
	d->sink = sink;
	d->entry = entry;
	d->proven = proven;
	d->bytes = bytes;
	d->digest = digest_new();
	status = open_filters(d, codecs, err);
	if (status == HF_OK)
		status = chan_new(BLOCKS, FETCH_BLOCK, &d->stored, err);
	if (status == HF_OK)
		status = chan_new(BLOCKS, PLAIN_BLOCK, &d->plain, err);
	if (status == HF_OK) {
		status = thread_start(&d->fetcher, fetch_thread, d, err);
		d->fetching = status == HF_OK;
	}
	if (status == HF_OK) {
		status = thread_start(&d->decoder, decode_thread, d, err);
		d->decoding = status == HF_OK;
	}
	if (status != HF_OK) {
		decoder_close(d);
		return status;
	}
	*out = d;
	return HF_OK;
}

void decoder_close(struct decoder *d)
{
	if (!d)
		return;
	if (d->plain)
		chan_stop(d->plain);
	if (d->fetching && !d->decoding)
		chan_stop(d->stored);
	if (d->decoding)
		pthread_join(d->decoder, NULL);
	if (d->fetching)
		pthread_join(d->fetcher, NULL);
	chan_free(d->stored);
	chan_free(d->plain);
	digest_free(d->digest);
	error_clear(&d->error);
	free(d->filters);
	free(d);
}

/* --- checks --- */

int32_t digest_check(struct instance *sink, const struct entry *entry,
	atomic_uint_least64_t *bytes, struct error *err)
{
	struct fetch *f = fetch_new(sink, entry, false);
	uint8_t *buf = malloc(FETCH_BLOCK);
	int32_t status = buf ? HF_OK : error_set(err, HF_E_FAILED, "out of memory");
	size_t got;

	while (status == HF_OK) {
		status = fetch_read(f, buf, FETCH_BLOCK, &got, err);
		if (status == HF_OK && bytes)
			atomic_fetch_add_explicit(bytes, got, memory_order_relaxed);
	}
	free(buf);
	fetch_free(f);
	return status == HF_END ? HF_OK : status;
}

int32_t decode_check(struct instance *sink, struct codecs *codecs, const struct entry *entry,
	atomic_uint_least64_t *bytes, struct error *err)
{
	struct decoder *d = NULL;
	int32_t status = decoder_open(sink, codecs, entry, false, bytes, &d, err);
	const void *data;
	uint64_t n = 0;

	while (status == HF_OK) {
		status = reader_peek(&d->reader, &data, &n);
		if (status == HF_OK)
			status = reader_consume(&d->reader, n);
	}
	if (d && status != HF_END)
		status = decoder_error(d, err);
	decoder_close(d);
	return status == HF_END ? HF_OK : status;
}
