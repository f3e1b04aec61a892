/* SPDX-License-Identifier: MIT
 * laws_post.c - post stages: any catalogue is taken, the last complete point
 * is never given up, damage is not swallowed
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define NEWEST_NS INT64_C(1768528800000000000) /* 2026-01-16 02:00 UTC */
#define DAY_NS INT64_C(86400000000000)

static int32_t run_on(struct world *world, struct hf_catalogue *catalogue)
{
	struct instance instance;
	hf_ctx *ctx;
	int32_t status = instance_open(world, &instance, NULL,
	    atomic_load(&world->mock->cancel_at) != 0);

	if (status)
		return status;
	ctx = call_begin(world->mock, CALL_POST, "run");
	catalogue->ctx = ctx;
	status = call_done(ctx, world->post.run(ctx, instance.self, catalogue));
	note(world->report, "run(): %s", status_name(status));
	instance_close(&instance);
	return status;
}

static bool good(const struct hf_catalogue *catalogue, uint64_t i)
{
	return (catalogue->points[i].flags & (HF_POINT_COMPLETE | HF_POINT_DAMAGED)) ==
	    HF_POINT_COMPLETE;
}

static void expect_sense(struct world *world, const struct hf_catalogue *catalogue)
{
	uint64_t had = 0, left = 0;

	for (uint64_t i = 0; i < catalogue->count; i++) {
		bool expire = catalogue->verdicts[i].given && catalogue->verdicts[i].expire;

		had += good(catalogue, i);
		left += good(catalogue, i) && !expire;
		if (!expire)
			continue;
		if (catalogue->points[i].flags & HF_POINT_RUNNING)
			flaw(world->report, "expire(%s): it is being written",
			    catalogue->ids[i]);
		if (catalogue->points[i].flags & HF_POINT_PINNED)
			flaw(world->report, "expire(%s): somebody asked to keep it",
			    catalogue->ids[i]);
	}
	if (had && !left)
		flaw(world->report, "all %" PRIu64 " complete points expire", had);
}

/* Flags at random, as a life of crashes, pins and damage leaves them. */
static void weather(struct world *world, struct hf_catalogue *catalogue)
{
	for (uint64_t i = 0; i < catalogue->count; i++) {
		hf_point *point = &catalogue->points[i];

		switch (random_below(world, 8)) {
		case 0:
			point->flags = 0;
			point->entries = 0;
			break;
		case 1:
			point->flags = HF_POINT_RUNNING;
			point->entries = 0;
			break;
		case 2:
			point->flags |= HF_POINT_PINNED;
			break;
		case 3:
			point->flags |= HF_POINT_DAMAGED;
			break;
		case 4:
			point->verified_ns = point->end_ns;
			point->verified_level = HF_VERIFY_DECODE;
			point->verified_ppm = 1000000;
			break;
		default:
			break;
		}
	}
}

static void sample(struct world *world, uint64_t count, int64_t step_ns, bool bad_weather)
{
	struct hf_catalogue first, second;
	struct report *report = world->report;

	catalogue_make(&first, count, NEWEST_NS, step_ns);
	if (bad_weather)
		weather(world, &first);
	else if (count)
		first.points[count - 1].flags |= HF_POINT_CURRENT;
	catalogue_make(&second, count, NEWEST_NS, step_ns);
	for (uint64_t i = 0; i < count; i++) {
		second.points[i] = first.points[i];
		second.points[i].id = second.ids[i];
	}
	/* With nothing there a stage may have something to say; with points it runs. */
	if (run_on(world, &first) != HF_OK && !bad_weather && count)
		flaw(report, "run() failed on a sound catalogue of %" PRIu64, count);
	expect_sense(world, &first);
	run_on(world, &second);
	for (uint64_t i = 0; i < count; i++)
		if (first.verdicts[i].expire != second.verdicts[i].expire)
			flaw(report, "%s: another verdict on the same catalogue", first.ids[i]);
	catalogue_free(&first);
	catalogue_free(&second);
	mock_reset(world->mock);
}

static void empty(struct world *world)
{
	sample(world, 0, DAY_NS, false);
}

static void one_point(struct world *world)
{
	sample(world, 1, DAY_NS, false);
}

static void many_points(struct world *world)
{
	sample(world, 400, DAY_NS, false);
	sample(world, 400, DAY_NS / 24, false);
	sample(world, 40, 0, false); /* a clock that stood still */
	sample(world, 40, DAY_NS * 400, false);
}

static void bad_weather(struct world *world)
{
	for (unsigned round = 0; round < 40; round++)
		sample(world, random_below(world, 60), DAY_NS / (1 + (int64_t)(round % 30)), true);
}

static void only_litter(struct world *world)
{
	struct hf_catalogue catalogue;

	catalogue_make(&catalogue, 3, NEWEST_NS, DAY_NS);
	for (unsigned i = 0; i < 3; i++)
		catalogue.points[i].flags = i == 1 ? HF_POINT_RUNNING : 0;
	run_on(world, &catalogue);
	expect_sense(world, &catalogue);
	catalogue_free(&catalogue);
}

static void damage(struct world *world)
{
	struct hf_catalogue catalogue;
	int32_t status;

	catalogue_make(&catalogue, 5, NEWEST_NS, DAY_NS);
	catalogue.damage = true;
	for (unsigned i = 0; i < 5; i++)
		catalogue.points[i].flags |= HF_POINT_DAMAGED;
	catalogue.points[4].flags |= HF_POINT_CURRENT;
	status = run_on(world, &catalogue);
	if (catalogue.verify_errors && status == HF_OK)
		flaw(world->report, "verify() found damage %u times and run() returned HF_OK",
		    catalogue.verify_errors);
	catalogue_free(&catalogue);
}

static int32_t once(struct world *world)
{
	struct hf_catalogue catalogue;
	int32_t status;

	catalogue_make(&catalogue, 12, NEWEST_NS, DAY_NS);
	catalogue.points[11].flags |= HF_POINT_CURRENT;
	status = run_on(world, &catalogue);
	expect_sense(world, &catalogue);
	catalogue_free(&catalogue);
	return status;
}

static void cancelled(struct world *world)
{
	cancel_everywhere(world, once);
}

static void growth(struct world *world)
{
	watch_growth(world, "run", once);
}

const struct law laws_post[] = {
	{"post: runs on an empty catalogue", HF_KIND_POST, empty, NULL},
	{"post: runs on one point and keeps it", HF_KIND_POST, one_point, NULL},
	{"post: runs on many points", HF_KIND_POST, many_points, NULL},
	{"post: never gives up the last complete point", HF_KIND_POST, bad_weather, NULL},
	{"post: runs on points without a manifest", HF_KIND_POST, only_litter, NULL},
	{"post: passes on the damage that was found", HF_KIND_POST, damage, NULL},
	{"post: stops when cancelled at any host call", HF_KIND_POST, cancelled, NULL},
	{"post: memory does not grow", HF_KIND_POST, growth, NULL},
	{NULL, 0, NULL, NULL},
};
