/* SPDX-License-Identifier: MIT
 * instance_source.c - a whole backup and a whole restore, in the order of
 * calls that the header promises
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

#define STREAM_MAGIC 0x68665331u
#define MAX_WORKERS 8u

/* --- backup --- */

struct dumping {
	struct instance *instance;
	void *session;
	struct dumped *dumped;
	size_t next;
	int32_t status;
	bool twice;
};

struct lane {
	struct dumping *dumping;
	unsigned number;
};

static int32_t dump_entry(struct dumping *d, struct entry *entry, uint32_t lane)
{
	struct world *world = d->instance->world;
	hf_ctx *ctx = call_begin(world->mock, CALL_DUMP, "dump");
	hf_writer writer = {.magic = STREAM_MAGIC, .ctx = ctx, .entry = entry};
	int32_t status;

	entry->size = 0;
	facts_free(&entry->facts);
	ctx->lane = lane;
	ctx->facts = &entry->facts;
	ctx->backup = d->dumped;
	status = call_done(ctx, world->source.dump(ctx, d->session, &entry->host, &writer));
	writer_end(&writer);
	entry->dumped = status == HF_OK;
	return status;
}

static struct entry *take_entry(struct dumping *d)
{
	struct entry *entry = NULL;

	pthread_mutex_lock(&d->dumped->mutex);
	if (d->status == HF_OK && d->next < d->dumped->count)
		entry = d->dumped->entries[d->next++];
	pthread_mutex_unlock(&d->dumped->mutex);
	return entry;
}

static void set_status(struct dumping *d, int32_t status)
{
	pthread_mutex_lock(&d->dumped->mutex);
	if (d->status == HF_OK)
		d->status = status;
	pthread_mutex_unlock(&d->dumped->mutex);
}

static void *dump_lane(void *data)
{
	struct lane *lane = data;
	struct dumping *d = lane->dumping;
	struct entry *entry;
	int32_t status = worker_enter(d->instance);

	if (status) {
		set_status(d, status);
		return NULL;
	}
	while ((entry = take_entry(d))) {
		status = dump_entry(d, entry, lane->number);
		if (status == HF_OK && d->twice)
			status = dump_entry(d, entry, lane->number);
		if (status)
			set_status(d, status);
	}
	worker_leave(d->instance);
	return NULL;
}

static void dump_all(struct dumping *d, unsigned workers)
{
	pthread_t threads[MAX_WORKERS];
	struct lane lanes[MAX_WORKERS] = {{.dumping = d}};
	unsigned started = 0;

	if (!workers) {
		dump_lane(&lanes[0]);
		return;
	}
	for (; started < workers && started < MAX_WORKERS; started++) {
		lanes[started] = (struct lane){.dumping = d, .number = started};
		if (pthread_create(&threads[started], NULL, dump_lane, &lanes[started]))
			break;
	}
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

static int32_t run_backup(struct instance *instance, const struct backup_plan *plan,
    struct dumped *dumped)
{
	struct world *world = instance->world;
	struct dumping d = {.instance = instance, .dumped = dumped, .twice = plan->twice};
	hf_begin in = {
		.size = sizeof(in), .lanes = plan->workers ? plan->workers : 1,
		.point = "20260116T020000Z-ab12", .dry_run = plan->dry_run,
	};
	hf_ctx *ctx = call_begin(world->mock, CALL_BEGIN, "begin");
	int32_t status, ended;

	ctx->facts = &dumped->facts;
	ctx->backup = dumped;
	status = call_done(ctx, world->source.begin(ctx, instance->self, &in, &d.session));
	if (status) {
		if (!plan->fails)
			flaw(world->report, "begin(): %s: %s", status_name(status), ctx->message);
		return status;
	}
	if (!plan->dry_run)
		dump_all(&d, plan->workers);
	if (d.status && !plan->fails)
		flaw(world->report, "dump() failed with %s", status_name(d.status));
	ctx = call_begin(world->mock, CALL_END, "end");
	ctx->facts = &dumped->facts;
	ctx->backup = dumped;
	ended = call_done(ctx, world->source.end(ctx, d.session, d.status));
	if (ended && !d.status && !plan->fails)
		flaw(world->report, "end(): %s: %s", status_name(ended), ctx->message);
	return d.status ? d.status : ended;
}

int32_t backup(struct world *world, const struct backup_plan *plan, struct dumped *dumped)
{
	struct instance instance;
	int32_t status = instance_open(world, &instance, plan->instead, plan->fails);

	if (status)
		return status;
	status = run_backup(&instance, plan, dumped);
	instance_close(&instance);
	return status;
}

/* --- restore --- */

struct wanted {
	const struct entry *entry;
	hf_entry host; /* as read from the manifest: without the driver's own number */
	bool needed;
};

static int by_order(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->host.order != y->host.order)
		return x->host.order < y->host.order ? -1 : 1;
	return 0;
}

static struct wanted *in_restore_order(const struct dumped *dumped)
{
	struct wanted *all = need(calloc(dumped->count + 1, sizeof(*all)));

