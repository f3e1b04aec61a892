/* SPDX-License-Identifier: MIT
 * A value read by its option's type. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "engine/job/option_table.h"
#include "engine/util/nearest.h"
#include "engine/util/units.h"

const char *option_type_name(uint32_t type)
{
	switch (type) {
	case HF_OPT_STRING:
		return "text";
	case HF_OPT_INT:
		return "integer";
	case HF_OPT_SIZE:
		return "size";
	case HF_OPT_DURATION:
		return "duration";
	case HF_OPT_BOOL:
		return "yes/no";
	case HF_OPT_CHOICE:
		return "choice";
	case HF_OPT_PATH:
		return "path";
	case HF_OPT_PERCENT:
		return "percent";
	default:
		return "unknown";
	}
}

const hf_option *option_find(const hf_option *table, const char *name, size_t n)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == n && memcmp(table->name, name, n) == 0)
			return table;
	return NULL;
}

char *option_path(const char *folder, const char *path)
{
	autofree char *whole = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", folder, path);
	struct buf out = { 0 };
	const char *p = whole;

	while (*p) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		/* `..` stays: what it means depends on symbolic links */
		if (n && !(n == 1 && *p == '.')) {
			buf_addc(&out, '/');
			buf_add(&out, p, n);
		}
		p += n;
	}
	if (!out.len)
		buf_addc(&out, '/');
	return buf_take(&out);
}

static int32_t read_path(const char *folder, const char *text, struct option_value *v,
	struct error *err)
{
	if (!*text)
		return error_set(err, HF_E_CONFIG, "the path is empty");
	if (*text == '~' && (!text[1] || text[1] == '/')) {
		error_set(err, HF_E_CONFIG, "~ is not expanded");
		error_hint(err, "write ${HOME} instead");
		return HF_E_CONFIG;
	}
	v->text = option_path(folder, text);
	return HF_OK;
}

static int32_t read_choice(const char *choices, const char *text, struct option_value *v,
	struct error *err)
{
	autofree char *copy = xstrdup(choices);
	autofree char *clean = printable(text);
	char *rest = copy, *one;
	struct strv names = { 0 };
	const char *near;
	size_t i = 0;

	while ((one = strsep(&rest, "|")))
		strv_add(&names, one);
	while (i < names.n && strcmp(names.v[i], text) != 0)
		i++;
	v->number = (int64_t)i;
	if (i == names.n) {
		near = nearest(text, (const char *const *)names.v, names.n);
		error_set(err, HF_E_CONFIG, "\"%s\" is not one of %s", clean, choices);
		if (near)
			error_hint(err, "did you mean \"%s\"?", near);
	}
	i = i < names.n;
	strv_free(&names);
	return i ? HF_OK : HF_E_CONFIG;
}

static void format_limit(uint32_t type, int64_t n, char *out, size_t size)
{
	if (type == HF_OPT_SIZE && n >= 0)
		format_bytes((uint64_t)n, out, size);
	else if (type == HF_OPT_DURATION)
		format_duration(n, out, size);
	else if (type == HF_OPT_PERCENT)
		snprintf(out, size, "%lld.%04lld%%", (long long)(n / 10000),
			 (long long)(n % 10000 < 0 ? -(n % 10000) : n % 10000));
	else
		snprintf(out, size, "%lld", (long long)n);
}

static int32_t check_limits(const hf_option *o, const char *text, int64_t n, struct error *err)
{
	char low[32], high[32];

	if ((o->min == 0 && o->max == 0) || (n >= o->min && n <= o->max))
		return HF_OK;
	format_limit(o->type, o->min, low, sizeof(low));
	format_limit(o->type, o->max, high, sizeof(high));
	if (n < o->min)
		return error_set(err, HF_E_CONFIG, "%s is too little: at least %s", text, low);
	return error_set(err, HF_E_CONFIG, "%s is too much: at most %s", text, high);
}

static int32_t read_typed(const hf_option *o, const char *folder, const char *text,
	struct option_value *v, struct error *err)
{
	int32_t status;

	switch (o->type) {
	case HF_OPT_STRING:
		return HF_OK;
	case HF_OPT_PATH:
		return read_path(folder, text, v, err);
	case HF_OPT_CHOICE:
		return read_choice(o->choices, text, v, err);
	case HF_OPT_BOOL:
		return parse_bool(text, &v->number, err);
	case HF_OPT_INT:
		status = parse_int(text, &v->number, err);
		break;
	case HF_OPT_SIZE:
		status = parse_size(text, &v->number, err);
		break;
	case HF_OPT_DURATION:
		status = parse_duration(text, &v->number, err);
		break;
	case HF_OPT_PERCENT:
		status = parse_percent(text, &v->number, err);
		break;
	default:
		return error_set(err, HF_E_FAILED, "the driver's option has the unknown type %u",
				 (unsigned)o->type);
	}
	return status == HF_OK ? check_limits(o, text, v->number, err) : status;
}

int32_t option_read(const hf_option *option, const char *folder, const char *text,
	struct option_value *v, struct error *err)
{
	int32_t status;

	v->text = NULL;
	v->number = 0;
	if (!*text && (option->flags & HF_OPT_REQUIRED))
		return error_set(err, HF_E_CONFIG, "the value is empty");
	status = read_typed(option, folder, text, v, err);
	if (status != HF_OK) {
		if (option->flags & HF_OPT_SECRET) {
			error_clear(err);
			error_set(err, status, "the value is not right for the type %s",
				  option_type_name(option->type));
		}
		return status;
	}
	if (!v->text)
		v->text = xstrdup(text);
	return HF_OK;
}
