/* SPDX-License-Identifier: MIT
 *
 * Chains of incremental points. A walk stops where an earlier one has been, so
 * that all walks together are linear. Manifests come from outside: a chain may
 * be broken, or bite its tail.
 */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

struct named {
	const char *id;
	size_t index;
};

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->id, ((const struct named *)b)->id);
}

bool chain_link(const struct plan_point *points, size_t count, size_t *parent)
{
	struct named *names = calloc(count + 1, sizeof(*names));

	if (names == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		names[i] = (struct named){.id = points[i].id, .index = i};
	qsort(names, count, sizeof(*names), by_id);
	for (size_t i = 0; i < count; i++) {
		struct named key = {.id = points[i].parent};
		const struct named *found;

		parent[i] = NO_PARENT;
		if (key.id == NULL)
			continue;
		found = bsearch(&key, names, count, sizeof(*names), by_id);
		parent[i] = found == NULL ? MISSING_PARENT : found->index;
	}
	free(names);
	return true;
}

static bool alone_sound(const struct plan_point *point)
{
	return point->complete && !point->running && !point->damaged;
}

/* Walks up from `from` to the first point that an earlier walk has been to,
 * then judges what it passed from the top down. */
static void judge_path(const struct plan_point *points, const size_t *parent, size_t from,
    size_t *path, bool *seen, struct plan_verdict *verdicts)
{
	size_t top = from, depth = 0;
	bool sound;

	for (; top < MISSING_PARENT && !seen[top]; top = parent[top]) {
		seen[top] = true;
		path[depth++] = top;
	}
	/* In a circle, `top` is on this very path and not yet found sound. */
	sound = top == NO_PARENT || (top != MISSING_PARENT && verdicts[top].sound);
	while (depth > 0) {
		size_t at = path[--depth];

		sound = sound && alone_sound(&points[at]);
		verdicts[at].sound = sound;
	}
}

bool chain_judge(const struct plan_point *points, const size_t *parent, size_t count,
    struct plan_verdict *verdicts)
{
	size_t *path = calloc(count + 1, sizeof(*path));
	bool *seen = calloc(count + 1, sizeof(*seen));
	bool good = path != NULL && seen != NULL;

	for (size_t i = 0; good && i < count; i++)
		judge_path(points, parent, i, path, seen, verdicts);
	free(path);
	free(seen);
	return good;
}

void chain_keep(const size_t *parent, size_t from, struct plan_verdict *verdicts)
{
	size_t at = parent[from];

	while (at < MISSING_PARENT && at != from && verdicts[at].needed_by == NOT_NEEDED) {
		verdicts[at].needed_by = from;
		if (verdicts[at].judged)
			verdicts[at].keep = true;
		at = parent[at];
	}
}
