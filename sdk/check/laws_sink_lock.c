/* SPDX-License-Identifier: MIT
 * laws_sink_lock.c - locks, and what killed processes leave: neither a lock
 * nor a visible object, nor after a sweep anything at all
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const char *skip_lock(const struct world *world)
{
	return world->sink.lock ? NULL : "the driver leaves locks to the host";
}

static const char *skip_sweep(const struct world *world)
{
	return world->sink.sweep ? NULL : "the driver has no sweep()";
}

/* Takes the lock; a flaw unless it is got, or refused, as `want` says. */
static void *try_lock(struct instance *in, const char *name, uint32_t mode, bool want)
{
	void *lock = NULL;
	int32_t status = sink_lock(in, name, mode, &lock);

	if (want && status != HF_OK)
		flaw(in->world->report, "lock(%s, %s): %s", name,
		    mode == HF_LOCK_SHARED ? "shared" : "exclusive", status_name(status));
	if (!want && status != HF_E_EXISTS)
		flaw(in->world->report, "lock(%s, %s) held by another: %s instead of HF_E_EXISTS",
		    name, mode == HF_LOCK_SHARED ? "shared" : "exclusive", status_name(status));
	return status == HF_OK ? lock : NULL;
}

/* --- between two instances --- */

static void exclusion(struct world *world)
{
	static const uint32_t modes[] = {HF_LOCK_SHARED, HF_LOCK_EXCLUSIVE};
	struct instance other;
	struct store store;
	char *name, *elsewhere;

	if (!store_open(world, &store))
		return;
	if (instance_open(world, &other, NULL, false) != HF_OK) {
		store_close(&store);
		return;
	}
	name = store_key(&store, "job");
	elsewhere = store_key(&store, "job2");
	for (unsigned a = 0; a < 2; a++) {
		for (unsigned b = 0; b < 2; b++) {
			bool both = a == 0 && b == 0;
			void *first = try_lock(&store.instance, name, modes[a], true);
			void *second = first ? try_lock(&other, name, modes[b], both) : NULL;
			void *third = try_lock(&other, elsewhere, HF_LOCK_EXCLUSIVE, true);

			if (third)
				sink_unlock(&other, third);
			if (first)
				sink_unlock(&store.instance, first);
			if (second)
				sink_unlock(&other, second);
			second = try_lock(&other, name, HF_LOCK_EXCLUSIVE, true);
			if (second)
				sink_unlock(&other, second);
		}
	}
	free(name);
	free(elsewhere);
	instance_close(&other);
	store_close(&store);
}

static void no_object(struct world *world)
{
	struct store store;
	struct hf_list list = {0};
	char *name;
	void *lock;

	if (!store_open(world, &store))
		return;
	name = store_key(&store, "locked");
	lock = try_lock(&store.instance, name, HF_LOCK_EXCLUSIVE, true);
	expect_object(&store.instance, name, NULL, 0);
	if (list_all(&store.instance, "", 0, &list) == HF_OK)
		for (size_t i = 0; i < list.count; i++)
			if (strncmp(list.objects[i].key, store.prefix, strlen(store.prefix)) == 0)
				flaw(world->report, "the lock shows as the object %s",
				    list.objects[i].key);
	list_free(&list);
	{
		/* What is locked can hold objects below. */
		char *key = text("%s/object", name);

		put_all(&store.instance, key, "x", 1, 0, 0);
		expect_object(&store.instance, key, "x", 1);
		free(key);
	}
	if (lock)
		sink_unlock(&store.instance, lock);
	free(name);
	store_close(&store);
}

static void again(struct world *world)
{
	struct store store;
	char *name;

	if (!store_open(world, &store))
		return;
	name = store_key(&store, "again");
	for (unsigned i = 0; i < 20; i++) {
		void *lock = try_lock(&store.instance, name, HF_LOCK_EXCLUSIVE, true);

		if (lock)
			sink_unlock(&store.instance, lock);
	}
	free(name);
	store_close(&store);
}

/* --- processes that die --- */

