/* SPDX-License-Identifier: MIT
 * From the command line to a restore. */
#include "config.h"

#include <string.h>

#include "engine/command/restore_plan.h"
#include "engine/util/nearest.h"

/* --- "SOURCE:REST" --- */

static const struct manifest_source *prefix_source(const struct manifest *m, const char *text,
	const char **rest)
{
	for (size_t i = 0; i < m->nsources; i++) {
		size_t n = strlen(m->sources[i].name);

		if (strncmp(text, m->sources[i].name, n) == 0 && text[n] == ':') {
			*rest = text + n + 1;
			return &m->sources[i];
		}
	}
	*rest = text;
	return NULL;
}

static struct restore_source *chosen(struct restore *r, const struct manifest_source *info)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->sources[i].info == info)
			return &r->sources[i];
	return NULL;
}

static bool named_in(const struct manifest *m, const struct strv *list,
	const struct manifest_source *info)
{
	const char *rest;

	for (size_t i = 0; i < list->n; i++)
		if (prefix_source(m, list->v[i], &rest) == info)
			return true;
	return false;
}

/* --- which sources --- */

static int32_t no_source(const struct manifest *m, const char *name, struct error *err)
{
	const char **names = xcalloc(m->nsources + 1, sizeof *names);

	for (size_t i = 0; i < m->nsources; i++)
		names[i] = m->sources[i].name;
	const char *near = nearest(name, names, m->nsources);
	error_set(err, HF_E_NOT_FOUND, "point %s has no source \"%s\"", m->id, name);
	if (near)
		error_hint(err, "did you mean \"%s\"?", near);
	else
		error_hint(err, "`holdfast show` lists its sources");
	free(names);
	return HF_E_NOT_FOUND;
}

/* --source names them; else those that --only names with a prefix; else all. */
static int32_t choose_sources(const struct args *args, const struct manifest *m, struct restore *r,
	struct error *err)
{
	struct strv names = {0}, only = {0};
	const char *rest;
	bool all_prefixed = true;
	int32_t status = HF_OK;

	args_values(args, "source", &names);
	args_values(args, "only", &only);
	for (size_t i = 0; i < only.n; i++)
		all_prefixed = all_prefixed && prefix_source(m, only.v[i], &rest);
	r->sources = xcalloc(m->nsources + 1, sizeof *r->sources);
	for (size_t i = 0; i < m->nsources; i++) {
		const struct manifest_source *s = &m->sources[i];
		bool wanted = names.n == 0 || strv_has(&names, s->name);

		if (names.n == 0 && only.n > 0 && all_prefixed)
			wanted = named_in(m, &only, s);
		if (wanted)
			r->sources[r->n++].info = s;
	}
	for (size_t i = 0; i < names.n && status == HF_OK; i++)
		if (!manifest_source_find(m, names.v[i]))
			status = no_source(m, names.v[i], err);
	strv_free(&names);
	strv_free(&only);
	return status;
}

/* --- --into and --only --- */

static int32_t assign_into(const struct args *args, const struct manifest *m, struct restore *r,
	struct error *err)
{
	for (size_t i = 0; i < args->names.n; i++) {
		const struct manifest_source *info;
		struct restore_source *s;
		const char *rest;

		if (strcmp(args->names.v[i], "into") != 0)
			continue;
		info = prefix_source(m, args->values.v[i], &rest);
		if (!*rest)
			return error_set(err, HF_E_CONFIG, "--into needs a target");
		if (!info && r->n > 1) {
			error_set(err, HF_E_CONFIG, "--into %s: the point has several sources", rest);
			error_hint(err, "say which: --into %s:%s, or choose one with --source",
				r->sources[0].info->name, rest);
			return HF_E_CONFIG;
		}
		s = info ? chosen(r, info) : &r->sources[0];
		if (!s)
			return error_set(err, HF_E_CONFIG, "--into %s: that source is not being restored",
				args->values.v[i]);
		if (s->into)
			return error_set(err, HF_E_CONFIG, "--into was given twice for source %s",
				s->info->name);
		s->into = rest;
	}
	return HF_OK;
}

static int32_t assign_only(const struct args *args, const struct manifest *m, struct restore *r,
	struct error *err)
{
	for (size_t i = 0; i < args->names.n; i++) {
		const struct manifest_source *info;
		const char *rest;

		if (strcmp(args->names.v[i], "only") != 0)
			continue;
		info = prefix_source(m, args->values.v[i], &rest);
		if (!*rest)
			return error_set(err, HF_E_CONFIG, "--only needs a subject");
		if (info && !chosen(r, info))
			return error_set(err, HF_E_CONFIG, "--only %s: that source is not being restored",
				args->values.v[i]);
		for (size_t k = 0; k < r->n; k++) {
			struct restore_source *s = &r->sources[k];

			if (info && s->info != info)
				continue;
			strv_add(&s->only, rest);
			s->only_shared = s->only_shared || (!info && r->n > 1);
		}
	}
	return HF_OK;
}

/* --- opening the drivers --- */

