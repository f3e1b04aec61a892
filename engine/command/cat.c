/* SPDX-License-Identifier: MIT
 * holdfast cat: one entry, decoded, on standard output. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/command/target.h"
#include "engine/pipeline/decode.h"
#include "engine/report/out.h"
#include "engine/util/cancel.h"
#include "engine/util/nearest.h"

static bool named(const struct entry *e, const char *name)
{
	size_t n = strlen(e->source);

	if (strcmp(e->path, name) == 0 || strcmp(e->subject, name) == 0)
		return true;
	return strncmp(e->source, name, n) == 0 && (name[n] == '/' || name[n] == ':') &&
		(strcmp(e->path, name + n + 1) == 0 || strcmp(e->subject, name + n + 1) == 0);
}

static int32_t find_entry(const struct manifest *m, const char *name, const struct entry **out,
	struct error *err)
{
	const char **names = xcalloc(m->nentries + 1, sizeof *names);
	size_t found = 0;

	for (size_t i = 0; i < m->nentries; i++) {
		names[i] = m->entries[i].path;
		if (!named(&m->entries[i], name))
			continue;
		*out = &m->entries[i];
		found++;
	}
	const char *near = found ? NULL : nearest(name, names, m->nentries);
	free(names);
	if (found == 1)
		return HF_OK;
	if (found > 1) {
		error_set(err, HF_E_CONFIG, "%zu entries are called \"%s\"", found, name);
		error_hint(err, "say which with SOURCE:ENTRY");
		return HF_E_CONFIG;
	}
	error_set(err, HF_E_NOT_FOUND, "point %s has no entry \"%s\"", m->id, name);
	if (near)
		error_hint(err, "did you mean \"%s\"?", near);
	else
		error_hint(err, "`holdfast show` lists the entries");
	return HF_E_NOT_FOUND;
}

/* Waits until standard output takes PIPE_BUF bytes without blocking, or the command is to stop. */
static int32_t wait_writable(struct error *err)
{
	struct pollfd fds[] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
		{.fd = cancel_fd(), .events = POLLIN}};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return cancelled() ? error_set(err, HF_E_CANCELLED, "interrupted") : HF_OK;
}

static int32_t write_out(const char *p, size_t n, struct error *err)
{
	struct stat st;
	bool file = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);

	while (n > 0) {
		int32_t status = wait_writable(err);
		if (status != HF_OK)
			return status;
		ssize_t done = write(STDOUT_FILENO, p, file || n < PIPE_BUF ? n : PIPE_BUF);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EPIPE)
			return HF_E_FAILED; /* the reader has seen enough, as `| head` does */
		if (done < 0)
			return error_set(err, errno == ENOSPC ? HF_E_NO_SPACE : HF_E_FAILED,
				"standard output: %s", strerror(errno));
		p += done;
		n -= (size_t)done;
	}
	return HF_OK;
}

static int32_t print_entry(struct target *t, const struct entry *e, struct error *err)
{
	struct codecs *codecs = codecs_new(t->job->name);
	struct decoder *d = NULL;
	int32_t status = decoder_open(t->outlet->sink, codecs, e, false, NULL, &d, err);
	const void *data;
	uint64_t n;

	while (status == HF_OK) {
		hf_reader *in = decoder_reader(d);

		status = in->peek(in, &data, &n);
		if (status != HF_OK)
			break;
		status = write_out(data, n, err);
		if (status == HF_OK)
			status = in->consume(in, n);
	}
	if (status == HF_END)
		status = HF_OK;
	else if (d && err->status == HF_OK && decoder_error(d, err) != HF_OK)
		status = err->status;
	decoder_close(d);
	codecs_free(codecs);
	return status;
}

static int run(struct args *args)
{
	struct target t = {0};
	struct error err = {0};
	struct point *p = NULL;
	const struct entry *e = NULL;
	int32_t status;

	out_set_json(false); /* standard output is the entry's alone */
	status = target_open(args, true, &t, &err);
	if (status == HF_OK)
		status = catalogue_pick(t.catalogue, args_word(args, 1), -1, &p, &err);
	if (status == HF_OK && !p->manifest)
		status = error_set(&err, HF_E_CORRUPT, "%s", p->error.message ? p->error.message
									      : "the point has no manifest");
	if (status == HF_OK)
		status = find_entry(p->manifest, args_word(args, 2), &e, &err);
	if (status == HF_OK)
		status = print_entry(&t, e, &err);
	int code = target_finish(&t, &err);
	return status != HF_OK && code == EXIT_DONE ? EXIT_FAILED : code;
}

static const struct option_spec options[] = {TARGET_OPTIONS, {NULL, false, NULL}};

const struct command command_cat = {
	.name = "cat",
	.synopsis = "JOB POINT ENTRY",
	.summary = "one entry, decoded, on standard output",
	.examples = "  holdfast cat scheduleright latest config:/srv/scheduleright/.env | tar -tv\n",
	.options = options,
	.min_words = 3,
	.max_words = 3,
	.run = run,
};
