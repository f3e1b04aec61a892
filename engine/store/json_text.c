/* SPDX-License-Identifier: MIT
 * C strings of any bytes in JSON, and the making of objects. */
#include "config.h"

#include <string.h>

#include "engine/store/json.h"
#include "engine/util/utf8.h"

static const char hex[] = "0123456789abcdef";

char *json_escape(const char *bytes)
{
	struct buf out = {0};
	const char *s = bytes, *end = bytes + strlen(bytes);

	if (!strchr(bytes, '\\') && utf8_valid(bytes, (size_t)(end - s)))
		return xstrdup(bytes);
	while (s < end) {
		uint32_t code;
		size_t n = utf8_decode(s, (size_t)(end - s), &code);

		if (n == 0) {
			buf_adds(&out, "\\x");
			buf_addc(&out, hex[(unsigned char)*s >> 4]);
			buf_addc(&out, hex[(unsigned char)*s & 15]);
			n = 1;
		} else if (*s == '\\') {
			buf_adds(&out, "\\\\");
		} else {
			buf_add(&out, s, n);
		}
		s += n;
	}
	return buf_take(&out);
}

char *json_unescape(const char *text)
{
	struct buf out = {0};
	char *bytes, *again;
	bool same;

	if (!strchr(text, '\\'))
		return xstrdup(text);
	for (const char *s = text; *s; s++) {
		const char *high, *low;

		if (*s != '\\') {
			buf_addc(&out, *s);
		} else if (s[1] == '\\') {
			buf_addc(&out, '\\');
			s++;
		} else if (s[1] == 'x' && s[2] && s[3] && (high = strchr(hex, s[2])) &&
			   (low = strchr(hex, s[3])) && high - hex >= 8) {
			buf_addc(&out, (char)((high - hex) << 4 | (low - hex)));
			s += 3;
		} else {
			buf_free(&out);
			return NULL;
		}
	}
	bytes = buf_take(&out);
	/* one form only, so that two names that differ here differ there */
	again = json_escape(bytes);
	same = strcmp(again, text) == 0;
	free(again);
	if (!same) {
		free(bytes);
		return NULL;
	}
	return bytes;
}

json_object *json_made(json_object *o)
{
	if (!o)
		free(xreallocn(NULL, SIZE_MAX, 2)); /* says "out of memory" and ends */
	return o;
}

void json_add(json_object *o, const char *name, json_object *value)
{
	if (json_object_object_add(o, name, json_made(value)) != 0)
		json_made(NULL);
}

void json_add_text(json_object *o, const char *name, const char *bytes)
{
	autofree char *text = json_escape(bytes);

	json_add(o, name, json_object_new_string(text));
}

void json_add_int(json_object *o, const char *name, int64_t value)
{
	json_add(o, name, json_object_new_int64(value));
}

void json_add_size(json_object *o, const char *name, uint64_t value)
{
	json_add(o, name, json_object_new_uint64(value));
}

void json_add_texts(json_object *o, const char *name, const struct strv *list)
{
	json_object *array = json_made(json_object_new_array());

	for (size_t i = 0; i < list->n; i++) {
		autofree char *text = json_escape(list->v[i]);

		if (json_object_array_add(array, json_made(json_object_new_string(text))) != 0)
			json_made(NULL);
	}
	json_add(o, name, array);
}

void json_print(json_object *o, struct buf *out)
{
	size_t n;
	const char *text = json_object_to_json_string_length(
	    o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);

	if (!text)
		json_made(NULL);
	else
		buf_add(out, text, n);
}
