/* SPDX-License-Identifier: MIT
 * laws_filter.c - both directions of a filter: buffers of any size, damage,
 * concatenation, and the command-line tool of the format
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

struct bytes {
	unsigned char *data;
	uint64_t size;
	uint64_t room;
};

/* How a stream is fed: chunks of 0 mean a random size up to 5000. */
struct feed {
	uint64_t in_chunk;
	uint64_t out_chunk;
	bool late_finish; /* HF_RUN_FINISH comes with an empty cursor */
	uint64_t most;    /* more output than this is an error */
};

static const struct feed whole = {.in_chunk = 1u << 20, .out_chunk = 1u << 20};

static void bytes_add(struct bytes *bytes, const void *data, uint64_t size)
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

static void *stream_open(struct instance *in, uint32_t direction, int32_t *status)
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
static int32_t run_once(struct instance *in, void *stream, hf_in *input, const void *source,
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
static int32_t pass(struct instance *in, uint32_t direction, const void *data, uint64_t size,
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

static void make_sample(struct world *world, unsigned which, struct bytes *sample)
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

#define SAMPLES 5u

static void expect_bytes(struct world *world, const char *what, const struct bytes *want,
    const struct bytes *got)
{
	if (want->size != got->size || (want->size && memcmp(want->data, got->data, want->size)))
		flaw(world->report, "%s: %" PRIu64 " bytes went in and %" PRIu64 " %scame out",
		    what, want->size, got->size, want->size == got->size ? "others " : "");
}

static void there_and_back(struct instance *in, const struct bytes *plain,
    const struct feed *encode, const struct feed *decode)
{
	struct world *world = in->world;
	struct bytes coded = {0}, back = {0};
	int32_t status = pass(in, HF_ENCODE, plain->data, plain->size, encode, &coded);

	if (status == HF_OK)
		status = pass(in, HF_DECODE, coded.data, coded.size, decode, &back);
	if (status)
		flaw(world->report, "%" PRIu64 " bytes there and back: %s", plain->size,
		    status_name(status));
	else
		expect_bytes(world, "there and back", plain, &back);
	free(coded.data);
	free(back.data);
}

static void with_feeds(struct world *world, const struct feed *encode, const struct feed *decode,
    uint64_t at_most)
{
	struct instance in;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct bytes plain;

		make_sample(world, i, &plain);
		if (plain.size > at_most)
			plain.size = at_most;
		there_and_back(&in, &plain, encode, decode);
		free(plain.data);
		mock_reset(world->mock);
	}
	instance_close(&in);
}

static void large_buffers(struct world *world)
{
	with_feeds(world, &whole, &whole, UINT64_MAX);
}

static void one_byte(struct world *world)
{
	static const struct feed in1 = {.in_chunk = 1, .out_chunk = 1 << 16};
	static const struct feed out1 = {.in_chunk = 1 << 16, .out_chunk = 1};
	static const struct feed both = {.in_chunk = 1, .out_chunk = 1};

	with_feeds(world, &in1, &in1, 30000);
	with_feeds(world, &out1, &out1, 30000);
	with_feeds(world, &both, &both, 30000);
}

static void random_chunks(struct world *world)
{
	static const struct feed random = {0};
	static const struct feed late = {.late_finish = true};

	with_feeds(world, &random, &late, UINT64_MAX);
	with_feeds(world, &late, &random, UINT64_MAX);
}

/* --- damage --- */

static void expect_refused(struct instance *in, const struct bytes *bad, const struct bytes *plain,
    bool same_is_fine, const char *what, uint64_t at)
{
	struct feed feed = whole;
	struct bytes back = {0};
	int32_t status;

	feed.most = plain->size * 64 + (1u << 24);
	status = pass(in, HF_DECODE, bad->data, bad->size, &feed, &back);
	if (status == HF_OK && !(same_is_fine && back.size == plain->size &&
	    memcmp(back.data, plain->data, plain->size) == 0))
		flaw(in->world->report, "%s at byte %" PRIu64 " of %" PRIu64
		    ": decoded without an error", what, at, bad->size);
	else if (status != HF_OK && status != HF_E_CORRUPT)
		flaw(in->world->report, "%s at byte %" PRIu64 ": %s instead of HF_E_CORRUPT", what,
		    at, status_name(status));
	free(back.data);
}

/* Text short enough to try every byte, long enough to have more than one block of something. */
static bool make_coded(struct instance *in, struct bytes *plain, struct bytes *coded)
{
	make_sample(in->world, 2, plain);
	plain->size = 700;
	*coded = (struct bytes){0};
	return pass(in, HF_ENCODE, plain->data, plain->size, &whole, coded) == HF_OK;
}

static void truncated(struct world *world)
{
	struct instance in;
	struct bytes plain, coded;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	if (make_coded(&in, &plain, &coded)) {
		/* From 1: whether nothing at all is a stream is the format's own matter. */
		for (uint64_t cut = 1; cut < coded.size; cut++) {
			struct bytes less = {.data = coded.data, .size = cut};

			expect_refused(&in, &less, &plain, false, "cut", cut);
			mock_reset(world->mock);
		}
	}
	free(plain.data);
	free(coded.data);
	instance_close(&in);
}

static void flipped(struct world *world)
{
	static const unsigned char flips[] = {0x01, 0x10, 0x80, 0xff};
	struct instance in;
	struct bytes plain, coded;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	if (make_coded(&in, &plain, &coded)) {
		for (uint64_t i = 0; i < coded.size * COUNT(flips); i++) {
			unsigned char *at = &coded.data[i / COUNT(flips)];

			*at ^= flips[i % COUNT(flips)];
			expect_refused(&in, &coded, &plain, true, "a flip", i / COUNT(flips));
			*at ^= flips[i % COUNT(flips)];
			mock_reset(world->mock);
		}
	}
	free(plain.data);
	free(coded.data);
	instance_close(&in);
}

static void trailing(struct world *world)
{
	struct instance in;
	struct bytes plain, coded;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	if (make_coded(&in, &plain, &coded)) {
		bytes_add(&coded, "trailing garbage", 16);
		expect_refused(&in, &coded, &plain, false, "garbage", coded.size - 16);
	}
	free(plain.data);
	free(coded.data);
	instance_close(&in);
}

static void garbage(struct world *world)
{
	struct instance in;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	for (unsigned i = 0; i < 200; i++) {
		unsigned char noise[256];
		struct bytes bad = {.data = noise, .size = 1 + random_below(world, 255)};
		struct bytes plain = {.data = noise};

		random_fill(world, noise, sizeof(noise));
		expect_refused(&in, &bad, &plain, false, "noise", 0);
		mock_reset(world->mock);
	}
	instance_close(&in);
}

/* --- concatenation --- */

static const char *skip_concat(const struct world *world)
{
	return world->driver.capabilities & HF_CAP_CONCAT ? NULL :
	    "the driver does not declare HF_CAP_CONCAT";
}

static void concatenated(struct world *world)
{
	struct instance in;
	struct bytes all = {0}, coded = {0}, back = {0};

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct bytes plain;

		make_sample(world, i, &plain);
		bytes_add(&all, plain.data, plain.size);
		if (pass(&in, HF_ENCODE, plain.data, plain.size, &(struct feed){0}, &coded))
			flaw(world->report, "encoding failed");
		free(plain.data);
	}
	if (pass(&in, HF_DECODE, coded.data, coded.size, &(struct feed){0}, &back) != HF_OK)
		flaw(world->report, "a concatenation of streams was refused");
	else
		expect_bytes(world, "concatenated", &all, &back);
	free(all.data);
	free(coded.data);
	free(back.data);
	instance_close(&in);
}

