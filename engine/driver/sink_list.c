/* SPDX-License-Identifier: MIT
 * A sink's calls that work on names: list, stat, remove. */
#include "config.h"

#include <string.h>

#include "engine/driver/host.h"
#include "engine/driver/sink.h"
#include "engine/util/key.h"
#include "engine/util/log.h"
#include "engine/util/retry.h"

struct collector {
	struct hf_list list;
	struct objects *out;
	size_t cap;
	const char *prefix;
	const char *label;
};

static bool key_wanted(const struct collector *c, const hf_object *o)
{
	size_t n = strlen(o->key);
	bool prefix = (o->flags & HF_OBJECT_PREFIX) != 0;

	if (prefix && n > 1 && o->key[n - 1] == '/') {
		autofree char *bare = xstrndup(o->key, n - 1);

		if (!key_ok(bare))
			return false;
	} else if (prefix || !key_ok(o->key)) {
		return false;
	}
	return strncmp(o->key, c->prefix, strlen(c->prefix)) == 0;
}

static int32_t collect(struct hf_list *l, const hf_object *o)
{
	struct collector *c = (struct collector *)l;

	if (!o->key || !key_wanted(c, o)) {
		log_warn("%s: an object with a malformed or unasked name is left alone: %s", c->label,
			o->key ? o->key : "(none)");
		return HF_OK;
	}
	if (c->out->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->out->v = xreallocn(c->out->v, c->cap, sizeof *c->out->v);
	}
	c->out->v[c->out->n++] = (struct object){
		.key = xstrdup(o->key),
		.bytes = o->bytes,
		.mtime_ns = o->mtime_ns,
		.prefix = (o->flags & HF_OBJECT_PREFIX) != 0,
	};
	return HF_OK;
}

void objects_free(struct objects *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->v[i].key);
	free(o->v);
	*o = (struct objects){0};
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct object *)a)->key, ((const struct object *)b)->key);
}

static void sort_and_merge(struct objects *o)
{
	size_t kept = 0;

	if (o->n)
		qsort(o->v, o->n, sizeof *o->v, by_key);
	for (size_t i = 0; i < o->n; i++) {
		if (kept > 0 && strcmp(o->v[kept - 1].key, o->v[i].key) == 0)
			free(o->v[i].key);
		else
			o->v[kept++] = o->v[i];
	}
	o->n = kept;
}

int32_t sink_list(struct instance *sink, const char *prefix, uint32_t flags, struct objects *out,
	struct error *err)
{
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	*out = (struct objects){0};
	retry_begin(&retry);
	do {
		objects_free(out);
		struct collector c = {.list.add = collect, .out = out, .prefix = prefix,
			.label = sink->label};
		call_begin(&ctx, sink);
		status = sink->driver->sink.list(&ctx, sink->self, prefix, flags, &c.list);
		status = call_end(&ctx, status, err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	if (status == HF_OK)
		sort_and_merge(out);
	else
		objects_free(out);
	return status;
}

int32_t sink_stat(struct instance *sink, const char *key, uint64_t *bytes, struct error *err)
{
	struct objects found = {0};
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	retry_begin(&retry);
	do {
		objects_free(&found);
		struct collector c = {.list.add = collect, .out = &found, .prefix = key,
			.label = sink->label};
		call_begin(&ctx, sink);
		status = call_end(&ctx, sink->driver->sink.stat(&ctx, sink->self, key, &c.list), err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	if (status == HF_OK && (found.n != 1 || strcmp(found.v[0].key, key) != 0))
		status = error_set(err, HF_E_FAILED, "%s: stat() of %s reported %zu objects",
			sink->label, key, found.n);
	if (status == HF_OK && bytes)
		*bytes = found.v[0].bytes;
	objects_free(&found);
	return status;
}

/* --- remove --- */

struct removal {
	struct hf_removal removal;
	const char *const *keys;
	uint64_t count;
	size_t stay;
	struct error first;
};

static void stays(struct hf_removal *r, uint64_t index, int32_t status, const char *message)
{
	struct removal *m = (struct removal *)r;

	m->stay++;
	if (m->first.status == HF_OK)
		error_set(&m->first, status == HF_OK ? HF_E_FAILED : status, "%s stays: %s",
			index < m->count ? m->keys[index] : "?", message);
}

static int32_t remove_once(struct instance *sink, const struct strv *keys, size_t *removed,
	struct error *err)
{
	struct removal m = {.removal.stays = stays, .keys = (const char *const *)keys->v,
		.count = keys->n};
	struct hf_ctx ctx;
	int32_t status;

	call_begin(&ctx, sink);
	status = sink->driver->sink.remove(&ctx, sink->self, m.keys, keys->n, &m.removal);
	status = call_end(&ctx, status, err);
	*removed = status == HF_OK && m.stay <= keys->n ? keys->n - m.stay : 0;
	if (status == HF_OK && m.first.status != HF_OK) {
		status = m.first.status;
		error_prefix(&m.first, "%s", sink->label);
		error_clear(err);
		*err = m.first;
	} else {
		error_clear(&m.first);
	}
	return status;
}

int32_t sink_remove(struct instance *sink, const struct strv *keys, size_t *removed,
	struct error *err)
{
	struct error local = {0};
	struct retry retry;
	size_t n = 0;
	int32_t status;

	if (removed)
		*removed = 0;
	if (keys->n == 0)
		return HF_OK;
	retry_begin(&retry);
	do
		status = remove_once(sink, keys, &n, &local);
	while (status != HF_OK && retry_again(&retry, status, &local));
	if (removed)
		*removed = n;
	if (status != HF_OK && err) {
		error_clear(err);
		*err = local;
	} else {
		error_clear(&local);
	}
	return status;
}
