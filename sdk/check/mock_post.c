/* SPDX-License-Identifier: MIT
 * mock_post.c - a catalogue of points for post stages, and their verdicts
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"

#define CATALOGUE_MAGIC 0x68664731u
#define ENTRIES 4u

static const hf_entry sample_entries[ENTRIES] = {
	{.size = sizeof(hf_entry), .path = "a.sql", .type = "mysql/1", .subject = "a",
	    .plain_size = 1000},
	{.size = sizeof(hf_entry), .path = "b.sql", .type = "mysql/1", .subject = "b",
	    .plain_size = 0},
	{.size = sizeof(hf_entry), .path = "c/d.tar", .type = "tar/1", .subject = "c/d",
	    .plain_size = UINT64_C(1) << 40, .order = 1},
	{.size = sizeof(hf_entry), .path = "e", .type = "raw/1", .subject = "e",
	    .plain_size = 77, .order = 2},
};

void catalogue_make(struct hf_catalogue *catalogue, uint64_t count, int64_t newest_ns,
    int64_t step_ns)
{
	*catalogue = (struct hf_catalogue){.magic = CATALOGUE_MAGIC, .count = count};
	catalogue->points = need(calloc(count + 1, sizeof(hf_point)));
	catalogue->verdicts = need(calloc(count + 1, sizeof(struct verdict)));
	catalogue->ids = need(calloc(count + 1, sizeof(*catalogue->ids)));
	for (uint64_t i = 0; i < count; i++) {
		hf_point *point = &catalogue->points[i];
		time_t seconds;
		struct tm parts;

		point->size = sizeof(*point);
		point->flags = HF_POINT_COMPLETE;
		point->begin_ns = newest_ns - (int64_t)(count - 1 - i) * step_ns;
		point->end_ns = point->begin_ns + 60000000000;
		point->job = "sample";
		point->host = "";
		point->entries = ENTRIES;
		point->plain_bytes = UINT64_C(1) << 41;
		point->stored_bytes = UINT64_C(1) << 40;
		seconds = (time_t)(point->begin_ns / 1000000000);
		gmtime_r(&seconds, &parts);
		strftime(catalogue->ids[i], 20, "%Y%m%dT%H%M%SZ", &parts);
		snprintf(catalogue->ids[i] + strlen(catalogue->ids[i]), 8, "-%04x",
		    (unsigned)(i & 0xffff));
		point->id = catalogue->ids[i];
	}
}

void catalogue_free(struct hf_catalogue *catalogue)
{
	free(catalogue->points);
	free(catalogue->verdicts);
	free(catalogue->ids);
	catalogue->magic = 0;
}

static void enter(hf_catalogue *catalogue, const char *function)
{
	if (!catalogue || catalogue->magic != CATALOGUE_MAGIC) {
		fprintf(stderr, "# %s() was called with something that is no hf_catalogue\n",
		    function);
		abort();
	}
	host_call(catalogue->ctx, function, CALL_POST, false);
}

const char *mock_catalogue_sink(hf_catalogue *catalogue)
{
	enter(catalogue, "catalogue_sink");
	return "disk";
}

uint64_t mock_point_count(hf_catalogue *catalogue)
{
	enter(catalogue, "point_count");
	return catalogue->count;
}

const hf_point *mock_point(hf_catalogue *catalogue, uint64_t index)
{
	enter(catalogue, "point");
	return index < catalogue->count ? &catalogue->points[index] : NULL;
}

static bool complete(const hf_catalogue *catalogue, uint64_t index)
{
	return catalogue->points[index].flags & HF_POINT_COMPLETE;
}

const hf_entry *mock_point_entry(hf_catalogue *catalogue, uint64_t index, uint64_t entry)
{
	enter(catalogue, "point_entry");
	if (index >= catalogue->count || !complete(catalogue, index) || entry >= ENTRIES)
		return NULL;
	return &sample_entries[entry];
}

static bool question_sound(hf_ctx *ctx, const hf_catalogue *catalogue, uint64_t index,
    uint32_t level, const uint64_t *entries, uint64_t count)
{
	struct report *report = ctx->mock->report;

	if (index >= catalogue->count) {
		flaw(report, "verify(): point %" PRIu64 " of %" PRIu64, index, catalogue->count);
		return false;
	}
	if (level != HF_VERIFY_DIGEST && level != HF_VERIFY_DECODE)
		flaw(report, "verify(): unknown level %u", level);
	if (!complete(catalogue, index))
		flaw(report, "verify(%s): the point has no manifest", catalogue->ids[index]);
	for (uint64_t i = 0; i < count; i++)
		if (entries[i] >= ENTRIES)
			flaw(report, "verify(%s): entry %" PRIu64 " of %u", catalogue->ids[index],
			    entries[i], ENTRIES);
	return true;
}

int32_t mock_verify(hf_ctx *ctx, hf_catalogue *catalogue, uint64_t index, uint32_t level,
    const uint64_t *entries, uint64_t count)
{
	enter(catalogue, "verify");
	if (ctx != catalogue->ctx)
		flaw(ctx->mock->report, "verify() was called with another call's hf_ctx");
	if (!question_sound(ctx, catalogue, index, level, entries, count))
		return host_result(ctx, HF_E_FAILED);
	if (atomic_load(&ctx->mock->cancelled))
		return host_result(ctx, HF_E_CANCELLED);
	if (catalogue->damage && (catalogue->points[index].flags & HF_POINT_DAMAGED)) {
		catalogue->verify_errors++;
		return host_result(ctx, HF_E_CORRUPT);
	}
	return HF_OK;
}

static void verdict(hf_catalogue *catalogue, uint64_t index, const char *reason, bool expire)
{
	struct report *report;

	enter(catalogue, expire ? "expire" : "keep");
	report = catalogue->ctx->mock->report;
	if (index >= catalogue->count) {
		flaw(report, "a verdict on point %" PRIu64 " of %" PRIu64, index,
		    catalogue->count);
		return;
	}
	if (!reason || !reason[0])
		flaw(report, "a verdict on %s without a reason", catalogue->ids[index]);
	note(report, "%s %s: %s", expire ? "expire" : "keep", catalogue->ids[index], reason);
	catalogue->verdicts[index] = (struct verdict){.given = true, .expire = expire};
}

void mock_keep(hf_catalogue *catalogue, uint64_t index, const char *reason)
{
	verdict(catalogue, index, reason, false);
}

void mock_expire(hf_catalogue *catalogue, uint64_t index, const char *reason)
{
	verdict(catalogue, index, reason, true);
}
