/* SPDX-License-Identifier: MIT
 * Messages on standard error, each written whole and in one write. */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>

#include "engine/util/log.h"
#include "engine/util/mem.h"

static enum log_level current = LOG_LEVEL_NORMAL;
static void (*line_hook)(void);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void log_set_level(enum log_level level)
{
	current = level;
}

void log_set_line_hook(void (*before)(void))
{
	line_hook = before;
}

enum log_level log_level(void)
{
	return current;
}

/* Further lines are indented, so that text from outside cannot pass for a message of ours. */
static void add_lines(struct buf *out, const char *prefix, const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *line;

	buf_adds(out, prefix);
	while ((line = strsep(&rest, "\n"))) {
		autofree char *clean = printable(line);

		if (line != copy)
			buf_adds(out, "    ");
		buf_adds(out, clean);
		buf_addc(out, '\n');
		if (rest && !*rest)
			break;
	}
	free(copy);
}

/* A closed standard error is no reason to fail: there is nobody to tell. */
static void put(struct buf *out)
{
	size_t done = 0;

	pthread_mutex_lock(&lock);
	if (line_hook)
		line_hook();
	while (done < out->len) {
		ssize_t n = write(STDERR_FILENO, out->data + done, out->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	pthread_mutex_unlock(&lock);
	buf_free(out);
}

static void HF_PRINTF(2, 0) say(const char *prefix, const char *fmt, va_list ap)
{
	autofree char *text = xvasprintf(fmt, ap);
	struct buf out = { 0 };

	add_lines(&out, prefix, text);
	put(&out);
}

void log_error(const struct error *err)
{
	struct buf out = { 0 };

	if (!err || err->status == HF_OK)
		return;
	add_lines(&out, "holdfast: ", err->message ? err->message : status_name(err->status));
	if (err->hint)
		add_lines(&out, "  hint: ", err->hint);
	put(&out);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("holdfast: warning: ", fmt, ap);
	va_end(ap);
}

void log_notice(const char *fmt, ...)
{
	va_list ap;

	if (current < LOG_LEVEL_NORMAL)
		return;
	va_start(ap, fmt);
	say("holdfast: ", fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	if (current < LOG_LEVEL_VERBOSE)
		return;
	va_start(ap, fmt);
	say("holdfast: ", fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (current < LOG_LEVEL_DEBUG)
		return;
	va_start(ap, fmt);
	say("holdfast: debug: ", fmt, ap);
	va_end(ap);
}

void log_locked(void (*draw)(void *arg), void *arg)
{
	pthread_mutex_lock(&lock);
	draw(arg);
	pthread_mutex_unlock(&lock);
}
