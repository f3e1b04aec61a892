/* SPDX-License-Identifier: MIT
 *
 * Removing objects, and clearing what interrupted puts left behind.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Removes the object from its open folder. 0 also if there is none. */
static int remove_one(int folder, const char *key)
{
	struct stat st;
	int error;

	if (unlinkat(folder, sink_base(key), 0) == 0 || errno == ENOENT)
		return 0;
	error = errno;
	/* a folder of that name is no object */
	if (fstatat(folder, sink_base(key), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return error;
}

static void tell(hf_removal *out, const struct sink *sink, uint64_t index, const char *key,
    int error)
{
	char message[SINK_KEY_MAX + 512];

	snprintf(message, sizeof message, "cannot remove '%.400s/%s': %s", sink->path, key,
	    files_error(error).s);
	files_host->removed(out, index, sink_class(error), message);
}

/* Does `key` lie below the folder that holds `last`? */
static bool is_below(const char *key, const char *last)
{
	size_t len = (size_t)(sink_base(last) - last);

	return strncmp(key, last, len) == 0 && strchr(key + len, '/');
}

static bool same_folder(const char *a, const char *b)
{
	size_t len = (size_t)(sink_base(a) - a);

	return (size_t)(sink_base(b) - b) == len && strncmp(a, b, len) == 0;
}

/* Between two folders. A manifest lies above the objects it names: that it is
 * gone must be on the disk before they go. */
static int32_t leave_folder(hf_ctx *ctx, struct sink *sink, const char *last, const char *next,
    int folder)
{
	int32_t rc = HF_OK;

	if (sink->durable && (!next || is_below(next, last)) && sink_fsync_folder(folder) != 0)
		rc = files_host->fail(ctx, sink_class(errno),
		    "cannot sync the folder of '%s/%s': %s", sink->path, last, files_error(errno).s);
	close(folder);
	sink_prune_folders(sink, last);
	return rc;
}

int32_t sink_remove(hf_ctx *ctx, void *self, const char *const *keys, uint64_t count,
    hf_removal *out)
{
	struct sink *sink = self;
	const char *last = NULL; /* the key whose folder is open */
	int folder = -1, error;
	int32_t rc = HF_OK;

	for (uint64_t i = 0; i < count && rc == HF_OK; i++)
		rc = sink_check_key(ctx, keys[i]);
	for (uint64_t i = 0; i < count && rc == HF_OK; i++) {
		if (files_host->cancelled(ctx)) {
			rc = files_host->fail(ctx, HF_E_CANCELLED, "stopped while removing from '%s'",
			    sink->path);
			break;
		}
		if (last && !same_folder(last, keys[i])) {
			rc = leave_folder(ctx, sink, last, keys[i], folder);
			last = NULL;
			if (rc != HF_OK)
				break;
		}
		if (!last) {
			rc = sink_folder(ctx, sink, keys[i], SINK_MAY_LACK, &folder);
			if (rc == HF_E_NOT_FOUND) {
				rc = HF_OK;
				continue;
			}
			if (rc != HF_OK)
				break;
			last = keys[i];
		}
		error = remove_one(folder, keys[i]);
		if (error)
			tell(out, sink, i, keys[i], error);
	}
	if (last) {
		int32_t left = leave_folder(ctx, sink, last, NULL, folder);

		rc = rc == HF_OK ? left : rc;
	}
	return rc;
}

/* Is it a temporary file that no put is writing? */
static bool is_litter(int folder, const char *name)
{
	struct stat st;
	bool used;
	int fd;

	if (strncmp(name, SINK_TEMP_PREFIX, strlen(SINK_TEMP_PREFIX)) != 0 ||
	    fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return false;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return true;
	used = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return !used;
}

static int32_t fail_sweep(hf_ctx *ctx, const struct sink *sink, const char *name, int error)
{
	return files_host->fail(ctx, sink_class(error), "cannot clear '%s' below '%s': %s", name,
	    sink->path, files_error(error).s);
}

/* Goes on after a failure, and returns the first one. */
static int32_t sweep_folder(hf_ctx *ctx, struct sink *sink, DIR *dir)
{
	int32_t first = HF_OK, rc;
	struct dirent *entry;

	while ((errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;
		DIR *below;

		rc = HF_OK;
		if (is_litter(dirfd(dir), name)) {
			if (unlinkat(dirfd(dir), name, 0) != 0 && errno != ENOENT)
				rc = fail_sweep(ctx, sink, name, errno);
		} else if (entry->d_type != DT_REG && sink_name_valid(name)) {
			below = sink_open_dir(dirfd(dir), name);
			if (below) {
				rc = sweep_folder(ctx, sink, below);
				closedir(below);
				/* most are not empty */
				(void)unlinkat(dirfd(dir), name, AT_REMOVEDIR);
			} else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
				rc = fail_sweep(ctx, sink, name, errno);
			}
		}
		first = first == HF_OK ? rc : first;
		if (rc == HF_E_CANCELLED || (rc == HF_OK && files_host->cancelled(ctx)))
			return files_host->fail(ctx, HF_E_CANCELLED, "stopped while clearing '%s'",
			    sink->path);
	}
	if (errno != 0 && first == HF_OK)
		first = fail_sweep(ctx, sink, "a folder", errno);
	return first;
}

int32_t sink_sweep(hf_ctx *ctx, void *self, const char *prefix)
{
	DIR *dir;
	int32_t rc = sink_open_prefix(ctx, self, prefix, &dir);

	if (rc != HF_OK || !dir)
		return rc;
	rc = sweep_folder(ctx, self, dir);
	closedir(dir);
	return rc;
}
