/* SPDX-License-Identifier: MIT
 *
 * The source driver for files: its options, the instance, and what a backup
 * lists as entries, one for each configured path or pattern.
 */
#include "config.h"

#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const hf_option options[] = {
	{ .name = "path",
	  .type = HF_OPT_PATH,
	  .flags = HF_OPT_REQUIRED | HF_OPT_LIST,
	  .help = "a file or folder, or a pattern of them; one entry each" },
	{ .name = "exclude",
	  .type = HF_OPT_STRING,
	  .flags = HF_OPT_LIST,
	  .help = "a pattern of what to leave out; without a slash it is a name "
	          "at any depth, ** stands for any folders" },
	{ .name = "exclude_caches",
	  .type = HF_OPT_BOOL,
	  .default_value = "no",
	  .help = "leave out what is in folders marked with a CACHEDIR.TAG" },
	{ .name = "one_file_system",
	  .type = HF_OPT_BOOL,
	  .default_value = "no",
	  .help = "do not enter other file systems below a path" },
	{ .name = "missing",
	  .type = HF_OPT_CHOICE,
	  .default_value = "fail",
	  .choices = "fail|warn",
	  .help = "a path that does not exist, a pattern that matches nothing" },
	{ .name = "unreadable",
	  .type = HF_OPT_CHOICE,
	  .default_value = "fail",
	  .choices = "fail|warn",
	  .help = "a file or folder that cannot be read" },
	{ .name = "xattrs",
	  .type = HF_OPT_BOOL,
	  .default_value = "yes",
	  .help = "store ACLs, file capabilities and extended attributes" },
	{ .name = NULL },
};

bool source_excluded(const struct source *src, const char *path, bool folder)
{
	for (size_t i = 0; i < src->exclude_count; i++)
		if (pattern_matches(&src->excludes[i], path, folder))
			return true;
	return false;
}

/* --- the instance -------------------------------------------------------- */

static void source_free(struct source *src)
{
	for (size_t i = 0; i < src->path_count; i++)
		source_path_free(&src->paths[i]);
	for (size_t i = 0; i < src->exclude_count; i++)
		pattern_free(&src->excludes[i]);
	free(src->paths);
	free(src->excludes);
	if (src->utf8 != (locale_t)0)
		freelocale(src->utf8);
	if (src->plain != (locale_t)0)
		freelocale(src->plain);
	free(src);
}

static int32_t no_memory(hf_ctx *ctx)
{
	return files_host->fail(ctx, HF_E_TRANSIENT,
	                        "out of memory for the files source");
}

static int32_t open_paths(hf_ctx *ctx, const hf_options *opts,
                          struct source *src)
{
	const uint64_t count = files_host->opt_count(opts, "path");

	src->paths = calloc(count + 1, sizeof(*src->paths));
	if (src->paths == NULL)
		return no_memory(ctx);
	/* none where the source is opened only to restore */
	for (uint64_t i = 0; i < count; i++) {
		const char *text = files_host->opt_text(opts, "path", i);
		struct source_path *path = &src->paths[i];
		const int32_t status =
		        source_path_read(ctx, text != NULL ? text : "", path);

		if (status != HF_OK)
			return status;
		src->path_count++;
		for (uint64_t k = 0; k < i; k++)
			if (strcmp(src->paths[k].path, path->path) == 0)
				return files_host->fail(
				        ctx, HF_E_CONFIG, "path %s is given twice",
				        files_quote(text).s);
	}
	return HF_OK;
}

static int32_t open_excludes(hf_ctx *ctx, const hf_options *opts,
                             struct source *src)
{
	const uint64_t count = files_host->opt_count(opts, "exclude");

	src->excludes = calloc(count + 1, sizeof(*src->excludes));
	if (src->excludes == NULL)
		return no_memory(ctx);
	for (uint64_t i = 0; i < count; i++) {
		const char *text = files_host->opt_text(opts, "exclude", i);

		if (text == NULL || text[strspn(text, "/")] == '\0')
			return files_host->fail(ctx, HF_E_CONFIG,
			                        "exclude '%s' leaves out nothing "
			                        "or everything",
			                        text != NULL ? text : "");
		if (!pattern_compile(&src->excludes[i], text, false))
			return no_memory(ctx);
		src->exclude_count++;
	}
	return HF_OK;
}

