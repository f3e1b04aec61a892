/* SPDX-License-Identifier: MIT
 * What drivers ask for: values by name. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "engine/job/option_table.h"

/* Drivers read options on any thread, and a wrong name is a rare event: one lock for all will
 * do. */
static pthread_mutex_t unknown_lock = PTHREAD_MUTEX_INITIALIZER;

static void note_unknown(const hf_options *o, const char *name)
{
	/* the driver's view of the values is const; this list is the host's */
	struct strv *list = &((hf_options *)(uintptr_t)o)->unknown;

	pthread_mutex_lock(&unknown_lock);
	if (list->n < 100 && !strv_has(list, name))
		strv_add(list, name);
	pthread_mutex_unlock(&unknown_lock);
}

static bool is(const hf_options *o, size_t i, const char *name)
{
	return i < o->n && strcmp(o->v[i].option->name, name) == 0;
}

/* The values of one option stand beside each other: the index of the first, or o->n. */
static size_t first_of(const hf_options *o, const char *name)
{
	size_t i = 0;

	while (i < o->n && !is(o, i, name))
		i++;
	if (i == o->n && !option_find(o->table, name, strlen(name)))
		note_unknown(o, name);
	return i;
}

static const struct option_value *value(const hf_options *o, const char *name, uint64_t index)
{
	size_t i = first_of(o, name);

	if (index >= o->n - i || !is(o, i + (size_t)index, name))
		return NULL;
	return &o->v[i + (size_t)index];
}

uint64_t options_count(const hf_options *o, const char *name)
{
	size_t first = first_of(o, name), i = first;

	while (is(o, i, name))
		i++;
	return i - first;
}

const char *options_text(const hf_options *o, const char *name, uint64_t index)
{
	const struct option_value *v = value(o, name, index);

	return v ? v->text : NULL;
}

int64_t options_int(const hf_options *o, const char *name, uint64_t index)
{
	const struct option_value *v = value(o, name, index);

	return v ? v->number : 0;
}

const char *options_key(const hf_options *o, const char *name, uint64_t index)
{
	const struct option_value *v = value(o, name, index);

	return v ? v->key : NULL;
}

void options_free(hf_options *options)
{
	if (!options)
		return;
	for (size_t i = 0; i < options->n; i++) {
		struct option_value *v = &options->v[i];

		if (v->text && (v->option->flags & HF_OPT_SECRET))
			explicit_bzero(v->text, strlen(v->text));
		free(v->text);
		free(v->key);
	}
	free(options->v);
	strv_free(&options->unknown);
	free(options);
}
