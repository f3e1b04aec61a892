/* SPDX-License-Identifier: MIT
 * A section's settings, or the command line's, checked against a driver's table. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "engine/job/option_table.h"
#include "engine/job/parse.h"
#include "engine/job/secrets.h"

/* What is being checked, and how to speak of it. */
struct resolving {
	const hf_option *table;
	const struct section *section;
	const char *file;   /* NULL: the command line */
	const char *folder;
	const char *what;
	bool shared;        /* a secret written here can be read by others */
	struct error *err;
	hf_options *out;
};

/* One setting and the option it means. */
struct match {
	const hf_option *option;
	const char *key; /* HF_OPT_KEYED */
	bool from_file;  /* NAME_file */
};

/* "file:line: source main (mysql): " before the message. */
static int32_t located(const struct resolving *r, unsigned line)
{
	if (!r->err)
		return HF_E_CONFIG;
	error_prefix(r->err, "%s", r->what);
	if (r->file)
		(void)job_located(r->file, line, r->err);
	return r->err->status;
}

/* How a person writes the name: `keep_last`, or `--keep-last` on the command line. */
static char *spelt(const struct resolving *r, const char *name)
{
	char *text = r->file ? xstrdup(name) : xasprintf("--%s", name);

	for (char *p = text; !r->file && *p && *p != '.'; p++)
		if (*p == '_')
			*p = '-';
	return text;
}

static int32_t fail_unknown(const struct resolving *r, const struct setting *t)
{
	autofree char *clean = printable(t->key);
	autofree char *shown = spelt(r, clean);
	autofree char *word = xstrndup(t->key, strcspn(t->key, "."));
	struct strv names = { 0 };
	const char *const *ours;

	for (const hf_option *o = r->table; o && o->name; o++) {
		strv_take(&names, spelt(r, o->name));
		if (o->flags & HF_OPT_SECRET) {
			autofree char *file = xasprintf("%s_file", o->name);

			strv_take(&names, spelt(r, file));
		}
	}
	for (size_t n = r->file ? keys_of_kind(r->section->kind, &ours) : 0; n-- > 0;)
		strv_add(&names, ours[n]);
	error_set(r->err, HF_E_CONFIG, r->file ? "there is no key \"%s\"" :
		  "there is no option %s", shown);
	hint_names(r->err, r->file ? word : shown, (const char *const *)names.v, names.n,
		   r->file ? "the keys are" : "the options are");
	strv_free(&names);
	return located(r, t->line);
}

static bool match(const struct resolving *r, const char *name, struct match *m)
{
	size_t n = strcspn(name, ".");

	*m = (struct match){ .key = name[n] ? name + n + 1 : NULL };
	m->option = option_find(r->table, name, n);
	if (!m->option && n > 5 && memcmp(name + n - 5, "_file", 5) == 0) {
		m->option = option_find(r->table, name, n - 5);
		m->from_file = true;
		if (m->option && !(m->option->flags & HF_OPT_SECRET))
			m->option = NULL;
	}
	return m->option && (!m->key || (m->option->flags & HF_OPT_KEYED));
}

/* A secret as it stands in a file or on a command line that others can read. */
static int32_t refuse_open_secret(const struct resolving *r, const struct setting *t)
{
	autofree char *file = xasprintf("%s_file", t->key);
	autofree char *shown = spelt(r, file);

	if (!r->file || t->line == 0) {
		error_set(r->err, HF_E_CONFIG, "a secret on the command line can be read by "
			  "everybody on this machine");
		if (r->file)
			error_hint(r->err, "use %s=PATH or '%s=${VARIABLE}'", shown, t->key);
		else
			error_hint(r->err, "use %s PATH", shown);
		return HF_E_CONFIG;
	}
	error_set(r->err, HF_E_CONFIG, "the secret stands in a job file that others can read");
	error_hint(r->err, "chmod 600 %s, or use %s = PATH or %s = ${VARIABLE}", r->file, shown,
		   t->key);
	return HF_E_CONFIG;
}

static int32_t read_value(const struct resolving *r, const struct setting *t,
	const struct match *m, struct option_value *v)
{
	autofree char *path = NULL;
	char *secret = NULL;
	int32_t status;

	if (!m->from_file) {
		if ((m->option->flags & HF_OPT_SECRET) && r->shared && !t->expanded && *t->value)
			return refuse_open_secret(r, t);
		return option_read(m->option, r->folder, t->value, v, r->err);
	}
	if (!*t->value)
		return error_set(r->err, HF_E_CONFIG, "the path is empty");
	path = option_path(r->folder, t->value);
	status = secret_read(path, &secret, r->err);
	if (status != HF_OK)
		return status;
	status = option_read(m->option, r->folder, secret, v, r->err);
	explicit_bzero(secret, strlen(secret));
	free(secret);
	return status;
}

static struct option_value *add(hf_options *o)
{
	o->v = xreallocn(o->v, o->n + 1, sizeof(*o->v));
	o->v[o->n] = (struct option_value){ 0 };
	return &o->v[o->n++];
}

