/* SPDX-License-Identifier: MIT
 *
 * The files sink used by many at once: locks between instances and processes, threads that store
 * and remove side by side.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_store.h"

static int32_t lock(struct store *store, const char *name, uint32_t mode, void **out)
{
	return store->ops->lock(&store->ctx, store->self, name, mode, out);
}

static void between_instances(void **state)
{
	struct store *store = *state, twin;
	void *first, *second, *third;
	char self[32];

	store_twin(store, &twin);
	assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &first), HF_OK);
	assert_int_equal(lock(&twin, "job/run", HF_LOCK_EXCLUSIVE, &second), HF_E_EXISTS);
	snprintf(self, sizeof self, "process %ld ", (long)getpid());
	assert_non_null(strstr(twin.ctx.message, self));
	assert_non_null(strstr(twin.ctx.message, "job/run"));
	assert_int_equal(lock(&twin, "job/run", HF_LOCK_SHARED, &second), HF_E_EXISTS);
	/* the same instance is no exception */
	assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &second), HF_E_EXISTS);
	/* another name is another lock */
	assert_int_equal(lock(&twin, "job/read", HF_LOCK_EXCLUSIVE, &second), HF_OK);
	twin.ops->unlock(&twin.ctx, second);
	/* no lock is an object */
	assert_string_equal(store_list(store, "", 0), "");
	store->ops->unlock(&store->ctx, first);
	assert_int_equal(lock(&twin, "job/run", HF_LOCK_SHARED, &first), HF_OK);
	assert_int_equal(lock(store, "job/run", HF_LOCK_SHARED, &second), HF_OK);
	assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &third), HF_E_EXISTS);
	twin.ops->unlock(&twin.ctx, first);
	assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &third), HF_E_EXISTS);
	store->ops->unlock(&store->ctx, second);
	assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &third), HF_OK);
	store->ops->unlock(&store->ctx, third);
	store_close(&twin);
}

static void a_reader_makes_nothing(void **state)
{
	struct store *store = *state;
	void *handle;

	/* there is nothing yet that anybody could take away */
	assert_int_equal(lock(store, "job/run", HF_LOCK_SHARED, &handle), HF_OK);
	store->ops->unlock(&store->ctx, handle);
	assert_int_equal(access(store->path, F_OK), -1);
}

/* A process that holds the lock until it is killed. */
static pid_t holder(struct store *store, const char *name, uint32_t mode)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store mine;
		void *handle;

		store_twin(store, &mine);
		if (lock(&mine, name, mode, &handle) != HF_OK || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void the_dead_hold_no_lock(void **state)
{
	static const uint32_t modes[] = { HF_LOCK_EXCLUSIVE, HF_LOCK_SHARED };
	struct store *store = *state;
	char who[32];
	void *handle;

	assert_int_equal(store_put(store, "job/a", "x", 1, 0), HF_OK);
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = holder(store, "job/run", modes[i]);

		assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &handle), HF_E_EXISTS);
		snprintf(who, sizeof who, "process %ld ", (long)pid);
		assert_non_null(strstr(store->ctx.message, who));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &handle), HF_OK);
		store->ops->unlock(&store->ctx, handle);
	}
}

static void the_owner_is_not_believed(void **state)
{
	/* what stands in the file, and what may be said */
	static const char *const texts[][2] = {
		{ "", "another process" },
		{ "something else", "another process" },
		{ "process -1 on here", "another process" },
		{ "process 12 on far\033[2Jaway since\007", "process 12 on far?[2Jaway since?" },
	};
	struct store *store = *state, twin;
	void *handle, *second;

	store_twin(store, &twin);
	assert_int_equal(lock(store, "run", HF_LOCK_EXCLUSIVE, &handle), HF_OK);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		FILE *file = fopen(store_at(store, ".hf-lock-run"), "w");

		assert_non_null(file);
		assert_true(fputs(texts[i][0], file) >= 0);
		assert_int_equal(fclose(file), 0);
		assert_int_equal(lock(&twin, "run", HF_LOCK_EXCLUSIVE, &second), HF_E_EXISTS);
		assert_non_null(strstr(twin.ctx.message, texts[i][1]));
	}
	store->ops->unlock(&store->ctx, handle);
	store_close(&twin);
}

/* A command that a driver starts must not hold the lock on after us. */
static void nothing_is_inherited(void **state)
{
	struct store *store = *state;
	const hf_put in = { .size = sizeof in, .key = "job/b" };
	void *held, *put, *get;
	unsigned int ours = 0;

	assert_int_equal(store_put(store, "job/a", "x", 1, 0), HF_OK);
	assert_int_equal(lock(store, "job/run", HF_LOCK_EXCLUSIVE, &held), HF_OK);
	assert_int_equal(store->ops->put_open(&store->ctx, store->self, &in, &put), HF_OK);
	assert_int_equal(store->ops->get_open(&store->ctx, store->self, "job/a", 0, 1, &get),
	    HF_OK);
	for (int fd = 3; fd < 256; fd++) {
		char name[32], path[512];
		ssize_t n;

		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		n = readlink(name, path, sizeof path - 1);
		path[n > 0 ? n : 0] = '\0';
		if (!strstr(path, strrchr(store->root, '/')))
			continue;
		ours++;
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	}
	/* the root, the lock, the file that is read, and the one that is written with its folder */
	assert_int_equal(ours, 5);
	store->ops->get_free(&store->ctx, get);
	store->ops->put_free(&store->ctx, put);
	store->ops->unlock(&store->ctx, held);
}

