/* SPDX-License-Identifier: MIT
 *
 * The verify post stage: decides which points and entries to read again; the
 * host reads them, compares digests and records what it found.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <holdfast/plugin.h>

#include "choose.h"
#include "sample.h"

#define WHOLE 1000000 /* 100 % in millionths */
#define NS_A_DAY (INT64_C(86400) * 1000000000)
#define MOST_NAMED 5 /* damaged points listed in the message */

static const hf_host *host;

struct verify {
	uint32_t level;
	uint32_t share; /* millionths */
	int64_t every_ns;
	size_t max_points;
};

static const hf_option options[] = {
	{
		.name = "level",
		.type = HF_OPT_CHOICE,
		.default_value = "decode",
		.choices = "digest|decode",
		.help = "digest re-reads and hashes what is stored; decode also unpacks it and "
		        "compares with what was backed up",
	},
	{
		.name = "sample",
		.type = HF_OPT_PERCENT,
		.default_value = "100%",
		.min = 1,
		.max = WHOLE,
		.help = "share of the bytes to read, in whole entries that change from day to day",
	},
	{
		.name = "every",
		.type = HF_OPT_DURATION,
		.min = 0,
		.max = INT64_MAX,
		.help = "also verify older points again, each about so often (30d)",
	},
	{
		.name = "max_points",
		.type = HF_OPT_INT,
		.default_value = "3",
		.min = 1,
		.max = 100000,
		.help = "with every: at most so many older points a run",
	},
	{.name = NULL},
};

static int32_t verify_open(hf_ctx *ctx, const hf_options *values, void **self)
{
	struct verify *verify = calloc(1, sizeof(*verify));

	if (verify == NULL)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	verify->level =
	    host->opt_int(values, "level", 0) == 0 ? HF_VERIFY_DIGEST : HF_VERIFY_DECODE;
	verify->share = (uint32_t)host->opt_int(values, "sample", 0);
	verify->every_ns = host->opt_int(values, "every", 0);
	verify->max_points = (size_t)host->opt_int(values, "max_points", 0);
	*self = verify;
	return HF_OK;
}

static void verify_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

/* What was read at a lower level only is as good as never verified. */
static struct choice to_choice(const struct verify *verify, const hf_point *point, size_t index)
{
	return (struct choice){
		.index = index,
		.begin_ns = point->begin_ns,
		.verified_ns = point->verified_level >= verify->level ? point->verified_ns : 0,
		.id = point->id,
		.current = point->flags & HF_POINT_CURRENT,
		.damaged = point->flags & HF_POINT_DAMAGED,
	};
}

static size_t collect(const struct verify *verify, hf_catalogue *catalogue, uint64_t count,
    struct choice *out)
{
	size_t found = 0;

	for (uint64_t i = 0; i < count; i++) {
		const hf_point *point = host->point(catalogue, i);

		if (point == NULL || !(point->flags & HF_POINT_COMPLETE) ||
		    point->flags & HF_POINT_RUNNING)
			continue;
		out[found++] = to_choice(verify, point, (size_t)i);
	}
	return found;
}

/* Points known to be damaged are not read again and again, but never forgotten. */
static void warn_of_damaged(
    hf_ctx *ctx, hf_catalogue *catalogue, const struct choice *points, size_t count)
{
	const char *id = NULL;
	size_t damaged = 0;

	for (size_t i = 0; i < count; i++) {
		if (!points[i].damaged)
			continue;
		if (damaged++ == 0)
			id = points[i].id;
	}
	if (damaged == 1)
		host->warn(ctx, "point %s in sink %s is known to be damaged", id,
		    host->catalogue_sink(catalogue));
	else if (damaged > 1)
		host->warn(ctx, "%zu points in sink %s are known to be damaged, %s among them",
		    damaged, host->catalogue_sink(catalogue), id);
}

static int32_t verify_sample(
    hf_ctx *ctx, const struct verify *verify, hf_catalogue *catalogue, const struct choice *point)
{
	size_t count = (size_t)host->point(catalogue, point->index)->entries, picked;
	uint64_t *bytes = calloc(count + 1, sizeof(*bytes));
	uint64_t *picks = calloc(count + 1, sizeof(*picks));
	int32_t status;

	if (bytes == NULL || picks == NULL) {
		status = host->fail(ctx, HF_E_FAILED, "out of memory for %zu entries of point %s",
		    count, point->id);
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		const hf_entry *entry = host->point_entry(catalogue, point->index, i);

		bytes[i] = entry == NULL ? 0 : entry->plain_size;
	}
	picked = sample_pick(bytes, count, verify->share, point->id, host->now(ctx) / NS_A_DAY,
	    picks);
	host->log(ctx, HF_LOG_DEBUG, "point %s: %zu of %zu entries", point->id, picked, count);
	status = host->verify(ctx, catalogue, point->index, verify->level, picks, picked);
out:
	free(bytes);
	free(picks);
	return status;
}

