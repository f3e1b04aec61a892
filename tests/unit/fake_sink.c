/* SPDX-License-Identifier: MIT
 * A sink in memory. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/fake_sink.h"

struct thing {
	char *key;
	struct buf bytes;
};

struct rule {
	char *op, *part, *vanish;
	int skip;
	int32_t status;
	bool after;
};

struct sink_lock {
	char *name;
	uint32_t mode;
};

static struct fake {
	struct instance instance;
	struct driver driver;
	struct thing *v; /* sorted by key */
	size_t n;
	struct strv journal, calls, locks;
	struct rule rule;
	pthread_mutex_t lock;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct instance *fake_new(bool parallel)
{
	fake_free();
	fake.driver.d.threads = parallel ? HF_THREADS_STREAM : HF_THREADS_INSTANCE;
	fake.instance.driver = &fake.driver;
	fake.instance.label = xstrdup("sink fake");
	fake.instance.name = xstrdup("fake");
	return &fake.instance;
}

void fake_free(void)
{
	while (fake.n > 0)
		fake_remove(fake.v[0].key);
	free(fake.v);
	fake.v = NULL;
	free(fake.instance.label);
	free(fake.instance.name);
	fake.instance = (struct instance){0};
	strv_free(&fake.journal);
	strv_free(&fake.calls);
	strv_free(&fake.locks);
	fake_heal();
}

/* --- what it holds --- */

/* The place of the key, or where it belongs. */
static size_t place(const char *key, bool *found)
{
	size_t low = 0, high = fake.n;

	*found = false;
	while (low < high && !*found) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(fake.v[middle].key, key);

		if (c == 0)
			*found = true;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}

bool fake_has(const char *key)
{
	bool found;

	place(key, &found);
	return found;
}

const struct buf *fake_get(const char *key)
{
	bool found;
	size_t at = place(key, &found);

	return found ? &fake.v[at].bytes : NULL;
}

void fake_put(const char *key, const char *data, size_t n)
{
	bool found;
	size_t at = place(key, &found);
	struct buf bytes = {0};

	buf_add(&bytes, data, n);
	if (found) {
		buf_free(&fake.v[at].bytes);
	} else {
		fake.v = xreallocn(fake.v, fake.n + 1, sizeof(*fake.v));
		memmove(fake.v + at + 1, fake.v + at, (fake.n - at) * sizeof(*fake.v));
		fake.v[at].key = xstrdup(key);
		fake.n++;
	}
	fake.v[at].bytes = bytes;
}

void fake_remove(const char *key)
{
	bool found;
	size_t at = place(key, &found);

	if (!found)
		return;
	free(fake.v[at].key);
	buf_free(&fake.v[at].bytes);
	fake.n--;
	memmove(fake.v + at, fake.v + at + 1, (fake.n - at) * sizeof(*fake.v));
}

size_t fake_count(const char *prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < fake.n; i++)
		n += strncmp(fake.v[i].key, prefix, strlen(prefix)) == 0;
	return n;
}

const struct strv *fake_journal(void)
{
	return &fake.journal;
}

void fake_journal_clear(void)
{
	strv_free(&fake.journal);
	strv_free(&fake.calls);
}

size_t fake_calls(const char *op)
{
	size_t n = 0;

	for (size_t i = 0; i < fake.calls.n; i++)
		n += strcmp(fake.calls.v[i], op) == 0;
	return n;
}

size_t fake_locks(void)
{
	return fake.locks.n;
}

/* --- failing --- */

static void set_rule(const char *op, const char *part, struct rule rule)
{
	fake_heal();
	fake.rule = rule;
	fake.rule.op = xstrdup(op);
	fake.rule.part = xstrdup(part);
}

void fake_fail(const char *op, const char *part, int skip, int32_t status)
{
	set_rule(op, part, (struct rule){.skip = skip, .status = status});
}

void fake_fail_after(const char *op, const char *part, int32_t status)
{
	set_rule(op, part, (struct rule){.status = status, .after = true});
}

void fake_vanish(const char *op, const char *part, const char *key)
{
	set_rule(op, part, (struct rule){.vanish = xstrdup(key)});
}

void fake_heal(void)
{
	free(fake.rule.op);
	free(fake.rule.part);
	free(fake.rule.vanish);
	fake.rule = (struct rule){0};
}

static bool strikes(const char *op, const char *key)
{
	return fake.rule.op && strcmp(op, fake.rule.op) == 0 && strstr(key, fake.rule.part);
}

/* Begins a call: locks, notes it, and fails if it is to. */
static int32_t enter(const char *op, const char *key, struct error *err)
{
	pthread_mutex_lock(&fake.lock);
	strv_add(&fake.calls, op);
	if (!strikes(op, key) || fake.rule.after)
		return HF_OK;
	if (fake.rule.vanish) {
		fake_remove(fake.rule.vanish);
		return HF_OK;
	}
	if (fake.rule.skip-- > 0)
		return HF_OK;
	return error_set(err, fake.rule.status, "fake: %s of %s fails", op, key);
}

static int32_t leave(const char *op, const char *key, int32_t status, struct error *err)
{
	if (status == HF_OK && strikes(op, key) && fake.rule.after)
		status = error_set(
		    err, fake.rule.status, "fake: the answer to %s of %s is lost", op, key);
	pthread_mutex_unlock(&fake.lock);
	return status;
}

static void note(const char *op, const char *key)
{
	strv_take(&fake.journal, xasprintf("%s%s%s", op, *key ? " " : "", key));
}

/* --- the calls of sink.h that the store makes --- */

int32_t instance_worker_begin(struct instance *i, struct error *err)
{
	(void)i;
	return leave("worker", "", enter("worker", "", err), err);
}

