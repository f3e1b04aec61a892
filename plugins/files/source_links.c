/* SPDX-License-Identifier: MIT
 *
 * Which files with several names were stored, and under which name first. One
 * is forgotten when its last name was seen.
 */
#include "config.h"

#include "source.h"

#include <stdlib.h>
#include <string.h>

struct link {
	struct link *next;
	dev_t dev;
	ino_t ino;
	nlink_t left; /* names not seen yet */
	char path[];
};

static struct link **link_slot(struct link_table *t, const struct stat *st)
{
	const uint64_t key = ((uint64_t)st->st_ino ^
	                      (uint64_t)st->st_dev << 40) *
	                     UINT64_C(0x9e3779b97f4a7c15);
	struct link **at = &t->bucket[(key >> 32) & (t->buckets - 1)];

	while (*at != NULL &&
	       ((*at)->ino != st->st_ino || (*at)->dev != st->st_dev))
		at = &(*at)->next;
	return at;
}

static bool links_grow(struct link_table *t)
{
	struct link_table grown = {
		.buckets = t->buckets == 0 ? 256 : t->buckets * 4,
		.count = t->count,
	};

	grown.bucket = calloc(grown.buckets, sizeof(*grown.bucket));
	if (grown.bucket == NULL)
		return false;
	for (size_t i = 0; i < t->buckets; i++) {
		while (t->bucket[i] != NULL) {
			struct link *one = t->bucket[i];
			struct link **at = link_slot(
			        &grown, &(struct stat){ .st_dev = one->dev,
			                                .st_ino = one->ino });

			t->bucket[i] = one->next;
			one->next = *at;
			*at = one;
		}
	}
	free(t->bucket);
	*t = grown;
	return true;
}

void links_free(struct link_table *t)
{
	for (size_t i = 0; i < t->buckets; i++) {
		while (t->bucket[i] != NULL) {
			struct link *one = t->bucket[i];

			t->bucket[i] = one->next;
			free(one);
		}
	}
	free(t->bucket);
	*t = (struct link_table){ 0 };
}

const char *link_find(struct link_table *t, const struct stat *st)
{
	const struct link *one;

	if (st->st_nlink < 2 || t->buckets == 0)
		return NULL;
	one = *link_slot(t, st);
	return one != NULL ? one->path : NULL;
}

void link_used(struct link_table *t, const struct stat *st)
{
	struct link **at = link_slot(t, st), *one = *at;

	if (one->left > 1) {
		one->left--;
		return;
	}
	*at = one->next;
	t->count--;
	free(one);
}

bool link_add(struct link_table *t, const struct stat *st, const char *path)
{
	const size_t length = strlen(path);
	struct link *one, **at;

	if (t->count >= t->buckets && !links_grow(t))
		return false;
	one = malloc(sizeof(*one) + length + 1);
	if (one == NULL)
		return false;
	one->dev = st->st_dev;
	one->ino = st->st_ino;
	one->left = st->st_nlink - 1;
	memcpy(one->path, path, length + 1);
	at = link_slot(t, st);
	one->next = *at;
	*at = one;
	t->count++;
	return true;
}
