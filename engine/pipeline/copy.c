/* SPDX-License-Identifier: MIT
 * Moving points between sinks. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/copy.h"
#include "engine/pipeline/decode.h"
#include "engine/pipeline/fetch.h"
#include "engine/pipeline/lanes.h"
#include "engine/store/layout.h"
#include "engine/store/publish.h"
#include "engine/util/cancel.h"
#include "engine/util/retry.h"

#define COPY_BLOCK ((size_t)512 << 10)

struct copying {
	struct copy *c;
	const struct manifest *m;
	atomic_size_t next;
	bool resumed; /* the target may hold some of it already */
	pthread_mutex_t lock;
};

/* One part as if it were an entry of its own: what fetch and digest_check work on. */
static struct entry part_entry(const struct entry *e, struct part *p)
{
	struct entry one = {.path = e->path, .source = e->source, .parts = p, .nparts = 1,
		.stored_size = p->size};

	memcpy(one.stored_sha256, p->sha256, sizeof one.stored_sha256);
	return one;
}

static int32_t copy_once(struct copying *x, const struct entry *part, struct error *err)
{
	struct fetch *f = fetch_new(x->c->from, part, false);
	struct sink_put *put = NULL;
	uint8_t *buf = malloc(COPY_BLOCK);
	int32_t status = buf ? HF_OK : error_set(err, HF_E_FAILED, "out of memory");
	size_t got;

	if (status == HF_OK)
		status = sink_put_open(x->c->to, part->parts[0].key, part->stored_size, 0, &put, err);
	while (status == HF_OK &&
		(status = fetch_read(f, buf, COPY_BLOCK, &got, err)) == HF_OK) {
		status = sink_put_write(put, buf, got, err);
		atomic_fetch_add_explicit(&x->c->progress.plain, got, memory_order_relaxed);
	}
	if (status == HF_END) /* read to its end, and its digest was right */
		status = sink_put_commit(put, err);
	sink_put_free(put);
	fetch_free(f);
	free(buf);
	return status;
}

/* Is what the target holds under that key right? */
static bool present(struct copying *x, const struct entry *part)
{
	uint64_t bytes;

	if (!x->resumed || sink_stat(x->c->to, part->parts[0].key, &bytes, NULL) != HF_OK ||
		bytes != part->stored_size)
		return false;
	return digest_check(x->c->to, part, NULL, NULL) == HF_OK;
}

static int32_t copy_part(struct copying *x, const struct entry *part, struct error *err)
{
	struct retry retry;
	int32_t status;
	bool there = present(x, part);

	retry_begin(&retry);
	do
		status = there ? HF_OK : copy_once(x, part, err);
	while (status != HF_OK && retry_again(&retry, status, err));
	if (status != HF_OK)
		return error_prefix(err, "copying %s", part->parts[0].key);
	pthread_mutex_lock(&x->lock);
	if (there) {
		x->c->present++;
		atomic_fetch_add(&x->c->progress.plain, part->stored_size);
	} else {
		x->c->copied++;
		x->c->bytes += part->stored_size;
	}
	pthread_mutex_unlock(&x->lock);
	return HF_OK;
}

static int32_t copy_lane(void *arg, unsigned lane, struct error *err)
{
	struct copying *x = arg;
	int32_t status = instance_worker_begin(x->c->from, err);
	size_t i;

	(void)lane;
	if (status != HF_OK)
		return status;
	status = instance_worker_begin(x->c->to, err);
	bool entered = status == HF_OK;
	while (status == HF_OK && (i = atomic_fetch_add(&x->next, 1)) < x->m->nentries) {
		const struct entry *e = &x->m->entries[i];

		progress_entry(e->path);
		if (cancelled())
			status = error_set(err, HF_E_CANCELLED, "interrupted");
		for (size_t k = 0; k < e->nparts && status == HF_OK; k++) {
			const struct entry part = part_entry(e, &e->parts[k]);

			status = copy_part(x, &part, err);
		}
		if (status == HF_OK)
			atomic_fetch_add(&x->c->progress.entries_done, 1);
	}
	if (entered)
		instance_worker_end(x->c->to);
	instance_worker_end(x->c->from);
	return status;
}

/* The manifest goes over as it is, so that what a newer version wrote into it stays. */
static int32_t copy_manifest(struct copy *c, const struct point *p, struct error *err)
{
	autofree char *key = key_manifest(p->job, p->id);
	struct manifest *again = NULL;
	struct buf text = {0};
	int32_t status = sink_get_bytes(c->from, key, MANIFEST_SIZE_MAX, &text, err);

	if (status == HF_OK)
		status = manifest_read(p->job, p->id, text.data, text.len, &again, err);
	if (status == HF_OK)
		status = point_publish(c->to, p->job, p->id, text.data, text.len, err);
	manifest_free(again);
	buf_free(&text);
	return status;
}

int32_t copy_point(struct copy *c, const struct point *p, const struct point *there,
	struct error *err)
{
	struct copying x = {.c = c, .m = p->manifest, .resumed = there != NULL,
		.lock = PTHREAD_MUTEX_INITIALIZER};
	int32_t status = HF_OK;

	if (!there)
		status = point_begin(c->to, p->job, p->id, "copy", err);
	if (status != HF_OK)
		return status;
	atomic_store(&c->progress.total, p->manifest->stored_size);
	atomic_store(&c->progress.entries, p->manifest->nentries);
	progress_start("copy", &c->progress);
	if (p->manifest->nentries > 0)
		status = lanes_run(c->lanes < p->manifest->nentries ? c->lanes
				: (unsigned)p->manifest->nentries, copy_lane, &x, err);
	progress_stop();
	return status == HF_OK ? copy_manifest(c, p, err) : status;
}
