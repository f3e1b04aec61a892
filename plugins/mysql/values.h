/* SPDX-License-Identifier: MIT
 * The lines of rows in an artifact, taken apart. */
#ifndef MYSQL_VALUES_H
#define MYSQL_VALUES_H

#include <stdbool.h>
#include <stddef.h>

struct value {
	const char *s; /* as written, inside of the quotes; NULL: the value is NULL */
	size_t n;
	bool quoted, escaped; /* it was in quotes; there are backslashes in it */
};

/* "(1,'a',NULL)," or with ; at the end: *last. False if the line is not `count` values in that form. */
bool values_parse(const char *line, size_t n, struct value *v, size_t count, bool *last);
/* What the value is, at most v->n bytes, in `out`; how many. */
size_t value_plain(const struct value *v, char *out);

#endif
