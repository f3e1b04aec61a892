/* SPDX-License-Identifier: MIT
 * laws_sink_list.c - keys: listed exactly, of any allowed spelling, removed
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static void put_names(struct store *store, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *key = store_key(store, names[i]);

		if (put_all(&store->instance, key, names[i], strlen(names[i]), 0, 0) != HF_OK)
			flaw(store->world->report, "a put of %s failed", names[i]);
		free(key);
	}
}

/* Exactly these below the prefix; a name that ends with / is a prefix. */
static void expect_list(struct store *store, const char *below, uint32_t flags,
    const char *const *names, size_t count)
{
	struct report *report = store->world->report;
	char *prefix = store_key(store, below);
	struct hf_list list = {0};
	int32_t status = list_all(&store->instance, prefix, flags, &list);

	if (status != HF_OK)
		flaw(report, "list(\"%s\"): %s", below, status_name(status));
	else if (list.count != count)
		flaw(report, "list(\"%s\"): %zu objects instead of %zu", below, list.count, count);
	for (size_t i = 0; i < count && status == HF_OK; i++) {
		char *key = store_key(store, names[i]);
		const struct object *found = list_find(&list, key);
		bool is_prefix = names[i][strlen(names[i]) - 1] == '/';

		if (!found)
			flaw(report, "list(\"%s\") lacks %s", below, names[i]);
		else if (!is_prefix && found->bytes != strlen(names[i]))
			flaw(report, "list(\"%s\"): %s has %" PRIu64 " bytes", below, names[i],
			    found->bytes);
		else if (is_prefix != ((found->flags & HF_OBJECT_PREFIX) != 0))
			flaw(report, "list(\"%s\"): %s is marked wrongly", below, names[i]);
		free(key);
	}
	list_free(&list);
	free(prefix);
}

static void prefixes(struct world *world)
{
	static const char *const names[] = {"a/b", "a/bc", "a/c/d", "a/c/e/f", "ab/c", "a-b", "a.b",
		"b", "A/b"};
	static const char *const below_a[] = {"a/b", "a/bc", "a/c/d", "a/c/e/f"};
	static const char *const below_c[] = {"a/c/d", "a/c/e/f"};
	static const char *const next_top[] = {"a/", "ab/", "a-b", "a.b", "b", "A/"};
	static const char *const next_a[] = {"a/b", "a/bc", "a/c/"};
	struct store store;

	if (!store_open(world, &store))
		return;
	put_names(&store, names, COUNT(names));
	expect_list(&store, "", 0, names, COUNT(names));
	expect_list(&store, "a/", 0, below_a, COUNT(below_a));
	expect_list(&store, "a/c/", 0, below_c, COUNT(below_c));
	expect_list(&store, "none/", 0, NULL, 0);
	expect_list(&store, "a/none/", 0, NULL, 0);
	expect_list(&store, "", HF_LIST_CHILDREN, next_top, COUNT(next_top));
	expect_list(&store, "a/", HF_LIST_CHILDREN, next_a, COUNT(next_a));
	expect_list(&store, "none/", HF_LIST_CHILDREN, NULL, 0);
	store_close(&store);
}

static void from_the_top(struct world *world)
{
	struct store store;
	struct hf_list list = {0};
	char *key;

	if (!store_open(world, &store))
		return;
	key = store_key(&store, "top");
	put_all(&store.instance, key, "x", 1, 0, 0);
	if (list_all(&store.instance, "", 0, &list) != HF_OK || !list_find(&list, key))
		flaw(world->report, "list(\"\") lacks an object");
	list_free(&list);
	if (list_all(&store.instance, "", HF_LIST_CHILDREN, &list) != HF_OK ||
	    !list_find(&list, "hf-check/"))
		flaw(world->report, "list(\"\") with HF_LIST_CHILDREN lacks a prefix");
	list_free(&list);
	free(key);
	store_close(&store);
	if (instance_open(world, &store.instance, NULL, false) != HF_OK)
		return;
	if (list_all(&store.instance, "hf-check/none-such/", 0, &list) != HF_OK || list.count)
		flaw(world->report, "a prefix with nothing below it is HF_OK and nothing");
	list_free(&list);
	instance_close(&store.instance);
}

