/* SPDX-License-Identifier: MIT
 * Running post stages. */
#include "config.h"

#include <string.h>

#include "engine/driver/host.h"
#include "engine/pipeline/stage.h"
#include "engine/pipeline/verify.h"
#include "engine/store/layout.h"
#include "engine/util/log.h"

struct stage {
	struct hf_catalogue catalogue;
	struct catalogue *c;
	struct plan *plan;
	hf_point *points; /* one for each of c->v */
	hf_entry entry;   /* the one asked for last */
	unsigned lanes;
};

static void describe(hf_point *out, const struct point *p, const char *current)
{
	*out = (hf_point){.size = sizeof *out, .id = p->id, .job = p->job, .host = ""};
	if (p->state == POINT_COMPLETE)
		out->flags |= HF_POINT_COMPLETE;
	if (p->state == POINT_INCOMPLETE)
		out->flags |= HF_POINT_RUNNING;
	if (p->state == POINT_DAMAGED || p->found_damaged)
		out->flags |= HF_POINT_DAMAGED;
	if (p->pinned)
		out->flags |= HF_POINT_PINNED;
	if (current && strcmp(current, p->id) == 0)
		out->flags |= HF_POINT_CURRENT;
	if (p->manifest) {
		out->host = p->manifest->host;
		out->parent = p->manifest->parent;
		out->begin_ns = p->manifest->begin_ns;
		out->end_ns = p->manifest->end_ns;
		out->entries = p->manifest->nentries;
		out->plain_bytes = p->manifest->plain_size;
		out->stored_bytes = p->manifest->stored_size;
	} else {
		out->begin_ns = out->end_ns = point_id_time(p->id);
	}
	if (p->verified) {
		out->verified_ns = p->verified->time_ns;
		out->verified_level = p->verified->level;
		out->verified_ppm = p->verified->ppm;
	}
	if (p->drilled)
		out->drilled_ns = p->drilled->time_ns;
}

static const hf_point *see_point(struct hf_catalogue *h, uint64_t index)
{
	return &((struct stage *)h)->points[index];
}

static const hf_entry *see_entry(struct hf_catalogue *h, uint64_t index, uint64_t entry)
{
	struct stage *s = (struct stage *)h;
	const struct manifest *m = s->c->v[index].manifest;

	if (!m || entry >= m->nentries)
		return NULL;
	s->entry = entry_public(&m->entries[entry]);
	s->entry.size_hint = m->entries[entry].stored_size; /* what reading it costs */
	return &s->entry;
}

/* The entries named, none twice: what is recorded is the share that was looked at. NULL if one is not
 * there. */
static uint64_t *each_once(const struct manifest *m, const uint64_t *entries, uint64_t count,
	uint64_t *n)
{
	autofree bool *seen = xcalloc(m->nentries + 1, sizeof *seen);
	uint64_t *once = xcalloc(m->nentries + 1, sizeof *once);

	*n = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (entries[i] >= m->nentries) {
			free(once);
			return NULL;
		}
		if (!seen[entries[i]])
			once[(*n)++] = entries[i];
		seen[entries[i]] = true;
	}
	return once;
}

static int32_t do_verify(struct hf_catalogue *h, uint64_t index, uint32_t level,
	const uint64_t *entries, uint64_t count, struct error *err)
{
	struct stage *s = (struct stage *)h;
	const struct point *p = &s->c->v[index];
	struct verify v = {.level = level, .lanes = s->lanes};
	struct progress progress = {0};
	int32_t status;

	if (p->state != POINT_COMPLETE)
		return error_set(err, HF_E_CORRUPT, "point %s has no manifest that reads well", p->id);
	autofree uint64_t *once = count ? each_once(p->manifest, entries, count, &v.count) : NULL;
	if (count && !once)
		return error_set(err, HF_E_FAILED, "the stage named an entry that is not there");
	v.entries = once;
	v.progress = &progress;
	progress_start("verify", &progress);
	status = verify_point(s->c->sink, p, &v, err);
	progress_stop();
	if (status == HF_OK)
		log_info("verified %s (%s): %llu entries", p->id,
			level >= HF_VERIFY_DECODE ? "decoded" : "digests",
			(unsigned long long)v.checked);
	verify_free(&v);
	return status;
}

static void take_verdict(struct hf_catalogue *h, uint64_t index, bool keep, const char *reason)
{
	plan_set(((struct stage *)h)->plan, index, keep ? VERDICT_KEEP : VERDICT_EXPIRE,
		reason ? reason : "");
}

bool stage_wants_sink(const struct opened_post *post, const char *sink)
{
	return post->section->sinks.n == 0 || strv_has(&post->section->sinks, sink);
}

int32_t stage_run(const struct opened_post *post, const char *sink_name, struct catalogue *c,
	struct plan *plan, const char *current, unsigned lanes, struct error *err)
{
	struct stage s = {
		.catalogue = {.sink_name = sink_name, .count = c->n, .point = see_point,
			.entry = see_entry, .verify = do_verify, .verdict = take_verdict},
		.c = c,
		.plan = plan,
		.points = xcalloc(c->n + 1, sizeof(hf_point)),
		.lanes = lanes,
	};
	struct hf_ctx ctx;
	int32_t status;

	for (size_t i = 0; i < c->n; i++)
		describe(&s.points[i], &c->v[i], current);
	call_begin(&ctx, post->instance);
	status = post->instance->driver->post.run(&ctx, post->instance->self, &s.catalogue);
	status = call_end(&ctx, status, err);
	free(s.points);
	return status;
}
