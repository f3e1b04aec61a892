/* SPDX-License-Identifier: MIT
 * What most commands begin with. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/report/out.h"
#include "engine/store/layout.h"
#include "engine/store/publish.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"
#include "engine/util/units.h"

int32_t target_job(const struct args *args, struct job **out, struct error *err)
{
	const char *spec = args_value(args, "sink");

	if (spec)
		return job_from_spec(spec, args_value(args, "job"), out, err);
	return job_load(args_word(args, 0), out, err);
}

/* --sink without --job: the one job that is there. */
static int32_t find_job_name(struct target *t, struct error *err)
{
	struct strv jobs = {0};
	int32_t status = catalogue_jobs(t->outlet->sink, &jobs, err);

	if (status == HF_OK && jobs.n == 0) {
		status = error_set(err, HF_E_NOT_FOUND, "%s holds no job", t->outlet->sink->label);
		error_hint(err, "is the path or prefix right?");
	} else if (status == HF_OK && jobs.n > 1) {
		struct buf names = {0};

		for (size_t i = 0; i < jobs.n; i++)
			buf_addf(&names, "%s%s", i ? ", " : "", jobs.v[i]);
		status = error_set(err, HF_E_CONFIG, "%s holds several jobs: %s", t->outlet->sink->label,
			names.data);
		error_hint(err, "say which with --job NAME");
		buf_free(&names);
	} else if (status == HF_OK) {
		t->job->name = xstrdup(jobs.v[0]);
	}
	strv_free(&jobs);
	return status;
}

static int32_t open_sink(const struct args *args, struct target *t, struct error *err)
{
	int32_t status = target_job(args, &t->job, err);

	if (status == HF_OK)
		status = job_open(t->job, OPEN_SINKS, &t->opened, err);
	if (status == HF_OK)
		status = opened_sink(t->opened, args_value(args, "from"), &t->outlet, err);
	if (status == HF_OK && !t->job->name)
		status = find_job_name(t, err);
	return status;
}

static int32_t take_lock(struct target *t, struct error *err)
{
	struct error own = {0};
	int32_t status =
		read_lock(t->outlet->sink, t->job->name, HF_LOCK_SHARED, &t->reading, &own);

	t->locked = status == HF_E_EXISTS;
	if (t->locked)
		return error_keep_first(err, &own);
	/* A sink that one may only read from: nobody here removes what they cannot write. */
	if (status != HF_OK)
		log_info("reading without a lock: %s", own.message);
	error_clear(&own);
	return HF_OK;
}

int32_t target_open(const struct args *args, bool lock, struct target *t, struct error *err)
{
	int32_t status = open_sink(args, t, err);

	if (status == HF_OK && lock)
		status = take_lock(t, err);
	if (status == HF_OK)
		status = catalogue_load(t->outlet->sink, t->job->name, &t->catalogue, err);
	return status;
}

int target_finish(struct target *t, struct error *err)
{
	bool locked = t->locked;

	target_close(t);
	return locked ? finish_error_as(err, EXIT_LOCKED) : finish_error(err);
}

void target_close(struct target *t)
{
	catalogue_free(t->catalogue);
	sink_unlock(t->reading);
	job_close(t->opened);
	job_free(t->job);
	*t = (struct target){0};
}

const char *point_state_name(const struct point *p)
{
	switch (p->state) {
	case POINT_COMPLETE:
		return p->found_damaged ? "damaged" : "complete";
	case POINT_DAMAGED:
		return "damaged";
	case POINT_INCOMPLETE:
		return "incomplete";
	default:
		return "foreign";
	}
}

static int64_t point_time(const struct point *p)
{
	return p->manifest ? p->manifest->begin_ns : point_id_time(p->id);
}

char *point_age(const struct point *p)
{
	char when[32], age[24];
	int64_t ns = point_time(p), since = clock_now() - ns;

	clock_local(ns, when, sizeof when);
	format_duration(since < 0 ? -since : since, age, sizeof age);
	return xasprintf("%s (%s %s)", when, age, since < 0 ? "ahead" : "ago");
}

static json_object *verified_json(const struct record *r)
{
	json_object *o = json_object_new_object();

	out_add_time(o, "time", r->time_ns);
	out_add_string(o, "level", r->level >= HF_VERIFY_DECODE ? "decode" : "digest");
	out_add_uint(o, "ppm", r->ppm);
	return o;
}

json_object *point_json(const struct point *p)
{
	json_object *o = json_object_new_object(), *sources = json_object_new_array();

	out_add_string(o, "job", p->job);
	out_add_string(o, "id", p->id);
	out_add_string(o, "state", point_state_name(p));
	out_add_time(o, "begun", point_time(p));
	out_add(o, "pinned", json_object_new_boolean(p->pinned));
	if (p->error.status != HF_OK)
		out_add(o, "error", out_error(&p->error));
	if (p->manifest) {
		out_add_time(o, "ended", p->manifest->end_ns);
		out_add_string(o, "host", p->manifest->host);
		if (p->manifest->parent)
			out_add_string(o, "parent", p->manifest->parent);
		out_add_uint(o, "entries", p->manifest->nentries);
		out_add_uint(o, "plain_size", p->manifest->plain_size);
		out_add_uint(o, "stored_size", p->manifest->stored_size);
		for (size_t i = 0; i < p->manifest->nsources; i++)
			json_object_array_add(sources, out_string(p->manifest->sources[i].name));
	}
	out_add(o, "sources", sources);
	if (p->verified)
		out_add(o, "verified", verified_json(p->verified));
	return o;
}
