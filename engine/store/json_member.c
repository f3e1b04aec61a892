/* SPDX-License-Identifier: MIT
 * Members of hostile objects, each with its type and range checked. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "engine/store/json.h"
#include "engine/util/clock.h"

void json_bad(struct json_reader *r, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;

	if (r->bad)
		return;
	r->bad = true;
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (r->where)
		error_set(
		    r->err, HF_E_CORRUPT, "%s: %s %zu: %s", r->what, r->where, r->index + 1, text);
	else
		error_set(r->err, HF_E_CORRUPT, "%s: %s", r->what, text);
}

json_object *json_member(struct json_reader *r, json_object *o, const char *name, json_type type)
{
	json_object *v = NULL;

	if (r->bad || !json_object_object_get_ex(o, name, &v) || !v)
		return NULL;
	if (!json_object_is_type(v, type)) {
		json_bad(r, "\"%s\" is not of type %s", name, json_type_to_name(type));
		return NULL;
	}
	return v;
}

/* As json_member(), but it has to be there. */
static json_object *needed(struct json_reader *r, json_object *o, const char *name, json_type type)
{
	json_object *v = json_member(r, o, name, type);

	if (!v)
		json_bad(r, "\"%s\" is missing", name);
	return v;
}

char *json_value_text(
    struct json_reader *r, json_object *v, const char *name, size_t min, size_t max)
{
	const char *s;
	char *text;
	size_t n;

	if (r->bad)
		return NULL;
	if (!json_object_is_type(v, json_type_string)) {
		json_bad(r, "\"%s\" is not text", name);
		return NULL;
	}
	s = json_object_get_string(v);
	if (strlen(s) != (size_t)json_object_get_string_len(v)) {
		json_bad(r, "\"%s\" holds a NUL", name);
		return NULL;
	}
	text = json_unescape(s);
	if (!text) {
		json_bad(r, "\"%s\" has a wrong escape", name);
		return NULL;
	}
	n = strlen(text);
	if (n < min || n > max) {
		json_bad(r, n < min ? "\"%s\" is empty" : "\"%s\" is too long", name);
		free(text);
		return NULL;
	}
	return text;
}

char *json_get_text(struct json_reader *r, json_object *o, const char *name, size_t max)
{
	json_object *v = needed(r, o, name, json_type_string);

	return v ? json_value_text(r, v, name, 1, max) : NULL;
}

char *json_get_text_opt(struct json_reader *r, json_object *o, const char *name, size_t max)
{
	json_object *v = json_member(r, o, name, json_type_string);

	return v ? json_value_text(r, v, name, 0, max) : NULL;
}

uint64_t json_get_size(struct json_reader *r, json_object *o, const char *name)
{
	json_object *v = needed(r, o, name, json_type_int);

	if (!v)
		return 0;
	if (json_object_get_int64(v) < 0) {
		json_bad(r, "\"%s\" is negative", name);
		return 0;
	}
	return json_object_get_uint64(v);
}

int64_t json_value_int(struct json_reader *r, json_object *v, const char *name)
{
	if (r->bad)
		return 0;
	if (!json_object_is_type(v, json_type_int) ||
	    json_object_get_uint64(v) > (uint64_t)INT64_MAX) {
		json_bad(r, "\"%s\" is not a number of 64 bits", name);
		return 0;
	}
	return json_object_get_int64(v);
}

int64_t json_get_int_opt(struct json_reader *r, json_object *o, const char *name)
{
	json_object *v = json_member(r, o, name, json_type_int);

	return v ? json_value_int(r, v, name) : 0;
}

bool json_get_bool_opt(struct json_reader *r, json_object *o, const char *name)
{
	json_object *v = json_member(r, o, name, json_type_boolean);

	return v && json_object_get_boolean(v);
}

int64_t json_get_time(struct json_reader *r, json_object *o, const char *name)
{
	autofree char *text = json_get_text(r, o, name, 64);
	int64_t ns = 0;

	if (text && clock_parse_rfc3339(text, &ns) != HF_OK)
		json_bad(r, "\"%s\" is not a time", name);
	return ns;
}

void json_get_texts_opt(
    struct json_reader *r, json_object *o, const char *name, size_t max, struct strv *out)
{
	json_object *array = json_member(r, o, name, json_type_array);
	size_t n = array ? json_object_array_length(array) : 0;

	for (size_t i = 0; i < n && !r->bad; i++) {
		char *text = json_value_text(r, json_object_array_get_idx(array, i), name, 0, max);

		if (text)
			strv_take(out, text);
	}
}
