/* SPDX-License-Identifier: MIT
 * mock_source.c - what a source reports: entries, facts, mark; and the
 * writers and readers of its bytes
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define STREAM_MAGIC 0x68665331u
#define ENTRY_SIZE_1_0 SIZE_TO(hf_entry, reserved)

/* --- facts --- */

static void facts_set(struct facts *facts, const char *name, char *value)
{
	for (size_t i = 0; i < facts->count; i++) {
		if (strcmp(facts->items[i].name, name) == 0) {
			free(facts->items[i].text);
			facts->items[i].text = value;
			return;
		}
	}
	facts->items = need(realloc(facts->items, (facts->count + 1) * sizeof(*facts->items)));
	facts->items[facts->count++] = (struct fact){.name = need(strdup(name)), .text = value};
}

const char *facts_get(const struct facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->count; i++)
		if (strcmp(facts->items[i].name, name) == 0)
			return facts->items[i].text;
	return NULL;
}

void facts_free(struct facts *facts)
{
	for (size_t i = 0; i < facts->count; i++) {
		free(facts->items[i].name);
		free(facts->items[i].text);
	}
	free(facts->items);
	*facts = (struct facts){0};
}

static bool facts_in(const struct facts *some, const struct facts *others, char **why)
{
	for (size_t i = 0; i < some->count; i++) {
		const char *name = some->items[i].name;
		const char *other = facts_get(others, name);

		if (name[0] == '~' || (other && strcmp(other, some->items[i].text) == 0))
			continue;
		*why = text("%s is %s and %s", name, some->items[i].text,
		    other ? other : "not reported");
		return false;
	}
	return true;
}

bool facts_same(const struct facts *before, const struct facts *after, char **why)
{
	return facts_in(before, after, why) && facts_in(after, before, why);
}

static int32_t fact(hf_ctx *ctx, const char *name, char *value)
{
	if (!name || !name[0]) {
		flaw(ctx->mock->report, "%s(): a fact has no name", ctx->name);
		free(value);
		return host_result(ctx, HF_E_FAILED);
	}
	if (ctx->facts) {
		pthread_mutex_lock(&ctx->mock->mutex);
		facts_set(ctx->facts, name, value);
		pthread_mutex_unlock(&ctx->mock->mutex);
	} else {
		free(value);
	}
	return HF_OK;
}

#define FACT_CALLS (CALL_BEGIN | CALL_END | CALL_DUMP | CALL_RESTORE)

int32_t mock_fact_int(hf_ctx *ctx, const char *name, int64_t value)
{
	host_call(ctx, "fact_int", FACT_CALLS, false);
	return fact(ctx, name, text("%" PRId64, value));
}

int32_t mock_fact_text(hf_ctx *ctx, const char *name, const char *value)
{
	host_call(ctx, "fact_text", FACT_CALLS, false);
	return fact(ctx, name, text("=%s", value));
}

/* --- entries --- */

struct dumped *dumped_new(void)
{
	struct dumped *dumped = need(calloc(1, sizeof(*dumped)));

	pthread_mutex_init(&dumped->mutex, NULL);
	return dumped;
}

void dumped_free(struct dumped *dumped)
{
	for (size_t i = 0; i < dumped->count; i++) {
		struct entry *entry = dumped->entries[i];

		free((char *)(uintptr_t)entry->host.path);
		free((char *)(uintptr_t)entry->host.type);
		free((char *)(uintptr_t)entry->host.subject);
		free((char *)(uintptr_t)entry->host.attrs);
		facts_free(&entry->facts);
		free(entry->data);
		free(entry);
	}
	free(dumped->entries);
	facts_free(&dumped->facts);
	free(dumped->mark);
	pthread_mutex_destroy(&dumped->mutex);
	free(dumped);
}

