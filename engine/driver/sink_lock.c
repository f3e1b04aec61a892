/* SPDX-License-Identifier: MIT
 * Locks: the sink's own, or a flock() on this machine for sinks that have none. The kernel frees a
 * flock when its owner dies. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "engine/driver/sink.h"
#include "engine/util/fs.h"
#include "engine/util/retry.h"

struct sink_lock {
	struct instance *sink;
	void *lock; /* the driver's, or NULL */
	int fd;     /* ours, or -1 */
};

/* One file a name; '/' cannot be in a file name, and keys hold no '!'. */
static char *local_file(const char *sink, const char *name, struct error *err)
{
	char *root = NULL;

	if (state_root(&root, err) != HF_OK)
		return NULL;
	autofree char *folder = xasprintf("%s/locks", root);
	char *file = xasprintf("%s/%s!%s", folder, sink, name);
	free(root);
	for (char *p = file + strlen(folder) + 1; *p; p++)
		if (*p == '/')
			*p = '!';
	if (fs_mkdirs(folder, 0700, err) == HF_OK)
		return file;
	free(file);
	return NULL;
}

static int32_t lock_here(struct sink_lock *l, const char *name, uint32_t mode, struct error *err)
{
	autofree char *file = local_file(l->sink->name, name, err);

	if (!file)
		return err ? err->status : HF_E_FAILED;
	l->fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->fd < 0)
		return error_set(err, fs_status(errno), "lock file %s: %s", file, strerror(errno));
	if (flock(l->fd, (mode == HF_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		return HF_OK;
	int saved = errno;
	close(l->fd);
	l->fd = -1;
	if (saved == EWOULDBLOCK)
		return error_set(err, HF_E_EXISTS, "%s is locked by another run (%s)", name, file);
	return error_set(err, fs_status(saved), "lock file %s: %s", file, strerror(saved));
}

static int32_t lock_in_sink(struct sink_lock *l, const char *name, uint32_t mode, struct error *err)
{
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	retry_begin(&retry);
	do {
		call_begin(&ctx, l->sink);
		status = l->sink->driver->sink.lock(&ctx, l->sink->self, name, mode, &l->lock);
		status = call_end(&ctx, status, err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	return status;
}

int32_t sink_lock(struct instance *sink, const char *name, uint32_t mode, struct sink_lock **out,
	struct error *err)
{
	struct sink_lock *l = xcalloc(1, sizeof *l);
	int32_t status;

	*l = (struct sink_lock){.sink = sink, .fd = -1};
	status = sink->driver->sink.lock ? lock_in_sink(l, name, mode, err)
					 : lock_here(l, name, mode, err);
	if (status != HF_OK) {
		free(l);
		return status;
	}
	*out = l;
	return HF_OK;
}

void sink_unlock(struct sink_lock *l)
{
	struct hf_ctx ctx;

	if (!l)
		return;
	if (l->fd >= 0) {
		close(l->fd);
	} else {
		call_begin(&ctx, l->sink);
		l->sink->driver->sink.unlock(&ctx, l->lock);
		call_end(&ctx, HF_OK, NULL);
	}
	free(l);
}
