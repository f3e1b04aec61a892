/* SPDX-License-Identifier: MIT
 * Clearing what dead runs left. Only what says that it is ours is touched. */
#include "config.h"

#include <string.h>

#include "engine/store/point.h"
#include "engine/store/publish.h"
#include "engine/store/removal.h"
#include "engine/util/cancel.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"

static bool is_litter(const struct point *p, const char *host, int64_t litter_after_ns)
{
	if (strcmp(p->owner_host, host) == 0)
		return true; /* we hold the lock: no other run of this machine is alive */
	/* a time in the future is a wrong clock, not an old point */
	return clock_now() > p->owner_time && clock_now() - p->owner_time > litter_after_ns;
}

static char *describe(const struct point *p)
{
	autofree char *host = printable(p->owner_host);
	char begun[32];

	clock_local(p->owner_time, begun, sizeof(begun));
	return xasprintf("the unfinished point %s of job %s, begun %s by %s (process %lld)", p->id,
	    p->job, begun, host, (long long)p->owner_pid);
}

/* Sets *removed if nothing of it is left. */
static int32_t clear_point(const struct catalogue *c, const struct point *p, bool dry_run,
    bool *removed, struct error *err)
{
	autofree char *what = describe(p);
	int32_t status;

	if (dry_run) {
		log_notice("%s: would remove %s", c->sink->label, what);
		return HF_OK;
	}
	status = point_remove_unpublished(c->sink, c->job, p->id, err);
	if (status == HF_E_EXISTS) { /* published after all: it is no litter */
		error_clear(err);
		return HF_OK;
	}
	if (status != HF_OK)
		return error_prefix(err, "%s cannot be removed", what);
	log_notice("%s: removed %s", c->sink->label, what);
	*removed = true;
	return HF_OK;
}

static int32_t consider(const struct catalogue *c, const struct point *p, const char *host,
    int64_t litter_after_ns, bool dry_run, bool *removed, struct error *err)
{
	if (p->state == POINT_FOREIGN) {
		log_warn("%s: %s/%s/ has no owner.json of holdfast's%s%s; it is left alone",
		    c->sink->label, c->job, p->id, p->error.message ? ": " : "",
		    p->error.message ? p->error.message : "");
		return HF_OK;
	}
	if (p->state != POINT_INCOMPLETE)
		return HF_OK;
	if (!is_litter(p, host, litter_after_ns)) {
		autofree char *what = describe(p);

		log_info("%s: %s may still be running", c->sink->label, what);
		return HF_OK;
	}
	return clear_point(c, p, dry_run, removed, err);
}

int32_t litter_sweep(struct catalogue *c, int64_t litter_after_ns, const struct strv *spare,
    bool dry_run, struct error *err)
{
	autofree char *host = host_name();
	autofree char *prefix = xasprintf("%s/", c->job);
	struct error first = {0};
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct error own = {0};
		bool removed = false;

		if (!cancelled() && !(spare && strv_has(spare, c->v[i].id)))
			(void)consider(c, &c->v[i], host, litter_after_ns, dry_run, &removed, &own);
		error_keep_first(&first, &own);
		if (removed)
			point_free(&c->v[i]);
		else
			c->v[kept++] = c->v[i];
	}
	c->n = kept;
	if (cancelled())
		error_set(&first, HF_E_CANCELLED, "stopped while litter was cleared");
	if (first.status == HF_OK && !dry_run)
		(void)sink_sweep(c->sink, prefix, &first);
	int32_t status = first.status;
	if (err)
		error_keep_first(err, &first);
	else
		error_clear(&first);
	return status;
}