/* Forks; the child runs `work`, says so and waits for its end. Returns its id. */
static pid_t start(struct world *world, void (*work)(struct world *world, const char *name),
    const char *name)
{
	int ready[2];
	char byte;
	pid_t child;

	if (pipe(ready) < 0 || (child = fork()) < 0) {
		flaw(world->report, "the kit cannot start a process: %s", strerror(errno));
		return -1;
	}
	if (child == 0) {
		close(ready[0]);
		alarm(world->config->timeout);
		work(world, name);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		flaw(world->report, "the other process failed");
	close(ready[0]);
	return child;
}

static void finish(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static void child_locks(struct world *world, const char *name)
{
	struct instance in;
	void *lock = NULL;

	if (instance_open(world, &in, NULL, false) != HF_OK ||
	    sink_lock(&in, name, HF_LOCK_EXCLUSIVE, &lock) != HF_OK)
		_exit(1);
}

static void dead_owner(struct world *world)
{
	struct store store;
	char *name;
	pid_t child;
	void *lock;

	if (!store_open(world, &store))
		return;
	name = store_key(&store, "dead");
	child = start(world, child_locks, name);
	if (child > 0) {
		try_lock(&store.instance, name, HF_LOCK_EXCLUSIVE, false);
		try_lock(&store.instance, name, HF_LOCK_SHARED, false);
		finish(child);
		lock = try_lock(&store.instance, name, HF_LOCK_EXCLUSIVE, true);
		if (lock)
			sink_unlock(&store.instance, lock);
	}
	free(name);
	store_close(&store);
}

static void child_puts(struct world *world, const char *name)
{
	unsigned char *data = need(calloc(1, 1u << 20));
	struct instance in;
	void *put = NULL;

	if (instance_open(world, &in, NULL, false) != HF_OK ||
	    put_open(&in, name, 0, &put) != HF_OK ||
	    put_write(&in, put, data, 1u << 20) != HF_OK)
		_exit(1);
	free(data);
}

static void killed_put(struct world *world)
{
	struct store store;
	pid_t child;
	char *key;

	if (!store_open(world, &store))
		return;
	key = store_key(&store, "half");
	child = start(world, child_puts, key);
	if (child > 0)
		finish(child);
	expect_object(&store.instance, key, NULL, 0);
	if (put_all(&store.instance, key, "whole", 5, 0, 0) != HF_OK)
		flaw(world->report, "a put after a killed one failed");
	expect_object(&store.instance, key, "whole", 5);
	free(key);
	store_close(&store);
}

static void sweep_below(struct store *store, const char *below)
{
	char *prefix = store_key(store, below);
	char *name = need(strndup(prefix, strlen(prefix) - 1));
	void *lock = NULL;

	if (store->world->sink.lock)
		lock = try_lock(&store->instance, name, HF_LOCK_EXCLUSIVE, true);
	if (sink_sweep(&store->instance, prefix) != HF_OK)
		flaw(store->world->report, "sweep(%s) failed", prefix);
	if (lock)
		sink_unlock(&store->instance, lock);
	free(name);
	free(prefix);
}

static void sweep_clears(struct world *world)
{
	struct store store;
	uint64_t before, after;
	pid_t child;
	char *live, *half;

	if (!store_open(world, &store))
		return;
	live = store_key(&store, "job/point/live");
	half = store_key(&store, "job/point2/half");
	put_all(&store.instance, live, "live", 4, 0, 0);
	sweep_below(&store, "job/"); /* makes what files a lock needs */
	before = count_files(world->scratch);
	child = start(world, child_puts, half);
	if (child > 0)
		finish(child);
	sweep_below(&store, "job/");
	after = count_files(world->scratch);
	if (after != before)
		flaw(world->report, "after the sweep there are %" PRIu64 " files, before the "
		    "killed put there were %" PRIu64, after, before);
	expect_object(&store.instance, live, "live", 4);
	expect_object(&store.instance, half, NULL, 0);
	free(live);
	free(half);
	store_close(&store);
}

static void sweep_spares(struct world *world)
{
	struct instance other;
	struct store store;
	void *put = NULL;
	char *live, *running, *beside;

	if (!store_open(world, &store))
		return;
	if (instance_open(world, &other, NULL, false) != HF_OK) {
		store_close(&store);
		return;
	}
	live = store_key(&store, "job/p/a");
	beside = store_key(&store, "jobs/p/a");
	running = store_key(&store, "jobs/p/running");
	put_all(&store.instance, live, "a", 1, 0, 0);
	put_all(&store.instance, beside, "b", 1, 0, 0);
	if (put_open(&other, running, 0, &put) == HF_OK) {
		put_write(&other, put, "run", 3);
		sweep_below(&store, "job/");
		sweep_below(&store, "none/");
		put_write(&other, put, "ning", 4);
		if (put_commit(&other, put) != HF_OK)
			flaw(world->report, "a sweep of another prefix broke an open put");
		put_free(&other, put);
		expect_object(&store.instance, running, "running", 7);
	}
	expect_object(&store.instance, live, "a", 1);
	expect_object(&store.instance, beside, "b", 1);
	free(live);
	free(beside);
	free(running);
	instance_close(&other);
	store_close(&store);
}

const struct law laws_sink_lock[] = {
	{"lock: excludes, shares, and ends with unlock", HF_KIND_SINK, exclusion, skip_lock},
	{"lock: is no object", HF_KIND_SINK, no_object, skip_lock},
	{"lock: again and again", HF_KIND_SINK, again, skip_lock},
	{"lock: a dead owner never blocks", HF_KIND_SINK, dead_owner, skip_lock},
	{"kill: half a put is not visible", HF_KIND_SINK, killed_put, NULL},
	{"sweep: clears what a killed put left", HF_KIND_SINK, sweep_clears, skip_sweep},
	{"sweep: spares everything else", HF_KIND_SINK, sweep_spares, skip_sweep},
	{NULL, 0, NULL, NULL},
};
