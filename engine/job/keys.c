/* SPDX-License-Identifier: MIT
 * The keys of a job file that are the engine's own: all of [job], and `plugin` and its like in the
 * other sections. */
#include "config.h"

#include <string.h>

#include "engine/job/parse.h"
#include "engine/util/clock.h"
#include "engine/util/units.h"

#define LANES_MAX 64

static const char *const job_keys[] = {
	"name", "description", "rpo", "rto", "parallel", "retry_for", "litter_after", "lock_wait",
};
static const char *const source_keys[] = { "plugin", "incremental" };
static const char *const sink_keys[] = { "plugin", "required" };
static const char *const post_keys[] = { "plugin", "sink" };

size_t keys_of_kind(const char *kind, const char *const **names)
{
	if (strcmp(kind, "job") == 0) {
		*names = job_keys;
		return sizeof(job_keys) / sizeof(job_keys[0]);
	}
	*names = strcmp(kind, "sink") == 0 ? sink_keys :
		strcmp(kind, "post") == 0 ? post_keys : source_keys;
	return strcmp(kind, "compressor") == 0 ? 1 : 2;
}

bool driver_name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name >= 'a' && *name <= 'z' && strlen(name) <= 64 &&
	       strspn(name, letters) == strlen(name);
}

/* The setting of that key before number i, or NULL. */
static const struct setting *earlier(const struct section *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(s->settings[k].key, s->settings[i].key) == 0)
			return &s->settings[k];
	return NULL;
}

static int32_t twice(const struct section *s, size_t i, struct error *err)
{
	const struct setting *first = earlier(s, i);

	if (!first)
		return HF_OK;
	return error_set(err, HF_E_CONFIG, "\"%s\" is given twice, first on line %u",
			 s->settings[i].key, first->line);
}

static int32_t take_lanes(struct job *job, const char *value, struct error *err)
{
	int64_t v;

	if (parse_int(value, &v, err) != HF_OK)
		return HF_E_CONFIG;
	if (v < 1 || v > LANES_MAX)
		return error_set(err, HF_E_CONFIG, "%s is not between 1 and %d", value, LANES_MAX);
	job->parallel = (unsigned)v;
	return HF_OK;
}

static int32_t take_name(struct job *job, const char *value, struct error *err)
{
	autofree char *clean = printable(value);

	if (!job_name_ok(value))
		return error_set(err, HF_E_CONFIG, "\"%s\" cannot be a job's name; use a-z, 0-9, "
				 "., _ and -, 64 at most, a letter or a digit first", clean);
	job->name = xstrdup(value);
	return HF_OK;
}

static int32_t take_job_key(struct job *job, const char *key, const char *value,
	struct error *err)
{
	const struct {
		const char *key;
		int64_t *out;
	} spans[] = {
		{ "rpo", &job->rpo_ns },
		{ "rto", &job->rto_ns },
		{ "retry_for", &job->retry_for_ns },
		{ "litter_after", &job->litter_after_ns },
		{ "lock_wait", &job->lock_wait_ns },
	};

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (strcmp(spans[i].key, key) == 0)
			return parse_duration(value, spans[i].out, err);
	if (strcmp(key, "name") == 0)
		return take_name(job, value, err);
	if (strcmp(key, "parallel") == 0)
		return take_lanes(job, value, err);
	job->description = xstrdup(value);
	return HF_OK;
}

static int32_t check_job_key(const char *key, struct error *err)
{
	size_t n = sizeof(job_keys) / sizeof(job_keys[0]);

	for (size_t i = 0; i < n; i++)
		if (strcmp(job_keys[i], key) == 0)
			return HF_OK;
	error_set(err, HF_E_CONFIG, "there is no key \"%s\" in [job]", key);
	hint_names(err, key, job_keys, n, "the keys of [job] are");
	return HF_E_CONFIG;
}

