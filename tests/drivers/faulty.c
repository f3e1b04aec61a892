/* SPDX-License-Identifier: MIT
 * faulty.c - the source "faulty": entries of computed bytes, and failures where they are asked for
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faulty.h"

static const hf_option options[] = {
    {.name = "entries",
	.type = HF_OPT_INT,
	.default_value = "3",
	.max = 1000000,
	.help = "how many entries"},
    {.name = "size", .type = HF_OPT_SIZE, .default_value = "256K", .help = "bytes of each entry"},
    {.name = "seed",
	.type = HF_OPT_INT,
	.default_value = "1",
	.max = INT64_MAX,
	.help = "another seed gives other bytes"},
    {.name = "fail_at",
	.type = HF_OPT_CHOICE,
	.default_value = "none",
	.choices = "none|open|probe|begin|dump|end|restore_begin|prepare|restore|restore_end",
	.help = "the step that fails"},
    {.name = "match",
	.type = HF_OPT_STRING,
	.help = "fail only at entries whose path contains this"},
    {.name = "after",
	.type = HF_OPT_SIZE,
	.default_value = "0",
	.help = "bytes of an entry that pass before dump or restore fails"},
    {.name = "add_in_dump",
	.type = HF_OPT_BOOL,
	.default_value = "no",
	.help = "add one more entry while the first is dumped"},
    {.name = "warn", .type = HF_OPT_BOOL, .default_value = "no", .help = "warn about each entry"},
    {.name = "secret",
	.type = HF_OPT_STRING,
	.flags = HF_OPT_SECRET,
	.help = "text that must be shown nowhere"},
    FAULT_OPTIONS,
    {0},
};

/* --- the bytes: xorshift64*, and FNV-1a over them --- */

void faulty_data_begin(struct faulty_data *data, uint64_t seed, uint64_t number)
{
	/* never zero, which would stay zero */
	data->state = (seed * UINT64_C(0x9e3779b97f4a7c15)) ^ (number << 32) ^ (number + 1);
	if (data->state == 0)
		data->state = 1;
	data->sum = UINT64_C(0xcbf29ce484222325);
}

void faulty_data_next(struct faulty_data *data, unsigned char *buf, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		data->state ^= data->state >> 12;
		data->state ^= data->state << 25;
		data->state ^= data->state >> 27;
		buf[i] = (unsigned char)((data->state * UINT64_C(0x2545f4914f6cdd1d)) >> 56);
		data->sum = (data->sum ^ buf[i]) * UINT64_C(0x100000001b3);
	}
}

int32_t faulty_facts(hf_ctx *ctx, uint64_t bytes, const struct faulty_data *data)
{
	char text[17];
	int32_t status = host->fact_int(ctx, "bytes", (int64_t)bytes);

	snprintf(text, sizeof(text), "%016" PRIx64, data->sum);
	return status == HF_OK ? host->fact_text(ctx, "fnv1a", text) : status;
}

/* --- the instance --- */

static int32_t faulty_open(hf_ctx *ctx, const hf_options *given, void **self)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));
	const char *secret = host->opt_text(given, "secret", 0);
	int32_t status;

	if (!faulty)
		return fault_no_memory(ctx);
	fault_open(&faulty->fault, given, host->opt_text(given, "fail_at", 0));
	faulty->fault.match = host->opt_text(given, "match", 0);
	faulty->entries = (uint64_t)host->opt_int(given, "entries", 0);
	faulty->bytes = (uint64_t)host->opt_int(given, "size", 0);
	faulty->seed = (uint64_t)host->opt_int(given, "seed", 0);
	faulty->after = (uint64_t)host->opt_int(given, "after", 0);
	faulty->add_in_dump = host->opt_int(given, "add_in_dump", 0) != 0;
	faulty->warn = host->opt_int(given, "warn", 0) != 0;
	faulty->secret_bytes = secret ? strlen(secret) : 0;
	status = fault_at(ctx, &faulty->fault, "open", "the source");
	if (status != HF_OK) {
		free(faulty);
		return status;
	}
	*self = faulty;
	return HF_OK;
}

static int32_t faulty_probe(hf_ctx *ctx, void *self, uint32_t flags)
{
	struct faulty *faulty = self;

	(void)flags;
	return fault_at(ctx, &faulty->fault, "probe", "the source");
}

static void faulty_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

/* --- backup; the session is the instance --- */

