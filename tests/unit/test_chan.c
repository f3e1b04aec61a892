/* SPDX-License-Identifier: MIT
 * The bounded channel, the pool and the lanes. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <string.h>
#include <cmocka.h>

#include "engine/pipeline/chan.h"
#include "engine/pipeline/lanes.h"
#include "engine/pipeline/pool.h"
#include "engine/util/cancel.h"

static void *produce(void *arg)
{
	struct chan *c = arg;
	struct error err = {0};
	struct block *b;

	for (unsigned i = 0; i < 10000 && (b = chan_room(c)); i++) {
		memcpy(b->data, &i, sizeof i);
		b->n = sizeof i;
		chan_push(c);
	}
	error_set(&err, HF_E_CORRUPT, "the end is bad");
	chan_end(c, &err);
	return NULL;
}

static void test_blocks_come_in_order_and_the_error_after_them(void **state)
{
	struct error err = {0};
	struct block *b;
	struct chan *c;
	pthread_t t;
	unsigned n = 0;

	(void)state;
	assert_int_equal(chan_new(3, 16, &c, &err), HF_OK);
	assert_int_equal(thread_start(&t, produce, c, &err), HF_OK);
	for (; chan_front(c, &b, &err) == HF_OK; n++) {
		unsigned got;

		memcpy(&got, b->data, sizeof got);
		assert_int_equal(got, n);
		chan_pop(c);
	}
	assert_int_equal(n, 10000);
	assert_int_equal(err.status, HF_E_CORRUPT);
	assert_string_equal(err.message, "the end is bad");
	error_clear(&err);
	pthread_join(t, NULL);
	chan_free(c);
}

static void test_a_consumer_that_stops_frees_the_producer(void **state)
{
	struct error err = {0};
	struct block *b;
	struct chan *c;
	pthread_t t;

	(void)state;
	assert_int_equal(chan_new(2, 16, &c, &err), HF_OK);
	assert_int_equal(thread_start(&t, produce, c, &err), HF_OK);
	assert_int_equal(chan_front(c, &b, &err), HF_OK);
	chan_stop(c);
	pthread_join(t, NULL);
	chan_free(c);
}

struct counted {
	struct task task;
	atomic_int *count;
};

static void count(struct task *task)
{
	atomic_fetch_add(((struct counted *)task)->count, 1);
}

static void test_the_pool_runs_every_task(void **state)
{
	static struct counted tasks[1000];
	struct error err = {0};
	atomic_int n = 0;
	struct pool *p;

	(void)state;
	assert_int_equal(pool_new(3, NULL, &p, &err), HF_OK);
	for (size_t i = 0; i < 1000; i++) {
		tasks[i] = (struct counted){.task.run = count, .count = &n};
		pool_submit(p, &tasks[i].task);
	}
	pool_free(p);
	assert_int_equal(atomic_load(&n), 1000);
}

static int32_t lane(void *arg, unsigned number, struct error *err)
{
	(void)arg;
	if (number == 2)
		return error_set(err, HF_E_NO_SPACE, "the cause");
	while (!cancelled())
		cancel_sleep(INT64_C(1000000));
	return error_set(err, number == 0 ? HF_E_TRANSIENT : HF_E_CANCELLED, "an echo");
}

static void test_one_lanes_failure_stops_the_others_and_is_the_cause(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(lanes_run(4, lane, NULL, &err), HF_E_NO_SPACE);
	assert_string_equal(err.message, "the cause");
	assert_false(cancelled());
	error_clear(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_come_in_order_and_the_error_after_them),
		cmocka_unit_test(test_a_consumer_that_stops_frees_the_producer),
		cmocka_unit_test(test_the_pool_runs_every_task),
		cmocka_unit_test(test_one_lanes_failure_stops_the_others_and_is_the_cause),
	};

	cancel_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
