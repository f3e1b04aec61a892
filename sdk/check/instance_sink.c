/* SPDX-License-Identifier: MIT
 * instance_sink.c - a sink's calls, one function each, and a scratch store
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define LIST_MAGIC 0x68664c31u

/* --- the store of one law --- */

bool store_open(struct world *world, struct store *store)
{
	store->world = world;
	snprintf(store->prefix, sizeof(store->prefix), "hf-check/%ld-%" PRIx64 "/",
	    (long)getpid(), random_next(world));
	return instance_open(world, &store->instance, NULL, false) == HF_OK;
}

void store_close(struct store *store)
{
	struct hf_list list = {0};

	if (list_all(&store->instance, store->prefix, 0, &list) == HF_OK && list.count) {
		const char **keys = need(calloc(list.count, sizeof(*keys)));

		for (size_t i = 0; i < list.count; i++)
			keys[i] = list.objects[i].key;
		if (remove_keys(&store->instance, keys, list.count) != HF_OK)
			flaw(store->world->report, "the objects of the law cannot be removed");
		free(keys);
	}
	list_free(&list);
	instance_close(&store->instance);
}

char *store_key(const struct store *store, const char *name)
{
	return text("%s%s", store->prefix, name);
}

/* --- put --- */

static hf_ctx *sink_call(struct instance *in, enum call call, const char *name)
{
	return call_begin(in->world->mock, call, name);
}

int32_t put_open(struct instance *in, const char *key, uint32_t flags, void **put)
{
	hf_put args = {.size = sizeof(args), .flags = flags, .key = key};
	hf_ctx *ctx = sink_call(in, CALL_PUT, "put_open");

	/* The struct is ours until the call returns, the key until put_free(). */
	return call_done(ctx, in->world->sink.put_open(ctx, in->self, &args, put));
}

int32_t put_write(struct instance *in, void *put, const void *data, uint64_t size)
{
	hf_ctx *ctx = sink_call(in, CALL_PUT, "put_write");

	return call_done(ctx, in->world->sink.put_write(ctx, put, data, size));
}

int32_t put_commit(struct instance *in, void *put)
{
	hf_ctx *ctx = sink_call(in, CALL_PUT, "put_commit");

	return call_done(ctx, in->world->sink.put_commit(ctx, put));
}

void put_free(struct instance *in, void *put)
{
	hf_ctx *ctx = sink_call(in, CALL_PUT, "put_free");

	in->world->sink.put_free(ctx, put);
	call_done_void(ctx);
}

int32_t put_all(struct instance *in, const char *key, const void *data, uint64_t size,
    uint64_t chunk, uint32_t flags)
{
	const unsigned char *at = data;
	void *put = NULL;
	int32_t status = put_open(in, key, flags, &put);

	if (status)
		return status;
	if (!chunk)
		chunk = size ? size : 1;
	while (size && status == HF_OK) {
		uint64_t now = size < chunk ? size : chunk;
		unsigned char *copy = need(malloc(now)); /* gone after the call */

		memcpy(copy, at, now);
		status = put_write(in, put, copy, now);
		memset(copy, 0xdb, now);
		free(copy);
		at += now;
		size -= now;
	}
	if (status == HF_OK)
		status = put_commit(in, put);
	put_free(in, put);
	return status;
}

/* --- get --- */

static int32_t read_on(struct instance *in, void *get, uint64_t cap, unsigned char **data,
    uint64_t *size)
{
	struct report *report = in->world->report;
	unsigned char *block = need(malloc(cap));
	uint64_t room = 0;
	int32_t status;

	for (;;) {
		uint64_t got = UINT64_MAX;
		hf_ctx *ctx = sink_call(in, CALL_GET, "get_read");

		status = call_done(ctx, in->world->sink.get_read(ctx, get, block, cap, &got));
		if (status != HF_OK)
			break;
		if (got < 1 || got > cap) {
			flaw(report, "get_read() with room for %" PRIu64 " gave %" PRIu64, cap, got);
			status = HF_E_FAILED;
			break;
		}
		if (*size + got > room) {
			room = (*size + got) * 2;
			*data = need(realloc(*data, room));
		}
		memcpy(*data + *size, block, got);
		*size += got;
	}
	free(block);
	return status == HF_END ? HF_OK : status;
}

int32_t get_range(struct instance *in, const char *key, uint64_t offset, uint64_t length,
    uint64_t cap, unsigned char **data, uint64_t *size)
{
	hf_ctx *ctx = sink_call(in, CALL_GET, "get_open");
	char *passing = need(strdup(key)); /* gone after the call */
	void *get = NULL;
	int32_t status;

	*data = NULL;
	*size = 0;
	status = call_done(ctx, in->world->sink.get_open(ctx, in->self, passing, offset, length,
	    &get));
	free(passing);
	if (status)
		return status;
	status = read_on(in, get, cap, data, size);
	ctx = sink_call(in, CALL_GET, "get_free");
	in->world->sink.get_free(ctx, get);
	call_done_void(ctx);
	return status;
}

