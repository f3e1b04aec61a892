/* SPDX-License-Identifier: MIT
 * laws_options.c - option tables are sound, and any values within their types
 * are taken or refused with a message, never with a crash
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define ROUNDS 300u
#define KNOWN_FLAGS (HF_OPT_REQUIRED | HF_OPT_LIST | HF_OPT_SECRET | HF_OPT_KEYED)

/* --- tables --- */

static bool option_name_sound(const char *name)
{
	static const char *const taken[] = {"plugin", "sink", "required", "incremental"};

	for (size_t i = 0; i < COUNT(taken); i++)
		if (strcmp(name, taken[i]) == 0)
			return false;
	return name[0] >= 'a' && name[0] <= 'z' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static bool clashes(const hf_option *one, const hf_option *other)
{
	char *file;
	bool same;

	if (strcmp(one->name, other->name) == 0)
		return true;
	if (!(one->flags & HF_OPT_SECRET))
		return false;
	file = text("%s_file", one->name);
	same = strcmp(file, other->name) == 0;
	free(file);
	return same;
}

static void check_values(struct report *report, const hf_option *o)
{
	const char *why;
	int64_t number;

	if (o->type == HF_OPT_CHOICE && (!o->choices || !o->choices[0]))
		flaw(report, "option %s: a choice without choices", o->name);
	else if (o->type != HF_OPT_CHOICE && o->choices)
		flaw(report, "option %s: choices, but another type", o->name);
	else if (o->default_value && !option_parse(o, o->default_value, &number, &why))
		flaw(report, "option %s: the default %s: %s", o->name, o->default_value, why);
	if (o->min > o->max)
		flaw(report, "option %s: min is above max", o->name);
	if ((o->min || o->max) && (o->type == HF_OPT_STRING || o->type == HF_OPT_PATH ||
	    o->type == HF_OPT_BOOL || o->type == HF_OPT_CHOICE))
		flaw(report, "option %s: min and max are for numbers", o->name);
	if (o->default_value && (o->flags & HF_OPT_REQUIRED))
		flaw(report, "option %s: required, and a default", o->name);
}

static void check_option(struct report *report, const hf_option *o)
{
	size_t help = o->help ? strlen(o->help) : 0;

	if (!option_name_sound(o->name))
		flaw(report, "option %s: not [a-z][a-z0-9_]*, or a name of the host", o->name);
	if (o->type < 10 || o->type > 80 || o->type % 10)
		flaw(report, "option %s: unknown type %u", o->name, o->type);
	if (o->flags & ~KNOWN_FLAGS)
		flaw(report, "option %s: unknown flags %#x", o->name, o->flags);
	if (!help || strchr(o->help, '\n') || o->help[help - 1] == '.')
		flaw(report, "option %s: help is one line without a full stop", o->name);
	check_values(report, o);
}

static void check_table(struct report *report, const hf_option *table)
{
	for (const hf_option *o = table; o && o->name; o++) {
		check_option(report, o);
		for (const hf_option *other = table; other->name; other++)
			if (other != o && clashes(o, other))
				flaw(report, "option %s: clashes with %s", o->name, other->name);
	}
}

static void tables(struct world *world)
{
	check_table(world->report, world->driver.options);
	if (world->driver.source)
		check_table(world->report, world->source.restore_options);
}

/* --- fuzz --- */

static char *strange_text(struct world *world, const hf_option *o)
{
	static const char *const samples[] = {
		"", " ", "x", "caf\xc3\xa9", "%s%n%d", "a\tb\nc", "'\"\\;$(reboot)`", "../..",
		"\xff\xfe", "null", "-", "0", "http://[::1]:99999/?#", "*", "[", "\x01\x7f", "a=b,c=d",
	};
	uint64_t pick = random_below(world, COUNT(samples) + 2);
	char *made;
	size_t size;

	if (o->flags & HF_OPT_SECRET)
		return text("s3cr3t-%" PRIx64, random_next(world));
	if (pick < COUNT(samples)) {
		/* A path comes absolute, and nothing outside the scratch may be touched. */
		if (o->type == HF_OPT_PATH)
			return text("%s/%s", world->scratch,
			    strcmp(samples[pick], "../..") ? samples[pick] : "none/none");
		return need(strdup(samples[pick]));
	}
	size = pick == COUNT(samples) ? 5000 : 65000;
	made = need(malloc(size + 1));
	memset(made, 'y', size);
	made[size] = '\0';
	if (o->type == HF_OPT_PATH) {
		char *path = text("%s/%s", world->scratch, made);

		free(made);
		made = path;
	}
	return made;
}

static int64_t strange_number(struct world *world, const hf_option *o)
{
	bool limited = o->min || o->max;
	int64_t least = limited ? o->min : o->type == HF_OPT_INT ? INT64_MIN : 0;
	int64_t most = limited ? o->max : o->type == HF_OPT_PERCENT ? 1000000 : INT64_MAX;

	switch (random_below(world, 4)) {
	case 0: return least;
	case 1: return most;
	case 2: return least <= 0 && most >= 0 ? 0 : least;
	default: {
		uint64_t span = (uint64_t)most - (uint64_t)least;

		return (int64_t)((uint64_t)least +
		    (span == UINT64_MAX ? random_next(world) : random_below(world, span + 1)));
	}
	}
}

static char *strange_value(struct world *world, const hf_option *o)
{
	int64_t number;

	switch (o->type) {
	case HF_OPT_INT:
	case HF_OPT_SIZE:
		return text("%" PRId64, strange_number(world, o));
	case HF_OPT_DURATION:
		return text("%" PRId64 "s", strange_number(world, o) / 1000000000);
	case HF_OPT_PERCENT:
		number = strange_number(world, o);
		return text("%" PRId64 ".%04" PRId64 "%%", number / 10000, number % 10000);
	case HF_OPT_BOOL:
		return need(strdup(random_below(world, 2) ? "yes" : "no"));
	case HF_OPT_CHOICE:
		return option_choice(o, random_below(world, option_choices(o)));
	default:
		return strange_text(world, o);
	}
}

/* One option: as given on the command line, left out, or strange. */
static void add_strange(struct world *world, hf_options *options, const hf_option *o)
{
	uint64_t count = 1;

	if (o->flags & (HF_OPT_LIST | HF_OPT_KEYED))
		count = random_below(world, 10) ? random_below(world, 4) : 60;
	if (!count && (o->flags & HF_OPT_REQUIRED))
		count = 1;
	while (count--) {
		char *value = strange_value(world, o);
		char *name = o->flags & HF_OPT_KEYED ?
		    text("%s.key%u", o->name, (unsigned)count) : need(strdup(o->name));
		const char *why;

		/* A duration cut to seconds may leave the limits: then it is not given. */
		if (!options_add(options, name, value, &why) && (o->flags & HF_OPT_REQUIRED) &&
		    o->min)
			note(world->report, "%s=%s: %s", name, value, why);
		free(name);
		free(value);
	}
}

static void add_given(struct world *world, hf_options *options, const hf_option *o)
{
	const struct settings *given = &world->config->options;

	for (size_t i = 0; i < given->count; i++) {
		const char *why;
		char *value;

		if (strncmp(given->items[i].name, o->name, strlen(o->name)) != 0)
			continue;
		if (given->items[i].name[strcspn(given->items[i].name, ".")] == '\0' &&
		    strcmp(given->items[i].name, o->name) != 0)
			continue;
		value = substitute(given->items[i].value, world->scratch);
		options_add(options, given->items[i].name, value, &why);
		free(value);
	}
}

static void open_with(struct world *world, hf_options *options)
{
	hf_ctx *ctx = call_begin(world->mock, CALL_OPEN, "open");
	void *self = NULL;

	if (call_done(ctx, world->driver.open(ctx, options, &self)) != HF_OK)
		return;
	ctx = call_begin(world->mock, CALL_CLOSE, "close");
	world->driver.close(ctx, self);
	call_done_void(ctx);
}

static void fuzz(struct world *world)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		hf_options *options = options_new(world->mock, world->driver.options);
		unsigned flaws = atomic_load(&world->report->flaws);

		for (const hf_option *o = world->driver.options; o && o->name; o++) {
			uint64_t pick = random_below(world, 3);

			if (pick == 0)
				add_given(world, options, o);
			else if (pick == 1 || (o->flags & HF_OPT_REQUIRED))
				add_strange(world, options, o);
		}
		if (!options_finish(options)) /* the host refuses what lacks a required one */
			open_with(world, options);
		if (atomic_load(&world->report->flaws) != flaws) {
			for (size_t i = 0; i < options->count; i++)
				flaw(world->report, "  with %s = %.60s",
				    options->values[i].option->name, options->values[i].text);
			options_free(options);
			return;
		}
		options_free(options);
		mock_reset(world->mock);
	}
}

static const char *skip_no_options(const struct world *world)
{
	return world->driver.options && world->driver.options[0].name ? NULL :
	    "the driver has no options";
}

const struct law laws_options[] = {
	{"options: the tables are sound", 0, tables, NULL},
	{"options: any values are taken or refused with a message", 0, fuzz, skip_no_options},
	{NULL, 0, NULL, NULL},
};
