/* SPDX-License-Identifier: MIT
 * Finding a job's points by listing. Each point costs a listing of its own level and a read of its
 * manifest, whatever the number of its objects. */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/store/layout.h"
#include "engine/store/point.h"
#include "engine/util/cancel.h"

#define LOADERS_MAX 8

/* --- one point --- */

/* What is directly below a point. */
struct contents {
	bool manifest, owner, records, any;
};

static int32_t look(
    struct instance *sink, const struct point *p, struct contents *out, struct error *err)
{
	autofree char *prefix = key_point(p->job, p->id);
	size_t n = strlen(prefix);
	struct objects found;
	int32_t status = sink_list(sink, prefix, HF_LIST_CHILDREN, &found, err);

	if (status != HF_OK)
		return status;
	for (size_t i = 0; i < found.n; i++) {
		const struct object *o = &found.v[i];

		out->any = true;
		if (!o->prefix && strcmp(o->key + n, "manifest.json") == 0)
			out->manifest = true;
		else if (!o->prefix && strcmp(o->key + n, "owner.json") == 0)
			out->owner = true;
		else if (o->prefix && strcmp(o->key + n, "records/") == 0)
			out->records = true;
	}
	objects_free(&found);
	return HF_OK;
}

/* HF_E_NOT_FOUND: it went since it was listed. What cannot be fetched now is an error: only
 * bytes that were read may be called damaged. */
static int32_t load_manifest(struct instance *sink, struct point *p, struct error *err)
{
	autofree char *key = key_manifest(p->job, p->id);
	struct buf text = {0};
	int32_t status = sink_get_bytes(sink, key, MANIFEST_SIZE_MAX, &text, err);

	if (status == HF_OK)
		status = manifest_read(
		    p->job, p->id, text.data ? text.data : "", text.len, &p->manifest, err);
	buf_free(&text);
	p->state = status == HF_OK ? POINT_COMPLETE : POINT_DAMAGED;
	if (status == HF_E_CORRUPT || status == HF_E_UNSUPPORTED) {
		p->error = *err;
		*err = (struct error){0};
		status = HF_OK;
	}
	return status;
}

static int32_t load_owner(struct instance *sink, struct point *p, struct error *err)
{
	autofree char *key = key_owner(p->job, p->id);
	struct buf text = {0};
	int32_t status = sink_get_bytes(sink, key, DOCUMENT_MAX, &text, err);

	if (status == HF_OK)
		status = owner_read(p, text.data ? text.data : "", text.len, err);
	buf_free(&text);
	p->state = status == HF_OK ? POINT_INCOMPLETE : POINT_FOREIGN;
	if (status == HF_E_CORRUPT) {
		p->error = *err;
		*err = (struct error){0};
		status = HF_OK;
	}
	return status;
}

static int32_t load_record(
    struct instance *sink, struct point *p, const char *key, struct error *err)
{
	struct record *r = &p->records[p->nrecords];
	struct buf text = {0};
	int32_t status = sink_get_bytes(sink, key, DOCUMENT_MAX, &text, err);

	if (status == HF_OK) {
		record_read(p, key, text.data ? text.data : "", text.len, r);
		p->nrecords++;
	} else if (status == HF_E_CORRUPT) {
		*r = (struct record){.key = xstrdup(key), .error = *err};
		*err = (struct error){0};
		p->nrecords++;
		status = HF_OK;
	} else if (status == HF_E_NOT_FOUND) {
		error_clear(err);
		status = HF_OK;
	}
	buf_free(&text);
	return status;
}

static int32_t load_records(struct instance *sink, struct point *p, struct error *err)
{
	autofree char *prefix = key_records(p->job, p->id);
	struct objects found;
	int32_t status = sink_list(sink, prefix, HF_LIST_CHILDREN, &found, err);

	if (status != HF_OK)
		return status;
	p->records = xcalloc(found.n, sizeof(*p->records));
	for (size_t i = 0; i < found.n && status == HF_OK; i++) {
		size_t n = strlen(found.v[i].key);

		if (!found.v[i].prefix && n > 5 && strcmp(found.v[i].key + n - 5, ".json") == 0)
			status = load_record(sink, p, found.v[i].key, err);
	}
	objects_free(&found);
	records_judge(p);
	return status;
}

/* HF_E_NOT_FOUND: it is gone. */
static int32_t load_point(struct instance *sink, struct point *p, struct error *err)
{
	struct contents c = {0};
	int32_t status = look(sink, p, &c, err);

	if (status == HF_OK && !c.any)
		return error_set(err, HF_E_NOT_FOUND, "point %s is gone", p->id);
	if (status == HF_OK && c.manifest)
		status = load_manifest(sink, p, err);
	else if (status == HF_OK && c.owner)
		status = load_owner(sink, p, err);
	else
		p->state = POINT_FOREIGN;
	if (status == HF_OK && c.records)
		status = load_records(sink, p, err);
	return status;
}

/* --- all of them --- */

