/* SPDX-License-Identifier: MIT
 * laws_driver.c - what every driver must be: one symbol, sound tables,
 * instances that can be opened, closed and used side by side
 */
#include "config.h"

#include <string.h>

#include "check.h"

/* --- the shared object --- */

struct exports {
	struct report *report;
	unsigned entry;
};

static void see_export(void *data, const char *name)
{
	struct exports *exports = data;

	if (strcmp(name, "hf_plugin_v1") == 0)
		exports->entry++;
	else if (strncmp(name, "__gcov", 6) && strncmp(name, "__asan", 6) &&
	    strncmp(name, "__odr_asan", 10) && strncmp(name, "__llvm", 6))
		flaw(exports->report, "the symbol %s is exported: build with "
		    "-fvisibility=hidden", name);
}

static void one_symbol(struct world *world)
{
	struct exports exports = {.report = world->report};

	if (!elf_exports(world->config->file, see_export, &exports))
		flaw(world->report, "%s is not a shared object of this machine",
		    world->config->file);
	else if (exports.entry != 1)
		flaw(world->report, "hf_plugin_v1 is not exported");
}

static void need_text(struct world *world, const char *value, const char *what)
{
	if (!value || !value[0])
		flaw(world->report, "%s is missing", what);
	else if (strchr(value, '\n'))
		flaw(world->report, "%s has more than one line", what);
}

static void plugin_table(struct world *world)
{
	const hf_plugin *plugin = world->plugin;

	if (plugin->size < SIZE_TO(hf_plugin, drivers))
		flaw(world->report, "hf_plugin.size is %u, less than ABI 1.0 has", plugin->size);
	if (plugin->abi_major != HF_ABI_MAJOR)
		flaw(world->report, "hf_plugin.abi_major is %u", plugin->abi_major);
	if (plugin->needs_minor > plugin->abi_minor)
		flaw(world->report, "the plugin needs minor %u and was built with %u",
		    plugin->needs_minor, plugin->abi_minor);
	need_text(world, plugin->name, "hf_plugin.name");
	need_text(world, plugin->version, "hf_plugin.version");
	need_text(world, plugin->license, "hf_plugin.license");
}

/* --- the driver's tables --- */

static bool name_sound(const char *name, const char *others)
{
	if (!name || name[0] < 'a' || name[0] > 'z')
		return false;
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') ||
		    strchr(others, *name)))
			return false;
	return true;
}

static uint64_t known_capabilities(uint32_t kind)
{
	switch (kind) {
	case HF_KIND_SOURCE: return HF_CAP_INCREMENTAL | HF_CAP_REDUMP | HF_CAP_DRY_RESTORE;
	case HF_KIND_COMPRESSOR: return HF_CAP_CONCAT;
	case HF_KIND_SINK: return HF_CAP_IF_ABSENT;
	case HF_KIND_POST: return HF_CAP_EXPIRE;
	default: return 0;
	}
}

static void driver_table(struct world *world)
{
	const hf_driver *d = &world->driver;
	struct report *report = world->report;
	unsigned ops = (d->source != NULL) + (d->filter != NULL) + (d->sink != NULL) +
	    (d->post != NULL);
	bool fits = (d->kind == HF_KIND_SOURCE && d->source) ||
	    (d->kind == HF_KIND_COMPRESSOR && d->filter) ||
	    (d->kind == HF_KIND_SINK && d->sink) || (d->kind == HF_KIND_POST && d->post);

	if (world->raw->size < SIZE_TO(hf_driver, post))
		flaw(report, "hf_driver.size is %u, less than ABI 1.0 has", world->raw->size);
	if (ops != 1 || !fits)
		flaw(report, "kind %u with %u tables of functions", d->kind, ops);
	if (!name_sound(d->name, "_-"))
		flaw(report, "the driver's name is not [a-z][a-z0-9_-]*");
	need_text(world, d->summary, "summary");
	if (d->threads != HF_THREADS_PROCESS && d->threads != HF_THREADS_INSTANCE &&
	    d->threads != HF_THREADS_STREAM)
		flaw(report, "threads is %u", d->threads);
	if (d->reserved)
		flaw(report, "hf_driver.reserved is not zero");
	if (d->capabilities & ~known_capabilities(d->kind))
		flaw(report, "a capability that this kind of driver does not have");
	if (!d->open || !d->close)
		flaw(report, "open() or close() is missing");
	if (!d->worker_begin != !d->worker_end)
		flaw(report, "worker_begin() and worker_end(): both or none");
}

static void source_table(struct world *world)
{
	const hf_source_ops *s = &world->source;

	if (world->driver.source->size < SIZE_TO(hf_source_ops, restore_options))
		flaw(world->report, "hf_source_ops.size is less than ABI 1.0 has");
	if (!s->begin || !s->dump || !s->end)
		flaw(world->report, "begin(), dump() or end() is missing");
	if (!s->restore_begin != !s->restore || !s->restore_begin != !s->restore_end)
		flaw(world->report, "restore_begin(), restore() and restore_end(): all or none");
	if (!s->restore_begin && (s->wants || s->restore_prepare || s->restore_options))
		flaw(world->report, "parts of a restore without restore_begin()");
}

