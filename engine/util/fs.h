/* SPDX-License-Identifier: MIT
 * Files of the engine's own: small, written whole, synced. Each returns HF_OK or an HF_E_* class with
 * a message that names the path. */
#ifndef HF_UTIL_FS_H
#define HF_UTIL_FS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/util/error.h"
#include "engine/util/mem.h"

/* The class of an errno: ENOENT not-found, EACCES auth, ENOSPC no-space ... else failed. */
int32_t fs_status(int errnum);
/* Makes `path` and every folder above it that is missing, all with `mode`. A folder that exists
 * stays as it is. */
int32_t fs_mkdirs(const char *path, mode_t mode, struct error *err);
/* Adds the file's bytes to `out`. More than `limit` of them is HF_E_CONFIG; something else than
 * a regular file is HF_E_CONFIG as well. On error `out` is as it was. */
int32_t fs_read_file(const char *path, size_t limit, struct buf *out, struct error *err);
/* The same from an open descriptor; `path` is for messages. It may be a pipe. */
int32_t fs_read_fd(int fd, const char *path, size_t limit, struct buf *out, struct error *err);
/* The file has the new content or the old one, also after a power loss: temporary file in the same
 * folder, fsync, rename, fsync of the folder. */
int32_t fs_write_atomic(const char *path, const void *data, size_t n, mode_t mode,
	struct error *err);
/* Syncs a folder's entries to disk. */
int32_t fs_sync_dir(const char *path, struct error *err);
/* Removes a file or a folder with all below it; follows no symbolic link. What is not there is
 * removed already. */
int32_t fs_remove_tree(const char *path, struct error *err);

#endif