struct loading {
	struct catalogue *c;
	bool *gone; /* one a point */
	atomic_size_t next;
	atomic_bool stop;
	pthread_mutex_t lock;
	struct error error; /* the first one */
};

static void load_points(struct loading *l)
{
	size_t i;

	while (!atomic_load(&l->stop) && (i = atomic_fetch_add(&l->next, 1)) < l->c->n) {
		struct error err = {0};
		int32_t status;

		if (cancelled())
			status = error_set(&err, HF_E_CANCELLED, "stopped");
		else
			status = load_point(l->c->sink, &l->c->v[i], &err);
		if (status == HF_E_NOT_FOUND) {
			l->gone[i] = true;
			error_clear(&err);
		} else if (status != HF_OK) {
			atomic_store(&l->stop, true);
			pthread_mutex_lock(&l->lock);
			error_keep_first(&l->error, &err);
			pthread_mutex_unlock(&l->lock);
		}
	}
}

static void *load_thread(void *arg)
{
	struct loading *l = arg;
	struct error err = {0};

	if (instance_worker_begin(l->c->sink, &err) != HF_OK) {
		atomic_store(&l->stop, true);
		pthread_mutex_lock(&l->lock);
		error_keep_first(&l->error, &err);
		pthread_mutex_unlock(&l->lock);
		return NULL;
	}
	load_points(l);
	instance_worker_end(l->c->sink);
	return NULL;
}

static int32_t load_all(struct catalogue *c, bool *gone, struct error *err)
{
	struct loading l = {.c = c, .gone = gone, .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[LOADERS_MAX];
	size_t n = 0;

	/* this thread works as well; threads that cannot be had are done without */
	while (instance_parallel(c->sink) && n < LOADERS_MAX - 1 && n + 1 < c->n &&
	       pthread_create(&threads[n], NULL, load_thread, &l) == 0)
		n++;
	load_points(&l);
	while (n > 0)
		pthread_join(threads[--n], NULL);
	pthread_mutex_destroy(&l.lock);
	if (l.error.status != HF_OK)
		error_prefix(&l.error, "the points of job %s cannot be read", c->job);
	if (err)
		return error_keep_first(err, &l.error);
	int32_t status = l.error.status;
	error_clear(&l.error);
	return status;
}

static int64_t point_time(const struct point *p)
{
	return p->manifest ? p->manifest->begin_ns : point_id_time(p->id);
}

static int point_cmp(const void *a, const void *b)
{
	const struct point *x = a, *y = b;
	int64_t s = point_time(x), t = point_time(y);

	if (s != t)
		return s < t ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* The names below "<job>/" that are point ids. */
static void take_ids(struct catalogue *c, const struct objects *found)
{
	size_t n = strlen(c->job) + 1;

	c->v = xcalloc(found->n, sizeof(*c->v));
	for (size_t i = 0; i < found->n; i++) {
		const struct object *o = &found->v[i];
		struct point *p = &c->v[c->n];

		if (!o->prefix || strlen(o->key + n) != POINT_ID_LEN + 1)
			continue;
		memcpy(p->id, o->key + n, POINT_ID_LEN);
		p->id[POINT_ID_LEN] = '\0';
		if (!point_id_ok(p->id))
			continue;
		p->job = xstrdup(c->job);
		c->n++;
	}
}

int32_t catalogue_load(
    struct instance *sink, const char *job, struct catalogue **out, struct error *err)
{
	struct catalogue *c = xcalloc(1, sizeof(*c));
	autofree char *prefix = xasprintf("%s/", job);
	autofree bool *gone = NULL;
	struct objects found;
	size_t kept = 0;
	int32_t status;

	*out = NULL;
	c->sink = sink;
	c->job = xstrdup(job);
	status = sink_list(sink, prefix, HF_LIST_CHILDREN, &found, err);
	if (status == HF_OK) {
		take_ids(c, &found);
		objects_free(&found);
		gone = xcalloc(c->n, sizeof(*gone));
		status = load_all(c, gone, err);
	}
	if (status != HF_OK) {
		catalogue_free(c);
		return status;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (gone[i])
			point_free(&c->v[i]);
		else
			c->v[kept++] = c->v[i];
	}
	c->n = kept;
	qsort(c->v, c->n, sizeof(*c->v), point_cmp);
	*out = c;
	return HF_OK;
}

void catalogue_free(struct catalogue *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		point_free(&c->v[i]);
	free(c->v);
	free(c->job);
	free(c);
}

int32_t catalogue_jobs(struct instance *sink, struct strv *out, struct error *err)
{
	struct objects found;
	int32_t status = sink_list(sink, "", HF_LIST_CHILDREN, &found, err);

	if (status != HF_OK)
		return status;
	for (size_t i = 0; i < found.n; i++) {
		autofree char *name = xstrndup(found.v[i].key, strlen(found.v[i].key) - 1);

		if (found.v[i].prefix && key_job_ok(name))
			strv_add(out, name);
	}
	objects_free(&found);
	return HF_OK;
}
