/* SPDX-License-Identifier: MIT
 * laws_source.c - backing up: small buffers, failing writers, cancellation,
 * several threads, dumping again
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static struct entry *entry_of(const struct dumped *dumped, const char *path)
{
	for (size_t i = 0; i < dumped->count; i++)
		if (strcmp(dumped->entries[i]->host.path, path) == 0)
			return dumped->entries[i];
	return NULL;
}

/* The same entries with the same facts; with `bytes`, the same bytes. */
static void expect_same(struct world *world, const struct dumped *one, const struct dumped *two,
    bool bytes)
{
	char *why = NULL;

	if (one->count != two->count)
		flaw(world->report, "%zu entries the first time, %zu the second", one->count,
		    two->count);
	for (size_t i = 0; i < one->count; i++) {
		const struct entry *a = one->entries[i];
		const struct entry *b = entry_of(two, a->host.path);

		if (!b)
			flaw(world->report, "%s is missing the second time", a->host.path);
		else if (!facts_same(&a->facts, &b->facts, &why))
			flaw(world->report, "%s: the facts differ: %s", a->host.path, why);
		else if (bytes && (a->size != b->size ||
		    (a->size && memcmp(a->data, b->data, a->size) != 0)))
			flaw(world->report, "%s: the bytes differ (%" PRIu64 " and %" PRIu64 ")",
			    a->host.path, a->size, b->size);
		free(why);
		why = NULL;
	}
}

static void plain_backup(struct world *world)
{
	struct dumped *dumped = dumped_new();

	if (backup(world, &(struct backup_plan){0}, dumped) == HF_OK) {
		if (!dumped->count)
			flaw(world->report, "the backup has no entries: give the kit something to "
			    "back up");
		for (size_t i = 0; i < dumped->count; i++)
			note(world->report, "%s: %" PRIu64 " bytes, %zu facts",
			    dumped->entries[i]->host.path, dumped->entries[i]->size,
			    dumped->entries[i]->facts.count);
	}
	dumped_free(dumped);
}

static void dry_run(struct world *world)
{
	struct dumped *dumped = dumped_new(), *real = dumped_new();

	if (backup(world, &(struct backup_plan){.dry_run = true}, dumped) == HF_OK &&
	    backup(world, &(struct backup_plan){0}, real) == HF_OK && !dumped->count &&
	    real->count)
		flaw(world->report, "the dry run listed nothing and the backup has %zu entries",
		    real->count);
	dumped_free(dumped);
	dumped_free(real);
}

static void one_byte(struct world *world)
{
	struct dumped *large = dumped_new(), *small = dumped_new();
	int32_t status = backup(world, &(struct backup_plan){0}, large);

	world->mock->block = 1;
	if (status == HF_OK && backup(world, &(struct backup_plan){0}, small) == HF_OK)
		expect_same(world, large, small, true);
	dumped_free(large);
	dumped_free(small);
}

static void failing_writer(struct world *world)
{
	for (uint64_t n = 1; n < 4000; n = n < 16 ? n + 1 : n + n / 4) {
		struct dumped *dumped = dumped_new();
		struct guard guard;
		int32_t status;
		bool reached;

		mock_reset(world->mock);
		guard_take(&guard);
		world->mock->block = 512;
		world->mock->stream_fail_at = n;
		status = backup(world, &(struct backup_plan){.fails = true}, dumped);
		reached = atomic_load(&world->mock->stream_calls) >= n;
		dumped_free(dumped);
		mock_reset(world->mock);
		guard_compare(&guard, world->report, "a run whose writer failed");
		if (!reached)
			break;
		if (status != HF_E_NO_SPACE)
			flaw(world->report, "the writer failed with HF_E_NO_SPACE at call %" PRIu64
			    ", the run ended with %s", n, status_name(status));
		if (atomic_load(&world->report->flaws))
			break;
	}
}

static int32_t one_backup(struct world *world)
{
	bool fails = atomic_load(&world->mock->cancel_at) != 0;
	struct dumped *dumped = dumped_new();
	int32_t status;

	world->mock->block = 1024;
	status = backup(world, &(struct backup_plan){.fails = fails}, dumped);
	dumped_free(dumped);
	return status;
}

static void cancelled(struct world *world)
{
	cancel_everywhere(world, one_backup);
}

static void growth(struct world *world)
{
	watch_growth(world, "backup", one_backup);
}

static void with_workers(struct world *world, unsigned workers)
{
	struct dumped *one = dumped_new(), *many = dumped_new();

	if (backup(world, &(struct backup_plan){0}, one) == HF_OK &&
	    backup(world, &(struct backup_plan){.workers = workers}, many) == HF_OK)
		expect_same(world, one, many, false);
	dumped_free(one);
	dumped_free(many);
}

static void other_thread(struct world *world)
{
	with_workers(world, 1);
}

static void many_threads(struct world *world)
{
	with_workers(world, 4);
}

static const char *skip_redump(const struct world *world)
{
	return world->driver.capabilities & HF_CAP_REDUMP ? NULL :
	    "the driver does not declare HF_CAP_REDUMP";
}

static void redump(struct world *world)
{
	struct dumped *once = dumped_new(), *twice = dumped_new();

	if (backup(world, &(struct backup_plan){0}, once) == HF_OK &&
	    backup(world, &(struct backup_plan){.twice = true}, twice) == HF_OK)
		expect_same(world, once, twice, false);
	dumped_free(once);
	dumped_free(twice);
}

/* A session that is ended before anything was dumped. */
static void begin_and_end(struct world *world)
{
	struct instance instance;
	struct dumped *dumped = dumped_new();
	hf_begin in = {.size = sizeof(in), .lanes = 1, .point = "20260116T020000Z-ab12"};
	hf_ctx *ctx;
	void *session = NULL;

	if (instance_open(world, &instance, NULL, false) == HF_OK) {
		ctx = call_begin(world->mock, CALL_BEGIN, "begin");
		ctx->backup = dumped;
		ctx->facts = &dumped->facts;
		if (call_done(ctx, world->source.begin(ctx, instance.self, &in, &session)) ==
		    HF_OK) {
			ctx = call_begin(world->mock, CALL_END, "end");
			ctx->backup = dumped;
			ctx->facts = &dumped->facts;
			call_done(ctx, world->source.end(ctx, session, HF_E_NO_SPACE));
		}
		instance_close(&instance);
	}
	dumped_free(dumped);
}

const struct law laws_source[] = {
	{"source: a backup succeeds", HF_KIND_SOURCE, plain_backup, NULL},
	{"source: a dry run lists entries and dumps none", HF_KIND_SOURCE, dry_run, NULL},
	{"source: room for one byte at a time gives the same bytes", HF_KIND_SOURCE, one_byte,
	    NULL},
	{"source: a failing writer's status is passed on", HF_KIND_SOURCE, failing_writer, NULL},
	{"source: stops when cancelled at any host call", HF_KIND_SOURCE, cancelled, NULL},
	{"source: a session can end before anything is dumped", HF_KIND_SOURCE, begin_and_end,
	    NULL},
	{"source: memory does not grow", HF_KIND_SOURCE, growth, NULL},
	{"source: dumps on a thread that did not open it", HF_KIND_SOURCE, other_thread, NULL},
	{"source: dumps on four threads at once", HF_KIND_SOURCE, many_threads, skip_threads},
	{"source: an entry can be dumped again", HF_KIND_SOURCE, redump, skip_redump},
	{NULL, 0, NULL, NULL},
};
