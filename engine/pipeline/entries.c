/* SPDX-License-Identifier: MIT
 * The entries of a running backup. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "engine/pipeline/entries.h"
#include "engine/report/progress.h"
#include "engine/store/layout.h"
#include "engine/util/cancel.h"

struct entries {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *job, *point, *suffix, *codec;
	struct dump_entry **all;
	size_t n, cap;
	struct dump_entry **heap; /* those not taken, largest size_hint first */
	size_t waiting;
	size_t active;
	bool stopped;
	struct lh_table *names; /* "source/path", and keys */
};

struct entries *entries_new(const char *job, const char *point, const char *suffix,
	const char *codec)
{
	struct entries *e = xcalloc(1, sizeof *e);

	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	e->job = xstrdup(job);
	e->point = xstrdup(point);
	e->suffix = xstrdup(suffix ? suffix : "");
	e->codec = codec ? xstrdup(codec) : NULL;
	e->names = lh_kchar_table_new(256, NULL);
	if (!e->names)
		abort();
	return e;
}

static void dump_entry_free(struct dump_entry *d)
{
	entry_free_members(&d->entry);
	free(d->key);
	free(d);
}

void entries_free(struct entries *e)
{
	struct lh_entry *name, *next;

	if (!e)
		return;
	for (size_t i = 0; i < e->n; i++)
		if (e->all[i])
			dump_entry_free(e->all[i]);
	lh_foreach_safe(e->names, name, next)
		free(lh_entry_k(name));
	lh_table_free(e->names);
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->changed);
	free(e->all);
	free(e->heap);
	free(e->job);
	free(e->point);
	free(e->suffix);
	free(e->codec);
	free(e);
}

/* --- the heap --- */

static bool before(const struct dump_entry *a, const struct dump_entry *b)
{
	if (a->size_hint != b->size_hint)
		return a->size_hint > b->size_hint;
	return a->number < b->number;
}

static void swap(struct dump_entry **a, struct dump_entry **b)
{
	struct dump_entry *t = *a;

	*a = *b;
	*b = t;
}

