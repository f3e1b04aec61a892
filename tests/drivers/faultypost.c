/* SPDX-License-Identifier: MIT
 * faultypost.c - the post stage "faultypost": proposes the worst, and fails when told to
 */
#include <stdlib.h>

#include "fault.h"

static const hf_option options[] = {
    {.name = "fail",
	.type = HF_OPT_BOOL,
	.default_value = "no",
	.help = "fail, after the verdicts are given"},
    {.name = "expire_all",
	.type = HF_OPT_BOOL,
	.default_value = "no",
	.help = "propose to expire every point: the newest, the pinned, all"},
    FAULT_OPTIONS,
    {0},
};

struct post {
	struct fault fault;
	int expire_all;
};

static int32_t post_open(hf_ctx *ctx, const hf_options *given, void **self)
{
	struct post *post = calloc(1, sizeof(*post));

	if (!post)
		return fault_no_memory(ctx);
	fault_open(&post->fault, given, host->opt_int(given, "fail", 0) ? "run" : "none");
	post->expire_all = host->opt_int(given, "expire_all", 0) != 0;
	*self = post;
	return HF_OK;
}

static void post_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

static int32_t post_run(hf_ctx *ctx, void *self, hf_catalogue *catalogue)
{
	struct post *post = self;
	int32_t status = fault_delay(ctx, &post->fault);

	if (status != HF_OK)
		return status;
	for (uint64_t i = 0; post->expire_all && i < host->point_count(catalogue); i++)
		host->expire(catalogue, i, "the test driver wants none");
	return fault_at(ctx, &post->fault, "run", host->catalogue_sink(catalogue));
}

static const hf_post_ops ops = {
    .size = sizeof(ops),
    .run = post_run,
};

const hf_driver faultypost_driver = {
    .size = sizeof(faultypost_driver),
    .kind = HF_KIND_POST,
    .name = "faultypost",
    .summary = "proposes to expire what must stay, for tests",
    .options = options,
    .threads = HF_THREADS_INSTANCE,
    .capabilities = HF_CAP_EXPIRE,
    .open = post_open,
    .close = post_close,
    .post = &ops,
};
