/* SPDX-License-Identifier: MIT
 *
 * Listing. What cannot be read is an error: a short list would make points
 * seem gone.
 */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct listing {
	hf_ctx *ctx;
	const struct sink *sink;
	hf_list *out;
	bool children;
	size_t len;                 /* of key: the folder that is read, with its slash */
	char key[SINK_KEY_MAX + 2];
};

int32_t sink_report(hf_list *out, const char *key, const struct stat *st)
{
	const hf_object object = {
		.size = sizeof object,
		.key = key,
		.bytes = (uint64_t)st->st_size,
		.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
	};

	return files_host->object(out, &object);
}

/* Opens the folder `name` ("." for `parent` itself) for reading its names. */
DIR *sink_open_dir(int parent, const char *name)
{
	int fd = sink_step(parent, name), saved;
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir) {
		saved = errno;
		close(fd);
		errno = saved;
	}
	return dir;
}

/* Opens the folder of `prefix`; *dir is NULL if there is none. */
int32_t sink_open_prefix(hf_ctx *ctx, struct sink *sink, const char *prefix, DIR **dir)
{
	int folder, error;
	int32_t rc;

	*dir = NULL;
	if (!sink_prefix_valid(prefix))
		return files_host->fail(ctx, HF_E_FAILED, "'%.200s' is not a valid prefix",
		    prefix);
	rc = sink_folder(ctx, sink, prefix, SINK_MAY_LACK, &folder);
	if (rc == HF_E_NOT_FOUND)
		return HF_OK;
	if (rc != HF_OK)
		return rc;
	*dir = sink_open_dir(folder, ".");
	error = errno;
	close(folder);
	if (!*dir && error != ENOENT)
		return files_host->fail(ctx, sink_class(error), "cannot list folder '%s/%s': %s",
		    sink->path, prefix, files_error(error).s);
	return HF_OK;
}

static int32_t fail_list(struct listing *list, const char *name, int error)
{
	return files_host->fail(list->ctx, sink_class(error), "cannot list folder '%s/%s%s': %s",
	    list->sink->path, list->key, name, files_error(error).s);
}

/* Somebody removed or replaced it since its name was read. */
static bool vanished(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

static bool append(struct listing *list, const char *name)
{
	size_t len = strlen(name);

	if (!sink_name_valid(name) || list->len + len > SINK_KEY_MAX)
		return false;
	memcpy(list->key + list->len, name, len + 1);
	return true;
}

/* Is there an object somewhere in this folder? HF_OK, HF_END for no. */
static int32_t has_object(struct listing *list, int parent, const char *name)
{
	DIR *dir = sink_open_dir(parent, name);
	int32_t rc = HF_END;
	struct dirent *entry;

	if (!dir)
		return vanished(errno) ? HF_END : fail_list(list, name, errno);
	while (rc == HF_END && (errno = 0, entry = readdir(dir))) {
		struct stat st;

		if (!sink_name_valid(entry->d_name))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
			if (!vanished(errno))
				rc = fail_list(list, name, errno);
		} else if (S_ISREG(st.st_mode)) {
			rc = HF_OK;
		} else if (S_ISDIR(st.st_mode)) {
			rc = has_object(list, dirfd(dir), entry->d_name);
		}
	}
	if (rc == HF_END && errno != 0)
		rc = fail_list(list, name, errno);
	closedir(dir);
	return rc;
}

static int32_t list_folder(struct listing *list, DIR *dir);

/* list->key ends with the folder's name. */
static int32_t list_below(struct listing *list, int parent, const char *name)
{
	const hf_object object = {
		.size = sizeof object,
		.flags = HF_OBJECT_PREFIX,
		.key = list->key,
	};
	size_t outer = list->len, len = outer + strlen(name);
	int32_t rc;
	DIR *dir;

	if (list->children) {
		list->key[outer] = '\0';
		rc = has_object(list, parent, name);
		if (rc != HF_OK)
			return rc == HF_END ? HF_OK : rc;
		append(list, name);
		memcpy(list->key + len, "/", 2);
		return files_host->object(list->out, &object);
	}
	if (len + 1 >= SINK_KEY_MAX)
		return HF_OK; /* no key is so long */
	dir = sink_open_dir(parent, name);
	if (!dir) {
		int error = errno;

		list->key[outer] = '\0';
		return vanished(error) ? HF_OK : fail_list(list, name, error);
	}
	memcpy(list->key + len, "/", 2);
	list->len = len + 1;
	rc = list_folder(list, dir);
	list->len = outer;
	closedir(dir);
	return rc;
}

static int32_t list_name(struct listing *list, DIR *dir, const char *name)
{
	struct stat st;

	if (name[0] == '.')
		return HF_OK;
	if (!append(list, name)) {
		files_host->log(list->ctx, HF_LOG_DEBUG, "'%s/%.*s%s' is not a key: passed over",
		    list->sink->path, (int)list->len, list->key, name);
		return HF_OK;
	}
	if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		int error = errno;

		list->key[list->len] = '\0';
		return vanished(error) ? HF_OK : fail_list(list, name, error);
	}
	if (S_ISREG(st.st_mode))
		return sink_report(list->out, list->key, &st);
	if (S_ISDIR(st.st_mode))
		return list_below(list, dirfd(dir), name);
	if (S_ISLNK(st.st_mode))
		files_host->warn(list->ctx, "'%s/%s' is a symbolic link, which is not followed",
		    list->sink->path, list->key);
	return HF_OK;
}

static int32_t list_folder(struct listing *list, DIR *dir)
{
	struct dirent *entry;
	int32_t rc = HF_OK;

	if (files_host->cancelled(list->ctx))
		return files_host->fail(list->ctx, HF_E_CANCELLED, "stopped while listing '%s'",
		    list->sink->path);
	while (rc == HF_OK && (errno = 0, entry = readdir(dir)))
		rc = list_name(list, dir, entry->d_name);
	if (rc == HF_OK && errno != 0) {
		int error = errno;

		list->key[list->len] = '\0';
		rc = fail_list(list, "", error);
	}
	return rc;
}

int32_t sink_list(hf_ctx *ctx, void *self, const char *prefix, uint32_t flags, hf_list *out)
{
	struct listing list = {
		.ctx = ctx,
		.sink = self,
		.out = out,
		.children = flags & HF_LIST_CHILDREN,
		.len = strlen(prefix),
	};
	DIR *dir;
	int32_t rc = sink_open_prefix(ctx, self, prefix, &dir);

	if (rc != HF_OK || !dir)
		return rc;
	memcpy(list.key, prefix, list.len + 1);
	rc = list_folder(&list, dir);
	closedir(dir);
	return rc;
}
