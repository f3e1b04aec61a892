/* SPDX-License-Identifier: MIT
 * What a command prints on standard output. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "engine/report/out.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"
#include "engine/util/mem.h"

#define JSON_FLAGS (JSON_C_TO_STRING_NOSLASHESCAPE)

static bool json_mode;
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;
static int write_error;

void out_set_json(bool json)
{
	json_mode = json;
}

bool out_json(void)
{
	return json_mode;
}

static void put(const char *text)
{
	pthread_mutex_lock(&out_lock);
	if (fputs(text, stdout) == EOF && !write_error)
		write_error = errno;
	pthread_mutex_unlock(&out_lock);
}

static void flush(void)
{
	pthread_mutex_lock(&out_lock);
	if (fflush(stdout) == EOF && !write_error)
		write_error = errno ? errno : EIO;
	pthread_mutex_unlock(&out_lock);
}

struct text {
	char *text;
};

static void put_locked(void *arg)
{
	put(((struct text *)arg)->text);
	flush();
}

static void put_text(const char *fmt, va_list ap) HF_PRINTF(1, 0);

static void put_text(const char *fmt, va_list ap)
{
	struct text t = {xvasprintf(fmt, ap)};

	log_locked(put_locked, &t); /* a progress line gives way */
	free(t.text);
}

void out_text(const char *fmt, ...)
{
	va_list ap;

	if (json_mode)
		return;
	va_start(ap, fmt);
	put_text(fmt, ap);
	va_end(ap);
}

void out_note(const char *fmt, ...)
{
	va_list ap;

	if (json_mode || log_level() == LOG_LEVEL_QUIET)
		return;
	va_start(ap, fmt);
	put_text(fmt, ap);
	va_end(ap);
}

void out_event(const char *name, json_object *fields)
{
	if (!json_mode) {
		json_object_put(fields);
		return;
	}
	json_object *event = json_object_new_object();
	json_object_object_add(event, "event", json_object_new_string(name));
	out_add_time(event, "time", clock_now());
	if (fields) {
		json_object_object_foreach(fields, key, value)
			json_object_object_add(event, key, json_object_get(value));
		json_object_put(fields);
	}
	char *line = xasprintf("%s\n", json_object_to_json_string_ext(event, JSON_FLAGS));
	put(line);
	flush();
	free(line);
	json_object_put(event);
}

void out_object(json_object *object)
{
	if (json_mode) {
		put(json_object_to_json_string_ext(object, JSON_FLAGS | JSON_C_TO_STRING_PRETTY));
		put("\n");
	}
	json_object_put(object);
}

json_object *out_error(const struct error *err)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "class", json_object_new_string(status_name(err->status)));
	out_add_string(o, "message", err->message ? err->message : "");
	if (err->hint)
		out_add_string(o, "hint", err->hint);
	return o;
}

json_object *out_string(const char *text)
{
	autofree char *clean = printable(text);

	return json_object_new_string(clean);
}

void out_add(json_object *o, const char *name, json_object *value)
{
	json_object_object_add(o, name, value);
}

void out_add_string(json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, out_string(text));
}

void out_add_uint(json_object *o, const char *name, uint64_t n)
{
	json_object_object_add(o, name, json_object_new_uint64(n));
}

void out_add_seconds(json_object *o, const char *name, int64_t ns)
{
	char text[32];

	snprintf(text, sizeof text, "%.3f", (double)ns / 1e9);
	json_object_object_add(o, name, json_object_new_double_s((double)ns / 1e9, text));
}

void out_add_time(json_object *o, const char *name, int64_t ns)
{
	char text[40];

	clock_rfc3339(ns, text, sizeof text);
	json_object_object_add(o, name, json_object_new_string(text));
}

int32_t out_flush(struct error *err)
{
	if (fflush(stdout) == EOF && !write_error)
		write_error = errno ? errno : EIO;
	if (!write_error)
		return HF_OK;
	return error_set(err, HF_E_FAILED, "standard output: %s", strerror(write_error));
}

/* --- tables --- */

struct table {
	const char *const *columns;
	size_t n;
	char **cells;
	size_t rows;
};

struct table *table_new(const char *const *columns, size_t n)
{
	struct table *t = xcalloc(1, sizeof *t);

	t->columns = columns;
	t->n = n;
	return t;
}

void table_row(struct table *t, const char *const *cells)
{
	t->cells = xreallocn(t->cells, (t->rows + 1) * t->n, sizeof(char *));
	for (size_t i = 0; i < t->n; i++)
		t->cells[t->rows * t->n + i] = printable(cells[i] ? cells[i] : "");
	t->rows++;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no place. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void add_cell(struct buf *line, const char *text, size_t to, bool right, bool last)
{
	size_t pad = to - width(text);

	if (right)
		while (pad-- > 0)
			buf_addc(line, ' ');
	buf_adds(line, text);
	if (!right && !last)
		while (pad-- > 0)
			buf_addc(line, ' ');
	buf_adds(line, last ? "\n" : "  ");
}

void table_print(struct table *t)
{
	size_t *widths = xcalloc(t->n, sizeof *widths);
	struct buf line = {0};

	for (size_t c = 0; c < t->n; c++) {
		widths[c] = width(t->columns[c] + (t->columns[c][0] == '>'));
		for (size_t r = 0; r < t->rows; r++)
			if (width(t->cells[r * t->n + c]) > widths[c])
				widths[c] = width(t->cells[r * t->n + c]);
	}
	for (size_t c = 0; c < t->n; c++) {
		bool right = t->columns[c][0] == '>';
		add_cell(&line, t->columns[c] + right, widths[c], right, c + 1 == t->n);
	}
	for (size_t r = 0; r < t->rows; r++)
		for (size_t c = 0; c < t->n; c++)
			add_cell(&line, t->cells[r * t->n + c], widths[c], t->columns[c][0] == '>',
				c + 1 == t->n);
	out_text("%s", line.data);
	buf_free(&line);
	free(widths);
}

void table_free(struct table *t)
{
	for (size_t i = 0; i < t->rows * t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}
