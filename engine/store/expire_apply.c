/* SPDX-License-Identifier: MIT
 * Deleting what a plan says. */
#include "config.h"

#include <string.h>

#include "engine/store/expire.h"
#include "engine/store/publish.h"
#include "engine/store/removal.h"
#include "engine/util/cancel.h"
#include "engine/util/log.h"

static bool going(const struct plan_item *item)
{
	return item->verdict == VERDICT_EXPIRE && !item->removed;
}

/* plan_enforce() makes all of this impossible. Should it ever not, nothing is deleted. */
static int32_t check(const struct plan *p, struct error *err)
{
	size_t stay = 0, go = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct point *point = p->v[i].point;

		if (p->v[i].verdict != VERDICT_EXPIRE)
			stay += point->state == POINT_COMPLETE;
		else if (point->state != POINT_COMPLETE || point->pinned)
			return error_set(err, HF_E_FAILED, "refused to remove point %s: it is %s",
			    point->id, point->pinned ? "pinned" : "not complete");
		else
			go++;
	}
	if (go && !stay)
		return error_set(err, HF_E_FAILED, "refused to remove all points of a job");
	return HF_OK;
}

/* For each item the place of the one it continues from, if that one goes as well; else p->n. */
static size_t *parents_of(const struct plan *p)
{
	size_t *parents = xreallocn(NULL, p->n, sizeof(*parents));

	for (size_t i = 0; i < p->n; i++) {
		const char *id = going(&p->v[i]) ? p->v[i].point->manifest->parent : NULL;

		parents[i] = p->n;
		for (size_t k = 0; id && k < p->n && parents[i] == p->n; k++)
			if (k != i && going(&p->v[k]) && strcmp(p->v[k].point->id, id) == 0)
				parents[i] = k;
	}
	return parents;
}

/* The newest one that no other one to go continues from: a child must not outlive its parent,
 * wherever this is stopped. p->n: all are gone. */
static size_t next_to_go(const struct plan *p, const size_t *children)
{
	size_t newest = p->n;

	for (size_t i = p->n; i-- > 0;) {
		if (!going(&p->v[i]))
			continue;
		if (children[i] == 0)
			return i;
		if (newest == p->n)
			newest = i; /* if they all need each other, as only forged ones can */
	}
	return newest;
}

static int32_t remove_item(
    struct plan_item *item, struct instance *sink, const char *job, struct error *err)
{
	int32_t status;

	if (cancelled())
		return error_set(
		    err, HF_E_CANCELLED, "stopped before point %s was removed", item->point->id);
	status = point_remove(sink, job, item->point->id, &item->removed, err);
	if (status == HF_E_EXISTS && err) /* retained by the sink; nobody holds a lock */
		status = err->status = HF_E_FAILED;
	if (status != HF_OK && err && err->message)
		error_prefix(err,
		    item->removed ? "point %s was removed, but not all of its objects"
				  : "point %s cannot be removed",
		    item->point->id);
	return status;
}

static int32_t remove_all(struct plan *p, struct instance *sink, const char *job, struct error *err)
{
	autofree size_t *parents = parents_of(p);
	autofree size_t *children = xcalloc(p->n, sizeof(*children));
	int32_t status = HF_OK;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (parents[i] < p->n)
			children[parents[i]]++;
	while (status == HF_OK && (i = next_to_go(p, children)) < p->n) {
		status = remove_item(&p->v[i], sink, job, err);
		if (parents[i] < p->n)
			children[parents[i]]--;
	}
	return status;
}

int32_t plan_apply(struct plan *p, struct instance *sink, const char *job, struct error *err)
{
	struct sink_lock *lock = NULL;
	int32_t status = check(p, err);

	if (status != HF_OK || plan_count(p, VERDICT_EXPIRE) == 0)
		return status;
	status = read_lock(sink, job, HF_LOCK_EXCLUSIVE, &lock, err);
	if (status == HF_E_EXISTS && err) {
		error_prefix(err, "%s: nothing was removed, somebody reads the points of job %s",
		    sink->label, job);
		error_hint(
		    err, "a restore or a verification is running; prune again when it has ended");
	}
	if (status != HF_OK)
		return status;
	status = remove_all(p, sink, job, err);
	sink_unlock(lock);
	return status;
}