	for (size_t i = 0; i < dumped->count; i++) {
		all[i].entry = dumped->entries[i];
		all[i].host = dumped->entries[i]->host;
		all[i].host.id = 0;
		all[i].host.plain_size = dumped->entries[i]->size;
	}
	qsort(all, dumped->count, sizeof(*all), by_order);
	return all;
}

static int32_t ask_wants(struct world *world, void *session, struct wanted *all, size_t count,
    const char *only)
{
	for (size_t i = 0; i < count; i++) {
		hf_ctx *ctx;
		int32_t status;

		if (!world->source.wants) {
			all[i].needed = !only || strcmp(only, all[i].host.subject) == 0;
			continue;
		}
		ctx = call_begin(world->mock, CALL_WANTS, "wants");
		status = call_done(ctx, world->source.wants(ctx, session, &all[i].host));
		if (status != HF_OK && status != HF_SKIP)
			return status;
		all[i].needed = status == HF_OK;
	}
	return HF_OK;
}

static int32_t restore_entry(struct world *world, void *session, struct wanted *w)
{
	hf_ctx *ctx = call_begin(world->mock, CALL_RESTORE, "restore");
	hf_reader reader = {
		.magic = STREAM_MAGIC, .ctx = ctx, .data = w->entry->data, .size = w->entry->size,
	};
	struct facts found = {0};
	char *why = NULL;
	int32_t status;

	ctx->facts = &found;
	status = call_done(ctx, world->source.restore(ctx, session, &w->host, &reader));
	if (status == HF_OK && !reader.ended)
		flaw(world->report, "restore(%s) did not read to HF_END", w->host.path);
	if (status == HF_OK && !facts_same(&w->entry->facts, &found, &why))
		flaw(world->report, "%s: facts of dump() and restore() differ: %s", w->host.path,
		    why);
	free(why);
	reader_end(&reader);
	facts_free(&found);
	return status;
}

static int32_t restore_entries(struct world *world, void *session, struct wanted *all,
    size_t count)
{
	int32_t status = HF_OK;

	if (world->source.restore_prepare) {
		hf_ctx *ctx = call_begin(world->mock, CALL_PREPARE, "restore_prepare");

		status = call_done(ctx, world->source.restore_prepare(ctx, session));
	}
	for (size_t i = 0; i < count && status == HF_OK; i++)
		if (all[i].needed)
			status = restore_entry(world, session, &all[i]);
	return status;
}

static int32_t run_restore(struct instance *instance, const struct restore_plan *plan,
    const struct dumped *dumped, const hf_options *options)
{
	struct world *world = instance->world;
	const char *const only[] = {plan->only};
	hf_restore in = {
		.size = sizeof(in), .flags = plan->flags, .into = plan->into, .lanes = 1,
		.only = plan->only ? only : NULL, .only_count = plan->only ? 1 : 0,
		.point = "20260116T020000Z-ab12", .options = options,
		.mark = dumped->mark, .mark_size = dumped->mark_size,
	};
	bool dry = plan->flags & HF_RESTORE_DRY_RUN;
	struct wanted *all;
	void *session = NULL;
	hf_ctx *ctx = call_begin(world->mock, CALL_RESTORE_BEGIN, "restore_begin");
	int32_t status, ended;

	status = call_done(ctx, world->source.restore_begin(ctx, instance->self, &in, &session));
	if (status) {
		if (!plan->fails)
			flaw(world->report, "restore_begin(): %s: %s", status_name(status),
			    ctx->message);
		return status;
	}
	all = in_restore_order(dumped);
	status = ask_wants(world, session, all, dumped->count, plan->only);
	if (status == HF_OK && (!dry || (world->driver.capabilities & HF_CAP_DRY_RESTORE)))
		status = restore_entries(world, session, all, dumped->count);
	if (status && !plan->fails)
		flaw(world->report, "the restore failed with %s", status_name(status));
	free(all);
	ctx = call_begin(world->mock, CALL_RESTORE_END, "restore_end");
	ended = call_done(ctx, world->source.restore_end(ctx, session, status));
	if (ended && !status && !plan->fails)
		flaw(world->report, "restore_end(): %s: %s", status_name(ended), ctx->message);
	return status ? status : ended;
}

int32_t restore(struct world *world, const struct restore_plan *plan,
    const struct dumped *dumped)
{
	const struct settings *given = &world->config->restore_options;
	hf_options *options = options_new(world->mock, world->source.restore_options);
	const char *why = NULL;
	struct instance instance;
	int32_t status;

	for (size_t i = 0; i < given->count; i++) {
		char *value = substitute(given->items[i].value, world->scratch);

		if (!options_add(options, given->items[i].name, value, &why))
			flaw(world->report, "--restore-option %s: %s", given->items[i].name, why);
		free(value);
	}
	why = options_finish(options);
	if (why)
		flaw(world->report, "a restore needs --restore-option %s=...", why);
	status = instance_open(world, &instance, NULL, plan->fails);
	if (status == HF_OK) {
		status = run_restore(&instance, plan, dumped, options);
		instance_close(&instance);
	}
	options_free(options);
	return status;
}
