/* SPDX-License-Identifier: MIT
 *
 * Folders below the target of a restore. Every component is opened below the
 * one before it and never through a symbolic link, so that nothing in the tar,
 * and nothing that lay in the target before, leads out of it.
 */
#include "config.h"

#include "restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
/* folders on the way that the tar says nothing of */
#define MODE_BETWEEN 0755

void target_init(struct target *t, int root)
{
	*t = (struct target){ .root = root, .parent_fd = -1 };
}

void target_forget(struct target *t)
{
	if (t->parent_fd >= 0)
		close(t->parent_fd);
	t->parent_fd = -1;
	free(t->parent);
	t->parent = NULL;
}

void target_free(struct target *t)
{
	target_forget(t);
	for (size_t i = 0; i < t->count; i++) {
		free(t->fixes[i].name);
		if (t->fixes[i].more != NULL)
			archive_entry_free(t->fixes[i].more);
	}
	free(t->fixes);
	if (t->root >= 0)
		close(t->root);
	t->root = -1;
}

/* Opens one component, making it where it is missing. Another lane may make
 * it at the same moment. */
static int step(int dir, const char *name)
{
	int fd = openat(dir, name, FOLDER);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
		return -1;
	fd = openat(dir, name, FOLDER);
	if (fd >= 0 && fchmod(fd, MODE_BETWEEN) != 0) {
		const int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* Walks to the folder path[0..length), one component after the other. */
static int walk(int root, const char *path, size_t length, bool make)
{
	int dir = fcntl(root, F_DUPFD_CLOEXEC, 0);
	size_t at = 0;

	while (dir >= 0 && at < length) {
		const size_t n = strcspn(path + at, "/");
		char name[256];
		int next;

		if (n >= sizeof(name)) {
			close(dir);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path + at, n);
		name[n] = '\0';
		next = make ? step(dir, name) : openat(dir, name, FOLDER);
		if (next < 0) {
			const int err = errno;

			close(dir);
			errno = err;
			return -1;
		}
		close(dir);
		dir = next;
		at += n + 1;
	}
	return dir;
}

static int32_t cannot_enter(hf_ctx *ctx, const char *name, int err)
{
	if (err == ELOOP || err == ENOTDIR) {
		files_host->fail(ctx, HF_E_EXISTS,
		                 "%s cannot be restored: a folder on the way "
		                 "to it is a symbolic link or a file in the "
		                 "target, and is not followed",
		                 files_quote(name).s);
		files_host->hint(ctx, "restore into an empty folder");
		return HF_E_EXISTS;
	}
	return files_host->fail(ctx, files_status(err),
	                        "cannot make the folder for %s: %s",
	                        files_quote(name).s, files_error(err).s);
}

int32_t target_parent(hf_ctx *ctx, struct target *t, const char *name,
                      int *dir, const char **leaf)
{
	const char *slash = strrchr(name, '/');
	const size_t length = slash != NULL ? (size_t)(slash - name) : 0;

	*leaf = slash != NULL ? slash + 1 : name;
	*dir = t->root;
	if (length == 0)
		return HF_OK;
	if (t->parent == NULL || strlen(t->parent) != length ||
	    memcmp(t->parent, name, length) != 0) {
		target_forget(t);
		t->parent_fd = walk(t->root, name, length, true);
		if (t->parent_fd < 0)
			return cannot_enter(ctx, name, errno);
		t->parent = strndup(name, length);
		if (t->parent == NULL)
			return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	}
	*dir = t->parent_fd;
	return HF_OK;
}

int target_open(const struct target *t, const char *name)
{
	return walk(t->root, name, strlen(name), false);
}
