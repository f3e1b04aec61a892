/* SPDX-License-Identifier: MIT
 * command.c - the source "command"
 *
 * Backs up what a command writes to its standard output, and restores by
 * feeding it to the standard input of another, or into a file (--into FILE).
 * The words of a command are given one by one; no shell sees them.
 *
 * Order of calls: open, begin, dump, end, close - and for a restore: open,
 * restore_begin, restore, restore_end, close. There is one entry only, so
 * nothing here is shared between threads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

extern char **environ;

/* --- options and the instance --- */

static const hf_option options[] = {
	{"command", HF_OPT_STRING, HF_OPT_REQUIRED | HF_OPT_LIST, NULL, NULL, 0, 0,
	    "the command that writes the data; repeat the line for each of its arguments"},
	{"restore_command", HF_OPT_STRING, HF_OPT_LIST, NULL, NULL, 0, 0,
	    "the command that takes the data back on its standard input"},
	{"name", HF_OPT_STRING, 0, "output", NULL, 0, 0, "the name of the entry, as in dump.sql"},
	{"allow_empty", HF_OPT_BOOL, 0, "no", NULL, 0, 0, "take no output at all as success"},
	{NULL, 0, 0, NULL, NULL, 0, 0, NULL},
};

/* An instance only remembers its options: they are valid until close(). */
struct source {
	const hf_options *options;
	const char *name;
};

static int32_t source_open(hf_ctx *ctx, const hf_options *given, void **self)
{
	const char *name = host->opt_text(given, "name", 0);
	const char *program = host->opt_text(given, "command", 0);
	struct source *source;

	/* The host has checked the types; what else must hold is checked here. */
	if (!program || !program[0])
		return host->fail(ctx, HF_E_CONFIG, "command is empty");
	if (!name || !name[0])
		return host->fail(ctx, HF_E_CONFIG, "name is empty");
	source = malloc(sizeof(*source));
	if (!source)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	source->options = given;
	source->name = name;
	*self = source;
	return HF_OK;
}

static void source_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

/* --- a child process --- */

struct child {
	pid_t pid;
	int fd;           /* our end of its standard output or input */
	const char *name; /* for messages */
};

/* The words of an option as execvp() wants them. NULL: out of memory. */
static char **words_of(const hf_options *given, const char *option)
{
	uint64_t count = host->opt_count(given, option);
	char **words = calloc(count + 1, sizeof(*words));

	for (uint64_t i = 0; words && i < count; i++)
		words[i] = (char *)host->opt_text(given, option, i);
	return words;
}

/* A driver shares its process with others: the child gets default signals, an
 * empty mask, and of our descriptors only the ones that it is meant to have. */
static int spawn(char **words, int theirs, int as, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	if (as == STDOUT_FILENO)
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, theirs, as);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(pid, words[0], &actions, &attr, words, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int32_t child_start(hf_ctx *ctx, const hf_options *given, const char *option, int as,
    struct child *child)
{
	char **words = words_of(given, option);
	int pair[2], error;

	if (!words)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	child->name = words[0];
	/* A socket, not a pipe: writing to a dead child is then an error (MSG_NOSIGNAL) and not
	 * a SIGPIPE, which a driver may not handle. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		free(words);
		return host->fail(ctx, HF_E_FAILED, "cannot make a socket: %s", strerror(errno));
	}
	error = spawn(words, pair[1], as, &child->pid);
	free(words);
	close(pair[1]);
	child->fd = pair[0];
	if (!error)
		return HF_OK;
	close(pair[0]);
	host->fail(ctx, error == ENOENT ? HF_E_CONFIG : HF_E_FAILED, "cannot start %s: %s",
	    child->name, strerror(error));
	host->hint(ctx, "check the option %s", option);
	return error == ENOENT ? HF_E_CONFIG : HF_E_FAILED;
}

/* Waits until the child can be read or written, or the run is to stop. */
static int32_t child_ready(hf_ctx *ctx, const struct child *child, short events)
{
	struct pollfd fds[] = {
		{.fd = child->fd, .events = events},
		{.fd = host->cancel_fd(ctx), .events = POLLIN},
	};

	for (;;) {
		if (host->cancelled(ctx))
			return host->fail(ctx, HF_E_CANCELLED, "stopped while %s was running",
			    child->name);
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return host->fail(ctx, HF_E_FAILED, "cannot wait for %s: %s", child->name,
			    strerror(errno));
		if (fds[0].revents)
			return HF_OK;
	}
}

/* Ends the child whatever it does. `status` is how its stream ended; a stream that ended well is
 * believed only if the command says so too. */
static int32_t child_end(hf_ctx *ctx, struct child *child, int32_t status)
{
	int how = 0;
	pid_t ended = 0;

	close(child->fd);
	while (status == HF_OK && (ended = waitpid(child->pid, &how, WNOHANG)) == 0)
		status = host->sleep(ctx, 5000000);
	if (ended == 0) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, &how, 0) < 0 && errno == EINTR)
			;
	}
	if (status != HF_OK)
		return status;
	if (ended < 0)
		return host->fail(ctx, HF_E_FAILED, "cannot wait for %s: %s", child->name,
		    strerror(errno));
	if (WIFSIGNALED(how))
		return host->fail(ctx, HF_E_FAILED, "%s was ended by signal %d", child->name,
		    WTERMSIG(how));
	if (WEXITSTATUS(how) != 0)
		return host->fail(ctx, HF_E_FAILED, "%s exited with %d", child->name,
		    WEXITSTATUS(how));
	return HF_OK;
}

