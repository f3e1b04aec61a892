/* SPDX-License-Identifier: MIT
 * laws_restore.c - putting back: the facts of the dump, small buffers, failing
 * readers, cancellation, and what is in the way
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static char *target(const struct world *world)
{
	return world->config->into ? substitute(world->config->into, world->scratch) : NULL;
}

static const char *skip_restore(const struct world *world)
{
	if (!world->source.restore_begin)
		return "the driver cannot restore";
	return world->config->into || world->config->restore_options.count ? NULL :
	    "give --into TARGET or --restore-option to have this tried";
}

static struct dumped *backed_up(struct world *world)
{
	struct dumped *dumped = dumped_new();

	if (backup(world, &(struct backup_plan){0}, dumped) == HF_OK)
		return dumped;
	dumped_free(dumped);
	return NULL;
}

static void round_trip(struct world *world, uint64_t block)
{
	struct dumped *dumped = backed_up(world), *again = dumped_new();
	char *into = target(world), *why = NULL;

	world->mock->block = block;
	if (dumped && restore(world, &(struct restore_plan){.into = into}, dumped) == HF_OK &&
	    world->config->again.count &&
	    backup(world, &(struct backup_plan){.instead = &world->config->again}, again) ==
	    HF_OK) {
		if (dumped->count != again->count)
			flaw(world->report, "%zu entries were restored, %zu are there",
			    dumped->count, again->count);
		for (size_t i = 0; i < dumped->count && i < again->count; i++)
			if (!facts_same(&dumped->entries[i]->facts, &again->entries[i]->facts,
			    &why))
				flaw(world->report, "%s, dumped again after the restore: %s",
				    dumped->entries[i]->host.path, why);
	}
	free(why);
	if (dumped)
		dumped_free(dumped);
	dumped_free(again);
	free(into);
}

static void plain_restore(struct world *world)
{
	round_trip(world, 65536);
}

static void one_byte(struct world *world)
{
	round_trip(world, 1);
}

/* A folder with something in it, or a file. */
static bool has_content(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *item;
	bool found = false;

	if (!dir)
		return errno == ENOTDIR;
	while ((item = readdir(dir)))
		found = found || (strcmp(item->d_name, ".") && strcmp(item->d_name, ".."));
	closedir(dir);
	return found;
}

static void in_the_way(struct world *world)
{
	struct dumped *dumped = backed_up(world);
	char *into = target(world);
	struct restore_plan plan = {.into = into};
	int32_t status;

	if (dumped && restore(world, &plan, dumped) == HF_OK && into && has_content(into)) {
		plan.fails = true;
		status = restore(world, &plan, dumped);
		if (status != HF_E_EXISTS)
			flaw(world->report, "a restore onto data that is there, without force: %s "
			    "instead of HF_E_EXISTS", status_name(status));
		plan.fails = false;
		plan.flags = HF_RESTORE_FORCE;
		restore(world, &plan, dumped);
	}
	if (dumped)
		dumped_free(dumped);
	free(into);
}

static void dry_restore(struct world *world)
{
	struct dumped *dumped = backed_up(world);
	char *into = target(world);
	struct restore_plan plan = {.into = into, .flags = HF_RESTORE_DRY_RUN};
	uint64_t before = count_files(world->scratch);

	if (dumped && restore(world, &plan, dumped) == HF_OK &&
	    count_files(world->scratch) != before)
		flaw(world->report, "a dry run wrote files");
	if (dumped)
		dumped_free(dumped);
	free(into);
}

static void nothing_matches(struct world *world)
{
	struct dumped *dumped = backed_up(world);
	char *into = target(world);
	struct restore_plan plan = {.into = into, .only = "hf-check/no/such", .fails = true};
	int32_t status;

	if (dumped) {
		status = restore(world, &plan, dumped);
		if (status != HF_E_NOT_FOUND)
			flaw(world->report, "--only of something that is not there: %s instead of "
			    "HF_E_NOT_FOUND", status_name(status));
		dumped_free(dumped);
	}
	free(into);
}

static const char *skip_wants(const struct world *world)
{
	const char *why = skip_restore(world);

	return why ? why : world->source.wants ? NULL : "the driver leaves wants() to the host";
}

/* Restores with a fresh backup; the scratch target is cleared first. */
static int32_t one_restore(struct world *world)
{
	uint64_t cancel_at = atomic_exchange(&world->mock->cancel_at, 0);
	uint64_t fail_at = world->mock->stream_fail_at;
	struct dumped *dumped;
	char *into = target(world);
	struct restore_plan plan = {
		.into = into, .flags = HF_RESTORE_FORCE, .fails = cancel_at || fail_at,
	};
	int32_t status = HF_E_FAILED;

	world->mock->stream_fail_at = 0;
	dumped = backed_up(world);
	if (into && strncmp(into, world->scratch, strlen(world->scratch)) == 0)
		remove_tree(into);
	atomic_store(&world->mock->calls, 0);
	atomic_store(&world->mock->stream_calls, 0);
	atomic_store(&world->mock->cancel_at, cancel_at);
	world->mock->stream_fail_at = fail_at;
	world->mock->block = 512;
	if (dumped) {
		status = restore(world, &plan, dumped);
		dumped_free(dumped);
	}
	free(into);
	return status;
}

static void cancelled(struct world *world)
{
	cancel_everywhere(world, one_restore);
}

static void failing_reader(struct world *world)
{
	for (uint64_t n = 1; n < 4000; n = n < 16 ? n + 1 : n + n / 4) {
		struct guard guard;
		int32_t status;
		bool reached;

		mock_reset(world->mock);
		guard_take(&guard);
		world->mock->stream_fail_at = n;
		status = one_restore(world);
		reached = atomic_load(&world->mock->stream_calls) >= n;
		mock_reset(world->mock);
		guard_compare(&guard, world->report, "a restore whose reader failed");
		if (!reached)
			break;
		if (status != HF_E_CORRUPT)
			flaw(world->report, "the reader failed with HF_E_CORRUPT at call %" PRIu64
			    ", the restore ended with %s", n, status_name(status));
		if (atomic_load(&world->report->flaws))
			break;
	}
}

const struct law laws_restore[] = {
	{"restore: gives the facts of the dump", HF_KIND_SOURCE, plain_restore, skip_restore},
	{"restore: one byte at a time", HF_KIND_SOURCE, one_byte, skip_restore},
	{"restore: what is in the way stays without force", HF_KIND_SOURCE, in_the_way,
	    skip_restore},
	{"restore: a dry run writes nothing", HF_KIND_SOURCE, dry_restore, skip_restore},
	{"restore: only what is not there is an error", HF_KIND_SOURCE, nothing_matches,
	    skip_wants},
	{"restore: a failing reader's status is passed on", HF_KIND_SOURCE, failing_reader,
	    skip_restore},
	{"restore: stops when cancelled at any host call", HF_KIND_SOURCE, cancelled,
	    skip_restore},
	{NULL, 0, NULL, NULL},
};
