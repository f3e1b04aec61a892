/* SPDX-License-Identifier: MIT
 * Text that grows, and names and values as SQL writes them. */
#include "config.h"

#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_room(struct text *t, size_t more)
{
	size_t cap = t->cap ? t->cap : 256;
	char *s;

	if (t->failed || more > SIZE_MAX / 4 - t->n) {
		t->failed = true;
		return false;
	}
	if (t->n + more < t->cap)
		return true;
	while (cap <= t->n + more)
		cap *= 2;
	s = realloc(t->s, cap);
	if (s == NULL) {
		t->failed = true;
		return false;
	}
	t->s = s;
	t->cap = cap;
	return true;
}

void text_add(struct text *t, const void *bytes, size_t n)
{
	if (!text_room(t, n))
		return;
	if (n > 0)
		memcpy(t->s + t->n, bytes, n);
	t->n += n;
	t->s[t->n] = '\0';
}

void text_puts(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_printf(struct text *t, const char *fmt, ...)
{
	va_list args, again;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	if (n < 0)
		t->failed = true;
	else if (text_room(t, (size_t)n)) {
		vsnprintf(t->s + t->n, (size_t)n + 1, fmt, again);
		t->n += (size_t)n;
	}
	va_end(again);
	va_end(args);
}

void text_clear(struct text *t)
{
	t->n = 0;
	t->failed = false;
	if (t->s != NULL)
		t->s[0] = '\0';
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){0};
}

void text_name(struct text *t, const char *name)
{
	text_add(t, "`", 1);
	for (const char *q; (q = strchr(name, '`')) != NULL; name = q + 1) {
		text_add(t, name, (size_t)(q - name) + 1);
		text_add(t, "`", 1);
	}
	text_puts(t, name);
	text_add(t, "`", 1);
}

void text_qualified(struct text *t, const char *db, const char *name)
{
	text_name(t, db);
	text_add(t, ".", 1);
	text_name(t, name);
}

/* What must not stand as it is between quotes, and what stands for it after a backslash. A carriage return
 * is escaped for the sake of clients that read lines; so is a line feed, which keeps a row on one line. */
static const char escapes[256] = {
	['\0'] = '0', ['\n'] = 'n', ['\r'] = 'r', ['\\'] = '\\', ['\''] = '\'', ['\x1a'] = 'Z'};

/* Eight bytes at once: is one of them below a space, a quote or a backslash? May say yes in vain, never no. */
static inline bool any_escaped(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	const uint64_t quote = x ^ ones * '\'', slash = x ^ ones * '\\';

	return (((x - ones * ' ') & ~x) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops;
}

size_t escape_bytes(char *out, const char *bytes, size_t n)
{
	char *o = out;
	size_t i = 0;

	while (i < n) {
		uint64_t word;

		if (n - i >= sizeof word) {
			memcpy(&word, bytes + i, sizeof word);
			if (!any_escaped(word)) {
				memcpy(o, &word, sizeof word);
				o += sizeof word;
				i += sizeof word;
				continue;
			}
		}
		for (size_t end = n - i < sizeof word ? n : i + sizeof word; i < end; i++) {
			const unsigned char c = (unsigned char)bytes[i];

			if (escapes[c] != 0) {
				*o++ = '\\';
				*o++ = escapes[c];
			} else {
				*o++ = (char)c;
			}
		}
	}
	return (size_t)(o - out);
}

void text_string(struct text *t, const char *bytes, size_t n)
{
	if (n > SIZE_MAX / 8 || !text_room(t, 2 * n + 2)) {
		t->failed = true;
		return;
	}
	t->s[t->n++] = '\'';
	t->n += escape_bytes(t->s + t->n, bytes, n);
	t->s[t->n++] = '\'';
	t->s[t->n] = '\0';
}

void text_cstring(struct text *t, const char *s)
{
	text_string(t, s, strlen(s));
}

const char *shown(const char *name)
{
	static _Thread_local char rooms[4][128];
	static _Thread_local unsigned turn;
	char *room = rooms[turn++ % 4];
	size_t i;

	for (i = 0; name[i] != '\0' && i < 120; i++)
		room[i] = (unsigned char)name[i] < 0x20 || name[i] == 0x7f ? '?' : name[i];
	memcpy(room + i, name[i] != '\0' ? "..." : "", name[i] != '\0' ? 4 : 1);
	return room;
}

bool names_add(struct names *l, const char *name)
{
	char *copy = strdup(name);

	if (copy == NULL)
		return false;
	if (l->n == l->cap) {
		const size_t cap = l->cap ? l->cap * 2 : 16;
		char **v = realloc(l->v, cap * sizeof(*v));

		if (v == NULL) {
			free(copy);
			return false;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = copy;
	return true;
}

bool names_have(const struct names *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], name) == 0)
			return true;
	return false;
}

void names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct names){0};
}
