/* SPDX-License-Identifier: MIT
 * holdfast restore: puts a point back, whole or in part. */
#include "config.h"

#include <string.h>

#include "engine/command/restore_plan.h"
#include "engine/report/out.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"
#include "engine/util/units.h"

static json_object *result_json(const struct target *t, const struct point *p,
	const struct restore *r)
{
	json_object *o = json_object_new_object();

	out_add_string(o, "job", t->job->name);
	out_add_string(o, "point", p->id);
	out_add_string(o, "sink", t->outlet->sink->name);
	out_add(o, "dry_run", json_object_new_boolean(r->dry_run));
	out_add_uint(o, "entries", r->entries);
	out_add_uint(o, "bytes", r->bytes);
	out_add_uint(o, "facts_compared", r->facts_compared);
	out_add_uint(o, "facts_different", r->mismatches.n);
	out_add_seconds(o, "proof_seconds", r->proof_ns);
	out_add_seconds(o, "restore_seconds", r->restore_ns);
	return o;
}

static void print_plan(const struct restore *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct restore_source *s = &r->sources[i];
		autofree char *into = printable(s->into ? s->into : "where it came from");

		if (s->skipped)
			continue;
		out_text("would restore source %s into %s:\n", s->info->name, into);
		for (size_t k = 0; k < s->nwanted; k++) {
			const struct entry *e = &r->point->manifest->entries[s->wanted[k]];
			autofree char *path = printable(e->path);
			char size[16];

			format_bytes(e->plain_size, size, sizeof size);
			out_text("  %s (%s)\n", path, size);
		}
	}
	out_text("the stored bytes of all of it were read and are good; nothing was changed\n");
}

static void print_result(const struct target *t, const struct point *p, const struct restore *r)
{
	char size[16], proof[24], took[24];
	autofree char *age = point_age(p);

	format_bytes(r->bytes, size, sizeof size);
	format_duration(r->proof_ns, proof, sizeof proof);
	format_duration(r->restore_ns, took, sizeof took);
	out_note("restored point %s of %s from sink %s: %llu entr%s, %s\n", p->id, age,
		t->outlet->sink->name, (unsigned long long)r->entries, r->entries == 1 ? "y" : "ies", size);
	out_note("proven readable in %s, restored in %s; %llu facts compared, all as they were\n",
		proof, took, (unsigned long long)r->facts_compared);
}

static int32_t pick_point(const struct args *args, struct target *t, struct point **p,
	struct error *err)
{
	const char *name = args_word(args, 1), *at = args_value(args, "at");
	int64_t at_ns = -1;
	int32_t status = HF_OK;

	if (at && name && strcmp(name, "latest") != 0)
		return error_set(err, HF_E_CONFIG, "give a point or --at, not both");
	if (at)
		status = clock_parse_user(at, clock_now(), &at_ns, err);
	if (status == HF_OK)
		status = catalogue_pick(t->catalogue, name ? name : "latest", at_ns, p, err);
	if (status != HF_OK)
		return status;
	if ((*p)->state == POINT_DAMAGED) {
		error_set(err, HF_E_CORRUPT, "%s", (*p)->error.message);
		error_hint(err, "nothing was restored; `holdfast list` shows other points");
		return HF_E_CORRUPT;
	}
	if (!(*p)->manifest) {
		error_set(err, HF_E_NOT_FOUND, "point %s is %s: it was never published", (*p)->id,
			point_state_name(*p));
		error_hint(err, "`holdfast list` shows the complete ones");
		return HF_E_NOT_FOUND;
	}
	return HF_OK;
}

/* What --at or "latest" chose must be plain before anything happens: also that a newer one was passed over. */
static void say_choice(const struct catalogue *c, const struct point *p)
{
	autofree char *age = point_age(p);

	log_notice("point %s, begun %s", p->id, age);
	for (const struct point *q = p + 1; q < c->v + c->n; q++)
		if (q->state == POINT_DAMAGED)
			log_warn("the newer point %s is damaged and passed over: %s", q->id,
				q->error.message);
	if (p->found_damaged)
		log_warn("a verification found damage in this point");
}

static int run(struct args *args)
{
	struct target t = {0};
	struct restore r = {.force = args_flag(args, "force"), .dry_run = args_flag(args, "dry-run")};
	struct error err = {0};
	struct point *p = NULL;
	int32_t status = target_open(args, true, &t, &err);

	if (status == HF_OK)
		status = pick_point(args, &t, &p, &err);
	if (status == HF_OK)
		status = restore_plan(args, &t, p, &r, &err);
	if (status == HF_OK) {
		say_choice(t.catalogue, p);
		r.sink = t.outlet->sink;
		r.point = p;
		r.lanes = t.job->parallel;
		status = restore_run(&r, &err);
		/* what a driver refuses or does not find leaves the target as it was */
		if (status != HF_OK && r.touched && status != HF_E_EXISTS && status != HF_E_NOT_FOUND)
			log_warn("the restore has not ended well: what is in the target is not whole");
		if (status == HF_OK && r.dry_run)
			print_plan(&r);
		else if (status == HF_OK)
			print_result(&t, p, &r);
		if (status == HF_OK)
			out_event("result", result_json(&t, p, &r));
		for (size_t i = 0; i < r.mismatches.n; i++)
			log_warn("%s", r.mismatches.v[i]);
	}
	restore_plan_close(&r);
	restore_free(&r);
	return target_finish(&t, &err);
}

static const struct option_spec options[] = {
	{"at", true, "TIME  the newest point begun at or before TIME (\"2026-01-16 02:00\", \"26h ago\")"},
	{"source", true, "NAME  only this source (may be repeated)"},
	{"only", true, "SUBJECT  only this path, table, document ([SOURCE:]SUBJECT, may be repeated)"},
	{"into", true, "TARGET  where to ([SOURCE:]TARGET); else to where it was"},
	{"set", true, "KEY=VALUE  an option of the source's driver ([SOURCE:]KEY=VALUE)"},
	{"dry-run", false, "say what would be restored; change nothing"},
	{"force", false, "what is in the way may be replaced"},
	TARGET_OPTIONS, {NULL, false, NULL}};

const struct command command_restore = {
	.name = "restore",
	.synopsis = "JOB [POINT|latest]",
	.summary = "put a point back, whole or in part",
	.examples = "  holdfast restore scheduleright --into /tmp/look --dry-run\n"
		    "  holdfast restore scheduleright --at '2026-01-16 02:00' --source config --into /tmp/look\n"
		    "  holdfast restore scheduleright --only config:/srv/scheduleright/.env --into config:/tmp/look\n"
		    "  holdfast restore --sink files:path=/var/backups/holdfast --job scheduleright --into /tmp/look\n"
		    "Options of a driver's own (holdfast plugins NAME) are given as --NAME VALUE.\n",
	.options = options,
	.min_words = 1,
	.max_words = 2,
	.extra_options = true,
	.run = run,
};
