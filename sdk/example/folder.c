/* SPDX-License-Identifier: MIT
 * folder.c - the sink "folder"
 *
 * Keeps each object as a file of its own below one folder. It shows the rules
 * of a sink: an object is seen only when it is whole, lists are exact, what a
 * killed run left is swept.
 *
 * An object is written as ".put-XXXXXX" beside its place and renamed to it. No
 * component of a key begins with a dot, so such names are ours.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "example.h"

#define PATH_ROOM 8192u

static const hf_option options[] = {
	{"path", HF_OPT_PATH, HF_OPT_REQUIRED, NULL, NULL, 0, 0,
	    "the folder that holds the objects; it must exist"},
	{NULL, 0, 0, NULL, NULL, 0, 0, NULL},
};

struct folder {
	const char *path;
};

static int32_t folder_open(hf_ctx *ctx, const hf_options *given, void **self)
{
	struct folder *folder = malloc(sizeof(*folder));

	if (!folder)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	folder->path = host->opt_text(given, "path", 0); /* valid until close() */
	*self = folder;
	return HF_OK;
}

static void folder_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

/* --- helpers --- */

/* What errno means to the host. */
static int32_t class_of(int error)
{
	switch (error) {
	case ENOENT: case ENOTDIR: case EISDIR: return HF_E_NOT_FOUND;
	case EEXIST: return HF_E_EXISTS;
	case EACCES: case EPERM: case EROFS: return HF_E_AUTH;
	case ENOSPC: case EDQUOT: return HF_E_NO_SPACE;
	default: return HF_E_FAILED;
	}
}

static int32_t failed(hf_ctx *ctx, const char *what, const char *path)
{
	return host->fail(ctx, class_of(errno), "cannot %s %s: %s", what, path, strerror(errno));
}

static int32_t path_of(hf_ctx *ctx, const struct folder *folder, const char *key, char *path)
{
	int length = snprintf(path, PATH_ROOM, "%s/%s", folder->path, key);

	if (length > 0 && (unsigned)length < PATH_ROOM)
		return HF_OK;
	return host->fail(ctx, HF_E_CONFIG, "the path of the folder is too long");
}

/* The folder itself is never made here: a disk that is not mounted is an error, not an empty
 * store. */
static int32_t present(hf_ctx *ctx, const struct folder *folder)
{
	struct stat st;

	if (stat(folder->path, &st) == 0 && S_ISDIR(st.st_mode))
		return HF_OK;
	host->fail(ctx, HF_E_CONFIG, "%s is not a folder", folder->path);
	host->hint(ctx, "make it, or mount the disk that it is on");
	return HF_E_CONFIG;
}