static void filter_table(struct world *world)
{
	const hf_filter_ops *f = &world->filter;

	if (world->driver.filter->size < SIZE_TO(hf_filter_ops, stream_close))
		flaw(world->report, "hf_filter_ops.size is less than ABI 1.0 has");
	if (!f->stream_open || !f->run || !f->stream_close)
		flaw(world->report, "stream_open(), run() or stream_close() is missing");
	if (!f->codec || !strchr(f->codec, '/'))
		flaw(world->report, "codec has no version (\"zstd/1\")");
	if (!f->suffix || f->suffix[0] != '.' || strchr(f->suffix, '/'))
		flaw(world->report, "suffix does not begin with a dot");
}

static void sink_table(struct world *world)
{
	const hf_sink_ops *s = &world->sink;

	if (world->driver.sink->size < SIZE_TO(hf_sink_ops, sweep))
		flaw(world->report, "hf_sink_ops.size is less than ABI 1.0 has");
	if (!s->put_open || !s->put_write || !s->put_commit || !s->put_free || !s->get_open ||
	    !s->get_read || !s->get_free || !s->list || !s->stat || !s->remove)
		flaw(world->report, "a function of put, get, list, stat or remove is missing");
	if (!s->lock != !s->unlock)
		flaw(world->report, "lock() and unlock(): both or none");
}

static void kind_table(struct world *world)
{
	switch (world->driver.kind) {
	case HF_KIND_SOURCE:
		source_table(world);
		break;
	case HF_KIND_COMPRESSOR:
		filter_table(world);
		break;
	case HF_KIND_SINK:
		sink_table(world);
		break;
	case HF_KIND_POST:
		if (world->driver.post->size < SIZE_TO(hf_post_ops, run) || !world->post.run)
			flaw(world->report, "run() is missing, or hf_post_ops.size is wrong");
		break;
	default:
		flaw(world->report, "kind is %u", world->driver.kind);
	}
}

/* --- instances --- */

static int32_t open_and_close(struct world *world)
{
	struct instance instance;
	int32_t status = instance_open(world, &instance, NULL,
	    atomic_load(&world->mock->cancel_at) != 0);

	if (status == HF_OK)
		instance_close(&instance);
	return status;
}

static void again_and_again(struct world *world)
{
	for (unsigned i = 0; i < 50; i++)
		if (open_and_close(world) != HF_OK)
			return;
	mock_reset(world->mock);
	watch_growth(world, "open and close", open_and_close);
}

static void open_cancelled(struct world *world)
{
	cancel_everywhere(world, open_and_close);
}

static void side_by_side(struct world *world)
{
	struct instance first, second;

	if (instance_open(world, &first, NULL, false) != HF_OK)
		return;
	if (instance_open(world, &second, NULL, false) == HF_OK) {
		if (first.self && first.self == second.self)
			flaw(world->report, "two instances are one: %p", first.self);
		instance_close(&first);
		instance_close(&second);
	} else {
		instance_close(&first);
	}
}

static int32_t probe(struct world *world)
{
	uint32_t flags = world->driver.kind == HF_KIND_SINK ? HF_PROBE_WRITE : 0;
	bool quiet = atomic_load(&world->mock->cancel_at) != 0;
	struct instance instance;
	int32_t status = instance_open(world, &instance, NULL, quiet);
	hf_ctx *ctx;

	if (status)
		return status;
	ctx = call_begin(world->mock, CALL_PROBE, "probe");
	status = call_done(ctx, world->driver.probe(ctx, instance.self, flags));
	if (status && !quiet)
		flaw(world->report, "probe(): %s: %s", status_name(status), ctx->message);
	instance_close(&instance);
	return status;
}

static const char *skip_probe(const struct world *world)
{
	return world->driver.probe ? NULL : "the driver has no probe()";
}

static void probe_twice(struct world *world)
{
	uint64_t before, after;

	before = count_files(world->scratch);
	if (probe(world) == HF_OK)
		probe(world);
	after = count_files(world->scratch);
	if (before != after)
		flaw(world->report, "probe() left %d files behind", (int)(after - before));
}

static void probe_cancelled(struct world *world)
{
	cancel_everywhere(world, probe);
}

const struct law laws_driver[] = {
	{"plugin: exports one symbol", 0, one_symbol, NULL},
	{"plugin: its description is sound", 0, plugin_table, NULL},
	{"driver: its description is sound", 0, driver_table, NULL},
	{"driver: its table of functions is complete", 0, kind_table, NULL},
	{"driver: opens and closes again and again", 0, again_and_again, NULL},
	{"driver: open survives being cancelled", 0, open_cancelled, NULL},
	{"driver: two instances side by side", 0, side_by_side, NULL},
	{"driver: probe succeeds and leaves nothing behind", 0, probe_twice, skip_probe},
	{"driver: probe stops when cancelled", 0, probe_cancelled, skip_probe},
	{NULL, 0, NULL, NULL},
};
