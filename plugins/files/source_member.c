/* SPDX-License-Identifier: MIT
 *
 * Turns one file into a member of the tar: opens it without following a link
 * or waiting for a pipe, writes its header, its bytes, and tells a folder to be
 * entered. Also what happens to files that vanish or cannot be read.
 */
#include "config.h"

#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define WARNINGS_MAX 100

/* --- what went wrong ----------------------------------------------------- */

bool member_may_warn(struct dump *d, int64_t *count, const char *what)
{
	++*count;
	if (*count == WARNINGS_MAX + 1)
		files_host->warn(d->ctx, "more %s are counted but not listed",
		                 what);
	return *count <= WARNINGS_MAX;
}

int32_t member_archive_error(struct dump *d)
{
	const char *why = archive_error_string(d->tar);

	if (d->status != HF_OK)
		return d->status;
	return files_host->fail(d->ctx, HF_E_FAILED, "cannot store /%s: %s",
	                        files_quote(d->path.s).s,
	                        why != NULL ? why : "unknown error");
}

int32_t member_vanished(struct dump *d, bool is_root)
{
	if (is_root && !d->src->missing_warn)
		return files_host->fail(d->ctx, HF_E_NOT_FOUND,
		                        "path /%s vanished",
		                        files_quote(d->path.s).s);
	if (member_may_warn(d, &d->count.vanished, "files that vanished"))
		files_host->warn(d->ctx, "/%s vanished before it was read",
		                 files_quote(d->path.s).s);
	return HF_OK;
}

/* What cannot be read fails the entry, but not before the walk has told of
 * everything else that cannot be read: one run shows an admin all of it. */
int32_t member_unreadable(struct dump *d, const char *what, int err)
{
	if (err == EMFILE || err == ENFILE || err == ENOMEM)
		return files_host->fail(d->ctx, HF_E_TRANSIENT,
		                        "cannot %s /%s: %s", what,
		                        files_quote(d->path.s).s,
		                        files_error(err).s);
	if (d->first_errno == 0) {
		d->first_errno = err;
		d->first_unreadable = strdup(d->path.s);
	}
	if (member_may_warn(d, &d->count.unreadable,
	                    "files that cannot be read"))
		files_host->warn(d->ctx, "cannot %s /%s: %s", what,
		                 files_quote(d->path.s).s, files_error(err).s);
	if (!d->src->unreadable_warn)
		d->survey = true;
	return HF_OK;
}

/* --- the member ---------------------------------------------------------- */

