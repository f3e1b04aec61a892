/* SPDX-License-Identifier: MIT
 * faultyfilter.c - the compressor "faultyfilter": passes bytes on, and fails or lies when told to
 */
#include <stdlib.h>
#include <string.h>

#include "fault.h"

static const hf_option options[] = {
    {.name = "fail_after",
	.type = HF_OPT_SIZE,
	.help = "fail once so many bytes went in, in all streams together"},
    {.name = "fail_in",
	.type = HF_OPT_CHOICE,
	.default_value = "both",
	.choices = "both|encode|decode",
	.help = "the direction that fails"},
    {.name = "no_progress",
	.type = HF_OPT_BOOL,
	.default_value = "no",
	.help = "take nothing and give nothing instead of failing"},
    {.name = "flip",
	.type = HF_OPT_SIZE,
	.help = "change the byte at this offset of what is encoded, and say nothing"},
    FAULT_OPTIONS,
    {0},
};

struct filter {
	struct fault fault;
	int fails; /* fail_after was given */
	uint64_t after;
	uint32_t fail_in; /* HF_ENCODE, HF_DECODE, or both */
	int no_progress;
	int flips; /* flip was given */
	uint64_t flip;
	atomic_uint_fast64_t passed;
};

struct stream {
	struct filter *filter;
	uint32_t direction;
	uint64_t at;
};

static int32_t filter_open(hf_ctx *ctx, const hf_options *given, void **self)
{
	static const uint32_t directions[] = {HF_ENCODE | HF_DECODE, HF_ENCODE, HF_DECODE};
	struct filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return fault_no_memory(ctx);
	fault_open(&filter->fault, given, "run");
	filter->fails = host->opt_count(given, "fail_after") > 0;
	filter->after = (uint64_t)host->opt_int(given, "fail_after", 0);
	filter->fail_in = directions[host->opt_int(given, "fail_in", 0)];
	filter->no_progress = host->opt_int(given, "no_progress", 0) != 0;
	filter->flips = host->opt_count(given, "flip") > 0;
	filter->flip = (uint64_t)host->opt_int(given, "flip", 0);
	atomic_init(&filter->passed, 0);
	*self = filter;
	return HF_OK;
}

static void filter_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

static int32_t stream_open(hf_ctx *ctx, void *self, const hf_filter_in *in, void **out)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return fault_no_memory(ctx);
	stream->filter = self;
	stream->direction = in->direction;
	*out = stream;
	return HF_OK;
}

static void stream_close(void *stream)
{
	free(stream);
}

static int32_t stream_run(hf_ctx *ctx, void *handle, hf_in *in, hf_out *out, uint32_t op)
{
	struct stream *stream = handle;
	struct filter *filter = stream->filter;
	uint64_t size = in->size - in->pos, room = out->size - out->pos;
	unsigned char *to = (unsigned char *)out->data + out->pos;
	int32_t status;

	if (size > room)
		size = room;
	if (filter->fails && filter->fail_in & stream->direction && in->pos < in->size &&
	    atomic_load(&filter->passed) + (in->size - in->pos) > filter->after) {
		if (filter->no_progress)
			return HF_OK;
		status = fault_at(ctx, &filter->fault, "run", "a stream");
		if (status != HF_OK)
			return status;
	}
	status = size ? fault_delay(ctx, &filter->fault) : HF_OK;
	if (status != HF_OK)
		return status;
	if (size)
		memcpy(to, (const unsigned char *)in->data + in->pos, size);
	if (filter->flips && stream->direction == HF_ENCODE && filter->flip >= stream->at &&
	    filter->flip - stream->at < size)
		to[filter->flip - stream->at] ^= 1;
	in->pos += size;
	out->pos += size;
	stream->at += size;
	atomic_fetch_add(&filter->passed, size);
	return op == HF_RUN_FINISH && in->pos == in->size ? HF_END : HF_OK;
}

static const hf_filter_ops ops = {
    .size = sizeof(ops),
    .codec = "ident/1",
    .suffix = ".id",
    .stream_open = stream_open,
    .run = stream_run,
    .stream_close = stream_close,
};

const hf_driver faultyfilter_driver = {
    .size = sizeof(faultyfilter_driver),
    .kind = HF_KIND_COMPRESSOR,
    .name = "faultyfilter",
    .summary = "passes bytes on, for tests",
    .options = options,
    .threads = HF_THREADS_STREAM,
    .capabilities = HF_CAP_CONCAT,
    .open = filter_open,
    .close = filter_close,
    .filter = &ops,
};
