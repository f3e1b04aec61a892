/* SPDX-License-Identifier: MIT
 *
 * Turns one member of the tar into a file. A new file is made in its place; one
 * that replaces another is made beside it and renamed over it when it is
 * complete. Owner, then mode, then ACL and attributes, then times: each would
 * undo a later one.
 */
#include "config.h"

#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define TEMP ".hf-restore-%08x"

/* --- names --------------------------------------------------------------- */

char *extract_name(struct extract *x, const char *name)
{
	char *clean = malloc(strlen(name) + 1), *to = clean;

	if (clean == NULL) {
		files_host->fail(x->ctx, HF_E_FAILED, "out of memory");
		return NULL;
	}
	*to = '\0';
	if (*name == '/' || *name == '\0') {
		free(clean);
		extract_hostile(x, name, *name ? "its name begins with /" :
		                                 "it has no name");
		return NULL;
	}
	while (*name != '\0') {
		const size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.') {
			free(clean);
			extract_hostile(x, name, "its name leads out with ..");
			return NULL;
		}
		if (n > 0 && !(n == 1 && name[0] == '.')) {
			if (to > clean)
				*to++ = '/';
			memcpy(to, name, n);
			to += n;
			*to = '\0';
		}
		name += n;
		name += strspn(name, "/");
	}
	return clean;
}

/* --- attributes ---------------------------------------------------------- */

static void times_of(struct archive_entry *e, struct timespec out[2])
{
	out[0] = (struct timespec){ .tv_nsec = UTIME_OMIT };
	out[1] = (struct timespec){ .tv_nsec = UTIME_OMIT };
	if (archive_entry_atime_is_set(e)) {
		out[0].tv_sec = archive_entry_atime(e);
		out[0].tv_nsec = archive_entry_atime_nsec(e);
	}
	if (archive_entry_mtime_is_set(e)) {
		out[1].tv_sec = archive_entry_mtime(e);
		out[1].tv_nsec = archive_entry_mtime_nsec(e);
	}
}

/* A set-user-id bit without its owner would give somebody else's rights. */
static mode_t mode_of(struct extract *x, mode_t mode, uid_t uid, gid_t gid)
{
	if (x->r->owner || !(mode & (S_ISUID | S_ISGID)) ||
	    (uid == geteuid() && gid == getegid()))
		return mode & 07777;
	if (!atomic_exchange(&x->r->told_setid, true))
		files_host->warn(x->ctx, "set-user-id and set-group-id bits are "
		                 "not restored without their owners");
	return mode & 01777;
}

static int32_t set_owner(struct extract *x, const struct place *at, uid_t uid,
                         gid_t gid, const char *name)
{
	int failed;

	if (!x->r->owner)
		return HF_OK;
	if (at->fd >= 0)
		failed = fchown(at->fd, uid, gid);
	else
		failed = fchownat(at->dir, at->name, uid, gid,
		                  AT_SYMLINK_NOFOLLOW);
	if (failed == 0)
		return HF_OK;
	failed = errno;
	extract_failed(x, "set the owner of", name, failed);
	files_host->hint(x->ctx, "run as root, or say --owner no");
	return files_status(failed);
}

static int32_t set_attributes(struct extract *x, const struct place *at,
                              struct archive_entry *e, const char *name)
{
	const char *which = NULL;
	int err = attrs_write(at, e, &which);

	/* attributes of other name spaces need rights, or another kernel */
	if (err == EPERM || err == ENOTSUP) {
		files_host->warn(x->ctx, "attribute %s of %s is not restored: %s",
		                 files_quote(which).s, files_quote(name).s,
		                 files_error(err).s);
		err = 0;
	}
	if (err == 0)
		return HF_OK;
	return extract_failed(x, "set the attributes of", name, err);
}

static int32_t set_acls(struct extract *x, const struct place *at,
                        struct archive_entry *e, bool folder,
                        const char *name)
{
	const int err = acls_write(at, e, folder, true);

	if (err == 0)
		return HF_OK;
	if (err == ENOTSUP) {
		files_host->warn(x->ctx, "the ACL of %s is not restored: %s",
		                 files_quote(name).s, files_error(err).s);
		return HF_OK;
	}
	return extract_failed(x, "set the ACL of", name, err);
}

/* Of what was opened: a regular file. */
static int32_t finish_file(struct extract *x, int fd, const char *name)
{
	const uid_t uid = owner_user(&x->owners, x->entry, x->r->numeric);
	const gid_t gid = owner_group(&x->owners, x->entry, x->r->numeric);
	const struct place at = { .fd = fd };
	struct timespec times[2];
	int32_t status = set_owner(x, &at, uid, gid, name);

	if (status == HF_OK &&
	    fchmod(fd, mode_of(x, archive_entry_mode(x->entry), uid, gid)) != 0)
		status = extract_failed(x, "set the mode of", name, errno);
	if (status == HF_OK)
		status = set_acls(x, &at, x->entry, false, name);
	if (status == HF_OK)
		status = set_attributes(x, &at, x->entry, name);
	times_of(x->entry, times);
	if (status == HF_OK && futimens(fd, times) != 0)
		status = extract_failed(x, "set the times of", name, errno);
	return status;
}