void instance_worker_end(struct instance *i)
{
	(void)i;
}

int32_t sink_put_bytes(struct instance *sink, const char *key, const void *data, size_t n,
    uint32_t flags, struct error *err)
{
	int32_t status = enter("put", key, err);

	(void)sink;
	if (status == HF_OK && (flags & HF_PUT_IF_ABSENT) && fake_has(key)) {
		status = error_set(err, HF_E_EXISTS, "fake: %s exists", key);
	} else if (status == HF_OK) {
		note("put", key);
		fake_put(key, data, n);
	}
	return leave("put", key, status, err);
}

int32_t sink_get_bytes(
    struct instance *sink, const char *key, size_t limit, struct buf *out, struct error *err)
{
	int32_t status = enter("get", key, err);
	const struct buf *bytes = fake_get(key);

	(void)sink;
	if (status == HF_OK && !bytes)
		status = error_set(err, HF_E_NOT_FOUND, "fake: no %s", key);
	else if (status == HF_OK && bytes->len > limit)
		status = error_set(err, HF_E_CORRUPT, "fake: %s is too large", key);
	else if (status == HF_OK)
		buf_add(out, bytes->data, bytes->len);
	return leave("get", key, status, err);
}

static void report(struct objects *out, const char *key, size_t n, const struct thing *thing)
{
	if (out->n && strlen(out->v[out->n - 1].key) == n &&
	    strncmp(out->v[out->n - 1].key, key, n) == 0)
		return; /* one prefix, several objects */
	out->v = xreallocn(out->v, out->n + 1, sizeof(*out->v));
	out->v[out->n++] = (struct object){
	    .key = xstrndup(key, n), .prefix = !thing, .bytes = thing ? thing->bytes.len : 0};
}

int32_t sink_list(struct instance *sink, const char *prefix, uint32_t flags, struct objects *out,
    struct error *err)
{
	int32_t status = enter("list", prefix, err);
	size_t n = strlen(prefix);

	(void)sink;
	*out = (struct objects){0};
	for (size_t i = 0; i < fake.n && status == HF_OK; i++) {
		const char *key = fake.v[i].key;
		const char *slash = strchr(key + (strncmp(key, prefix, n) == 0 ? n : 0), '/');

		if (strncmp(key, prefix, n) != 0)
			continue;
		if ((flags & HF_LIST_CHILDREN) && slash)
			report(out, key, (size_t)(slash + 1 - key), NULL);
		else
			report(out, key, strlen(key), &fake.v[i]);
	}
	return leave("list", prefix, status, err);
}

void objects_free(struct objects *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->v[i].key);
	free(o->v);
	*o = (struct objects){0};
}

int32_t sink_stat(struct instance *sink, const char *key, uint64_t *bytes, struct error *err)
{
	int32_t status = enter("stat", key, err);
	const struct buf *there = fake_get(key);

	(void)sink;
	if (status == HF_OK && !there)
		status = error_set(err, HF_E_NOT_FOUND, "fake: no %s", key);
	if (status == HF_OK && bytes)
		*bytes = there->len;
	return leave("stat", key, status, err);
}

int32_t sink_remove(
    struct instance *sink, const struct strv *keys, size_t *removed, struct error *err)
{
	(void)sink;
	if (removed)
		*removed = 0;
	for (size_t i = 0; i < keys->n; i++) {
		int32_t status = enter("remove", keys->v[i], err);

		if (status == HF_OK && fake_has(keys->v[i])) {
			note("remove", keys->v[i]);
			fake_remove(keys->v[i]);
		}
		status = leave("remove", keys->v[i], status, err);
		if (status != HF_OK)
			return status;
		if (removed)
			++*removed;
	}
	return HF_OK;
}

int32_t sink_flush(struct instance *sink, struct error *err)
{
	int32_t status = enter("flush", "", err);

	(void)sink;
	if (status == HF_OK)
		note("flush", "");
	return leave("flush", "", status, err);
}

int32_t sink_sweep(struct instance *sink, const char *prefix, struct error *err)
{
	int32_t status = enter("sweep", prefix, err);

	(void)sink;
	if (status == HF_OK)
		note("sweep", prefix);
	return leave("sweep", prefix, status, err);
}

int32_t sink_lock(struct instance *sink, const char *name, uint32_t mode, struct sink_lock **out,
    struct error *err)
{
	int32_t status = enter("lock", name, err);

	(void)sink;
	for (size_t i = 0; i < fake.locks.n && status == HF_OK; i++)
		if (strcmp(fake.locks.v[i] + 1, name) == 0 &&
		    (mode == HF_LOCK_EXCLUSIVE || fake.locks.v[i][0] == 'x'))
			status = error_set(err, HF_E_EXISTS, "%s is held by process 7", name);
	if (status == HF_OK) {
		note("lock", name);
		*out = xcalloc(1, sizeof(**out));
		**out = (struct sink_lock){.name = xstrdup(name), .mode = mode};
		strv_take(
		    &fake.locks, xasprintf("%c%s", mode == HF_LOCK_EXCLUSIVE ? 'x' : 's', name));
	}
	return leave("lock", name, status, err);
}

void sink_unlock(struct sink_lock *lock)
{
	if (!lock)
		return;
	(void)enter("unlock", lock->name, NULL);
	note("unlock", lock->name);
	for (size_t i = 0; i < fake.locks.n; i++)
		if (strcmp(fake.locks.v[i] + 1, lock->name) == 0) {
			free(fake.locks.v[i]);
			fake.locks.v[i] = fake.locks.v[--fake.locks.n];
			break;
		}
	pthread_mutex_unlock(&fake.lock);
	free(lock->name);
	free(lock);
}
