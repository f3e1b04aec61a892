/* SPDX-License-Identifier: MIT
 * One run of a job. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "engine/pipeline/backup.h"
#include "engine/pipeline/dump.h"
#include "engine/pipeline/stage.h"
#include "engine/report/out.h"
#include "engine/report/progress.h"
#include "engine/store/layout.h"
#include "engine/store/publish.h"
#include "engine/util/cancel.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"

struct run {
	struct opened *o;
	struct backup_result *result;
	struct dump dump;
	struct progress progress;
	uint64_t expected; /* bytes, by the newest point: sources may not know */
	int64_t begin_ns;
};

void result_stage(struct backup_result *r, const char *stage, const char *sink, struct error *err,
	bool skipped)
{
	r->stages = xreallocn(r->stages, r->nstages + 1, sizeof *r->stages);
	r->stages[r->nstages++] = (struct stage_result){
		.stage = xstrdup(stage), .sink = xstrdup(sink), .error = *err, .skipped = skipped};
	json_object *o = json_object_new_object();
	out_add_string(o, "stage", stage);
	out_add_string(o, "sink", sink);
	out_add(o, "result",
		json_object_new_string(skipped ? "skipped" : err->status == HF_OK ? "ok" : "failed"));
	if (err->status != HF_OK)
		out_add(o, "error", out_error(err));
	out_event("stage", o);
	*err = (struct error){0};
}

void backup_result_free(struct backup_result *r)
{
	manifest_free(r->manifest);
	for (size_t i = 0; i < r->nstages; i++) {
		free(r->stages[i].stage);
		free(r->stages[i].sink);
		error_clear(&r->stages[i].error);
	}
	free(r->stages);
	*r = (struct backup_result){0};
}

/* --- the sinks' part --- */

/* A sink that cannot even be begun with: the run fails, or goes on without it if it is optional. */
static int32_t sink_trouble(struct outlet *o, struct error *err)
{
	if (o->required || cancelled() || err->status == HF_E_EXISTS)
		return err->status;
	log_warn("%s; going on without this sink", err->message);
	outlet_fail(o, err);
	*err = (struct error){0};
	return HF_OK;
}

static int32_t prepare_sink(struct run *r, struct outlet *o, struct error *err)
{
	const struct job *job = r->o->job;
	struct catalogue *c = NULL;
	int32_t status = job_lock(o->sink, job->name, job->lock_wait_ns, &o->run_lock, err);

	r->result->locked = status == HF_E_EXISTS;
	if (status != HF_OK)
		return status;
	status = catalogue_load(o->sink, job->name, &c, err);
	if (status == HF_OK)
		status = litter_sweep(c, job->litter_after_ns, NULL, false, err);
	for (size_t i = 0; status == HF_OK && i < c->n; i++)
		if (c->v[i].manifest)
			r->expected = c->v[i].manifest->plain_size;
	catalogue_free(c);
	return status;
}

/* Claims the new point in every sink; a taken id (another host, the same second) is made anew. */
static int32_t claim_point(struct run *r, struct error *err)
{
	const char *job = r->o->job->name;
	int32_t status = HF_OK;
	bool first = true;

	for (size_t i = 0; i < r->o->noutlets && status == HF_OK; i++) {
		struct outlet *o = &r->o->outlets[i];
		unsigned tries = 0;

		if (atomic_load(&o->failed))
			continue;
		do {
			error_clear(err);
			if (first)
				point_id_make(r->begin_ns, r->result->id);
			status = point_begin(o->sink, job, r->result->id, "backup", err);
		} while (status == HF_E_EXISTS && first && ++tries < 16);
		/* what failed half-way is cleared as well; what was there is not ours */
		o->begun = status != HF_E_EXISTS;
		first = first && status != HF_OK;
		if (status == HF_E_EXISTS)
			status = error_set(err, HF_E_FAILED, "%s: the point %s exists already",
				o->sink->label, r->result->id);
		if (status != HF_OK)
			status = sink_trouble(o, err);
	}
	return status;
}

static int32_t prepare(struct run *r, struct error *err)
{
	int32_t status = HF_OK;

	for (size_t i = 0; i < r->o->noutlets && status == HF_OK; i++) {
		status = prepare_sink(r, &r->o->outlets[i], err);
		if (status != HF_OK)
			status = sink_trouble(&r->o->outlets[i], err);
	}
	return status == HF_OK ? claim_point(r, err) : status;
}

static void abandon(struct run *r)
{
	for (size_t i = 0; i < r->o->noutlets; i++)
		if (r->o->outlets[i].begun && !r->o->outlets[i].published)
			point_abandon(r->o->outlets[i].sink, r->o->job->name, r->result->id);
}

