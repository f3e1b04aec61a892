/* SPDX-License-Identifier: MIT
 * The manifest in memory. */
#include "config.h"

#include <string.h>

#include "engine/store/json.h"
#include "engine/store/manifest.h"

#define ATTRS_MAX ((size_t)64 << 10)

/* --- facts --- */

void facts_set(struct facts *f, const char *name, const char *text, int64_t number)
{
	struct fact *fact = NULL;

	for (size_t i = 0; i < f->n && !fact; i++)
		if (strcmp(f->v[i].name, name) == 0)
			fact = &f->v[i];
	if (!fact) {
		if ((f->n & (f->n - 1)) == 0)
			f->v = xreallocn(f->v, f->n ? f->n * 2 : 1, sizeof(*f->v));
		fact = &f->v[f->n++];
		*fact = (struct fact){.name = xstrdup(name)};
	}
	free(fact->text);
	fact->text = text ? xstrdup(text) : NULL;
	fact->number = text ? 0 : number;
}

const struct fact *facts_get(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].name, name) == 0)
			return &f->v[i];
	return NULL;
}

void facts_free(struct facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].name);
		free(f->v[i].text);
	}
	free(f->v);
	*f = (struct facts){0};
}

/* --- life --- */

struct manifest *manifest_new(void)
{
	return xcalloc(1, sizeof(struct manifest));
}

hf_entry entry_public(const struct entry *e)
{
	return (hf_entry){
	    .size = sizeof(hf_entry),
	    .flags = e->flags,
	    .path = e->path,
	    .type = e->type,
	    .subject = e->subject,
	    .attrs = e->attrs,
	    .order = e->order,
	    .size_hint = e->plain_size,
	    .plain_size = e->plain_size,
	};
}

void entry_free_members(struct entry *e)
{
	free(e->source);
	free(e->path);
	free(e->type);
	free(e->subject);
	free(e->attrs);
	strv_free(&e->codecs);
	for (size_t i = 0; i < e->nparts; i++)
		free(e->parts[i].key);
	free(e->parts);
	facts_free(&e->facts);
	strv_free(&e->warnings);
	*e = (struct entry){0};
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->nsources; i++) {
		struct manifest_source *s = &m->sources[i];

		free(s->name);
		free(s->driver);
		free(s->plugin_version);
		free(s->server);
		free(s->mark);
		facts_free(&s->facts);
		strv_free(&s->warnings);
	}
	free(m->sources);
	for (size_t i = 0; i < m->nentries; i++)
		entry_free_members(&m->entries[i]);
	free(m->entries);
	free(m->job);
	free(m->id);
	free(m->host);
	free(m->version);
	free(m->parent);
	free(m);
}

/* --- order --- */

struct place {
	int64_t order;
	size_t index;
};

static int place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static void sort_entries(struct manifest *m)
{
	struct place *places;
	struct entry *sorted;
	size_t i = 1;

	while (i < m->nentries && m->entries[i - 1].order <= m->entries[i].order)
		i++;
	if (i >= m->nentries)
		return;
	places = xreallocn(NULL, m->nentries, sizeof(*places));
	for (i = 0; i < m->nentries; i++)
		places[i] = (struct place){.order = m->entries[i].order, .index = i};
	qsort(places, m->nentries, sizeof(*places), place_cmp);
	sorted = xreallocn(NULL, m->nentries, sizeof(*sorted));
	for (i = 0; i < m->nentries; i++)
		sorted[i] = m->entries[places[i].index];
	free(places);
	free(m->entries);
	m->entries = sorted;
}

void manifest_finish(struct manifest *m)
{
	sort_entries(m);
	m->plain_size = m->stored_size = 0;
	for (size_t i = 0; i < m->nentries; i++) {
		m->plain_size += m->entries[i].plain_size;
		m->stored_size += m->entries[i].stored_size;
	}
}

const struct manifest_source *manifest_source_find(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->nsources; i++)
		if (strcmp(m->sources[i].name, name) == 0)
			return &m->sources[i];
	return NULL;
}

int32_t attrs_check(const char *attrs, struct error *err)
{
	json_object *o;
	int32_t status;

	if (strlen(attrs) > ATTRS_MAX)
		return error_set(
		    err, HF_E_CORRUPT, "the attributes are longer than %zu bytes", ATTRS_MAX);
	status = json_read("the attributes", attrs, strlen(attrs), &o, err);
	if (status == HF_OK && !json_object_is_type(o, json_type_object))
		status = error_set(err, HF_E_CORRUPT, "the attributes are not a JSON object");
	json_object_put(o);
	return status;
}
