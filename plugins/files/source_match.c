/* SPDX-License-Identifier: MIT
 *
 * Patterns for `exclude` and --only. A pattern is cut at its slashes; each
 * component is the shell's kind (fnmatch), and a component ** stands for any
 * number of folders. Only the last ** is ever gone back to, so that no pattern
 * takes more than components times components.
 */
#include "config.h"

#include "source.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* No file system has longer names. */
#define COMPONENT_MAX 1024

bool pattern_magic(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (strchr("*?[", *text) != NULL)
			return true;
	}
	return false;
}

void pattern_free(struct pattern *p)
{
	free(p->parts);
	free(p->part);
	*p = (struct pattern){ 0 };
}

/* Cuts p->parts at its slashes. */
static void cut(struct pattern *p)
{
	char *s = p->parts;

	for (;;) {
		s += strspn(s, "/");
		if (*s == '\0')
			return;
		if (strcmp(s, ".") != 0 && strncmp(s, "./", 2) != 0)
			p->part[p->count++] = s;
		s += strcspn(s, "/");
		if (*s != '\0')
			*s++ = '\0';
	}
}

bool pattern_compile(struct pattern *p, const char *text, bool only)
{
	static char any_folders[] = "**", any_name[] = "*";
	const size_t length = strlen(text);
	const char *slash = strchr(text, '/');
	const bool inner = slash != NULL && slash[1] != '\0';

	*p = (struct pattern){ .text = text };
	/* room for the components and the two that may be added */
	p->parts = malloc(length + 1);
	p->part = calloc(length / 2 + 4, sizeof(*p->part));
	if (p->parts == NULL || p->part == NULL) {
		pattern_free(p);
		return false;
	}
	memcpy(p->parts, text, length + 1);
	p->folders = !only && length > 1 && text[length - 1] == '/';
	if (only) {
		if (slash == NULL && pattern_magic(text))
			p->part[p->count++] = any_folders;
	} else if (!inner && text[0] != '/') {
		p->anywhere = true;
	} else if (text[0] != '/') {
		p->part[p->count++] = any_folders;
	}
	cut(p);
	/* a/ ** is what lies in a, not a itself */
	if (p->count > 0 && strcmp(p->part[p->count - 1], "**") == 0)
		p->part[p->count++] = any_name;
	return true;
}

static bool part_matches(const char *part, const char *s, size_t length)
{
	char copy[COMPONENT_MAX];

	if (strpbrk(part, "*?[\\") == NULL)
		return strlen(part) == length && memcmp(part, s, length) == 0;
	if (length >= sizeof(copy))
		return false;
	memcpy(copy, s, length);
	copy[length] = '\0';
	return fnmatch(part, copy, 0) == 0;
}

static bool run(const struct pattern *p, const char *path, bool above)
{
	size_t i = 0, back = SIZE_MAX;
	const char *s = path, *back_s = NULL;

	while (*s != '\0') {
		const size_t length = strcspn(s, "/");

		if (i < p->count && strcmp(p->part[i], "**") == 0) {
			back = i++;
			back_s = s;
			continue;
		}
		if (i == p->count && above)
			return true;
		if (i < p->count && part_matches(p->part[i], s, length)) {
			i++;
			s += length;
			s += strspn(s, "/");
			continue;
		}
		if (back == SIZE_MAX)
			return false;
		back_s += strcspn(back_s, "/");
		back_s += strspn(back_s, "/");
		s = back_s;
		i = back + 1;
	}
	return i == p->count;
}

bool pattern_matches(const struct pattern *p, const char *path, bool folder)
{
	if (p->folders && !folder)
		return false;
	if (p->anywhere) {
		const char *slash = strrchr(path, '/');
		const char *name = slash != NULL ? slash + 1 : path;

		return p->count > 0 &&
		       part_matches(p->part[0], name, strlen(name));
	}
	return run(p, path, false);
}

bool path_covers(const char *a, const char *b)
{
	const size_t length = strlen(a);

	return length == 0 || (strncmp(a, b, length) == 0 &&
	                       (b[length] == '\0' || b[length] == '/'));
}

bool pattern_covers(const struct pattern *p, const char *path)
{
	size_t length = strlen(p->text);
	const char *text = p->text + strspn(p->text, "/");

	length -= (size_t)(text - p->text);
	while (length > 0 && text[length - 1] == '/')
		length--;
	/* a name that holds wildcards itself */
	if (strncmp(text, path, length) == 0 &&
	    (path[length] == '\0' || path[length] == '/' || length == 0))
		return true;
	return run(p, path, true);
}