/* Of what is not opened: a link, a pipe, a device. */
static int32_t finish_other(struct extract *x, int dir, const char *leaf,
                            const char *name)
{
	const uid_t uid = owner_user(&x->owners, x->entry, x->r->numeric);
	const gid_t gid = owner_group(&x->owners, x->entry, x->r->numeric);
	const struct place at = { .fd = -1, .dir = dir, .name = leaf };
	const mode_t mode = archive_entry_mode(x->entry);
	const bool link = S_ISLNK(mode);
	struct timespec times[2];
	int32_t status = set_owner(x, &at, uid, gid, name);

	/* made by us a moment ago, but somebody may swap it for a link */
	if (status == HF_OK && !link &&
	    fchmodat(dir, leaf, mode_of(x, mode, uid, gid),
	             AT_SYMLINK_NOFOLLOW) != 0)
		status = extract_failed(x, "set the mode of", name, errno);
	if (status == HF_OK && !link)
		status = set_acls(x, &at, x->entry, false, name);
	if (status == HF_OK)
		status = set_attributes(x, &at, x->entry, name);
	times_of(x->entry, times);
	if (status == HF_OK &&
	    utimensat(dir, leaf, times, AT_SYMLINK_NOFOLLOW) != 0)
		status = extract_failed(x, "set the times of", name, errno);
	return status;
}

/* --- what is in the way -------------------------------------------------- */

static int32_t in_the_way(struct extract *x, const char *name)
{
	files_host->fail(x->ctx, HF_E_EXISTS, "%s exists in the target",
	                 files_quote(name).s);
	files_host->hint(x->ctx, "--force replaces files; or restore into an "
	                 "empty folder");
	return HF_E_EXISTS;
}

static unsigned temp_number(void)
{
	static atomic_uint next;

	return atomic_fetch_add(&next, 1) * 2654435761u ^ (unsigned)getpid();
}

/* Puts the finished temporary file in its place. */
static int32_t put_over(struct extract *x, int dir, const char *temp,
                        const char *leaf, const char *name)
{
	int err;

	if (renameat(dir, temp, dir, leaf) == 0)
		return HF_OK;
	err = errno;
	if (err == EISDIR || err == ENOTEMPTY || err == EEXIST) {
		files_host->fail(x->ctx, HF_E_EXISTS,
		                 "%s is a folder in the target, but was none in "
		                 "the backup", files_quote(name).s);
		files_host->hint(x->ctx, "move it away; a restore removes no "
		                 "folders");
		return HF_E_EXISTS;
	}
	return extract_failed(x, "replace", name, err);
}

/* --- regular files ------------------------------------------------------- */