static int32_t source_open(hf_ctx *ctx, const hf_options *opts, void **self)
{
	struct source *src = calloc(1, sizeof(*src));
	int32_t status;

	if (src == NULL)
		return no_memory(ctx);
	src->exclude_caches = files_host->opt_int(opts, "exclude_caches", 0);
	src->one_file_system = files_host->opt_int(opts, "one_file_system", 0);
	src->missing_warn = files_host->opt_int(opts, "missing", 0) == 1;
	src->unreadable_warn = files_host->opt_int(opts, "unreadable", 0) == 1;
	src->xattrs = files_host->opt_int(opts, "xattrs", 0);
	src->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	src->plain = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
	status = src->plain != (locale_t)0 ? open_paths(ctx, opts, src) :
	                                     no_memory(ctx);
	if (status == HF_OK)
		status = open_excludes(ctx, opts, src);
	if (status != HF_OK) {
		source_free(src);
		return status;
	}
	*self = src;
	return HF_OK;
}

static void source_close(hf_ctx *ctx, void *self)
{
	(void)ctx;
	source_free(self);
}

/* --- finding what is configured ------------------------------------------ */

/* A missing path, as the option `missing` says. */
static int32_t missing(hf_ctx *ctx, const struct source *src,
                       const struct source_path *path)
{
	const char *what = path->magic ? "nothing matches path" :
	                                 "there is no path";

	if (src->missing_warn) {
		files_host->warn(ctx, "%s %s", what,
		                 files_quote(path->subject).s);
		return HF_OK;
	}
	files_host->fail(ctx, HF_E_NOT_FOUND, "%s %s", what,
	                 files_quote(path->subject).s);
	files_host->hint(ctx, "correct it, or set missing = warn if it may be "
	                 "missing");
	return HF_E_NOT_FOUND;
}

static int32_t find(hf_ctx *ctx, const struct source *src,
                    const struct source_path *path, struct roots *roots)
{
	const int32_t status = roots_find(ctx, src, path, roots);

	if (status != HF_OK || roots->count > 0)
		return status;
	return missing(ctx, src, path);
}

static int32_t nothing(hf_ctx *ctx)
{
	return files_host->fail(ctx, HF_E_NOT_FOUND,
	                        "none of the configured paths exists: there is "
	                        "nothing to back up");
}

/* --- backup -------------------------------------------------------------- */

struct backup {
	const struct source *src;
	size_t count; /* as many as the source has paths */
	struct entry {
		const struct source_path *path;
		struct roots roots;
		char *name;
	} entry[];
};

static void backup_free(struct backup *b)
{
	for (size_t i = 0; i < b->count; i++) {
		roots_free(&b->entry[i].roots);
		free(b->entry[i].name);
	}
	free(b);
}

/* Two names clash if they are equal, or if one is a folder above the other:
 * some sinks cannot keep an object and a folder of one name. */
static bool name_taken(const struct backup *b, size_t below, const char *name)
{
	for (size_t i = 0; i < below; i++) {
		const char *other = b->entry[i].name;

		if (other != NULL &&
		    (path_covers(name, other) || path_covers(other, name)))
			return true;
	}
	return false;
}

/* A name below another, as of the paths /a and /a.tar/b, leaves its folder: no
 * number at its end would help. */
static void name_beside(const struct backup *b, size_t below, char *name)
{
	for (size_t i = 0; i < below; i++) {
		const char *other = b->entry[i].name;

		if (other != NULL && path_covers(other, name) &&
		    name[strlen(other)] == '/') {
			name[strlen(other)] = '_';
			i = SIZE_MAX; /* it may be below one looked at before */
		}
	}
}

static int32_t name_entry(hf_ctx *ctx, struct backup *b, size_t at)
{
	struct entry *e = &b->entry[at];

	for (unsigned attempt = 1;; attempt++) {
		e->name = entry_name(e->path->path, attempt);
		if (e->name == NULL)
			return no_memory(ctx);
		name_beside(b, at, e->name);
		if (!name_taken(b, at, e->name))
			return HF_OK;
		free(e->name);
		e->name = NULL;
	}
}

/* Only what costs one look: a folder is not walked twice. */
static uint64_t size_hint(const struct roots *roots)
{
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < roots->count; i++) {
		if (lstat(roots->path[i], &st) != 0 || !S_ISREG(st.st_mode))
			return 0;
		sum += (uint64_t)st.st_size + 2048;
	}
	return sum;
}

