/* SPDX-License-Identifier: MIT
 * Putting a point back. */
#include "config.h"

#include <fnmatch.h>
#include <string.h>

#include "engine/pipeline/lanes.h"
#include "engine/pipeline/restore.h"
#include "engine/pipeline/verify.h"
#include "engine/util/cancel.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"

/* --- looking: nothing is changed --- */

static int32_t begin_source(struct restore *r, struct restore_source *s, struct error *err)
{
	const hf_source_ops *ops = &s->instance->driver->source;
	struct hf_ctx ctx;
	int32_t status;
	hf_restore in = {
		.size = sizeof in,
		.flags = (r->force ? HF_RESTORE_FORCE : 0) | (r->dry_run ? HF_RESTORE_DRY_RUN : 0),
		.into = s->into,
		.only = (const char *const *)s->only.v,
		.only_count = s->only.n,
		.lanes = instance_parallel(s->instance) ? r->lanes : 1,
		.point = r->point->id,
		.options = s->options,
		.mark = s->info->mark,
		.mark_size = s->info->mark_size,
	};

	if (!ops->restore_begin)
		return error_set(err, HF_E_UNSUPPORTED, "%s cannot restore", s->instance->label);
	call_begin(&ctx, s->instance);
	status = call_end(&ctx, ops->restore_begin(&ctx, s->instance->self, &in, &s->session), err);
	s->begun = status == HF_OK;
	return status;
}

static bool subject_matches(const struct restore_source *s, const char *subject)
{
	for (size_t i = 0; i < s->only.n; i++)
		if (strcmp(s->only.v[i], subject) == 0 || fnmatch(s->only.v[i], subject, 0) == 0)
			return true;
	return s->only.n == 0;
}

static int32_t wants(struct restore_source *s, const struct entry *e, struct error *err)
{
	const hf_source_ops *ops = &s->instance->driver->source;
	const hf_entry entry = entry_public(e);
	struct hf_ctx ctx;

	if (!ops->wants)
		return subject_matches(s, e->subject) ? HF_OK : HF_SKIP;
	call_begin(&ctx, s->instance);
	return call_end_or(&ctx, ops->wants(&ctx, s->session, &entry), HF_SKIP, err);
}

/* *nothing: it has nothing of what --only names. */
static int32_t choose(struct restore *r, struct restore_source *s, bool *nothing, struct error *err)
{
	const struct manifest *m = r->point->manifest;

	s->wanted = xcalloc(m->nentries + 1, sizeof *s->wanted);
	for (size_t i = 0; i < m->nentries; i++) {
		const struct entry *e = &m->entries[i];
		int32_t status;

		if (strcmp(e->source, s->info->name) != 0)
			continue;
		status = wants(s, e, err);
		if (status == HF_SKIP)
			continue;
		if (status != HF_OK)
			return status;
		s->wanted[s->nwanted++] = i;
		s->bytes += e->plain_size;
	}
	if (s->nwanted > 0 || s->only.n == 0)
		return HF_OK;
	*nothing = true;
	error_set(err, HF_E_NOT_FOUND, "source %s of point %s holds nothing that matches \"%s\"",
		s->info->name, r->point->id, s->only.v[0]);
	error_hint(err, "`holdfast show` lists what it holds");
	return HF_E_NOT_FOUND;
}

static int32_t end_source(struct restore_source *s, int32_t outcome, struct error *err)
{
	struct hf_ctx ctx;
	int32_t status;

	if (!s->begun)
		return HF_OK;
	s->begun = false;
	call_begin(&ctx, s->instance);
	status = s->instance->driver->source.restore_end(&ctx, s->session, outcome);
	return call_end(&ctx, status, err);
}

/* An --only that was not meant for this source alone may match in another one. */
static int32_t look(struct restore *r, struct error *err)
{
	size_t hits = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct restore_source *s = &r->sources[i];
		int32_t status = begin_source(r, s, err);
		bool nothing = false;

		if (status == HF_OK)
			status = choose(r, s, &nothing, err);
		if (nothing && s->only_shared && (i + 1 < r->n || hits > 0)) {
			end_source(s, HF_E_NOT_FOUND, NULL);
			s->skipped = true;
			error_clear(err);
			continue;
		}
		if (status != HF_OK)
			return status;
		hits++;
		r->entries += s->nwanted;
		r->bytes += s->bytes;
	}
	return HF_OK;
}

/* --- proving --- */

