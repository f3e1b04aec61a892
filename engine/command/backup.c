/* SPDX-License-Identifier: MIT
 * holdfast backup: one run of a job. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/pipeline/backup.h"
#include "engine/report/out.h"
#include "engine/util/cancel.h"
#include "engine/util/log.h"
#include "engine/util/units.h"

static uint64_t count_warnings(const struct manifest *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->nentries; i++)
		n += m->entries[i].warnings.n;
	for (size_t i = 0; i < m->nsources; i++)
		n += m->sources[i].warnings.n;
	return n;
}

static void print_dry_run(const struct job *job, const struct manifest *m)
{
	json_object *o = json_object_new_object(), *entries = json_object_new_array();
	char size[16];

	format_bytes(m->plain_size, size, sizeof size);
	out_text("dry run: job %s would write %zu entries", job->name, m->nentries);
	out_text(m->plain_size ? ", at least %s:\n" : ":\n", size);
	for (size_t i = 0; i < m->nentries; i++) {
		autofree char *path = printable(m->entries[i].path);
		json_object *e = json_object_new_object();

		out_text("  %s: %s\n", m->entries[i].source, path);
		out_add_string(e, "source", m->entries[i].source);
		out_add_string(e, "path", m->entries[i].path);
		out_add_string(e, "subject", m->entries[i].subject);
		json_object_array_add(entries, e);
	}
	out_add(o, "dry_run", json_object_new_boolean(true));
	out_add_string(o, "job", job->name);
	out_add(o, "entries", entries);
	out_event("result", o);
}

static size_t failed_stages(const struct backup_result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nstages; i++)
		n += r->stages[i].error.status != HF_OK || r->stages[i].skipped;
	return n;
}

static void print_stages(const struct backup_result *r)
{
	for (size_t i = 0; i < r->nstages; i++) {
		const struct stage_result *s = &r->stages[i];

		if (s->error.status != HF_OK) {
			log_warn("the stage \"%s\" failed in sink %s:", s->stage, s->sink);
			log_error(&s->error);
		} else if (s->skipped) {
			log_warn("the stage \"%s\" was not run in sink %s, because one before it failed",
				s->stage, s->sink);
		}
	}
}

static void print_result(const struct job *job, const struct backup_result *r)
{
	const struct manifest *m = r->manifest;
	json_object *o = json_object_new_object();
	char plain[16], stored[16], took[24];
	uint64_t warnings = count_warnings(m);
	size_t failed = failed_stages(r);

	format_bytes(m->plain_size, plain, sizeof plain);
	format_bytes(m->stored_size, stored, sizeof stored);
	format_duration(r->wall_ns, took, sizeof took);
	out_note("job %s: point %s published in %zu sink%s: %zu entr%s, %s, stored %s, in %s\n",
		job->name, r->id, r->published, r->published == 1 ? "" : "s", m->nentries,
		m->nentries == 1 ? "y" : "ies", plain, stored, took);
	if (warnings)
		out_note("%llu warning%s, kept with the point (holdfast show)\n",
			(unsigned long long)warnings, warnings == 1 ? "" : "s");
	print_stages(r);
	out_add_string(o, "job", job->name);
	out_add_string(o, "point", r->id);
	out_add_uint(o, "published", r->published);
	out_add_uint(o, "entries", m->nentries);
	out_add_uint(o, "plain_size", m->plain_size);
	out_add_uint(o, "stored_size", m->stored_size);
	out_add_uint(o, "warnings", warnings);
	out_add_uint(o, "failed_stages", failed);
	out_add_seconds(o, "seconds", r->wall_ns);
	out_event("result", o);
}

/* The point stands; what came after it may not have gone well. */
static int published_code(const struct backup_result *r)
{
	if (failed_stages(r) == 0)
		return EXIT_DONE;
	return cancel_signal() ? 128 + cancel_signal() : EXIT_PARTIAL;
}

static int run(struct args *args)
{
	struct backup_result result = {0};
	struct opened *opened = NULL;
	struct job *job = NULL;
	struct error err = {0};
	bool dry = args_flag(args, "dry-run");
	int32_t status = job_load(args_word(args, 0), &job, &err);
	int code;

	if (status == HF_OK)
		status = job_open(job, dry ? OPEN_SOURCES | OPEN_COMPRESSOR : OPEN_ALL, &opened, &err);
	if (status == HF_OK)
		status = dry ? backup_dry_run(opened, &result, &err)
			     : backup_run(opened, &result, &err);
	if (status == HF_OK && dry)
		print_dry_run(job, result.manifest);
	else if (status == HF_OK)
		print_result(job, &result);
	else if (status != HF_E_CONFIG && !result.locked)
		log_warn("job %s: the backup failed; nothing was published and nothing was expired",
			job ? job->name : "");
	if (status == HF_OK)
		code = dry ? EXIT_DONE : published_code(&result);
	else if (result.locked)
		code = finish_error_as(&err, EXIT_LOCKED);
	else
		code = finish_error_as(&err, status == HF_E_CONFIG ? EXIT_USAGE : EXIT_FAILED);
	backup_result_free(&result);
	job_close(opened);
	job_free(job);
	return code;
}

static const struct option_spec options[] = {
	{"dry-run", false, "list what would be backed up; write nothing"}, {NULL, false, NULL}};

const struct command command_backup = {
	.name = "backup",
	.synopsis = "JOB",
	.summary = "back up all sources of a job as one recovery point",
	.examples = "  holdfast backup scheduleright\n"
		    "  holdfast backup /etc/holdfast/jobs/scheduleright.ini --dry-run\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