static void heap_up(struct entries *e, size_t i)
{
	for (; i > 0 && before(e->heap[i], e->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&e->heap[i], &e->heap[(i - 1) / 2]);
}

static void heap_down(struct entries *e, size_t i)
{
	for (;;) {
		size_t best = i, child = 2 * i + 1;

		for (size_t c = child; c < child + 2 && c < e->waiting; c++)
			if (before(e->heap[c], e->heap[best]))
				best = c;
		if (best == i)
			return;
		swap(&e->heap[i], &e->heap[best]);
		i = best;
	}
}

static struct dump_entry *heap_remove(struct entries *e, size_t i)
{
	struct dump_entry *d = e->heap[i];

	e->heap[i] = e->heap[--e->waiting];
	if (i < e->waiting) {
		heap_up(e, i);
		heap_down(e, i);
	}
	return d;
}

/* --- adding --- */

/* False if the name was there. Takes it over. */
static bool claim(struct entries *e, char *name)
{
	if (!lh_table_lookup_entry(e->names, name) && lh_table_insert(e->names, name, "") == 0)
		return true;
	free(name);
	return false;
}

static bool claimed(struct entries *e, const char *name)
{
	return lh_table_lookup_entry(e->names, name) != NULL;
}

/* A sink of files cannot keep an object under the name of a folder. */
static bool key_free(struct entries *e, const char *key)
{
	autofree char *folder = xasprintf("%s/", key);

	if (claimed(e, key) || claimed(e, folder))
		return false;
	for (char *slash = strrchr(folder, '/'); slash; slash = strrchr(folder, '/')) {
		*slash = '\0';
		if (claimed(e, folder))
			return false;
	}
	return true;
}

static void take_key(struct entries *e, const char *key)
{
	claim(e, xstrdup(key));
	for (const char *p = strchr(key, '/'); p; p = strchr(p + 1, '/'))
		claim(e, xstrndup(key, (size_t)(p - key) + 1));
}

/* Two paths may meet in one key ("a" compressed, and "a.zst" stored as it is), or one in the folder of
 * another ("a.zst/b"): the later one is put beside them, with a number. */
static char *claim_key(struct entries *e, const char *source, const char *path, const char *suffix)
{
	char *key = key_entry(e->job, e->point, source, path, suffix);
	autofree char *flat = xstrdup(path);

	for (char *p = strchr(flat, '/'); p; p = strchr(p, '/'))
		*p = '_';
	for (unsigned n = 2; !key_free(e, key); n++) {
		autofree char *numbered = xasprintf("~%u%s", n, suffix);

		free(key);
		key = key_entry(e->job, e->point, source, flat, numbered);
	}
	take_key(e, key);
	return key;
}

static struct dump_entry *make(struct entries *e, struct source_run *source, const hf_entry *in)
{
	struct dump_entry *d = xcalloc(1, sizeof *d);
	bool store = (in->flags & HF_ENTRY_STORE) != 0 || !e->codec;

	d->source = source;
	d->size_hint = in->size_hint;
	d->id = in->id;
	d->number = e->n;
	d->entry = (struct entry){
		.source = xstrdup(source->instance->name),
		.path = xstrdup(in->path),
		.type = xstrdup(in->type),
		.subject = xstrdup(in->subject),
		.attrs = in->attrs ? xstrdup(in->attrs) : NULL,
		.order = in->order,
		.flags = in->flags,
	};
	if (!store)
		strv_add(&d->entry.codecs, e->codec);
	d->key = claim_key(e, source->instance->name, in->path, store ? "" : e->suffix);
	return d;
}

int32_t entries_add(struct entries *e, struct source_run *source, const hf_entry *in,
	struct error *err)
{
	int32_t status = HF_OK;

	pthread_mutex_lock(&e->lock);
	/* no key begins with this byte, so that names and keys cannot meet */
	if (!claim(e, xasprintf("\001%s/%s", source->instance->name, in->path))) {
		status = error_set(err, HF_E_EXISTS, "the entry %s was added twice", in->path);
	} else {
		struct dump_entry *d = make(e, source, in);

		if (e->n == e->cap) {
			e->cap = e->cap ? e->cap * 2 : 64;
			e->all = xreallocn(e->all, e->cap, sizeof(struct dump_entry *));
			e->heap = xreallocn(e->heap, e->cap, sizeof(struct dump_entry *));
		}
		e->all[e->n++] = d;
		e->heap[e->waiting++] = d;
		heap_up(e, e->waiting - 1);
		atomic_fetch_add(&source->progress->entries, 1);
		atomic_fetch_add(&source->progress->total, in->size_hint);
		pthread_cond_broadcast(&e->changed);
	}
	pthread_mutex_unlock(&e->lock);
	return status;
}

/* --- taking --- */

/* The largest whose source may run one more: nearly always the top. */
static struct dump_entry *ready(struct entries *e)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < e->waiting; i++) {
		if (e->heap[i]->source->active >= e->heap[i]->source->lanes)
			continue;
		if (i == 0)
			return heap_remove(e, 0);
		if (best == SIZE_MAX || before(e->heap[i], e->heap[best]))
			best = i;
	}
	return best == SIZE_MAX ? NULL : heap_remove(e, best);
}

struct dump_entry *entries_take(struct entries *e)
{
	struct dump_entry *d = NULL;

	pthread_mutex_lock(&e->lock);
	while (!e->stopped && !cancelled() && !(d = ready(e)) && (e->waiting > 0 || e->active > 0))
		pthread_cond_wait(&e->changed, &e->lock);
	if (d) {
		e->active++;
		d->source->active++;
	}
	pthread_mutex_unlock(&e->lock);
	return d;
}

void entries_done(struct entries *e, struct dump_entry *d, bool ok)
{
	pthread_mutex_lock(&e->lock);
	e->active--;
	d->source->active--;
	d->done = ok;
	if (!ok)
		e->stopped = true;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

size_t entries_count(const struct entries *e)
{
	return e->n;
}

void entries_each(struct entries *e, void (*see)(void *arg, const struct dump_entry *entry),
	void *arg)
{
	for (size_t i = 0; i < e->n; i++)
		see(arg, e->all[i]);
}

void entries_to_manifest(struct entries *e, struct manifest *m)
{
	m->entries = xcalloc(e->n + 1, sizeof *m->entries);
	m->nentries = 0;
	for (size_t i = 0; i < e->n; i++) {
		m->entries[m->nentries++] = e->all[i]->entry;
		e->all[i]->entry = (struct entry){0};
	}
}
