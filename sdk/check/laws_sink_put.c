/* SPDX-License-Identifier: MIT
 * laws_sink_put.c - objects: whole after commit, absent before, read back in
 * any range, replaced, removed, put at the same time
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define LARGE (8u << 20)

static void sizes(struct world *world)
{
	static const uint64_t list[] = {0, 1, 2, 4095, 4096, 4097, 65536, 65537, 1000003, LARGE};
	unsigned char *data = need(malloc(LARGE));
	struct store store;

	random_fill(world, data, LARGE);
	if (store_open(world, &store)) {
		for (size_t i = 0; i < COUNT(list); i++) {
			char *key = text("%ssize/%" PRIu64 ".bin", store.prefix, list[i]);

			if (put_all(&store.instance, key, data, list[i], 0, 0) != HF_OK)
				flaw(world->report, "a put of %" PRIu64 " bytes failed", list[i]);
			expect_object(&store.instance, key, data, list[i]);
			free(key);
		}
		store_close(&store);
	}
	free(data);
}

static void small_writes(struct world *world)
{
	unsigned char data[3000];
	struct store store;
	char *key;

	random_fill(world, data, sizeof(data));
	if (!store_open(world, &store))
		return;
	key = store_key(&store, "one-byte-writes");
	if (put_all(&store.instance, key, data, sizeof(data), 1, 0) != HF_OK)
		flaw(world->report, "a put in writes of one byte failed");
	expect_object(&store.instance, key, data, sizeof(data));
	free(key);
	store_close(&store);
}

static void visible_after_commit(struct world *world)
{
	struct store store;
	void *put = NULL;
	char *key;

	if (!store_open(world, &store))
		return;
	key = store_key(&store, "point/manifest.json");
	if (put_open(&store.instance, key, HF_PUT_INDEX, &put) == HF_OK) {
		expect_object(&store.instance, key, NULL, 0);
		put_write(&store.instance, put, "abc", 3);
		expect_object(&store.instance, key, NULL, 0);
		if (put_commit(&store.instance, put) != HF_OK)
			flaw(world->report, "put_commit() failed");
		expect_object(&store.instance, key, "abc", 3);
		put_free(&store.instance, put);
		expect_object(&store.instance, key, "abc", 3);
	} else {
		flaw(world->report, "put_open() failed");
	}
	free(key);
	store_close(&store);
}

static void free_without_commit(struct world *world)
{
	unsigned char *data = need(calloc(1, LARGE));
	struct store store;
	uint64_t before, after;
	void *put = NULL;
	char *key;

	if (store_open(world, &store)) {
		key = store_key(&store, "never/committed");
		before = count_files(world->scratch);
		for (unsigned writes = 0; writes < 3; writes++) {
			if (put_open(&store.instance, key, 0, &put) != HF_OK) {
				flaw(world->report, "put_open() failed");
				continue;
			}
			for (unsigned i = 0; i < writes; i++)
				put_write(&store.instance, put, data, LARGE);
			put_free(&store.instance, put);
			expect_object(&store.instance, key, NULL, 0);
		}
		after = count_files(world->scratch);
		if (before != after)
			flaw(world->report, "%" PRIu64 " files are left below the scratch folder",
			    after - before);
		free(key);
		store_close(&store);
	}
	free(data);
}

static void replaced(struct world *world)
{
	struct store store;
	void *put = NULL;
	char *key;

	if (!store_open(world, &store))
		return;
	key = store_key(&store, "replaced");
	put_all(&store.instance, key, "the first, longer", 17, 0, 0);
	if (put_open(&store.instance, key, 0, &put) == HF_OK) {
		put_write(&store.instance, put, "aborted", 7);
		expect_object(&store.instance, key, "the first, longer", 17);
		put_free(&store.instance, put);
	}
	expect_object(&store.instance, key, "the first, longer", 17);
	if (put_all(&store.instance, key, "second", 6, 0, 0) != HF_OK)
		flaw(world->report, "an object cannot be replaced");
	expect_object(&store.instance, key, "second", 6);
	free(key);
	store_close(&store);
}

static void if_absent(struct world *world)
{
	struct store store;
	int32_t status;
	char *key;

	if (!store_open(world, &store))
		return;
	key = store_key(&store, "only-once");
	if (put_all(&store.instance, key, "first", 5, 0, HF_PUT_IF_ABSENT) != HF_OK)
		flaw(world->report, "HF_PUT_IF_ABSENT failed although the key was absent");
	status = put_all(&store.instance, key, "second", 6, 0, HF_PUT_IF_ABSENT);
	if (status != HF_E_EXISTS)
		flaw(world->report, "HF_PUT_IF_ABSENT onto an object: %s instead of HF_E_EXISTS",
		    status_name(status));
	expect_object(&store.instance, key, "first", 5);
	free(key);
	store_close(&store);
}

static const char *skip_atomic(const struct world *world)
{
	return world->driver.capabilities & HF_CAP_IF_ABSENT ? NULL :
	    "the driver does not declare HF_CAP_IF_ABSENT";
}

static void race(struct world *world)
{
	static const char *const texts[] = {"one", "two"};
	struct instance other;
	struct store store;
	int won = -1;
	char *key;

	if (!store_open(world, &store))
		return;
	if (instance_open(world, &other, NULL, false) != HF_OK) {
		store_close(&store);
		return;
	}
	key = store_key(&store, "raced");
	{
		struct instance *both[] = {&store.instance, &other};
		void *puts[2] = {NULL, NULL};
		unsigned committed = 0;

		for (int i = 0; i < 2; i++)
			if (put_open(both[i], key, HF_PUT_IF_ABSENT, &puts[i]) != HF_OK)
				flaw(world->report, "put_open() before anything is there failed");
		for (int i = 0; i < 2; i++) {
			if (put_write(both[i], puts[i], texts[i], 3) != HF_OK)
				continue;
			if (put_commit(both[i], puts[i]) == HF_OK) {
				committed++;
				won = i;
			}
		}
		for (int i = 0; i < 2; i++)
			put_free(both[i], puts[i]);
		if (committed != 1)
			flaw(world->report, "%u of 2 puts with HF_PUT_IF_ABSENT were committed",
			    committed);
		else
			expect_object(&store.instance, key, texts[won], 3);
	}
	free(key);
	instance_close(&other);
	store_close(&store);
}

/* --- ranges --- */

