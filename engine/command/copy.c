/* SPDX-License-Identifier: MIT
 * holdfast copy: points from one sink to another. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/pipeline/copy.h"
#include "engine/report/out.h"
#include "engine/store/publish.h"
#include "engine/util/log.h"
#include "engine/util/units.h"

struct copy_run {
	struct target t;         /* from */
	struct outlet *to;
	struct catalogue *there;
	size_t copied, present;
};

static struct point *find_point(const struct catalogue *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].id, id) == 0)
			return &c->v[i];
	return NULL;
}

/* The points named, or all complete ones. */
static int32_t choose(const struct args *args, struct copy_run *r, struct strv *ids,
	struct error *err)
{
	const struct catalogue *c = r->t.catalogue;

	for (size_t i = 1; i < args->words.n; i++) {
		struct point *p;
		int32_t status = catalogue_pick(c, args->words.v[i], -1, &p, err);

		if (status == HF_OK && p->state != POINT_COMPLETE)
			status = error_set(err, HF_E_CORRUPT, "point %s is %s and cannot be copied", p->id,
				point_state_name(p));
		if (status != HF_OK)
			return status;
		if (!strv_has(ids, p->id))
			strv_add(ids, p->id);
	}
	for (size_t i = 0; args->words.n == 1 && i < c->n; i++) {
		if (c->v[i].state == POINT_COMPLETE)
			strv_add(ids, c->v[i].id);
		else if (c->v[i].state == POINT_DAMAGED)
			log_warn("point %s is damaged and not copied: %s", c->v[i].id,
				c->v[i].error.message);
	}
	return HF_OK;
}

static int32_t prepare_target(struct copy_run *r, const struct strv *ids, struct error *err)
{
	const struct job *job = r->t.job;
	int32_t status =
		job_lock(r->to->sink, job->name, job->lock_wait_ns, &r->to->run_lock, err);

	r->t.locked = status == HF_E_EXISTS;
	if (status == HF_OK)
		status = catalogue_load(r->to->sink, job->name, &r->there, err);
	if (status == HF_OK)
		status = litter_sweep(r->there, job->litter_after_ns, ids, false, err);
	return status;
}

static int32_t copy_one(struct copy_run *r, const char *id, struct error *err)
{
	const struct point *from = find_point(r->t.catalogue, id), *to = find_point(r->there, id);
	struct copy c = {.from = r->t.outlet->sink, .to = r->to->sink, .lanes = opened_lanes(r->t.opened)};
	char size[16];
	int32_t status;

	if (to && to->state == POINT_COMPLETE) {
		r->present++;
		log_info("%s is there already", id);
		return HF_OK;
	}
	if (to && to->state != POINT_INCOMPLETE) {
		error_set(err, HF_E_FAILED, "%s: point %s is there, but %s", r->to->sink->label, id,
			point_state_name(to));
		error_hint(err, "move it away by hand once you know what it is, then copy again");
		return HF_E_FAILED;
	}
	status = copy_point(&c, from, to, err);
	if (status != HF_OK)
		return status;
	r->copied++;
	format_bytes(c.bytes, size, sizeof size);
	out_note("%s: %llu objects, %s copied and verified", id, (unsigned long long)c.copied, size);
	out_note(c.present ? "; %llu were there already\n" : "\n", (unsigned long long)c.present);
	json_object *o = json_object_new_object();
	out_add_string(o, "point", id);
	out_add_uint(o, "copied", c.copied);
	out_add_uint(o, "present", c.present);
	out_add_uint(o, "bytes", c.bytes);
	out_event("point", o);
	return HF_OK;
}

static int32_t open_both(const struct args *args, struct copy_run *r, struct error *err)
{
	const char *to = args_value(args, "to");
	int32_t status = HF_OK;

	if (!args_value(args, "from") || !to)
		status = error_set(err, HF_E_CONFIG, "holdfast copy needs --from SINK and --to SINK");
	if (status == HF_OK)
		status = target_open(args, true, &r->t, err);
	if (status == HF_OK)
		status = opened_sink(r->t.opened, to, &r->to, err);
	if (status == HF_OK && r->to == r->t.outlet)
		status = error_set(err, HF_E_CONFIG, "--from and --to are the same sink");
	return status;
}

static int run(struct args *args)
{
	struct copy_run r = {0};
	struct error err = {0};
	struct strv ids = {0};
	int32_t status = open_both(args, &r, &err);

	if (status == HF_OK)
		status = choose(args, &r, &ids, &err);
	if (status == HF_OK)
		status = prepare_target(&r, &ids, &err);
	for (size_t i = 0; i < ids.n && status == HF_OK; i++)
		status = copy_one(&r, ids.v[i], &err);
	if (status == HF_OK) {
		json_object *o = json_object_new_object();

		out_note("%zu points copied, %zu were there already\n", r.copied, r.present);
		out_add_uint(o, "copied", r.copied);
		out_add_uint(o, "present", r.present);
		out_event("result", o);
	}
	strv_free(&ids);
	catalogue_free(r.there);
	return target_finish(&r.t, &err);
}

static const struct option_spec options[] = {
	{"from", true, "SINK  where from"}, {"to", true, "SINK  where to"}, {NULL, false, NULL}};

const struct command command_copy = {
	.name = "copy",
	.synopsis = "JOB --from SINK --to SINK [POINT...]",
	.summary = "copy points to another sink of the job, verified on the way",
	.examples = "  holdfast copy scheduleright --from disk --to offsite\n",
	.options = options,
	.min_words = 1,
	.max_words = 1000,
	.run = run,
};
