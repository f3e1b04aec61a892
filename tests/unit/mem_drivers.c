/* SPDX-License-Identifier: MIT
 * Small drivers in memory. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#undef fail /* a name of the ABI */

#include "tests/unit/mem_drivers.h"

struct mem_sink_knobs mem_sink_knobs;
enum mem_filter_fault mem_filter_fault;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const hf_host *host = &host_table;

/* --- the sink --- */

struct stored {
	char *sink, *key;
	struct buf bytes;
};
static struct stored *objects;
static size_t nobjects;

static struct stored *find(const char *sink, const char *key)
{
	for (size_t i = 0; i < nobjects; i++)
		if (strcmp(objects[i].sink, sink) == 0 && strcmp(objects[i].key, key) == 0)
			return &objects[i];
	return NULL;
}

const struct buf *mem_object(const char *sink, const char *key)
{
	struct stored *s = find(sink, key);

	return s ? &s->bytes : NULL;
}

size_t mem_objects(void)
{
	return nobjects;
}

void mem_reset(void)
{
	for (size_t i = 0; i < nobjects; i++) {
		free(objects[i].sink);
		free(objects[i].key);
		buf_free(&objects[i].bytes);
	}
	free(objects);
	objects = NULL;
	nobjects = 0;
	mem_sink_knobs = (struct mem_sink_knobs){0};
	mem_filter_fault = FILTER_GOOD;
}

/* True (once less) if this call is to fail. */
static bool trip(int *count)
{
	bool yes;

	pthread_mutex_lock(&lock);
	yes = *count > 0;
	*count -= yes;
	pthread_mutex_unlock(&lock);
	return yes;
}

struct put {
	char *sink, *key;
	struct buf bytes;
};

static int32_t sink_open(hf_ctx *ctx, const hf_options *options, void **self)
{
	(void)options;
	*self = xstrdup(ctx->instance->name);
	return HF_OK;
}

static void self_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

static void count_thread(int by)
{
	pthread_mutex_lock(&lock);
	mem_sink_knobs.threads += (size_t)by;
	pthread_mutex_unlock(&lock);
}

static int32_t worker_begin(hf_ctx *ctx, void *self)
{
	(void)ctx, (void)self;
	count_thread(1);
	return HF_OK;
}

static void worker_end(hf_ctx *ctx, void *self)
{
	(void)ctx, (void)self;
	count_thread(-1);
}

static int32_t put_open(hf_ctx *ctx, void *self, const hf_put *in, void **out)
{
	struct put *p;

	if (trip(&mem_sink_knobs.fail_open))
		return host->fail(ctx, mem_sink_knobs.status, "open was told to fail");
	p = xcalloc(1, sizeof *p);
	p->sink = xstrdup(self);
	p->key = xstrdup(in->key);
	pthread_mutex_lock(&lock);
	mem_sink_knobs.hint = in->size_hint;
	mem_sink_knobs.puts_open++;
	pthread_mutex_unlock(&lock);
	*out = p;
	return HF_OK;
}

static int32_t put_write(hf_ctx *ctx, void *put, const void *data, uint64_t size)
{
	struct put *p = put;

	if (trip(&mem_sink_knobs.fail_write))
		return host->fail(ctx, mem_sink_knobs.status, "write was told to fail");
	buf_add(&p->bytes, data, size);
	return HF_OK;
}

static int32_t put_commit(hf_ctx *ctx, void *put)
{
	struct put *p = put;

	if (trip(&mem_sink_knobs.fail_commit))
		return host->fail(ctx, mem_sink_knobs.status, "commit was told to fail");
	pthread_mutex_lock(&lock);
	objects = xreallocn(objects, nobjects + 1, sizeof *objects);
	objects[nobjects++] =
		(struct stored){xstrdup(p->sink), xstrdup(p->key), p->bytes};
	p->bytes = (struct buf){0};
	pthread_mutex_unlock(&lock);
	return HF_OK;
}

static void put_free(hf_ctx *ctx, void *put)
{
	struct put *p = put;

	(void)ctx;
	pthread_mutex_lock(&lock);
	mem_sink_knobs.puts_open--;
	pthread_mutex_unlock(&lock);
	buf_free(&p->bytes);
	free(p->sink);
	free(p->key);
	free(p);
}

struct get {
	char *sink, *key;
	uint64_t offset;
};