/* --- the manifest --- */

static void fill_manifest(struct run *r)
{
	struct manifest *m = manifest_new();
	char host[256] = "";

	if (gethostname(host, sizeof host - 1) != 0 || !*host)
		memcpy(host, "unknown", sizeof "unknown");
	m->job = xstrdup(r->o->job->name);
	m->id = xstrdup(r->result->id);
	m->host = xstrdup(host);
	m->version = xstrdup(PACKAGE_VERSION);
	m->begin_ns = r->begin_ns;
	m->end_ns = clock_now();
	if (m->end_ns < m->begin_ns)
		m->end_ns = m->begin_ns; /* the clock was set back meanwhile */
	m->sources = xcalloc(r->dump.n + 1, sizeof *m->sources);
	for (size_t i = 0; i < r->dump.n; i++) {
		m->sources[m->nsources++] = r->dump.sources[i].info;
		r->dump.sources[i].info = (struct manifest_source){0};
	}
	entries_to_manifest(r->dump.entries, m);
	manifest_finish(m);
	r->result->manifest = m;
}

static int32_t all_failed(struct run *r, struct error *err)
{
	for (size_t i = 0; i < r->o->noutlets; i++)
		if (!atomic_load(&r->o->outlets[i].failed))
			return HF_OK;
	struct error *why = &r->o->outlets[0].error;
	return error_set(err, why->status, "no sink took the point; the first said: %s", why->message);
}

/* Publishes in every sink that has all of it. Everything must be durable in each before the first manifest. */
static int32_t publish(struct run *r, struct error *err)
{
	struct buf text = {0};
	struct error first = {0};

	fill_manifest(r);
	manifest_write(r->result->manifest, &text);
	for (size_t i = 0; i < r->o->noutlets; i++) {
		struct outlet *o = &r->o->outlets[i];
		struct error own = {0};

		if (atomic_load(&o->failed))
			continue;
		if (point_publish(o->sink, r->o->job->name, r->result->id, text.data, text.len, &own) ==
			HF_OK) {
			o->published = true;
			r->result->published++;
			result_stage(r->result, "publish", o->sink->name, &own, false);
			continue;
		}
		if (r->result->published == 0 && o->required) {
			error_keep_first(&first, &own); /* nothing exists: the run has failed */
			break;
		}
		outlet_fail(o, &own);
	}
	buf_free(&text);
	if (r->result->published == 0 && first.status == HF_OK)
		(void)all_failed(r, &first);
	return error_keep_first(err, &first);
}

static void tell_failed_sinks(struct run *r)
{
	for (size_t i = 0; i < r->o->noutlets; i++)
		if (atomic_load(&r->o->outlets[i].failed))
			result_stage(r->result, "publish", r->o->outlets[i].sink->name,
				&r->o->outlets[i].error, false);
}

/* --- post stages --- */

static int32_t apply_plan(struct run *r, struct outlet *o, struct plan *plan, struct error *err)
{
	size_t gone = 0;
	int32_t status;

	plan_enforce(plan, r->result->id);
	if (plan_count(plan, VERDICT_EXPIRE) == 0)
		return HF_OK;
	status = plan_apply(plan, o->sink, r->o->job->name, err);
	for (size_t i = 0; i < plan->n; i++) {
		if (!plan->v[i].removed)
			continue;
		gone++;
		log_info("expired %s: %s", plan->v[i].point->id, plan->v[i].reason);
	}
	if (gone)
		log_notice("%s: expired %zu point%s", o->sink->label, gone, gone == 1 ? "" : "s");
	return status;
}

static void post_stages(struct run *r, struct outlet *o)
{
	struct catalogue *c = NULL;
	struct error err = {0};
	bool failed = false;

	for (size_t i = 0; i < r->o->nposts; i++) {
		struct opened_post *post = &r->o->posts[i];
		struct plan *plan = NULL;

		if (!stage_wants_sink(post, o->sink->name))
			continue;
		if (failed) {
			result_stage(r->result, post->instance->name, o->sink->name, &err, true);
			continue;
		}
		/* anew for each stage: the one before may have recorded or removed something */
		catalogue_free(c);
		c = NULL;
		if (catalogue_load(o->sink, r->o->job->name, &c, &err) == HF_OK) {
			plan = plan_new(c);
			if (stage_run(post, o->sink->name, c, plan, r->result->id, r->dump.lanes,
				    &err) == HF_OK)
				(void)apply_plan(r, o, plan, &err);
			plan_free(plan);
		}
		failed = err.status != HF_OK;
		result_stage(r->result, post->instance->name, o->sink->name, &err, false);
	}
	catalogue_free(c);
}

/* --- the whole --- */

