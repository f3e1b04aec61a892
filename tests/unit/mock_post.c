/* SPDX-License-Identifier: MIT
 *
 * A host for post stages. It converts options as the header says, so that the
 * driver's own table, with its defaults, is what is tested.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_post.h"

HF_PRINTF(3, 4) static int32_t mock_fail(hf_ctx *ctx, int32_t status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ctx->message, sizeof(ctx->message), fmt, args);
	va_end(args);
	assert_true(strlen(ctx->message) > 0);
	assert_int_not_equal(ctx->message[strlen(ctx->message) - 1], '.');
	ctx->status = status;
	ctx->fails++;
	return status;
}

HF_PRINTF(2, 3) static void mock_hint(hf_ctx *ctx, const char *fmt, ...)
{
	va_list args;

	assert_int_not_equal(ctx->fails, 0);
	va_start(args, fmt);
	vsnprintf(ctx->hint, sizeof(ctx->hint), fmt, args);
	va_end(args);
}

HF_PRINTF(2, 3) static void mock_warn(hf_ctx *ctx, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ctx->warning, sizeof(ctx->warning), fmt, args);
	va_end(args);
	ctx->warnings++;
}

HF_PRINTF(3, 4) static void mock_log(hf_ctx *ctx, uint32_t level, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	assert_non_null(ctx);
	assert_true(level == HF_LOG_DEBUG || level == HF_LOG_INFO || level == HF_LOG_NOTICE);
	va_start(args, fmt);
	assert_true(vsnprintf(text, sizeof(text), fmt, args) > 0);
	va_end(args);
}

static int32_t mock_cancelled(hf_ctx *ctx)
{
	return ctx->cancelled;
}

static int64_t mock_now(hf_ctx *ctx)
{
	return ctx->now_ns;
}

static const hf_option *find_option(const hf_options *options, const char *name)
{
	for (const hf_option *o = options->table; o->name != NULL; o++) {
		if (strcmp(o->name, name) == 0)
			return o;
	}
	fail_msg("the driver asked for an option %s that it does not have", name);
	return NULL;
}

static const char *mock_opt_text(const hf_options *options, const char *name, uint64_t index)
{
	const hf_option *option = find_option(options, name);

	if (index > 0)
		return NULL;
	for (size_t i = 0; i < options->count; i++) {
		if (strcmp(options->given[i].name, name) == 0)
			return options->given[i].text;
	}
	return option->default_value;
}

static uint64_t mock_opt_count(const hf_options *options, const char *name)
{
	return mock_opt_text(options, name, 0) != NULL;
}

static int64_t choice_index(const hf_option *option, const char *text)
{
	const char *at = option->choices;

	for (int64_t i = 0;; i++) {
		size_t length = strcspn(at, "|");

		if (length == strlen(text) && strncmp(at, text, length) == 0)
			return i;
		assert_int_equal(at[length], '|');
		at += length + 1;
	}
}

static int64_t duration_ns(const char *text)
{
	char *end;
	int64_t value = strtoll(text, &end, 10);
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].unit, end) == 0)
			return value * units[i].seconds * INT64_C(1000000000);
	}
	fail_msg("not a duration: %s", text);
	return 0;
}

static int64_t mock_opt_int(const hf_options *options, const char *name, uint64_t index)
{
	const hf_option *option = find_option(options, name);
	const char *text = mock_opt_text(options, name, index);
	int64_t value = 0;

	if (text == NULL)
		return 0;
	switch (option->type) {
	case HF_OPT_INT:
		value = strtoll(text, NULL, 10);
		break;
	case HF_OPT_DURATION:
		value = duration_ns(text);
		break;
	case HF_OPT_PERCENT:
		value = (int64_t)(strtod(text, NULL) * 10000 + 0.5);
		break;
	case HF_OPT_CHOICE:
		return choice_index(option, text);
	default:
		fail_msg("%s is no number", name);
	}
	assert_true((option->min == 0 && option->max == 0) ||
	    (value >= option->min && value <= option->max));
	return value;
}

static const char *mock_catalogue_sink(hf_catalogue *catalogue)
{
	assert_non_null(catalogue);
	return "disk";
}

static uint64_t mock_point_count(hf_catalogue *catalogue)
{
	return catalogue->count;
}

static const hf_point *mock_point_at(hf_catalogue *catalogue, uint64_t index)
{
	return index < catalogue->count ? &catalogue->points[index] : NULL;
}

static const hf_entry *mock_point_entry(hf_catalogue *catalogue, uint64_t index, uint64_t entry)
{
	if (index >= catalogue->count || entry >= catalogue->points[index].entries)
		return NULL;
	return &catalogue->entries[entry];
}

static int32_t mock_verify(hf_ctx *ctx, hf_catalogue *catalogue, uint64_t index, uint32_t level,
    const uint64_t *entries, uint64_t count)
{
	struct mock_verify_call *call = &catalogue->calls[catalogue->call_count++];
	int32_t status = catalogue->answers != NULL ? catalogue->answers[index] : HF_OK;

	assert_in_range(catalogue->call_count, 1, MOCK_CALLS - 1);
	assert_in_range(count, 0, MOCK_CALLS);
	*call = (struct mock_verify_call){.point = index, .level = level, .count = count};
	for (uint64_t i = 0; i < count; i++)
		call->entries[i] = entries[i];
	ctx->cancelled = catalogue->cancel_after == catalogue->call_count;
	if (status != HF_OK)
		return mock_fail(ctx, status, "verify of point %zu answers %d", (size_t)index,
		    (int)status);
	return HF_OK;
}

static void take_verdict(hf_catalogue *catalogue, uint64_t index, const char *reason, bool expire)
{
	struct mock_verdict *verdict;

	assert_in_range(index, 0, catalogue->count - 1);
	verdict = &catalogue->verdicts[index];
	verdict->given++;
	verdict->expire = expire;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
	assert_true(strlen(reason) > 0);
}

static void mock_keep(hf_catalogue *catalogue, uint64_t index, const char *reason)
{
	take_verdict(catalogue, index, reason, false);
}

static void mock_expire(hf_catalogue *catalogue, uint64_t index, const char *reason)
{
	take_verdict(catalogue, index, reason, true);
}

const hf_host mock_host = {
	.size = sizeof(mock_host),
	.abi_minor = HF_ABI_MINOR,
	.version = "test",
	.fail = mock_fail,
	.hint = mock_hint,
	.warn = mock_warn,
	.log = mock_log,
	.cancelled = mock_cancelled,
	.now = mock_now,
	.opt_count = mock_opt_count,
	.opt_text = mock_opt_text,
	.opt_int = mock_opt_int,
	.catalogue_sink = mock_catalogue_sink,
	.point_count = mock_point_count,
	.point = mock_point_at,
	.point_entry = mock_point_entry,
	.verify = mock_verify,
	.keep = mock_keep,
	.expire = mock_expire,
};

const hf_driver *mock_driver(void)
{
	const hf_plugin *plugin = hf_plugin_v1(&mock_host);

	assert_non_null(plugin);
	assert_int_equal(plugin->abi_major, HF_ABI_MAJOR);
	assert_non_null(plugin->drivers[0]);
	assert_null(plugin->drivers[1]);
	assert_int_equal(plugin->drivers[0]->kind, HF_KIND_POST);
	return plugin->drivers[0];
}

static void give(hf_options *options, const char *name, const char *text)
{
	assert_in_range(options->count, 0, MOCK_OPTIONS - 1);
	(void)find_option(options, name);
	options->given[options->count].name = name;
	options->given[options->count++].text = text;
}

int32_t mock_open(hf_ctx *ctx, hf_options *options, void **self, ...)
{
	const hf_driver *driver = mock_driver();
	const char *name;
	va_list args;

	*options = (hf_options){.table = driver->options};
	va_start(args, self);
	while ((name = va_arg(args, const char *)) != NULL)
		give(options, name, va_arg(args, const char *));
	va_end(args);
	return driver->open(ctx, options, self);
}

int32_t mock_open_list(hf_ctx *ctx, hf_options *options, void **self, const char *const *list)
{
	const hf_driver *driver = mock_driver();

	*options = (hf_options){.table = driver->options};
	for (; list[0] != NULL; list += 2)
		give(options, list[0], list[1]);
	return driver->open(ctx, options, self);
}

hf_point mock_point(const char *id, int64_t begin_ns)
{
	return (hf_point){
		.size = sizeof(hf_point),
		.flags = HF_POINT_COMPLETE,
		.id = id,
		.job = "job",
		.host = "",
		.begin_ns = begin_ns,
		.end_ns = begin_ns + 1,
	};
}
