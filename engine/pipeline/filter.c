/* SPDX-License-Identifier: MIT
 * Driving a filter. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/filter.h"

#define PIECE ((size_t)256 << 10)

struct filter_stream {
	struct instance *filter;
	void *stream;
};

void filter_out_free(struct filter_out *out)
{
	free(out->data);
	*out = (struct filter_out){0};
}

static int32_t grow(struct filter_out *out, size_t cap, struct error *err)
{
	uint8_t *data = realloc(out->data, cap);

	if (!data)
		return error_set(err, HF_E_FAILED, "out of memory for %zu bytes of output", cap);
	out->data = data;
	out->cap = cap;
	return HF_OK;
}

int32_t filter_open(struct instance *filter, uint32_t direction, const char *codec,
	uint64_t size_hint, unsigned threads, struct filter_stream **out, struct error *err)
{
	const hf_filter_ops *ops = &filter->driver->filter;
	struct filter_stream *s = xcalloc(1, sizeof *s);
	struct hf_ctx ctx;
	int32_t status;
	hf_filter_in in = {
		.size = sizeof in,
		.direction = direction,
		.codec = codec ? codec : ops->codec,
		.size_hint = size_hint,
		.threads = threads ? threads : 1,
	};

	s->filter = filter;
	call_begin(&ctx, filter);
	status = call_end(&ctx, ops->stream_open(&ctx, filter->self, &in, &s->stream), err);
	if (status != HF_OK) {
		free(s);
		return status;
	}
	*out = s;
	return HF_OK;
}

void filter_close(struct filter_stream *s)
{
	struct hf_ctx ctx;

	if (!s)
		return;
	call_begin(&ctx, s->filter);
	s->filter->driver->filter.stream_close(s->stream);
	call_end(&ctx, HF_OK, NULL);
	free(s);
}

int32_t filter_step(struct filter_stream *s, hf_in *in, hf_out *out, bool finish, struct error *err)
{
	uint64_t in_pos = in->pos, out_pos = out->pos;
	struct hf_ctx ctx;
	int32_t status;

	call_begin(&ctx, s->filter);
	status = s->filter->driver->filter.run(&ctx, s->stream, in, out,
		finish ? HF_RUN_FINISH : HF_RUN_MORE);
	status = call_end_or(&ctx, status, HF_END, err);
	if (in->pos > in->size || in->pos < in_pos || out->pos > out->size || out->pos < out_pos)
		return error_set(err, HF_E_FAILED, "%s: the driver moved a cursor out of its bounds",
			s->filter->label);
	if (status == HF_OK && in->pos == in_pos && out->pos == out_pos && out->pos < out->size &&
		(in->pos < in->size || finish))
		return error_set(err, HF_E_FAILED, "%s: the driver makes no progress", s->filter->label);
	if (status == HF_END && (in->pos < in->size || !finish))
		return error_set(err, HF_E_FAILED, "%s: the driver ended before its input did",
			s->filter->label);
	return status;
}

int32_t filter_run(struct filter_stream *s, const void *data, size_t n, bool finish,
	struct filter_out *room, int32_t (*emit)(void *arg, const void *data, size_t n, struct error *err),
	void *arg, struct error *err)
{
	hf_in in = {.data = data, .size = n};
	int32_t status = room->cap ? HF_OK : grow(room, PIECE, err);

	while (status == HF_OK) {
		hf_out out = {.data = room->data, .size = room->cap};

		status = filter_step(s, &in, &out, finish, err);
		if ((status == HF_OK || status == HF_END) && out.pos > 0) {
			int32_t passed = emit(arg, room->data, out.pos, err);
			if (passed != HF_OK)
				return passed;
		}
		if (status == HF_OK && !finish && in.pos == in.size && out.pos < out.size)
			return HF_OK;
	}
	return status == HF_END ? HF_OK : status;
}

int32_t filter_once(struct instance *filter, const void *data, size_t n, struct filter_out *out,
	struct error *err)
{
	struct filter_stream *s = NULL;
	hf_in in = {.data = data, .size = n};
	/* what no usual codec exceeds, so that one call does it */
	size_t bound = n + n / 64 + 4096;
	int32_t status = out->cap >= bound ? HF_OK : grow(out, bound, err);

	out->n = 0;
	if (status == HF_OK)
		status = filter_open(filter, HF_ENCODE, NULL, n, 1, &s, err);
	while (status == HF_OK) {
		hf_out to = {.data = out->data, .size = out->cap, .pos = out->n};

		status = filter_step(s, &in, &to, true, err);
		out->n = to.pos;
		if (status == HF_OK && out->n == out->cap)
			status = grow(out, out->cap + out->cap / 2, err);
	}
	filter_close(s);
	return status == HF_END ? HF_OK : status;
}
