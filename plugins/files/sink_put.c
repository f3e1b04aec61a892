/* SPDX-License-Identifier: MIT
 *
 * Storing an object: a temporary file in the folder of the object, which gets
 * the object's name when it is whole.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many bytes are written before the disk is told to start on them and the
 * free space is looked at again. */
#define STEP (8u << 20)
/* So many first commits are synced one by one, as in a small job one syncfs()
 * would cost more: it writes out what others left as well. */
#define SYNC_SINGLY 32
/* An empty folder may be removed just before a file is made in it. */
#define OPEN_TRIES 100

struct put {
	struct sink *sink;
	char *key;
	uint32_t flags;
	int folder;
	int file;
	bool failed;    /* a write failed: the file is not whole */
	bool published; /* the temporary name is gone */
	uint64_t size;
	uint64_t step;  /* bytes since the last full step */
	dev_t device;
	char temp[SINK_TEMP_SIZE];
};

static void put_delete(struct put *put)
{
	if (put->file >= 0)
		close(put->file);
	if (put->folder >= 0)
		close(put->folder);
	free(put->key);
	free(put);
}

static int32_t open_temp(hf_ctx *ctx, struct put *put)
{
	struct stat st;
	int tries = 0;
	int32_t rc;

	for (;;) {
		rc = sink_folder(ctx, put->sink, put->key, SINK_MAY_CREATE, &put->folder);
		if (rc != HF_OK)
			return rc;
		put->file = sink_make_temp(put->folder, put->temp);
		if (put->file >= 0 || errno != ENOENT || ++tries == OPEN_TRIES)
			break;
		close(put->folder);
		put->folder = -1;
	}
	if (put->file < 0) {
		put->temp[0] = '\0';
		if (errno == ENOENT)
			return files_host->fail(ctx, HF_E_FAILED,
			    "cannot make a file for '%s': its folder in '%s' was removed meanwhile",
			    put->key, put->sink->path);
		return sink_fail_write(ctx, put->sink, put->folder, put->key, 1, errno);
	}
	if (fstat(put->file, &st) != 0)
		return sink_fail_write(ctx, put->sink, put->folder, put->key, 1, errno);
	put->device = st.st_dev;
	return HF_OK;
}

int32_t sink_put_open(hf_ctx *ctx, void *self, const hf_put *in, void **out)
{
	struct sink *sink = self;
	struct put *put;
	int32_t rc = sink_check_key(ctx, in->key);

	if (rc != HF_OK)
		return rc;
	put = calloc(1, sizeof *put);
	if (put)
		put->key = strdup(in->key);
	if (!put || !put->key) {
		free(put);
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	}
	put->sink = sink;
	put->flags = in->flags;
	put->folder = put->file = -1;
	rc = open_temp(ctx, put);
	if (rc == HF_OK)
		rc = sink_check_space(ctx, sink, put->file, put->key, in->size_hint);
	if (rc != HF_OK) {
		sink_put_free(ctx, put);
		return rc;
	}
	*out = put;
	return HF_OK;
}

static int32_t end_of_step(hf_ctx *ctx, struct put *put, uint64_t more)
{
	/* only a start: what goes wrong is told by the sync that follows */
	if (put->sink->durable)
		(void)sync_file_range(put->file, (off_t)(put->size - put->step), (off_t)put->step,
		    SYNC_FILE_RANGE_WRITE);
	put->step = 0;
	return sink_check_space(ctx, put->sink, put->file, put->key, more);
}

int32_t sink_put_write(hf_ctx *ctx, void *handle, const void *data, uint64_t size)
{
	struct put *put = handle;
	const char *from = data;
	int32_t rc = HF_OK;

	while (size > 0 && rc == HF_OK) {
		uint64_t part = STEP - put->step;
		ssize_t n;

		if (part > size)
			part = size;
		n = write(put->file, from, (size_t)part);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = sink_fail_write(ctx, put->sink, put->file, put->key, size,
			    n == 0 ? ENOSPC : errno);
			break;
		}
		from += n;
		size -= (uint64_t)n;
		put->size += (uint64_t)n;
		put->step += (uint64_t)n;
		if (put->step == STEP)
			rc = end_of_step(ctx, put, size < STEP ? size : STEP);
	}
	if (rc != HF_OK)
		put->failed = true;
	return rc;
}

