/* SPDX-License-Identifier: MIT
 *
 * Locks: flock() on a file beside the objects that is never removed. The
 * kernel drops the lock when its owner dies, so the text inside is only for
 * the message of the one who is refused.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 256
#define LOCK_TRIES 100

struct lock {
	int file;       /* -1: nothing there that could be locked */
	bool exclusive;
};

static void host_name(char out[65])
{
	if (gethostname(out, 65) != 0)
		snprintf(out, 65, "unknown");
	out[64] = '\0';
}

static void write_owner(hf_ctx *ctx, int file, bool exclusive)
{
	char text[TEXT_MAX], host[65], when[32] = "";
	time_t now = (time_t)(files_host->now(ctx) / 1000000000);
	struct tm tm;

	host_name(host);
	if (gmtime_r(&now, &tm))
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof text, "process %ld on %s since %s%s\n", (long)getpid(), host, when,
	    exclusive ? "" : ", reading");
	/* on a full disk the lock holds all the same */
	if (ftruncate(file, 0) != 0 || pwrite(file, text, strlen(text), 0) < 0)
		files_host->log(ctx, HF_LOG_DEBUG, "cannot write the lock's owner: %s",
		    files_error(errno).s);
}

/* Who holds it, or "another process" where the text cannot be true. */
static void read_owner(int file, char out[TEXT_MAX])
{
	char host[65], owner[65];
	ssize_t n = pread(file, out, TEXT_MAX - 1, 0);
	long pid;

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	for (char *p = out; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	host_name(host);
	if (sscanf(out, "process %ld on %64s", &pid, owner) != 2 || pid <= 0 ||
	    (strcmp(host, owner) == 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH))
		snprintf(out, TEXT_MAX, "another process");
}

/* Opens the lock file in `folder`. A reader may be unable to make or write it:
 * then *file is -1 and there is nothing to lock. -1 with errno. */
static int open_lock(int folder, const char *name, bool exclusive, int *file)
{
	const int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	*file = openat(folder, name, O_RDWR | O_CREAT | flags, 0600);
	if (*file >= 0)
		return 0;
	if (exclusive || (errno != EACCES && errno != EPERM && errno != EROFS))
		return -1;
	*file = openat(folder, name, O_RDONLY | flags);
	if (*file >= 0 || errno == ENOENT || errno == EACCES || errno == EPERM)
		return 0;
	return -1;
}

/* Is `file` still what stands under that name? An administrator may have
 * removed it, and the next one would lock another file. */
static bool still_there(int folder, const char *name, int file)
{
	struct stat a, b;

	return fstat(file, &a) == 0 && fstatat(folder, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int32_t fail_lock(hf_ctx *ctx, const struct sink *sink, const char *name, int error)
{
	if (error == ENOTSUP || error == ENOLCK || error == ENOSYS)
		return files_host->fail(ctx, HF_E_UNSUPPORTED,
		    "the file system of '%s' has no locks: %s", sink->path, files_error(error).s);
	return files_host->fail(ctx, sink_class(error) == HF_E_NOT_FOUND ? HF_E_FAILED :
									   sink_class(error),
	    "cannot lock '%s' in '%s': %s", name, sink->path, files_error(error).s);
}

/* HF_OK with *file open and locked, or -1; HF_END: try again. */
static int32_t try_lock(hf_ctx *ctx, struct sink *sink, const char *name, bool exclusive, int *file)
{
	char base[sizeof SINK_LOCK_PREFIX + SINK_NAME_MAX], owner[TEXT_MAX];
	int folder, error;
	int32_t rc;

	*file = -1;
	rc = sink_folder(ctx, sink, name, exclusive ? SINK_MAY_CREATE : SINK_MAY_LACK, &folder);
	if (rc == HF_E_NOT_FOUND && !exclusive)
		return HF_OK; /* where nothing is, nothing can be taken away */
	if (rc != HF_OK)
		return rc;
	snprintf(base, sizeof base, SINK_LOCK_PREFIX "%s", sink_base(name));
	if (open_lock(folder, base, exclusive, file) != 0) {
		rc = errno == ENOENT ? HF_END : fail_lock(ctx, sink, name, errno);
		goto out;
	}
	if (*file < 0)
		goto out;
	do {
		error = flock(*file, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) ? errno : 0;
	} while (error == EINTR);
	if (error == EWOULDBLOCK) {
		read_owner(*file, owner);
		rc = files_host->fail(ctx, HF_E_EXISTS, "'%s' in '%s' is held by %s", name,
		    sink->path, owner);
	} else if (error) {
		rc = fail_lock(ctx, sink, name, error);
	} else if (!still_there(folder, base, *file)) {
		rc = HF_END;
	}
out:
	close(folder);
	if (rc != HF_OK && *file >= 0)
		close(*file);
	return rc;
}

int32_t sink_lock(hf_ctx *ctx, void *self, const char *name, uint32_t mode, void **out)
{
	bool exclusive = mode == HF_LOCK_EXCLUSIVE;
	struct lock *lock;
	int tries = 0;
	int32_t rc = sink_check_key(ctx, name);

	if (rc != HF_OK)
		return rc;
	lock = calloc(1, sizeof *lock);
	if (!lock)
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	lock->exclusive = exclusive;
	do {
		rc = try_lock(ctx, self, name, exclusive, &lock->file);
	} while (rc == HF_END && ++tries < LOCK_TRIES);
	if (rc == HF_END)
		rc = files_host->fail(ctx, HF_E_FAILED, "cannot lock '%s': its file is removed "
							"again and again",
		    name);
	if (rc != HF_OK) {
		free(lock);
		return rc;
	}
	if (lock->file < 0)
		files_host->log(ctx, HF_LOG_DEBUG, "'%s' is read without a lock", name);
	else
		write_owner(ctx, lock->file, exclusive);
	*out = lock;
	return HF_OK;
}

void sink_unlock(hf_ctx *ctx, void *handle)
{
	struct lock *lock = handle;

	if (lock->file >= 0) {
		/* so that nobody reads the name of one who is done */
		if (lock->exclusive && ftruncate(lock->file, 0) != 0)
			files_host->log(ctx, HF_LOG_DEBUG, "cannot clear the lock's owner: %s",
			    files_error(errno).s);
		close(lock->file);
	}
	free(lock);
}
