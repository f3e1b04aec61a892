/* SPDX-License-Identifier: MIT
 * The lines of rows in an artifact, taken apart. Only what rows.c writes is understood. */
#include "config.h"

#include "values.h"

#include <string.h>

#define INTRODUCER "_utf8mb4'"

/* Behind the quote that ends a string whose inside begins at p; NULL if none does. */
static const char *string_end(const char *p, const char *end, struct value *v)
{
	v->s = p;
	v->quoted = true;
	/* each byte is looked at once by either search: the quote is only sought again behind an escaped one */
	for (const char *quote = memchr(p, '\'', (size_t)(end - p)); quote != NULL;) {
		const char *slash = memchr(p, '\\', (size_t)(quote - p));

		if (slash == NULL) {
			v->n = (size_t)(quote - v->s);
			return quote + 1;
		}
		v->escaped = true;
		p = slash + 2;
		if (slash + 1 == quote)
			quote = memchr(p, '\'', (size_t)(end - p));
	}
	return NULL;
}

static const char *value_end(const char *p, const char *end, struct value *v)
{
	*v = (struct value){0};
	if (*p == '\'')
		return string_end(p + 1, end, v);
	if (*p == '_' && (size_t)(end - p) > strlen(INTRODUCER) &&
	    memcmp(p, INTRODUCER, strlen(INTRODUCER)) == 0)
		return string_end(p + strlen(INTRODUCER), end, v);
	if (end - p >= 4 && memcmp(p, "NULL", 4) == 0)
		return p + 4;
	v->s = p;
	while (p < end && *p != ',' && *p != ')')
		p++;
	v->n = (size_t)(p - v->s);
	return v->n > 0 && v->n < 128 ? p : NULL;
}

bool values_parse(const char *line, size_t n, struct value *v, size_t count, bool *last)
{
	const char *p = line, *end = line + n;

	if (n < 3 || *p++ != '(')
		return false;
	for (size_t i = 0; i < count; i++) {
		if (p >= end)
			return false;
		p = value_end(p, end, &v[i]);
		if (p == NULL || p >= end || *p != (i + 1 < count ? ',' : ')'))
			return false;
		p++;
	}
	if (end - p != 1 || (*p != ',' && *p != ';'))
		return false;
	*last = *p == ';';
	return true;
}

size_t value_plain(const struct value *v, char *out)
{
	const char *s = v->s, *end = v->s + v->n;
	char *o = out;

	if (v->s == NULL)
		return 0;
	if (!v->escaped) {
		memcpy(out, s, v->n);
		return v->n;
	}
	while (s < end) {
		const char *slash = memchr(s, '\\', (size_t)(end - s));
		const size_t plain = (size_t)((slash != NULL ? slash : end) - s);

		memcpy(o, s, plain);
		o += plain;
		s += plain;
		if (slash == NULL || end - s < 2)
			break;
		switch (s[1]) {
		case '0':
			*o++ = '\0';
			break;
		case 'n':
			*o++ = '\n';
			break;
		case 'r':
			*o++ = '\r';
			break;
		case 'Z':
			*o++ = '\x1a';
			break;
		default:
			*o++ = s[1];
		}
		s += 2;
	}
	return (size_t)(o - out);
}