static int32_t get_open(hf_ctx *ctx, void *self, const char *key, uint64_t offset, uint64_t length,
	void **out)
{
	struct get *g;

	(void)length;
	if (trip(&mem_sink_knobs.fail_get))
		return host->fail(ctx, mem_sink_knobs.status, "get was told to fail");
	pthread_mutex_lock(&lock);
	bool there = find(self, key) != NULL;
	pthread_mutex_unlock(&lock);
	if (!there)
		return host->fail(ctx, HF_E_NOT_FOUND, "no object %s", key);
	g = xcalloc(1, sizeof *g);
	*g = (struct get){xstrdup(self), xstrdup(key), offset};
	*out = g;
	return HF_OK;
}

static int32_t get_read(hf_ctx *ctx, void *get, void *buf, uint64_t cap, uint64_t *got)
{
	struct get *g = get;
	int32_t status = HF_OK;

	pthread_mutex_lock(&lock);
	struct stored *s = find(g->sink, g->key);
	uint64_t left = s->bytes.len - g->offset;
	*got = left < cap ? left : cap;
	if (mem_sink_knobs.cut_get && g->offset + *got > mem_sink_knobs.cut_get) {
		*got = mem_sink_knobs.cut_get - g->offset;
		if (*got == 0) {
			mem_sink_knobs.cut_get = 0;
			status = HF_E_TRANSIENT;
		}
	}
	if (status == HF_OK && *got > 0)
		memcpy(buf, s->bytes.data + g->offset, *got);
	size_t flip = mem_sink_knobs.flip_get;
	if (flip && flip - 1 >= g->offset && flip - 1 < g->offset + *got)
		((uint8_t *)buf)[flip - 1 - g->offset] ^= 1;
	g->offset += *got;
	pthread_mutex_unlock(&lock);
	if (status != HF_OK)
		return host->fail(ctx, status, "the connection was cut");
	return *got ? HF_OK : HF_END;
}

static void get_free(hf_ctx *ctx, void *get)
{
	struct get *g = get;

	(void)ctx;
	free(g->sink);
	free(g->key);
	free(g);
}

static int32_t list(hf_ctx *ctx, void *self, const char *prefix, uint32_t flags, hf_list *out)
{
	(void)ctx, (void)flags;
	for (size_t i = 0; i < nobjects; i++) {
		hf_object o = {.size = sizeof o, .key = objects[i].key,
			.bytes = objects[i].bytes.len};

		if (strcmp(objects[i].sink, self) == 0 &&
			strncmp(objects[i].key, prefix, strlen(prefix)) == 0 &&
			host->object(out, &o) != HF_OK)
			return HF_E_FAILED;
	}
	return HF_OK;
}

static int32_t stat_object(hf_ctx *ctx, void *self, const char *key, hf_list *out)
{
	struct stored *s = find(self, key);
	hf_object o = {.size = sizeof o, .key = key, .bytes = s ? s->bytes.len : 0};

	return s ? host->object(out, &o) : host->fail(ctx, HF_E_NOT_FOUND, "no object %s", key);
}

static int32_t remove_objects(hf_ctx *ctx, void *self, const char *const *keys, uint64_t count,
	hf_removal *out)
{
	(void)ctx, (void)self, (void)keys;
	for (uint64_t i = 0; i < count; i++)
		host->removed(out, i, HF_E_UNSUPPORTED, "this sink only grows");
	return HF_OK;
}

static const hf_sink_ops sink_ops = {
	.size = sizeof sink_ops,
	.put_open = put_open,
	.put_write = put_write,
	.put_commit = put_commit,
	.put_free = put_free,
	.get_open = get_open,
	.get_read = get_read,
	.get_free = get_free,
	.list = list,
	.stat = stat_object,
	.remove = remove_objects,
};

/* --- the filter --- */

struct stream {
	uint32_t direction;
	bool half;    /* decoding: one byte of a pair was seen */
	bool pending; /* encoding: the second of a pair is still to be written */
	uint8_t byte;
};

static int32_t filter_open_self(hf_ctx *ctx, const hf_options *options, void **self)
{
	(void)ctx, (void)options;
	*self = xstrdup("filter");
	return HF_OK;
}

static int32_t stream_open(hf_ctx *ctx, void *self, const hf_filter_in *in, void **out)
{
	struct stream *s = xcalloc(1, sizeof *s);

	(void)ctx, (void)self;
	s->direction = in->direction;
	*out = s;
	return HF_OK;
}

