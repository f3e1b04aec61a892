/* SPDX-License-Identifier: MIT
 * source.c - a source of three small entries, and with -DFAULT=NAME one that
 * breaks one rule
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <holdfast/plugin.h>

enum {
	NONE, SWALLOWS_WRITE, CHANGES_STATUS, TAKES_MORE_ROOM, LEAKS_WHEN_STOPPED, WRONG_FACT,
	ADDS_LATE, ADDS_TWICE, READS_HALF, MUTE, OTHER_FACTS, OTHER_THREAD, STOPS_AS_FAILURE, NEVER_ENDS,
	FORGETS_ENTRY, FACT_IN_OPEN, NEEDS_BEGIN_THREAD, SWALLOWS_READ, NO_VERSION,
};
#ifndef FAULT
#define FAULT NONE
#endif
#define IS(fault) (FAULT == (fault))

static const hf_host *host;
static void *volatile lost; /* what leaks */

struct session {
	pthread_t thread;
	unsigned dumps;
};

static int32_t begin(hf_ctx *ctx, void *self, const hf_begin *in, void **out)
{
	static const char *const names[] = {"one", "two", "three"};
	struct session *session;
	int32_t status = HF_OK;

	(void)self;
	if (IS(FORGETS_ENTRY) && in->dry_run) {
		*out = calloc(1, sizeof(*session));
		return HF_OK;
	}
	for (unsigned i = 0; i < 3 && status == HF_OK; i++) {
		hf_entry entry = {
			.size = sizeof(entry), .path = names[IS(ADDS_TWICE) ? 0 : i],
			.type = IS(NO_VERSION) ? "raw" : "raw/1", .subject = names[i], .id = i,
		};

		status = host->entry_add(ctx, &entry);
	}
	if (status == HF_OK)
		status = host->server(ctx, "tests 1.0");
	if (status != HF_OK)
		return status;
	session = calloc(1, sizeof(*session));
	session->thread = pthread_self();
	*out = session;
	return HF_OK;
}

struct elsewhere {
	hf_writer *out;
	const void *data;
	int32_t status;
};

static void *write_elsewhere(void *data)
{
	struct elsewhere *e = data;

	e->status = host->write(e->out, e->data, 100);
	return NULL;
}

/* 3000 bytes in what room there is. */
static int32_t produce(hf_ctx *ctx, hf_writer *out, uint64_t id, int stays)
{
	uint64_t left = 3000;

	while (left) {
		uint64_t room;
		void *data;
		int32_t status;

		if (host->cancelled(ctx)) {
			if (IS(STOPS_AS_FAILURE))
				return host->fail(ctx, HF_E_FAILED, "stopped");
			if (stays)
				lost = malloc(100);
			return HF_E_CANCELLED;
		}
		status = host->reserve(out, &data, &room);
		if (status && IS(SWALLOWS_WRITE))
			return HF_OK;
		if (status && IS(CHANGES_STATUS))
			return host->fail(ctx, HF_E_FAILED, "the write failed");
		if (status && IS(NEVER_ENDS))
			continue;
		if (status)
			return status;
		if (room > left)
			room = left;
		memset(data, 'a' + (int)(id % 26), room);
		status = host->advance(out, IS(TAKES_MORE_ROOM) ? room + 1 : room);
		if (status)
			return status;
		left -= room;
	}
	return HF_OK;
}

static int32_t dump(hf_ctx *ctx, void *handle, const hf_entry *entry, hf_writer *out)
{
	struct session *session = handle;
	int32_t status;

	session->dumps++;
	if (IS(MUTE) && entry->id == 2)
		return HF_E_FAILED;
	if (IS(NEEDS_BEGIN_THREAD) && !pthread_equal(session->thread, pthread_self()))
		return host->fail(ctx, HF_E_FAILED, "another thread");
	if (IS(OTHER_THREAD)) {
		struct elsewhere e = {.out = out, .data = calloc(1, 100)};
		pthread_t thread;

		pthread_create(&thread, NULL, write_elsewhere, &e);
		pthread_join(thread, NULL);
		free((void *)(uintptr_t)e.data);
		if (e.status)
			return e.status;
	}
	status = produce(ctx, out, entry->id, IS(LEAKS_WHEN_STOPPED));
	if (status)
		return status;
	return host->fact_int(ctx, "bytes", 3000 + (IS(OTHER_FACTS) ? (int)session->dumps : 0));
}

static int32_t end(hf_ctx *ctx, void *handle, int32_t outcome)
{
	hf_entry late = {.size = sizeof(late), .path = "late", .type = "raw/1", .subject = "late"};

	(void)outcome;
	if (!IS(LEAKS_WHEN_STOPPED) || outcome == HF_OK)
		free(handle);
	return IS(ADDS_LATE) ? host->entry_add(ctx, &late) : HF_OK;
}

static int32_t restore_begin(hf_ctx *ctx, void *self, const hf_restore *in, void **out)
{
	(void)ctx;
	(void)self;
	(void)in;
	*out = calloc(1, 1);
	return HF_OK;
}

static int32_t restore(hf_ctx *ctx, void *session, const hf_entry *entry, hf_reader *in)
{
	uint64_t total = 0, size;
	const void *data;
	int32_t status;

	(void)session;
	(void)entry;
	while ((status = host->peek(in, &data, &size)) == HF_OK) {
		total += size;
		if (IS(READS_HALF) && total > 1500)
			break;
		if ((status = host->consume(in, size)) != HF_OK)
			break;
	}
	if (status != HF_END && !IS(SWALLOWS_READ) && !IS(READS_HALF))
		return status;
	return host->fact_int(ctx, "bytes",
	    IS(READS_HALF) ? 3000 : (int64_t)total + IS(WRONG_FACT));
}

static int32_t restore_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	(void)ctx;
	(void)outcome;
	free(session);
	return HF_OK;
}

static int32_t open_source(hf_ctx *ctx, const hf_options *options, void **self)
{
	(void)options;
	*self = NULL;
	return IS(FACT_IN_OPEN) ? host->fact_int(ctx, "opened", 1) : HF_OK;
}

static void close_source(hf_ctx *ctx, void *self)
{
	(void)ctx;
	(void)self;
}

static const hf_source_ops ops = {
	.size = sizeof(ops), .begin = begin, .dump = dump, .end = end,
	.restore_begin = restore_begin, .restore = restore, .restore_end = restore_end,
};

static const hf_driver driver = {
	.size = sizeof(driver), .kind = HF_KIND_SOURCE, .name = "three",
	.summary = "three entries, for tests", .threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_REDUMP, .open = open_source, .close = close_source, .source = &ops,
};

static const hf_driver *const drivers[] = {&driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin), .abi_major = HF_ABI_MAJOR, .abi_minor = HF_ABI_MINOR,
	.name = "three", .version = "1.0", .license = "MIT", .drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *h)
{
	host = h;
	return &plugin;
}
