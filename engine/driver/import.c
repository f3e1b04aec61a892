/* SPDX-License-Identifier: MIT
 * Taking over a plugin's tables: each is copied up to the smaller of its size and ours, the rest is
 * zero, and what is required is checked, once, here. */
#include "config.h"

#include <string.h>

#include "engine/driver/driver.h"
#include "engine/job/options.h"

static void copy_table(void *to, size_t to_size, const void *from, uint32_t from_size)
{
	memset(to, 0, to_size);
	memcpy(to, from, from_size < to_size ? from_size : to_size);
	*(uint32_t *)to = (uint32_t)to_size;
}

const char *kind_name(uint32_t kind)
{
	switch (kind) {
	case HF_KIND_SOURCE:
		return "source";
	case HF_KIND_COMPRESSOR:
		return "compressor";
	case HF_KIND_SINK:
		return "sink";
	case HF_KIND_POST:
		return "post";
	default:
		return "unknown";
	}
}

static int32_t incomplete(const struct driver *d, const char *what, struct error *err)
{
	return error_set(err, HF_E_FAILED, "driver %s (%s) lacks %s", d->d.name,
		kind_name(d->d.kind), what);
}

static int32_t import_source(struct driver *d, struct error *err)
{
	if (!d->d.source)
		return incomplete(d, "its source table", err);
	copy_table(&d->source, sizeof d->source, d->d.source, d->d.source->size);
	d->d.source = &d->source;
	if (!d->source.begin || !d->source.dump || !d->source.end)
		return incomplete(d, "begin, dump or end", err);
	if (!d->source.restore_begin != !d->source.restore ||
		!d->source.restore_begin != !d->source.restore_end)
		return incomplete(d, "restore_begin, restore or restore_end (all or none)", err);
	return d->source.restore_options ? options_table_check(d->source.restore_options, err)
					 : HF_OK;
}

static int32_t import_filter(struct driver *d, struct error *err)
{
	if (!d->d.filter)
		return incomplete(d, "its filter table", err);
	copy_table(&d->filter, sizeof d->filter, d->d.filter, d->d.filter->size);
	d->d.filter = &d->filter;
	if (!d->filter.codec || !d->filter.suffix || !d->filter.stream_open || !d->filter.run ||
		!d->filter.stream_close)
		return incomplete(d, "codec, suffix, stream_open, run or stream_close", err);
	if (!d->filter.decodes)
		d->filter.decodes = d->filter.codec;
	return HF_OK;
}

static int32_t import_sink(struct driver *d, struct error *err)
{
	const hf_sink_ops *s = &d->sink;

	if (!d->d.sink)
		return incomplete(d, "its sink table", err);
	copy_table(&d->sink, sizeof d->sink, d->d.sink, d->d.sink->size);
	d->d.sink = s;
	if (!s->put_open || !s->put_write || !s->put_commit || !s->put_free)
		return incomplete(d, "one of the put functions", err);
	if (!s->get_open || !s->get_read || !s->get_free)
		return incomplete(d, "one of the get functions", err);
	if (!s->list || !s->stat || !s->remove)
		return incomplete(d, "list, stat or remove", err);
	if (!s->lock != !s->unlock)
		return incomplete(d, "lock or unlock (both or none)", err);
	return HF_OK;
}

static int32_t import_post(struct driver *d, struct error *err)
{
	if (!d->d.post)
		return incomplete(d, "its post table", err);
	copy_table(&d->post, sizeof d->post, d->d.post, d->d.post->size);
	d->d.post = &d->post;
	return d->post.run ? HF_OK : incomplete(d, "run", err);
}

static int32_t import_driver(struct driver *d, const hf_driver *raw, struct error *err)
{
	copy_table(&d->d, sizeof d->d, raw, raw->size);
	if (!d->d.name || !*d->d.name || !d->d.summary)
		return error_set(err, HF_E_FAILED, "a driver lacks its name or summary");
	if (!d->d.open || !d->d.close)
		return incomplete(d, "open or close", err);
	if (!d->d.worker_begin != !d->d.worker_end)
		return incomplete(d, "worker_begin or worker_end (both or none)", err);
	if (d->d.options) {
		int32_t status = options_table_check(d->d.options, err);
		if (status != HF_OK)
			return error_prefix(err, "driver %s", d->d.name);
	}
	switch (d->d.kind) {
	case HF_KIND_SOURCE:
		return import_source(d, err);
	case HF_KIND_COMPRESSOR:
		return import_filter(d, err);
	case HF_KIND_SINK:
		return import_sink(d, err);
	case HF_KIND_POST:
		return import_post(d, err);
	default:
		return error_set(err, HF_E_UNSUPPORTED,
			"driver %s is of kind %u, which this holdfast does not know", d->d.name,
			d->d.kind);
	}
}

static int32_t check_plugin(const hf_plugin *p, struct error *err)
{
	if (p->abi_major != HF_ABI_MAJOR)
		return error_set(err, HF_E_UNSUPPORTED, "built for ABI %u, this is %u",
			p->abi_major, HF_ABI_MAJOR);
	if (p->needs_minor > HF_ABI_MINOR) {
		error_set(err, HF_E_UNSUPPORTED,
			"needs ABI %u.%u or later, this holdfast has %u.%u", HF_ABI_MAJOR,
			p->needs_minor, HF_ABI_MAJOR, HF_ABI_MINOR);
		error_hint(err, "upgrade holdfast, or install an older version of this plugin");
		return err->status;
	}
	if (!p->name || !*p->name || !p->version || !p->drivers || !p->drivers[0])
		return error_set(err, HF_E_FAILED, "the plugin lacks its name, version or drivers");
	return HF_OK;
}

int32_t plugin_import(const hf_plugin *raw, const char *file, struct plugin **out,
	struct error *err)
{
	hf_plugin p;
	size_t n = 0;
	int32_t status;

	copy_table(&p, sizeof p, raw, raw->size);
	status = check_plugin(&p, err);
	if (status != HF_OK)
		return status;
	while (p.drivers[n])
		n++;
	struct plugin *plugin = xcalloc(1, sizeof *plugin);
	*plugin = (struct plugin){
		.file = xstrdup(file),
		.name = xstrdup(p.name),
		.version = xstrdup(p.version),
		.license = xstrdup(p.license ? p.license : ""),
		.abi_major = p.abi_major,
		.abi_minor = p.abi_minor,
		.drivers = xcalloc(n, sizeof *plugin->drivers),
		.n = n,
	};
	for (size_t i = 0; i < n; i++) {
		struct driver *d = &plugin->drivers[i];
		d->plugin = plugin;
		pthread_mutex_init(&d->serial, NULL);
		status = import_driver(d, p.drivers[i], err);
		if (status != HF_OK) {
			plugin_free(plugin);
			return status;
		}
	}
	*out = plugin;
	return HF_OK;
}

void plugin_free(struct plugin *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		pthread_mutex_destroy(&p->drivers[i].serial);
	free(p->drivers);
	free(p->file);
	free(p->name);
	free(p->version);
	free(p->license);
	free(p);
}
