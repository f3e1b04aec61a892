/* SPDX-License-Identifier: MIT
 * sink.c - a sink in memory, and with -DFAULT=NAME one that breaks one rule.
 * run-broken.sh shows that the conformance kit catches each of them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <holdfast/plugin.h>

enum {
	NONE, BAD_DEFAULT, DOUBLE_OPTION, BAD_FLAG, NO_SIZE, NO_COMMIT, ONE_INSTANCE,
	LEAKS_SELF, ASKS_UNKNOWN, SHOWS_SECRET, CRASHES_ON_OPTION, PROBE_LEAVES, UMASK,
	VISIBLE_EARLY, ABORT_COMMITS, LOSES_TAIL, OVERWRITES, RACES, IGNORES_LENGTH, SHORT_IS_FINE,
	NEIGHBOURS, DEEP, TWICE, STOPS_AT_1000, MISSING_IS_ERROR, SILENT, FOLDS_CASE, LEAKS_PUT,
	LEAKS_FD, STRANGE_STATUS, STALE_CTX, CRASHES_ON_EMPTY, HANGS, LOCKS_NOTHING, LOCK_STAYS,
	KEEPS_KEY, SHARED_PUT, STAT_SIZE, SIGNAL, ENVIRONMENT,
};
#ifndef FAULT
#define FAULT NONE
#endif
#define IS(fault) (FAULT == (fault))

static const hf_host *host;

struct object {
	char *key;
	unsigned char *data;
	uint64_t size;
	struct object *next;
};

struct put {
	struct object *object;
	uint32_t flags;
	int committed;
	hf_ctx *stale;
};

struct get {
	const struct object *object;
	uint64_t at;
	uint64_t end;
	int beyond;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct object *objects;
static struct object *last_put; /* SHARED_PUT writes here, whoever writes */
static char *locked;
static int instances;