/* --- lives of streams --- */

static void close_early(struct world *world)
{
	struct instance in;
	struct bytes plain, coded = {0};

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	make_sample(world, 3, &plain);
	pass(&in, HF_ENCODE, plain.data, plain.size, &whole, &coded);
	for (unsigned i = 0; i < 8; i++) {
		uint32_t direction = i % 2 ? HF_ENCODE : HF_DECODE;
		const struct bytes *from = i % 2 ? &plain : &coded;
		int32_t status;
		void *stream = stream_open(&in, direction, &status);
		struct bytes out = {0};

		if (status) {
			flaw(world->report, "stream_open(): %s", status_name(status));
			continue;
		}
		for (unsigned calls = 0; calls < i / 2; calls++) {
			hf_in input = {.size = 20000};

			run_once(&in, stream, &input, from->data, 100, HF_RUN_MORE, &out);
		}
		world->filter.stream_close(stream);
		free(out.data);
	}
	free(plain.data);
	free(coded.data);
	instance_close(&in);
}

struct twin {
	struct instance *in;
	struct bytes plain;
	int32_t status;
};

static void *run_twin(void *data)
{
	struct twin *twin = data;
	struct bytes coded = {0}, back = {0};

	twin->status = worker_enter(twin->in);
	if (twin->status)
		return NULL;
	twin->status = pass(twin->in, HF_ENCODE, twin->plain.data, twin->plain.size, &whole,
	    &coded);
	if (!twin->status)
		twin->status = pass(twin->in, HF_DECODE, coded.data, coded.size, &whole, &back);
	if (!twin->status)
		expect_bytes(twin->in->world, "on a thread", &twin->plain, &back);
	worker_leave(twin->in);
	free(coded.data);
	free(back.data);
	return NULL;
}

static void threads(struct world *world)
{
	struct instance in;
	struct twin twins[4];
	pthread_t ids[4];
	unsigned started = 0;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	for (unsigned i = 0; i < 4; i++) {
		twins[i] = (struct twin){.in = &in};
		make_sample(world, 2 + i % 3, &twins[i].plain);
	}
	for (; started < 4; started++)
		if (pthread_create(&ids[started], NULL, run_twin, &twins[started]))
			break;
	for (unsigned i = 0; i < started; i++) {
		pthread_join(ids[i], NULL);
		if (twins[i].status)
			flaw(world->report, "thread %u: %s", i, status_name(twins[i].status));
	}
	for (unsigned i = 0; i < 4; i++)
		free(twins[i].plain.data);
	instance_close(&in);
}

