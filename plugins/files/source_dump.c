/* SPDX-License-Identifier: MIT
 *
 * Writes one entry: opens the tar, walks the roots into it, and reports what
 * was stored.
 */
#include "config.h"

#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int32_t no_memory(hf_ctx *ctx)
{
	return files_host->fail(ctx, HF_E_TRANSIENT,
	                        "out of memory for writing a tar");
}

static la_ssize_t to_host(struct archive *tar, void *arg, const void *data,
                          size_t size)
{
	struct dump *d = arg;

	(void)tar;
	/* Never an error to libarchive, which would not free all it holds then:
	 * who calls it looks at d->status. */
	if (d->status == HF_OK)
		d->status = files_host->write(d->out, data, size);
	return (la_ssize_t)size;
}

static void dump_free(struct dump *d)
{
	if (d->tar != NULL) {
		/* nothing more to the host: closing writes the end */
		if (d->status == HF_OK)
			d->status = HF_E_CANCELLED;
		archive_write_free(d->tar);
	}
	if (d->entry != NULL)
		archive_entry_free(d->entry);
	links_free(&d->links);
	free(d->first_unreadable);
	free(d->path.s);
	free(d->buffer);
	free(d);
}

static struct dump *dump_new(hf_ctx *ctx, const struct source *src)
{
	struct dump *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->ctx = ctx;
	d->src = src;
	d->entry = archive_entry_new();
	d->buffer = malloc(DUMP_BUFFER);
	if (d->entry != NULL && d->buffer != NULL)
		return d;
	dump_free(d);
	return NULL;
}

/* Unblocked: the host gathers what it is given anyway. */
static int32_t open_tar(struct dump *d)
{
	d->tar = archive_write_new();
	if (d->tar == NULL)
		return no_memory(d->ctx);
	if (archive_write_set_format_pax(d->tar) != ARCHIVE_OK ||
	    archive_write_set_format_option(d->tar, "pax", "xattrheader",
	                                    "SCHILY") != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(d->tar, 0) != ARCHIVE_OK ||
	    archive_write_open(d->tar, d, NULL, to_host, NULL) != ARCHIVE_OK)
		return files_host->fail(d->ctx, HF_E_FAILED,
		                        "cannot begin a tar: %s",
		                        archive_error_string(d->tar));
	return HF_OK;
}

static int32_t close_tar(struct dump *d)
{
	const int result = archive_write_close(d->tar);

	if (result == ARCHIVE_OK || d->status != HF_OK)
		return d->status;
	return files_host->fail(d->ctx, HF_E_FAILED, "cannot end the tar: %s",
	                        archive_error_string(d->tar));
}

static int32_t unreadable(struct dump *d)
{
	const int32_t status = files_status(d->first_errno);
	const char *first = d->first_unreadable != NULL ? d->first_unreadable :
	                                                  "?";

	if (d->count.unreadable == 1)
		files_host->fail(d->ctx, status, "cannot read /%s: %s",
		                 files_quote(first).s,
		                 files_error(d->first_errno).s);
	else
		files_host->fail(d->ctx, status,
		                 "%lld files or folders cannot be read, the "
		                 "first is /%s: %s",
		                 (long long)d->count.unreadable,
		                 files_quote(first).s,
		                 files_error(d->first_errno).s);
	files_host->hint(d->ctx, "run as a user who may read them, exclude them, "
	                 "or set unreadable = warn");
	return status;
}

static int32_t report(struct dump *d)
{
	const struct counts *c = &d->count;
	const struct {
		const char *name;
		int64_t value;
		bool always;
	} facts[] = {
		{ "files", c->files, true },
		{ "directories", c->directories, true },
		{ "symlinks", c->symlinks, true },
		{ "hardlinks", c->hardlinks, true },
		{ "others", c->others, true },
		{ "bytes", c->bytes, true },
		{ "~changed", c->changed, false },
		{ "~vanished", c->vanished, false },
		{ "~unreadable", c->unreadable, false },
		{ "~excluded", c->excluded, false },
		{ "~sockets", c->sockets, false },
		{ "~other_file_systems", c->elsewhere, false },
	};
	int32_t status = HF_OK;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (status == HF_OK && (facts[i].always || facts[i].value > 0))
			status = files_host->fact_int(d->ctx, facts[i].name,
			                              facts[i].value);
	return status;
}

static int32_t walk(struct dump *d, const struct roots *roots, bool follow)
{
	int32_t status = HF_OK;

	for (size_t i = 0; i < roots->count && status == HF_OK; i++)
		status = walk_root(d, roots->path[i], follow);
	return status;
}

int32_t dump_roots(hf_ctx *ctx, const struct source *src,
                   const struct roots *roots, bool follow, hf_writer *out)
{
	struct dump *d = dump_new(ctx, src);
	locale_t before = (locale_t)0;
	int32_t status;

	if (d == NULL)
		return no_memory(ctx);
	d->out = out;
	/* This thread's only, until the end of this call: with UTF-8, names
	 * need no mark in the tar that other readers may not know. */
	if (src->utf8 != (locale_t)0)
		before = uselocale(src->utf8);
	status = open_tar(d);
	if (status == HF_OK)
		status = walk(d, roots, follow);
	if (status == HF_OK && d->survey)
		status = unreadable(d);
	if (status == HF_OK)
		status = close_tar(d);
	if (status == HF_OK)
		status = report(d);
	dump_free(d);
	if (before != (locale_t)0)
		uselocale(before);
	return status;
}

int32_t dump_survey(hf_ctx *ctx, const struct source *src,
                    const struct roots *roots, bool follow)
{
	struct dump *d = dump_new(ctx, src);
	int32_t status;

	if (d == NULL)
		return no_memory(ctx);
	d->survey = true;
	status = walk(d, roots, follow);
	if (status == HF_OK && d->count.unreadable > 0 &&
	    !src->unreadable_warn)
		status = unreadable(d);
	dump_free(d);
	return status;
}
