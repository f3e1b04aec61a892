/* SPDX-License-Identifier: MIT
 *
 * Room in the file system, temporary files, and the probe that tries both.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SIZE_TEXT 24

static const char *size_text(uint64_t bytes, char out[SIZE_TEXT])
{
	static const char unit[] = "KMGTPE";
	double value = (double)bytes;
	int i = -1;

	while (value >= 1024 && unit[i + 1]) {
		value /= 1024;
		i++;
	}
	if (i < 0)
		snprintf(out, SIZE_TEXT, "%" PRIu64 " bytes", bytes);
	else
		snprintf(out, SIZE_TEXT, "%.1f %ciB", value, unit[i]);
	return out;
}

/* Bytes that are free to us, or UINT64_MAX if the file system does not say. */
static uint64_t free_bytes(int fd)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) != 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* Would `more` bytes leave min_free? */
int32_t sink_check_space(hf_ctx *ctx, const struct sink *sink, int fd, const char *key,
    uint64_t more)
{
	char need[SIZE_TEXT], keep[SIZE_TEXT], have[SIZE_TEXT];
	uint64_t left;

	if (sink->min_free == 0)
		return HF_OK;
	left = free_bytes(fd);
	if (left >= sink->min_free && left - sink->min_free >= more)
		return HF_OK;
	files_host->fail(ctx, HF_E_NO_SPACE,
	    "no space for '%s' in '%s': %s are needed and %s must stay free (min_free), but only "
	    "%s are free",
	    key, sink->path, size_text(more, need), size_text(sink->min_free, keep),
	    size_text(left, have));
	files_host->hint(ctx, "free some space, expire older points, or lower min_free");
	return HF_E_NO_SPACE;
}

/* The message for a write of `more` bytes that the system refused. */
int32_t sink_fail_write(hf_ctx *ctx, const struct sink *sink, int fd, const char *key,
    uint64_t more, int error)
{
	char need[SIZE_TEXT], have[SIZE_TEXT];

	if (sink_class(error) != HF_E_NO_SPACE)
		return files_host->fail(ctx, sink_class(error), "cannot write '%s/%s': %s",
		    sink->path, key, files_error(error).s);
	files_host->fail(ctx, HF_E_NO_SPACE,
	    "no space for '%s' in '%s': at least %s more are needed, %s are free: %s", key,
	    sink->path, size_text(more, need), size_text(free_bytes(fd), have), files_error(error).s);
	files_host->hint(ctx, error == EDQUOT ? "raise the quota or expire older points" :
			      error == EFBIG  ? "the file system or a limit (ulimit -f) "
						"forbids files of this size" :
						"free some space or expire older points");
	return HF_E_NO_SPACE;
}

/* Makes a temporary file of a new name and marks it as in use, so that a sweep
 * leaves it alone. */
int sink_make_temp(int folder, char name[SINK_TEMP_SIZE])
{
	int fd;

	do {
		uint64_t random;

		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			return -1;
		snprintf(name, SINK_TEMP_SIZE, SINK_TEMP_PREFIX "%016" PRIx64, random);
		fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	/* where there are no such locks, the host's own lock must do */
	if (fd >= 0)
		(void)flock(fd, LOCK_EX | LOCK_NB);
	return fd;
}

/* Writes, reads and removes a file. 0, or an errno. */
static int try_file(int folder, const char **failed)
{
	static const char text[] = "holdfast";
	char name[SINK_TEMP_SIZE], back[sizeof text];
	int fd, error = 0;

	*failed = "make a file";
	fd = sink_make_temp(folder, name);
	if (fd < 0)
		return errno;
	*failed = "remove a file";
	if (unlinkat(folder, name, 0) != 0)
		error = errno;
	if (!error) {
		*failed = "write a file";
		if (pwrite(fd, text, sizeof text, 0) != (ssize_t)sizeof text || fsync(fd) != 0)
			error = errno ? errno : ENOSPC;
	}
	if (!error) {
		*failed = "read back a file";
		if (pread(fd, back, sizeof back, 0) != (ssize_t)sizeof back ||
		    memcmp(text, back, sizeof back) != 0)
			error = errno ? errno : EIO;
	}
	close(fd);
	return error;
}

int32_t sink_probe(hf_ctx *ctx, void *self, uint32_t flags)
{
	struct sink *sink = self;
	const char *failed;
	int32_t rc;
	int fd, error;

	if (!sink->create && atomic_load(&sink->root) < 0) {
		rc = sink_root(ctx, sink, SINK_MAY_CREATE, &fd);
		if (rc != HF_OK)
			return rc;
	}
	rc = sink_nearest(ctx, sink, &fd);
	if (rc != HF_OK)
		return rc;
	if (flags & HF_PROBE_WRITE) {
		errno = 0;
		error = try_file(fd, &failed);
		if (error) {
			rc = files_host->fail(ctx, sink_class(error), "cannot %s in '%s': %s",
			    failed, sink->path, files_error(error).s);
			if (rc == HF_E_AUTH)
				files_host->hint(ctx, "run as a user who may write there, or "
						      "mount it writable");
		} else {
			rc = sink_check_space(ctx, sink, fd, "a new object", 0);
		}
	}
	close(fd);
	return rc;
}
