/* SPDX-License-Identifier: MIT
 * A sink's calls, straight: puts and gets, and small objects whole. */
#include "config.h"

#include <string.h>

#include "engine/driver/sink.h"
#include "engine/util/retry.h"

/* --- puts --- */

struct sink_put {
	struct instance *sink;
	void *put;
	char *key;
};

int32_t sink_put_open(struct instance *sink, const char *key, uint64_t size_hint, uint32_t flags,
	struct sink_put **out, struct error *err)
{
	struct sink_put *p = xcalloc(1, sizeof *p);
	struct hf_ctx ctx;
	int32_t status;

	p->sink = sink;
	p->key = xstrdup(key);
	hf_put in = {.size = sizeof in, .flags = flags, .key = p->key, .size_hint = size_hint};
	call_begin(&ctx, sink);
	status = call_end(&ctx, sink->driver->sink.put_open(&ctx, sink->self, &in, &p->put), err);
	if (status != HF_OK) {
		free(p->key);
		free(p);
		return status;
	}
	*out = p;
	return HF_OK;
}

int32_t sink_put_write(struct sink_put *p, const void *data, size_t n, struct error *err)
{
	struct hf_ctx ctx;

	call_begin(&ctx, p->sink);
	return call_end(&ctx, p->sink->driver->sink.put_write(&ctx, p->put, data, n), err);
}

int32_t sink_put_commit(struct sink_put *p, struct error *err)
{
	struct hf_ctx ctx;

	call_begin(&ctx, p->sink);
	return call_end(&ctx, p->sink->driver->sink.put_commit(&ctx, p->put), err);
}

void sink_put_free(struct sink_put *p)
{
	struct hf_ctx ctx;

	if (!p)
		return;
	call_begin(&ctx, p->sink);
	p->sink->driver->sink.put_free(&ctx, p->put);
	call_end(&ctx, HF_OK, NULL);
	free(p->key);
	free(p);
}

/* --- gets --- */

struct sink_get {
	struct instance *sink;
	void *get;
};

int32_t sink_get_open(struct instance *sink, const char *key, uint64_t offset, uint64_t length,
	struct sink_get **out, struct error *err)
{
	struct sink_get *g = xcalloc(1, sizeof *g);
	struct hf_ctx ctx;
	int32_t status;

	g->sink = sink;
	call_begin(&ctx, sink);
	status = sink->driver->sink.get_open(&ctx, sink->self, key, offset, length, &g->get);
	status = call_end(&ctx, status, err);
	if (status != HF_OK) {
		free(g);
		return status;
	}
	*out = g;
	return HF_OK;
}

int32_t sink_get_read(struct sink_get *g, void *buf, size_t cap, size_t *got, struct error *err)
{
	struct hf_ctx ctx;
	uint64_t n = 0;
	int32_t status;

	call_begin(&ctx, g->sink);
	status = g->sink->driver->sink.get_read(&ctx, g->get, buf, cap, &n);
	status = call_end_or(&ctx, status, HF_END, err);
	*got = status == HF_OK ? (size_t)n : 0;
	if (status == HF_OK && (n == 0 || n > cap))
		return error_set(err, HF_E_FAILED, "%s: get_read() returned %llu bytes of %zu",
			g->sink->label, (unsigned long long)n, cap);
	return status;
}

void sink_get_free(struct sink_get *g)
{
	struct hf_ctx ctx;

	if (!g)
		return;
	call_begin(&ctx, g->sink);
	g->sink->driver->sink.get_free(&ctx, g->get);
	call_end(&ctx, HF_OK, NULL);
	free(g);
}

/* --- small objects, whole --- */

static int32_t put_once(struct instance *sink, const char *key, const void *data, size_t n,
	uint32_t flags, struct error *err)
{
	struct sink_put *put = NULL;
	int32_t status = sink_put_open(sink, key, n, flags, &put, err);

	if (status == HF_OK && n > 0)
		status = sink_put_write(put, data, n, err);
	if (status == HF_OK)
		status = sink_put_commit(put, err);
	sink_put_free(put);
	return status;
}

int32_t sink_put_bytes(struct instance *sink, const char *key, const void *data, size_t n,
	uint32_t flags, struct error *err)
{
	struct retry retry;
	int32_t status;

	retry_begin(&retry);
	do
		status = put_once(sink, key, data, n, flags, err);
	while (status != HF_OK && retry_again(&retry, status, err));
	return status;
}

static int32_t get_once(struct instance *sink, const char *key, size_t limit, struct buf *out,
	struct error *err)
{
	struct sink_get *get = NULL;
	char chunk[1 << 14];
	size_t got;
	int32_t status = sink_get_open(sink, key, 0, UINT64_MAX, &get, err);

	if (status != HF_OK)
		return status;
	while ((status = sink_get_read(get, chunk, sizeof chunk, &got, err)) == HF_OK) {
		if (got > limit - out->len) {
			status = error_set(err, HF_E_CORRUPT, "%s: %s is larger than %zu bytes",
				sink->label, key, limit);
			break;
		}
		buf_add(out, chunk, got);
	}
	sink_get_free(get);
	return status == HF_END ? HF_OK : status;
}

int32_t sink_get_bytes(struct instance *sink, const char *key, size_t limit, struct buf *out,
	struct error *err)
{
	struct retry retry;
	int32_t status;

	retry_begin(&retry);
	do {
		out->len = 0;
		status = get_once(sink, key, limit, out, err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	return status;
}

int32_t sink_flush(struct instance *sink, struct error *err)
{
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	if (!sink->driver->sink.flush)
		return HF_OK;
	retry_begin(&retry);
	do {
		call_begin(&ctx, sink);
		status = call_end(&ctx, sink->driver->sink.flush(&ctx, sink->self), err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	return status;
}

int32_t sink_sweep(struct instance *sink, const char *prefix, struct error *err)
{
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	if (!sink->driver->sink.sweep)
		return HF_OK;
	retry_begin(&retry);
	do {
		call_begin(&ctx, sink);
		status = call_end(&ctx, sink->driver->sink.sweep(&ctx, sink->self, prefix), err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	return status;
}