static void encode(struct stream *s, hf_in *in, hf_out *out)
{
	uint8_t *to = out->data;

	while (out->pos < out->size && (s->pending || in->pos < in->size)) {
		if (!s->pending)
			s->byte = ((const uint8_t *)in->data)[in->pos++];
		to[out->pos++] = s->byte;
		s->pending = !s->pending;
	}
}

static int32_t decode(hf_ctx *ctx, struct stream *s, hf_in *in, hf_out *out)
{
	uint8_t *to = out->data;

	while (in->pos < in->size && (!s->half || out->pos < out->size)) {
		uint8_t byte = ((const uint8_t *)in->data)[in->pos++];

		if (s->half && byte != s->byte)
			return host->fail(ctx, HF_E_CORRUPT, "a pair of bytes differs");
		if (s->half)
			to[out->pos++] = byte;
		s->byte = byte;
		s->half = !s->half;
	}
	return HF_OK;
}

static int32_t run(hf_ctx *ctx, void *stream, hf_in *in, hf_out *out, uint32_t op)
{
	struct stream *s = stream;

	switch (mem_filter_fault) {
	case FILTER_NO_PROGRESS:
		return HF_OK;
	case FILTER_BEYOND:
		out->pos = out->size + 1;
		return HF_OK;
	case FILTER_ENDS_EARLY:
		return HF_END;
	case FILTER_FAILS:
		return HF_E_FAILED; /* and says nothing */
	default:
		break;
	}
	if (s->direction == HF_ENCODE)
		encode(s, in, out);
	else if (decode(ctx, s, in, out) != HF_OK)
		return HF_E_CORRUPT;
	if (op != HF_RUN_FINISH || in->pos < in->size || s->pending)
		return HF_OK;
	return s->half ? host->fail(ctx, HF_E_CORRUPT, "it ends within a pair") : HF_END;
}

static void stream_close(void *stream)
{
	free(stream);
}

static const hf_filter_ops filter_ops = {
	.size = sizeof filter_ops,
	.codec = "double/1",
	.suffix = ".dbl",
	.stream_open = stream_open,
	.run = run,
	.stream_close = stream_close,
};

/* --- the plugin --- */

static const hf_driver sink = {
	.size = sizeof sink,
	.kind = HF_KIND_SINK,
	.name = "mem",
	.summary = "keeps objects in memory",
	.threads = HF_THREADS_STREAM,
	.open = sink_open,
	.close = self_close,
	.worker_begin = worker_begin,
	.worker_end = worker_end,
	.sink = &sink_ops,
};

static hf_driver filter = {
	.size = sizeof filter,
	.kind = HF_KIND_COMPRESSOR,
	.name = "double",
	.summary = "every byte twice",
	.threads = HF_THREADS_STREAM,
	.open = filter_open_self,
	.close = self_close,
	.filter = &filter_ops,
};

static struct instance *open_driver(const hf_driver *d, const char *name)
{
	const hf_driver *const drivers[] = {d, NULL};
	const hf_plugin plugin = {.size = sizeof plugin, .abi_major = HF_ABI_MAJOR,
		.abi_minor = HF_ABI_MINOR, .name = "mem", .version = "1", .license = "MIT",
		.drivers = drivers};
	struct section section = {.kind = kind_name(d->kind), .name = xstrdup(name)};
	struct job job = {.file = xstrdup("test"), .folder = xstrdup("/"), .name = xstrdup("job")};
	struct plugin *taken = NULL;
	struct instance *i = NULL;
	struct error err = {0};

	assert_int_equal(plugin_import(&plugin, "test", &taken, &err), HF_OK);
	assert_int_equal(instance_open(&taken->drivers[0], &job, &section, &i, &err), HF_OK);
	free(section.name);
	free(job.file);
	free(job.folder);
	free(job.name);
	return i;
}

struct instance *mem_sink_open(const char *name)
{
	return open_driver(&sink, name);
}

struct instance *mem_filter_open(bool concat)
{
	filter.capabilities = concat ? HF_CAP_CONCAT : 0;
	return open_driver(&filter, "compressor");
}

void mem_close(struct instance *i)
{
	struct plugin *p = i->driver->plugin;

	instance_close(i);
	plugin_free(p);
}
