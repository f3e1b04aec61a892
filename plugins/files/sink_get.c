/* SPDX-License-Identifier: MIT
 *
 * Reading an object, whole or in part, and asking about one.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One call reads so much at most, and may be cancelled after it. */
#define READ_MAX (8u << 20)

struct get {
	struct sink *sink;
	char *key;
	int file;
	uint64_t offset;
	uint64_t left; /* UINT64_MAX: to the end */
	bool beyond;   /* begins behind the end */
};

static int32_t fail_read(hf_ctx *ctx, const struct sink *sink, const char *key, int error)
{
	return files_host->fail(ctx, sink_class(error), "cannot read '%s/%s': %s", sink->path, key,
	    files_error(error).s);
}

/* A folder is no object, so there is none of that name. Anything else that is
 * not a regular file has been put there by somebody else. */
static int32_t check_type(hf_ctx *ctx, const struct sink *sink, const char *key,
    const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return HF_OK;
	if (S_ISDIR(st->st_mode))
		return files_host->fail(ctx, HF_E_NOT_FOUND, "'%s/%s' does not exist: a folder "
							     "has that name",
		    sink->path, key);
	return files_host->fail(ctx, HF_E_CORRUPT, "'%s/%s' is %s, not a regular file", sink->path,
	    key, S_ISLNK(st->st_mode) ? "a symbolic link" : "a special file");
}

static int32_t open_object(hf_ctx *ctx, struct sink *sink, const char *key, int *file,
    struct stat *st)
{
	int folder, error = 0;
	int32_t rc = sink_folder(ctx, sink, key, SINK_MUST_EXIST, &folder);

	if (rc != HF_OK)
		return rc;
	/* look before: opening a device may do things */
	if (fstatat(folder, sink_base(key), st, AT_SYMLINK_NOFOLLOW) != 0)
		error = errno;
	else
		rc = check_type(ctx, sink, key, st);
	if (!error && rc == HF_OK) {
		*file = openat(folder, sink_base(key),
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (*file < 0)
			error = errno;
	}
	close(folder);
	if (error == ENOENT)
		return files_host->fail(ctx, HF_E_NOT_FOUND, "'%s/%s' does not exist", sink->path,
		    key);
	if (error)
		return fail_read(ctx, sink, key, error);
	if (rc != HF_OK)
		return rc;
	if (fstat(*file, st) != 0)
		rc = fail_read(ctx, sink, key, errno);
	else
		rc = check_type(ctx, sink, key, st);
	if (rc != HF_OK)
		close(*file);
	return rc;
}

int32_t sink_get_open(hf_ctx *ctx, void *self, const char *key, uint64_t offset, uint64_t length,
    void **out)
{
	struct sink *sink = self;
	struct stat st;
	struct get *get;
	int file = -1;
	int32_t rc = sink_check_key(ctx, key);

	if (rc == HF_OK)
		rc = open_object(ctx, sink, key, &file, &st);
	if (rc != HF_OK)
		return rc;
	get = calloc(1, sizeof *get);
	if (get)
		get->key = strdup(key);
	if (!get || !get->key) {
		free(get);
		close(file);
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	}
	get->sink = sink;
	get->file = file;
	get->offset = offset;
	get->left = length;
	get->beyond = offset > (uint64_t)st.st_size;
	(void)posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
	*out = get;
	return HF_OK;
}

static int32_t fail_short(hf_ctx *ctx, const struct get *get)
{
	return files_host->fail(ctx, HF_E_CORRUPT,
	    "'%s/%s' ends at byte %" PRIu64 ", earlier than it should", get->sink->path, get->key,
	    get->offset);
}

int32_t sink_get_read(hf_ctx *ctx, void *handle, void *buf, uint64_t cap, uint64_t *got)
{
	struct get *get = handle;
	uint64_t want = cap < READ_MAX ? cap : READ_MAX;
	ssize_t n;

	if (get->beyond)
		return files_host->fail(ctx, HF_E_CORRUPT,
		    "'%s/%s' ends before byte %" PRIu64 ", from which it is to be read",
		    get->sink->path, get->key, get->offset);
	if (get->left == 0)
		return HF_END;
	if (want > get->left)
		want = get->left;
	do {
		n = pread(get->file, buf, (size_t)want, (off_t)get->offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_read(ctx, get->sink, get->key, errno);
	if (n == 0)
		return get->left == UINT64_MAX ? HF_END : fail_short(ctx, get);
	get->offset += (uint64_t)n;
	if (get->left != UINT64_MAX)
		get->left -= (uint64_t)n;
	*got = (uint64_t)n;
	return HF_OK;
}

void sink_get_free(hf_ctx *ctx, void *handle)
{
	struct get *get = handle;

	(void)ctx;
	close(get->file);
	free(get->key);
	free(get);
}

int32_t sink_stat(hf_ctx *ctx, void *self, const char *key, hf_list *out)
{
	struct sink *sink = self;
	struct stat st;
	int folder, error = 0;
	int32_t rc = sink_check_key(ctx, key);

	if (rc == HF_OK)
		rc = sink_folder(ctx, sink, key, SINK_MUST_EXIST, &folder);
	if (rc != HF_OK)
		return rc;
	if (fstatat(folder, sink_base(key), &st, AT_SYMLINK_NOFOLLOW) != 0)
		error = errno;
	close(folder);
	if (error == ENOENT)
		return files_host->fail(ctx, HF_E_NOT_FOUND, "'%s/%s' does not exist", sink->path,
		    key);
	if (error)
		return fail_read(ctx, sink, key, error);
	rc = check_type(ctx, sink, key, &st);
	return rc == HF_OK ? sink_report(out, key, &st) : rc;
}
