/* SPDX-License-Identifier: MIT
 * faultysink.c - the sink "faultysink": keeps files, and fails or lies when told to
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faultysink.h"

static const hf_option options[] = {
    {.name = "path",
	.type = HF_OPT_PATH,
	.flags = HF_OPT_REQUIRED,
	.help = "the folder of the objects; made when it is missing"},
    {.name = "fail",
	.type = HF_OPT_CHOICE,
	.default_value = "none",
	.choices = "none|probe|open|write|commit|commit_late|get|read|list|stat|remove|"
		   "remove_all|flush|lock|sweep",
	.help = "the step that fails. open: of a put; commit_late: after the object shows; "
		"remove: of a key; remove_all: the whole call"},
    {.name = "match",
	.type = HF_OPT_STRING,
	.help = "fail and lie only for keys that contain this"},
    {.name = "after",
	.type = HF_OPT_INT,
	.default_value = "0",
	.max = INT64_MAX,
	.help = "so many calls that match are let through first"},
    {.name = "flip",
	.type = HF_OPT_INT,
	.default_value = "-1",
	.min = -1,
	.max = INT64_MAX,
	.help = "change the byte at this offset of an object that is read"},
    {.name = "short",
	.type = HF_OPT_INT,
	.default_value = "-1",
	.min = -1,
	.max = INT64_MAX,
	.help = "let an object that is read end after so many bytes"},
    FAULT_OPTIONS,
    {0},
};

static int32_t sink_open(hf_ctx *ctx, const hf_options *given, void **self)
{
	struct sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return fault_no_memory(ctx);
	fault_open(&sink->fault, given, host->opt_text(given, "fail", 0));
	sink->fault.match = host->opt_text(given, "match", 0);
	sink->fault.after = (uint64_t)host->opt_int(given, "after", 0);
	sink->path = host->opt_text(given, "path", 0);
	sink->flip = host->opt_int(given, "flip", 0);
	sink->cut = host->opt_int(given, "short", 0);
	*self = sink;
	return HF_OK;
}

static int32_t sink_probe(hf_ctx *ctx, void *self, uint32_t flags)
{
	struct sink *sink = self;

	(void)flags;
	return fault_at(ctx, &sink->fault, "probe", sink->path);
}

static void sink_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

/* --- paths --- */

int32_t sink_path(hf_ctx *ctx, const struct sink *sink, const char *key, char *path)
{
	int n = snprintf(path, SINK_PATH_SIZE, "%s/%s", sink->path, key);

	if (n > 0 && (unsigned int)n < SINK_PATH_SIZE)
		return HF_OK;
	return host->fail(ctx, HF_E_CONFIG, "the path of the folder is too long");
}

