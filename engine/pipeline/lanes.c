/* SPDX-License-Identifier: MIT
 * Running one function on several threads. */
#include "config.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/pipeline/lanes.h"
#include "engine/util/cancel.h"
#include "engine/util/mem.h"

int32_t thread_start(pthread_t *thread, void *(*run)(void *), void *arg, struct error *err)
{
	sigset_t all, old;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!failed)
		return HF_OK;
	return error_set(err, HF_E_FAILED, "cannot start a thread: %s", strerror(failed));
}

struct lane {
	pthread_t thread;
	int32_t (*fn)(void *arg, unsigned lane, struct error *err);
	void *arg;
	unsigned number;
	atomic_uint *failures;
	unsigned failure; /* which of them it was */
	struct error err;
};

static void *lane_main(void *arg)
{
	struct lane *lane = arg;

	if (lane->fn(lane->arg, lane->number, &lane->err) != HF_OK) {
		lane->failure = atomic_fetch_add(lane->failures, 1);
		cancel_abort();
	}
	return NULL;
}

/* The cause is what failed first; what the others say may only be an echo of being stopped. */
static struct lane *cause(struct lane *lanes, unsigned n)
{
	struct lane *first = NULL;

	for (unsigned i = 0; i < n; i++)
		if (lanes[i].err.status != HF_OK && (!first || lanes[i].failure < first->failure))
			first = &lanes[i];
	return first;
}

int32_t lanes_run(unsigned n, int32_t (*fn)(void *arg, unsigned lane, struct error *err), void *arg,
	struct error *err)
{
	struct lane *lanes = xcalloc(n, sizeof *lanes);
	struct error first = {0};
	atomic_uint failures = 0;
	unsigned started = 0;

	for (; started < n; started++) {
		lanes[started] = (struct lane){.fn = fn, .arg = arg, .number = started,
			.failures = &failures};
		if (thread_start(&lanes[started].thread, lane_main, &lanes[started], &first) != HF_OK) {
			cancel_abort();
			break;
		}
	}
	for (unsigned i = 0; i < started; i++)
		pthread_join(lanes[i].thread, NULL);
	struct lane *culprit = cause(lanes, started);
	if (culprit)
		error_keep_first(&first, &culprit->err);
	for (unsigned i = 0; i < started; i++)
		error_clear(&lanes[i].err);
	cancel_abort_reset();
	free(lanes);
	int32_t status = first.status;
	if (err) {
		error_clear(err);
		*err = first;
	} else {
		error_clear(&first);
	}
	return status;
}
