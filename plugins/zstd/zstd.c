/* SPDX-License-Identifier: MIT
 *
 * The compressor `zstd`: frames with a checksum, as the zstd tool reads them
 * without any option. The window never exceeds what every decoder accepts by
 * default, so a restore needs to know nothing of the job.
 */
#include "config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <holdfast/plugin.h>

/* The largest window that a decoder takes without being asked: 128 MiB. */
#define WINDOW_LOG_MAX 27
#define BLOCK_MIN (4u << 20)
#define BLOCK_MAX (32u << 20)
/* Contexts are dear to make, so some are kept between streams. */
#define IDLE_MAX 16

static const hf_host *host;

struct filter {
	int level;
	int threads;    /* of one stream in long mode; 0: what the host grants */
	bool long_mode;
	int window_log; /* 0: by level */
	pthread_mutex_t mutex;
	struct stream *idle[2]; /* encoders, decoders */
	unsigned int count[2];
};

struct stream {
	struct filter *filter;
	struct stream *next;
	bool decode;
	bool begun; /* decode: a frame has begun and not ended */
	bool done;  /* encode: the frame is whole; decode: one was whole */
	bool hungry; /* decode: nothing more comes without more input */
	ZSTD_CCtx *encoder;
	ZSTD_DCtx *decoder;
};

static const hf_option options[] = {
	{ .name = "level",
	  .type = HF_OPT_INT,
	  .default_value = "3",
	  .min = -7,
	  .max = 22,
	  .help = "-7 is fastest, 22 is smallest; memory for each thread is about 4 MiB at level "
		  "3, 90 MiB at 19, 780 MiB at 22" },
	{ .name = "long",
	  .type = HF_OPT_BOOL,
	  .default_value = "no",
	  .help = "find repeats that lie far apart; each entry is then one stream, and takes "
		  "about 150 MiB more memory, its restore 128 MiB" },
	{ .name = "window",
	  .type = HF_OPT_INT,
	  .default_value = "0",
	  .max = WINDOW_LOG_MAX,
	  .help = "how far back repeats are found, as a power of two: 10..27; 0: by level, or 27 "
		  "with long" },
	{ .name = "threads",
	  .type = HF_OPT_INT,
	  .default_value = "0",
	  .max = 64,
	  .help = "threads that compress one stream with long = yes; 0: as many as the run has to "
		  "spare" },
	{ 0 },
};

static int32_t filter_open(hf_ctx *ctx, const hf_options *values, void **self)
{
	int window = (int)host->opt_int(values, "window", 0);
	struct filter *filter;

	if (window != 0 && window < 10)
		return host->fail(ctx, HF_E_CONFIG, "window is %d, but must be 0 or 10 to %d",
		    window, WINDOW_LOG_MAX);
	filter = calloc(1, sizeof *filter);
	if (!filter || pthread_mutex_init(&filter->mutex, NULL) != 0) {
		free(filter);
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	}
	filter->level = (int)host->opt_int(values, "level", 0);
	filter->long_mode = host->opt_int(values, "long", 0) != 0;
	filter->threads = (int)host->opt_int(values, "threads", 0);
	filter->window_log = window == 0 && filter->long_mode ? WINDOW_LOG_MAX : window;
	*self = filter;
	return HF_OK;
}

