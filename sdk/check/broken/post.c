/* SPDX-License-Identifier: MIT
 * post.c - a stage that verifies the newest point and keeps three, and with
 * -DFAULT=NAME one that breaks one rule
 */
#include <stdlib.h>

#include <holdfast/plugin.h>

enum {
	NONE, EXPIRES_ALL, EXPIRES_RUNNING, EXPIRES_PINNED, SWALLOWS_DAMAGE, BEYOND, NO_REASON,
	FICKLE, VERIFIES_LITTER, CRASHES_WHEN_EMPTY, LEAKS, SWALLOWS_CANCEL,
};
#ifndef FAULT
#define FAULT NONE
#endif
#define IS(fault) (FAULT == (fault))

static const hf_host *host;
static void *volatile lost; /* what leaks */

static int32_t verify_newest(hf_ctx *ctx, hf_catalogue *catalogue, uint64_t count)
{
	int32_t status;

	for (uint64_t i = count; i-- > 0;) {
		const hf_point *point = host->point(catalogue, i);

		if (!(point->flags & HF_POINT_COMPLETE) && !IS(VERIFIES_LITTER))
			continue;
		status = host->verify(ctx, catalogue, i, HF_VERIFY_DIGEST, NULL, 0);
		if (status == HF_E_CANCELLED && IS(SWALLOWS_CANCEL))
			return host->fail(ctx, HF_E_FAILED, "stopped");
		return IS(SWALLOWS_DAMAGE) ? HF_OK : status;
	}
	return HF_OK;
}

static int32_t run(hf_ctx *ctx, void *self, hf_catalogue *catalogue)
{
	uint64_t count = host->point_count(catalogue), kept = 0;
	static unsigned runs;

	(void)self;
	runs++;
	if (IS(CRASHES_WHEN_EMPTY) && !count)
		abort();
	if (IS(LEAKS))
		lost = malloc(64);
	if (IS(BEYOND))
		host->keep(catalogue, count, "one more");
	for (uint64_t i = count; i-- > 0;) {
		const hf_point *point = host->point(catalogue, i);
		int good = (point->flags & (HF_POINT_COMPLETE | HF_POINT_DAMAGED)) ==
		    HF_POINT_COMPLETE;

		if ((point->flags & HF_POINT_RUNNING) && !IS(EXPIRES_RUNNING))
			continue;
		if ((point->flags & HF_POINT_PINNED) && !IS(EXPIRES_PINNED))
			continue;
		if (good && kept < 3 && !IS(EXPIRES_ALL) && !(IS(FICKLE) && runs % 2 && kept)) {
			kept++;
			host->keep(catalogue, i, IS(NO_REASON) ? "" : "among the last 3");
		} else if (kept || IS(EXPIRES_ALL) || IS(EXPIRES_RUNNING)) {
			host->expire(catalogue, i, "older than the last 3");
		}
	}
	return verify_newest(ctx, catalogue, count);
}

static int32_t open_post(hf_ctx *ctx, const hf_options *options, void **self)
{
	(void)ctx;
	(void)options;
	*self = NULL;
	return HF_OK;
}

static void close_post(hf_ctx *ctx, void *self)
{
	(void)ctx;
	(void)self;
}

static const hf_post_ops ops = {.size = sizeof(ops), .run = run};

static const hf_driver driver = {
	.size = sizeof(driver), .kind = HF_KIND_POST, .name = "three",
	.summary = "keeps three points, for tests", .threads = HF_THREADS_PROCESS,
	.open = open_post, .close = close_post, .post = &ops,
};

static const hf_driver *const drivers[] = {&driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin), .abi_major = HF_ABI_MAJOR, .abi_minor = HF_ABI_MINOR,
	.name = "three", .version = "1.0", .license = "MIT", .drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *h)
{
	host = h;
	return &plugin;
}
