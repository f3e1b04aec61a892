/* SPDX-License-Identifier: MIT
 * holdfast prune: each point with the reason why it stays or goes; and those that go, go. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/pipeline/stage.h"
#include "engine/report/out.h"
#include "engine/store/publish.h"
#include "engine/util/log.h"

static const char *verdict_name(const struct plan_item *i)
{
	switch (i->verdict) {
	case VERDICT_EXPIRE:
		return "expire";
	case VERDICT_KEEP:
		return "keep";
	default:
		return i->point->state == POINT_COMPLETE ? "keep" : "-";
	}
}

static const char *reason_text(const struct plan_item *i)
{
	if (i->reason && *i->reason)
		return i->reason;
	return i->point->state == POINT_COMPLETE ? "no stage said that it should go"
						 : "not a complete point: no rule counts it";
}

static void print_plan(const struct plan *plan, const char *sink, json_object *all)
{
	static const char *const columns[] = {"POINT", "BEGUN", "VERDICT", "REASON"};
	struct table *t = table_new(columns, 4);
	json_object *o = json_object_new_object(), *points = json_object_new_array();

	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_item *item = &plan->v[i];
		autofree char *age = point_age(item->point);
		const char *cells[] = {item->point->id, age, verdict_name(item), reason_text(item)};
		json_object *p = json_object_new_object();

		table_row(t, cells);
		out_add_string(p, "id", item->point->id);
		out_add_string(p, "verdict", verdict_name(item));
		out_add_string(p, "reason", reason_text(item));
		out_add(p, "removed", json_object_new_boolean(item->removed));
		json_object_array_add(points, p);
	}
	out_text("sink %s:\n", sink);
	if (plan->n)
		table_print(t);
	table_free(t);
	out_add_string(o, "sink", sink);
	out_add(o, "points", points);
	json_object_array_add(all, o);
}

static int32_t make_plan(struct opened *o, struct outlet *out, struct catalogue *c,
	struct plan *plan, struct error *err)
{
	bool any = false;
	int32_t status = HF_OK;

	for (size_t i = 0; i < o->nposts && status == HF_OK; i++) {
		struct opened_post *post = &o->posts[i];

		if (!(post->instance->driver->d.capabilities & HF_CAP_EXPIRE) ||
			!stage_wants_sink(post, out->sink->name))
			continue;
		any = true;
		status = stage_run(post, out->sink->name, c, plan, NULL, o->job->parallel, err);
	}
	if (status == HF_OK && !any)
		log_notice("%s: the job has no retention for this sink; only litter is removed",
			out->sink->label);
	plan_enforce(plan, NULL);
	return status;
}

static int32_t prune_sink(struct opened *o, struct outlet *out, bool dry_run, json_object *all,
	bool *locked, struct error *err)
{
	struct catalogue *c = NULL;
	struct plan *plan = NULL;
	int32_t status = HF_OK;

	if (!dry_run) /* a plan may be looked at while a backup runs */
		status = job_lock(out->sink, o->job->name, o->job->lock_wait_ns, &out->run_lock, err);
	*locked = *locked || status == HF_E_EXISTS;
	if (status == HF_OK)
		status = catalogue_load(out->sink, o->job->name, &c, err);
	if (status == HF_OK && !dry_run)
		status = litter_sweep(c, o->job->litter_after_ns, NULL, false, err);
	if (status == HF_OK) {
		plan = plan_new(c);
		status = make_plan(o, out, c, plan, err);
	}
	if (status == HF_OK && !dry_run) {
		status = plan_apply(plan, out->sink, o->job->name, err);
		*locked = *locked || status == HF_E_EXISTS;
	}
	if (plan)
		print_plan(plan, out->sink->name, all);
	plan_free(plan);
	catalogue_free(c);
	sink_unlock(out->run_lock);
	out->run_lock = NULL;
	return status;
}

static int run(struct args *args)
{
	bool dry_run = args_flag(args, "dry-run"), locked = false;
	json_object *o = json_object_new_object(), *sinks = json_object_new_array();
	struct opened *opened = NULL;
	struct job *job = NULL;
	struct error err = {0};
	int32_t status = job_load(args_word(args, 0), &job, &err);

	if (status == HF_OK)
		status = job_open(job, OPEN_SINKS | OPEN_POSTS, &opened, &err);
	/* one sink's trouble does not keep the others from being pruned */
	for (size_t i = 0; status == HF_OK && i < opened->noutlets; i++) {
		struct error own = {0};

		(void)prune_sink(opened, &opened->outlets[i], dry_run, sinks, &locked, &own);
		error_keep_first(&err, &own);
	}
	out_add_string(o, "job", job && job->name ? job->name : "");
	out_add(o, "dry_run", json_object_new_boolean(dry_run));
	out_add(o, "sinks", sinks);
	if (err.status == HF_OK)
		out_object(o);
	else
		json_object_put(o);
	job_close(opened);
	job_free(job);
	if (locked)
		return finish_error_as(&err, EXIT_LOCKED);
	return err.status == HF_E_CONFIG ? finish_error(&err)
		: err.status == HF_OK   ? EXIT_DONE
					: finish_error_as(&err, EXIT_FAILED);
}

static const struct option_spec options[] = {
	{"dry-run", false, "show the verdicts; remove nothing"}, {NULL, false, NULL}};

const struct command command_prune = {
	.name = "prune",
	.synopsis = "JOB",
	.summary = "expire what is old, and remove what dead runs left",
	.examples = "  holdfast prune scheduleright --dry-run\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
