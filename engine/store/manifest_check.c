/* SPDX-License-Identifier: MIT
 * Do a manifest's values fit together? Nothing here is quadratic: a hostile one may hold
 * millions of entries. */
#include "config.h"

#include <string.h>

#include "engine/store/layout.h"
#include "engine/store/manifest_check.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* It names a file of the driver folders, so nothing else than a driver's name will do. */
static bool driver_ok(const char *name)
{
	return *name >= 'a' && *name <= 'z' && strlen(name) <= 64 &&
	       strspn(name, LOWER DIGITS "_-") == strlen(name);
}

/* "zstd/1" */
static bool codec_ok(const char *codec)
{
	size_t n = strspn(codec, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "._+-");
	size_t version;

	if (n < 1 || n > 64 || codec[0] == '.' || codec[n] != '/')
		return false;
	version = strspn(codec + n + 1, DIGITS ".");
	return version >= 1 && version <= 16 && codec[n + 1 + version] == '\0';
}

/* It is a section's name in a job file, and typed in --into NAME:TARGET. */
static bool source_ok(const char *name)
{
	for (const char *s = name; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f || *s == '/')
			return false;
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Data of this point, or of another one of the job. */
static bool part_key_ok(const char *key, const char *job)
{
	size_t n = strlen(job);
	char id[POINT_ID_LEN + 1];
	const char *rest;

	if (!key_ok(key) || strncmp(key, job, n) != 0 || key[n] != '/' ||
	    strlen(key) < n + 1 + POINT_ID_LEN + 2)
		return false;
	memcpy(id, key + n + 1, POINT_ID_LEN);
	id[POINT_ID_LEN] = '\0';
	rest = key + n + 1 + POINT_ID_LEN;
	if (!point_id_ok(id) || *rest != '/')
		return false;
	rest++;
	return strcmp(rest, "manifest.json") != 0 && strcmp(rest, "owner.json") != 0 &&
	       strncmp(rest, "records/", 8) != 0;
}

static void check_head(
    struct json_reader *r, const char *job, const char *id, const struct manifest *m)
{
	if (strcmp(m->job, job) != 0 || strcmp(m->id, id) != 0) {
		autofree char *shown = printable(m->job), *shown_id = printable(m->id);

		json_bad(r, "it belongs to another point, %s/%s", shown, shown_id);
	}
	if (m->parent && (!point_id_ok(m->parent) || strcmp(m->parent, id) == 0))
		json_bad(r, "\"parent\" is not another point's id");
}

/* --- sources --- */

static int source_cmp(const void *a, const void *b)
{
	const struct manifest_source *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int source_name_cmp(const void *name, const void *source)
{
	const struct manifest_source *const *s = source;

	return strcmp(name, (*s)->name);
}

/* The sources sorted by name; owned by the caller. */
static const struct manifest_source **check_sources(struct json_reader *r, const struct manifest *m)
{
	const struct manifest_source **sorted = xreallocn(NULL, m->nsources, sizeof(*sorted));

	r->where = "source";
	for (r->index = 0; r->index < m->nsources; r->index++) {
		const struct manifest_source *s = &m->sources[r->index];

		sorted[r->index] = s;
		if (!source_ok(s->name))
			json_bad(r, "\"name\" is not a source's name");
		if (!driver_ok(s->driver))
			json_bad(r, "\"driver\" is not a driver's name");
		if (s->continues && !m->parent)
			json_bad(r, "it continues a point, but none is named");
	}
	r->where = NULL;
	qsort(sorted, m->nsources, sizeof(*sorted), source_cmp);
	for (size_t i = 1; i < m->nsources; i++)
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			json_bad(r, "two sources have the same name");
	return sorted;
}

/* --- entries --- */

static void check_parts(struct json_reader *r, const char *job, const struct entry *e)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < e->nparts; i++) {
		if (!part_key_ok(e->parts[i].key, job))
			json_bad(r, "a part's key is not one of this job's points");
		if (__builtin_add_overflow(sum, e->parts[i].size, &sum))
			json_bad(r, "the parts' sizes are impossible");
	}
	if (sum != e->stored_size)
		json_bad(r, "the parts' sizes do not add up to the stored size");
	if (e->nparts == 1 && strcmp(e->parts[0].sha256, e->stored_sha256) != 0)
		json_bad(r, "the only part's digest is not the stored one");
}

