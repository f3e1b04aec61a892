/* SPDX-License-Identifier: MIT
 *
 * Which points a run verifies: the newest, and against decay some of those whose
 * last good verification is long ago.
 */
#ifndef VERIFY_CHOOSE_H
#define VERIFY_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choice {
	size_t index; /* the point's, in the catalogue */
	int64_t begin_ns;
	int64_t verified_ns; /* 0: never, or never at this level */
	const char *id;
	bool current;
	bool damaged;
};

/* Orders the points so that those to verify come first, in that order, and
 * returns how many they are: the current or else the newest point; then, if
 * every_ns is not 0, up to `most` others, not known to be damaged, that were not
 * verified since now - every_ns, the longest neglected first. */
size_t choose_points(struct choice *points, size_t count, int64_t now_ns, int64_t every_ns,
    size_t most);

#endif
