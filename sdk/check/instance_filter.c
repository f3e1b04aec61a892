/* SPDX-License-Identifier: MIT
 * instance_filter.c - bytes through a filter, in buffers of chosen sizes, with
 * every step judged; and samples to send through
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

const struct feed filter_whole = {.in_chunk = 1u << 20, .out_chunk = 1u << 20};

void bytes_add(struct bytes *bytes, const void *data, uint64_t size)
{
	if (bytes->size + size > bytes->room) {
		bytes->room = (bytes->size + size) * 2;
		bytes->data = need(realloc(bytes->data, bytes->room));
	}
	if (size)
		memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

static uint64_t chunk_size(struct world *world, uint64_t chunk)
{
	return chunk ? chunk : 1 + random_below(world, 5000);
}

void *stream_open(struct instance *in, uint32_t direction, int32_t *status)
{
	struct world *world = in->world;
	hf_filter_in args = {
		.size = sizeof(args), .direction = direction, .codec = world->filter.codec,
		.threads = world->driver.capabilities & HF_CAP_CONCAT ? 1 : 2,
	};
	hf_ctx *ctx = call_begin(world->mock, CALL_FILTER, "stream_open");
	void *stream = NULL;

	*status = call_done(ctx, world->filter.stream_open(ctx, in->self, &args, &stream));
	return stream;
}

/* One run() on exact buffers, so that a memory checker sees an overrun by one byte. */
int32_t run_once(struct instance *in, void *stream, hf_in *input, const void *source,
    uint64_t room, uint32_t op, struct bytes *out)
{
	struct world *world = in->world;
	unsigned char *from = need(malloc(input->size + 1));
	unsigned char *to = need(malloc(room + 1));
	hf_ctx *ctx = call_begin(world->mock, CALL_FILTER, "run");
	hf_out output = {.data = to, .size = room};
	hf_in seen = {.data = from, .size = input->size};
	int32_t status;

	if (input->size)
		memcpy(from, source, input->size);
	to[room] = 0xa5;
	status = call_done(ctx, world->filter.run(ctx, stream, &seen, &output, op));
	if (seen.pos > seen.size || output.pos > output.size || to[room] != 0xa5)
		flaw(world->report, "run() went beyond its cursors");
	else if (input->size && memcmp(from, source, input->size) != 0)
		flaw(world->report, "run() changed its input");
	else if (status == HF_OK && !seen.pos && !output.pos && room &&
	    (seen.size || op == HF_RUN_FINISH))
		flaw(world->report, "run() moved neither cursor and returned HF_OK");
	else
		bytes_add(out, to, output.pos);
	if (seen.data != from || seen.size != input->size || output.data != to ||
	    output.size != room)
		flaw(world->report, "run() changed data or size of a cursor");
	if (status == HF_END && op != HF_RUN_FINISH)
		flaw(world->report, "run() returned HF_END without HF_RUN_FINISH");
	if (status == HF_END && seen.pos != seen.size)
		flaw(world->report, "run() returned HF_END and left input");
	input->pos = seen.pos;
	free(from);
	free(to);
	return status;
}

/* HF_OK when all of it went through; `out` holds what came, also after an error. */
int32_t filter_pass(struct instance *in, uint32_t direction, const void *data, uint64_t size,
    const struct feed *feed, struct bytes *out)
{
	struct world *world = in->world;
	unsigned flaws = atomic_load(&world->report->flaws);
	const unsigned char *at = data;
	int32_t status;
	void *stream = stream_open(in, direction, &status);

	if (status)
		return status;
	while (status == HF_OK) {
		uint64_t chunk = chunk_size(world, feed->in_chunk);
		uint64_t now = size < chunk ? size : chunk;
		hf_in input = {.size = now};
		bool last = now == size && !(feed->late_finish && now);

		status = run_once(in, stream, &input, at, chunk_size(world, feed->out_chunk),
		    last ? HF_RUN_FINISH : HF_RUN_MORE, out);
		if (atomic_load(&world->report->flaws) != flaws) {
			status = HF_E_FAILED;
			break;
		}
		at += input.pos;
		size -= input.pos;
		if (feed->most && out->size > feed->most)
			break;
	}
	world->filter.stream_close(stream);
	return status == HF_END ? HF_OK : status;
}

/* --- samples --- */

void make_sample(struct world *world, unsigned which, struct bytes *sample)
{
	static const char *const words[] = {"kelp ", "rock ", "storm ", "holds ", "\n"};

	*sample = (struct bytes){0};
	switch (which) {
	case 0:
		break;
	case 1:
		bytes_add(sample, "x", 1);
		break;
	case 2:
		while (sample->size < 40000) {
			const char *word = words[random_below(world, COUNT(words))];

			bytes_add(sample, word, strlen(word));
		}
		break;
	case 3:
		sample->data = need(malloc(300000));
		sample->size = sample->room = 300000;
		random_fill(world, sample->data, sample->size);
		break;
	default:
		sample->data = need(calloc(1, 3000000));
		sample->size = sample->room = 3000000;
		break;
	}
}


void expect_bytes(struct world *world, const char *what, const struct bytes *want,
    const struct bytes *got)
{
	if (want->size != got->size || (want->size && memcmp(want->data, got->data, want->size)))
		flaw(world->report, "%s: %" PRIu64 " bytes went in and %" PRIu64 " %scame out",
		    what, want->size, got->size, want->size == got->size ? "others " : "");
}