static int32_t add_entry(hf_ctx *ctx, struct backup *b, size_t at)
{
	struct entry *e = &b->entry[at];
	int32_t status = name_entry(ctx, b, at);

	if (status != HF_OK)
		return status;
	return files_host->entry_add(
	        ctx, &(hf_entry){ .size = sizeof(hf_entry),
	                          .path = e->name,
	                          .type = "tar/1",
	                          .subject = e->path->subject,
	                          .size_hint = size_hint(&e->roots),
	                          .id = at });
}

static int32_t source_begin(hf_ctx *ctx, void *self, const hf_begin *in,
                            void **session)
{
	const struct source *src = self;
	struct backup *b = calloc(1, sizeof(*b) + src->path_count *
	                                                  sizeof(b->entry[0]));
	int32_t status = HF_OK;
	size_t found = 0;

	(void)in;
	if (b == NULL)
		return no_memory(ctx);
	b->src = src;
	for (size_t i = 0; i < src->path_count && status == HF_OK; i++) {
		b->entry[i].path = &src->paths[i];
		b->count++;
		status = find(ctx, src, &src->paths[i], &b->entry[i].roots);
		if (status == HF_OK && b->entry[i].roots.count > 0) {
			found++;
			status = add_entry(ctx, b, i);
		}
	}
	if (status == HF_OK && found == 0)
		status = nothing(ctx);
	if (status != HF_OK) {
		backup_free(b);
		return status;
	}
	*session = b;
	return HF_OK;
}

static int32_t source_dump(hf_ctx *ctx, void *session, const hf_entry *entry,
                           hf_writer *out)
{
	const struct backup *b = session;
	const struct entry *e;

	if (entry->id >= b->count)
		return files_host->fail(ctx, HF_E_FAILED, "entry %s is unknown",
		                        files_quote(entry->path).s);
	e = &b->entry[entry->id];
	return dump_roots(ctx, b->src, &e->roots, e->path->slash, out);
}

static int32_t source_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	(void)ctx;
	(void)outcome;
	backup_free(session);
	return HF_OK;
}

/* --- probe --------------------------------------------------------------- */

/* Opens each root for reading; the deep probe everything below them too. */
static int32_t probe_root(hf_ctx *ctx, const struct source *src,
                          const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return HF_OK;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0) {
		close(fd);
		return HF_OK;
	}
	if (src->unreadable_warn) {
		files_host->warn(ctx, "cannot read %s: %s", files_quote(path).s,
		                 files_error(errno).s);
		return HF_OK;
	}
	return files_host->fail(ctx, files_status(errno), "cannot read %s: %s",
	                        files_quote(path).s, files_error(errno).s);
}

static int32_t source_probe(hf_ctx *ctx, void *self, uint32_t flags)
{
	const struct source *src = self;
	int32_t status = HF_OK;
	size_t found = 0;

	for (size_t i = 0; i < src->path_count && status == HF_OK; i++) {
		struct roots roots;

		status = find(ctx, src, &src->paths[i], &roots);
		found += roots.count;
		for (size_t k = 0; k < roots.count && status == HF_OK; k++)
			status = probe_root(ctx, src, roots.path[k]);
		if (status == HF_OK && (flags & HF_PROBE_DEEP))
			status = dump_survey(ctx, src, &roots,
			                     src->paths[i].slash);
		roots_free(&roots);
	}
	return status == HF_OK && found == 0 ? nothing(ctx) : status;
}

static const hf_source_ops ops = {
	.size = sizeof(ops),
	.begin = source_begin,
	.dump = source_dump,
	.end = source_end,
	.restore_begin = source_restore_begin,
	.wants = source_wants,
	.restore_prepare = source_restore_prepare,
	.restore = source_restore,
	.restore_end = source_restore_end,
	.restore_options = source_restore_options,
};

const hf_driver files_source_driver = {
	.size = sizeof(files_source_driver),
	.kind = HF_KIND_SOURCE,
	.name = "files",
	.summary = "files and folders, as pax tar",
	.options = options,
	.threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_REDUMP,
	.open = source_open,
	.probe = source_probe,
	.close = source_close,
	.source = &ops,
};