static int32_t sync_file(hf_ctx *ctx, struct put *put)
{
	if (fsync(put->file) == 0)
		return HF_OK;
	return sink_fail_write(ctx, put->sink, put->file, put->key, put->step, errno);
}

static int32_t fail_exists(hf_ctx *ctx, const struct put *put)
{
	return files_host->fail(ctx, HF_E_EXISTS, "'%s/%s' exists already", put->sink->path,
	    put->key);
}

static int32_t fail_publish(hf_ctx *ctx, const struct put *put)
{
	return files_host->fail(ctx, sink_class(errno) == HF_E_NOT_FOUND ? HF_E_FAILED :
									   sink_class(errno),
	    "cannot give '%s/%s' its name: %s", put->sink->path, put->key, files_error(errno).s);
}

/* For file systems that cannot rename without replacing. */
static int32_t publish_link(hf_ctx *ctx, struct put *put)
{
	if (linkat(put->folder, put->temp, put->folder, sink_base(put->key), 0) != 0) {
		if (errno == EEXIST)
			return fail_exists(ctx, put);
		if (errno == EPERM || errno == ENOTSUP)
			return files_host->fail(ctx, HF_E_UNSUPPORTED,
			    "the file system of '%s' can neither rename without replacing nor link",
			    put->sink->path);
		return fail_publish(ctx, put);
	}
	if (unlinkat(put->folder, put->temp, 0) == 0)
		put->published = true; /* else put_free() tries again */
	return HF_OK;
}

/* Gives the file its name. *fresh: there was no object of that name.
 * `synced` tells whether its bytes are on the disk. */
static int32_t publish(hf_ctx *ctx, struct put *put, bool synced, bool *fresh)
{
	const char *base = sink_base(put->key);
	int32_t rc;

	*fresh = true;
	if (renameat2(put->folder, put->temp, put->folder, base, RENAME_NOREPLACE) == 0) {
		put->published = true;
		return HF_OK;
	}
	if (errno == EEXIST && put->flags & HF_PUT_IF_ABSENT)
		return fail_exists(ctx, put);
	if (errno != EEXIST && errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return fail_publish(ctx, put);
	if (put->flags & HF_PUT_IF_ABSENT)
		return publish_link(ctx, put);
	/* a loss of power must leave the old object or the whole new one */
	if (put->sink->durable && !synced) {
		rc = sync_file(ctx, put);
		if (rc != HF_OK)
			return rc;
	}
	*fresh = false;
	if (renameat(put->folder, put->temp, put->folder, base) != 0)
		return fail_publish(ctx, put);
	put->published = true;
	return HF_OK;
}

/* Must this object be on the disk when its commit returns? */
static bool sync_now(struct put *put)
{
	struct sink *sink = put->sink;

	if (!sink->durable)
		return false;
	return !sink->batch || put->flags & HF_PUT_INDEX || put->device != sink->device ||
	       atomic_fetch_add(&sink->commits, 1) < SYNC_SINGLY;
}

/* Network file systems tell of a failed write when the file is closed. */
static int32_t close_file(hf_ctx *ctx, struct put *put)
{
	int rc = close(put->file);

	put->file = -1;
	if (rc == 0 || errno == EINTR)
		return HF_OK;
	return sink_fail_write(ctx, put->sink, put->folder, put->key, put->step, errno);
}

int32_t sink_put_commit(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;
	bool now = sync_now(put), fresh;
	int32_t rc = HF_OK;

	if (put->failed)
		return files_host->fail(ctx, HF_E_FAILED, "'%s' was not written whole", put->key);
	if (now)
		rc = sync_file(ctx, put);
	else if (put->sink->durable)
		atomic_store(&put->sink->unsynced, true);
	else
		rc = close_file(ctx, put);
	if (rc != HF_OK)
		return rc;
	rc = publish(ctx, put, now, &fresh);
	if (rc != HF_OK || !now)
		return rc;
	rc = sink_sync_folders(ctx, put->sink, put->key, put->folder);
	/* what is not said to be stored must not be seen */
	if (rc != HF_OK && fresh)
		(void)unlinkat(put->folder, sink_base(put->key), 0);
	return rc;
}

void sink_put_free(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;

	(void)ctx;
	if (!put->published && put->temp[0])
		(void)unlinkat(put->folder, put->temp, 0);
	/* also those made for a file that could not be made */
	if (!put->published)
		sink_prune_folders(put->sink, put->key);
	put_delete(put);
}
