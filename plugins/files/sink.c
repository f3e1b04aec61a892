/* SPDX-License-Identifier: MIT
 *
 * The sink `files`: objects are files below a folder. Options and the driver's
 * description; the work is done in the files beside this one.
 */
#include "sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const hf_option options[] = {
	{ .name = "path",
	  .type = HF_OPT_PATH,
	  .flags = HF_OPT_REQUIRED,
	  .help = "folder that holds the points" },
	{ .name = "min_free",
	  .type = HF_OPT_SIZE,
	  .default_value = "64M",
	  .help = "stop rather than leave less than this free in the file system; 0: no limit" },
	{ .name = "create",
	  .type = HF_OPT_BOOL,
	  .default_value = "yes",
	  .help = "make the folder when it is missing; no: fail, as when its disk is not mounted" },
	{ .name = "durable",
	  .type = HF_OPT_BOOL,
	  .default_value = "yes",
	  .help = "have everything on the disk before a point shows; no: faster, but a power "
		  "failure may damage the newest points" },
	{ 0 },
};

static int32_t sink_open(hf_ctx *ctx, const hf_options *values, void **self)
{
	const char *path = files_host->opt_text(values, "path", 0);
	struct sink *sink;
	int error;

	if (!path || !path[0])
		return files_host->fail(ctx, HF_E_CONFIG, "path is empty");
	sink = calloc(1, sizeof *sink);
	if (!sink)
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	error = pthread_mutex_init(&sink->mutex, NULL);
	if (error) {
		free(sink);
		return files_host->fail(ctx, HF_E_FAILED, "cannot make a lock: %s",
		    files_error(error).s);
	}
	sink->path = path;
	sink->min_free = (uint64_t)files_host->opt_int(values, "min_free", 0);
	sink->create = files_host->opt_int(values, "create", 0) != 0;
	sink->durable = files_host->opt_int(values, "durable", 0) != 0;
	atomic_init(&sink->root, -1);
	*self = sink;
	return HF_OK;
}

static void sink_close(hf_ctx *ctx, void *self)
{
	struct sink *sink = self;
	int root = atomic_load(&sink->root);

	(void)ctx;
	if (root >= 0)
		close(root);
	pthread_mutex_destroy(&sink->mutex);
	free(sink);
}

static const hf_sink_ops ops = {
	.size = sizeof ops,
	.put_open = sink_put_open,
	.put_write = sink_put_write,
	.put_commit = sink_put_commit,
	.put_free = sink_put_free,
	.get_open = sink_get_open,
	.get_read = sink_get_read,
	.get_free = sink_get_free,
	.list = sink_list,
	.stat = sink_stat,
	.remove = sink_remove,
	.flush = sink_flush,
	.lock = sink_lock,
	.unlock = sink_unlock,
	.sweep = sink_sweep,
};

const hf_driver files_sink_driver = {
	.size = sizeof files_sink_driver,
	.kind = HF_KIND_SINK,
	.name = "files",
	.summary = "stores points as plain files below a folder",
	.options = options,
	.threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_IF_ABSENT,
	.open = sink_open,
	.probe = sink_probe,
	.close = sink_close,
	.sink = &ops,
};
