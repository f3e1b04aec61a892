/* SPDX-License-Identifier: MIT
 *
 * Configured paths: made clean, expanded where they are patterns, and the
 * names that their entries get.
 */
#include "config.h"

#include "source.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t no_memory(hf_ctx *ctx)
{
	return files_host->fail(ctx, HF_E_TRANSIENT,
	                        "out of memory for the list of paths");
}

/* Without //, /./ and a slash at the end; in place. */
static void clean(char *path)
{
	char *to = path;
	const char *s = path;

	while (*s != '\0') {
		size_t length;

		s += strspn(s, "/");
		length = strcspn(s, "/");
		if (length > 0 && !(length == 1 && *s == '.')) {
			*to++ = '/';
			memmove(to, s, length);
			to += length;
		}
		s += length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* The end of the last ".." component, or NULL. */
static char *last_dotdot(const char *path)
{
	char *found = NULL;

	for (char *s = (char *)path; (s = strstr(s, "/..")) != NULL; s += 3)
		if (s[3] == '\0' || s[3] == '/')
			found = s + 3;
	return found;
}

/* Replaces what comes before the last ".." by where it really leads. */
static int32_t resolve_dotdot(hf_ctx *ctx, char **path)
{
	char *end = last_dotdot(*path), *real, *joined;
	const char *rest;
	size_t room;
	char kept;

	if (end == NULL)
		return HF_OK;
	kept = *end;
	*end = '\0';
	real = realpath(*path, NULL);
	*end = kept;
	if (real == NULL)
		return files_host->fail(ctx, files_status(errno),
		                        "cannot resolve .. in path %s: %s",
		                        files_quote(*path).s,
		                        files_error(errno).s);
	rest = end;
	room = strlen(real) + strlen(rest) + 1;
	joined = malloc(room);
	if (joined != NULL)
		snprintf(joined, room, "%s%s", real, rest);
	free(real);
	if (joined == NULL)
		return no_memory(ctx);
	free(*path);
	*path = joined;
	clean(*path);
	return HF_OK;
}

int32_t source_path_read(hf_ctx *ctx, const char *text,
                         struct source_path *out)
{
	const size_t length = strlen(text);
	int32_t status;

	*out = (struct source_path){ 0 };
	if (text[0] != '/')
		return files_host->fail(ctx, HF_E_CONFIG,
		                        "path '%s' is not absolute",
		                        files_quote(text).s);
	out->slash = length > 1 && text[length - 1] == '/';
	out->magic = pattern_magic(text);
	if (out->magic && strstr(text, "**") != NULL) {
		files_host->fail(ctx, HF_E_CONFIG,
		                 "path '%s' has **, which only exclude knows",
		                 files_quote(text).s);
		files_host->hint(ctx, "name the folder: everything below it "
		                 "is stored");
		return HF_E_CONFIG;
	}
	out->path = strdup(text);
	if (out->path == NULL)
		return no_memory(ctx);
	clean(out->path);
	status = resolve_dotdot(ctx, &out->path);
	/* members carry the clean path, so a subject with .. would not be
	 * above them */
	out->subject = strdup(last_dotdot(text) == NULL ? text : out->path);
	if (status == HF_OK && out->subject == NULL)
		status = no_memory(ctx);
	if (status != HF_OK)
		source_path_free(out);
	return status;
}

void source_path_free(struct source_path *path)
{
	free(path->subject);
	free(path->path);
	*path = (struct source_path){ 0 };
}

void roots_free(struct roots *roots)
{
	for (size_t i = 0; i < roots->count; i++)
		free(roots->path[i]);
	free(roots->path);
	*roots = (struct roots){ 0 };
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* glob() tells only errno's value and the folder, so this is all there is. */
static int glob_error(const char *folder, int err)
{
	(void)folder;
	return err != ENOENT && err != ENOTDIR && err != ELOOP;
}

static int32_t take(hf_ctx *ctx, struct roots *out, const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return no_memory(ctx);
	clean(copy);
	out->path[out->count++] = copy;
	return HF_OK;
}

static int32_t expand(hf_ctx *ctx, const struct source *src,
                      const struct source_path *path, struct roots *out)
{
	glob_t found = { 0 };
	int32_t status = HF_OK;
	const int flags = GLOB_NOSORT | (path->slash ? GLOB_MARK : 0);
	int err;

	errno = 0;
	err = glob(path->path, flags, glob_error, &found);
	if (err == GLOB_NOMATCH)
		goto out;
	if (err == GLOB_NOSPACE) {
		status = no_memory(ctx);
		goto out;
	}
	if (err != 0) {
		status = files_host->fail(ctx,
		                          files_status(errno ? errno : EACCES),
		                          "cannot read a folder that path %s "
		                          "needs: %s",
		                          files_quote(path->path).s,
		                          files_error(errno ? errno : EACCES).s);
		goto out;
	}
	out->path = calloc(found.gl_pathc, sizeof(*out->path));
	if (out->path == NULL) {
		status = no_memory(ctx);
		goto out;
	}
	for (size_t i = 0; i < found.gl_pathc && status == HF_OK; i++) {
		const char *name = found.gl_pathv[i];
		const size_t length = strlen(name);
		struct stat st;

		/* written with / at its end, a pattern takes folders only */
		if (path->slash && name[length - 1] != '/')
			continue;
		status = take(ctx, out, name);
		if (status == HF_OK &&
		    source_excluded(src, out->path[out->count - 1] + 1,
		                    lstat(name, &st) == 0 &&
		                            S_ISDIR(st.st_mode)))
			free(out->path[--out->count]);
	}
	qsort(out->path, out->count, sizeof(*out->path), compare);
out:
	globfree(&found);
	return status;
}

/* What a path stands for: nothing is HF_OK with no roots. */
int32_t roots_find(hf_ctx *ctx, const struct source *src,
                   const struct source_path *path, struct roots *out)
{
	struct stat st;
	int32_t status = HF_OK;

	*out = (struct roots){ 0 };
	/* a name that holds wildcards itself is meant as it is written */
	if ((path->slash ? stat : lstat)(path->path, &st) == 0) {
		if (path->slash && !S_ISDIR(st.st_mode))
			return files_host->fail(ctx, HF_E_CONFIG,
			                        "path %s/ is not a folder",
			                        files_quote(path->path).s);
		out->path = calloc(1, sizeof(*out->path));
		if (out->path == NULL)
			return no_memory(ctx);
		status = take(ctx, out, path->path);
	} else if (path->magic) {
		status = expand(ctx, src, path, out);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		status = files_host->fail(ctx, files_status(errno),
		                          "cannot reach path %s: %s",
		                          files_quote(path->path).s,
		                          files_error(errno).s);
	}
	if (status != HF_OK)
		roots_free(out);
	return status;
}

/* "/srv/app" is srv/app.tar and "/srv/[a-c]*" is srv/_.tar: a run of wildcards
 * becomes one _. A second attempt adds -2, and so on. */
char *entry_name(const char *path, unsigned attempt)
{
	const size_t room = strlen(path) + sizeof("root-4294967295.tar");
	char *name = malloc(room), *to = name;

	if (name == NULL)
		return NULL;
	path += strspn(path, "/");
	if (*path == '\0') {
		memcpy(to, "root", 4);
		to += 4;
	}
	while (*path != '\0') {
		const char *close = *path == '[' ? strchr(path + 1, ']') : NULL;

		if (close != NULL && memchr(path, '/', (size_t)(close - path)))
			close = NULL;
		if (*path != '*' && *path != '?' && close == NULL) {
			*to++ = *path++;
			continue;
		}
		if (to == name || to[-1] != '_')
			*to++ = '_';
		path = close != NULL ? close + 1 : path + 1;
	}
	if (attempt > 1)
		snprintf(to, room - (size_t)(to - name), "-%u.tar", attempt);
	else
		snprintf(to, room - (size_t)(to - name), ".tar");
	return name;
}