static void one_range(struct store *store, const char *key, const unsigned char *data,
    uint64_t size, uint64_t offset, uint64_t length)
{
	struct report *report = store->world->report;
	bool beyond = length != UINT64_MAX && offset + length > size;
	uint64_t want = length == UINT64_MAX || beyond ? size - offset : length;
	static const uint64_t caps[] = {1, 7, 1000, 100000};

	for (size_t i = 0; i < COUNT(caps); i++) {
		unsigned char *got = NULL;
		uint64_t count = 0;
		int32_t status = get_range(&store->instance, key, offset, length, caps[i], &got,
		    &count);

		if (beyond && status != HF_E_CORRUPT)
			flaw(report, "get of %" PRIu64 " bytes from %" PRIu64 " of %" PRIu64
			    ": %s instead of HF_E_CORRUPT", length, offset, size,
			    status_name(status));
		else if (!beyond && status != HF_OK)
			flaw(report, "get of %" PRIu64 " bytes from %" PRIu64 " of %" PRIu64 ": %s",
			    length, offset, size, status_name(status));
		else if (!beyond && (count != want || (count && memcmp(got, data + offset, count))))
			flaw(report, "get of %" PRIu64 " bytes from %" PRIu64 ": %" PRIu64
			    " came, or others", want, offset, count);
		free(got);
	}
}

static void ranges(struct world *world)
{
	static const uint64_t offsets[] = {0, 1, 500, 998, 999, 1000};
	static const uint64_t lengths[] = {0, 1, 2, 499, 500, 999, 1000, 1001, UINT64_MAX};
	unsigned char data[1000];
	struct store store;
	char *key;

	random_fill(world, data, sizeof(data));
	if (!store_open(world, &store))
		return;
	key = store_key(&store, "ranges");
	put_all(&store.instance, key, data, sizeof(data), 0, 0);
	for (size_t o = 0; o < COUNT(offsets); o++)
		for (size_t l = 0; l < COUNT(lengths); l++)
			one_range(&store, key, data, sizeof(data), offsets[o], lengths[l]);
	free(key);
	store_close(&store);
}

static void get_missing(struct world *world)
{
	static const char *const names[] = {"missing", "a/b/missing", "there", "there/below/x"};
	struct store store;

	if (!store_open(world, &store))
		return;
	{
		char *key = store_key(&store, "there/below");

		put_all(&store.instance, key, "x", 1, 0, 0);
		free(key);
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		char *key = store_key(&store, names[i]);

		expect_object(&store.instance, key, NULL, 0);
		free(key);
	}
	store_close(&store);
}

/* --- many at once --- */

struct putter {
	struct store *store;
	unsigned number;
	int32_t status;
};

static void fill(unsigned char *data, size_t size, unsigned number)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (unsigned char)(i * 31 + number * 7 + (i >> 8));
}

static void *put_many(void *data)
{
	struct putter *putter = data;
	struct instance *in = &putter->store->instance;
	unsigned char content[50000];

	putter->status = worker_enter(in);
	for (unsigned i = 0; i < 8 && putter->status == HF_OK; i++) {
		char *key = text("%sthread/%u/%u", putter->store->prefix, putter->number, i);

		fill(content, sizeof(content), putter->number * 8 + i);
		putter->status = put_all(in, key, content, sizeof(content), 4999, 0);
		expect_object(in, key, content, sizeof(content));
		free(key);
	}
	worker_leave(in);
	return NULL;
}

