/* SPDX-License-Identifier: MIT
 *
 * The compressor `zlib`: gzip members (RFC 1952), as gunzip reads them. The
 * output depends on the input and the level alone: no name, no time.
 */
#include "config.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <holdfast/plugin.h>

#define WINDOW (15 + 16) /* the largest window, and the gzip wrapper */
#define MEMORY 8         /* zlib's own choice */
/* Each block is a member that begins without a history. At this size that
 * costs less than 1 % of the output. */
#define BLOCK (1u << 20)
/* Contexts are dear to make, so some are kept between streams. */
#define IDLE_MAX 16

static const hf_host *host;

struct filter {
	int level;
	pthread_mutex_t mutex;
	struct stream *idle[2]; /* encoders, decoders */
	unsigned int count[2];
};

struct stream {
	struct filter *filter;
	struct stream *next;
	bool decode;
	bool begun; /* decode: a member has begun and not ended */
	bool done;  /* encode: the member is whole; decode: one was whole */
	z_stream z;
};

static const hf_option options[] = {
	{ .name = "level",
	  .type = HF_OPT_INT,
	  .default_value = "6",
	  .min = 1,
	  .max = 9,
	  .help = "1 is fast, 9 is small; about 0.3 MiB of memory for each thread" },
	{ 0 },
};

static int32_t filter_open(hf_ctx *ctx, const hf_options *values, void **self)
{
	struct filter *filter = calloc(1, sizeof *filter);

	if (!filter || pthread_mutex_init(&filter->mutex, NULL) != 0) {
		free(filter);
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	}
	filter->level = (int)host->opt_int(values, "level", 0);
	*self = filter;
	return HF_OK;
}

static void stream_delete(struct stream *stream)
{
	if (stream->decode)
		inflateEnd(&stream->z);
	else
		deflateEnd(&stream->z);
	free(stream);
}

static void filter_close(hf_ctx *ctx, void *self)
{
	struct filter *filter = self;

	(void)ctx;
	for (int i = 0; i < 2; i++) {
		struct stream *next;

		for (struct stream *stream = filter->idle[i]; stream; stream = next) {
			next = stream->next;
			stream_delete(stream);
		}
	}
	pthread_mutex_destroy(&filter->mutex);
	free(filter);
}

static struct stream *take_idle(struct filter *filter, bool decode)
{
	struct stream *stream;

	pthread_mutex_lock(&filter->mutex);
	stream = filter->idle[decode];
	if (stream) {
		filter->idle[decode] = stream->next;
		filter->count[decode]--;
	}
	pthread_mutex_unlock(&filter->mutex);
	return stream;
}

static int32_t stream_open(hf_ctx *ctx, void *self, const hf_filter_in *in, void **out)
{
	struct filter *filter = self;
	bool decode = in->direction == HF_DECODE;
	struct stream *stream = take_idle(filter, decode);
	int rc;

	if (!stream) {
		stream = calloc(1, sizeof *stream);
		if (!stream)
			return host->fail(ctx, HF_E_FAILED, "out of memory");
		stream->filter = filter;
		stream->decode = decode;
		rc = decode ? inflateInit2(&stream->z, WINDOW) :
			      deflateInit2(&stream->z, filter->level, Z_DEFLATED, WINDOW, MEMORY,
				  Z_DEFAULT_STRATEGY);
		if (rc != Z_OK) {
			free(stream);
			return host->fail(ctx, HF_E_FAILED, "cannot set up zlib: %s", zError(rc));
		}
	}
	*out = stream;
	return HF_OK;
}

static void stream_close(void *handle)
{
	struct stream *stream = handle;
	struct filter *filter = stream->filter;
	bool decode = stream->decode;
	bool keep = (decode ? inflateReset(&stream->z) : deflateReset(&stream->z)) == Z_OK;

	stream->begun = stream->done = false;
	pthread_mutex_lock(&filter->mutex);
	keep = keep && filter->count[decode] < IDLE_MAX;
	if (keep) {
		stream->next = filter->idle[decode];
		filter->idle[decode] = stream;
		filter->count[decode]++;
	}
	pthread_mutex_unlock(&filter->mutex);
	if (!keep)
		stream_delete(stream);
}

