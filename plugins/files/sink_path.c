/* SPDX-License-Identifier: MIT
 *
 * Keys and the folders that they name: validation, and the walk from the root.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* Somebody may remove an empty folder just when we step into it. */
#define WALK_TRIES 100

static bool component_valid(const char *name, size_t len)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._~%+=@,-";

	return len >= 1 && len <= SINK_NAME_MAX && name[0] != '.' && strspn(name, allowed) >= len;
}

bool sink_name_valid(const char *name)
{
	return component_valid(name, strlen(name));
}

bool sink_key_valid(const char *key)
{
	size_t len = strlen(key);

	if (len < 1 || len > SINK_KEY_MAX)
		return false;
	for (;;) {
		len = strcspn(key, "/");
		if (!component_valid(key, len))
			return false;
		if (!key[len])
			return true;
		key += len + 1;
	}
}

bool sink_prefix_valid(const char *prefix)
{
	char key[SINK_KEY_MAX + 1];
	size_t len = strlen(prefix);

	if (len == 0)
		return true;
	if (len > SINK_KEY_MAX || prefix[len - 1] != '/')
		return false;
	memcpy(key, prefix, len - 1);
	key[len - 1] = '\0';
	return sink_key_valid(key);
}

int32_t sink_check_key(hf_ctx *ctx, const char *key)
{
	if (sink_key_valid(key))
		return HF_OK;
	return files_host->fail(ctx, HF_E_FAILED, "'%.200s' is not a valid key", key);
}

const char *sink_base(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash ? slash + 1 : key;
}

int32_t sink_class(int error)
{
	switch (error) {
	case EFBIG:
		return HF_E_NO_SPACE;
	case ELOOP:
		return HF_E_CORRUPT;
	case ENOTDIR:
	case EEXIST:
	case ENOTEMPTY:
		return HF_E_FAILED; /* a file stands where a folder must be, or so */
	case ESTALE:
	case EHOSTDOWN:
	case EHOSTUNREACH:
		return HF_E_TRANSIENT; /* a network file system */
	default:
		return files_status(error);
	}
}

/* Opens a folder below `parent`. errno is ELOOP for a symbolic link, whatever
 * the kernel says about one. */
int sink_step(int parent, const char *name)
{
	int fd = openat(parent, name, FOLDER_FLAGS);
	struct stat st;

	if (fd < 0 && errno == ENOTDIR) {
		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
			errno = ELOOP;
		else
			errno = ENOTDIR;
	}
	return fd;
}

static int sync_parent(const char *path)
{
	char *copy = strdup(path), *slash;
	int fd, rc, saved;

	if (!copy)
		return -1;
	slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy] = '\0';
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? -1 : sink_fsync_folder(fd);
	saved = errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	errno = saved;
	return rc;
}

/* Makes the folder `path` and what is missing above it, from the top. */
static int make_path(const char *path, bool durable)
{
	char *copy = strdup(path);
	size_t len = strlen(path);
	int rc = 0, saved;

	if (!copy)
		return -1;
	for (size_t i = 1; i <= len && rc == 0; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		copy[i] = '\0';
		if (mkdir(copy, 0700) == 0)
			rc = durable ? sync_parent(copy) : 0;
		else if (access(copy, F_OK) != 0)
			rc = -1; /* with what mkdir() or access() said */
		copy[i] = path[i];
	}
	saved = errno;
	free(copy);
	errno = saved;
	return rc;
}

