/* SPDX-License-Identifier: MIT
 * A job with its drivers open. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/opened.h"
#include "engine/util/nearest.h"
#include "engine/util/retry.h"

static int32_t open_section(const struct job *job, const struct section *s, uint32_t kind,
	bool really, struct instance **out, struct error *err)
{
	struct driver *driver;
	int32_t status = driver_find(s->plugin, kind, &driver, err);

	if (status == HF_E_CONFIG && s->line > 0)
		return error_prefix(err, "%s:%u", job->file, s->line);
	if (status == HF_OK && s->incremental && !(driver->d.capabilities & HF_CAP_INCREMENTAL)) {
		error_set(err, HF_E_CONFIG, "%s:%u: the %s driver cannot back up incrementally",
			job->file, s->line, s->plugin);
		error_hint(err, "remove `incremental` from [source %s]", s->name);
		return HF_E_CONFIG;
	}
	if (status != HF_OK || !really)
		return status;
	return instance_open(driver, job, s, out, err);
}

static int32_t open_all(struct opened *o, unsigned what, bool really, struct error *err)
{
	const struct job *job = o->job;
	int32_t status = HF_OK;

	for (size_t i = 0; (what & OPEN_SOURCES) && i < job->sources.n && status == HF_OK; i++)
		status = open_section(job, &job->sources.v[i], HF_KIND_SOURCE, really,
			&o->sources[i], err);
	if ((what & OPEN_COMPRESSOR) && job->compressor && status == HF_OK)
		status = open_section(job, job->compressor, HF_KIND_COMPRESSOR, really,
			&o->compressor, err);
	for (size_t i = 0; (what & OPEN_SINKS) && i < job->sinks.n && status == HF_OK; i++)
		status = open_section(job, &job->sinks.v[i], HF_KIND_SINK, really,
			&o->outlets[i].sink, err);
	for (size_t i = 0; (what & OPEN_POSTS) && i < job->posts.n && status == HF_OK; i++)
		status = open_section(job, &job->posts.v[i], HF_KIND_POST, really,
			&o->posts[i].instance, err);
	return status;
}

static struct opened *opened_new(const struct job *job)
{
	struct opened *o = xcalloc(1, sizeof *o);

	o->job = job;
	o->nsources = job->sources.n;
	o->noutlets = job->sinks.n;
	o->nposts = job->posts.n;
	o->sources = xcalloc(o->nsources + 1, sizeof(struct instance *));
	o->outlets = xcalloc(o->noutlets + 1, sizeof *o->outlets);
	o->posts = xcalloc(o->nposts + 1, sizeof *o->posts);
	for (size_t i = 0; i < o->noutlets; i++) {
		pthread_mutex_init(&o->outlets[i].lock, NULL);
		o->outlets[i].required = job->sinks.v[i].required;
	}
	for (size_t i = 0; i < o->nposts; i++)
		o->posts[i].section = &job->posts.v[i];
	return o;
}

int32_t job_open(const struct job *job, unsigned what, struct opened **out, struct error *err)
{
	struct opened *o = opened_new(job);
	int32_t status;

	retry_set_patience(job->retry_for_ns);
	status = open_all(o, what, false, err);
	if (status == HF_OK)
		status = open_all(o, what, true, err);
	if (status != HF_OK) {
		job_close(o);
		return status;
	}
	*out = o;
	return HF_OK;
}

void job_close(struct opened *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->nposts; i++)
		instance_close(o->posts[i].instance);
	for (size_t i = 0; i < o->nsources; i++)
		instance_close(o->sources[i]);
	instance_close(o->compressor);
	for (size_t i = 0; i < o->noutlets; i++) {
		sink_unlock(o->outlets[i].run_lock);
		instance_close(o->outlets[i].sink);
		error_clear(&o->outlets[i].error);
		pthread_mutex_destroy(&o->outlets[i].lock);
	}
	free(o->posts);
	free(o->sources);
	free(o->outlets);
	free(o);
}

unsigned opened_lanes(const struct opened *o)
{
	for (size_t i = 0; i < o->noutlets; i++)
		if (o->outlets[i].sink && !instance_parallel(o->outlets[i].sink))
			return 1;
	return o->job->parallel;
}

int32_t opened_sink(struct opened *o, const char *name, struct outlet **out, struct error *err)
{
	const char **names = xcalloc(o->noutlets + 1, sizeof *names);
	const char *near;

	*out = NULL;
	for (size_t i = 0; i < o->noutlets && !*out; i++) {
		names[i] = o->outlets[i].sink->name;
		if (!name || strcmp(name, names[i]) == 0)
			*out = &o->outlets[i];
	}
	near = *out ? NULL : nearest(name, names, o->noutlets);
	if (!*out) {
		struct buf all = {0};

		for (size_t i = 0; i < o->noutlets; i++)
			buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
		error_set(err, HF_E_CONFIG, "the job has no sink \"%s\"", name);
		if (near)
			error_hint(err, "did you mean \"%s\"?", near);
		else
			error_hint(err, "its sinks are: %s", all.data);
		buf_free(&all);
	}
	free(names);
	return *out ? HF_OK : HF_E_CONFIG;
}