static int32_t prove(struct restore *r, struct error *err)
{
	struct verify v = {.sink = r->sink, .manifest = r->point->manifest,
		.level = HF_VERIFY_DIGEST, .lanes = r->lanes};
	uint64_t *all = xcalloc(r->entries + 1, sizeof *all);
	struct progress progress = {0};
	int64_t begun = clock_mono();
	int32_t status;

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; !r->sources[i].skipped && k < r->sources[i].nwanted; k++)
			all[v.count++] = r->sources[i].wanted[k];
	v.entries = all;
	v.progress = &progress;
	progress_start("proving", &progress);
	status = verify_entries(&v, err);
	progress_stop();
	verify_free(&v);
	free(all);
	r->proof_ns = clock_mono() - begun;
	if (status == HF_E_CORRUPT)
		error_hint(err, "nothing was restored; `holdfast list` shows other points, and --from another sink");
	return status;
}

static int32_t codecs_there(struct restore *r, struct codecs *codecs, struct error *err)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->sources[i].nwanted; k++) {
			const struct entry *e =
				&r->point->manifest->entries[r->sources[i].wanted[k]];
			int32_t status = codecs_check(codecs, e, err);

			if (status != HF_OK)
				return status;
		}
	return HF_OK;
}

/* --- restoring --- */

/* Entries of one order of one source, in lanes. */
struct batch {
	struct restore *r;
	struct restore_source *s;
	struct codecs *codecs;
	const size_t *entries;
	size_t n;
	atomic_size_t next;
	pthread_mutex_t lock; /* of the results in r */
};

struct restoring {
	struct batch *batch;
	const struct entry *entry;
	struct facts found;
};

static int32_t on_fact(void *arg, const char *name, const int64_t *number, const char *text)
{
	facts_set(&((struct restoring *)arg)->found, name, text, number ? *number : 0);
	return HF_OK;
}

static bool same_fact(const struct fact *a, const struct fact *b)
{
	if (!a->text || !b->text)
		return !a->text && !b->text && a->number == b->number;
	return strcmp(a->text, b->text) == 0;
}

static char *fact_text(const struct fact *f)
{
	return f->text ? xstrdup(f->text) : xasprintf("%lld", (long long)f->number);
}

static void compare_facts(struct restoring *x)
{
	struct restore *r = x->batch->r;

	pthread_mutex_lock(&x->batch->lock);
	for (size_t i = 0; i < x->found.n; i++) {
		const struct fact *found = &x->found.v[i];
		const struct fact *then = facts_get(&x->entry->facts, found->name);

		if (found->name[0] == '~' || !then)
			continue;
		r->facts_compared++;
		if (same_fact(found, then))
			continue;
		autofree char *a = fact_text(then), *b = fact_text(found);
		strv_take(&r->mismatches, xasprintf("%s: %s was %s at the backup, is %s now",
			x->entry->path, found->name, a, b));
	}
	pthread_mutex_unlock(&x->batch->lock);
}

static int32_t restore_entry(struct batch *b, const struct entry *e, unsigned lane,
	struct error *err)
{
	struct instance *source = b->s->instance;
	const hf_entry entry = entry_public(e);
	struct restoring x = {.batch = b, .entry = e};
	const struct call_target target = {.arg = &x, .fact = on_fact};
	struct decoder *d = NULL;
	struct hf_ctx ctx;
	int32_t status =
		decoder_open(b->r->sink, b->codecs, e, true, &b->r->progress.plain, &d, err);

	if (status != HF_OK)
		return status;
	progress_entry(e->path);
	call_begin(&ctx, source);
	ctx.target = &target;
	ctx.lane = lane;
	status = source->driver->source.restore(&ctx, b->s->session, &entry, decoder_reader(d));
	status = call_end(&ctx, status, err);
	if (decoder_error(d, NULL) != HF_OK) {
		error_clear(err);
		status = decoder_error(d, err);
	} else if (status == HF_OK && !decoder_finished(d)) {
		status = error_set(err, HF_E_FAILED, "%s: restore() of %s stopped before its end",
			source->label, e->path);
	}
	decoder_close(d);
	if (status == HF_OK)
		compare_facts(&x);
	facts_free(&x.found);
	return status == HF_OK ? HF_OK : error_prefix(err, "entry %s", e->path);
}

static int32_t restore_lane(void *arg, unsigned lane, struct error *err)
{
	struct batch *b = arg;
	int32_t status = instance_worker_begin(b->s->instance, err);
	size_t i;

	if (status != HF_OK)
		return status;
	while (status == HF_OK && (i = atomic_fetch_add(&b->next, 1)) < b->n) {
		if (cancelled())
			status = error_set(err, HF_E_CANCELLED, "interrupted");
		else
			status = restore_entry(b, &b->r->point->manifest->entries[b->entries[i]],
				lane, err);
		if (status == HF_OK)
			atomic_fetch_add(&b->r->progress.entries_done, 1);
	}
	instance_worker_end(b->s->instance);
	return status;
}