static void add_setting(struct section *s, const char *key, const char *value, unsigned line)
{
	s->settings = xreallocn(s->settings, s->n + 1, sizeof *s->settings);
	s->settings[s->n++] = (struct setting){.key = xstrdup(key), .value = xstrdup(value),
		.line = line, .expanded = true};
}

/* --set [SOURCE:]KEY=VALUE for this source. */
static int32_t add_set_options(const struct args *args, const struct manifest *m,
	const struct restore_source *rs, struct section *s, struct error *err)
{
	for (size_t i = 0; i < args->names.n; i++) {
		const struct manifest_source *info;
		const char *rest, *equals;

		if (strcmp(args->names.v[i], "set") != 0)
			continue;
		info = prefix_source(m, args->values.v[i], &rest);
		if (info && info != rs->info)
			continue;
		equals = strchr(rest, '=');
		if (!equals || equals == rest)
			return error_set(err, HF_E_CONFIG, "--set %s: say [SOURCE:]KEY=VALUE", rest);
		autofree char *key = xstrndup(rest, (size_t)(equals - rest));
		add_setting(s, key, equals + 1, 0);
	}
	return HF_OK;
}

static bool overridden(const struct section *s, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(s->settings[i].key, key) == 0)
			return true;
	return false;
}

/* Where the job has a source of that name and driver its options are used; --set goes over them. */
static int32_t open_source(const struct args *args, struct target *t, const struct manifest *m,
	struct restore_source *rs, struct error *err)
{
	struct section *from = sections_find(&t->job->sources, rs->info->name);
	struct section s = {.kind = "source", .name = rs->info->name, .restoring = true};
	struct driver *driver;
	int32_t status = driver_find(rs->info->driver, HF_KIND_SOURCE, &driver, err);

	if (status == HF_OK)
		status = add_set_options(args, m, rs, &s, err);
	if (status == HF_OK && from && strcmp(from->plugin, rs->info->driver) == 0) {
		size_t set = s.n;

		s.line = from->line;
		for (size_t i = 0; i < from->n; i++)
			if (!overridden(&s, set, from->settings[i].key)) {
				add_setting(&s, from->settings[i].key, from->settings[i].value,
					from->settings[i].line);
				s.settings[s.n - 1].expanded = from->settings[i].expanded;
			}
	}
	if (status == HF_OK)
		status = instance_open(driver, t->job, &s, &rs->instance, err);
	for (size_t i = 0; i < s.n; i++) {
		free(s.settings[i].key);
		free(s.settings[i].value);
	}
	free(s.settings);
	return status;
}

/* --- options of the drivers' own, --NAME VALUE --- */

static bool takes_option(const hf_option *table, const char *name)
{
	for (; table && table->name; table++) {
		const char *a = table->name, *b = name;

		for (; *a && (*a == *b || (*a == '_' && *b == '-')); a++, b++)
			;
		if (!*a && !*b)
			return true;
	}
	return false;
}

static int32_t resolve_extra(const struct args *args, struct restore *r, struct error *err)
{
	int32_t status = HF_OK;

	for (size_t i = 0; i < args->extra_names.n; i++) {
		bool taken = false;

		for (size_t k = 0; k < r->n; k++)
			taken = taken || takes_option(r->sources[k].instance->driver->source.restore_options,
				args->extra_names.v[i]);
		if (taken)
			continue;
		error_set(err, HF_E_CONFIG, "holdfast restore has no option --%s, and no driver of this point has it",
			args->extra_names.v[i]);
		error_hint(err, "see holdfast restore --help, and holdfast plugins %s",
			r->n ? r->sources[0].instance->driver->d.name : "");
		return HF_E_CONFIG;
	}
	for (size_t k = 0; k < r->n && status == HF_OK; k++) {
		const hf_option *table = r->sources[k].instance->driver->source.restore_options;
		struct strv names = {0}, values = {0};

		for (size_t i = 0; i < args->extra_names.n; i++)
			if (takes_option(table, args->extra_names.v[i])) {
				strv_add(&names, args->extra_names.v[i]);
				strv_add(&values, args->extra_values.v[i]);
			}
		status = options_resolve_args(table, &names, &values, r->sources[k].instance->label,
			&r->sources[k].options, err);
		strv_free(&names);
		strv_free(&values);
	}
	return status;
}

int32_t restore_plan(const struct args *args, struct target *t, const struct point *p,
	struct restore *r, struct error *err)
{
	const struct manifest *m = p->manifest;
	int32_t status = choose_sources(args, m, r, err);

	if (status == HF_OK)
		status = assign_into(args, m, r, err);
	if (status == HF_OK)
		status = assign_only(args, m, r, err);
	for (size_t i = 0; i < r->n && status == HF_OK; i++)
		status = open_source(args, t, m, &r->sources[i], err);
	return status == HF_OK ? resolve_extra(args, r, err) : status;
}

void restore_plan_close(struct restore *r)
{
	for (size_t i = 0; i < r->n; i++)
		instance_close(r->sources[i].instance);
}
