/* SPDX-License-Identifier: MIT
 * The last word on which points go. Stages propose; the rules here only ever keep more. */
#include "config.h"

#include <string.h>

#include "engine/store/expire.h"
#include "engine/store/layout.h"

struct plan *plan_new(const struct catalogue *c)
{
	struct plan *p = xcalloc(1, sizeof(*p));

	p->n = c->n;
	p->v = xcalloc(c->n, sizeof(*p->v));
	for (size_t i = 0; i < c->n; i++)
		p->v[i].point = &c->v[i];
	return p;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].reason);
	free(p->v);
	free(p);
}

void plan_set(struct plan *p, size_t index, enum verdict verdict, const char *reason)
{
	if (index >= p->n)
		return;
	free(p->v[index].reason);
	p->v[index].verdict = verdict;
	p->v[index].reason = reason ? xstrdup(reason) : NULL;
	p->v[index].overruled = false;
}

size_t plan_count(const struct plan *p, enum verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->v[i].verdict == verdict;
	return n;
}

/* --- the rules --- */

static bool complete(const struct plan_item *item)
{
	return item->point->state == POINT_COMPLETE;
}

/* Of those that a restore would be made from. */
static bool kept(const struct plan_item *item)
{
	return complete(item) && item->verdict != VERDICT_EXPIRE;
}

static bool sound(const struct plan_item *item)
{
	return !item->point->found_damaged;
}

static bool proven(const struct plan_item *item)
{
	return sound(item) && item->point->verified;
}

/* Keeps what was to expire. True if that changed something. Takes `reason`. */
static bool overrule(struct plan_item *item, enum verdict verdict, char *reason)
{
	if (item->verdict != VERDICT_EXPIRE) {
		free(reason);
		return false;
	}
	free(item->reason);
	item->verdict = verdict;
	item->reason = reason;
	item->overruled = true;
	return true;
}

static void keep_states(struct plan *p, const char *current)
{
	struct plan_item *newest = NULL;
	bool newer_format = false;

	for (size_t i = 0; i < p->n; i++) {
		struct plan_item *item = &p->v[i];

		if (item->point->state == POINT_DAMAGED &&
		    item->point->error.status == HF_E_UNSUPPORTED)
			newer_format = true;
		if (complete(item))
			newest = item;
		else
			overrule(item, VERDICT_NONE,
			    xstrdup(item->point->state == POINT_DAMAGED
					? "its manifest cannot be read"
					: "it has no manifest"));
		if (item->point->pinned)
			overrule(item, VERDICT_KEEP, xstrdup("pinned"));
		if (current && strcmp(item->point->id, current) == 0)
			overrule(item, VERDICT_KEEP, xstrdup("made by this run"));
	}
	if (newest)
		overrule(newest, VERDICT_KEEP, xstrdup("the newest complete point"));
	/* What such a point continues from is not known here. */
	for (size_t i = 0; i < p->n && newer_format; i++)
		overrule(&p->v[i], VERDICT_KEEP,
		    xstrdup(
			"a newer holdfast works on this job, and its points may need this one"));
}

/* If none of the kept ones passes `test`, the newest one that does is kept as well. */
static void keep_newest(struct plan *p, bool (*test)(const struct plan_item *), const char *reason)
{
	struct plan_item *newest = NULL;

	for (size_t i = 0; i < p->n; i++) {
		if (!complete(&p->v[i]) || !test(&p->v[i]))
			continue;
		if (kept(&p->v[i]))
			return;
		newest = &p->v[i];
	}
	if (newest)
		overrule(newest, VERDICT_KEEP, xstrdup(reason));
}

/* --- chains --- */

struct name {
	const char *id;
	struct plan_item *item;
};

static int name_cmp(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->id, ((const struct name *)b)->id);
}

static struct plan_item *find(const struct name *names, size_t n, const char *id)
{
	struct name key = {.id = id};
	struct name *found = n ? bsearch(&key, names, n, sizeof(*names), name_cmp) : NULL;

	return found ? found->item : NULL;
}

/* Adds the item to the list of those that are looked at, if it had to be kept for `by`. */
static void need(struct plan_item *item, const struct point *by, struct plan_item **todo, size_t *n)
{
	if (item && overrule(item, VERDICT_KEEP, xasprintf("%s continues from it", by->id)))
		todo[(*n)++] = item;
}

static void need_parts(const struct point *p, const struct name *names, size_t n,
    struct plan_item **todo, size_t *ntodo)
{
	size_t at = strlen(p->job) + 1;

	for (size_t i = 0; i < p->manifest->nentries; i++) {
		const struct entry *e = &p->manifest->entries[i];

		for (size_t k = 0; k < e->nparts; k++) {
			char id[POINT_ID_LEN + 1];

			/* manifest_read() has seen to it that an id is there */
			memcpy(id, e->parts[k].key + at, POINT_ID_LEN);
			id[POINT_ID_LEN] = '\0';
			if (strcmp(id, p->id) != 0)
				need(find(names, n, id), p, todo, ntodo);
		}
	}
}

static struct name *names_of(const struct plan *p)
{
	struct name *names = xreallocn(NULL, p->n, sizeof(*names));

	for (size_t i = 0; i < p->n; i++)
		names[i] = (struct name){.id = p->v[i].point->id, .item = &p->v[i]};
	if (p->n)
		qsort(names, p->n, sizeof(*names), name_cmp);
	return names;
}

/* What a kept point cannot be restored without. Each item is kept once, so a ring of parents
 * ends. */
static void keep_needed(struct plan *p)
{
	struct name *names = names_of(p);
	struct plan_item **todo = xreallocn(NULL, p->n, sizeof(struct plan_item *));
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		if (kept(&p->v[i]))
			todo[n++] = &p->v[i];
	while (n > 0) {
		const struct point *point = todo[--n]->point;

		if (point->manifest->parent)
			need(find(names, p->n, point->manifest->parent), point, todo, &n);
		need_parts(point, names, p->n, todo, &n);
	}
	free(todo);
	free(names);
}

void plan_enforce(struct plan *p, const char *current)
{
	keep_states(p, current);
	keep_newest(p, sound, "the newest point without known damage");
	keep_newest(p, proven, "the newest verified point: no later one is proven good");
	keep_needed(p);
}