static void header_fill(struct dump *d, const struct stat *st)
{
	struct archive_entry *e = d->entry;
	const char *name;

	archive_entry_clear(e);
	archive_entry_copy_pathname(e, d->path.length > 0 ? d->path.s : ".");
	archive_entry_set_mode(e, st->st_mode);
	archive_entry_set_uid(e, st->st_uid);
	archive_entry_set_gid(e, st->st_gid);
	name = names_user(&d->users, st->st_uid);
	if (name != NULL)
		archive_entry_copy_uname(e, name);
	name = names_group(&d->groups, st->st_gid);
	if (name != NULL)
		archive_entry_copy_gname(e, name);
	archive_entry_set_mtime(e, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	/* nobody can read a link without changing it: the next dump would differ */
	if (!S_ISLNK(st->st_mode))
		archive_entry_set_atime(e, st->st_atim.tv_sec,
		                        st->st_atim.tv_nsec);
	archive_entry_set_size(e, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		archive_entry_set_rdevmajor(e, major(st->st_rdev));
		archive_entry_set_rdevminor(e, minor(st->st_rdev));
	}
}

static int32_t remember(struct dump *d, const struct stat *st)
{
	if (st->st_nlink < 2 || link_add(&d->links, st, d->path.s))
		return HF_OK;
	return files_host->fail(d->ctx, HF_E_TRANSIENT,
	                        "out of memory for hard links");
}

static int32_t header_write(struct dump *d, const struct place *at)
{
	int err = 0;

	if (d->src->xattrs && at != NULL)
		err = attrs_read(at, d->entry, &d->users, &d->groups);
	if (err != 0) {
		const int32_t status =
		        member_unreadable(d, "read the attributes of", err);

		if (status != HF_OK || d->survey)
			return status;
	}
	/* a warning only tells that a name is not UTF-8: it is stored as the
	 * bytes that it is */
	if (archive_write_header(d->tar, d->entry) < ARCHIVE_WARN)
		return member_archive_error(d);
	return d->status;
}

static int32_t store_regular(struct dump *d, int fd, const struct stat *st)
{
	const struct place at = { .fd = fd };
	int32_t status;

	header_fill(d, st);
	data_map(d, fd, st);
	status = header_write(d, &at);
	if (status != HF_OK || d->survey)
		return status;
	d->count.files++;
	d->count.bytes += st->st_size;
	status = remember(d, st);
	if (status == HF_OK && st->st_size > 0)
		status = data_write(d, fd, st);
	return status;
}

static int32_t store_hardlink(struct dump *d, const char *first,
                              const struct stat *st)
{
	int32_t status;

	header_fill(d, st);
	archive_entry_set_size(d->entry, 0);
	archive_entry_copy_hardlink(d->entry, first);
	status = header_write(d, NULL);
	if (status != HF_OK)
		return status;
	d->count.hardlinks++;
	link_used(&d->links, st);
	return HF_OK;
}

static int32_t store_symlink(struct dump *d, const struct place *at,
                             const struct stat *st, bool is_root)
{
	ssize_t n = readlinkat(at->dir, at->name, d->buffer, DUMP_BUFFER - 1);
	int32_t status;

	if (n < 0)
		return errno == ENOENT ?
		               member_vanished(d, is_root) :
		               member_unreadable(d, "read the link", errno);
	d->buffer[n] = '\0';
	if (is_root)
		files_host->warn(d->ctx, "path /%s is a symbolic link: the link "
		                 "is stored, not what it points to",
		                 files_quote(d->path.s).s);
	header_fill(d, st);
	archive_entry_copy_symlink(d->entry, d->buffer);
	status = header_write(d, at);
	if (status != HF_OK || d->survey)
		return status;
	d->count.symlinks++;
	return remember(d, st);
}

static int32_t store_special(struct dump *d, const struct place *at,
                             const struct stat *st)
{
	int32_t status;

	header_fill(d, st);
	status = header_write(d, at);
	if (status != HF_OK || d->survey)
		return status;
	d->count.others++;
	return remember(d, st);
}

static int32_t store_folder(struct dump *d, const struct place *at,
                            const struct stat *st)
{
	int32_t status;

	if (d->survey)
		return HF_OK;
	header_fill(d, st);
	status = header_write(d, at);
	if (status == HF_OK && !d->survey)
		d->count.directories++;
	return status;
}

/* What is neither a folder nor a regular file, and is not opened. */
static int32_t store_other(struct dump *d, const struct place *at,
                           const struct stat *st, bool is_root)
{
	const char *first;

	if (S_ISSOCK(st->st_mode)) {
		files_host->log(d->ctx, HF_LOG_INFO,
		                "/%s is a socket: not stored",
		                files_quote(d->path.s).s);
		d->count.sockets++;
		return HF_OK;
	}
	if (d->survey)
		return HF_OK;
	first = link_find(&d->links, st);
	if (first != NULL)
		return store_hardlink(d, first, st);
	if (S_ISLNK(st->st_mode))
		return store_symlink(d, at, st, is_root);
	return store_special(d, at, st);
}

/* --- looking at it ------------------------------------------------------- */

/* Opens for reading, leaving the access time alone where that is allowed. */
static int open_quietly(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dir, name, flags);
	return fd;
}

/* Opens a regular file or folder, and looks at what was opened. -1 with errno
 * ELOOP if it is something else by now. */
static int open_member(int dir, const char *name, bool folder, bool follow,
                       struct stat *st)
{
	const int fd = open_quietly(dir, name,
	                            O_RDONLY | O_NONBLOCK | O_CLOEXEC |
	                                    O_NOCTTY |
	                                    (follow ? 0 : O_NOFOLLOW) |
	                                    (folder ? O_DIRECTORY : 0));

