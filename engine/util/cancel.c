/* SPDX-License-Identifier: MIT
 * Stopping. The handler only stores the signal and writes to a pipe: everything else happens in threads. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/util/cancel.h"
#include "engine/util/clock.h"

static atomic_int caught;
static atomic_int signals; /* how many came */
static atomic_bool aborted;
static atomic_int shields;
/* One byte in the first for a signal and one for an abort; the second stays empty for ever. */
static int pipe_fds[2] = {-1, -1};
static int empty_fds[2] = {-1, -1};

static void on_signal(int number)
{
	int saved = errno, none = 0;

	/* Cleaning up takes too long for somebody: the next run does it as after a crash. */
	if (atomic_fetch_add(&signals, 1) >= 2)
		_exit(128 + number);
	if (atomic_compare_exchange_strong(&caught, &none, number)) {
		/* this byte is never read: once readable it stays so, for every thread */
		ssize_t n = write(pipe_fds[1], "", 1);
		(void)n;
	}
	errno = saved;
}

void cancel_install(void)
{
	struct sigaction action;

	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0 ||
		pipe2(empty_fds, O_CLOEXEC | O_NONBLOCK) < 0)
		abort(); /* no descriptors left before the program has begun */
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	action.sa_flags = SA_RESTART;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	struct sigaction old;
	if (sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL); /* nohup stays obeyed */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	/* a full file-size limit is an error from write(), not the end */
	sigaction(SIGXFSZ, &action, NULL);
}

int cancel_signal(void)
{
	return atomic_load_explicit(&caught, memory_order_relaxed);
}

bool cancelled(void)
{
	if (atomic_load_explicit(&shields, memory_order_relaxed) > 0)
		return false;
	return cancel_signal() != 0 || atomic_load_explicit(&aborted, memory_order_relaxed);
}

int cancel_fd(void)
{
	return atomic_load(&shields) > 0 ? empty_fds[0] : pipe_fds[0];
}

void cancel_abort(void)
{
	if (!atomic_exchange(&aborted, true)) {
		ssize_t n = write(pipe_fds[1], "", 1);
		(void)n;
	}
}

void cancel_abort_reset(void)
{
	char byte;

	if (atomic_exchange(&aborted, false)) {
		ssize_t n = read(pipe_fds[0], &byte, 1);
		(void)n;
	}
}

void cancel_shield(bool up)
{
	atomic_fetch_add(&shields, up ? 1 : -1);
}

bool cancel_sleep(int64_t ns)
{
	int64_t end = clock_mono() + ns;

	while (!cancelled()) {
		int64_t left = end - clock_mono();
		struct pollfd p = {.fd = cancel_fd(), .events = POLLIN};

		if (left <= 0)
			return true;
		int64_t ms = (left + 999999) / 1000000;
		poll(&p, 1, ms > 60000 ? 60000 : (int)ms);
	}
	return false;
}