/* Makes the folders above `path`, the sink's own among them. -1 with errno. */
static int make_parents(char *path)
{
	int rc = 0;

	for (char *slash = path + 1; rc == 0 && (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			rc = -1;
	}
	return rc;
}

/* Removes the empty folders above `path`, below the sink's own. */
void sink_remove_parents(const struct sink *sink, char *path)
{
	char *slash;

	while ((slash = strrchr(path, '/')) && slash > path + strlen(sink->path)) {
		*slash = '\0';
		if (rmdir(path) < 0)
			return;
	}
}

/* --- put --- */

struct put {
	struct sink *sink;
	const char *key; /* valid until put_free() */
	uint32_t flags;
	int fd;
	char temp[SINK_PATH_SIZE]; /* "" once it has its name */
};

/* Another thread may remove a folder that is still empty: then once more. */
static int open_temp(struct put *put)
{
	char *random = put->temp + strlen(put->temp) - 6;

	for (int tries = 0; tries < 100; tries++) {
		memcpy(random, "XXXXXX", 6);
		if (make_parents(put->temp) == 0)
			put->fd = mkostemp(put->temp, O_CLOEXEC);
		if (put->fd >= 0 || errno != ENOENT)
			break;
	}
	return put->fd;
}

static int32_t put_open(hf_ctx *ctx, void *self, const hf_put *in, void **out)
{
	const char *slash = strrchr(in->key, '/');
	struct sink *sink = self;
	char name[SINK_KEY_SIZE];
	struct put *put;
	int32_t status = fault_delay(ctx, &sink->fault);

	if (status == HF_OK)
		status = fault_at(ctx, &sink->fault, "open", in->key);
	if (status != HF_OK)
		return status;
	put = calloc(1, sizeof(*put));
	if (!put)
		return fault_no_memory(ctx);
	put->sink = sink;
	put->key = in->key;
	put->flags = in->flags;
	put->fd = -1;
	snprintf(
	    name, sizeof(name), "%.*s.put-XXXXXX", slash ? (int)(slash - in->key) + 1 : 0, in->key);
	status = sink_path(ctx, sink, name, put->temp);
	if (status == HF_OK && open_temp(put) < 0)
		status = fault_system(ctx, "make", put->temp, errno);
	if (status != HF_OK) {
		free(put);
		return status;
	}
	*out = put;
	return HF_OK;
}

static int32_t put_write(hf_ctx *ctx, void *handle, const void *data, uint64_t size)
{
	struct put *put = handle;
	const char *from = data;
	int32_t status = fault_delay(ctx, &put->sink->fault);

	if (status == HF_OK)
		status = fault_at(ctx, &put->sink->fault, "write", put->key);
	while (status == HF_OK && size) {
		ssize_t n = write(put->fd, from, size);

		if (n < 0 && errno != EINTR)
			status = fault_system(ctx, "write", put->temp, errno);
		from += n > 0 ? n : 0;
		size -= n > 0 ? (uint64_t)n : 0;
	}
	return status;
}

static int32_t put_commit(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;
	char path[SINK_PATH_SIZE];
	int32_t status = fault_delay(ctx, &put->sink->fault);

	if (status == HF_OK)
		status = fault_at(ctx, &put->sink->fault, "commit", put->key);
	if (status == HF_OK)
		status = sink_path(ctx, put->sink, put->key, path);
	if (status != HF_OK)
		return status;
	if (put->flags & HF_PUT_IF_ABSENT) { /* link() never replaces */
		if (link(put->temp, path) < 0)
			return fault_system(ctx, "make", path, errno);
		if (unlink(put->temp) < 0)
			return fault_system(ctx, "remove", put->temp, errno);
	} else if (rename(put->temp, path) < 0) {
		return fault_system(ctx, "make", path, errno);
	}
	put->temp[0] = '\0';
	return fault_at(ctx, &put->sink->fault, "commit_late", put->key);
}

static void put_free(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;

	(void)ctx;
	close(put->fd);
	if (put->temp[0]) {
		unlink(put->temp);
		sink_remove_parents(put->sink, put->temp);
	}
	free(put);
}

static int32_t sink_flush(hf_ctx *ctx, void *self)
{
	struct sink *sink = self;

	return fault_at(ctx, &sink->fault, "flush", sink->path);
}

/* --- get --- */

struct get {
	struct sink *sink;
	int fd;
	uint64_t at;
	uint64_t left; /* UINT64_MAX: to the end */
	int lies;      /* flip and short are for this key */
	char key[SINK_KEY_SIZE];
};

static int32_t get_open(
    hf_ctx *ctx, void *self, const char *key, uint64_t offset, uint64_t length, void **out)
{
	struct sink *sink = self;
	char path[SINK_PATH_SIZE];
	struct get *get;
	struct stat st;
	int32_t status = fault_delay(ctx, &sink->fault);
	int fd;

	if (status == HF_OK)
		status = fault_at(ctx, &sink->fault, "get", key);
	if (status == HF_OK)
		status = sink_path(ctx, sink, key, path);
	if (status != HF_OK)
		return status;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return fault_system(ctx, "open", path, errno);
	if (fstat(fd, &st) < 0)
		status = fault_system(ctx, "look at", path, errno);
	else if (!S_ISREG(st.st_mode))
		status = host->fail(ctx, HF_E_NOT_FOUND, "%s is not an object", path);
	else if (offset > (uint64_t)st.st_size ||
		 (length != UINT64_MAX && length > (uint64_t)st.st_size - offset))
		status = host->fail(ctx, HF_E_CORRUPT, "%s ends too early", path);
	get = status == HF_OK ? calloc(1, sizeof(*get)) : NULL;
	if (status == HF_OK && !get)
		status = fault_no_memory(ctx);
	if (status != HF_OK) {
		close(fd);
		return status;
	}
	get->sink = sink;
	get->fd = fd;
	get->at = offset;
	get->left = length;
	get->lies = fault_matches(&sink->fault, key);
	snprintf(get->key, sizeof(get->key), "%s", key);
	*out = get;
	return HF_OK;
}

static int32_t get_read(hf_ctx *ctx, void *handle, void *buf, uint64_t cap, uint64_t *got)
{
	struct get *get = handle;
	const struct sink *sink = get->sink;
	int32_t status = fault_at(ctx, &get->sink->fault, "read", get->key);
	ssize_t n;

	if (status != HF_OK)
		return status;
	if (cap > get->left)
		cap = get->left;
	if (get->lies && sink->cut >= 0) {
		uint64_t end = (uint64_t)sink->cut;

		if (cap > (end > get->at ? end - get->at : 0))
			cap = end > get->at ? end - get->at : 0;
	}
	if (!cap)
		return HF_END;
	do {
		n = pread(get->fd, buf, cap, (off_t)get->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fault_system(ctx, "read", get->key, errno);
	if (n == 0)
		return get->left == UINT64_MAX
			   ? HF_END
			   : host->fail(ctx, HF_E_CORRUPT, "%s became shorter", get->key);
	if (get->lies && sink->flip >= (int64_t)get->at &&
	    sink->flip - (int64_t)get->at < (int64_t)n)
		((unsigned char *)buf)[sink->flip - (int64_t)get->at] ^= 1;
	get->at += (uint64_t)n;
	if (get->left != UINT64_MAX)
		get->left -= (uint64_t)n;
	*got = (uint64_t)n;
	return HF_OK;
}

static void get_free(hf_ctx *ctx, void *handle)
{
	struct get *get = handle;

	(void)ctx;
	close(get->fd);
	free(get);
}

/* --- locks: the kernel drops flock() when the owner dies --- */

static int32_t sink_lock(hf_ctx *ctx, void *self, const char *name, uint32_t mode, void **lock)
{
	struct sink *sink = self;
	char file[SINK_KEY_SIZE], path[SINK_PATH_SIZE];
	int32_t status = fault_at(ctx, &sink->fault, "lock", name);
	int *fd;

	if (status != HF_OK)
		return status;
	snprintf(file, sizeof(file), ".lock-%s", name);
	for (char *slash = file; (slash = strchr(slash, '/'));)
		*slash = '!'; /* which no key has */
	status = sink_path(ctx, sink, file, path);
	if (status != HF_OK)
		return status;
	fd = malloc(sizeof(*fd));
	if (!fd)
		return fault_no_memory(ctx);
	*fd = -1;
	if (make_parents(path) == 0)
		*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		status = fault_system(ctx, "make", path, errno);
	else if (flock(*fd, (mode == HF_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0)
		status = errno == EWOULDBLOCK
			     ? host->fail(ctx, HF_E_EXISTS, "%s is held by another process", name)
			     : fault_system(ctx, "lock", path, errno);
	if (status != HF_OK) {
		if (*fd >= 0)
			close(*fd);
		free(fd);
		return status;
	}
	*lock = fd;
	return HF_OK;
}

static void sink_unlock(hf_ctx *ctx, void *lock)
{
	int *fd = lock;

	(void)ctx;
	close(*fd);
	free(fd);
}

static const hf_sink_ops ops = {
    .size = sizeof(ops),
    .put_open = put_open,
    .put_write = put_write,
    .put_commit = put_commit,
    .put_free = put_free,
    .get_open = get_open,
    .get_read = get_read,
    .get_free = get_free,
    .list = sink_list,
    .stat = sink_stat,
    .remove = sink_remove,
    .flush = sink_flush,
    .lock = sink_lock,
    .unlock = sink_unlock,
    .sweep = sink_sweep,
};

const hf_driver faultysink_driver = {
    .size = sizeof(faultysink_driver),
    .kind = HF_KIND_SINK,
    .name = "faultysink",
    .summary = "plain files below one folder, for tests",
    .options = options,
    .threads = HF_THREADS_STREAM,
    .capabilities = HF_CAP_IF_ABSENT,
    .open = sink_open,
    .probe = sink_probe,
    .close = sink_close,
    .sink = &ops,
};