static int32_t take_setting(const struct resolving *r, const struct setting *t,
	const struct match *m)
{
	autofree char *shown = spelt(r, t->key);
	struct option_value *v;
	int32_t status = HF_OK;

	if ((m->option->flags & HF_OPT_KEYED) && (!m->key || !*m->key)) {
		status = error_set(r->err, HF_E_CONFIG, "it needs a key of its own: write %s.KEY",
				   m->option->name);
	} else {
		v = add(r->out);
		v->option = m->option;
		v->key = m->key ? xstrdup(m->key) : NULL;
		status = read_value(r, t, m, v);
	}
	if (status == HF_OK)
		return HF_OK;
	if (r->err)
		error_prefix(r->err, "%s", shown);
	return located(r, t->line);
}

/* An option that is no list was given before, under the same KEY. */
static int32_t check_once(const struct resolving *r, const struct match *m, size_t i)
{
	const struct setting *t = r->section->settings;
	autofree char *shown = spelt(r, t[i].key);

	if (m[i].option->flags & HF_OPT_LIST)
		return HF_OK;
	for (size_t k = 0; k < i; k++) {
		if (m[k].option != m[i].option ||
		    (m[i].key && m[k].key && strcmp(m[k].key, m[i].key) != 0))
			continue;
		if (r->file && t[k].line)
			error_set(r->err, HF_E_CONFIG, "%s: it is given already, by \"%s\" on "
				  "line %u", shown, t[k].key, t[k].line);
		else
			error_set(r->err, HF_E_CONFIG, "%s: it is given twice", shown);
		return located(r, t[i].line);
	}
	return HF_OK;
}

/* The values of one option, or its default. */
static int32_t take_option(const struct resolving *r, const hf_option *o, const struct match *m)
{
	size_t before = r->out->n;
	struct option_value *v;
	autofree char *shown = spelt(r, o->name);

	for (size_t i = 0; i < r->section->n; i++) {
		if (m[i].option != o)
			continue;
		if (check_once(r, m, i) != HF_OK ||
		    take_setting(r, &r->section->settings[i], &m[i]) != HF_OK)
			return HF_E_CONFIG;
	}
	if (r->out->n > before)
		return HF_OK;
	if (o->default_value) {
		v = add(r->out);
		v->option = o;
		if (option_read(o, r->folder, o->default_value, v, r->err) == HF_OK)
			return HF_OK;
		if (r->err)
			error_prefix(r->err, "the default of %s", shown);
		return located(r, r->section->line);
	}
	if (!(o->flags & HF_OPT_REQUIRED) || r->section->restoring)
		return HF_OK;
	error_set(r->err, HF_E_CONFIG, "%s is missing", shown);
	error_hint(r->err, "%s%s: %s", shown, o->flags & HF_OPT_KEYED ? ".KEY" :
		   o->flags & HF_OPT_SECRET ? " (or _file)" : "", o->help ? o->help : "");
	return located(r, r->section->line);
}

static int32_t resolve(struct resolving *r, hf_options **out)
{
	struct match *m = xcalloc(r->section->n, sizeof(*m));
	int32_t status = HF_OK;

	r->out = xcalloc(1, sizeof(*r->out));
	r->out->table = r->table;
	for (size_t i = 0; i < r->section->n && status == HF_OK; i++)
		if (!match(r, r->section->settings[i].key, &m[i]))
			status = fail_unknown(r, &r->section->settings[i]);
	for (const hf_option *o = r->table; o && o->name && status == HF_OK; o++)
		status = take_option(r, o, m);
	free(m);
	if (status != HF_OK) {
		options_free(r->out);
		return status;
	}
	*out = r->out;
	return HF_OK;
}

int32_t options_resolve(const hf_option *table, const struct job *job,
	const struct section *section, const char *what, hf_options **out, struct error *err)
{
	struct resolving r = {
		.table = table, .section = section, .file = job->file, .folder = job->folder,
		.what = what, .shared = job->shared_file, .err = err,
	};

	return resolve(&r, out);
}

int32_t options_resolve_args(const hf_option *table, const struct strv *names,
	const struct strv *values, const char *what, hf_options **out, struct error *err)
{
	autofree char *folder = realpath(".", NULL);
	struct section section = { .kind = "restore" };
	struct resolving r = {
		.table = table, .section = &section, .folder = folder, .what = what,
		.shared = true, .err = err,
	};
	int32_t status;

	if (!folder)
		return error_set(err, HF_E_CONFIG, "cannot find the working directory: %s",
				 strerror(errno));
	for (size_t i = 0; i < names->n && i < values->n; i++) {
		struct setting t = {
			.key = xstrdup(names->v[i]), .value = xstrdup(values->v[i]),
		};

		for (char *p = t.key; *p && *p != '.'; p++)
			if (*p == '-')
				*p = '_';
		section_add_setting(&section, t);
	}
	status = resolve(&r, out);
	section_clear(&section);
	return status;
}
