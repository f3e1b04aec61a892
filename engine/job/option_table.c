/* SPDX-License-Identifier: MIT
 * Is a driver's table of options sane? Asked once, when its plugin is loaded. */
#include "config.h"

#include <string.h>

#include "engine/job/option_table.h"

#define OPTIONS_MAX 1000
#define FLAGS (HF_OPT_REQUIRED | HF_OPT_LIST | HF_OPT_SECRET | HF_OPT_KEYED)

static bool name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	return *name >= 'a' && *name <= 'z' && strlen(name) <= 48 &&
	       strspn(name, letters) == strlen(name);
}

static bool reserved(const char *name)
{
	static const char *const ours[] = { "plugin", "sink", "required", "incremental" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(name, ours[i]) == 0)
			return true;
	return false;
}

static bool is_number(uint32_t type)
{
	return type == HF_OPT_INT || type == HF_OPT_SIZE || type == HF_OPT_DURATION ||
	       type == HF_OPT_PERCENT;
}

/* "a|b|c": no empty one, none twice. */
static bool choices_ok(const char *choices)
{
	autofree char *copy = choices ? xstrdup(choices) : NULL;
	char *rest = copy, *one;
	struct strv seen = { 0 };
	bool ok = choices != NULL;

	while (ok && (one = strsep(&rest, "|"))) {
		ok = *one && !strv_has(&seen, one);
		strv_add(&seen, one);
	}
	strv_free(&seen);
	return ok;
}

static const char *fault(const hf_option *o)
{
	if (reserved(o->name))
		return "has a name that is the host's own";
	if (strcmp(option_type_name(o->type), "unknown") == 0)
		return "has a type this version does not know";
	if (o->flags & ~FLAGS)
		return "has a flag this version does not know";
	if (o->type == HF_OPT_CHOICE && !choices_ok(o->choices))
		return "has no good list of choices";
	if (o->type != HF_OPT_CHOICE && o->choices)
		return "has choices, but is no choice";
	if (!is_number(o->type) && (o->min || o->max))
		return "has limits, but is no number";
	if (o->min > o->max)
		return "has a least value above its greatest";
	if ((o->flags & HF_OPT_REQUIRED) && o->default_value)
		return "must be given and yet has a default";
	if ((o->flags & HF_OPT_KEYED) && o->default_value)
		return "is keyed and yet has a default";
	if (!o->help || !*o->help)
		return "has no help";
	return NULL;
}

/* `password_file` beside a secret `password` could mean two things. */
static const char *clash(const hf_option *table, const hf_option *o)
{
	size_t n = strlen(o->name);

	for (const hf_option *p = table; p < o; p++)
		if (strcmp(p->name, o->name) == 0)
			return "is there twice";
	if (n > 5 && strcmp(o->name + n - 5, "_file") == 0) {
		const hf_option *secret = option_find(table, o->name, n - 5);

		if (secret && (secret->flags & HF_OPT_SECRET))
			return "is taken by the secret of that name without _file";
	}
	return NULL;
}

static int32_t check_default(const hf_option *o, struct error *err)
{
	struct option_value v;

	if (!o->default_value)
		return HF_OK;
	if (option_read(o, "/", o->default_value, &v, err) != HF_OK) {
		error_prefix(err, "the driver's option %s has a wrong default", o->name);
		if (err)
			err->status = HF_E_FAILED;
		return HF_E_FAILED;
	}
	free(v.text);
	return HF_OK;
}

int32_t options_table_check(const hf_option *table, struct error *err)
{
	size_t n = 0;

	for (const hf_option *o = table; o && o->name; o++) {
		const char *wrong;

		if (!name_ok(o->name)) {
			autofree char *clean = printable(o->name);

			return error_set(err, HF_E_FAILED, "the driver's option \"%s\" has a name "
					 "that is not [a-z][a-z0-9_]*, 48 at most", clean);
		}
		wrong = fault(o);
		if (!wrong)
			wrong = clash(table, o);
		if (wrong)
			return error_set(err, HF_E_FAILED, "the driver's option %s %s", o->name,
					 wrong);
		if (++n > OPTIONS_MAX)
			return error_set(err, HF_E_FAILED, "the driver has more than %d options",
					 OPTIONS_MAX);
		if (check_default(o, err) != HF_OK)
			return HF_E_FAILED;
	}
	return HF_OK;
}