static void sources_init(struct run *r)
{
	struct opened *o = r->o;

	r->dump.n = o->nsources;
	r->dump.lanes = opened_lanes(o);
	r->dump.sources = xcalloc(o->nsources + 1, sizeof *r->dump.sources);
	for (size_t i = 0; i < o->nsources; i++) {
		struct source_run *s = &r->dump.sources[i];

		s->instance = o->sources[i];
		s->progress = &r->progress;
		s->info.name = xstrdup(s->instance->name);
		s->info.driver = xstrdup(s->instance->driver->d.name);
		s->info.plugin_version = xstrdup(s->instance->driver->plugin->version);
	}
}

static void entries_init(struct run *r)
{
	struct driver *d = r->o->compressor ? r->o->compressor->driver : NULL;

	r->dump.entries = entries_new(r->o->job->name, r->result->id,
		d ? d->filter.suffix : NULL, d ? d->filter.codec : NULL);
}

static void run_free(struct run *r)
{
	for (size_t i = 0; i < r->dump.n; i++) {
		struct manifest_source *info = &r->dump.sources[i].info;

		free(info->name);
		free(info->driver);
		free(info->plugin_version);
		free(info->server);
		free(info->mark);
		facts_free(&info->facts);
		strv_free(&info->warnings);
	}
	free(r->dump.sources);
	entries_free(r->dump.entries);
	encode_plan_free(&r->dump.plan);
}

/* Snapshot, dump, end: everything up to the manifest. */
static int32_t dump_all(struct run *r, struct error *err)
{
	struct error end = {0};
	int32_t status;

	entries_init(r);
	r->dump.plan.outlets = r->o->outlets;
	r->dump.plan.noutlets = r->o->noutlets;
	r->dump.plan.plain_bytes = &r->progress.plain;
	r->dump.plan.stored_bytes = &r->progress.stored;
	status = encode_plan_init(&r->dump.plan, r->o->compressor, err);
	if (status == HF_OK)
		status = dump_begin(&r->dump, r->result->id, false, err);
	if (status == HF_OK) {
		if (atomic_load(&r->progress.total) < r->expected)
			atomic_store(&r->progress.total, r->expected);
		progress_start("backup", &r->progress);
		status = dump_entries(&r->dump, err);
		progress_stop();
	}
	bool failed = status != HF_OK;
	if (failed)
		cancel_shield(true);
	if (dump_end(&r->dump, status, &end) != HF_OK && status == HF_OK)
		status = end.status;
	if (failed)
		cancel_shield(false);
	error_keep_first(err, &end);
	return status;
}

static int32_t run_steps(struct run *r, struct error *err)
{
	int32_t status = prepare(r, err);

	if (status == HF_OK)
		status = all_failed(r, err);
	if (status == HF_OK) {
		json_object *o = json_object_new_object();
		out_add_string(o, "job", r->o->job->name);
		out_add_string(o, "point", r->result->id);
		out_event("begin", o);
		status = dump_all(r, err);
	}
	if (status == HF_OK)
		status = all_failed(r, err);
	if (status == HF_OK && cancelled())
		status = error_set(err, HF_E_CANCELLED, "interrupted");
	if (status == HF_OK)
		status = publish(r, err);
	return status;
}

int32_t backup_run(struct opened *o, struct backup_result *result, struct error *err)
{
	struct run r = {.o = o, .result = result, .begin_ns = clock_now()};
	int64_t started = clock_mono();
	int32_t status;

	sources_init(&r);
	status = run_steps(&r, err);
	if (status != HF_OK) {
		cancel_shield(true);
		abandon(&r);
		cancel_shield(false);
	} else {
		tell_failed_sinks(&r);
		for (size_t i = 0; i < o->noutlets; i++)
			if (o->outlets[i].published)
				post_stages(&r, &o->outlets[i]);
		cancel_shield(true);
		abandon(&r); /* in a sink that failed alone */
		cancel_shield(false);
	}
	result->wall_ns = clock_mono() - started;
	run_free(&r);
	return status;
}

int32_t backup_dry_run(struct opened *o, struct backup_result *result, struct error *err)
{
	struct run r = {.o = o, .result = result, .begin_ns = clock_now()};
	struct error end = {0};
	int32_t status;

	point_id_make(r.begin_ns, result->id);
	sources_init(&r);
	entries_init(&r);
	status = dump_begin(&r.dump, result->id, true, err);
	if (dump_end(&r.dump, status, &end) != HF_OK && status == HF_OK)
		status = end.status;
	error_keep_first(err, &end);
	if (status == HF_OK) {
		fill_manifest(&r);
		/* sizes are the sources' hints */
		result->manifest->plain_size = atomic_load(&r.progress.total);
	}
	run_free(&r);
	return status;
}