static int same(const char *a, const char *b)
{
	return IS(FOLDS_CASE) ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

static struct object **find(const char *key)
{
	struct object **at = &objects;

	while (*at && !same((*at)->key, key))
		at = &(*at)->next;
	return at;
}

static void drop(struct object *object)
{
	free(object->key);
	free(object->data);
	free(object);
}

static void publish(struct object *object)
{
	struct object **at = find(object->key);
	struct object *old = *at;

	object->next = old ? old->next : NULL;
	*at = object;
	if (old)
		drop(old);
}

static int32_t put_open(hf_ctx *ctx, void *self, const hf_put *in, void **out)
{
	struct put *put = calloc(1, sizeof(*put));
	int there;

	(void)self;
	pthread_mutex_lock(&mutex);
	there = *find(in->key) != NULL;
	pthread_mutex_unlock(&mutex);
	if (there && (in->flags & HF_PUT_IF_ABSENT) && !IS(OVERWRITES)) {
		free(put);
		return host->fail(ctx, HF_E_EXISTS, "%s exists", in->key);
	}
	put->object = calloc(1, sizeof(*put->object));
	put->object->key = strdup(in->key);
	put->flags = in->flags;
	put->stale = ctx;
	last_put = put->object;
	if (IS(VISIBLE_EARLY)) {
		pthread_mutex_lock(&mutex);
		publish(put->object);
		pthread_mutex_unlock(&mutex);
		put->committed = 1;
	}
	*out = put;
	return HF_OK;
}

static int32_t put_write(hf_ctx *ctx, void *handle, const void *data, uint64_t size)
{
	struct put *put = handle;
	struct object *o = IS(SHARED_PUT) && last_put ? last_put : put->object;

	if (host->cancelled(IS(STALE_CTX) ? put->stale : ctx))
		return HF_E_CANCELLED;
	if (IS(LOSES_TAIL) && size > 65536)
		size--;
	if (IS(STRANGE_STATUS) && size == 1)
		return -1;
	o->data = realloc(o->data, o->size + size + 1);
	memcpy(o->data + o->size, data, size);
	o->size += size;
	return HF_OK;
}

static int32_t put_commit(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;
	int exists;

	if (IS(CRASHES_ON_EMPTY) && !put->object->size)
		abort();
	if (put->committed)
		return HF_OK;
	pthread_mutex_lock(&mutex);
	exists = *find(put->object->key) != NULL;
	if (!exists || !(put->flags & HF_PUT_IF_ABSENT) || IS(OVERWRITES) || IS(RACES)) {
		publish(put->object);
		put->committed = 1;
	}
	pthread_mutex_unlock(&mutex);
	if (put->committed)
		return HF_OK;
	return host->fail(ctx, HF_E_EXISTS, "%s exists", put->object->key);
}

static void put_free(hf_ctx *ctx, void *handle)
{
	struct put *put = handle;

	(void)ctx;
	if (IS(ABORT_COMMITS) && !put->committed) {
		put_commit(ctx, put);
	} else if (!put->committed) {
		if (IS(LEAKS_FD))
			(void)!open("/dev/null", O_RDONLY);
		drop(put->object);
	}
	if (!IS(LEAKS_PUT))
		free(put);
}

static int32_t get_open(hf_ctx *ctx, void *self, const char *key, uint64_t offset,
    uint64_t length, void **out)
{
	const struct object *object;
	struct get *get;

	(void)self;
	pthread_mutex_lock(&mutex);
	object = *find(key);
	pthread_mutex_unlock(&mutex);
	if (!object && IS(SILENT))
		return HF_E_NOT_FOUND;
	if (!object)
		return host->fail(ctx, HF_E_NOT_FOUND, "%s is not there", key);
	get = calloc(1, sizeof(*get));
	get->object = object;
	get->at = offset < object->size ? offset : object->size;
	get->end = object->size;
	if (length != UINT64_MAX && offset + length > object->size)
		get->beyond = !IS(SHORT_IS_FINE);
	else if (length != UINT64_MAX && !IS(IGNORES_LENGTH))
		get->end = offset + length;
	*out = get;
	return HF_OK;
}

static int32_t get_read(hf_ctx *ctx, void *handle, void *buf, uint64_t cap, uint64_t *got)
{
	struct get *get = handle;

	*got = get->end - get->at < cap ? get->end - get->at : cap;
	if (!*got && get->beyond)
		return host->fail(ctx, HF_E_CORRUPT, "the object is too short");
	if (!*got)
		return HF_END;
	memcpy(buf, get->object->data + get->at, *got);
	get->at += *got;
	return HF_OK;
}

static void get_free(hf_ctx *ctx, void *handle)
{
	(void)ctx;
	free(handle);
}

static int32_t report(hf_list *out, const char *key, uint64_t bytes, uint32_t flags)
{
	hf_object object = {.size = sizeof(object), .key = key, .bytes = bytes, .flags = flags};

	return host->object(out, &object);
}

/* The next level: a prefix is told by the first object that has it. */
static int32_t report_child(const struct object *o, size_t length, hf_list *out)
{
	const char *slash = strchr(o->key + length, '/');
	size_t size;
	char *prefix;
	int32_t status;

	if (!slash)
		return report(out, o->key, o->size, 0);
	size = (size_t)(slash - o->key) + 1;
	for (const struct object *before = objects; before != o; before = before->next)
		if (strncmp(before->key, o->key, size) == 0)
			return HF_OK;
	prefix = strndup(o->key, size);
	status = report(out, prefix, 0, HF_OBJECT_PREFIX);
	free(prefix);
	return status;
}

static int32_t list(hf_ctx *ctx, void *self, const char *prefix, uint32_t flags, hf_list *out)
{
	size_t length = strlen(prefix), match = length, told = 0;
	int32_t status = HF_OK;

	(void)ctx;
	(void)self;
	if (IS(NEIGHBOURS) && match)
		match--;
	if (IS(HANGS) && strstr(prefix, "none"))
		for (;;)
			host->sleep(ctx, 1000000);
	pthread_mutex_lock(&mutex);
	for (const struct object *o = objects; o && status == HF_OK; o = o->next) {
		if (strncmp(o->key, prefix, match) != 0)
			continue;
		if (IS(STOPS_AT_1000) && told++ == 1000)
			break;
		if ((flags & HF_LIST_CHILDREN) && !IS(DEEP))
			status = report_child(o, length, out);
		else
			status = report(out, o->key, o->size, 0);
		if (IS(TWICE) && status == HF_OK)
			status = report(out, o->key, o->size, 0);
	}
	pthread_mutex_unlock(&mutex);
	return status;
}

static int32_t stat_key(hf_ctx *ctx, void *self, const char *key, hf_list *out)
{
	const struct object *object;

	(void)self;
	pthread_mutex_lock(&mutex);
	object = *find(key);
	pthread_mutex_unlock(&mutex);
	if (!object)
		return host->fail(ctx, HF_E_NOT_FOUND, "%s is not there", key);
	return report(out, object->key, object->size + IS(STAT_SIZE), 0);
}

static int32_t remove_keys(hf_ctx *ctx, void *self, const char *const *keys, uint64_t count,
    hf_removal *out)
{
	(void)ctx;
	(void)self;
	pthread_mutex_lock(&mutex);
	for (uint64_t i = 0; i < count; i++) {
		struct object **at = find(keys[i]), *old = *at;

		if (!old && IS(MISSING_IS_ERROR))
			host->removed(out, i, HF_E_NOT_FOUND, "it is not there");
		if (!old || IS(KEEPS_KEY))
			continue;
		*at = old->next;
		drop(old);
	}
	pthread_mutex_unlock(&mutex);
	return HF_OK;
}

static int32_t take_lock(hf_ctx *ctx, void *self, const char *name, uint32_t mode, void **out)
{
	(void)self;
	(void)mode;
	if (IS(LOCK_STAYS) && locked && strcmp(locked, name) == 0)
		return host->fail(ctx, HF_E_EXISTS, "%s is locked", name);
	if (IS(LOCK_STAYS) && !locked)
		locked = strdup(name);
	*out = strdup(name);
	return HF_OK;
}

static void drop_lock(hf_ctx *ctx, void *lock)
{
	(void)ctx;
	free(lock);
}

static int32_t probe(hf_ctx *ctx, void *self, uint32_t flags)
{
	const char *folder = host->temp_dir(ctx);
	int at;

	(void)self;
	(void)flags;
	if (!folder)
		return HF_E_FAILED;
	if (IS(PROBE_LEAVES) && (at = open(folder, O_RDONLY | O_DIRECTORY)) >= 0) {
		close(openat(at, "left", O_CREAT | O_WRONLY, 0600));
		close(at);
	}
	return HF_OK;
}

static int32_t open_sink(hf_ctx *ctx, const hf_options *options, void **self)
{
	static int one;
	const char *text = host->opt_text(options, "text", 0);

	if (IS(ASKS_UNKNOWN))
		(void)host->opt_text(options, "colour", 0);
	if (IS(SHOWS_SECRET) && host->opt_text(options, "password", 0))
		return host->fail(ctx, HF_E_AUTH, "the password %s is wrong",
		    host->opt_text(options, "password", 0));
	if (IS(CRASHES_ON_OPTION) && text && strlen(text) > 60000)
		abort();
	if (text && strchr(text, '*'))
		return host->fail(ctx, HF_E_CONFIG, "text holds a star");
	if (IS(UMASK))
		umask(027);
	if (IS(ENVIRONMENT))
		setenv("HF_BROKEN", "1", 1);
	if (IS(SIGNAL)) {
		struct sigaction ignore = {.sa_handler = SIG_IGN};

		sigaction(SIGPIPE, &ignore, NULL);
	}
	instances++;
	*self = IS(ONE_INSTANCE) ? (void *)&one : malloc(16);
	return HF_OK;
}

static void close_sink(hf_ctx *ctx, void *self)
{
	(void)ctx;
	instances--;
	if (!IS(ONE_INSTANCE) && !IS(LEAKS_SELF))
		free(self);
}

static const hf_option options[] = {
	{"text", HF_OPT_STRING, 0, NULL, NULL, 0, 0, "any text"},
	{IS(DOUBLE_OPTION) ? "text" : "size", HF_OPT_SIZE, IS(BAD_FLAG) ? 0x100u : 0,
	    IS(BAD_DEFAULT) ? "64 kilo" : "64K", NULL, 0, 0, "a size"},
	{"password", HF_OPT_STRING, HF_OPT_SECRET, NULL, NULL, 0, 0, "a secret"},
	{NULL, 0, 0, NULL, NULL, 0, 0, NULL},
};

static const hf_sink_ops ops = {
	.size = IS(NO_SIZE) ? 0 : sizeof(ops),
	.put_open = put_open, .put_write = put_write,
	.put_commit = IS(NO_COMMIT) ? NULL : put_commit, .put_free = put_free,
	.get_open = get_open, .get_read = get_read, .get_free = get_free,
	.list = list, .stat = stat_key, .remove = remove_keys,
	.lock = IS(LOCKS_NOTHING) || IS(LOCK_STAYS) ? take_lock : NULL,
	.unlock = IS(LOCKS_NOTHING) || IS(LOCK_STAYS) ? drop_lock : NULL,
};

static const hf_driver driver = {
	.size = sizeof(driver), .kind = HF_KIND_SINK, .name = "memory",
	.summary = "objects in memory, for tests", .options = options,
	.threads = HF_THREADS_STREAM, .capabilities = HF_CAP_IF_ABSENT,
	.open = open_sink, .close = close_sink, .probe = probe, .sink = &ops,
};

static const hf_driver *const drivers[] = {&driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin), .abi_major = HF_ABI_MAJOR, .abi_minor = HF_ABI_MINOR,
	.name = "memory", .version = "1.0", .license = "MIT", .drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *h)
{
	host = h;
	return &plugin;
}

#ifdef EXPORT_MORE
HF_EXPORT int memory_helper(void);

int memory_helper(void)
{
	return instances;
}
#endif
