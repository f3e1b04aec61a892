/* SPDX-License-Identifier: MIT
 * laws_filter_data.c - a filter and bytes that are not its own: damage is
 * refused, and the command-line tool of the format agrees
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* --- damage --- */

static void expect_refused(struct instance *in, const struct bytes *bad, const struct bytes *plain,
    bool same_is_fine, const char *what, uint64_t at)
{
	struct feed feed = filter_whole;
	struct bytes back = {0};
	int32_t status;

	feed.most = plain->size * 64 + (1u << 24);
	status = filter_pass(in, HF_DECODE, bad->data, bad->size, &feed, &back);
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
	return filter_pass(in, HF_ENCODE, plain->data, plain->size, &filter_whole, coded) == HF_OK;
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
	for (unsigned i = 0; i < FILTER_SAMPLES; i++) {
		struct bytes plain, coded = {0}, back = {0};

		make_sample(world, i, &plain);
		if (filter_pass(&in, HF_ENCODE, plain.data, plain.size, &filter_whole, &coded))
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
	for (unsigned i = 0; i < FILTER_SAMPLES; i++) {
		struct bytes plain, coded = {0}, back = {0};

		make_sample(world, i, &plain);
		if (through_tool(world, world->config->tool_encode, &plain, &coded)) {
			if (filter_pass(&in, HF_DECODE, coded.data, coded.size, &filter_whole, &back))
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

const struct law laws_filter_data[] = {
	{"filter: a stream cut short is refused", HF_KIND_COMPRESSOR, truncated, NULL},
	{"filter: a flipped byte is never silent", HF_KIND_COMPRESSOR, flipped, NULL},
	{"filter: garbage after the stream is refused", HF_KIND_COMPRESSOR, trailing, NULL},
	{"filter: noise is refused", HF_KIND_COMPRESSOR, garbage, NULL},
	{"filter: the tool decodes it", HF_KIND_COMPRESSOR, tool_decodes, skip_tool},
	{"filter: decodes what the tool encodes", HF_KIND_COMPRESSOR, tool_encodes,
	    skip_tool_encode},
	{NULL, 0, NULL, NULL},
};
