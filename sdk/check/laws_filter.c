/* SPDX-License-Identifier: MIT
 * laws_filter.c - both directions of a filter: buffers of any size,
 * concatenation, threads, streams that end early
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void there_and_back(struct instance *in, const struct bytes *plain,
    const struct feed *encode, const struct feed *decode)
{
	struct world *world = in->world;
	struct bytes coded = {0}, back = {0};
	int32_t status = filter_pass(in, HF_ENCODE, plain->data, plain->size, encode, &coded);

	if (status == HF_OK)
		status = filter_pass(in, HF_DECODE, coded.data, coded.size, decode, &back);
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
	for (unsigned i = 0; i < FILTER_SAMPLES; i++) {
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
	with_feeds(world, &filter_whole, &filter_whole, UINT64_MAX);
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
	for (unsigned i = 0; i < FILTER_SAMPLES; i++) {
		struct bytes plain;

		make_sample(world, i, &plain);
		bytes_add(&all, plain.data, plain.size);
		if (filter_pass(&in, HF_ENCODE, plain.data, plain.size, &(struct feed){0}, &coded))
			flaw(world->report, "encoding failed");
		free(plain.data);
	}
	if (filter_pass(&in, HF_DECODE, coded.data, coded.size, &(struct feed){0}, &back) != HF_OK)
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
	filter_pass(&in, HF_ENCODE, plain.data, plain.size, &filter_whole, &coded);
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
	twin->status = filter_pass(twin->in, HF_ENCODE, twin->plain.data, twin->plain.size, &filter_whole,
	    &coded);
	if (!twin->status)
		twin->status = filter_pass(twin->in, HF_DECODE, coded.data, coded.size, &filter_whole, &back);
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
	status = filter_pass(&in, HF_ENCODE, plain.data, plain.size, &filter_whole, &coded);
	if (status == HF_OK)
		status = filter_pass(&in, HF_DECODE, coded.data, coded.size, &filter_whole, &back);
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

const struct law laws_filter[] = {
	{"filter: there and back", HF_KIND_COMPRESSOR, large_buffers, NULL},
	{"filter: one byte at a time", HF_KIND_COMPRESSOR, one_byte, NULL},
	{"filter: buffers of random sizes", HF_KIND_COMPRESSOR, random_chunks, NULL},
	{"filter: a concatenation of streams is a stream", HF_KIND_COMPRESSOR, concatenated,
	    skip_concat},
	{"filter: a stream can be closed at any moment", HF_KIND_COMPRESSOR, close_early, NULL},
	{"filter: four streams of one instance on threads", HF_KIND_COMPRESSOR, threads,
	    skip_threads},
	{"filter: stops when cancelled at any host call", HF_KIND_COMPRESSOR, cancelled, NULL},
	{"filter: memory does not grow", HF_KIND_COMPRESSOR, growth, NULL},
	{NULL, 0, NULL, NULL},
};
