/* SPDX-License-Identifier: MIT
 * holdfast list: the points of a job. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/report/out.h"
#include "engine/util/clock.h"
#include "engine/util/units.h"

static char *source_names(const struct point *p)
{
	struct buf b = {0};

	for (size_t i = 0; p->manifest && i < p->manifest->nsources; i++) {
		autofree char *name = printable(p->manifest->sources[i].name);
		buf_addf(&b, "%s%s", i ? "," : "", name);
	}
	return buf_take(&b);
}

static char *verified_text(const struct point *p)
{
	char when[32];

	if (!p->verified)
		return xstrdup("never");
	clock_local(p->verified->time_ns, when, sizeof when);
	when[10] = '\0'; /* the day will do */
	if (p->verified->ppm >= 1000000)
		return xasprintf("%s %s", when,
			p->verified->level >= HF_VERIFY_DECODE ? "decode" : "digest");
	return xasprintf("%s %s %.1f%%", when,
		p->verified->level >= HF_VERIFY_DECODE ? "decode" : "digest",
		p->verified->ppm / 1e4);
}

static void print_text(const struct catalogue *c)
{
	static const char *const columns[] = {"POINT", "BEGUN", "SOURCES", ">SIZE", ">STORED",
		"VERIFIED", "STATE"};
	struct table *t = table_new(columns, 7);

	for (size_t i = 0; i < c->n; i++) {
		const struct point *p = &c->v[i];
		char plain[16] = "", stored[16] = "";
		autofree char *age = point_age(p), *sources = source_names(p);
		autofree char *verified = verified_text(p);
		autofree char *state =
			xasprintf("%s%s", point_state_name(p), p->pinned ? ", pinned" : "");

		if (p->manifest) {
			format_bytes(p->manifest->plain_size, plain, sizeof plain);
			format_bytes(p->manifest->stored_size, stored, sizeof stored);
		}
		const char *cells[] = {p->id, age, sources, plain, stored, verified, state};
		table_row(t, cells);
	}
	if (c->n > 0)
		table_print(t);
	else
		out_text("job %s has no points in %s\n", c->job, c->sink->label);
	table_free(t);
}

static void print_json(const struct target *t)
{
	json_object *o = json_object_new_object(), *points = json_object_new_array();

	for (size_t i = 0; i < t->catalogue->n; i++)
		json_object_array_add(points, point_json(&t->catalogue->v[i]));
	out_add_string(o, "job", t->job->name);
	out_add_string(o, "sink", t->outlet->sink->name);
	out_add(o, "points", points);
	out_object(o);
}

static int run(struct args *args)
{
	struct target t = {0};
	struct error err = {0};

	if (target_open(args, false, &t, &err) == HF_OK) {
		if (out_json())
			print_json(&t);
		else
			print_text(t.catalogue);
	}
	return target_finish(&t, &err);
}

static const struct option_spec options[] = {TARGET_OPTIONS, {NULL, false, NULL}};

const struct command command_list = {
	.name = "list",
	.synopsis = "JOB|--sink SPEC",
	.summary = "list the recovery points: age, sources, size, verified, state",
	.examples = "  holdfast list scheduleright\n"
		    "  holdfast list --sink files:path=/var/backups/holdfast --json\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
