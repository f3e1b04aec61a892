/* SPDX-License-Identifier: MIT
 * INI text as events. inih reads lines through next_line(), which sees each of them first: that is
 * where line numbers, section headers (inih is silent about empty ones) and limits come from. */
#include "config.h"

#include <ini.h>
#include <stdbool.h>
#include <string.h>

#include "engine/job/ini.h"
#include "engine/util/mem.h"
#include "engine/util/utf8.h"

struct reading {
	const char *file;
	const char *at, *end;
	const struct ini_events *events;
	void *arg;
	struct error *err;
	int32_t status;
	unsigned line;
	bool in_section;
	char *key;      /* the key above; an indented line goes on with it */
	bool continues; /* this line does; inih cuts such a key at 49 bytes */
};

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static int32_t located(struct reading *r, int32_t status)
{
	r->status = status;
	if (status != HF_OK && r->err)
		error_prefix(r->err, "%s:%u", r->file, r->line);
	return status;
}

/* Refuses what no job file holds on purpose. `n` bytes at s are one line. */
static int32_t check_line(struct reading *r, const char *s, size_t n, size_t room)
{
	const char *p = s, *end = s + n;
	uint32_t code;

	while (p < end) {
		size_t len = utf8_decode(p, (size_t)(end - p), &code);

		if (len == 0)
			return error_set(r->err, HF_E_CONFIG, "the line is not valid UTF-8");
		if (code == 0)
			return error_set(r->err, HF_E_CONFIG, "the line holds a NUL byte");
		if (code != '\t' && utf8_is_control(code))
			return error_set(r->err, HF_E_CONFIG,
					 "the line holds the control character U+%04X",
					 (unsigned)code);
		p += len;
	}
	if (n > room) {
		error_set(r->err, HF_E_CONFIG, "line is longer than %zu bytes", room);
		error_hint(r->err, "put the long value into an environment variable and write "
			   "${NAME}, or use a second line of the key where it is a list");
		return HF_E_CONFIG;
	}
	return HF_OK;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* Is the (indented) text a `key =` or a `[header]`? */
static bool looks_like_new(const char *s)
{
	size_t n = strlen(s), i = 0;

	if (n && s[0] == '[' && s[n - 1] == ']')
		return true;
	while (word_char(s[i]))
		i++;
	if (i == 0)
		return false;
	while (blank(s[i]))
		i++;
	return s[i] == '=';
}

static int32_t bad_header(struct reading *r)
{
	return error_set(r->err, HF_E_CONFIG,
			 "a section begins with [kind] or [kind name] on a line of its own");
}

/* A line that begins with `[`, cut into kind and name. */
static int32_t header(struct reading *r, const char *line)
{
	autofree char *copy = xstrdup(line + 1);
	char *close = strchr(copy, ']'), *kind, *name, *rest;

	if (!close)
		return bad_header(r);
	rest = close + 1;
	while (blank(*rest))
		rest++;
	/* behind the bracket inih looks at nothing; a comment is all that may stand there */
	if (*rest && *rest != ';' && *rest != '#')
		return bad_header(r);
	*close = '\0';
	kind = copy + strspn(copy, " \t");
	name = kind + strcspn(kind, " \t");
	if (*name)
		*name++ = '\0';
	name += strspn(name, " \t");
	rest = name + strcspn(name, " \t");
	if (*rest)
		*rest++ = '\0';
	if (!*kind || rest[strspn(rest, " \t")])
		return bad_header(r);
	r->in_section = true;
	free(r->key);
	r->key = NULL;
	return r->events->section(r->arg, kind, name, r->line, r->err);
}

static int32_t look(struct reading *r, const char *line)
{
	const char *start = line;

	if (r->line == 1 && strncmp(start, "\xef\xbb\xbf", 3) == 0)
		start = line += 3;
	while (blank(*start))
		start++;
	r->continues = start > line && r->key;
	if (r->continues) {
		if (!looks_like_new(start))
			return HF_OK;
		error_set(r->err, HF_E_CONFIG, "the indented line goes on with the key above it, "
			  "but looks like a new one");
		error_hint(r->err, "begin it at the start of the line");
		return HF_E_CONFIG;
	}
	return *start == '[' ? header(r, start) : HF_OK;
}

/* inih's fgets(): NULL ends the reading. Two bytes are kept for the newline and the NUL, because an
 * inih that was built with growing lines takes a full buffer for half a line. */
static char *next_line(char *str, int num, void *stream)
{
	struct reading *r = stream;
	const char *newline;
	size_t n;

	if (r->status != HF_OK || r->at == r->end || num < 3)
		return NULL;
	newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	n = (size_t)((newline ? newline : r->end) - r->at);
	r->line++;
	if (newline && n && r->at[n - 1] == '\r')
		n--;
	if (located(r, check_line(r, r->at, n, (size_t)num - 2)) != HF_OK)
		return NULL;
	memcpy(str, r->at, n);
	str[n] = '\0';
	r->at = newline ? newline + 1 : r->end;
	if (located(r, look(r, str)) != HF_OK)
		return NULL;
	str[n] = '\n';
	str[n + 1] = '\0';
	return str;
}

/* An older inih leaves the comment behind the text of an indented line: the length without it. */
static size_t without_comment(const char *s)
{
	size_t n = 0;

	while (s[n] && !(s[n] == ';' && n && blank(s[n - 1])))
		n++;
	while (s[n] && n && blank(s[n - 1]))
		n--;
	return n;
}

/* One more value of the key above. */
static int32_t go_on(struct reading *r, const char *text)
{
	autofree char *value = xstrndup(text, without_comment(text));

	return r->events->pair(r->arg, r->key, value, r->line, r->err);
}

static int on_pair(void *user, const char *section, const char *key, const char *value
#if defined(INI_HANDLER_LINENO) && INI_HANDLER_LINENO
	, int lineno
#endif
)
{
	struct reading *r = user;
	int32_t status;

	(void)section; /* look() has told it, uncut */
#if defined(INI_HANDLER_LINENO) && INI_HANDLER_LINENO
	(void)lineno;
#endif
	if (r->status != HF_OK)
		return 0;
	if (!key) /* an inih that tells of new sections */
		return 1;
	if (!r->in_section)
		status = error_set(r->err, HF_E_CONFIG,
				   "a key stands before the first [section]");
	else if (!*key)
		status = error_set(r->err, HF_E_CONFIG, "there is no key before the =");
	else if (strchr(key, '\t'))
		status = error_set(r->err, HF_E_CONFIG, "the key holds a tab");
	else if (!value)
		status = error_set(r->err, HF_E_CONFIG, "expected key = value");
	else if (r->continues)
		status = go_on(r, value);
	else
		status = r->events->pair(r->arg, key, value, r->line, r->err);
	if (!r->continues) {
		free(r->key);
		r->key = xstrdup(key);
	}
	return located(r, status) == HF_OK;
}

int32_t ini_text_read(const char *file, const char *data, size_t n, const struct ini_events *events,
	void *arg, struct error *err)
{
	struct reading r = {
		.file = file, .at = data, .end = data + n, .events = events, .arg = arg,
		.err = err,
	};
	int first = ini_parse_stream(next_line, &r, on_pair, &r);

	free(r.key);
	if (first < 0)
		return error_set(err, HF_E_FAILED, "%s: cannot be read: out of memory", file);
	/* inih's own complaint is about an earlier line than ours, or the only one */
	if (first > 0 && (r.status == HF_OK || (unsigned)first < r.line))
		return error_set(err, HF_E_CONFIG, "%s:%d: expected key = value or [section]", file,
				 first);
	return r.status;
}
