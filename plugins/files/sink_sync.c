/* SPDX-License-Identifier: MIT
 *
 * Durability. An object is safe once its bytes, its name and the folders above
 * it are on the disk. Doing that for each of many small objects is slow, so on
 * file systems where one syncfs() does it for all and reports every error, it
 * is left to flush(), which the host calls before the manifest is put. The
 * manifest itself, and everything on other file systems, is synced at commit.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/magic.h has most of these, but not all of them everywhere */
#define FS_EXT4 0xef53
#define FS_XFS 0x58465342
#define FS_BTRFS 0x9123683e
#define FS_F2FS 0xf2f52010
#define FS_TMPFS 0x01021994

/* Some file systems have nothing to sync in a folder and say so. */
int sink_fsync_folder(int fd)
{
	if (fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS)
		return 0;
	return -1;
}

/* Since Linux 5.8 syncfs() reports write errors that came after its descriptor
 * was opened. Network and FUSE file systems do not pass it on. */
bool sink_can_batch(int fd)
{
	struct utsname name;
	struct statfs fs;
	unsigned int major, minor;

	if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2 ||
	    fstatfs(fd, &fs) != 0)
		return false;
	if (major < 5 || (major == 5 && minor < 8))
		return false;
	switch ((uint32_t)fs.f_type) {
	case FS_EXT4:
	case FS_XFS:
	case FS_BTRFS:
	case FS_F2FS:
	case FS_TMPFS:
		return true;
	default:
		return false;
	}
}

/* A new folder's name is not on the disk yet, whatever was known of an earlier
 * one of that name. The commits into it see to that. */
void sink_folder_made(struct sink *sink)
{
	pthread_mutex_lock(&sink->mutex);
	sink->durable_folder[0] = '\0';
	pthread_mutex_unlock(&sink->mutex);
}

/* Syncs the root and each folder down to the one that holds the folder of
 * `key`. */
static int sync_above(struct sink *sink, const char *key, size_t len)
{
	int fd = fcntl(atomic_load(&sink->root), F_DUPFD_CLOEXEC, 3);
	const char *from = key;

	while (fd >= 0 && from < key + len) {
		const char *slash = strchr(from, '/');
		char name[SINK_NAME_MAX + 1];
		int next, saved;

		memcpy(name, from, (size_t)(slash - from));
		name[slash - from] = '\0';
		next = sink_fsync_folder(fd) == 0 ? sink_step(fd, name) : -1;
		saved = errno;
		close(fd);
		errno = saved;
		fd = next;
		from = slash + 1;
	}
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Makes the name `key` durable, which stands in `folder` already. */
int32_t sink_sync_folders(hf_ctx *ctx, struct sink *sink, const char *key, int folder)
{
	size_t len = (size_t)(sink_base(key) - key);
	bool known;
	int rc = sink_fsync_folder(folder);

	pthread_mutex_lock(&sink->mutex);
	known = strncmp(sink->durable_folder, key, len) == 0;
	pthread_mutex_unlock(&sink->mutex);
	if (rc == 0 && !known) {
		rc = sync_above(sink, key, len);
		if (rc == 0) {
			pthread_mutex_lock(&sink->mutex);
			memcpy(sink->durable_folder, key, len);
			sink->durable_folder[len] = '\0';
			pthread_mutex_unlock(&sink->mutex);
		}
	}
	if (rc != 0)
		return files_host->fail(ctx, sink_class(errno),
		    "cannot sync the folder of '%s/%s': %s", sink->path, key, files_error(errno).s);
	return HF_OK;
}

int32_t sink_flush(hf_ctx *ctx, void *self)
{
	struct sink *sink = self;
	int fd = atomic_load(&sink->root), error = atomic_load(&sink->broken);

	if (error == 0 && atomic_exchange(&sink->unsynced, false)) {
		/* the second one fails where a journal was aborted, which
		 * syncfs() of older kernels kept to itself */
		if (syncfs(fd) != 0 || sink_fsync_folder(fd) != 0) {
			error = errno;
			/* the kernel tells an error once: later calls would lie */
			atomic_store(&sink->broken, error);
		}
	}
	if (error == 0)
		return HF_OK;
	files_host->fail(ctx, sink_class(error), "cannot write out what was stored in '%s': %s",
	    sink->path, files_error(error).s);
	files_host->hint(ctx, "look at the kernel's log for errors of the disk");
	return sink_class(error);
}
