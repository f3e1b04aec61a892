/* SPDX-License-Identifier: MIT
 * Text that grows, and names and values as SQL writes them. */
#ifndef MYSQL_TEXT_H
#define MYSQL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is empty. After a failed allocation `failed` is set and further calls do nothing: it is
 * looked at once, when the text is used. `s` is ended by NUL wherever something was added. */
struct text {
	char *s;
	size_t n, cap;
	bool failed;
};

bool text_room(struct text *t, size_t more); /* for so many more bytes and a NUL */
void text_add(struct text *t, const void *bytes, size_t n);
void text_puts(struct text *t, const char *s);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_clear(struct text *t); /* keeps the memory */
void text_free(struct text *t);

/* `name`, with backticks doubled. */
void text_name(struct text *t, const char *name);
/* `db`.`name` */
void text_qualified(struct text *t, const char *db, const char *name);
/* 'bytes', escaped for a session without NO_BACKSLASH_ESCAPES. */
void text_string(struct text *t, const char *bytes, size_t n);
void text_cstring(struct text *t, const char *s);
/* Writes at most 2 * n bytes to `out`, the inside of a quoted string; how many. */
size_t escape_bytes(char *out, const char *bytes, size_t n);

/* A name as a person may see it: control characters as ?, at most 120 bytes. In one of a few buffers of
 * the thread, used again later. */
const char *shown(const char *name);

/* Lists of names. */
struct names {
	char **v;
	size_t n, cap;
};
bool names_add(struct names *l, const char *name);
bool names_have(const struct names *l, const char *name);
void names_free(struct names *l);

#endif
