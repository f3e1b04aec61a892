/* SPDX-License-Identifier: MIT
 * A job made of --sink DRIVER:key=value,... where there is no job file. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "engine/job/expand.h"
#include "engine/job/parse.h"

#define FORM "write DRIVER:key=value,key=value, as in files:path=/var/backups/holdfast"

/* One key=value up to a comma that stands alone; moves *p behind it. */
static int32_t pair_text(const char **p, struct buf *key, struct buf *value, struct error *err)
{
	struct buf *to = key;

	for (; **p && **p != ','; (*p)++) {
		if (**p == '=' && to == key) {
			to = value;
			continue;
		}
		if (**p == '\\') {
			(*p)++;
			if (**p != ',' && **p != '\\') {
				error_set(err, HF_E_CONFIG, "a backslash stands before nothing "
					  "but a comma or a backslash");
				error_hint(err, "write \\\\ for a backslash and \\, for a comma");
				return HF_E_CONFIG;
			}
		}
		buf_addc(to, **p);
	}
	if (to == key || !key->len) {
		error_set(err, HF_E_CONFIG, "expected key=value between the commas");
		error_hint(err, FORM);
		return HF_E_CONFIG;
	}
	return HF_OK;
}

static int32_t check_key(const char *key, struct error *err)
{
	static const char *const ours[] = { "plugin", "required", "incremental", "sink" };
	autofree char *clean = printable(key);

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(key, ours[i]) == 0)
			return error_set(err, HF_E_CONFIG, "\"%s\" has no place here", key);
	if (strcmp(clean, key) != 0)
		return error_set(err, HF_E_CONFIG, "\"%s\" is not a key", clean);
	return HF_OK;
}

static int32_t add_pair(const char **p, struct section *s, struct error *err)
{
	struct buf key = { 0 }, value = { 0 };
	struct setting setting = { .line = 0 };
	autofree char *text = NULL;
	int32_t status = pair_text(p, &key, &value, err);

	setting.key = buf_take(&key);
	text = buf_take(&value);
	if (status == HF_OK)
		status = check_key(setting.key, err);
	if (status == HF_OK) {
		status = expand(text, &setting.value, &setting.expanded, err);
		if (status != HF_OK)
			error_prefix(err, "%s", setting.key);
	}
	if (status == HF_OK)
		section_add_setting(s, setting);
	else
		free(setting.key);
	return status;
}

static int32_t read_spec(const char *spec, struct section *s, struct error *err)
{
	const char *p = spec + strcspn(spec, ":");
	autofree char *clean = NULL;

	s->plugin = xstrndup(spec, (size_t)(p - spec));
	clean = printable(s->plugin);
	if (!driver_name_ok(s->plugin)) {
		error_set(err, HF_E_CONFIG, "\"%s\" is not the name of a driver", clean);
		error_hint(err, FORM);
		return HF_E_CONFIG;
	}
	if (!*p || !p[1])
		return HF_OK;
	do {
		p++;
		if (add_pair(&p, s, err) != HF_OK)
			return HF_E_CONFIG;
	} while (*p);
	return HF_OK;
}

int32_t job_from_spec(const char *sink_spec, const char *job_name, struct job **out,
	struct error *err)
{
	autofree char *folder = realpath(".", NULL);
	struct section *s;
	struct job *job;

	if (!folder)
		return error_set(err, HF_E_CONFIG, "cannot find the working directory: %s",
				 strerror(errno));
	if (job_name && !job_name_ok(job_name)) {
		autofree char *clean = printable(job_name);

		return error_set(err, HF_E_CONFIG, "--job: \"%s\" cannot be a job's name", clean);
	}
	job = job_new("--sink", folder);
	job->shared_file = true;
	job->name = job_name ? xstrdup(job_name) : NULL;
	s = sections_add(&job->sinks);
	s->kind = "sink";
	s->name = xstrdup("sink");
	s->required = true;
	if (read_spec(sink_spec, s, err) != HF_OK) {
		error_prefix(err, "--sink");
		job_free(job);
		return HF_E_CONFIG;
	}
	*out = job;
	return HF_OK;
}
