/* SPDX-License-Identifier: MIT
 * Re-reading what is stored. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/lanes.h"
#include "engine/pipeline/verify.h"
#include "engine/report/out.h"
#include "engine/store/layout.h"
#include "engine/store/seal.h"
#include "engine/util/cancel.h"
#include "engine/util/log.h"

#define OWNER_MAX ((size_t)64 << 10)

struct shared {
	struct verify *v;
	struct codecs *codecs;
	atomic_uint_least64_t next;
	pthread_mutex_t lock;
	struct error first;
};

static const struct entry *pick(const struct verify *v, uint64_t i)
{
	return &v->manifest->entries[v->entries ? v->entries[i] : i];
}

static void note_damage(struct shared *s, const struct entry *e, struct error *err)
{
	autofree char *text = strstr(err->message, e->path)
		? xasprintf("source %s: %s", e->source, err->message)
		: xasprintf("source %s: entry %s: %s", e->source, e->path, err->message);

	log_warn("damaged: %s", text);
	pthread_mutex_lock(&s->lock);
	s->v->damaged++;
	strv_add(&s->v->damages, text);
	error_keep_first(&s->first, err);
	pthread_mutex_unlock(&s->lock);
}

static int32_t check_entry(struct shared *s, const struct entry *e, struct error *err)
{
	struct verify *v = s->v;
	atomic_uint_least64_t *bytes = v->progress ? &v->progress->plain : NULL;
	int32_t status;

	progress_entry(e->path);
	status = v->level >= HF_VERIFY_DECODE ? decode_check(v->sink, s->codecs, e, bytes, err)
					      : digest_check(v->sink, e, bytes, err);
	if (status == HF_E_CORRUPT) {
		note_damage(s, e, err);
		error_clear(err);
		status = HF_OK;
	}
	if (status == HF_OK) {
		pthread_mutex_lock(&s->lock);
		v->checked++;
		v->bytes += e->stored_size;
		pthread_mutex_unlock(&s->lock);
		if (v->progress)
			atomic_fetch_add(&v->progress->entries_done, 1);
	}
	return status;
}

static int32_t verify_lane(void *arg, unsigned lane, struct error *err)
{
	struct shared *s = arg;
	int32_t status = instance_worker_begin(s->v->sink, err);
	uint64_t i;

	(void)lane;
	if (status != HF_OK)
		return status;
	while (status == HF_OK && (i = atomic_fetch_add(&s->next, 1)) < s->v->count) {
		status = cancelled() ? error_set(err, HF_E_CANCELLED, "interrupted")
				     : check_entry(s, pick(s->v, i), err);
	}
	instance_worker_end(s->v->sink);
	return status;
}

int32_t verify_entries(struct verify *v, struct error *err)
{
	struct shared s = {.v = v, .lock = PTHREAD_MUTEX_INITIALIZER};
	int32_t status = HF_OK;

	if (!v->entries)
		v->count = v->manifest->nentries;
	s.codecs = codecs_new(v->manifest->job);
	for (uint64_t i = 0; i < v->count; i++) {
		const struct entry *e = pick(v, i);

		if (v->level >= HF_VERIFY_DECODE && status == HF_OK)
			status = codecs_check(s.codecs, e, err);
		if (v->progress) {
			atomic_fetch_add(&v->progress->total,
				v->level >= HF_VERIFY_DECODE ? e->plain_size : e->stored_size);
			atomic_fetch_add(&v->progress->entries, 1);
		}
	}
	if (status == HF_OK && v->count > 0)
		status = lanes_run(v->lanes < v->count ? v->lanes : (unsigned)v->count, verify_lane,
			&s, err);
	codecs_free(s.codecs);
	/* damage that was found is not forgotten because something else failed after it */
	if (s.first.status != HF_OK && status != HF_E_CANCELLED) {
		status = s.first.status;
		error_clear(err);
		*err = s.first;
	} else {
		error_clear(&s.first);
	}
	return status;
}

void verify_free(struct verify *v)
{
	strv_free(&v->damages);
}

/* owner.json and the records prove themselves. */
static int32_t check_beside(struct instance *sink, const struct point *p, struct verify *v,
	struct error *err)
{
	autofree char *key = key_owner(p->job, p->id);
	json_object *owner = NULL;
	struct error own = {0};
	struct buf text = {0};
	int32_t status = sink_get_bytes(sink, key, OWNER_MAX, &text, &own);

	if (status == HF_E_NOT_FOUND)
		status = error_set(&own, HF_E_CORRUPT, "%s is missing", key);
	if (status == HF_OK)
		status = seal_read(key, text.data ? text.data : "", text.len, &owner, &own);
	json_object_put(owner);
	buf_free(&text);
	for (size_t i = 0; i < p->nrecords && status == HF_OK; i++)
		if (p->records[i].error.status != HF_OK)
			status = error_set(&own, HF_E_CORRUPT, "%s", p->records[i].error.message);
	if (status == HF_E_CORRUPT) {
		log_warn("damaged: %s", own.message);
		v->damaged++;
		strv_add(&v->damages, own.message);
	}
	error_keep_first(err, &own);
	return status;
}

static int32_t record_result(struct instance *sink, const struct point *p, const struct verify *v,
	struct error *err)
{
	json_object *extra = json_object_new_object();
	uint64_t all = v->manifest->nentries;
	uint64_t ppm = all ? (uint64_t)((double)v->checked * 1e6 / (double)all) : 1000000;
	int32_t status;

	out_add(extra, "level",
		json_object_new_string(v->level >= HF_VERIFY_DECODE ? "decode" : "digest"));
	out_add_uint(extra, "ppm", ppm);
	out_add_uint(extra, "entries", v->checked);
	out_add_uint(extra, "bytes", v->bytes);
	out_add_uint(extra, "damaged", v->damaged);
	if (v->damages.n > 0)
		out_add_string(extra, "note", v->damages.v[0]);
	status = record_put(sink, p->job, p->id, "verify", v->damaged == 0, extra, err);
	json_object_put(extra);
	return status;
}

int32_t verify_point(struct instance *sink, const struct point *p, struct verify *v,
	struct error *err)
{
	struct error record = {0}, beside = {0};
	int32_t status;

	v->sink = sink;
	v->manifest = p->manifest;
	status = verify_entries(v, err);
	if (status == HF_OK || status == HF_E_CORRUPT) {
		int32_t other = check_beside(sink, p, v, &beside);

		if (status == HF_OK)
			status = other;
		error_keep_first(err, &beside);
	}
	if (status != HF_OK && v->damaged == 0)
		return status;
	cancel_shield(true);
	if (record_result(sink, p, v, &record) != HF_OK) {
		/* A sink that one may only read from can be verified all the same. */
		log_warn("the verification of %s could not be recorded: %s", p->id, record.message);
		error_clear(&record);
	}
	cancel_shield(false);
	return status;
}
