/* SPDX-License-Identifier: MIT
 * holdfast verify: re-reads what is stored. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/pipeline/verify.h"
#include "engine/report/out.h"
#include "engine/util/log.h"
#include "engine/util/units.h"

struct tally {
	size_t points, damaged;
};

static void tell(const struct point *p, const struct verify *v, const struct error *err)
{
	json_object *o = json_object_new_object();
	char size[16];

	format_bytes(v->bytes, size, sizeof size);
	if (err->status == HF_OK) {
		out_note("%s: good: %llu entr%s, %s %s\n", p->id, (unsigned long long)v->checked,
			v->checked == 1 ? "y" : "ies", size,
			v->level >= HF_VERIFY_DECODE ? "read and decoded" : "read");
	} else {
		autofree char *text = printable(err->message);
		out_text("%s: DAMAGED: %s\n", p->id, text);
	}
	out_add_string(o, "point", p->id);
	out_add_string(o, "result", err->status == HF_OK ? "ok" : "damaged");
	out_add_uint(o, "entries", v->checked);
	out_add_uint(o, "bytes", v->bytes);
	out_add_uint(o, "damaged", v->damaged);
	json_object *damages = json_object_new_array();
	for (size_t i = 0; i < v->damages.n; i++)
		json_object_array_add(damages, out_string(v->damages.v[i]));
	if (v->damages.n == 0 && err->status != HF_OK)
		json_object_array_add(damages, out_string(err->message));
	out_add(o, "damages", damages);
	out_event("point", o);
}

/* HF_OK also for a damaged one, which is counted: the others are looked at all the same. */
static int32_t verify_one(struct target *t, const struct point *p, uint32_t level,
	struct tally *tally, struct error *err)
{
	struct progress progress = {0};
	struct verify v = {.level = level, .lanes = t->job->parallel, .progress = &progress};
	struct error own = {0};
	int32_t status;

	if (p->state == POINT_DAMAGED) {
		status = error_set(&own, HF_E_CORRUPT, "%s", p->error.message);
	} else if (p->state != POINT_COMPLETE) {
		status = error_set(&own, HF_E_NOT_FOUND, "%s is %s: there is nothing to verify", p->id,
			point_state_name(p));
	} else {
		progress_start("verify", &progress);
		status = verify_point(t->outlet->sink, p, &v, &own);
		progress_stop();
	}
	if (status == HF_OK || status == HF_E_CORRUPT) {
		tally->points++;
		tally->damaged += status != HF_OK;
		tell(p, &v, &own);
		error_clear(&own);
		status = HF_OK;
	}
	verify_free(&v);
	error_keep_first(err, &own);
	return status;
}

static int32_t verify_all(struct target *t, uint32_t level, struct tally *tally, struct error *err)
{
	int32_t status = HF_OK;

	for (size_t i = 0; i < t->catalogue->n && status == HF_OK; i++)
		if (t->catalogue->v[i].state == POINT_COMPLETE ||
			t->catalogue->v[i].state == POINT_DAMAGED)
			status = verify_one(t, &t->catalogue->v[i], level, tally, err);
	if (status == HF_OK && tally->points == 0)
		status = error_set(err, HF_E_NOT_FOUND, "job %s has no points in %s", t->job->name,
			t->outlet->sink->label);
	return status;
}

/* "latest" here is the newest that has a manifest at all: a damaged one must not hide behind an older
 * good one. */
static int32_t pick(const struct target *t, const char *name, struct point **p, struct error *err)
{
	if (name && strcmp(name, "latest") != 0)
		return catalogue_pick(t->catalogue, name, -1, p, err);
	for (size_t i = t->catalogue->n; i-- > 0;)
		if (t->catalogue->v[i].state == POINT_COMPLETE ||
			t->catalogue->v[i].state == POINT_DAMAGED) {
			*p = &t->catalogue->v[i];
			return HF_OK;
		}
	return error_set(err, HF_E_NOT_FOUND, "job %s has no points in %s", t->job->name,
		t->outlet->sink->label);
}

static int32_t parse_level(const char *text, uint32_t *level, struct error *err)
{
	if (!text || strcmp(text, "decode") == 0)
		*level = HF_VERIFY_DECODE;
	else if (strcmp(text, "digest") == 0)
		*level = HF_VERIFY_DIGEST;
	else
		return error_set(err, HF_E_CONFIG, "--level is digest or decode, not \"%s\"", text);
	return HF_OK;
}

static int run(struct args *args)
{
	const char *name = args_word(args, 1);
	struct target t = {0};
	struct tally tally = {0};
	struct error err = {0};
	struct point *p = NULL;
	uint32_t level = 0;
	int32_t status = parse_level(args_value(args, "level"), &level, &err);

	if (status == HF_OK && name && args_flag(args, "all"))
		status = error_set(&err, HF_E_CONFIG, "give a point or --all, not both");
	if (status == HF_OK)
		status = target_open(args, true, &t, &err);
	if (status == HF_OK && args_flag(args, "all"))
		status = verify_all(&t, level, &tally, &err);
	else if (status == HF_OK && (status = pick(&t, name, &p, &err)) == HF_OK)
		status = verify_one(&t, p, level, &tally, &err);
	if (status == HF_OK) {
		json_object *o = json_object_new_object();
		out_add_uint(o, "points", tally.points);
		out_add_uint(o, "damaged", tally.damaged);
		out_event("result", o);
		if (tally.damaged > 0) {
			error_set(&err, HF_E_CORRUPT, "damage in %zu of %zu point%s", tally.damaged,
				tally.points, tally.points == 1 ? "" : "s");
			error_hint(&err, "copy them again from another sink, or let them expire; take a new backup now");
		}
	}
	return target_finish(&t, &err);
}

static const struct option_spec options[] = {
	{"all", false, "all points"},
	{"level", true, "LEVEL  digest: stored bytes; decode (default): decompressed as well"},
	TARGET_OPTIONS, {NULL, false, NULL}};

const struct command command_verify = {
	.name = "verify",
	.synopsis = "JOB [POINT]",
	.summary = "re-read what is stored and compare its digests",
	.examples = "  holdfast verify scheduleright\n"
		    "  holdfast verify scheduleright --all --level digest\n"
		    "  holdfast verify --sink files:path=/var/backups/holdfast\n",
	.options = options,
	.min_words = 1,
	.max_words = 2,
	.run = run,
};