static int by_size(const void *a, const void *b, void *manifest)
{
	const struct manifest *m = manifest;
	uint64_t x = m->entries[*(const size_t *)a].plain_size;
	uint64_t y = m->entries[*(const size_t *)b].plain_size;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The manifest is in restore order: entries of one order stand together. */
static int32_t restore_batches(struct restore *r, struct restore_source *s, struct codecs *codecs,
	struct error *err)
{
	struct manifest *m = r->point->manifest;
	unsigned lanes = instance_parallel(s->instance) ? r->lanes : 1;
	int32_t status = HF_OK;

	for (size_t from = 0, to; from < s->nwanted && status == HF_OK; from = to) {
		for (to = from + 1; to < s->nwanted; to++)
			if (m->entries[s->wanted[to]].order != m->entries[s->wanted[from]].order)
				break;
		qsort_r(s->wanted + from, to - from, sizeof *s->wanted, by_size, m);
		struct batch b = {.r = r, .s = s, .codecs = codecs, .entries = s->wanted + from,
			.n = to - from, .lock = PTHREAD_MUTEX_INITIALIZER};
		status = lanes_run(lanes < b.n ? lanes : (unsigned)b.n, restore_lane, &b, err);
	}
	return status;
}

static int32_t restore_source(struct restore *r, struct restore_source *s, struct codecs *codecs,
	struct error *err)
{
	const hf_source_ops *ops = &s->instance->driver->source;
	struct hf_ctx ctx;
	int32_t status = HF_OK;

	r->touched = !r->dry_run;
	if (ops->restore_prepare) {
		call_begin(&ctx, s->instance);
		status = call_end(&ctx, ops->restore_prepare(&ctx, s->session), err);
	}
	return status == HF_OK ? restore_batches(r, s, codecs, err) : status;
}

static int32_t restore_all(struct restore *r, struct codecs *codecs, struct error *err)
{
	int32_t status = HF_OK;

	struct error unmatched = {0};
	size_t matched = 0;

	atomic_store(&r->progress.total, r->bytes);
	atomic_store(&r->progress.entries, r->entries);
	progress_start("restore", &r->progress);
	for (size_t i = 0; i < r->n && status == HF_OK; i++) {
		struct restore_source *s = &r->sources[i];
		struct error end = {0};

		if (s->skipped || (r->dry_run && !(s->instance->driver->d.capabilities & HF_CAP_DRY_RESTORE)))
			continue;
		status = restore_source(r, s, codecs, err);
		int32_t ended = end_source(s, status, &end);
		if (status == HF_OK && ended == HF_E_NOT_FOUND && s->only_shared && r->n > 1) {
			/* it was read and held nothing of it; another source may */
			error_keep_first(&unmatched, &end);
			r->entries -= s->nwanted;
			r->bytes -= s->bytes;
			continue;
		}
		matched += status == HF_OK && ended == HF_OK;
		if (status == HF_OK)
			status = ended;
		error_keep_first(err, &end);
	}
	if (status == HF_OK && matched == 0 && unmatched.status != HF_OK)
		status = error_keep_first(err, &unmatched);
	error_clear(&unmatched);
	progress_stop();
	return status;
}

int32_t restore_run(struct restore *r, struct error *err)
{
	struct codecs *codecs = codecs_new(r->point->job);
	int32_t status = look(r, err);
	int64_t begun;

	if (status == HF_OK)
		status = codecs_there(r, codecs, err);
	if (status == HF_OK)
		status = prove(r, err);
	begun = clock_mono();
	if (status == HF_OK)
		status = restore_all(r, codecs, err);
	if (status == HF_OK && r->mismatches.n > 0) {
		status = error_set(err, HF_E_FAILED,
			"restored, but %zu of %llu facts differ from the backup: %s", r->mismatches.n,
			(unsigned long long)r->facts_compared, r->mismatches.v[0]);
		error_hint(err, "the target was changed by somebody else, or lacks something; do not use it unchecked");
	}
	r->restore_ns = clock_mono() - begun;
	cancel_shield(true);
	for (size_t i = 0; i < r->n; i++)
		(void)end_source(&r->sources[i], status, NULL);
	cancel_shield(false);
	codecs_free(codecs);
	return status;
}

void restore_free(struct restore *r)
{
	for (size_t i = 0; i < r->n; i++) {
		strv_free(&r->sources[i].only);
		options_free(r->sources[i].options);
		free(r->sources[i].wanted);
	}
	free(r->sources);
	strv_free(&r->mismatches);
}
