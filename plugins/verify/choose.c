/* SPDX-License-Identifier: MIT
 *
 * Choosing points to verify.
 */
#include "choose.h"

#include <stdlib.h>
#include <string.h>

/* Longest not verified first, then the oldest: the first to suffer from decay. */
static int neglected_first(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	if (x->verified_ns != y->verified_ns)
		return x->verified_ns < y->verified_ns ? -1 : 1;
	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? -1 : 1;
	return strcmp(x->id, y->id);
}

static bool is_newer(const struct choice *a, const struct choice *b)
{
	if (a->current != b->current)
		return a->current;
	if (a->begin_ns != b->begin_ns)
		return a->begin_ns > b->begin_ns;
	return strcmp(a->id, b->id) > 0;
}

static void swap(struct choice *a, struct choice *b)
{
	struct choice other = *a;

	*a = *b;
	*b = other;
}

/* A verification that claims to be of the future tells nothing about its age. */
static bool is_due(const struct choice *point, int64_t now_ns, int64_t every_ns)
{
	if (point->damaged)
		return false;
	if (point->verified_ns <= 0 || point->verified_ns > now_ns)
		return true;
	return now_ns - point->verified_ns >= every_ns;
}

size_t choose_points(struct choice *points, size_t count, int64_t now_ns, int64_t every_ns,
    size_t most)
{
	size_t newest = 0, chosen = 1;

	if (count == 0)
		return 0;
	for (size_t i = 1; i < count; i++) {
		if (is_newer(&points[i], &points[newest]))
			newest = i;
	}
	swap(&points[0], &points[newest]);
	if (every_ns == 0)
		return chosen;
	qsort(points + 1, count - 1, sizeof(*points), neglected_first);
	for (size_t i = 1; i < count && chosen <= most; i++) {
		if (is_due(&points[i], now_ns, every_ns))
			swap(&points[chosen++], &points[i]);
	}
	return chosen;
}