static int by_key(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* More than one page of any protocol. */
static void many(struct world *world)
{
	enum { MANY = 1100 };
	struct store store;
	struct hf_list list = {0};

	if (!store_open(world, &store))
		return;
	for (unsigned i = 0; i < MANY; i++) {
		char *key = text("%smany/%u/%u", store.prefix, i % 3, i);

		put_all(&store.instance, key, "", 0, 0, 0);
		free(key);
		mock_reset(world->mock);
	}
	if (list_all(&store.instance, store.prefix, 0, &list) != HF_OK || list.count != MANY)
		flaw(world->report, "%u objects were put, %zu are listed", MANY, list.count);
	qsort(list.objects, list.count, sizeof(*list.objects), by_key);
	for (size_t i = 1; i < list.count; i++)
		if (strcmp(list.objects[i - 1].key, list.objects[i].key) == 0)
			flaw(world->report, "%s is listed twice", list.objects[i].key);
	list_free(&list);
	store_close(&store);
}

/* --- spelling --- */

static char *repeated(char c, size_t count)
{
	char *made = need(malloc(count + 1));

	memset(made, c, count);
	made[count] = '\0';
	return made;
}

static void spellings(struct world *world)
{
	char *longest = repeated('k', 240);
	const char *const names[] = {
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~%+=@,-",
		"-dash", "%41", "%2F", "%00", "~", "=a=b", "a..b", "a.", "~.%+=@,-/x", "CASE", "case",
		"tmp", "a.tmp", "lock", longest,
	};
	struct store store;

	if (!store_open(world, &store)) {
		free(longest);
		return;
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		char *key = store_key(&store, names[i]);

		if (put_all(&store.instance, key, names[i], strlen(names[i]), 0, 0) != HF_OK)
			flaw(world->report, "a put of the key %s failed", names[i]);
		free(key);
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		char *key = store_key(&store, names[i]);

		expect_object(&store.instance, key, names[i], strlen(names[i]));
		free(key);
	}
	free(longest);
	store_close(&store);
}

/* 1024 bytes: components of 240 and a rest. */
static void longest_key(struct world *world)
{
	struct store store;
	char *part = repeated('p', 240), *key;
	size_t left;

	if (!store_open(world, &store)) {
		free(part);
		return;
	}
	key = text("%s%s/%s/%s/", store.prefix, part, part, part);
	left = 1024 - strlen(key);
	while (left) { /* components again, never an empty one at the end */
		size_t now = left > 240 ? 200 : left;
		char *longer = text("%s%.*s%s", key, (int)now, part, left > now ? "/" : "");

		free(key);
		key = longer;
		left = 1024 - strlen(key);
	}
	if (!key_valid(key, false))
		flaw(world->report, "the kit made a bad key of %zu bytes", strlen(key));
	if (put_all(&store.instance, key, "long", 4, 0, 0) != HF_OK)
		flaw(world->report, "a put of a key of 1024 bytes failed");
	expect_object(&store.instance, key, "long", 4);
	free(key);
	free(part);
	store_close(&store);
}

/* --- removal --- */

static void removal(struct world *world)
{
	static const char *const names[] = {"r/1", "r/2", "r/3", "r/sub/4", "s"};
	static const char *const left[] = {"r/2", "r/sub/4", "s"};
	struct store store;
	char *keys[4];

	if (!store_open(world, &store))
		return;
	put_names(&store, names, COUNT(names));
	keys[0] = store_key(&store, "r/3");
	keys[1] = store_key(&store, "r/missing");
	keys[2] = store_key(&store, "r/1");
	keys[3] = store_key(&store, "none/at/all");
	if (remove_keys(&store.instance, (const char *const *)keys, 4) != HF_OK)
		flaw(world->report, "remove() of present and missing keys failed");
	expect_object(&store.instance, keys[0], NULL, 0);
	expect_object(&store.instance, keys[2], NULL, 0);
	expect_list(&store, "", 0, left, COUNT(left));
	if (remove_keys(&store.instance, (const char *const *)keys, 4) != HF_OK)
		flaw(world->report, "remove() of keys that are gone failed");
	if (remove_keys(&store.instance, (const char *const *)keys, 0) != HF_OK)
		flaw(world->report, "remove() of no keys failed");
	for (unsigned i = 0; i < 4; i++)
		free(keys[i]);
	store_close(&store);
}

static void prefix_is_no_object(struct world *world)
{
	static const char *const names[] = {"p/q/r"};
	struct store store;
	char *key;

	if (!store_open(world, &store))
		return;
	put_names(&store, names, 1);
	key = store_key(&store, "p/q");
	expect_object(&store.instance, key, NULL, 0);
	remove_keys(&store.instance, (const char *const *)&key, 1);
	free(key);
	expect_list(&store, "", 0, names, 1);
	store_close(&store);
}

static void reused(struct world *world)
{
	static const char *const first[] = {"x/y/z"};
	static const char *const second[] = {"x/y"};
	struct store store;
	char *key;

	if (!store_open(world, &store))
		return;
	put_names(&store, first, 1);
	key = store_key(&store, first[0]);
	remove_keys(&store.instance, (const char *const *)&key, 1);
	free(key);
	put_names(&store, first, 1);
	expect_list(&store, "", 0, first, 1);
	key = store_key(&store, first[0]);
	remove_keys(&store.instance, (const char *const *)&key, 1);
	free(key);
	/* Nothing is below x/y any more, so it may be an object. */
	put_names(&store, second, 1);
	expect_list(&store, "", 0, second, 1);
	store_close(&store);
}

const struct law laws_sink_list[] = {
	{"list: exactly what is below the prefix", HF_KIND_SINK, prefixes, NULL},
	{"list: from the top", HF_KIND_SINK, from_the_top, NULL},
	{"list: more than a thousand objects", HF_KIND_SINK, many, NULL},
	{"keys: every allowed spelling", HF_KIND_SINK, spellings, NULL},
	{"keys: 1024 bytes", HF_KIND_SINK, longest_key, NULL},
	{"remove: the named ones, present or not", HF_KIND_SINK, removal, NULL},
	{"remove: a prefix is no object", HF_KIND_SINK, prefix_is_no_object, NULL},
	{"remove: its key can be used again", HF_KIND_SINK, reused, NULL},
	{NULL, 0, NULL, NULL},
};
