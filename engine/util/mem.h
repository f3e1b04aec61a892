/* SPDX-License-Identifier: MIT
 * Small allocations that cannot fail (the program ends with a message), byte strings and string
 * lists. Big buffers are allocated with malloc() and checked where they are. */
#ifndef HF_UTIL_MEM_H
#define HF_UTIL_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdlib.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
/* realloc for n elements of size, checked for overflow. */
void *xreallocn(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* A byte string that grows; data is always NUL-terminated once anything was added. */
struct buf {
	char *data;
	size_t len, cap;
};
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *b);
/* The text, owned by the caller; the buffer is empty again. Never NULL. */
char *buf_take(struct buf *b);

/* A list of strings that it owns. */
struct strv {
	char **v;
	size_t n;
};
void strv_add(struct strv *l, const char *s);
void strv_take(struct strv *l, char *s);
int strv_has(const struct strv *l, const char *s);
void strv_free(struct strv *l);

/* Makes text from outside fit for a terminal: control characters (also those of Unicode that
 * turn the writing direction) and broken UTF-8 as \xNN. Returned text is owned by the caller. In
 * utf8.c. */
char *printable(const char *s);

#define autofree __attribute__((cleanup(auto_free_)))
static inline void auto_free_(void *p)
{
	free(*(void **)p);
}

#endif