/* --- the rest --- */

int32_t list_all(struct instance *in, const char *prefix, uint32_t flags, struct hf_list *list)
{
	hf_ctx *ctx = sink_call(in, CALL_LIST, "list");
	int32_t status;

	*list = (struct hf_list){
		.magic = LIST_MAGIC, .ctx = ctx, .prefix = prefix,
		.children = flags & HF_LIST_CHILDREN,
	};
	status = call_done(ctx, in->world->sink.list(ctx, in->self, prefix, flags, list));
	list->magic = 0;
	return status;
}

int32_t stat_one(struct instance *in, const char *key, struct hf_list *list)
{
	hf_ctx *ctx = sink_call(in, CALL_STAT, "stat");
	int32_t status;

	*list = (struct hf_list){.magic = LIST_MAGIC, .ctx = ctx, .prefix = key, .stat = true};
	status = call_done(ctx, in->world->sink.stat(ctx, in->self, key, list));
	list->magic = 0;
	if (status == HF_OK && list->count != 1)
		flaw(in->world->report, "stat(%s) reported %zu objects", key, list->count);
	if (status != HF_OK && list->count)
		flaw(in->world->report, "stat(%s) failed and reported an object", key);
	return status;
}

int32_t remove_keys(struct instance *in, const char *const *keys, uint64_t count)
{
	hf_ctx *ctx = sink_call(in, CALL_REMOVE, "remove");
	struct hf_removal removal = {.magic = LIST_MAGIC, .ctx = ctx, .count = count};
	int32_t status = call_done(ctx,
	    in->world->sink.remove(ctx, in->self, keys, count, &removal));

	if (status == HF_OK && removal.stayed) {
		flaw(in->world->report, "remove(): %" PRIu64 " keys stayed: %s", removal.stayed,
		    removal.why);
		status = HF_E_FAILED;
	}
	free(removal.why);
	return status;
}

int32_t sink_flush(struct instance *in)
{
	hf_ctx *ctx;

	if (!in->world->sink.flush)
		return HF_OK;
	ctx = sink_call(in, CALL_SINK, "flush");
	return call_done(ctx, in->world->sink.flush(ctx, in->self));
}

int32_t sink_lock(struct instance *in, const char *name, uint32_t mode, void **lock)
{
	hf_ctx *ctx = sink_call(in, CALL_SINK, "lock");

	return call_done(ctx, in->world->sink.lock(ctx, in->self, name, mode, lock));
}

void sink_unlock(struct instance *in, void *lock)
{
	hf_ctx *ctx = sink_call(in, CALL_SINK, "unlock");

	in->world->sink.unlock(ctx, lock);
	call_done_void(ctx);
}

int32_t sink_sweep(struct instance *in, const char *prefix)
{
	hf_ctx *ctx;

	if (!in->world->sink.sweep)
		return HF_OK;
	ctx = sink_call(in, CALL_SINK, "sweep");
	return call_done(ctx, in->world->sink.sweep(ctx, in->self, prefix));
}

static void expect_missing(struct instance *in, const char *key)
{
	struct report *report = in->world->report;
	unsigned char *found = NULL;
	uint64_t got = 0;
	struct hf_list list = {0};
	int32_t status = get_range(in, key, 0, UINT64_MAX, 4096, &found, &got);

	free(found);
	if (status != HF_E_NOT_FOUND)
		flaw(report, "get of %s, which is not there: %s", key, status_name(status));
	status = stat_one(in, key, &list);
	if (status != HF_E_NOT_FOUND)
		flaw(report, "stat of %s, which is not there: %s", key, status_name(status));
	list_free(&list);
	if (list_all(in, "", 0, &list) == HF_OK && list_find(&list, key))
		flaw(report, "list shows %s, which is not there", key);
	list_free(&list);
}

void expect_object(struct instance *in, const char *key, const void *data, uint64_t size)
{
	struct report *report = in->world->report;
	unsigned char *found = NULL;
	uint64_t got = 0;
	struct hf_list list = {0};
	int32_t status;

	if (!data) {
		expect_missing(in, key);
		return;
	}
	status = get_range(in, key, 0, UINT64_MAX, 65536, &found, &got);
	if (status != HF_OK)
		flaw(report, "get of %s: %s", key, status_name(status));
	else if (got != size || (size && memcmp(found, data, size) != 0))
		flaw(report, "%s: %" PRIu64 " bytes were put and %" PRIu64 " %sbytes came back",
		    key, size, got, got == size ? "other " : "");
	free(found);
	if (stat_one(in, key, &list) != HF_OK)
		flaw(report, "stat of %s failed", key);
	else if (list.count == 1 && list.objects[0].bytes != size)
		flaw(report, "stat of %s: %" PRIu64 " bytes instead of %" PRIu64, key,
		    list.objects[0].bytes, size);
	list_free(&list);
}