	if (fd < 0) {
		if (errno == ENOTDIR || errno == ENXIO || errno == EMLINK)
			errno = ELOOP;
		return -1;
	}
	if (fstat(fd, st) != 0) {
		const int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	if (folder ? !S_ISDIR(st->st_mode) : !S_ISREG(st->st_mode)) {
		close(fd);
		errno = ELOOP;
		return -1;
	}
	return fd;
}

static bool outside(struct dump *d, const struct stat *st, bool is_root)
{
	if (is_root) {
		d->device = st->st_dev;
		return false;
	}
	return d->src->one_file_system && st->st_dev != d->device;
}

static int32_t visit_folder(struct dump *d, const struct place *at,
                            const struct stat *st, bool is_root,
                            struct visit *out)
{
	const int32_t status = store_folder(d, at, st);

	if (status != HF_OK)
		return status;
	if (outside(d, st, is_root)) {
		files_host->log(d->ctx, HF_LOG_INFO,
		                "/%s is on another file system: not entered",
		                files_quote(d->path.s).s);
		d->count.elsewhere++;
		return HF_OK;
	}
	out->fd = at->fd;
	out->st = *st;
	return HF_OK;
}

static int32_t visit_regular(struct dump *d, int fd, const struct stat *st,
                             bool is_root)
{
	const char *first;

	if (outside(d, st, is_root)) {
		d->count.elsewhere++;
		return HF_OK;
	}
	if (d->survey)
		return HF_OK;
	first = link_find(&d->links, st);
	if (first != NULL)
		return store_hardlink(d, first, st);
	return store_regular(d, fd, st);
}

/* A folder that cannot be opened is still stored as a folder. */
static int32_t unreadable_folder(struct dump *d, const struct place *at,
                                 const struct stat *st, int err)
{
	int32_t status = member_unreadable(d, "open the folder", err);

	if (status == HF_OK && st != NULL)
		status = store_folder(d, at, st);
	return status;
}

int32_t member_visit(struct dump *d, int dir, const char *name,
                     unsigned char type, bool is_root, bool follow,
                     struct visit *out)
{
	const int nofollow = follow ? 0 : AT_SYMLINK_NOFOLLOW;
	struct place at = { .fd = -1, .dir = dir, .name = name };
	bool folder = type == DT_DIR;
	bool known = folder || type == DT_REG;
	struct stat st;
	int32_t status;

	/* an exclude for folders needs to know: DT_UNKNOWN is asked below */
	if (!is_root && type != DT_UNKNOWN &&
	    source_excluded(d->src, d->path.s, folder)) {
		d->count.excluded++;
		return HF_OK;
	}
	/* what a name stands for may change between two looks */
	for (int tries = 0; tries < 4; tries++) {
		if (!known) {
			if (fstatat(dir, name, &st, nofollow) != 0)
				goto failed;
			folder = S_ISDIR(st.st_mode);
			if (!is_root && type == DT_UNKNOWN &&
			    source_excluded(d->src, d->path.s, folder)) {
				d->count.excluded++;
				return HF_OK;
			}
			if (!folder && !S_ISREG(st.st_mode)) {
				if (outside(d, &st, is_root)) {
					d->count.elsewhere++;
					return HF_OK;
				}
				return store_other(d, &at, &st, is_root);
			}
		}
		at.fd = open_member(dir, name, folder, follow, &st);
		if (at.fd >= 0)
			break;
		if (errno != ELOOP)
			goto failed;
		known = false;
	}
	if (at.fd < 0)
		return member_unreadable(d, "open", ELOOP);
	if (folder)
		status = visit_folder(d, &at, &st, is_root, out);
	else
		status = visit_regular(d, at.fd, &st, is_root);
	if (out->fd < 0)
		close(at.fd);
	return status;

failed:
	if (errno == ENOENT || errno == ESTALE)
		return member_vanished(d, is_root);
	if (folder) {
		const int err = errno;
		const bool seen = fstatat(dir, name, &st, nofollow) == 0 &&
		                  S_ISDIR(st.st_mode);

		return unreadable_folder(d, &at, seen ? &st : NULL, err);
	}
	return member_unreadable(d, "open", errno);
}