static uInt clamp(uint64_t n)
{
	return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

/* Points zlib at the cursors. zlib counts in uInt, so a part may stay out. */
static void aim(z_stream *z, const hf_in *in, const hf_out *out)
{
	/* zlib's API lacks a const here; it does not write there */
	z->next_in = (Bytef *)(uintptr_t)in->data + in->pos;
	z->avail_in = clamp(in->size - in->pos);
	z->next_out = (Bytef *)out->data + out->pos;
	z->avail_out = clamp(out->size - out->pos);
}

static void moved(const z_stream *z, hf_in *in, hf_out *out)
{
	in->pos += clamp(in->size - in->pos) - z->avail_in;
	out->pos += clamp(out->size - out->pos) - z->avail_out;
}

static int32_t encode(hf_ctx *ctx, struct stream *stream, hf_in *in, hf_out *out, uint32_t op)
{
	if (stream->done)
		return in->pos == in->size ? HF_END :
					     host->fail(ctx, HF_E_FAILED,
						 "input after the end of a gzip stream");
	do {
		bool last;
		int rc;

		aim(&stream->z, in, out);
		last = op == HF_RUN_FINISH && stream->z.avail_in == in->size - in->pos;
		rc = deflate(&stream->z, last ? Z_FINISH : Z_NO_FLUSH);
		moved(&stream->z, in, out);
		if (rc == Z_STREAM_END) {
			stream->done = true;
			return HF_END;
		}
		if (rc == Z_BUF_ERROR)
			return HF_OK; /* no room, or nothing to do */
		if (rc != Z_OK)
			return host->fail(ctx, HF_E_FAILED, "zlib cannot compress: %s",
			    stream->z.msg ? stream->z.msg : zError(rc));
	} while (out->pos < out->size && (in->pos < in->size || op == HF_RUN_FINISH));
	return HF_OK;
}

static int32_t fail_truncated(hf_ctx *ctx)
{
	return host->fail(ctx, HF_E_CORRUPT, "the gzip data is cut off");
}

/* One step inside a member. HF_END: it is whole. */
static int32_t decode_step(hf_ctx *ctx, struct stream *stream, hf_in *in, hf_out *out)
{
	int rc;

	aim(&stream->z, in, out);
	rc = inflate(&stream->z, Z_NO_FLUSH);
	moved(&stream->z, in, out);
	switch (rc) {
	case Z_STREAM_END:
		stream->begun = false;
		stream->done = true;
		if (inflateReset(&stream->z) != Z_OK)
			return host->fail(ctx, HF_E_FAILED, "cannot reset zlib");
		return HF_END;
	case Z_OK:
	case Z_BUF_ERROR:
		return HF_OK;
	case Z_MEM_ERROR:
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	default:
		return host->fail(ctx, HF_E_CORRUPT, "the gzip data is damaged: %s",
		    stream->z.msg ? stream->z.msg : zError(rc));
	}
}

static int32_t decode(hf_ctx *ctx, struct stream *stream, hf_in *in, hf_out *out, uint32_t op)
{
	for (;;) {
		bool empty = in->pos == in->size;
		uint64_t in_was = in->pos, out_was = out->pos;
		int32_t rc;

		if (empty && !stream->begun) {
			if (op != HF_RUN_FINISH)
				return HF_OK;
			return stream->done ? HF_END : fail_truncated(ctx);
		}
		stream->begun = true;
		rc = decode_step(ctx, stream, in, out);
		if (rc == HF_END)
			continue;
		if (rc != HF_OK)
			return rc;
		if (in->pos == in_was && out->pos == out_was) {
			/* still hungry with all input taken and room left */
			if (empty && op == HF_RUN_FINISH && out->pos < out->size)
				return fail_truncated(ctx);
			return HF_OK;
		}
	}
}

static int32_t run(hf_ctx *ctx, void *handle, hf_in *in, hf_out *out, uint32_t op)
{
	struct stream *stream = handle;

	return stream->decode ? decode(ctx, stream, in, out, op) :
				encode(ctx, stream, in, out, op);
}

static uint64_t block_size(hf_ctx *ctx, void *self)
{
	(void)ctx;
	(void)self;
	return BLOCK;
}

static const hf_filter_ops ops = {
	.size = sizeof ops,
	.codec = "gzip/1",
	.suffix = ".gz",
	.stream_open = stream_open,
	.run = run,
	.stream_close = stream_close,
	.block_size = block_size,
};

static const hf_driver driver = {
	.size = sizeof driver,
	.kind = HF_KIND_COMPRESSOR,
	.name = "zlib",
	.summary = "gzip compression, readable by gunzip",
	.options = options,
	.threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_CONCAT,
	.open = filter_open,
	.close = filter_close,
	.filter = &ops,
};

static const hf_driver *const drivers[] = { &driver, NULL };

static const hf_plugin plugin = {
	.size = sizeof plugin,
	.abi_major = HF_ABI_MAJOR,
	.abi_minor = HF_ABI_MINOR,
	.name = "zlib",
	.version = PACKAGE_VERSION,
	.license = "MIT",
	.drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *table)
{
	host = table;
	return &plugin;
}
