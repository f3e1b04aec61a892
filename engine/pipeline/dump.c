/* SPDX-License-Identifier: MIT
 * The sources' part of a backup. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/dump.h"
#include "engine/pipeline/lanes.h"
#include "engine/report/out.h"
#include "engine/report/progress.h"
#include "engine/util/cancel.h"
#include "engine/util/log.h"
#include "engine/util/retry.h"

/* --- what sources report --- */

static int32_t on_source_entry(void *arg, const hf_entry *entry, struct error *err)
{
	struct source_run *s = arg;

	return entries_add(s->entries, s, entry, err);
}

static int32_t on_source_fact(void *arg, const char *name, const int64_t *number, const char *text)
{
	struct source_run *s = arg;

	facts_set(&s->info.facts, name, text, number ? *number : 0);
	return HF_OK;
}

static int32_t on_source_mark(void *arg, const void *mark, uint64_t size, struct error *err)
{
	struct source_run *s = arg;

	(void)err;
	free(s->info.mark);
	s->info.mark = xmalloc(size ? size : 1);
	memcpy(s->info.mark, mark, size);
	s->info.mark_size = size;
	return HF_OK;
}

static int32_t on_source_server(void *arg, const char *text)
{
	struct source_run *s = arg;

	free(s->info.server);
	s->info.server = xstrdup(text);
	return HF_OK;
}

static int32_t on_source_continues(void *arg)
{
	((struct source_run *)arg)->info.continues = true;
	return HF_OK;
}

/* A driver may warn from threads of its own. */
static pthread_mutex_t warn_lock = PTHREAD_MUTEX_INITIALIZER;

static void keep_warning(struct strv *warnings, const char *text)
{
	pthread_mutex_lock(&warn_lock);
	strv_add(warnings, text);
	pthread_mutex_unlock(&warn_lock);
}

static void on_source_warn(void *arg, const char *text)
{
	keep_warning(&((struct source_run *)arg)->info.warnings, text);
}

static struct call_target source_target(struct source_run *s)
{
	return (struct call_target){
		.arg = s,
		.entry_add = on_source_entry,
		.fact = on_source_fact,
		.mark = on_source_mark,
		.server = on_source_server,
		.continues = on_source_continues,
		.warn = on_source_warn,
	};
}

static int32_t on_dump_entry(void *arg, const hf_entry *entry, struct error *err)
{
	struct dump_entry *d = arg;

	return entries_add(d->source->entries, d->source, entry, err);
}

static int32_t on_dump_fact(void *arg, const char *name, const int64_t *number, const char *text)
{
	struct dump_entry *d = arg;

	facts_set(&d->entry.facts, name, text, number ? *number : 0);
	return HF_OK;
}

static void on_dump_warn(void *arg, const char *text)
{
	keep_warning(&((struct dump_entry *)arg)->entry.warnings, text);
}

/* --- begin and end --- */

static int32_t begin_source(struct dump *d, struct source_run *s, const char *point, bool dry_run,
	struct error *err)
{
	const struct call_target target = source_target(s);
	hf_begin in = {.size = sizeof in, .lanes = s->lanes, .point = point, .dry_run = dry_run};
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	retry_begin(&retry);
	do {
		size_t before = entries_count(d->entries);

		call_begin(&ctx, s->instance);
		ctx.target = &target;
		status = s->instance->driver->source.begin(&ctx, s->instance->self, &in, &s->session);
		status = call_end(&ctx, status, err);
		if (entries_count(d->entries) != before)
			break; /* it cannot begin anew with entries listed already */
	} while (status != HF_OK && retry_again(&retry, status, err));
	s->begun = status == HF_OK;
	return status;
}

int32_t dump_begin(struct dump *d, const char *point, bool dry_run, struct error *err)
{
	int32_t status = HF_OK;

	for (size_t i = 0; i < d->n && status == HF_OK; i++) {
		struct source_run *s = &d->sources[i];

		s->lanes = instance_parallel(s->instance) ? d->lanes : 1;
		s->entries = d->entries;
		log_info("%s: taking the snapshot", s->instance->label);
		status = begin_source(d, s, point, dry_run, err);
	}
	return status;
}

int32_t dump_end(struct dump *d, int32_t outcome, struct error *err)
{
	for (size_t i = 0; i < d->n; i++) {
		struct source_run *s = &d->sources[i];
		const struct call_target target = source_target(s);
		struct error own = {0};
		struct hf_ctx ctx;
		int32_t status;

		if (!s->begun)
			continue;
		s->begun = false;
		call_begin(&ctx, s->instance);
		ctx.target = &target;
		status = s->instance->driver->source.end(&ctx, s->session, outcome);
		status = call_end(&ctx, status, &own);
		if (status != HF_OK && outcome == HF_OK)
			outcome = status;
		error_keep_first(err, &own);
	}
	return outcome;
}

