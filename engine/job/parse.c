/* SPDX-License-Identifier: MIT
 * From INI text to a job: sections are collected first, then checked and put in their place. */
#include "config.h"

#include <string.h>

#include "engine/job/expand.h"
#include "engine/job/ini.h"
#include "engine/job/parse.h"
#include "engine/util/nearest.h"

#define SECTIONS_MAX 256
#define SETTINGS_MAX 20000 /* in one section */
#define NAMES_LISTED 20

static const char *const kinds[] = { "job", "source", "compressor", "sink", "post" };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct collected {
	struct job *job;
	struct sections raw;
};

int32_t job_located(const char *file, unsigned line, struct error *err)
{
	if (line)
		error_prefix(err, "%s:%u", file, line);
	else
		error_prefix(err, "%s", file);
	return err ? err->status : HF_E_CONFIG;
}

void hint_names(struct error *err, const char *word, const char *const *names, size_t n,
	const char *what)
{
	const char *near = nearest(word, names, n);
	struct buf list = { 0 };

	if (near) {
		error_hint(err, "did you mean \"%s\"?", near);
		return;
	}
	for (size_t i = 0; i < n && i < NAMES_LISTED; i++)
		buf_addf(&list, "%s%s", i ? ", " : "", names[i]);
	if (n > NAMES_LISTED)
		buf_adds(&list, ", ...");
	if (n)
		error_hint(err, "%s: %s", what, list.data);
	buf_free(&list);
}

static bool section_name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name != '_' && *name != '-' && strlen(name) == strspn(name, letters);
}

static int32_t on_section(void *arg, const char *kind, const char *name, unsigned line,
	struct error *err)
{
	struct collected *c = arg;
	struct section *s;
	size_t k = 0;

	while (k < KINDS && strcmp(kinds[k], kind) != 0)
		k++;
	if (k == KINDS) {
		error_set(err, HF_E_CONFIG, "there is no section [%s]", kind);
		hint_names(err, kind, kinds, KINDS, "the sections are");
		return HF_E_CONFIG;
	}
	if (k == 0 && *name)
		return error_set(err, HF_E_CONFIG, "[job] takes no name; write name = %s below it",
				 name);
	if (!section_name_ok(name)) {
		error_set(err, HF_E_CONFIG, "\"%s\" cannot be the name of a section", name);
		error_hint(err, "use a-z, 0-9, _ and -, with a letter or a digit first");
		return HF_E_CONFIG;
	}
	name = *name ? name : kind;
	for (size_t i = 0; i < c->raw.n; i++) {
		s = &c->raw.v[i];
		if (s->kind != kinds[k] || strcmp(s->name, name) != 0)
			continue;
		error_set(err, HF_E_CONFIG, "there is a [%s%s%s] already, on line %u", kind,
			  strcmp(name, kind) ? " " : "", strcmp(name, kind) ? name : "", s->line);
		if (k == 1 || k >= 3)
			error_hint(err, "give each %s a name of its own: [%s NAME]", kind, kind);
		return HF_E_CONFIG;
	}
	if (c->raw.n == SECTIONS_MAX)
		return error_set(err, HF_E_CONFIG, "there are more than %d sections",
				 SECTIONS_MAX);
	s = sections_add(&c->raw);
	s->kind = kinds[k];
	s->name = xstrdup(name);
	s->line = line;
	s->required = true;
	return HF_OK;
}

static int32_t on_pair(void *arg, const char *key, const char *value, unsigned line,
	struct error *err)
{
	struct collected *c = arg;
	struct section *s = &c->raw.v[c->raw.n - 1];
	struct setting setting = { .line = line };

	if (s->n == SETTINGS_MAX)
		return error_set(err, HF_E_CONFIG, "the section has more than %d lines",
				 SETTINGS_MAX);
	if (expand(value, &setting.value, &setting.expanded, err) != HF_OK) {
		error_prefix(err, "%s", key);
		return HF_E_CONFIG;
	}
	setting.key = xstrdup(key);
	section_add_setting(s, setting);
	return HF_OK;
}