/* --- threads --- */

#define WRITERS 4
#define ROUNDS 150

struct worker {
	struct store *store;
	unsigned int number;
	atomic_int *stop;
	int32_t status;
	char message[2048];
};

/* cmocka's assertions are for the main thread only. */
static void give_up(struct worker *worker, const hf_ctx *ctx, int32_t status)
{
	worker->status = status;
	memcpy(worker->message, ctx->message, sizeof worker->message);
}

static int32_t put_here(hf_ctx *ctx, struct store *store, const char *key, uint32_t flags)
{
	const hf_put in = { .size = sizeof in, .flags = flags, .key = key };
	void *handle;
	int32_t rc = store->ops->put_open(ctx, store->self, &in, &handle);

	if (rc != HF_OK)
		return rc;
	rc = store->ops->put_write(ctx, handle, key, strlen(key));
	if (rc == HF_OK)
		rc = store->ops->put_commit(ctx, handle);
	store->ops->put_free(ctx, handle);
	return rc;
}

/* Stores into folders that are empty most of the time, and removes again all but the last. */
static void *write_and_remove(void *arg)
{
	struct worker *worker = arg;
	struct store *store = worker->store;
	hf_ctx ctx = { 0 };
	hf_removal removal = { 0 };
	int32_t rc = HF_OK;

	for (unsigned int i = 0; i < ROUNDS && rc == HF_OK; i++) {
		char key[64];
		const char *const keys[] = { key };

		snprintf(key, sizeof key, "job/p%u/main/k%u-%u", i % 3, worker->number, i);
		rc = put_here(&ctx, store, key, i % 5 ? 0 : HF_PUT_INDEX);
		if (rc == HF_OK && i + 1 < ROUNDS)
			rc = store->ops->remove(&ctx, store->self, keys, 1, &removal);
	}
	if (removal.count)
		rc = removal.status;
	give_up(worker, &ctx, rc);
	return NULL;
}

/* Takes away every folder that is empty at the moment, as remove() of a missing key does. */
static void *remove_folders(void *arg)
{
	static const char *const keys[] = { "job/p0/main/none", "job/p1/main/none",
		"job/p2/main/none" };
	struct worker *worker = arg;
	struct store *store = worker->store;
	hf_ctx ctx = { 0 };
	hf_removal removal = { 0 };
	int32_t rc = HF_OK;

	while (rc == HF_OK && !atomic_load(worker->stop))
		rc = store->ops->remove(&ctx, store->self, keys, 3, &removal);
	give_up(worker, &ctx, rc);
	return NULL;
}

static void side_by_side(struct store *store)
{
	struct worker workers[WRITERS + 1];
	pthread_t threads[WRITERS + 1];
	atomic_int stop = 0;

	for (unsigned int i = 0; i <= WRITERS; i++) {
		workers[i] = (struct worker){ .store = store, .number = i, .stop = &stop };
		assert_int_equal(pthread_create(&threads[i], NULL,
				     i < WRITERS ? write_and_remove : remove_folders, &workers[i]),
		    0);
	}
	for (unsigned int i = 0; i <= WRITERS; i++) {
		if (i == WRITERS)
			atomic_store(&stop, 1);
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	for (unsigned int i = 0; i <= WRITERS; i++) {
		if (workers[i].status != HF_OK)
			print_error("worker %u: %s\n", i, workers[i].message);
		assert_int_equal(workers[i].status, HF_OK);
	}
	for (unsigned int i = 0; i < WRITERS; i++) {
		char key[64];

		snprintf(key, sizeof key, "job/p%d/main/k%u-%d", (ROUNDS - 1) % 3, i, ROUNDS - 1);
		store_has(store, key, key, strlen(key));
	}
	assert_int_equal(store_names(store, "."), 0);
}

static void writers_and_a_remover(void **state)
{
	side_by_side(*state);
}

static void writers_and_a_remover_durably(void **state)
{
	struct store *store = *state;

	store_option(store, "durable", "yes");
	side_by_side(store);
	assert_int_equal(store->ops->flush(&store->ctx, store->self), HF_OK);
}

static void *put_if_absent(void *arg)
{
	struct worker *worker = arg;
	hf_ctx ctx = { 0 };

	give_up(worker, &ctx, put_here(&ctx, worker->store, "job/one", HF_PUT_IF_ABSENT));
	return NULL;
}

static void only_one_is_first(void **state)
{
	struct store *store = *state;
	struct worker workers[8];
	pthread_t threads[8];
	unsigned int won = 0;

	for (unsigned int i = 0; i < 8; i++) {
		workers[i] = (struct worker){ .store = store, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, put_if_absent, &workers[i]), 0);
	}
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(workers[i].status == HF_OK || workers[i].status == HF_E_EXISTS);
		won += workers[i].status == HF_OK;
	}
	assert_int_equal(won, 1);
	assert_int_equal(store_names(store, "."), 0);
	store_has(store, "job/one", "job/one", 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
	const struct CMUnitTest tests[] = {
		TEST(between_instances),
		TEST(a_reader_makes_nothing),
		TEST(the_dead_hold_no_lock),
		TEST(the_owner_is_not_believed),
		TEST(nothing_is_inherited),
		TEST(writers_and_a_remover),
		TEST(writers_and_a_remover_durably),
		TEST(only_one_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