static int32_t once(struct world *world)
{
	bool quiet = atomic_load(&world->mock->cancel_at) != 0;
	struct instance in;
	struct bytes plain, coded = {0}, back = {0};
	int32_t status = instance_open(world, &in, NULL, quiet);

	if (status)
		return status;
	make_sample(world, 1, &plain);
	status = pass(&in, HF_ENCODE, plain.data, plain.size, &whole, &coded);
	if (status == HF_OK)
		status = pass(&in, HF_DECODE, coded.data, coded.size, &whole, &back);
	free(plain.data);
	free(coded.data);
	free(back.data);
	instance_close(&in);
	return status;
}

static void cancelled(struct world *world)
{
	cancel_everywhere(world, once);
}

static void growth(struct world *world)
{
	watch_growth(world, "pair of streams", once);
}

/* --- the tool --- */

static const char *skip_tool(const struct world *world)
{
	return world->config->tool ? NULL : "give --tool COMMAND, which decodes";
}

static const char *skip_tool_encode(const struct world *world)
{
	return world->config->tool_encode ? NULL : "give --tool-encode COMMAND, which encodes";
}

static bool save(const char *path, const struct bytes *bytes)
{
	FILE *file = fopen(path, "wb");
	bool done = file && (!bytes->size ||
	    fwrite(bytes->data, 1, bytes->size, file) == bytes->size);

	return file && fclose(file) == 0 && done;
}

static bool load(const char *path, struct bytes *bytes)
{
	FILE *file = fopen(path, "rb");
	unsigned char block[65536];
	size_t got;
	bool done;

	if (!file)
		return false;
	while ((got = fread(block, 1, sizeof(block), file)))
		bytes_add(bytes, block, got);
	done = !ferror(file);
	fclose(file);
	return done;
}

static bool through_tool(struct world *world, const char *tool, const struct bytes *from,
    struct bytes *to)
{
	char *in = text("%s/in", world->scratch), *out = text("%s/out", world->scratch);
	char *command = text("(%s) <'%s' >'%s'", tool, in, out);
	bool done = save(in, from) && system(command) == 0 && load(out, to);

	if (!done)
		flaw(world->report, "%s failed on %" PRIu64 " bytes", tool, from->size);
	free(in);
	free(out);
	free(command);
	return done;
}

static void tool_decodes(struct world *world)
{
	struct instance in;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct bytes plain, coded = {0}, back = {0};

		make_sample(world, i, &plain);
		if (pass(&in, HF_ENCODE, plain.data, plain.size, &whole, &coded))
			flaw(world->report, "encoding failed");
		else if (through_tool(world, world->config->tool, &coded, &back))
			expect_bytes(world, "decoded by the tool", &plain, &back);
		free(plain.data);
		free(coded.data);
		free(back.data);
	}
	instance_close(&in);
}

static void tool_encodes(struct world *world)
{
	struct instance in;

	if (instance_open(world, &in, NULL, false) != HF_OK)
		return;
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct bytes plain, coded = {0}, back = {0};

		make_sample(world, i, &plain);
		if (through_tool(world, world->config->tool_encode, &plain, &coded)) {
			if (pass(&in, HF_DECODE, coded.data, coded.size, &whole, &back))
				flaw(world->report, "what the tool encoded was refused");
			else
				expect_bytes(world, "encoded by the tool", &plain, &back);
		}
		free(plain.data);
		free(coded.data);
		free(back.data);
	}
	instance_close(&in);
}

const struct law laws_filter[] = {
	{"filter: there and back", HF_KIND_COMPRESSOR, large_buffers, NULL},
	{"filter: one byte at a time", HF_KIND_COMPRESSOR, one_byte, NULL},
	{"filter: buffers of random sizes", HF_KIND_COMPRESSOR, random_chunks, NULL},
	{"filter: a stream cut short is refused", HF_KIND_COMPRESSOR, truncated, NULL},
	{"filter: a flipped byte is never silent", HF_KIND_COMPRESSOR, flipped, NULL},
	{"filter: garbage after the stream is refused", HF_KIND_COMPRESSOR, trailing, NULL},
	{"filter: noise is refused", HF_KIND_COMPRESSOR, garbage, NULL},
	{"filter: a concatenation of streams is a stream", HF_KIND_COMPRESSOR, concatenated,
	    skip_concat},
	{"filter: a stream can be closed at any moment", HF_KIND_COMPRESSOR, close_early, NULL},
	{"filter: four streams of one instance on threads", HF_KIND_COMPRESSOR, threads,
	    skip_threads},
	{"filter: stops when cancelled at any host call", HF_KIND_COMPRESSOR, cancelled, NULL},
	{"filter: memory does not grow", HF_KIND_COMPRESSOR, growth, NULL},
	{"filter: the tool decodes it", HF_KIND_COMPRESSOR, tool_decodes, skip_tool},
	{"filter: decodes what the tool encodes", HF_KIND_COMPRESSOR, tool_encodes,
	    skip_tool_encode},
	{NULL, 0, NULL, NULL},
};