static int32_t write_at(struct extract *x, int fd, const char *data,
                        size_t size, int64_t offset, const char *name)
{
	while (size > 0) {
		const ssize_t n = pwrite(fd, data, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return extract_failed(x, "write", name, errno);
		data += n;
		size -= (size_t)n;
		offset += n;
	}
	return HF_OK;
}

/* Holes are passed over and so become holes again. */
static int32_t write_data(struct extract *x, int fd, const char *name)
{
	const int64_t size = archive_entry_size(x->entry);
	int64_t end = 0;

	for (;;) {
		const void *data;
		size_t n;
		la_int64_t offset;
		const int result = archive_read_data_block(x->tar, &data, &n,
		                                           &offset);
		int32_t status;

		if (result == ARCHIVE_EOF)
			break;
		if (result != ARCHIVE_OK)
			return extract_tar_error(x, name);
		if (offset < 0 || offset > size || (int64_t)n > size - offset)
			return extract_hostile(x, name, "it holds more bytes "
			                                "than it says");
		status = write_at(x, fd, data, n, offset, name);
		if (status != HF_OK)
			return status;
		end = offset + (int64_t)n;
	}
	if (end < size && ftruncate(fd, size) != 0)
		return extract_failed(x, "write", name, errno);
	x->count.files++;
	x->count.bytes += size;
	return HF_OK;
}

static int32_t restore_regular(struct extract *x, int dir, const char *leaf,
                               const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char temp[32] = "";
	int fd = openat(dir, leaf, flags, 0600);
	int32_t status;

	if (fd < 0 && errno == EEXIST && !x->r->replace)
		return in_the_way(x, name);
	while (fd < 0 && errno == EEXIST) {
		snprintf(temp, sizeof(temp), TEMP, temp_number());
		fd = openat(dir, temp, flags, 0600);
	}
	if (fd < 0)
		return extract_failed(x, "make", name, errno);
	status = write_data(x, fd, name);
	if (status == HF_OK)
		status = finish_file(x, fd, name);
	if (close(fd) != 0 && status == HF_OK)
		status = extract_failed(x, "write", name, errno);
	if (status == HF_OK && temp[0] != '\0')
		status = put_over(x, dir, temp, leaf, name);
	/* half a file under its own name would pass for the whole */
	if (status != HF_OK)
		(void)unlinkat(dir, temp[0] != '\0' ? temp : leaf, 0);
	return status;
}

/* --- links, pipes, devices ----------------------------------------------- */

static int make_other(struct extract *x, int dir, const char *leaf)
{
	const mode_t mode = archive_entry_mode(x->entry);
	const char *to = archive_entry_symlink(x->entry);

	if (S_ISLNK(mode))
		return symlinkat(to != NULL ? to : "", dir, leaf);
	return mknodat(dir, leaf, (mode & S_IFMT) | 0600,
	               makedev(archive_entry_rdevmajor(x->entry),
	                       archive_entry_rdevminor(x->entry)));
}

static int32_t restore_other(struct extract *x, int dir, const char *leaf,
                             const char *name)
{
	char temp[32] = "";
	int failed = make_other(x, dir, leaf) != 0 ? errno : 0;
	int32_t status;

	if (failed == EEXIST && !x->r->replace)
		return in_the_way(x, name);
	while (failed == EEXIST) {
		snprintf(temp, sizeof(temp), TEMP, temp_number());
		failed = make_other(x, dir, temp) != 0 ? errno : 0;
	}
	if (failed != 0)
		return extract_failed(x, "make", name, failed);
	status = finish_other(x, dir, temp[0] != '\0' ? temp : leaf, name);
	if (status == HF_OK && temp[0] != '\0')
		status = put_over(x, dir, temp, leaf, name);
	if (status != HF_OK)
		(void)unlinkat(dir, temp[0] != '\0' ? temp : leaf, 0);
	else if (S_ISLNK(archive_entry_mode(x->entry)))
		x->count.symlinks++;
	else
		x->count.others++;
	return status;
}

/* --- hard links ---------------------------------------------------------- */

/* `first` is its whole name in the tar. */
static int32_t no_first_name(struct extract *x, const char *name,
                             const char *first)
{
	files_host->fail(x->ctx, HF_E_NOT_FOUND,
	                 "/%s%s is another name of /%s, which holds the content "
	                 "and is not restored", files_quote(x->strip).s,
	                 files_quote(name).s, files_quote(first).s);
	files_host->hint(x->ctx, "restore that one too: --only /%s",
	                 files_quote(first).s);
	return HF_E_NOT_FOUND;
}

/* `first` is the folder and name of what is linked to; both are below the
 * target, and neither is followed if it is a symbolic link. */
static int link_to(int first_dir, const char *first, int dir, const char *leaf)
{
	return linkat(first_dir, first, dir, leaf, 0) == 0 ? 0 : errno;
}

static int32_t restore_link(struct extract *x, const char *name,
                            const char *first)
{
	struct target second;
	const char *leaf, *first_leaf;
	char temp[32] = "";
	int first_dir, dir, err;
	int32_t status;

	target_init(&second, x->target.root);
	status = target_parent(x->ctx, &x->target, first, &first_dir,
	                       &first_leaf);
	if (status == HF_OK)
		status = target_parent(x->ctx, &second, name, &dir, &leaf);
	if (status != HF_OK) {
		target_forget(&second);
		return status;
	}
	err = link_to(first_dir, first_leaf, dir, leaf);
	if (err == EEXIST && !x->r->replace)
		status = in_the_way(x, name);
	while (err == EEXIST && x->r->replace) {
		snprintf(temp, sizeof(temp), TEMP, temp_number());
		err = link_to(first_dir, first_leaf, dir, temp);
	}
	if (err == ENOENT)
		status = extract_hostile(x, name, "it links to what is not there");
	else if (err != 0 && status == HF_OK)
		status = extract_failed(x, "link", name, err);
	if (status == HF_OK && temp[0] != '\0') {
		status = put_over(x, dir, temp, leaf, name);
		/* renaming over another name of the same file does nothing */
		(void)unlinkat(dir, temp, 0);
	}
	if (status == HF_OK)
		x->count.hardlinks++;
	target_forget(&second);
	return status;
}

/* --- folders ------------------------------------------------------------- */

static int32_t fix_later(struct extract *x, const char *name, bool made)
{
	struct target *t = &x->target;
	struct archive_entry *e = x->entry;
	struct folder_fix *fix;

	if (t->count == t->room) {
		const size_t room = t->room > 0 ? t->room * 2 : 64;
		struct folder_fix *more = realloc(t->fixes, room * sizeof(*more));

		if (more == NULL)
			return files_host->fail(x->ctx, HF_E_FAILED,
			                        "out of memory for %zu folders",
			                        room);
		t->fixes = more;
		t->room = room;
	}
	fix = &t->fixes[t->count];
	*fix = (struct folder_fix){ .made = made };
	fix->uid = owner_user(&x->owners, e, x->r->numeric);
	fix->gid = owner_group(&x->owners, e, x->r->numeric);
	fix->mode = mode_of(x, archive_entry_mode(e), fix->uid, fix->gid);
	times_of(e, fix->times);
	fix->name = strdup(name);
	if (archive_entry_acl_types(e) != 0 || archive_entry_xattr_count(e) > 0)
		fix->more = archive_entry_clone(e);
	if (fix->name == NULL)
		return files_host->fail(x->ctx, HF_E_FAILED, "out of memory");
	t->count++;
	return HF_OK;
}

/* The target's root itself is the admin's: made by us or there before. */
static int32_t restore_folder(struct extract *x, const char *name, bool above)
{
	const char *leaf;
	struct stat st;
	bool made = true;
	int dir;
	const int32_t status =
	        target_parent(x->ctx, &x->target, name, &dir, &leaf);

	if (status != HF_OK)
		return status;
	if (mkdirat(dir, leaf, 0700) != 0) {
		if (errno != EEXIST)
			return extract_failed(x, "make the folder", name, errno);
		made = false;
		if (fstatat(dir, leaf, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return extract_failed(x, "look at", name, errno);
		if (!S_ISDIR(st.st_mode)) {
			files_host->fail(x->ctx, HF_E_EXISTS,
			                 "%s is a folder in the backup, but something "
			                 "else in the target", files_quote(name).s);
			files_host->hint(x->ctx, "move it away; or restore into an "
			                 "empty folder");
			return HF_E_EXISTS;
		}
	}
	x->count.directories++;
	return above && !made ? HF_OK : fix_later(x, name, made);
}

static int32_t fix_folder(struct extract *x, struct folder_fix *fix)
{
	struct place at = { .fd = target_open(&x->target, fix->name) };
	int32_t status;

	if (at.fd < 0)
		return extract_failed(x, "open the folder", fix->name, errno);
	status = set_owner(x, &at, fix->uid, fix->gid, fix->name);
	if (status == HF_OK && fchmod(at.fd, fix->mode) != 0)
		status = extract_failed(x, "set the mode of", fix->name, errno);
	if (status == HF_OK && fix->more != NULL)
		status = set_acls(x, &at, fix->more, true, fix->name);
	if (status == HF_OK && fix->more != NULL)
		status = set_attributes(x, &at, fix->more, fix->name);
	if (status == HF_OK && futimens(at.fd, fix->times) != 0)
		status = extract_failed(x, "set the times of", fix->name, errno);
	close(at.fd);
	return status;
}

int32_t extract_folders(struct extract *x)
{
	int32_t status = HF_OK;

	for (size_t i = x->target.count; i-- > 0 && status == HF_OK;)
		status = fix_folder(x, &x->target.fixes[i]);
	return status;
}

/* --- any member ---------------------------------------------------------- */

int32_t extract_member(struct extract *x, const char *name, bool above)
{
	const mode_t type = archive_entry_filetype(x->entry);
	const char *link = archive_entry_hardlink(x->entry), *leaf;
	int32_t status;
	int dir;

	if (*name == '\0' && type != AE_IFDIR)
		return extract_hostile(x, ".", "the root is no folder");
	if (*name == '\0') {
		x->count.directories++;
		return HF_OK;
	}
	if (link != NULL) {
		char *first = extract_name(x, link);
		const size_t strip = strlen(x->strip);

		status = HF_E_CORRUPT;
		/* what has that name in the target need not be what had it in the
		 * backup */
		if (first != NULL && !extract_wanted(x, first))
			status = no_first_name(x, name, first);
		else if (first != NULL && path_covers(x->below, first) &&
		         strncmp(first, x->strip, strip) == 0)
			status = restore_link(x, name, first + strip);
		else if (first != NULL)
			status = extract_hostile(x, name, "it links to outside");
		free(first);
		return status;
	}
	if (type == AE_IFDIR)
		return restore_folder(x, name, above);
	status = target_parent(x->ctx, &x->target, name, &dir, &leaf);
	if (status != HF_OK)
		return status;
	switch (type) {
	case AE_IFREG:
		return restore_regular(x, dir, leaf, name);
	case AE_IFLNK:
	case AE_IFIFO:
	case AE_IFCHR:
	case AE_IFBLK:
		return restore_other(x, dir, leaf, name);
	default:
		return extract_hostile(x, name, "it is of no known type");
	}
}