int32_t keys_take_job(struct job *job, struct section *s, struct error *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct setting *t = &s->settings[i];

		if (check_job_key(t->key, err) != HF_OK || twice(s, i, err) != HF_OK)
			return job_located(job->file, t->line, err);
		if (take_job_key(job, t->key, t->value, err) != HF_OK) {
			error_prefix(err, "%s", t->key);
			return job_located(job->file, t->line, err);
		}
	}
	if (job->litter_after_ns == 0) {
		error_set(err, HF_E_CONFIG, "litter_after: it cannot be 0, or a run on another "
			  "machine would be swept away");
		return job_located(job->file, s->line, err);
	}
	return HF_OK;
}

static int32_t take_bool(const struct setting *t, bool *out, struct error *err)
{
	int64_t v;

	if (parse_bool(t->value, &v, err) != HF_OK) {
		error_prefix(err, "%s", t->key);
		return HF_E_CONFIG;
	}
	*out = v != 0;
	return HF_OK;
}

static int32_t take_plugin(struct section *s, const char *value, struct error *err)
{
	autofree char *clean = printable(value);

	if (!driver_name_ok(value))
		return error_set(err, HF_E_CONFIG, "plugin: \"%s\" is not the name of a driver",
				 clean);
	s->plugin = xstrdup(value);
	return HF_OK;
}

/* Where the engine's keys belong. */
static const struct {
	const char *key, *kind;
} homes[] = {
	{ "required", "sink" },
	{ "incremental", "source" },
	{ "sink", "post" },
};

/* HF_OK: taken; HF_SKIP: the driver's; else an error. */
static int32_t take_key(struct section *s, size_t i, struct error *err)
{
	const struct setting *t = &s->settings[i];
	size_t h = 0;

	if (strcmp(t->key, "plugin") == 0)
		return twice(s, i, err) != HF_OK ? HF_E_CONFIG : take_plugin(s, t->value, err);
	while (h < 3 && strcmp(homes[h].key, t->key) != 0)
		h++;
	if (h == 3)
		return HF_SKIP;
	if (strcmp(homes[h].kind, s->kind) != 0)
		return error_set(err, HF_E_CONFIG, "\"%s\" belongs into a [%s], not into a [%s]",
				 t->key, homes[h].kind, s->kind);
	if (h == 2) {
		if (strv_has(&s->sinks, t->value))
			return error_set(err, HF_E_CONFIG, "sink %s is given twice", t->value);
		strv_add(&s->sinks, t->value);
		return HF_OK;
	}
	if (twice(s, i, err) != HF_OK)
		return HF_E_CONFIG;
	return take_bool(t, h == 0 ? &s->required : &s->incremental, err);
}

int32_t keys_take(const struct job *job, struct section *s, struct error *err)
{
	struct section rest = { 0 };
	bool *ours = xcalloc(s->n, sizeof(*ours));
	int32_t status = HF_OK;
	size_t i;

	for (i = 0; i < s->n && status == HF_OK; i++) {
		status = take_key(s, i, err);
		ours[i] = status == HF_OK;
		if (status == HF_SKIP)
			status = HF_OK;
	}
	if (status != HF_OK) {
		status = job_located(job->file, s->settings[i - 1].line, err);
		goto out;
	}
	if (!s->plugin) {
		error_set(err, HF_E_CONFIG, "the section [%s%s%s] has no plugin", s->kind,
			  strcmp(s->name, s->kind) ? " " : "",
			  strcmp(s->name, s->kind) ? s->name : "");
		error_hint(err, "add plugin = NAME; `holdfast plugins` lists them");
		status = job_located(job->file, s->line, err);
		goto out;
	}
	for (i = 0; i < s->n; i++) {
		if (ours[i]) {
			free(s->settings[i].key);
			free(s->settings[i].value);
		} else {
			section_add_setting(&rest, s->settings[i]);
		}
	}
	free(s->settings);
	s->settings = rest.settings;
	s->n = rest.n;
out:
	free(ours);
	return status;
}
