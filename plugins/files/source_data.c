/* SPDX-License-Identifier: MIT
 *
 * The bytes of a regular file. Holes are neither read nor written. A file that
 * changes its size while it is read is stored at the size its header says.
 */
#include "config.h"

#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file with more pieces than this is stored with its smaller holes filled:
 * the map is held in memory. */
#define PIECES_MAX 32768

static const char zeros[65536];

static bool map_pieces(struct dump *d, int fd, off_t size, off_t least_hole)
{
	off_t begin = 0, end = 0, next;
	int pieces = 0;

	archive_entry_sparse_clear(d->entry);
	while (end < size) {
		next = lseek(fd, end, SEEK_DATA);
		if (next < 0 && errno != ENXIO) {
			/* cannot tell holes */
			archive_entry_sparse_clear(d->entry);
			return true;
		}
		if (next < 0 || next >= size)
			break;
		if (next - end >= least_hole || (end == 0 && next > 0)) {
			if (end > begin) {
				archive_entry_sparse_add_entry(d->entry, begin,
				                               end - begin);
				pieces++;
			}
			begin = next;
		}
		if (pieces > PIECES_MAX)
			return false;
		end = lseek(fd, next, SEEK_HOLE);
		if (end < 0 || end > size)
			end = size;
		if (end <= next) {
			/* the file shrank under us */
			end = size;
		}
	}
	if (end > begin)
		archive_entry_sparse_add_entry(d->entry, begin, end - begin);
	else if (pieces == 0)
		archive_entry_sparse_add_entry(d->entry, 0, 0);
	return true;
}

/* Records in the member where the file has data, if it has holes at all. */
void data_map(struct dump *d, int fd, const struct stat *st)
{
	off_t least_hole = 1;

	if (st->st_size == 0 || (int64_t)st->st_blocks * 512 >= st->st_size)
		return;
	while (!map_pieces(d, fd, st->st_size, least_hole))
		least_hole = least_hole < 4096 ? 8192 : least_hole * 4;
	/* one piece that is the whole file is no sparse file (the file system
	 * compresses, or the data is in the inode) */
	(void)archive_entry_sparse_count(d->entry);
	(void)lseek(fd, 0, SEEK_SET);
}

static int32_t put(struct dump *d, const char *data, size_t size)
{
	while (size > 0) {
		const la_ssize_t n = archive_write_data(d->tar, data, size);

		if (n <= 0 || d->status != HF_OK)
			return member_archive_error(d);
		data += n;
		size -= (size_t)n;
	}
	return HF_OK;
}

/* Tells the archive of `size` bytes that are zero. For a hole the archive
 * only counts, so that a large step costs nothing. */
static int32_t put_zeros(struct dump *d, int64_t size)
{
	size_t step = sizeof(zeros);
	const char *from = zeros;
	void *large = MAP_FAILED;
	const size_t large_step = (size_t)1 << 30;
	int32_t status = HF_OK;

	if (size > (int64_t)large_step / 64)
		large = mmap(NULL, large_step, PROT_READ,
		             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (large != MAP_FAILED) {
		from = large;
		step = large_step;
	}
	while (size > 0 && status == HF_OK) {
		const size_t n = size < (int64_t)step ? (size_t)size : step;

		if (files_host->cancelled(d->ctx)) {
			status = files_host->fail(d->ctx, HF_E_CANCELLED,
			                          "stopped");
			break;
		}
		status = put(d, from, n);
		size -= (int64_t)n;
	}
	if (large != MAP_FAILED)
		munmap(large, large_step);
	return status;
}

/* One piece of data. *short_at: where the file ended early or could not be
 * read, -1 until then; from there zeros are stored. */
static int32_t put_piece(struct dump *d, int fd, off_t at, off_t size,
                         off_t *short_at, int *err)
{
	const off_t end = at + size;

	while (at < end && *short_at < 0) {
		const off_t left = end - at;
		const size_t want = left < (off_t)DUMP_BUFFER ? (size_t)left :
		                                                DUMP_BUFFER;
		const ssize_t n = pread(fd, d->buffer, want, at);
		int32_t status;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*short_at = at;
			*err = n < 0 ? errno : 0;
			break;
		}
		status = put(d, d->buffer, (size_t)n);
		if (status != HF_OK)
			return status;
		at += n;
	}
	return put_zeros(d, end - at);
}

static int32_t put_pieces(struct dump *d, int fd, const struct stat *st,
                          off_t *short_at, int *err)
{
	const bool sparse = archive_entry_sparse_reset(d->entry) > 0;
	int32_t status = HF_OK;
	la_int64_t offset, length;
	off_t at = 0;

	if (!sparse)
		return put_piece(d, fd, 0, st->st_size, short_at, err);
	while (status == HF_OK &&
	       archive_entry_sparse_next(d->entry, &offset, &length) ==
	               ARCHIVE_OK) {
		status = put_zeros(d, offset - at);
		if (status == HF_OK)
			status = put_piece(d, fd, offset, length, short_at, err);
		at = offset + length;
	}
	if (status == HF_OK)
		status = put_zeros(d, st->st_size - at);
	return status;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

int32_t data_write(struct dump *d, int fd, const struct stat *st)
{
	const char *what = NULL;
	off_t short_at = -1;
	struct stat now;
	int32_t status;
	int err = 0;

	if (st->st_size > (off_t)4 * DUMP_BUFFER)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	status = put_pieces(d, fd, st, &short_at, &err);
	if (status != HF_OK)
		return status;
	if (err != 0)
		return member_unreadable(d, "read", err);
	if (fstat(fd, &now) != 0)
		return member_unreadable(d, "look at", errno);
	if (now.st_size > st->st_size)
		what = "grew while it was read; stored as long as it was at first";
	else if (short_at >= 0 || now.st_size < st->st_size)
		what = "shrank while it was read; its end is stored as zeros";
	else if (!same_time(&now.st_mtim, &st->st_mtim) ||
	         !same_time(&now.st_ctim, &st->st_ctim))
		what = "changed while it was read";
	if (what != NULL &&
	    member_may_warn(d, &d->count.changed, "files that changed"))
		files_host->warn(d->ctx, "/%s %s", files_quote(d->path.s).s,
		                 what);
	return HF_OK;
}
