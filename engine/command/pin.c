/* SPDX-License-Identifier: MIT
 * holdfast pin: keeps a point from expiring, whatever retention says. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/report/out.h"

static int run(struct args *args)
{
	bool release = args_flag(args, "release");
	const char *note = args_value(args, "note");
	struct target t = {0};
	struct error err = {0};
	struct point *p = NULL;
	int32_t status = target_open(args, true, &t, &err);

	if (status == HF_OK)
		status = catalogue_pick(t.catalogue, args_word(args, 1), -1, &p, &err);
	if (status == HF_OK && p->state != POINT_COMPLETE)
		status = error_set(&err, HF_E_CONFIG, "point %s is %s: only a complete one can be pinned",
			p->id, point_state_name(p));
	if (status == HF_OK) {
		json_object *extra = json_object_new_object();

		if (note)
			out_add_string(extra, "note", note);
		status = record_put(t.outlet->sink, t.job->name, p->id, "pin", !release, extra, &err);
		json_object_put(extra);
	}
	if (status == HF_OK) {
		json_object *o = json_object_new_object();

		out_note("point %s in sink %s is %s\n", p->id, t.outlet->sink->name,
			release ? "no longer pinned" : "pinned: it does not expire");
		out_add_string(o, "point", p->id);
		out_add(o, "pinned", json_object_new_boolean(!release));
		out_object(o);
	}
	return target_finish(&t, &err);
}

static const struct option_spec options[] = {
	{"release", false, "let it expire again"},
	{"note", true, "TEXT  why, shown by holdfast show"},
	TARGET_OPTIONS, {NULL, false, NULL}};

const struct command command_pin = {
	.name = "pin",
	.synopsis = "JOB POINT",
	.summary = "keep a point, whatever retention says",
	.examples = "  holdfast pin scheduleright latest --note 'before the migration'\n"
		    "  holdfast pin scheduleright 20260116T020000Z-3f9k --release\n",
	.options = options,
	.min_words = 2,
	.max_words = 2,
	.run = run,
};