/* --- backup --- */

static int32_t source_begin(hf_ctx *ctx, void *self, const hf_begin *in, void **session)
{
	const struct source *source = self;
	hf_entry entry = {
		.size = sizeof(entry), /* every growable struct says what its maker knows */
		.path = source->name,
		.type = "bytes/1",
		.subject = source->name,
	};
	int32_t status = host->entry_add(ctx, &entry);

	(void)in;
	*session = self; /* there is nothing to remember of a session */
	return status;
}

/* From the child straight into the host's buffer. */
static int32_t pump_out(hf_ctx *ctx, struct child *child, hf_writer *out, int64_t *total)
{
	for (;;) {
		uint64_t room;
		void *data;
		ssize_t got;
		int32_t status = child_ready(ctx, child, POLLIN);

		if (status == HF_OK)
			status = host->reserve(out, &data, &room);
		if (status != HF_OK)
			return status; /* the host's own errors are passed on unchanged */
		got = read(child->fd, data, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return host->fail(ctx, HF_E_FAILED, "cannot read from %s: %s", child->name,
			    strerror(errno));
		if (got == 0)
			return HF_OK;
		status = host->advance(out, (uint64_t)got);
		if (status != HF_OK)
			return status;
		*total += got;
	}
}

static int32_t source_dump(hf_ctx *ctx, void *session, const hf_entry *entry, hf_writer *out)
{
	const struct source *source = session;
	struct child child;
	int64_t total = 0;
	int32_t status = child_start(ctx, source->options, "command", STDOUT_FILENO, &child);

	(void)entry;
	if (status != HF_OK)
		return status;
	status = pump_out(ctx, &child, out, &total);
	status = child_end(ctx, &child, status);
	if (status != HF_OK)
		return status;
	if (total == 0 && !host->opt_int(source->options, "allow_empty", 0)) {
		host->fail(ctx, HF_E_FAILED, "%s wrote nothing", child.name);
		host->hint(ctx, "set allow_empty = yes if that is what it should do");
		return HF_E_FAILED;
	}
	return host->fact_int(ctx, "bytes", total); /* compared after a restore */
}

static int32_t source_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	(void)ctx;
	(void)session;
	(void)outcome;
	return HF_OK;
}

/* --- restore --- */

struct restoring {
	const struct source *source;
	const char *into; /* valid until restore_end() */
};

/* Looks, and changes nothing. */
static int32_t source_restore_begin(hf_ctx *ctx, void *self, const hf_restore *in, void **session)
{
	const struct source *source = self;
	struct restoring *restoring;

	if (!in->into && !host->opt_count(source->options, "restore_command")) {
		host->fail(ctx, HF_E_CONFIG, "there is no restore_command for %s", source->name);
		host->hint(ctx, "add one to the job, or restore with --into FILE");
		return HF_E_CONFIG;
	}
	if (in->into && !(in->flags & HF_RESTORE_FORCE) && access(in->into, F_OK) == 0) {
		host->fail(ctx, HF_E_EXISTS, "%s exists", in->into);
		host->hint(ctx, "name another file, or use --force");
		return HF_E_EXISTS;
	}
	restoring = malloc(sizeof(*restoring));
	if (!restoring)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	restoring->source = source;
	restoring->into = in->into;
	*session = restoring;
	return HF_OK;
}

