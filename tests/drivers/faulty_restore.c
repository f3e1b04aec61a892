/* SPDX-License-Identifier: MIT
 * faulty_restore.c - the source "faulty" takes its entries back
 *
 * Each byte is compared with what it must be, and with --into written to a file of the entry's
 * name in that folder.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faulty.h"

struct restore {
	struct faulty *faulty;
	const char *into; /* this and `only` are valid until restore_end() returns */
	const char *const *only;
	uint64_t only_count;
	uint64_t wanted;
};

/* Is there anything in the folder? A missing one is empty. -1 with errno. */
static int holds_data(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *item;
	int found = 0, error;

	if (!dir)
		return errno == ENOENT ? 0 : -1;
	while (!found && (errno = 0, item = readdir(dir)))
		found = strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
	error = found ? 0 : errno;
	closedir(dir);
	errno = error;
	return error ? -1 : found;
}

int32_t faulty_restore_begin(hf_ctx *ctx, void *self, const hf_restore *in, void **session)
{
	struct faulty *faulty = self;
	int32_t status = fault_at(ctx, &faulty->fault, "restore_begin", "the source");
	struct restore *restore;
	int full;

	if (status != HF_OK)
		return status;
	full = in->into ? holds_data(in->into) : 0;
	if (full < 0)
		return fault_system(ctx, "open", in->into, errno);
	if (full && !(in->flags & HF_RESTORE_FORCE))
		return host->fail(ctx, HF_E_EXISTS, "%s is not empty", in->into);
	restore = calloc(1, sizeof(*restore));
	if (!restore)
		return fault_no_memory(ctx);
	restore->faulty = faulty;
	restore->into = in->into;
	restore->only = in->only;
	restore->only_count = in->only_count;
	*session = restore;
	return HF_OK;
}

int32_t faulty_wants(hf_ctx *ctx, void *session, const hf_entry *entry)
{
	struct restore *restore = session;
	int wanted = restore->only_count == 0;

	(void)ctx;
	for (uint64_t i = 0; i < restore->only_count && !wanted; i++)
		wanted = strcmp(restore->only[i], entry->subject) == 0;
	restore->wanted += (uint64_t)wanted;
	return wanted ? HF_OK : HF_SKIP;
}

int32_t faulty_restore_prepare(hf_ctx *ctx, void *session)
{
	struct restore *restore = session;
	int32_t status = fault_at(ctx, &restore->faulty->fault, "prepare", "the source");

	if (status == HF_OK && restore->into && mkdir(restore->into, 0700) < 0 && errno != EEXIST)
		status = fault_system(ctx, "make", restore->into, errno);
	return status;
}

/* A number in the attributes that dump wrote. */
static int attr(const hf_entry *entry, const char *name, uint64_t *value)
{
	const char *at = entry->attrs ? strstr(entry->attrs, name) : NULL;

	return at && sscanf(at + strlen(name), " : %" SCNu64, value) == 1;
}

/* Opens the file to write to; *fd is -1 without --into. */
static int32_t open_target(
    hf_ctx *ctx, const struct restore *restore, const hf_entry *entry, uint64_t number, int *fd)
{
	char expected[FAULTY_PATH_SIZE], path[4096];

	*fd = -1;
	snprintf(expected, sizeof(expected), "entry%06" PRIu64 ".bin", number);
	if (strcmp(entry->path, expected) != 0)
		return host->fail(ctx, HF_E_CORRUPT, "%s is not %s", entry->path, expected);
	if (!restore->into)
		return HF_OK;
	if (snprintf(path, sizeof(path), "%s/%s", restore->into, expected) >= (int)sizeof(path))
		return host->fail(ctx, HF_E_CONFIG, "%s is too long", restore->into);
	*fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *fd < 0 ? fault_system(ctx, "make", path, errno) : HF_OK;
}

/* One block of what comes in. */
static int32_t take(hf_ctx *ctx, const hf_entry *entry, struct faulty_data *data,
    const unsigned char *got, size_t size, int fd)
{
	unsigned char expected[4096];

	faulty_data_next(data, expected, size);
	if (memcmp(got, expected, size) != 0)
		return host->fail(
		    ctx, HF_E_CORRUPT, "%s holds other bytes than were dumped", entry->path);
	for (size_t done = 0; fd >= 0 && done < size;) {
		ssize_t n = write(fd, got + done, size - done);

		if (n < 0 && errno != EINTR)
			return fault_system(ctx, "write", entry->path, errno);
		done += n > 0 ? (size_t)n : 0;
	}
	return HF_OK;
}

static int32_t read_all(hf_ctx *ctx, struct faulty *faulty, const hf_entry *entry,
    struct faulty_data *data, hf_reader *in, int fd)
{
	unsigned char block[4096];
	uint64_t at = 0, got;
	int32_t status;

	for (;;) {
		status = HF_OK;
		if (at >= faulty->after)
			status = fault_at(ctx, &faulty->fault, "restore", entry->path);
		if (status == HF_OK)
			status = host->read(in, block, sizeof(block), &got);
		if (status != HF_OK)
			break;
		status = take(ctx, entry, data, block, got, fd);
		if (status != HF_OK)
			break;
		at += got;
	}
	return status == HF_END ? faulty_facts(ctx, at, data) : status;
}

int32_t faulty_restore(hf_ctx *ctx, void *session, const hf_entry *entry, hf_reader *in)
{
	struct restore *restore = session;
	uint64_t seed, number;
	struct faulty_data data;
	int32_t status = fault_delay(ctx, &restore->faulty->fault);
	int fd;

	if (status != HF_OK)
		return status;
	if (!attr(entry, "\"seed\"", &seed) || !attr(entry, "\"number\"", &number))
		return host->fail(
		    ctx, HF_E_CORRUPT, "%s has not the attributes of its dump", entry->path);
	status = open_target(ctx, restore, entry, number, &fd);
	if (status != HF_OK)
		return status;
	faulty_data_begin(&data, seed, number);
	status = read_all(ctx, restore->faulty, entry, &data, in, fd);
	if (fd >= 0 && close(fd) < 0 && status == HF_OK)
		status = fault_system(ctx, "write", entry->path, errno);
	return status;
}

int32_t faulty_restore_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	struct restore *restore = session;
	struct faulty *faulty = restore->faulty;
	int missed = restore->only_count && !restore->wanted;

	free(restore);
	if (outcome == HF_OK && missed)
		return host->fail(ctx, HF_E_NOT_FOUND, "no entry is named so");
	return fault_at(ctx, &faulty->fault, "restore_end", "the source");
}