static bool entry_sound(hf_ctx *ctx, const hf_entry *given)
{
	struct report *report = ctx->mock->report;
	size_t depth = 0;

	if (given->size < ENTRY_SIZE_1_0) {
		flaw(report, "entry_add(): size is %u, not sizeof(hf_entry)", given->size);
		return false;
	}
	if (!given->path || !given->path[0] || !given->type || !given->type[0] ||
	    !given->subject) {
		flaw(report, "entry_add(): path, type or subject is missing");
		return false;
	}
	if (given->reserved || (given->flags & ~HF_ENTRY_STORE))
		flaw(report, "entry_add(%s): an unknown flag, or reserved is not zero",
		    given->path);
	if (!strchr(given->type, '/'))
		flaw(report, "entry_add(%s): the type %s has no version", given->path,
		    given->type);
	if (given->attrs) {
		depth = strlen(given->attrs);
		if (depth > 65536 || depth < 2 || given->attrs[0] != '{' ||
		    given->attrs[depth - 1] != '}')
			flaw(report, "entry_add(%s): attrs is not a JSON object of 64 KiB at most",
			    given->path);
	}
	return true;
}

int32_t mock_entry_add(hf_ctx *ctx, const hf_entry *given)
{
	struct dumped *dumped = ctx->backup;
	struct entry *made;

	host_call(ctx, "entry_add", CALL_BEGIN | CALL_DUMP, false);
	if (!dumped || !given || !entry_sound(ctx, given))
		return host_result(ctx, HF_E_FAILED);
	pthread_mutex_lock(&dumped->mutex);
	for (size_t i = 0; i < dumped->count; i++) {
		if (strcmp(dumped->entries[i]->host.path, given->path) == 0) {
			pthread_mutex_unlock(&dumped->mutex);
			flaw(ctx->mock->report, "entry_add(%s): added twice", given->path);
			return host_result(ctx, HF_E_EXISTS);
		}
	}
	made = need(calloc(1, sizeof(*made)));
	memcpy(&made->host, given,
	    given->size < sizeof(made->host) ? given->size : sizeof(made->host));
	made->host.size = sizeof(made->host);
	made->host.path = need(strdup(given->path));
	made->host.type = need(strdup(given->type));
	made->host.subject = need(strdup(given->subject));
	made->host.attrs = given->attrs ? need(strdup(given->attrs)) : NULL;
	made->host.plain_size = 0;
	dumped->entries = need(realloc(dumped->entries,
	    (dumped->count + 1) * sizeof(struct entry *)));
	dumped->entries[dumped->count++] = made;
	pthread_mutex_unlock(&dumped->mutex);
	return HF_OK;
}

int32_t mock_mark(hf_ctx *ctx, const void *mark, uint64_t size)
{
	host_call(ctx, "mark", CALL_BEGIN | CALL_END, false);
	if (!mark || size > 65536) {
		flaw(ctx->mock->report, "%s(): a mark of %" PRIu64 " bytes", ctx->name, size);
		return host_result(ctx, HF_E_FAILED);
	}
	if (ctx->backup) {
		free(ctx->backup->mark);
		ctx->backup->mark = need(malloc(size + 1));
		memcpy(ctx->backup->mark, mark, size);
		ctx->backup->mark_size = size;
	}
	return HF_OK;
}

int32_t mock_server(hf_ctx *ctx, const char *server)
{
	host_call(ctx, "server", CALL_BEGIN, false);
	if (!server || !server[0])
		flaw(ctx->mock->report, "server() was given nothing");
	if (ctx->backup)
		ctx->backup->server = true;
	return HF_OK;
}

int32_t mock_continues_parent(hf_ctx *ctx)
{
	host_call(ctx, "continues_parent", CALL_BEGIN, false);
	flaw(ctx->mock->report, "continues_parent() was called without a parent's mark");
	return HF_OK;
}

/* --- streams --- */

/* What the pipeline answers at this call: it goes on, was stopped, or broke. */
static int32_t stream_state(hf_ctx *ctx, const char *function, bool failed, int32_t breaks_with)
{
	struct mock *mock = ctx->mock;
	int32_t status = HF_OK;

	host_call(ctx, function, CALL_DUMP | CALL_RESTORE, false);
	if (failed)
		flaw(mock->report, "%s(): %s() was called again after the stream had failed",
		    ctx->name, function);
	if (atomic_load(&mock->cancelled))
		status = HF_E_CANCELLED;
	else if (failed || atomic_fetch_add(&mock->stream_calls, 1) + 1 == mock->stream_fail_at)
		status = breaks_with;
	if (status) {
		ctx->host_error = status;
		ctx->stream_error = status;
	}
	return status;
}