/* Called with the mutex held. */
static int32_t open_root(hf_ctx *ctx, struct sink *sink, enum sink_missing missing, int *out)
{
	int fd = open(sink->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	/* a root that must be there is not an empty one: is it mounted? */
	if (fd < 0 && errno == ENOENT && !sink->create) {
		files_host->fail(ctx, HF_E_FAILED, "folder '%s' does not exist", sink->path);
		files_host->hint(ctx, "mount or make it; `create = no` forbids to make it here");
		return HF_E_FAILED;
	}
	if (fd < 0 && errno == ENOENT && missing == SINK_MAY_CREATE) {
		if (make_path(sink->path, sink->durable) != 0)
			return files_host->fail(ctx, sink_class(errno), "cannot make folder '%s': %s",
			    sink->path, files_error(errno).s);
		fd = open(sink->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT && missing == SINK_MAY_LACK)
		return HF_E_NOT_FOUND;
	if (fd < 0)
		return files_host->fail(ctx, sink_class(errno), "cannot open folder '%s': %s",
		    sink->path, files_error(errno).s);
	if (fstat(fd, &st) != 0) {
		int error = errno;

		close(fd);
		return files_host->fail(ctx, sink_class(error), "cannot look at folder '%s': %s",
		    sink->path, files_error(error).s);
	}
	sink->device = st.st_dev;
	sink->batch = sink->durable && sink_can_batch(fd);
	atomic_store(&sink->root, fd);
	*out = fd;
	return HF_OK;
}

/* The root's descriptor, which stays the sink's. HF_E_NOT_FOUND if there is no
 * root yet and it may not be made. */
int32_t sink_root(hf_ctx *ctx, struct sink *sink, enum sink_missing missing, int *fd)
{
	int32_t rc = HF_OK;

	*fd = atomic_load(&sink->root);
	if (*fd >= 0)
		return HF_OK;
	pthread_mutex_lock(&sink->mutex);
	*fd = atomic_load(&sink->root);
	if (*fd < 0)
		rc = open_root(ctx, sink, missing, fd);
	pthread_mutex_unlock(&sink->mutex);
	return rc;
}

static int step_or_make(struct sink *sink, int parent, const char *name)
{
	int fd = sink_step(parent, name);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(parent, name, 0700) == 0)
		sink_folder_made(sink);
	else if (errno != EEXIST)
		return -1;
	return sink_step(parent, name);
}

/* One try to reach the folder of `key`. -1 with errno, and in *upto how much
 * of the key leads to the place that failed. */
static int walk(struct sink *sink, int root, const char *key, enum sink_missing missing,
    size_t *upto)
{
	int fd = fcntl(root, F_DUPFD_CLOEXEC, 3);
	const char *from = key, *slash;

	while (fd >= 0 && (slash = strchr(from, '/'))) {
		char name[SINK_NAME_MAX + 1];
		size_t len = (size_t)(slash - from);
		int next, saved;

		memcpy(name, from, len);
		name[len] = '\0';
		*upto = (size_t)(slash - key);
		next = missing == SINK_MAY_CREATE ? step_or_make(sink, fd, name) :
						    sink_step(fd, name);
		saved = errno;
		close(fd);
		errno = saved;
		fd = next;
		from = slash + 1;
	}
	return fd;
}

/* Opens the folder that holds, or will hold, the object `key`. With
 * SINK_MAY_LACK, HF_E_NOT_FOUND comes without a message. */
int32_t sink_folder(hf_ctx *ctx, struct sink *sink, const char *key, enum sink_missing missing,
    int *fd)
{
	size_t upto = 0;
	int tries = 0, root;
	int32_t rc = sink_root(ctx, sink, missing, &root);

	if (rc != HF_OK)
		return rc;
	do {
		*fd = walk(sink, root, key, missing, &upto);
	} while (*fd < 0 && errno == ENOENT && missing == SINK_MAY_CREATE && ++tries < WALK_TRIES);
	if (*fd >= 0)
		return HF_OK;
	if (errno == ELOOP)
		return files_host->fail(ctx, HF_E_CORRUPT,
		    "'%s/%.*s' is a symbolic link where a folder should be", sink->path, (int)upto,
		    key);
	if (missing != SINK_MAY_CREATE && (errno == ENOENT || errno == ENOTDIR)) {
		if (missing == SINK_MAY_LACK)
			return HF_E_NOT_FOUND;
		return files_host->fail(ctx, HF_E_NOT_FOUND, "'%s/%s' does not exist", sink->path,
		    key);
	}
	return files_host->fail(ctx, errno == ENOENT ? HF_E_FAILED : sink_class(errno),
	    "cannot %s folder '%s/%.*s': %s", missing == SINK_MAY_CREATE ? "make" : "open",
	    sink->path, (int)upto, key, files_error(errno).s);
}

/* Removes the folders of `key` that are empty, from the deepest up. Nobody
 * minds if somebody else is faster, or uses one again. */
void sink_prune_folders(struct sink *sink, const char *key)
{
	char path[SINK_KEY_MAX + 1];
	size_t upto;
	char *slash;
	int root = atomic_load(&sink->root);

	memcpy(path, key, strlen(key) + 1);
	while (root >= 0 && (slash = strrchr(path, '/'))) {
		int fd, rc;

		*slash = '\0';
		fd = walk(sink, root, path, SINK_MAY_LACK, &upto);
		if (fd < 0)
			continue; /* gone already: look further up */
		rc = unlinkat(fd, sink_base(path), AT_REMOVEDIR);
		if (rc != 0 && errno == ENOENT)
			rc = 0;
		close(fd);
		if (rc != 0)
			return;
	}
}

/* Opens the root or, while it is missing, the nearest folder above that exists. */
int32_t sink_nearest(hf_ctx *ctx, const struct sink *sink, int *fd)
{
	char *path = strdup(sink->path);
	int32_t rc = HF_OK;

	if (!path)
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	for (;;) {
		char *slash;

		*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (*fd >= 0)
			break;
		slash = strrchr(path, '/');
		if (errno != ENOENT || strcmp(path, "/") == 0 || strcmp(path, ".") == 0) {
			rc = files_host->fail(ctx, sink_class(errno), "cannot open folder '%s': %s",
			    path, files_error(errno).s);
			break;
		}
		if (slash == path)
			path[1] = '\0';
		else if (slash)
			*slash = '\0';
		else
			memcpy(path, ".", 2);
	}
	free(path);
	return rc;
}
