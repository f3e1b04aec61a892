/* SPDX-License-Identifier: MIT
 * instance.c - opening and closing drivers, and running something again and
 * again: cancelled at each host call, or to see whether memory grows
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void copy_table(void *to, size_t room, const void *from)
{
	uint32_t size;

	memset(to, 0, room);
	if (!from)
		return;
	memcpy(&size, from, sizeof(size));
	memcpy(to, from, size < room ? size : room);
}

void world_adopt(struct world *world, const hf_driver *driver)
{
	world->raw = driver;
	copy_table(&world->driver, sizeof(world->driver), driver);
	copy_table(&world->source, sizeof(world->source), world->driver.source);
	copy_table(&world->filter, sizeof(world->filter), world->driver.filter);
	copy_table(&world->sink, sizeof(world->sink), world->driver.sink);
	copy_table(&world->post, sizeof(world->post), world->driver.post);
}

hf_options *world_options(struct world *world, const struct settings *instead)
{
	hf_options *options = options_new(world->mock, world->driver.options);
	const struct settings *sets[] = {&world->config->options, instead};
	const char *why = NULL, *missing;

	for (size_t s = 0; s < COUNT(sets); s++) {
		for (size_t i = 0; sets[s] && i < sets[s]->count; i++) {
			const struct setting *item = &sets[s]->items[i];
			char *value;

			if (s == 0 && instead && settings_get(instead, item->name))
				continue;
			value = substitute(item->value, world->scratch);
			if (!options_add(options, item->name, value, &why))
				flaw(world->report, "--option %s=%s: %s", item->name, value, why);
			free(value);
		}
	}
	missing = options_finish(options);
	if (missing)
		flaw(world->report, "the option %s is required: give it with --option %s=...",
		    missing, missing);
	return options;
}

int32_t instance_open(struct world *world, struct instance *instance,
    const struct settings *instead, bool quiet)
{
	hf_ctx *ctx;
	int32_t status;

	*instance = (struct instance){
		.world = world, .options = world_options(world, instead),
		.opener = pthread_self(),
	};
	ctx = call_begin(world->mock, CALL_OPEN, "open");
	status = call_done(ctx, world->driver.open(ctx, instance->options, &instance->self));
	if (status == HF_OK)
		return HF_OK;
	if (!quiet)
		flaw(world->report, "open() failed with the options given: %s: %s",
		    status_name(status), ctx->message);
	options_free(instance->options);
	instance->options = NULL;
	return status;
}

void instance_close(struct instance *instance)
{
	hf_ctx *ctx = call_begin(instance->world->mock, CALL_CLOSE, "close");

	instance->world->driver.close(ctx, instance->self);
	call_done_void(ctx);
	options_free(instance->options);
	instance->options = NULL;
}

int32_t worker_enter(struct instance *instance)
{
	struct world *world = instance->world;
	hf_ctx *ctx;

	if (!world->driver.worker_begin || pthread_equal(pthread_self(), instance->opener))
		return HF_OK;
	ctx = call_begin(world->mock, CALL_WORKER, "worker_begin");
	return call_done(ctx, world->driver.worker_begin(ctx, instance->self));
}

void worker_leave(struct instance *instance)
{
	struct world *world = instance->world;
	hf_ctx *ctx;

	if (!world->driver.worker_end || pthread_equal(pthread_self(), instance->opener))
		return;
	ctx = call_begin(world->mock, CALL_WORKER, "worker_end");
	world->driver.worker_end(ctx, instance->self);
	call_done_void(ctx);
}

const char *skip_threads(const struct world *world)
{
	return world->driver.threads == HF_THREADS_STREAM ? NULL :
	    "the driver does not declare HF_THREADS_STREAM";
}

bool may_be_cancelled(int32_t status)
{
	return status == HF_OK || status == HF_E_CANCELLED;
}

/* Every one of the first calls, then ever sparser: a long run has many alike. */
static uint64_t next_moment(uint64_t n)
{
	return n < 48 ? n + 1 : n + n / 6;
}

static int32_t cancelled_run(struct world *world, uint64_t n, bool *reached,
    int32_t (*once)(struct world *world))
{
	int32_t status;

	mock_reset(world->mock);
	atomic_store(&world->mock->cancel_at, n);
	status = once(world);
	*reached = atomic_load(&world->mock->calls) >= n;
	return status;
}

/* Runs `once` many times, cancelled at host call n (0: not). Returns the bytes that each run
 * leaves in use. Many runs to a window: the allocator first gives out what it had put aside. The
 * first windows fill caches; what grows in each of the others is lost. */
static uint64_t growth(struct world *world, uint64_t n, int32_t (*once)(struct world *world))
{
	enum { WINDOWS = 5, RUNS = 16 };
	uint64_t last = 0, least = UINT64_MAX;

	for (unsigned window = 0; window < WINDOWS; window++) {
		uint64_t now, grew;
		bool reached;

		for (unsigned run = 0; run < RUNS; run++) {
			cancelled_run(world, n, &reached, once);
			mock_reset(world->mock);
		}
		now = heap_in_use();
		grew = now > last ? now - last : 0;
		if (window >= 2 && grew < least)
			least = grew;
		last = now;
	}
	return least >= RUNS * 8 ? least / RUNS : 0;
}

void cancel_everywhere(struct world *world, int32_t (*once)(struct world *world))
{
	bool reached = true;
	uint64_t n = 1;

	for (; reached && n < 100000; n = next_moment(n)) {
		unsigned flaws = atomic_load(&world->report->flaws);
		struct guard guard;
		int32_t status;

		mock_reset(world->mock);
		guard_take(&guard);
		status = cancelled_run(world, n, &reached, once);
		mock_reset(world->mock);
		guard_compare(&guard, world->report, "a cancelled run");
		if (!may_be_cancelled(status))
			flaw(world->report, "a cancelled run ended with %s", status_name(status));
		if (atomic_load(&world->report->flaws) != flaws) {
			flaw(world->report, "(cancelled at host call %" PRIu64 ")", n);
			return;
		}
	}
	for (unsigned quarter = 1; quarter < 4; quarter++) {
		uint64_t at = n * quarter / 4;
		uint64_t lost = at ? growth(world, at, once) : 0;

		if (lost)
			flaw(world->report, "each run cancelled at host call %" PRIu64
			    " leaks about %" PRIu64 " bytes", at, lost);
	}
}

void watch_growth(struct world *world, const char *what, int32_t (*once)(struct world *world))
{
	uint64_t lost = growth(world, 0, once);

	if (lost)
		flaw(world->report, "each %s leaks about %" PRIu64 " bytes", what, lost);
}
