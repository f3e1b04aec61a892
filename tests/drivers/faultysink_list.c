/* SPDX-License-Identifier: MIT
 * faultysink_list.c - what the sink "faultysink" holds: telling and removing
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faultysink.h"

struct walk {
	hf_ctx *ctx;
	const struct sink *sink;
	hf_list *out; /* NULL: HF_END at the first object, and nothing is told */
	int children;
	int sweep; /* remove ".put-*" and empty folders instead */
};

static int32_t walk_folder(const struct walk *walk, const char *prefix);

static int32_t tell(hf_list *out, const char *key, const struct stat *st)
{
	hf_object object = {.size = sizeof(object), .key = key};

	if (st) {
		object.bytes = (uint64_t)st->st_size;
		object.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
	} else {
		object.flags = HF_OBJECT_PREFIX;
	}
	return host->object(out, &object);
}

static int32_t walk_below(const struct walk *walk, const char *prefix, const char *path)
{
	const struct walk look = {.ctx = walk->ctx, .sink = walk->sink};
	int32_t status;

	if (walk->children) {
		status = walk_folder(&look, prefix);
		return status == HF_END ? tell(walk->out, prefix, NULL) : status;
	}
	status = walk_folder(walk, prefix);
	if (status == HF_OK && walk->sweep && rmdir(path) < 0 && errno != ENOTEMPTY &&
	    errno != ENOENT)
		status = fault_system(walk->ctx, "remove", path, errno);
	return status;
}

static int32_t walk_item(const struct walk *walk, const char *prefix, const char *name)
{
	char path[SINK_PATH_SIZE], key[SINK_KEY_SIZE];
	struct stat st;
	int32_t status;

	if (snprintf(key, sizeof(key) - 1, "%s%s", prefix, name) > 1024)
		return HF_OK; /* no key */
	status = sink_path(walk->ctx, walk->sink, key, path);
	if (status != HF_OK)
		return status;
	if (walk->sweep && strncmp(name, ".put-", 5) == 0 && unlink(path) < 0 && errno != ENOENT)
		return fault_system(walk->ctx, "remove", path, errno);
	if (name[0] == '.')
		return HF_OK;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? HF_OK : fault_system(walk->ctx, "look at", path, errno);
	if (S_ISREG(st.st_mode)) {
		if (walk->sweep)
			return HF_OK;
		return walk->out ? tell(walk->out, key, &st) : HF_END;
	}
	if (!S_ISDIR(st.st_mode))
		return HF_OK;
	memcpy(key + strlen(key), "/", 2);
	return walk_below(walk, key, path);
}

/* Everything below `prefix`, which is empty or ends with a slash. */
static int32_t walk_folder(const struct walk *walk, const char *prefix)
{
	char path[SINK_PATH_SIZE];
	struct dirent *item;
	int32_t status = sink_path(walk->ctx, walk->sink, prefix, path);
	DIR *dir;

	if (status != HF_OK)
		return status;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR
			   ? HF_OK
			   : fault_system(walk->ctx, "list", path, errno);
	if (host->cancelled(walk->ctx))
		status = host->fail(walk->ctx, HF_E_CANCELLED, "stopped while listing %s", path);
	while (status == HF_OK && (errno = 0, item = readdir(dir)))
		status = walk_item(walk, prefix, item->d_name);
	if (status == HF_OK && errno)
		status = fault_system(walk->ctx, "list", path, errno);
	closedir(dir);
	return status;
}

int32_t sink_list(hf_ctx *ctx, void *self, const char *prefix, uint32_t flags, hf_list *out)
{
	struct sink *sink = self;
	const struct walk walk = {
	    .ctx = ctx,
	    .sink = sink,
	    .out = out,
	    .children = (flags & HF_LIST_CHILDREN) != 0,
	};
	int32_t status = fault_delay(ctx, &sink->fault);

	/* what it tells before it fails must not be believed */
	if (status == HF_OK)
		status = walk_folder(&walk, prefix);
	return status == HF_OK ? fault_at(ctx, &sink->fault, "list", prefix) : status;
}

int32_t sink_stat(hf_ctx *ctx, void *self, const char *key, hf_list *out)
{
	struct sink *sink = self;
	char path[SINK_PATH_SIZE];
	struct stat st;
	int32_t status = fault_at(ctx, &sink->fault, "stat", key);

	if (status == HF_OK)
		status = sink_path(ctx, sink, key, path);
	if (status != HF_OK)
		return status;
	if (lstat(path, &st) < 0)
		return fault_system(ctx, "look at", path, errno);
	if (!S_ISREG(st.st_mode))
		return host->fail(ctx, HF_E_NOT_FOUND, "%s is not an object", path);
	return tell(out, key, &st);
}

int32_t sink_sweep(hf_ctx *ctx, void *self, const char *prefix)
{
	struct sink *sink = self;
	const struct walk walk = {.ctx = ctx, .sink = sink, .sweep = 1};
	int32_t status = fault_at(ctx, &sink->fault, "sweep", prefix);

	return status == HF_OK ? walk_folder(&walk, prefix) : status;
}

int32_t sink_remove(
    hf_ctx *ctx, void *self, const char *const *keys, uint64_t count, hf_removal *out)
{
	struct sink *sink = self;
	char path[SINK_PATH_SIZE];
	int32_t status = fault_at(ctx, &sink->fault, "remove_all", sink->path);

	for (uint64_t i = 0; i < count && status == HF_OK; i++) {
		int32_t stays = fault_at(ctx, &sink->fault, "remove", keys[i]);

		if (host->cancelled(ctx))
			return host->fail(ctx, HF_E_CANCELLED, "stopped while removing");
		status = sink_path(ctx, sink, keys[i], path);
		if (status != HF_OK)
			break;
		if (stays != HF_OK)
			host->removed(out, i, stays, "the test driver keeps it");
		else if (unlink(path) == 0)
			sink_remove_parents(sink, path);
		else if (errno != ENOENT && errno != ENOTDIR && errno != EISDIR)
			host->removed(out, i, HF_E_FAILED, strerror(errno));
	}
	return status;
}
