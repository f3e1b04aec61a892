/* SPDX-License-Identifier: MIT
 *
 * The small host of the drivers' unit tests.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mock_host.h"

static void out_of(const char *what)
{
	fprintf(stderr, "mock host: %s\n", what);
	abort();
}

static int32_t mock_fail(hf_ctx *ctx, int32_t status, const char *fmt, ...)
{
	va_list args;

	ctx->status = status;
	ctx->hint[0] = '\0';
	va_start(args, fmt);
	vsnprintf(ctx->message, sizeof ctx->message, fmt, args);
	va_end(args);
	return status;
}

static void mock_hint(hf_ctx *ctx, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ctx->hint, sizeof ctx->hint, fmt, args);
	va_end(args);
}

static void mock_warn(hf_ctx *ctx, const char *fmt, ...)
{
	va_list args;

	ctx->warnings++;
	va_start(args, fmt);
	vsnprintf(ctx->warning, sizeof ctx->warning, fmt, args);
	va_end(args);
}

static void mock_log(hf_ctx *ctx, uint32_t level, const char *fmt, ...)
{
	char line[2048];
	va_list args;

	(void)ctx;
	(void)level;
	va_start(args, fmt);
	/* so that the sanitizers see the arguments */
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
}

static int32_t mock_cancelled(hf_ctx *ctx)
{
	return atomic_load(&ctx->cancel);
}

static int32_t mock_sleep(hf_ctx *ctx, uint64_t ns)
{
	struct timespec wait = { .tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000) };

	if (atomic_load(&ctx->cancel))
		return HF_E_CANCELLED;
	nanosleep(&wait, NULL);
	return HF_OK;
}

static int64_t mock_now(hf_ctx *ctx)
{
	(void)ctx;
	return (int64_t)time(NULL) * 1000000000;
}

static const hf_option *find_option(const hf_options *options, const char *name)
{
	for (const hf_option *option = options->table; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	out_of("a driver asks for an option that it has not declared");
	return NULL;
}

static const char *mock_opt_text(const hf_options *options, const char *name, uint64_t index)
{
	const hf_option *option = find_option(options, name);
	uint64_t n = 0;

	for (const char *const *p = options->values; p && *p; p += 2)
		if (strcmp(*p, name) == 0 && n++ == index)
			return p[1];
	return n == 0 && index == 0 ? option->default_value : NULL;
}

static uint64_t mock_opt_count(const hf_options *options, const char *name)
{
	uint64_t n = 0;

	while (mock_opt_text(options, name, n))
		n++;
	return n;
}

static int64_t mock_choice(const hf_option *option, const char *text)
{
	const char *from = option->choices;

	for (int64_t i = 0; from; i++) {
		size_t len = strcspn(from, "|");

		if (strlen(text) == len && strncmp(from, text, len) == 0)
			return i;
		from = from[len] ? from + len + 1 : NULL;
	}
	out_of("a choice that is none");
	return 0;
}

static int64_t mock_opt_int(const hf_options *options, const char *name, uint64_t index)
{
	static const char units[] = "KMGT";
	const hf_option *option = find_option(options, name);
	const char *text = mock_opt_text(options, name, index), *unit;
	char *end;
	int64_t value;

	if (!text)
		return 0;
	if (option->type == HF_OPT_BOOL)
		return strcmp(text, "yes") == 0;
	if (option->type == HF_OPT_CHOICE)
		return mock_choice(option, text);
	value = strtoll(text, &end, 10);
	if (option->type == HF_OPT_SIZE && *end && (unit = strchr(units, *end)))
		value <<= 10 * (unit - units + 1);
	else if (*end)
		out_of("an option that is no number");
	return value;
}

static int32_t mock_object(hf_list *out, const hf_object *object)
{
	struct mock_object *item;

	if (out->fail_with)
		return out->fail_with;
	out->items = realloc(out->items, (out->count + 1) * sizeof *out->items);
	if (!out->items)
		out_of("memory");
	item = &out->items[out->count++];
	item->key = strdup(object->key);
	item->bytes = object->bytes;
	item->flags = object->flags;
	return HF_OK;
}

static void mock_removed(hf_removal *out, uint64_t index, int32_t status, const char *message)
{
	out->count++;
	out->last = index;
	out->status = status;
	snprintf(out->message, sizeof out->message, "%s", message);
}

const hf_host mock_host = {
	.size = sizeof mock_host,
	.abi_minor = HF_ABI_MINOR,
	.version = "test",
	.fail = mock_fail,
	.hint = mock_hint,
	.warn = mock_warn,
	.log = mock_log,
	.cancelled = mock_cancelled,
	.sleep = mock_sleep,
	.now = mock_now,
	.opt_count = mock_opt_count,
	.opt_text = mock_opt_text,
	.opt_int = mock_opt_int,
	.object = mock_object,
	.removed = mock_removed,
};

static int by_key(const void *a, const void *b)
{
	const struct mock_object *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void mock_list_sort(hf_list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof *list->items, by_key);
}

const struct mock_object *mock_list_find(const hf_list *list, const char *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].key, key) == 0)
			return &list->items[i];
	return NULL;
}

void mock_list_free(hf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].key);
	free(list->items);
	*list = (hf_list){ 0 };
}

const hf_driver *mock_driver(uint32_t kind)
{
	const hf_plugin *plugin = hf_plugin_v1(&mock_host);

	for (const hf_driver *const *driver = plugin->drivers; *driver; driver++)
		if ((*driver)->kind == kind)
			return *driver;
	out_of("the plugin has no driver of that kind");
	return NULL;
}
