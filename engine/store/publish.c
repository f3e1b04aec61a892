/* SPDX-License-Identifier: MIT
 * A point's life in a sink: begun, published, or abandoned; and the locks that this is done
 * under. */
#include "config.h"

#include <string.h>

#include "engine/store/layout.h"
#include "engine/store/point.h"
#include "engine/store/publish.h"
#include "engine/store/removal.h"
#include "engine/util/cancel.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"

#define POLL_NS NS_PER_S
#define READ_WAIT_NS (600 * NS_PER_S) /* a deletion is brief, but a slow sink has many keys */

/* --- locks --- */

static int32_t lock_within(struct instance *sink, const char *name, uint32_t mode, int64_t wait_ns,
    struct sink_lock **out, struct error *err)
{
	int64_t begun = clock_mono();
	bool told = false;

	for (;;) {
		struct error own = {0};
		int32_t status = sink_lock(sink, name, mode, out, &own);
		int64_t left = wait_ns - (clock_mono() - begun);

		if (status != HF_E_EXISTS || left <= 0) {
			if (err)
				error_keep_first(err, &own);
			error_clear(&own);
			return status;
		}
		if (!told)
			log_notice("waiting: %s", own.message);
		told = true;
		error_clear(&own);
		if (!cancel_sleep(left < POLL_NS ? left : POLL_NS))
			return error_set(
			    err, HF_E_CANCELLED, "stopped while waiting for the lock %s", name);
	}
}

int32_t job_lock(struct instance *sink, const char *job, int64_t wait_ns, struct sink_lock **out,
    struct error *err)
{
	autofree char *name = xasprintf("%s/run", job);
	int32_t status = lock_within(sink, name, HF_LOCK_EXCLUSIVE, wait_ns, out, err);

	if (status == HF_E_EXISTS && err && !err->hint)
		error_hint(err,
		    "wait until that run has ended, or set lock_wait in the job's [job] "
		    "section; a lock whose owner died does not block");
	return status;
}

int32_t read_lock(struct instance *sink, const char *job, uint32_t mode, struct sink_lock **out,
    struct error *err)
{
	autofree char *name = xasprintf("%s/read", job);

	return lock_within(sink, name, mode, mode == HF_LOCK_SHARED ? READ_WAIT_NS : 0, out, err);
}

/* --- a point's life --- */

int32_t point_begin(
    struct instance *sink, const char *job, const char *id, const char *what, struct error *err)
{
	autofree char *key = key_owner(job, id);
	struct buf text = {0};
	int32_t status;

	owner_write(job, id, what, &text);
	status = put_once_only(sink, key, &text, err);
	buf_free(&text);
	return status;
}

/* What cannot be read back is no backup. That our claim is still there tells that nobody took
 * this point for litter meanwhile. */
static int32_t check_before(struct instance *sink, const char *job, const char *id,
    const void *manifest, size_t n, struct error *err)
{
	autofree char *owner = key_owner(job, id);
	struct manifest *m = NULL;
	int32_t status = manifest_read(job, id, manifest, n, &m, err);

	manifest_free(m);
	if (status != HF_OK) {
		error_set(err, HF_E_FAILED, "the manifest that was made cannot be read back: %s",
		    err && err->message ? err->message : "damaged");
		error_hint(
		    err, "nothing was published; this is a fault of holdfast or of a driver");
		return HF_E_FAILED;
	}
	status = sink_stat(sink, owner, NULL, err);
	if (status == HF_E_NOT_FOUND) {
		error_set(err, HF_E_FAILED,
		    "%s: point %s of job %s was removed while it was written", sink->label, id,
		    job);
		error_hint(err,
		    "does another machine with the same host name back up this job, or is "
		    "litter_after shorter than a run?");
		return HF_E_FAILED;
	}
	return status;
}

/* A manifest that shows although its commit failed, or that may not survive a power loss, is not left
 * standing: the run says that it failed. */
static void take_back(struct instance *sink, const char *key)
{
	struct error err = {0};
	struct strv keys = {0};

	strv_add(&keys, key);
	cancel_shield(true);
	if (sink_remove(sink, &keys, NULL, &err) != HF_OK)
		log_warn("%s may stand although the run failed, and cannot be removed: %s", key,
		    err.message);
	cancel_shield(false);
	strv_free(&keys);
	error_clear(&err);
}

int32_t point_publish(struct instance *sink, const char *job, const char *id, const void *manifest,
    size_t n, struct error *err)
{
	autofree char *key = key_manifest(job, id);
	struct buf text = {0};
	bool put = false;
	int32_t status = check_before(sink, job, id, manifest, n, err);

	if (status == HF_OK)
		status = sink_flush(sink, err);
	if (status == HF_OK) {
		buf_add(&text, manifest, n);
		status = put_once_only(sink, key, &text, err);
		buf_free(&text);
		put = true;
	}
	if (status == HF_OK)
		status = sink_flush(sink, err);
	else if (!put || status == HF_E_EXISTS)
		return status;
	if (status != HF_OK)
		take_back(sink, key);
	return status;
}

void point_abandon(struct instance *sink, const char *job, const char *id)
{
	autofree char *prefix = key_point(job, id);
	struct error err = {0};
	int32_t status = point_remove_unpublished(sink, job, id, &err);

	if (status == HF_OK)
		status = sink_sweep(sink, prefix, &err);
	if (status != HF_OK)
		log_info("%s: the unfinished point %s stays for the next run to clear: %s",
		    sink->label, id, err.message);
	error_clear(&err);
}
