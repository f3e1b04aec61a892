/* SPDX-License-Identifier: MIT
 *
 * What the files of the sink share. An object is a regular file whose path
 * below the root is its key. Everything is reached from the root's descriptor,
 * one component at a time, and a symbolic link is never followed, so that
 * neither a renamed root nor a planted link leads elsewhere.
 */
#ifndef HF_FILES_SINK_H
#define HF_FILES_SINK_H

#include "config.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "files.h"

#define SINK_KEY_MAX 1024
#define SINK_NAME_MAX 240
#define SINK_TEMP_PREFIX ".hf-tmp-"
#define SINK_LOCK_PREFIX ".hf-lock-"
#define SINK_TEMP_SIZE (sizeof SINK_TEMP_PREFIX + 16)

struct sink {
	const char *path;      /* as the job file says; valid until close */
	uint64_t min_free;     /* bytes of the file system that stay free */
	bool create;           /* make the root when it is missing */
	bool durable;          /* sync what was written */

	pthread_mutex_t mutex; /* guards root's opening and durable_folder */
	atomic_int root;       /* -1 until it is needed and there */
	dev_t device;          /* the root's; set with root */
	bool batch;            /* one syncfs() may stand for many fsync()s */

	atomic_uint commits;   /* since the instance was opened */
	atomic_bool unsynced;  /* something waits for flush() */
	atomic_int broken;     /* errno of a failed flush: it cannot be undone */
	char durable_folder[SINK_KEY_MAX + 1]; /* it and all above are synced */
};

/* What a walk is to do where a folder is missing. */
enum sink_missing { SINK_MUST_EXIST, SINK_MAY_LACK, SINK_MAY_CREATE };

/* sink_path.c: keys and folders */
bool sink_key_valid(const char *key);
bool sink_name_valid(const char *name);
bool sink_prefix_valid(const char *prefix);
int32_t sink_check_key(hf_ctx *ctx, const char *key);
int32_t sink_class(int error);
int32_t sink_root(hf_ctx *ctx, struct sink *sink, enum sink_missing missing, int *fd);
int32_t sink_folder(hf_ctx *ctx, struct sink *sink, const char *key, enum sink_missing missing,
    int *fd);
int32_t sink_nearest(hf_ctx *ctx, const struct sink *sink, int *fd);
void sink_prune_folders(struct sink *sink, const char *key);
const char *sink_base(const char *key);
int sink_step(int parent, const char *name);

/* sink_sync.c: what makes it safe against power loss */
int sink_fsync_folder(int fd);
bool sink_can_batch(int fd);
int32_t sink_sync_folders(hf_ctx *ctx, struct sink *sink, const char *key, int folder);
void sink_folder_made(struct sink *sink);
int32_t sink_flush(hf_ctx *ctx, void *self);

/* sink_space.c: room in the file system, and temporary files */
int32_t sink_check_space(hf_ctx *ctx, const struct sink *sink, int fd, const char *key,
    uint64_t more);
int32_t sink_fail_write(hf_ctx *ctx, const struct sink *sink, int fd, const char *key,
    uint64_t more, int error);
int sink_make_temp(int folder, char name[SINK_TEMP_SIZE]);
int32_t sink_probe(hf_ctx *ctx, void *self, uint32_t flags);

/* sink_put.c */
int32_t sink_put_open(hf_ctx *ctx, void *self, const hf_put *in, void **put);
int32_t sink_put_write(hf_ctx *ctx, void *handle, const void *data, uint64_t size);
int32_t sink_put_commit(hf_ctx *ctx, void *handle);
void sink_put_free(hf_ctx *ctx, void *handle);

/* sink_get.c */
int32_t sink_get_open(hf_ctx *ctx, void *self, const char *key, uint64_t offset, uint64_t length,
    void **get);
int32_t sink_get_read(hf_ctx *ctx, void *handle, void *buf, uint64_t cap, uint64_t *got);
void sink_get_free(hf_ctx *ctx, void *handle);
int32_t sink_stat(hf_ctx *ctx, void *self, const char *key, hf_list *out);

/* sink_list.c */
int32_t sink_list(hf_ctx *ctx, void *self, const char *prefix, uint32_t flags, hf_list *out);
int32_t sink_report(hf_list *out, const char *key, const struct stat *st);
DIR *sink_open_dir(int parent, const char *name);
int32_t sink_open_prefix(hf_ctx *ctx, struct sink *sink, const char *prefix, DIR **dir);

/* sink_remove.c */
int32_t sink_remove(hf_ctx *ctx, void *self, const char *const *keys, uint64_t count,
    hf_removal *out);
int32_t sink_sweep(hf_ctx *ctx, void *self, const char *prefix);

/* sink_lock.c */
int32_t sink_lock(hf_ctx *ctx, void *self, const char *name, uint32_t mode, void **lock);
void sink_unlock(hf_ctx *ctx, void *handle);

#endif /* HF_FILES_SINK_H */
