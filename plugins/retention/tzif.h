/* SPDX-License-Identifier: MIT
 *
 * A time zone file (TZif, RFC 8536) in memory.
 */
#ifndef RETENTION_TZIF_H
#define RETENTION_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tzrule.h"

struct tzif_change {
	int64_t when;   /* seconds since 1970 UTC */
	int32_t offset; /* from then on, seconds east of UTC */
};

struct tzif {
	int32_t first; /* the offset before the first change */
	bool has_rule; /* the offset after the last change, else that one's */
	size_t count;
	struct tzif_change *change; /* by time */
	struct tzrule rule;
};

/* Reads a file; false with the fault as a constant phrase in *why. Fills *out,
 * to be emptied with tzif_clear(), only if it succeeds. */
bool tzif_read(const void *data, size_t size, struct tzif *out, const char **why);
void tzif_clear(struct tzif *tz);

#endif
