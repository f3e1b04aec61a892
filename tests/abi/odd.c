/* SPDX-License-Identifier: MIT
 * odd.c - a plugin that make-odd-drivers.sh builds in many ways: against
 * headers with fewer and more fields, for another ABI, with things missing
 *
 * The compressor ODD-copy passes bytes on; the source ODD-word gives one entry.
 */
#include <stdlib.h>
#include <string.h>

#include <holdfast/plugin.h>

#ifndef ODD_ENTRY
#define ODD_ENTRY hf_plugin_v1
#endif
#ifndef ODD_MAJOR
#define ODD_MAJOR HF_ABI_MAJOR
#endif
#ifndef ODD_NEEDS
#define ODD_NEEDS 0
#endif

static const hf_host *host;

/* --- what some of them lack --- */

#ifdef ODD_UNDEFINED
extern int holdfast_no_such_function(void);
#define EXTRA() holdfast_no_such_function()
#elif defined(ODD_LIBRARY)
extern int holdfast_odd_library(void);
#define EXTRA() holdfast_odd_library()
#else
#define EXTRA() 0
#endif

/* --- the compressor --- */

static int32_t stream_open(hf_ctx *ctx, void *self, const hf_filter_in *in, void **stream)
{
	(void)ctx;
	(void)self;
	(void)in;
	*stream = NULL;
	return HF_OK;
}

static int32_t run(hf_ctx *ctx, void *stream, hf_in *in, hf_out *out, uint32_t op)
{
	uint64_t size = in->size - in->pos, room = out->size - out->pos;

	(void)ctx;
	(void)stream;
	if (size > room)
		size = room;
	if (size)
		memcpy((char *)out->data + out->pos, (const char *)in->data + in->pos, size);
	in->pos += size;
	out->pos += size;
	return op == HF_RUN_FINISH && in->pos == in->size ? HF_END : HF_OK;
}

static void stream_close(void *stream)
{
	(void)stream;
}

/* --- the source --- */

static int32_t begin(hf_ctx *ctx, void *self, const hf_begin *in, void **session)
{
	hf_entry entry;

	(void)self;
	(void)in;
	memset(&entry, 0, sizeof(entry));
	entry.size = sizeof(entry);
	entry.path = entry.subject = "word";
	entry.type = "word/1";
	*session = NULL;
	return host->entry_add(ctx, &entry);
}

static int32_t dump(hf_ctx *ctx, void *session, const hf_entry *entry, hf_writer *out)
{
	(void)ctx;
	(void)session;
	(void)entry;
	return host->write(out, "holdfast\n", 9);
}

static int32_t end(hf_ctx *ctx, void *session, int32_t outcome)
{
	(void)ctx;
	(void)session;
	(void)outcome;
	return HF_OK;
}

/* --- instances --- */

static int32_t open_odd(hf_ctx *ctx, const hf_options *options, void **self)
{
	(void)ctx;
	(void)options;
	*self = NULL;
	return EXTRA() ? HF_E_FAILED : HF_OK;
}

static void close_odd(hf_ctx *ctx, void *self)
{
	(void)ctx;
	(void)self;
}

/* --- tables --- */

#ifdef ODD_FUTURE
/* Members that today's host does not know must not disturb it. */
#define FUTURE .future = {(void *)0x1, (void *)0x2, (void *)0x3, (void *)0x4},
#else
#define FUTURE
#endif

static const hf_option options[] = {
	{"word", HF_OPT_STRING, 0, "holdfast", NULL, 0, 0, "a word"},
	{NULL, 0, 0, NULL, NULL, 0, 0, NULL},
};

static const hf_filter_ops filter_ops = {
	.size = sizeof(filter_ops), .codec = ODD "-copy/1", .suffix = ".copy",
	.stream_open = stream_open, .run = run, .stream_close = stream_close, FUTURE
};

static const hf_source_ops source_ops = {
	.size = sizeof(source_ops), .begin = begin, .dump = dump, .end = end, FUTURE
};

static const hf_driver filter = {
	.size = sizeof(filter), .kind = HF_KIND_COMPRESSOR, .name = ODD "-copy",
	.summary = "passes bytes on", .options = options, .threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_CONCAT, .open = open_odd, .close = close_odd,
	.filter = &filter_ops, FUTURE
};

static const hf_driver source = {
	.size = sizeof(source), .kind = HF_KIND_SOURCE, .name = ODD "-word",
	.summary = "one word", .options = options, .threads = HF_THREADS_STREAM,
	.open = open_odd, .close = close_odd, .source = &source_ops, FUTURE
};

static const hf_driver *const drivers[] = {&filter, &source, NULL};

static const hf_plugin plugin = {
#ifdef ODD_TINY
	.size = 8, /* ends before abi_minor */
#else
	.size = sizeof(plugin),
#endif
	.abi_major = ODD_MAJOR, .abi_minor = HF_ABI_MINOR, .needs_minor = ODD_NEEDS,
	.name = ODD, .version = "1.0", .license = "MIT", .drivers = drivers, FUTURE
};

HF_EXPORT const hf_plugin *ODD_ENTRY(const hf_host *h);

const hf_plugin *ODD_ENTRY(const hf_host *h)
{
	host = h;
#ifdef ODD_REFUSES
	return NULL;
#else
	return &plugin;
#endif
}
