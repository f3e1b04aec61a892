/* SPDX-License-Identifier: MIT
 * Small files: folders made, files read and written whole, trees removed. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/util/fs.h"

/* A tree deeper than this was not made by us, and each level holds a descriptor. */
#define DEEPEST 128

int32_t fs_status(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return HF_E_NOT_FOUND;
	case EACCES:
	case EPERM:
	case EROFS:
		return HF_E_AUTH;
	case EEXIST:
	case ENOTEMPTY:
		return HF_E_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return HF_E_NO_SPACE;
	default:
		return HF_E_FAILED;
	}
}

static int32_t failed(struct error *err, const char *what, const char *path, int errnum)
{
	autofree char *clean = printable(path);

	return error_set(err, fs_status(errnum), "cannot %s %s: %s", what, clean,
			 strerror(errnum));
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int32_t fs_mkdirs(const char *path, mode_t mode, struct error *err)
{
	autofree char *copy = xstrdup(path);
	char *p = copy;

	if (!*path)
		return failed(err, "make the folder", path, ENOENT);
	while (*p) {
		char kept;

		p += strspn(p, "/");
		p += strcspn(p, "/");
		kept = *p;
		*p = '\0';
		/* an existing folder that we may not write above is fine */
		if (mkdir(copy, mode) != 0) {
			int why = errno;

			if (!is_folder(copy))
				return failed(err, "make the folder", copy,
					      why == EEXIST ? ENOTDIR : why);
		}
		*p = kept;
	}
	return HF_OK;
}

int32_t fs_read_fd(int fd, const char *path, size_t limit, struct buf *out, struct error *err)
{
	size_t before = out->len;
	char block[16384];

	for (;;) {
		ssize_t n = read(fd, block, sizeof(block));

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int why = errno;

			out->len = before;
			return failed(err, "read", path, why);
		}
		if ((size_t)n > limit - (out->len - before)) {
			autofree char *clean = printable(path);

			out->len = before;
			return error_set(err, HF_E_CONFIG, "%s is longer than %zu bytes", clean,
					 limit);
		}
		buf_add(out, block, (size_t)n);
	}
	if (!out->data)
		buf_add(out, "", 0);
	return HF_OK;
}

int32_t fs_read_file(const char *path, size_t limit, struct buf *out, struct error *err)
{
	/* not to wait for ever when it is a named pipe */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int32_t status;

	if (fd < 0)
		return failed(err, "open", path, errno);
	if (fstat(fd, &st) != 0) {
		status = failed(err, "look at", path, errno);
	} else if (!S_ISREG(st.st_mode)) {
		autofree char *clean = printable(path);

		status = error_set(err, HF_E_CONFIG, "%s is not a regular file", clean);
	} else {
		status = fs_read_fd(fd, path, limit, out, err);
	}
	close(fd);
	return status;
}

int32_t fs_sync_dir(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int32_t status = HF_OK;

	if (fd < 0)
		return failed(err, "open", path, errno);
	/* some network file systems cannot sync a folder and say EINVAL */
	if (fsync(fd) != 0 && errno != EINVAL)
		status = failed(err, "sync", path, errno);
	close(fd);
	return status;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int32_t fs_write_atomic(const char *path, const void *data, size_t n, mode_t mode,
	struct error *err)
{
	autofree char *temp = xasprintf("%s.tmp-XXXXXX", path);
	const char *slash = strrchr(path, '/');
	autofree char *folder = !slash ? xstrdup(".") :
		slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
	int fd = mkostemp(temp, O_CLOEXEC);
	int why = 0;

	if (fd < 0)
		return failed(err, "make a file beside", path, errno);
	if (write_all(fd, data, n) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		why = errno;
	if (close(fd) != 0 && !why)
		why = errno;
	if (!why && rename(temp, path) != 0)
		why = errno;
	if (why) {
		(void)unlink(temp); /* the first failure is the one to tell */
		return failed(err, "write", path, why);
	}
	return fs_sync_dir(folder, err);
}

/* Removes what the folder `fd` holds. The stream takes the descriptor over. */
static int empty_folder(int fd, int depth);

static int remove_at(int at, const char *name, int depth)
{
	struct stat st;
	int fd;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = EPERM;
		return -1;
	}
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(at, name, 0700, 0) == 0)
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	/* a folder that was made read-only still goes */
	if ((st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700);
	if (empty_folder(fd, depth) != 0)
		return -1;
	return unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

static int empty_folder(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int why = 0;

	if (!dir) {
		why = errno;
		close(fd);
		errno = why;
		return -1;
	}
	if (depth >= DEEPEST)
		why = ELOOP;
	while (!why) {
		errno = 0;
		e = readdir(dir);
		if (!e) {
			why = errno;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (remove_at(dirfd(dir), e->d_name, depth + 1) != 0)
			why = errno;
	}
	closedir(dir);
	errno = why;
	return why ? -1 : 0;
}

int32_t fs_remove_tree(const char *path, struct error *err)
{
	if (remove_at(AT_FDCWD, path, 0) != 0)
		return failed(err, "remove", path, errno);
	return HF_OK;
}
