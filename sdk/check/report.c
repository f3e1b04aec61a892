/* SPDX-License-Identifier: MIT
 * report.c - one law in one child process, and its result as TAP
 *
 * The child writes its flaws into a pipe as it finds them, so that they are
 * not lost when the driver crashes or hangs.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define FLAWS_SHOWN 20u

void *need(void *memory)
{
	if (!memory) {
		fputs("holdfast-driver-check: out of memory\n", stderr);
		abort();
	}
	return memory;
}

char *text(const char *fmt, ...)
{
	char *made = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&made, fmt, ap) < 0)
		made = NULL;
	va_end(ap);
	return need(made);
}

const char *status_name(int32_t status)
{
	switch (status) {
	case HF_OK: return "HF_OK";
	case HF_END: return "HF_END";
	case HF_SKIP: return "HF_SKIP";
	case HF_E_CONFIG: return "HF_E_CONFIG";
	case HF_E_AUTH: return "HF_E_AUTH";
	case HF_E_NOT_FOUND: return "HF_E_NOT_FOUND";
	case HF_E_EXISTS: return "HF_E_EXISTS";
	case HF_E_TRANSIENT: return "HF_E_TRANSIENT";
	case HF_E_NO_SPACE: return "HF_E_NO_SPACE";
	case HF_E_CORRUPT: return "HF_E_CORRUPT";
	case HF_E_CANCELLED: return "HF_E_CANCELLED";
	case HF_E_UNSUPPORTED: return "HF_E_UNSUPPORTED";
	case HF_E_FAILED: return "HF_E_FAILED";
	default: return "an unknown status";
	}
}

/* One line, in one write, so that threads and children do not mix. */
static void say(int fd, const char *lead, const char *fmt, va_list ap) HF_PRINTF(3, 0);
static void say(int fd, const char *lead, const char *fmt, va_list ap)
{
	char line[2048];
	size_t used = (size_t)snprintf(line, sizeof(line), "# %s", lead);
	int added = vsnprintf(line + used, sizeof(line) - used - 1, fmt, ap);

	if (added < 0)
		return;
	used += (size_t)added;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	for (size_t i = 0; i < used; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	line[used++] = '\n';
	while (write(fd, line, used) < 0 && errno == EINTR)
		;
}

void flaw(struct report *report, const char *fmt, ...)
{
	unsigned before = atomic_fetch_add(&report->flaws, 1);
	va_list ap;

	if (before > FLAWS_SHOWN)
		return;
	va_start(ap, fmt);
	if (before == FLAWS_SHOWN)
		say(report->fd, "", "... and more", ap);
	else
		say(report->fd, "", fmt, ap);
	va_end(ap);
}

void note(struct report *report, const char *fmt, ...)
{
	va_list ap;

	if (!report->verbose)
		return;
	va_start(ap, fmt);
	say(report->fd, "  ", fmt, ap);
	va_end(ap);
}

/* Runs the law in this process. Returns the number of its flaws. */
static unsigned run_here(const struct law *law, const struct config *config,
    const hf_plugin *plugin, const hf_driver *driver, unsigned number, int fd)
{
	struct report report = {.fd = fd, .verbose = config->verbose};
	struct world world = {
		.config = config, .report = &report, .plugin = plugin,
		.random = config->seed * 0x9e3779b97f4a7c15u + number + 1,
	};
	struct guard guard;

	world.scratch = text("%s/law%u", config->scratch, number);
	if (mkdir(world.scratch, 0700) < 0)
		flaw(&report, "cannot make %s: %s", world.scratch, strerror(errno));
	world.mock = mock_new(&report, world.scratch);
	if (driver)
		world_adopt(&world, driver);
	guard_take(&guard);
	if (atomic_load(&report.flaws) == 0)
		law->run(&world);
	mock_reset(world.mock);
	guard_compare(&guard, &report, "the law");
	mock_free(world.mock);
	if (remove_tree(world.scratch) < 0)
		flaw(&report, "cannot remove %s: %s", world.scratch, strerror(errno));
	free(world.scratch);
	return atomic_load(&report.flaws);
}

/* Passes on what the child writes until it is done or too late. True if it ran out of time. */
static bool relay(int fd, unsigned timeout)
{
	char buffer[4096];

	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		int ready = poll(&waiting, 1, (int)timeout * 1000);
		const char *end;
		ssize_t got;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return true;
		got = ready < 0 ? -1 : read(fd, buffer, sizeof(buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		end = memchr(buffer, '\0', (size_t)got);
		fwrite(buffer, 1, end ? (size_t)(end - buffer) : (size_t)got, stdout);
		if (end)
			return false;
	}
}

static bool run_child(const struct law *law, const struct config *config,
    const hf_plugin *plugin, const hf_driver *driver, unsigned number)
{
	int channel[2], status = 0;
	bool late;
	pid_t child;

	fflush(stdout);
	if (pipe(channel) < 0 || (child = fork()) < 0) {
		printf("# cannot start a child: %s\n", strerror(errno));
		return false;
	}
	if (child == 0) {
		unsigned flaws;

		setpgid(0, 0);
		close(channel[0]);
		alarm(config->timeout);
		flaws = run_here(law, config, plugin, driver, number, channel[1]);
		/* A NUL is the end, even if the driver left a process that holds the pipe. */
		if (write(channel[1], "", 1) != 1)
			flaws++;
		close(channel[1]);
		exit(flaws ? 1 : 0); /* not _exit: leak checkers report at exit */
	}
	setpgid(child, child);
	close(channel[1]);
	late = relay(channel[0], config->timeout + 2);
	close(channel[0]);
	if (late)
		kill(-child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	kill(-child, SIGKILL); /* what the driver may have left behind */
	if (late || (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM))
		printf("# not done after %u seconds\n", config->timeout);
	else if (WIFSIGNALED(status))
		printf("# died of signal %d (%s)\n", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) > 1)
		printf("# exited with %d\n", WEXITSTATUS(status));
	if (!late && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	{
		char *left = text("%s/law%u", config->scratch, number);

		if (remove_tree(left) < 0 && errno != ENOENT)
			printf("# cannot remove %s: %s\n", left, strerror(errno));
		free(left);
	}
	return false;
}

bool run_law(const struct law *law, const struct config *config, const hf_plugin *plugin,
    const hf_driver *driver, unsigned number)
{
	if (config->no_fork) {
		fflush(stdout);
		return run_here(law, config, plugin, driver, number, STDOUT_FILENO) == 0;
	}
	return run_child(law, config, plugin, driver, number);
}