static int32_t verify_point(
    hf_ctx *ctx, const struct verify *verify, hf_catalogue *catalogue, const struct choice *point)
{
	if (host->cancelled(ctx))
		return host->fail(ctx, HF_E_CANCELLED, "interrupted before point %s was verified",
		    point->id);
	if (verify->share >= WHOLE)
		return host->verify(ctx, catalogue, point->index, verify->level, NULL, 0);
	return verify_sample(ctx, verify, catalogue, point);
}

/* One error for all damage: the host's messages were of one point each. */
static int32_t report_damage(hf_ctx *ctx, const struct choice *const *damaged, size_t count,
    size_t tried, size_t chosen)
{
	char names[512] = "", rest[64] = "";
	size_t length = 0;

	for (size_t i = 0; i < count && i < MOST_NAMED; i++) {
		int written = snprintf(names + length, sizeof(names) - length, "%s%s",
		    i > 0 ? ", " : "", damaged[i]->id);

		if (written < 0 || (size_t)written >= sizeof(names) - length)
			break;
		length += (size_t)written;
	}
	if (tried < chosen)
		snprintf(rest, sizeof(rest), "; %zu more could not be read to the end",
		    chosen - tried);
	(void)host->fail(ctx, HF_E_CORRUPT, "%zu of %zu verified points %s damaged: %s%s%s", count,
	    tried, count == 1 ? "is" : "are", names, count > MOST_NAMED ? " ..." : "", rest);
	host->hint(ctx, "`holdfast verify JOB %s` names the damaged entries; take a new backup and "
	                "look after the storage", damaged[0]->id);
	return HF_E_CORRUPT;
}

static int32_t verify_points(hf_ctx *ctx, const struct verify *verify, hf_catalogue *catalogue,
    const struct choice *points, size_t chosen)
{
	const struct choice **damaged = calloc(chosen + 1, sizeof(*damaged));
	size_t found = 0, tried = 0;
	int32_t status = HF_OK;

	if (damaged == NULL)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	for (; tried < chosen; tried++) {
		status = verify_point(ctx, verify, catalogue, &points[tried]);
		if (status == HF_E_CORRUPT)
			damaged[found++] = &points[tried];
		else if (status != HF_OK)
			break;
	}
	/* Of a single point, the host's own message says more. */
	if (found > 0 && chosen > 1 && status != HF_E_CANCELLED)
		status = report_damage(ctx, damaged, found, tried, chosen);
	free(damaged);
	return status;
}

static int32_t verify_run(hf_ctx *ctx, void *self, hf_catalogue *catalogue)
{
	const struct verify *verify = self;
	uint64_t count = host->point_count(catalogue);
	struct choice *points = calloc((size_t)count + 1, sizeof(*points));
	size_t found, chosen;
	int32_t status;

	if (points == NULL)
		return host->fail(ctx, HF_E_FAILED, "out of memory for %" PRIu64 " points", count);
	found = collect(verify, catalogue, count, points);
	chosen = choose_points(points, found, host->now(ctx), verify->every_ns, verify->max_points);
	warn_of_damaged(ctx, catalogue, points + chosen, found - chosen);
	status = verify_points(ctx, verify, catalogue, points, chosen);
	if (status == HF_OK)
		host->log(ctx, HF_LOG_INFO, "sink %s: %zu point%s good",
		    host->catalogue_sink(catalogue), chosen, chosen == 1 ? " is" : "s are");
	free(points);
	return status;
}

static const hf_post_ops post = {
	.size = sizeof(post),
	.run = verify_run,
};

static const hf_driver driver = {
	.size = sizeof(driver),
	.kind = HF_KIND_POST,
	.name = "verify",
	.summary = "reads recovery points again and proves that they are what was backed up",
	.options = options,
	.threads = HF_THREADS_STREAM,
	.open = verify_open,
	.close = verify_close,
	.post = &post,
};

static const hf_driver *const drivers[] = {&driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = HF_ABI_MAJOR,
	.abi_minor = HF_ABI_MINOR,
	.needs_minor = 0,
	.name = "verify",
	.version = PACKAGE_VERSION,
	.license = "MIT",
	.drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *given)
{
	host = given;
	return &plugin;
}