/* Makes the folders above path, below the sink's own. */
static int make_parents(const struct folder *folder, char *path)
{
	for (char *c = path + strlen(folder->path) + 1; (c = strchr(c, '/')); *c++ = '/') {
		*c = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

/* Removes the empty folders above path, below the sink's own. */
static void remove_parents(const struct folder *folder, char *path)
{
	char *slash;

	while ((slash = strrchr(path, '/')) && slash > path + strlen(folder->path)) {
		*slash = '\0';
		if (rmdir(path) < 0)
			break;
	}
}

static int32_t folder_probe(hf_ctx *ctx, void *self, uint32_t flags)
{
	const struct folder *folder = self;
	char path[PATH_ROOM];
	int32_t status = present(ctx, folder);
	int fd;

	if (status == HF_OK && (flags & HF_PROBE_WRITE)) {
		status = path_of(ctx, folder, ".put-XXXXXX", path);
		if (status != HF_OK)
			return status;
		fd = mkostemp(path, O_CLOEXEC);
		if (fd < 0)
			return failed(ctx, "write into", folder->path);
		close(fd);
		if (unlink(path) < 0)
			return failed(ctx, "remove", path);
	}
	return status;
}

/* --- put --- */

struct put {
	const struct folder *folder;
	const char *key; /* valid until put_free() */
	uint32_t flags;
	int fd;
	char temp[PATH_ROOM]; /* "" once it is gone */
};

/* Another run may remove an empty folder between our making and our using it: then once more. */
static int open_temp(struct put *put)
{
	for (unsigned tries = 0; tries < 10; tries++) {
		char *name;

		if (make_parents(put->folder, put->temp) < 0 && errno != ENOENT)
			return -1;
		name = put->temp + strlen(put->temp) - 6;
		memcpy(name, "XXXXXX", 6);
		put->fd = mkostemp(put->temp, O_CLOEXEC);
		if (put->fd >= 0 || errno != ENOENT)
			break;
	}
	return put->fd;
}

static int32_t folder_put_open(hf_ctx *ctx, void *self, const hf_put *in, void **out)
{
	const char *slash = strrchr(in->key, '/');
	int parent = slash ? (int)(slash - in->key) + 1 : 0;
	int32_t status = present(ctx, self);
	struct put *put;

	if (status != HF_OK)
		return status;
	put = calloc(1, sizeof(*put));
	if (!put)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	put->folder = self;
	put->key = in->key;
	put->flags = in->flags;
	if (snprintf(put->temp, sizeof(put->temp), "%s/%.*s.put-XXXXXX", put->folder->path, parent,
	    in->key) >= (int)sizeof(put->temp))
		status = host->fail(ctx, HF_E_CONFIG, "the path of the folder is too long");
	else if (open_temp(put) < 0)
		status = failed(ctx, "make", put->temp);
	if (status != HF_OK) {
		free(put);
		return status;
	}
	*out = put;
	return HF_OK;
}

static int32_t folder_put_write(hf_ctx *ctx, void *handle, const void *data, uint64_t size)
{
	struct put *put = handle;
	const char *at = data;

	while (size) {
		ssize_t written = write(put->fd, at, size < (1u << 30) ? size : 1u << 30);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return failed(ctx, "write", put->temp);
		at += written;
		size -= (uint64_t)written;
	}
	return HF_OK;
}

static int32_t folder_put_commit(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;
	char path[PATH_ROOM];
	int32_t status = path_of(ctx, put->folder, put->key, path);
	int fd = put->fd;

	if (status != HF_OK)
		return status;
	/* The data must be on the disk before its name is. */
	if (fdatasync(fd) < 0)
		return failed(ctx, "sync", put->temp);
	put->fd = -1;
	if (close(fd) < 0)
		return failed(ctx, "close", put->temp);
	if (put->flags & HF_PUT_IF_ABSENT) { /* link() never replaces: that is atomic */
		if (link(put->temp, path) < 0)
			return failed(ctx, "make", path);
		if (unlink(put->temp) < 0)
			host->warn(ctx, "cannot remove %s: %s", put->temp, strerror(errno));
	} else if (rename(put->temp, path) < 0) {
		return failed(ctx, "make", path);
	}
	put->temp[0] = '\0';
	return HF_OK;
}

static void folder_put_free(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;

	(void)ctx;
	if (put->fd >= 0)
		close(put->fd);
	if (put->temp[0]) {
		unlink(put->temp);
		remove_parents(put->folder, put->temp);
	}
	free(put);
}

/* Committed objects are whole already; this makes their names last. */
static int32_t folder_flush(hf_ctx *ctx, void *self)
{
	const struct folder *folder = self;
	int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int32_t status = HF_OK;

	if (fd < 0 || syncfs(fd) < 0)
		status = failed(ctx, "sync", folder->path);
	if (fd >= 0)
		close(fd);
	return status;
}

/* --- get --- */

struct get {
	int fd;
	uint64_t left; /* UINT64_MAX: to the end */
};

static int32_t folder_get_open(hf_ctx *ctx, void *self, const char *key, uint64_t offset,
    uint64_t length, void **out)
{
	char path[PATH_ROOM];
	struct get *get;
	struct stat st;
	int32_t status = path_of(ctx, self, key, path);
	int fd;

	if (status != HF_OK)
		return status;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return failed(ctx, "open", path);
	if (fstat(fd, &st) < 0)
		status = failed(ctx, "look at", path);
	else if (!S_ISREG(st.st_mode))
		status = host->fail(ctx, HF_E_NOT_FOUND, "%s is not an object", path);
	else if (offset > (uint64_t)st.st_size ||
	    (length != UINT64_MAX && length > (uint64_t)st.st_size - offset))
		status = host->fail(ctx, HF_E_CORRUPT, "%s has only %lld bytes", path,
		    (long long)st.st_size);
	else if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		status = failed(ctx, "seek in", path);
	get = status == HF_OK ? malloc(sizeof(*get)) : NULL;
	if (status == HF_OK && !get)
		status = host->fail(ctx, HF_E_FAILED, "out of memory");
	if (status != HF_OK) {
		close(fd);
		return status;
	}
	get->fd = fd;
	get->left = length;
	*out = get;
	return HF_OK;
}

static int32_t folder_get_read(hf_ctx *ctx, void *handle, void *buf, uint64_t cap, uint64_t *got)
{
	struct get *get = handle;
	ssize_t count;

	if (cap > get->left)
		cap = get->left;
	if (!cap)
		return HF_END;
	do {
		count = read(get->fd, buf, cap);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return host->fail(ctx, HF_E_FAILED, "cannot read the object: %s", strerror(errno));
	if (count == 0 && get->left == UINT64_MAX)
		return HF_END;
	if (count == 0)
		return host->fail(ctx, HF_E_CORRUPT, "the object became shorter");
	if (get->left != UINT64_MAX)
		get->left -= (uint64_t)count;
	*got = (uint64_t)count;
	return HF_OK;
}

static void folder_get_free(hf_ctx *ctx, void *handle)
{
	struct get *get = handle;

	(void)ctx;
	close(get->fd);
	free(get);
}

/* --- list --- */

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

static int is_component(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._~%+=@,-");

	return name[0] != '.' && name[length] == '\0' && length <= 240;
}

struct walk {
	hf_ctx *ctx;
	const struct folder *folder;
	hf_list *out;   /* NULL: HF_END at the first object, nothing is told */
	int children;
	int sweep;      /* remove our temporary files and empty folders instead */
};

static int32_t walk_folder(const struct walk *walk, const char *prefix);

static int32_t walk_child(const struct walk *walk, const char *prefix)
{
	struct walk look = {.ctx = walk->ctx, .folder = walk->folder};
	int32_t status = walk_folder(&look, prefix);

	return status == HF_END ? tell(walk->out, prefix, NULL) : status;
}

static int32_t walk_item(const struct walk *walk, const char *prefix, const char *name)
{
	char path[PATH_ROOM], key[PATH_ROOM];
	struct stat st;
	int32_t status;

	if (snprintf(key, sizeof(key), "%s%s", prefix, name) > 1024)
		return HF_OK; /* not ours */
	status = path_of(walk->ctx, walk->folder, key, path);
	if (status != HF_OK)
		return status;
	if (walk->sweep && strncmp(name, ".put-", 5) == 0)
		return unlink(path) < 0 && errno != ENOENT ?
		    failed(walk->ctx, "remove", path) : HF_OK;
	if (!is_component(name))
		return HF_OK;
	if (lstat(path, &st) < 0) /* gone since the folder was read: so be it */
		return errno == ENOENT ? HF_OK : failed(walk->ctx, "look at", path);
	if (S_ISREG(st.st_mode)) {
		if (walk->sweep)
			return HF_OK;
		return walk->out ? tell(walk->out, key, &st) : HF_END;
	}
	if (!S_ISDIR(st.st_mode))
		return HF_OK;
	strcat(key, "/"); /* fits: see above */
	status = walk->children ? walk_child(walk, key) : walk_folder(walk, key);
	if (status == HF_OK && walk->sweep && rmdir(path) < 0 && errno != ENOTEMPTY)
		status = failed(walk->ctx, "remove", path);
	return status;
}

/* Everything below the prefix, which is empty or ends with a slash. */
static int32_t walk_folder(const struct walk *walk, const char *prefix)
{
	char path[PATH_ROOM];
	struct dirent *item;
	int32_t status = path_of(walk->ctx, walk->folder, prefix, path);
	DIR *dir;

	if (status != HF_OK)
		return status;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? HF_OK :
		    failed(walk->ctx, "open", path);
	while (status == HF_OK) {
		if (host->cancelled(walk->ctx)) {
			status = host->fail(walk->ctx, HF_E_CANCELLED, "stopped while listing %s",
			    path);
			break;
		}
		errno = 0;
		item = readdir(dir);
		if (!item) {
			if (errno) /* a list that could not be completed is an error */
				status = failed(walk->ctx, "list", path);
			break;
		}
		status = walk_item(walk, prefix, item->d_name);
	}
	closedir(dir);
	return status;
}

static int32_t folder_list(hf_ctx *ctx, void *self, const char *prefix, uint32_t flags,
    hf_list *out)
{
	struct walk walk = {
		.ctx = ctx, .folder = self, .out = out,
		.children = (flags & HF_LIST_CHILDREN) != 0,
	};
	int32_t status = present(ctx, self);

	return status == HF_OK ? walk_folder(&walk, prefix) : status;
}

static int32_t folder_stat(hf_ctx *ctx, void *self, const char *key, hf_list *out)
{
	char path[PATH_ROOM];
	struct stat st;
	int32_t status = path_of(ctx, self, key, path);

	if (status != HF_OK)
		return status;
	if (lstat(path, &st) < 0)
		return failed(ctx, "look at", path);
	if (!S_ISREG(st.st_mode))
		return host->fail(ctx, HF_E_NOT_FOUND, "%s is not an object", path);
	return tell(out, key, &st);
}

static int32_t folder_sweep(hf_ctx *ctx, void *self, const char *prefix)
{
	struct walk walk = {.ctx = ctx, .folder = self, .sweep = 1};

	return walk_folder(&walk, prefix);
}

/* --- remove --- */

static int32_t folder_remove(hf_ctx *ctx, void *self, const char *const *keys, uint64_t count,
    hf_removal *out)
{
	char path[PATH_ROOM];

	for (uint64_t i = 0; i < count; i++) {
		int32_t status = host->cancelled(ctx) ?
		    host->fail(ctx, HF_E_CANCELLED, "stopped while removing") :
		    path_of(ctx, self, keys[i], path);

		if (status != HF_OK)
			return status;
		if (unlink(path) == 0)
			remove_parents(self, path);
		else if (errno != ENOENT && errno != ENOTDIR && errno != EISDIR)
			host->removed(out, i, class_of(errno), strerror(errno));
	}
	return HF_OK;
}

/* --- the description --- */

/* No lock(): the host then locks on its own machine, which is right for a local folder. */
static const hf_sink_ops ops = {
	.size = sizeof(ops),
	.put_open = folder_put_open,
	.put_write = folder_put_write,
	.put_commit = folder_put_commit,
	.put_free = folder_put_free,
	.get_open = folder_get_open,
	.get_read = folder_get_read,
	.get_free = folder_get_free,
	.list = folder_list,
	.stat = folder_stat,
	.remove = folder_remove,
	.flush = folder_flush,
	.sweep = folder_sweep,
};

const hf_driver folder_driver = {
	.size = sizeof(folder_driver),
	.kind = HF_KIND_SINK,
	.name = "folder",
	.summary = "plain files below one folder",
	.options = options,
	.threads = HF_THREADS_STREAM, /* an instance never changes */
	.capabilities = HF_CAP_IF_ABSENT,
	.open = folder_open,
	.probe = folder_probe,
	.close = folder_close,
	.sink = &ops,
};
