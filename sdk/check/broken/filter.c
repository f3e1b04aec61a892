/* SPDX-License-Identifier: MIT
 * filter.c - a codec that adds a check sum to each block, and with
 * -DFAULT=NAME one that breaks one rule
 *
 * A stream is blocks of 'b', a length 1..255, so many bytes and four
 * bytes of sum, then 'e'. Streams may follow each other.
 */
#include <stdlib.h>
#include <string.h>

#include <holdfast/plugin.h>

enum {
	NONE, NO_SUM, SHORT_IS_FINE, STUCK, IGNORES_TAIL, ONE_TOO_FAR, ENDS_EARLY, ONE_STREAM_ONLY,
	SHARED_STATE, LEAKS_STREAM, WRONG_CLASS, LEAVES_INPUT, CHANGES_INPUT, ENCODES_WRONG,
};
#ifndef FAULT
#define FAULT NONE
#endif
#define IS(fault) (FAULT == (fault))

static const hf_host *host;

struct stream {
	int decode;
	unsigned char pending[300]; /* goes out next */
	unsigned have, given;
	unsigned char block[270]; /* of the input, so far */
	unsigned filled;
	int ended;    /* encode: 'e' was written; decode: at a border */
	int finished; /* decode: a stream has ended */
};

static struct stream shared;

static void flush(struct stream *s, hf_out *out)
{
	uint64_t room = out->size - out->pos, now = s->have - s->given;

	if (now > room)
		now = room;
	memcpy((unsigned char *)out->data + out->pos, s->pending + s->given, now);
	if (IS(ONE_TOO_FAR) && now && now == room)
		((unsigned char *)out->data)[out->size] = 0;
	out->pos += now;
	s->given += (unsigned)now;
	if (s->given == s->have)
		s->given = s->have = 0;
}

static void sum(unsigned char *to, const unsigned char *data, unsigned size)
{
	uint32_t total = 2166136261u ^ size;

	for (unsigned i = 0; i < size; i++)
		total = (total ^ data[i]) * 16777619u;
	memcpy(to, &total, 4);
}

static void block_out(struct stream *s)
{
	s->pending[0] = 'b';
	s->pending[1] = (unsigned char)s->filled;
	memcpy(s->pending + 2, s->block, s->filled);
	if (IS(ENCODES_WRONG) && s->filled > 100)
		s->pending[50] ^= 1;
	sum(s->pending + 2 + s->filled, s->pending + 2, s->filled);
	s->have = s->filled + 6;
	s->filled = 0;
}

static int32_t encode(struct stream *s, hf_in *in, hf_out *out, uint32_t op)
{
	for (;;) {
		flush(s, out);
		if (s->have)
			return HF_OK;
		if (s->ended)
			return HF_END;
		while (in->pos < in->size && s->filled < 255)
			s->block[s->filled++] = ((const unsigned char *)in->data)[in->pos++];
		if (s->filled == 255 || (op == HF_RUN_FINISH && s->filled)) {
			block_out(s);
		} else if (op == HF_RUN_FINISH || IS(ENDS_EARLY)) {
			s->pending[0] = 'e';
			s->have = 1;
			s->ended = 1;
		} else {
			return HF_OK;
		}
	}
}

/* One byte of input. False: damaged. */
static int take(struct stream *s, unsigned char byte)
{
	unsigned char expected[4];
	unsigned size;

	if (s->filled == 0 && byte == 'e') {
		s->ended = s->finished = 1;
		return 1;
	}
	if (s->filled == 0 && (byte != 'b' || (s->finished && IS(ONE_STREAM_ONLY))))
		return 0;
	s->block[s->filled++] = byte;
	s->ended = 0;
	if (s->filled < 2)
		return 1;
	size = s->block[1];
	if (!size)
		return 0;
	if (s->filled < size + 6)
		return 1;
	sum(expected, s->block + 2, size);
	if (memcmp(s->block + size + 2, expected, 4) != 0 && !IS(NO_SUM))
		return 0;
	memcpy(s->pending, s->block + 2, size);
	s->have = size;
	s->filled = 0;
	return 1;
}

static int32_t decode(hf_ctx *ctx, struct stream *s, hf_in *in, hf_out *out, uint32_t op)
{
	for (;;) {
		flush(s, out);
		if (s->have)
			return HF_OK;
		if (in->pos == in->size)
			break;
		if (IS(IGNORES_TAIL) && s->ended) {
			in->pos = in->size;
			break;
		}
		if (!take(s, ((const unsigned char *)in->data)[in->pos++]))
			return host->fail(ctx, IS(WRONG_CLASS) ? HF_E_FAILED : HF_E_CORRUPT,
			    "the stream is damaged");
	}
	if (op != HF_RUN_FINISH)
		return HF_OK;
	if (!s->ended && !IS(SHORT_IS_FINE))
		return host->fail(ctx, HF_E_CORRUPT, "the stream stops short");
	return HF_END;
}

static int32_t run(hf_ctx *ctx, void *handle, hf_in *in, hf_out *out, uint32_t op)
{
	struct stream *s = IS(SHARED_STATE) ? &shared : handle;

	if (IS(STUCK) && in->size == 1)
		return HF_OK;
	if (IS(LEAVES_INPUT) && op == HF_RUN_FINISH && in->size > 10)
		return HF_END;
	if (IS(CHANGES_INPUT) && in->size > 10)
		((unsigned char *)(uintptr_t)in->data)[5] ^= 1;
	return s->decode ? decode(ctx, s, in, out, op) : encode(s, in, out, op);
}

static int32_t stream_open(hf_ctx *ctx, void *self, const hf_filter_in *in, void **stream)
{
	struct stream *s = calloc(1, sizeof(*s));

	(void)ctx;
	(void)self;
	s->decode = in->direction == HF_DECODE;
	if (IS(SHARED_STATE))
		shared = *s;
	*stream = s;
	return HF_OK;
}

static void stream_close(void *stream)
{
	if (!IS(LEAKS_STREAM))
		free(stream);
}

static int32_t open_filter(hf_ctx *ctx, const hf_options *options, void **self)
{
	(void)ctx;
	(void)options;
	*self = NULL;
	return HF_OK;
}

static void close_filter(hf_ctx *ctx, void *self)
{
	(void)ctx;
	(void)self;
}

static const hf_filter_ops ops = {
	.size = sizeof(ops), .codec = "blocks/1", .suffix = ".blk",
	.stream_open = stream_open, .run = run, .stream_close = stream_close,
};

static const hf_driver driver = {
	.size = sizeof(driver), .kind = HF_KIND_COMPRESSOR, .name = "blocks",
	.summary = "blocks with sums, for tests", .threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_CONCAT, .open = open_filter, .close = close_filter, .filter = &ops,
};

static const hf_driver *const drivers[] = {&driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin), .abi_major = HF_ABI_MAJOR, .abi_minor = HF_ABI_MINOR,
	.name = "blocks", .version = "1.0", .license = "MIT", .drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *h)
{
	host = h;
	return &plugin;
}
