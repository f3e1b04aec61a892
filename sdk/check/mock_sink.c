/* SPDX-License-Identifier: MIT
 * mock_sink.c - what a sink reports: the objects it lists and the keys that stay
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define OBJECT_SIZE_1_0 SIZE_TO(hf_object, mtime_ns)
#define LIST_MAGIC 0x68664c31u

bool key_valid(const char *key, bool prefix)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789._~%+=@,-";
	size_t total = strlen(key);

	if (total < 1 || total > 1024 || (prefix && key[total - 1] != '/'))
		return false;
	while (*key) {
		size_t length = strspn(key, allowed);

		if (length < 1 || length > 240 || key[0] == '.')
			return false;
		key += length;
		if (*key == '/' && (key[1] || prefix))
			key++;
		else if (*key)
			return false;
	}
	return true;
}

const struct object *list_find(const struct hf_list *list, const char *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->objects[i].key, key) == 0)
			return &list->objects[i];
	return NULL;
}

void list_free(struct hf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->objects[i].key);
	free(list->objects);
	list->objects = NULL;
	list->count = list->room = 0;
}

static void check_object(const hf_list *out, const hf_object *object)
{
	struct report *report = out->ctx->mock->report;
	bool prefix = object->flags & HF_OBJECT_PREFIX;
	const char *key = object->key;
	const char *rest;

	if (!key_valid(key, prefix))
		flaw(report, "object(): \"%s\" is not a key", key);
	if (object->flags & ~HF_OBJECT_PREFIX)
		flaw(report, "object(%s): an unknown flag", key);
	if (out->stat) {
		if (prefix || strcmp(key, out->prefix) != 0)
			flaw(report, "stat(%s) reported %s", out->prefix, key);
		return;
	}
	if (strncmp(key, out->prefix, strlen(out->prefix)) != 0) {
		flaw(report, "list(\"%s\") reported %s", out->prefix, key);
		return;
	}
	rest = key + strlen(out->prefix);
	if (prefix && !out->children)
		flaw(report, "list() without HF_LIST_CHILDREN reported the prefix %s", key);
	if (out->children && strchr(rest, '/') && strchr(rest, '/')[prefix ? 1 : 0])
		flaw(report, "list(\"%s\") with HF_LIST_CHILDREN reported the deeper %s",
		    out->prefix, key);
}

int32_t mock_object(hf_list *out, const hf_object *object)
{
	struct object made;

	if (!out || out->magic != LIST_MAGIC) {
		fputs("# object() was called with something that is no hf_list\n", stderr);
		abort();
	}
	host_call(out->ctx, "object", CALL_LIST | CALL_STAT, false);
	if (!object || object->size < OBJECT_SIZE_1_0 || !object->key) {
		flaw(out->ctx->mock->report, "object(): no key, or size is not sizeof(hf_object)");
		return host_result(out->ctx, HF_E_FAILED);
	}
	check_object(out, object);
	if (out->count == out->room) {
		out->room = out->room ? out->room * 2 : 64;
		out->objects = need(realloc(out->objects, out->room * sizeof(*out->objects)));
	}
	made = (struct object){
		.key = need(strdup(object->key)), .bytes = object->bytes,
		.mtime_ns = object->mtime_ns, .flags = object->flags,
	};
	out->objects[out->count++] = made;
	return HF_OK;
}

void mock_removed(hf_removal *out, uint64_t index, int32_t status, const char *message)
{
	struct report *report;

	if (!out || out->magic != LIST_MAGIC) {
		fputs("# removed() was called with something that is no hf_removal\n", stderr);
		abort();
	}
	report = out->ctx->mock->report;
	host_call(out->ctx, "removed", CALL_REMOVE, false);
	if (index >= out->count)
		flaw(report, "removed(): index %" PRIu64 " of %" PRIu64, index, out->count);
	if (status < 10)
		flaw(report, "removed(): %d is no error class", status);
	if (!message || !message[0])
		flaw(report, "removed(): no message");
	free(out->why);
	out->why = text("%s", message ? message : "");
	out->stayed++;
}
