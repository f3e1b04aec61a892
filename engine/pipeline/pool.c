/* SPDX-License-Identifier: MIT
 * Worker threads. */
#include "config.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "engine/pipeline/lanes.h"
#include "engine/pipeline/pool.h"

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct task *first, **last;
	bool closing;
	unsigned ready;      /* workers that have entered, or were refused */
	struct error refused;
	struct instance *instance;
	pthread_t *threads;
	unsigned n;
};

unsigned cpu_count(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		return (unsigned)CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

static struct task *next_task(struct pool *p)
{
	struct task *task;

	pthread_mutex_lock(&p->lock);
	while (!p->first && !p->closing)
		pthread_cond_wait(&p->work, &p->lock);
	task = p->first;
	if (task) {
		p->first = task->next;
		if (!p->first)
			p->last = &p->first;
	}
	pthread_mutex_unlock(&p->lock);
	return task;
}

static void *work(void *arg)
{
	struct error err = {0};
	struct pool *p = arg;
	struct task *task;
	bool entered = p->instance && instance_worker_begin(p->instance, &err) == HF_OK;

	pthread_mutex_lock(&p->lock);
	error_keep_first(&p->refused, &err);
	p->ready++;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	while ((task = next_task(p)))
		task->run(task);
	if (entered)
		instance_worker_end(p->instance);
	return NULL;
}

int32_t pool_new(unsigned threads, struct instance *instance, struct pool **out, struct error *err)
{
	struct pool *p = xcalloc(1, sizeof *p);

	p->instance = instance;
	p->last = &p->first;
	p->threads = xcalloc(threads, sizeof *p->threads);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	for (; p->n < threads; p->n++) {
		int32_t status = thread_start(&p->threads[p->n], work, p, err);

		if (status != HF_OK) {
			pool_free(p);
			return status;
		}
	}
	pthread_mutex_lock(&p->lock);
	while (p->ready < threads)
		pthread_cond_wait(&p->work, &p->lock);
	pthread_mutex_unlock(&p->lock);
	if (p->refused.status != HF_OK) {
		int32_t status = error_keep_first(err, &p->refused);

		pool_free(p);
		return status;
	}
	*out = p;
	return HF_OK;
}

void pool_submit(struct pool *p, struct task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&p->lock);
	*p->last = task;
	p->last = &task->next;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++)
		pthread_join(p->threads[i], NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->work);
	error_clear(&p->refused);
	free(p->threads);
	free(p);
}
