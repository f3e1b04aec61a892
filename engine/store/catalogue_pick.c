/* SPDX-License-Identifier: MIT
 * Which point somebody means. */
#include "config.h"

#include <string.h>

#include "engine/store/catalogue.h"
#include "engine/util/clock.h"
#include "engine/util/nearest.h"

static int32_t pick_newest(
    const struct catalogue *c, int64_t at_ns, struct point **out, struct error *err)
{
	const struct point *oldest = NULL;
	char at[32], first[32];

	for (size_t i = c->n; i-- > 0;) {
		struct point *p = &c->v[i];

		if (p->state != POINT_COMPLETE)
			continue;
		if (at_ns < 0 || p->manifest->begin_ns <= at_ns) {
			*out = p;
			return HF_OK;
		}
		oldest = p;
	}
	if (!oldest) {
		error_set(err, HF_E_NOT_FOUND, "%s has no complete point of job %s", c->sink->label,
		    c->job);
		error_hint(err, "holdfast backup makes one; holdfast list shows what is there");
		return HF_E_NOT_FOUND;
	}
	clock_local(at_ns, at, sizeof(at));
	clock_local(oldest->manifest->begin_ns, first, sizeof(first));
	error_set(err, HF_E_NOT_FOUND, "no point of job %s is as old as %s", c->job, at);
	error_hint(err, "the oldest complete one is %s, of %s", oldest->id, first);
	return HF_E_NOT_FOUND;
}

static int32_t not_there(const struct catalogue *c, const char *name, struct error *err)
{
	const char **ids = xreallocn(NULL, c->n, sizeof(*ids));
	autofree char *shown = printable(name);
	const char *near;

	for (size_t i = 0; i < c->n; i++)
		ids[i] = c->v[i].id;
	near = nearest(name, ids, c->n);
	error_set(
	    err, HF_E_NOT_FOUND, "%s has no point %s of job %s", c->sink->label, shown, c->job);
	if (near)
		error_hint(err, "did you mean %s?", near);
	else
		error_hint(err, "holdfast list shows the points");
	free(ids);
	return HF_E_NOT_FOUND;
}

int32_t catalogue_pick(const struct catalogue *c, const char *name, int64_t at_ns,
    struct point **out, struct error *err)
{
	struct point *found = NULL, *other = NULL;
	size_t n;

	*out = NULL;
	if (!name || strcmp(name, "latest") == 0)
		return pick_newest(c, at_ns, out, err);
	n = strlen(name);
	for (size_t i = 0; i < c->n && n > 0; i++) {
		if (strncmp(c->v[i].id, name, n) != 0)
			continue;
		if (found)
			other = &c->v[i];
		else
			found = &c->v[i];
	}
	if (!found)
		return not_there(c, name, err);
	if (other) {
		error_set(err, HF_E_CONFIG, "%s is the beginning of several points: %s, %s ...",
		    name, found->id, other->id);
		error_hint(err, "give more of the point's id");
		return HF_E_CONFIG;
	}
	*out = found;
	return HF_OK;
}
