/* SPDX-License-Identifier: MIT
 * INI text as events, with line numbers: inih does the reading, this makes it strict.
 *
 * What inih gives, and holdfast-job(5) tells: `;` and `#` begin a comment line, a blank and `;` a
 * comment behind a value; `=` or `:` ends a key; an indented line goes on with the key above it,
 * and is one more value of it.
 * What is refused: a line longer than inih's buffer, NUL and other control characters, broken
 * UTF-8, a key before the first section, a section header that is not just `[kind]` or
 * `[kind name]`, and an indented line that looks like a key or a header (its author meant another thing). */
#ifndef HF_JOB_INI_H
#define HF_JOB_INI_H

#include <stddef.h>
#include "engine/util/error.h"

struct ini_events {
	/* A header. `name` is "" if there is none. */
	int32_t (*section)(void *arg, const char *kind, const char *name, unsigned line,
		struct error *err);
	int32_t (*pair)(void *arg, const char *key, const char *value, unsigned line,
		struct error *err);
};

/* Stops at the first error; messages begin with "<file>:<line>: ", also those of the events. */
int32_t ini_text_read(const char *file, const char *data, size_t n, const struct ini_events *events,
	void *arg, struct error *err);

#endif
