/* SPDX-License-Identifier: MIT
 * Any bytes as a job file, the values then against a table with one option of every kind. What is
 * wrong must be refused with a message; what is taken must keep its promises. */
#include "config.h"

#include <string.h>

#include "engine/job/options.h"
#include "engine/job/parse.h"
#include "engine/util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const hf_option table[] = {
	{ .name = "host", .type = HF_OPT_STRING, .default_value = "localhost", .help = "h" },
	{ .name = "port", .type = HF_OPT_INT, .min = 1, .max = 65535, .help = "h" },
	{ .name = "chunk", .type = HF_OPT_SIZE, .min = 1024, .max = INT64_MAX, .help = "h" },
	{ .name = "wait", .type = HF_OPT_DURATION, .help = "h" },
	{ .name = "fast", .type = HF_OPT_BOOL, .help = "h" },
	{ .name = "mode", .type = HF_OPT_CHOICE, .choices = "auto|full|none", .help = "h" },
	{ .name = "sample", .type = HF_OPT_PERCENT, .max = 1000000, .help = "h" },
	{ .name = "path", .type = HF_OPT_PATH, .flags = HF_OPT_LIST, .help = "h" },
	{ .name = "header", .type = HF_OPT_STRING, .flags = HF_OPT_KEYED, .help = "h" },
	{ .name = "pin", .type = HF_OPT_INT, .flags = HF_OPT_SECRET, .help = "h" },
	{ 0 },
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* A message can be put on a terminal as it is. */
static void check_error(const struct error *err, int32_t status)
{
	autofree char *clean = NULL;

	must(err->status == status && err->message && *err->message);
	clean = printable(err->message);
	must(strcmp(clean, err->message) == 0);
}

/* The fuzzer must not read files of this machine: NAME_file is left out. */
static bool reads_files(const struct section *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (strstr(s->settings[i].key, "_file"))
			return true;
	return false;
}

static void check_values(const hf_options *o)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct option_value *v = &o->v[i];

		must(v->text != NULL);
		if (v->option->type == HF_OPT_PATH)
			must(*v->text == '/');
		if (v->option->min || v->option->max)
			must(v->number >= v->option->min && v->number <= v->option->max);
		must((v->key != NULL) == !!(v->option->flags & HF_OPT_KEYED));
	}
	for (const hf_option *p = table; p->name; p++) {
		uint64_t n = options_count(o, p->name);

		must(n <= 1 || (p->flags & (HF_OPT_LIST | HF_OPT_KEYED)));
		must(n == 0 || options_text(o, p->name, n - 1));
		must(!options_text(o, p->name, n));
	}
	must(o->unknown.n == 0);
}

static void check_sections(const struct job *job, const struct sections *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct section *s = &list->v[i];
		struct error err = { 0 };
		hf_options *o = NULL;
		int32_t status;

		must(s->plugin && driver_name_ok(s->plugin) && s->line > 0);
		must(sections_find(list, s->name) == s);
		if (reads_files(s))
			continue;
		status = options_resolve(table, job, s, "driver", &o, &err);
		if (status == HF_OK)
			check_values(o);
		else
			check_error(&err, status);
		options_free(o);
		error_clear(&err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct job_origin from = {
		.file = "fuzz.ini", .folder = "/nonexistent", .shared = size % 2,
	};
	struct error err = { 0 };
	struct job *job = NULL;
	int32_t status = job_parse_memory(&from, (const char *)data, size, &job, &err);

	if (status == HF_OK) {
		must(job_name_ok(job->name) && job->sources.n && job->sinks.n);
		must(job->parallel >= 1 && job->parallel <= 64 && job->litter_after_ns > 0);
		must(utf8_valid((const char *)data, size));
		check_sections(job, &job->sources);
		check_sections(job, &job->sinks);
		check_sections(job, &job->posts);
	} else {
		must(!job && status == HF_E_CONFIG);
		check_error(&err, status);
	}
	job_free(job);
	error_clear(&err);
	return 0;
}