static int32_t add_entry(hf_ctx *ctx, const struct faulty *faulty, uint64_t number)
{
	char path[FAULTY_PATH_SIZE], subject[FAULTY_PATH_SIZE], attrs[80];
	hf_entry entry = {
	    .size = sizeof(entry),
	    .path = path,
	    .type = "bytes/1",
	    .subject = subject,
	    .attrs = attrs,
	    .size_hint = faulty->bytes,
	    .id = number,
	};

	snprintf(path, sizeof(path), "entry%06" PRIu64 ".bin", number);
	snprintf(subject, sizeof(subject), "entry%06" PRIu64, number);
	snprintf(attrs, sizeof(attrs), "{\"seed\":%" PRIu64 ",\"number\":%" PRIu64 "}",
	    faulty->seed, number);
	return host->entry_add(ctx, &entry);
}

static int32_t faulty_begin(hf_ctx *ctx, void *self, const hf_begin *in, void **session)
{
	struct faulty *faulty = self;
	char mark[64];
	int32_t status = fault_delay(ctx, &faulty->fault);

	(void)in;
	if (status == HF_OK)
		status = fault_at(ctx, &faulty->fault, "begin", "the source");
	if (status == HF_OK)
		status = host->server(ctx, "Faulty 1.0");
	/* a secret can be checked to have come through, without being shown */
	if (status == HF_OK && faulty->secret_bytes)
		status = host->fact_int(ctx, "~secret_bytes", (int64_t)faulty->secret_bytes);
	snprintf(mark, sizeof(mark), "seed=%" PRIu64, faulty->seed);
	if (status == HF_OK)
		status = host->mark(ctx, mark, strlen(mark));
	for (uint64_t i = 0; i < faulty->entries && status == HF_OK; i++)
		status = add_entry(ctx, faulty, i);
	*session = faulty;
	return status;
}

static int32_t dump_bytes(hf_ctx *ctx, struct faulty *faulty, const hf_entry *entry,
    struct faulty_data *data, hf_writer *out)
{
	unsigned char block[4096];
	int32_t status = HF_OK;

	for (uint64_t at = 0; at < faulty->bytes && status == HF_OK;) {
		uint64_t size = faulty->bytes - at;
		uint64_t before = faulty->after > at ? faulty->after - at : 0;

		if (size > sizeof(block))
			size = sizeof(block);
		if (before && size > before)
			size = before; /* fail to the byte */
		if (at % FAULTY_BLOCK == 0)
			status = fault_delay(ctx, &faulty->fault);
		if (status == HF_OK && at >= faulty->after)
			status = fault_at(ctx, &faulty->fault, "dump", entry->path);
		if (status != HF_OK)
			break;
		faulty_data_next(data, block, size);
		status = host->write(out, block, size);
		at += size;
	}
	return status;
}

static int32_t faulty_dump(hf_ctx *ctx, void *session, const hf_entry *entry, hf_writer *out)
{
	struct faulty *faulty = session;
	struct faulty_data data;
	int32_t status = HF_OK;

	if (faulty->add_in_dump && entry->id == 0) {
		status = add_entry(ctx, faulty, faulty->entries);
		if (status == HF_E_EXISTS) /* when it is dumped again */
			status = HF_OK;
	}
	if (faulty->warn)
		host->warn(ctx, "%s is only a test", entry->path);
	faulty_data_begin(&data, faulty->seed, entry->id);
	if (status == HF_OK)
		status = dump_bytes(ctx, faulty, entry, &data, out);
	/* at its very end */
	if (status == HF_OK && faulty->after == faulty->bytes)
		status = fault_at(ctx, &faulty->fault, "dump", entry->path);
	return status == HF_OK ? faulty_facts(ctx, faulty->bytes, &data) : status;
}

static int32_t faulty_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	struct faulty *faulty = session;

	(void)outcome;
	return fault_at(ctx, &faulty->fault, "end", "the source");
}

static const hf_source_ops ops = {
    .size = sizeof(ops),
    .begin = faulty_begin,
    .dump = faulty_dump,
    .end = faulty_end,
    .restore_begin = faulty_restore_begin,
    .wants = faulty_wants,
    .restore_prepare = faulty_restore_prepare,
    .restore = faulty_restore,
    .restore_end = faulty_restore_end,
};

const hf_driver faulty_driver = {
    .size = sizeof(faulty_driver),
    .kind = HF_KIND_SOURCE,
    .name = "faulty",
    .summary = "computed bytes, for tests",
    .options = options,
    .threads = HF_THREADS_STREAM,
    .capabilities = HF_CAP_REDUMP,
    .open = faulty_open,
    .probe = faulty_probe,
    .close = faulty_close,
    .source = &ops,
};