static void move_to(struct sections *list, struct section *s)
{
	*sections_add(list) = *s;
	*s = (struct section){ 0 };
}

static int32_t put_in_place(struct job *job, struct section *s, struct error *err)
{
	if (strcmp(s->kind, "job") == 0)
		return keys_take_job(job, s, err);
	if (keys_take(job, s, err) != HF_OK)
		return HF_E_CONFIG;
	if (strcmp(s->kind, "source") == 0) {
		move_to(&job->sources, s);
	} else if (strcmp(s->kind, "sink") == 0) {
		move_to(&job->sinks, s);
	} else if (strcmp(s->kind, "post") == 0) {
		move_to(&job->posts, s);
	} else if (job->compressor) {
		error_set(err, HF_E_CONFIG, "there is a [compressor] already, on line %u; a job "
			  "has one at most", job->compressor->line);
		return job_located(job->file, s->line, err);
	} else {
		job->compressor = xcalloc(1, sizeof(*job->compressor));
		*job->compressor = *s;
		*s = (struct section){ 0 };
	}
	return HF_OK;
}

/* `sink = NAME` of a post stage names one of the job's sinks. */
static int32_t check_posts(const struct job *job, struct error *err)
{
	for (size_t i = 0; i < job->posts.n; i++) {
		const struct section *s = &job->posts.v[i];

		for (size_t k = 0; k < s->sinks.n; k++) {
			struct strv names = { 0 };

			if (sections_find(&job->sinks, s->sinks.v[k]))
				continue;
			for (size_t j = 0; j < job->sinks.n; j++)
				strv_add(&names, job->sinks.v[j].name);
			error_set(err, HF_E_CONFIG, "[post %s]: there is no sink \"%s\"", s->name,
				  s->sinks.v[k]);
			hint_names(err, s->sinks.v[k], (const char *const *)names.v, names.n,
				   "the job's sinks are");
			strv_free(&names);
			return job_located(job->file, s->line, err);
		}
	}
	return HF_OK;
}

static int32_t check_whole(struct job *job, struct error *err)
{
	const char *base = strrchr(job->file, '/');
	size_t n;

	base = base ? base + 1 : job->file;
	n = strlen(base);
	if (!job->name) {
		if (n > 4 && strcmp(base + n - 4, ".ini") == 0)
			n -= 4;
		job->name = xstrndup(base, n);
	}
	if (!job_name_ok(job->name)) {
		error_set(err, HF_E_CONFIG, "%s: \"%s\" cannot be the job's name", job->file,
			  job->name);
		error_hint(err, "add name = ... to [job]: a-z, 0-9, ., _ and -, 64 at most");
		return HF_E_CONFIG;
	}
	if (!job->sources.n || !job->sinks.n) {
		const char *kind = job->sources.n ? "sink" : "source";

		error_set(err, HF_E_CONFIG, "%s: the job has no [%s]", job->file, kind);
		error_hint(err, "add a [%s] with plugin = ...", kind);
		return HF_E_CONFIG;
	}
	return check_posts(job, err);
}

int32_t job_parse_memory(const struct job_origin *from, const char *data, size_t n,
	struct job **out, struct error *err)
{
	static const struct ini_events events = { .section = on_section, .pair = on_pair };
	struct collected c = { .job = job_new(from->file, from->folder) };
	int32_t status;

	c.job->shared_file = from->shared;
	status = ini_text_read(c.job->file, data, n, &events, &c, err);
	for (size_t i = 0; i < c.raw.n && status == HF_OK; i++)
		status = put_in_place(c.job, &c.raw.v[i], err);
	if (status == HF_OK)
		status = check_whole(c.job, err);
	for (size_t i = 0; i < c.raw.n; i++)
		section_clear(&c.raw.v[i]);
	free(c.raw.v);
	if (status != HF_OK) {
		job_free(c.job);
		return status;
	}
	*out = c.job;
	return HF_OK;
}