/* --- lanes --- */

/* An entry's record as it was before a first attempt failed. */
static void reset(struct entry *e)
{
	facts_free(&e->facts);
	e->facts = (struct facts){0};
	strv_free(&e->warnings);
	free(e->parts);
	e->parts = NULL;
	e->nparts = 0;
}

static int32_t dump_once(struct encoder *enc, struct dump_entry *d, unsigned lane,
	struct error *err)
{
	struct instance *source = d->source->instance;
	struct error pipeline = {0};
	struct hf_ctx ctx;
	int32_t status;
	const struct call_target target = {
		.arg = d, .entry_add = on_dump_entry, .fact = on_dump_fact, .warn = on_dump_warn};
	const hf_entry e = {
		.size = sizeof e,
		.flags = d->entry.flags,
		.path = d->entry.path,
		.type = d->entry.type,
		.subject = d->entry.subject,
		.attrs = d->entry.attrs,
		.order = d->entry.order,
		.size_hint = d->size_hint,
		.id = d->id,
	};

	reset(&d->entry);
	hf_writer *out = encoder_begin(enc, d->key, d->size_hint, d->entry.codecs.n == 0);
	call_begin(&ctx, source);
	ctx.target = &target;
	ctx.lane = d->source->lanes > 1 ? lane : 0;
	status = source->driver->source.dump(&ctx, d->source->session, &e, out);
	status = call_end(&ctx, status, err);
	if (encoder_end(enc, status != HF_OK, &d->entry, &pipeline) != HF_OK) {
		/* what the source returned is an echo of this */
		error_clear(err);
		*err = pipeline;
		status = err->status;
	}
	return status;
}

static int32_t dump_one(struct encoder *enc, struct dump_entry *d, unsigned lane, struct error *err)
{
	bool again = (d->source->instance->driver->d.capabilities & HF_CAP_REDUMP) != 0;
	struct retry retry;
	int32_t status;

	progress_entry(d->entry.path);
	retry_begin(&retry);
	do
		status = dump_once(enc, d, lane, err);
	while (status != HF_OK && again && retry_again(&retry, status, err));
	if (status != HF_OK)
		return error_prefix(err, "entry %s", d->entry.path);
	return HF_OK;
}

static void tell_entry(const struct dump_entry *d)
{
	if (!out_json())
		return;
	json_object *o = json_object_new_object();
	out_add_string(o, "source", d->entry.source);
	out_add_string(o, "path", d->entry.path);
	out_add_uint(o, "plain_size", d->entry.plain_size);
	out_add_uint(o, "stored_size", d->entry.stored_size);
	out_add_uint(o, "warnings", d->entry.warnings.n);
	out_event("entry", o);
}

struct lane_state {
	struct dump *dump;
	bool *entered; /* a source's worker_begin was called on this thread */
};

static int32_t enter_source(struct lane_state *l, struct source_run *s, struct error *err)
{
	bool *entered = &l->entered[s - l->dump->sources];
	int32_t status;

	if (*entered)
		return HF_OK;
	status = instance_worker_begin(s->instance, err);
	*entered = status == HF_OK;
	return status;
}

static int32_t dump_lane(void *arg, unsigned lane, struct error *err)
{
	struct lane_state l = {.dump = arg};
	struct encoder *enc = NULL;
	struct dump_entry *d;
	int32_t status = encoder_new(&l.dump->plan, &enc, err);

	l.entered = xcalloc(l.dump->n, sizeof *l.entered);
	while (status == HF_OK && (d = entries_take(l.dump->entries))) {
		status = enter_source(&l, d->source, err);
		if (status == HF_OK)
			status = dump_one(enc, d, lane, err);
		if (status == HF_OK) {
			atomic_fetch_add(&d->source->progress->entries_done, 1);
			tell_entry(d);
		}
		entries_done(l.dump->entries, d, status == HF_OK);
	}
	for (size_t i = 0; i < l.dump->n; i++)
		if (l.entered[i])
			instance_worker_end(l.dump->sources[i].instance);
	free(l.entered);
	encoder_free(enc);
	if (status == HF_OK && cancelled())
		status = error_set(err, HF_E_CANCELLED, "interrupted");
	return status;
}

int32_t dump_entries(struct dump *d, struct error *err)
{
	return lanes_run(d->lanes, dump_lane, d, err);
}