static int32_t writer_state(hf_writer *out, const char *function)
{
	int32_t status;

	if (!out || out->magic != STREAM_MAGIC) {
		fprintf(stderr, "# %s() was called with something that is no hf_writer\n",
		    function);
		abort();
	}
	status = stream_state(out->ctx, function, out->failed, HF_E_NO_SPACE);
	out->failed = status != HF_OK;
	return status;
}

static void append(struct entry *entry, const void *data, uint64_t size)
{
	if (entry->size + size > entry->room) {
		entry->room = (entry->size + size) * 2;
		entry->data = need(realloc(entry->data, entry->room));
	}
	if (size)
		memcpy(entry->data + entry->size, data, size);
	entry->size += size;
}

static void drop_block(hf_writer *out)
{
	free(out->block);
	out->block = NULL;
	out->reserved = 0;
}

int32_t mock_write(hf_writer *out, const void *data, uint64_t size)
{
	int32_t status = writer_state(out, "write");

	if (status)
		return status;
	drop_block(out);
	append(out->entry, data, size);
	return HF_OK;
}

int32_t mock_reserve(hf_writer *out, void **data, uint64_t *room)
{
	int32_t status = writer_state(out, "reserve");

	if (status)
		return status;
	drop_block(out);
	out->reserved = out->ctx->mock->block;
	out->block = need(malloc(out->reserved)); /* exact, so that checkers see an overrun */
	*data = out->block;
	*room = out->reserved;
	return HF_OK;
}

int32_t mock_advance(hf_writer *out, uint64_t size)
{
	int32_t status = writer_state(out, "advance");

	if (status)
		return status;
	if (size > out->reserved) {
		flaw(out->ctx->mock->report, "advance(%" PRIu64 ") after reserve() gave %" PRIu64
		    " bytes", size, out->reserved);
		size = out->reserved;
	}
	append(out->entry, out->block, size);
	drop_block(out);
	return HF_OK;
}

void writer_end(hf_writer *writer)
{
	drop_block(writer);
	writer->magic = 0;
}

static int32_t reader_state(hf_reader *in, const char *function)
{
	int32_t status;

	if (!in || in->magic != STREAM_MAGIC) {
		fprintf(stderr, "# %s() was called with something that is no hf_reader\n",
		    function);
		abort();
	}
	status = stream_state(in->ctx, function, in->failed, HF_E_CORRUPT);
	in->failed = status != HF_OK;
	return status;
}

static void drop_peeked(hf_reader *in)
{
	free(in->block);
	in->block = NULL;
	in->peeked = 0;
}

static uint64_t available(hf_reader *in)
{
	uint64_t left = in->size - in->pos;

	if (!left)
		in->ended = true;
	return left < in->ctx->mock->block ? left : in->ctx->mock->block;
}

int32_t mock_peek(hf_reader *in, const void **data, uint64_t *size)
{
	int32_t status = reader_state(in, "peek");

	drop_peeked(in);
	if (status)
		return status;
	in->peeked = available(in);
	if (!in->peeked)
		return HF_END;
	in->block = need(malloc(in->peeked));
	memcpy(in->block, in->data + in->pos, in->peeked);
	*data = in->block;
	*size = in->peeked;
	return HF_OK;
}

int32_t mock_consume(hf_reader *in, uint64_t size)
{
	int32_t status = reader_state(in, "consume");

	if (status)
		return status;
	if (size > in->peeked) {
		flaw(in->ctx->mock->report, "consume(%" PRIu64 ") after peek() showed %" PRIu64
		    " bytes", size, in->peeked);
		size = in->peeked;
	}
	in->pos += size;
	drop_peeked(in);
	return HF_OK;
}

int32_t mock_read(hf_reader *in, void *buf, uint64_t cap, uint64_t *got)
{
	int32_t status = reader_state(in, "read");
	uint64_t size;

	drop_peeked(in);
	if (status)
		return status;
	size = available(in);
	if (!size)
		return HF_END;
	if (!cap)
		flaw(in->ctx->mock->report, "read() was called with no room");
	*got = size < cap ? size : cap;
	memcpy(buf, in->data + in->pos, *got);
	in->pos += *got;
	return HF_OK;
}

void reader_end(hf_reader *reader)
{
	drop_peeked(reader);
	reader->magic = 0;
}