static void stream_delete(struct stream *stream)
{
	ZSTD_freeCCtx(stream->encoder);
	ZSTD_freeDCtx(stream->decoder);
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

static size_t set_encoder(const struct filter *filter, ZSTD_CCtx *encoder, int workers)
{
	const struct {
		ZSTD_cParameter name;
		int value;
	} params[] = {
		{ ZSTD_c_compressionLevel, filter->level },
		{ ZSTD_c_checksumFlag, 1 },
		{ ZSTD_c_windowLog, filter->window_log },
		{ ZSTD_c_enableLongDistanceMatching, filter->long_mode },
	};
	size_t rc = ZSTD_CCtx_reset(encoder, ZSTD_reset_session_and_parameters);

	for (size_t i = 0; i < sizeof params / sizeof params[0] && !ZSTD_isError(rc); i++)
		/* 0 may mean something else than "not set" */
		if (params[i].value != 0)
			rc = ZSTD_CCtx_setParameter(encoder, params[i].name, params[i].value);
	/* a library built without threads refuses; then one must do */
	if (!ZSTD_isError(rc) && workers > 1)
		(void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_nbWorkers, workers);
	return rc;
}

static size_t set_decoder(ZSTD_DCtx *decoder)
{
	size_t rc = ZSTD_DCtx_reset(decoder, ZSTD_reset_session_and_parameters);

	if (!ZSTD_isError(rc))
		rc = ZSTD_DCtx_setParameter(decoder, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	return rc;
}

static struct stream *stream_new(struct filter *filter, bool decode)
{
	struct stream *stream = calloc(1, sizeof *stream);

	if (!stream)
		return NULL;
	stream->filter = filter;
	stream->decode = decode;
	if (decode)
		stream->decoder = ZSTD_createDCtx();
	else
		stream->encoder = ZSTD_createCCtx();
	if (stream->encoder || stream->decoder)
		return stream;
	free(stream);
	return NULL;
}

static int32_t stream_open(hf_ctx *ctx, void *self, const hf_filter_in *in, void **out)
{
	struct filter *filter = self;
	bool decode = in->direction == HF_DECODE;
	int workers = filter->long_mode && filter->threads ? filter->threads : (int)in->threads;
	struct stream *stream = take_idle(filter, decode);
	size_t rc;

	if (!stream)
		stream = stream_new(filter, decode);
	if (!stream)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	rc = decode ? set_decoder(stream->decoder) : set_encoder(filter, stream->encoder, workers);
	if (ZSTD_isError(rc)) {
		stream_delete(stream);
		return host->fail(ctx, HF_E_FAILED, "cannot set up zstd: %s",
		    ZSTD_getErrorName(rc));
	}
	stream->begun = stream->done = stream->hungry = false;
	*out = stream;
	return HF_OK;
}

static void stream_close(void *handle)
{
	struct stream *stream = handle;
	struct filter *filter = stream->filter;
	bool decode = stream->decode, keep;

	pthread_mutex_lock(&filter->mutex);
	keep = filter->count[decode] < IDLE_MAX;
	if (keep) {
		stream->next = filter->idle[decode];
		filter->idle[decode] = stream;
		filter->count[decode]++;
	}
	pthread_mutex_unlock(&filter->mutex);
	if (!keep)
		stream_delete(stream);
}

static int32_t fail_zstd(hf_ctx *ctx, const struct stream *stream, size_t rc)
{
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_memory_allocation:
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	case ZSTD_error_frameParameter_windowTooLarge:
		return host->fail(ctx, HF_E_CORRUPT,
		    "the zstd data asks for a window of more than 128 MiB, which no backup uses");
	default:
		return host->fail(ctx, stream->decode ? HF_E_CORRUPT : HF_E_FAILED,
		    stream->decode ? "the zstd data is damaged: %s" : "zstd cannot compress: %s",
		    ZSTD_getErrorName(rc));
	}
}

static int32_t encode(hf_ctx *ctx, struct stream *stream, hf_in *in, hf_out *out, uint32_t op)
{
	const ZSTD_EndDirective directive = op == HF_RUN_FINISH ? ZSTD_e_end : ZSTD_e_continue;
	ZSTD_inBuffer zin = {
		.src = in->size > in->pos ? (const char *)in->data + in->pos : NULL,
		.size = (size_t)(in->size - in->pos),
	};
	ZSTD_outBuffer zout = {
		.dst = out->size > out->pos ? (char *)out->data + out->pos : NULL,
		.size = (size_t)(out->size - out->pos),
	};
	size_t before, rc;

	if (stream->done)
		return zin.size == 0 ? HF_END :
				       host->fail(ctx, HF_E_FAILED,
					   "input after the end of a zstd stream");
	do {
		before = zin.pos + zout.pos;
		rc = ZSTD_compressStream2(stream->encoder, &zout, &zin, directive);
		if (ZSTD_isError(rc))
			return fail_zstd(ctx, stream, rc);
	} while (rc != 0 && zout.pos < zout.size && zin.pos + zout.pos > before &&
		 (zin.pos < zin.size || op == HF_RUN_FINISH));
	in->pos += zin.pos;
	out->pos += zout.pos;
	if (op != HF_RUN_FINISH || rc != 0)
		return HF_OK;
	stream->done = true;
	return HF_END;
}

static int32_t fail_truncated(hf_ctx *ctx)
{
	return host->fail(ctx, HF_E_CORRUPT, "the zstd data is cut off");
}

static int32_t decode(hf_ctx *ctx, struct stream *stream, hf_in *in, hf_out *out, uint32_t op)
{
	for (;;) {
		ZSTD_inBuffer zin = { .src = in->data, .size = (size_t)in->size,
			.pos = (size_t)in->pos };
		ZSTD_outBuffer zout = { .dst = out->data, .size = (size_t)out->size,
			.pos = (size_t)out->pos };
		size_t rc;

		if (in->pos == in->size && (!stream->begun || stream->hungry)) {
			if (op != HF_RUN_FINISH)
				return HF_OK;
			return stream->done && !stream->begun ? HF_END : fail_truncated(ctx);
		}
		/* without room the library would call it an error in the end */
		if (out->pos == out->size)
			return HF_OK;
		rc = ZSTD_decompressStream(stream->decoder, &zout, &zin);
		if (ZSTD_isError(rc))
			return fail_zstd(ctx, stream, rc);
		stream->begun = rc != 0;
		stream->done = stream->done || rc == 0;
		stream->hungry = zin.pos == zin.size && zout.pos < zout.size;
		if (zin.pos == in->pos && zout.pos == out->pos && !stream->hungry)
			return HF_OK;
		in->pos = zin.pos;
		out->pos = zout.pos;
	}
}

static int32_t run(hf_ctx *ctx, void *handle, hf_in *in, hf_out *out, uint32_t op)
{
	struct stream *stream = handle;

	return stream->decode ? decode(ctx, stream, in, out, op) :
				encode(ctx, stream, in, out, op);
}

/* Blocks begin without a history: the larger the window, the larger a block
 * must be to make use of it. Cutting would defeat the long mode. */
static uint64_t block_size(hf_ctx *ctx, void *self)
{
	const struct filter *filter = self;
	uint64_t block = BLOCK_MIN;

	(void)ctx;
	if (filter->long_mode)
		return 0;
	if (filter->window_log)
		block = (uint64_t)2 << filter->window_log;
	else if (filter->level > 16)
		block = BLOCK_MAX;
	else if (filter->level > 9)
		block = 2 * (uint64_t)BLOCK_MIN;
	return block < BLOCK_MIN ? BLOCK_MIN : block > BLOCK_MAX ? BLOCK_MAX : block;
}

static const hf_filter_ops ops = {
	.size = sizeof ops,
	.codec = "zstd/1",
	.suffix = ".zst",
	.stream_open = stream_open,
	.run = run,
	.stream_close = stream_close,
	.block_size = block_size,
};

static const hf_driver driver = {
	.size = sizeof driver,
	.kind = HF_KIND_COMPRESSOR,
	.name = "zstd",
	.summary = "zstd compression, readable by zstd -d",
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
	.name = "zstd",
	.version = PACKAGE_VERSION,
	.license = "MIT",
	.drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *table)
{
	host = table;
	return &plugin;
}