/* Reads to HF_END and hands each block to `put`. */
static int32_t pump_in(hf_ctx *ctx, struct child *child, hf_reader *in, int64_t *total,
    int32_t (*put)(hf_ctx *ctx, struct child *child, const void *data, size_t size, size_t *done))
{
	const void *data;
	uint64_t size;
	size_t done;
	int32_t status;

	while ((status = host->peek(in, &data, &size)) == HF_OK) {
		status = put(ctx, child, data, size, &done);
		if (status == HF_OK)
			status = host->consume(in, done);
		if (status != HF_OK)
			return status;
		*total += (int64_t)done;
	}
	return status == HF_END ? HF_OK : status;
}

static int32_t put_child(hf_ctx *ctx, struct child *child, const void *data, size_t size,
    size_t *done)
{
	int32_t status = child_ready(ctx, child, POLLOUT);
	ssize_t sent;

	*done = 0;
	if (status != HF_OK)
		return status;
	sent = send(child->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EINTR && errno != EAGAIN)
		return host->fail(ctx, HF_E_FAILED, "%s stopped reading: %s", child->name,
		    strerror(errno));
	*done = sent > 0 ? (size_t)sent : 0;
	return HF_OK;
}

static int32_t put_file(hf_ctx *ctx, struct child *file, const void *data, size_t size,
    size_t *done)
{
	ssize_t written = write(file->fd, data, size);

	*done = written > 0 ? (size_t)written : 0;
	if (written >= 0 || errno == EINTR)
		return HF_OK;
	return host->fail(ctx, errno == ENOSPC ? HF_E_NO_SPACE : HF_E_FAILED,
	    "cannot write %s: %s", file->name, strerror(errno));
}

/* Into a file beside it first: nobody ever sees half of the data. */
static int32_t restore_file(hf_ctx *ctx, const char *into, hf_reader *in, int64_t *total)
{
	struct child file = {.name = into};
	char *part;
	int32_t status;

	if (asprintf(&part, "%s.part-XXXXXX", into) < 0)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	file.fd = mkostemp(part, O_CLOEXEC);
	if (file.fd < 0) {
		status = host->fail(ctx, HF_E_FAILED, "cannot make %s: %s", part, strerror(errno));
		free(part);
		return status;
	}
	status = pump_in(ctx, &file, in, total, put_file);
	if (status == HF_OK && fsync(file.fd) < 0)
		status = host->fail(ctx, HF_E_FAILED, "cannot sync %s: %s", part, strerror(errno));
	if (close(file.fd) < 0 && status == HF_OK)
		status = host->fail(ctx, HF_E_FAILED, "cannot close %s: %s", part, strerror(errno));
	if (status == HF_OK && rename(part, into) < 0)
		status = host->fail(ctx, HF_E_FAILED, "cannot rename %s to %s: %s", part, into,
		    strerror(errno));
	if (status != HF_OK)
		unlink(part);
	free(part);
	return status;
}

static int32_t restore_child(hf_ctx *ctx, const struct source *source, hf_reader *in,
    int64_t *total)
{
	struct child child;
	int32_t status = child_start(ctx, source->options, "restore_command", STDIN_FILENO, &child);

	if (status != HF_OK)
		return status;
	status = pump_in(ctx, &child, in, total, put_child);
	return child_end(ctx, &child, status);
}

static int32_t source_restore(hf_ctx *ctx, void *session, const hf_entry *entry, hf_reader *in)
{
	const struct restoring *restoring = session;
	int64_t total = 0;
	int32_t status;

	(void)entry;
	if (restoring->into)
		status = restore_file(ctx, restoring->into, in, &total);
	else
		status = restore_child(ctx, restoring->source, in, &total);
	return status == HF_OK ? host->fact_int(ctx, "bytes", total) : status;
}

static int32_t source_restore_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	(void)ctx;
	(void)outcome;
	free(session);
	return HF_OK;
}

/* --- the description --- */

static const hf_source_ops ops = {
	.size = sizeof(ops),
	.begin = source_begin,
	.dump = source_dump,
	.end = source_end,
	.restore_begin = source_restore_begin,
	.restore = source_restore,
	.restore_end = source_restore_end,
};

const hf_driver command_driver = {
	.size = sizeof(command_driver),
	.kind = HF_KIND_SOURCE,
	.name = "command",
	.summary = "the output of a command",
	.options = options,
	.threads = HF_THREADS_INSTANCE,
	.capabilities = HF_CAP_REDUMP, /* the command can be run again */
	.open = source_open,
	.close = source_close,
	.source = &ops,
};