static void check_entry(struct json_reader *r, const char *job, const struct entry *e)
{
	for (size_t i = 0; i < e->codecs.n; i++)
		if (!codec_ok(e->codecs.v[i]))
			json_bad(r, "a codec's name is not like \"zstd/1\"");
	if (!e->codecs.n &&
	    (e->plain_size != e->stored_size || strcmp(e->plain_sha256, e->stored_sha256) != 0))
		json_bad(r, "it has no codec, but plain and stored bytes differ");
	check_parts(r, job, e);
}

static void check_entries(struct json_reader *r, const char *job, const struct manifest *m,
    const struct manifest_source **sources)
{
	uint64_t plain = 0, stored = 0;

	r->where = "entry";
	for (r->index = 0; r->index < m->nentries && !r->bad; r->index++) {
		const struct entry *e = &m->entries[r->index];

		if (!bsearch(e->source, sources, m->nsources, sizeof(*sources), source_name_cmp))
			json_bad(r, "its source is not among the sources");
		check_entry(r, job, e);
		if (__builtin_add_overflow(plain, e->plain_size, &plain) ||
		    __builtin_add_overflow(stored, e->stored_size, &stored))
			json_bad(r, "the entries' sizes are impossible");
	}
	r->where = NULL;
	if (!r->bad && (plain != m->plain_size || stored != m->stored_size))
		json_bad(r, "the entries' sizes do not add up to the point's");
}

/* --- nothing twice --- */

static int entry_cmp(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;
	int c = strcmp((*x)->source, (*y)->source);

	return c ? c : strcmp((*x)->path, (*y)->path);
}

static void check_paths(struct json_reader *r, const struct manifest *m)
{
	const struct entry **sorted = xreallocn(NULL, m->nentries, sizeof(*sorted));

	for (size_t i = 0; i < m->nentries; i++)
		sorted[i] = &m->entries[i];
	qsort(sorted, m->nentries, sizeof(*sorted), entry_cmp);
	for (size_t i = 1; i < m->nentries && !r->bad; i++) {
		autofree char *path = NULL;

		if (entry_cmp(&sorted[i - 1], &sorted[i]) != 0)
			continue;
		path = printable(sorted[i]->path);
		json_bad(r, "two entries of a source have the path %s", path);
	}
	free(sorted);
}

static int key_cmp(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void check_keys(struct json_reader *r, const struct manifest *m)
{
	const char **keys;
	size_t n = 0;

	for (size_t i = 0; i < m->nentries; i++)
		n += m->entries[i].nparts;
	keys = xreallocn(NULL, n, sizeof(*keys));
	n = 0;
	for (size_t i = 0; i < m->nentries; i++)
		for (size_t k = 0; k < m->entries[i].nparts; k++)
			keys[n++] = m->entries[i].parts[k].key;
	qsort(keys, n, sizeof(*keys), key_cmp);
	for (size_t i = 1; i < n && !r->bad; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			json_bad(r, "two parts have the key %s", keys[i]);
	free(keys);
}

void manifest_check(struct json_reader *r, const char *job, const char *id, struct manifest *m)
{
	const struct manifest_source **sources;

	check_head(r, job, id, m);
	sources = check_sources(r, m);
	check_entries(r, job, m, sources);
	free(sources);
	if (r->bad)
		return;
	check_paths(r, m);
	check_keys(r, m);
	manifest_finish(m);
}