static void threads(struct world *world)
{
	struct putter putters[4];
	pthread_t ids[4];
	struct store store;
	struct hf_list list = {0};
	unsigned started = 0;

	if (!store_open(world, &store))
		return;
	for (; started < 4; started++) {
		putters[started] = (struct putter){.store = &store, .number = started};
		if (pthread_create(&ids[started], NULL, put_many, &putters[started]))
			break;
	}
	for (unsigned i = 0; i < started; i++) {
		pthread_join(ids[i], NULL);
		if (putters[i].status != HF_OK)
			flaw(world->report, "thread %u: %s", i, status_name(putters[i].status));
	}
	if (list_all(&store.instance, store.prefix, 0, &list) == HF_OK && list.count != started * 8)
		flaw(world->report, "%u objects were put, %zu are listed", started * 8, list.count);
	list_free(&list);
	store_close(&store);
}

static void interleaved(struct world *world)
{
	struct store store;
	void *puts[3] = {NULL, NULL, NULL};
	char *keys[3];
	unsigned char content[3][999];

	if (!store_open(world, &store))
		return;
	for (unsigned i = 0; i < 3; i++) {
		fill(content[i], sizeof(content[i]), i);
		keys[i] = text("%smixed/%u", store.prefix, i);
		if (put_open(&store.instance, keys[i], 0, &puts[i]) != HF_OK)
			flaw(world->report, "three puts cannot be open at once");
	}
	for (unsigned at = 0; at < 999 && !atomic_load(&world->report->flaws); at += 111)
		for (unsigned i = 0; i < 3; i++)
			put_write(&store.instance, puts[i], content[i] + at, 111);
	for (unsigned i = 0; i < 3 && !atomic_load(&world->report->flaws); i++) {
		if (i != 1)
			put_commit(&store.instance, puts[i]);
		put_free(&store.instance, puts[i]);
		expect_object(&store.instance, keys[i], i == 1 ? NULL : content[i], 999);
	}
	for (unsigned i = 0; i < 3; i++)
		free(keys[i]);
	store_close(&store);
}

static int32_t once(struct world *world)
{
	bool quiet = atomic_load(&world->mock->cancel_at) != 0;
	unsigned char data[5000] = {0};
	struct instance in;
	char key[80];
	const char *const keys[] = {key};
	int32_t status = instance_open(world, &in, NULL, quiet), done;

	if (status)
		return status;
	snprintf(key, sizeof(key), "hf-check/once/%" PRIx64, random_next(world));
	status = put_all(&in, key, data, sizeof(data), 1000, 0);
	if (status == HF_OK)
		status = sink_flush(&in);
	done = status;
	atomic_store(&world->mock->cancelled, 0); /* to look at what is left */
	atomic_store(&world->mock->cancel_at, 0);
	if (done != HF_OK) {
		struct hf_list list = {0};

		/* A flush that was stopped comes after a commit that was not. */
		if (list_all(&in, "hf-check/once/", 0, &list) == HF_OK && list_find(&list, key))
			expect_object(&in, key, data, sizeof(data));
		list_free(&list);
	} else {
		expect_object(&in, key, data, sizeof(data));
	}
	remove_keys(&in, keys, 1);
	instance_close(&in);
	return status;
}

static void cancelled(struct world *world)
{
	cancel_everywhere(world, once);
}

static void growth(struct world *world)
{
	watch_growth(world, "put", once);
}

static void other_instance(struct world *world)
{
	struct instance other;
	struct store store;
	char *key;

	if (!store_open(world, &store))
		return;
	key = store_key(&store, "seen/by/others");
	if (instance_open(world, &other, NULL, false) == HF_OK) {
		put_all(&store.instance, key, "shared", 6, 0, 0);
		if (sink_flush(&store.instance) != HF_OK)
			flaw(world->report, "flush() failed");
		expect_object(&other, key, "shared", 6);
		instance_close(&other);
	}
	free(key);
	store_close(&store);
}

const struct law laws_sink_put[] = {
	{"put: objects of all sizes come back", HF_KIND_SINK, sizes, NULL},
	{"put: writes of one byte", HF_KIND_SINK, small_writes, NULL},
	{"put: visible after commit, not before", HF_KIND_SINK, visible_after_commit, NULL},
	{"put: free without commit leaves nothing", HF_KIND_SINK, free_without_commit, NULL},
	{"put: replaces, and whole", HF_KIND_SINK, replaced, NULL},
	{"put: if-absent keeps what is there", HF_KIND_SINK, if_absent, NULL},
	{"put: if-absent is atomic", HF_KIND_SINK, race, skip_atomic},
	{"put: seen by another instance", HF_KIND_SINK, other_instance, NULL},
	{"put: several are open at once", HF_KIND_SINK, interleaved, skip_threads},
	{"put: from four threads", HF_KIND_SINK, threads, skip_threads},
	{"put: cancelled at any host call", HF_KIND_SINK, cancelled, NULL},
	{"put: memory does not grow", HF_KIND_SINK, growth, NULL},
	{"get: any range", HF_KIND_SINK, ranges, NULL},
	{"get: what is not there", HF_KIND_SINK, get_missing, NULL},
	{NULL, 0, NULL, NULL},
};
