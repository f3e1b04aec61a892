/* SPDX-License-Identifier: MIT
 * options.c - option values: read by type as the host reads them, and handed
 * to the driver with every question checked against its table
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

uint64_t option_choices(const hf_option *option)
{
	uint64_t count = 1;

	if (!option->choices)
		return 0;
	for (const char *c = option->choices; *c; c++)
		count += *c == '|';
	return count;
}

char *option_choice(const hf_option *option, uint64_t index)
{
	const char *at = option->choices;

	while (index-- && at && (at = strchr(at, '|')))
		at++;
	return at ? need(strndup(at, strcspn(at, "|"))) : NULL;
}

static bool parse_choice(const hf_option *option, const char *given, int64_t *number)
{
	for (uint64_t i = 0; i < option_choices(option); i++) {
		char *choice = option_choice(option, i);
		bool same = strcmp(choice, given) == 0;

		free(choice);
		if (same) {
			*number = (int64_t)i;
			return true;
		}
	}
	return false;
}

/* Digits, then a unit. */
static bool parse_scaled(const char *given, const char *units, const int64_t *scales,
    bool unit_needed, int64_t *number)
{
	char *end;
	int64_t value, scale = 1;

	if (given[0] < '0' || given[0] > '9')
		return false;
	errno = 0;
	value = strtoll(given, &end, 10);
	if (errno)
		return false;
	if (*end) {
		const char *unit = strchr(units, *end);

		if (!unit || end[1])
			return false;
		scale = scales[unit - units];
	} else if (unit_needed && value) {
		return false;
	}
	return !__builtin_mul_overflow(value, scale, number);
}

static bool parse_percent(const char *given, int64_t *number)
{
	int64_t whole = 0, part = 0, scale = 10000;
	const char *c = given;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++)
		if ((whole = whole * 10 + (*c - '0')) > 1000000000)
			return false;
	if (*c == '.')
		for (c++; *c >= '0' && *c <= '9' && scale > 1; c++)
			part += (*c - '0') * (scale /= 10);
	*number = whole * 10000 + part;
	return strcmp(c, "%") == 0;
}

static bool parse_by_type(const hf_option *option, const char *given, int64_t *number)
{
	static const int64_t powers[] = {1024, 1048576, 1073741824, 1099511627776};
	static const int64_t spans[] = {1000000000, 60000000000, 3600000000000, 86400000000000,
		604800000000000};
	char *end;

	*number = 0;
	switch (option->type) {
	case HF_OPT_STRING:
	case HF_OPT_PATH:
		return true;
	case HF_OPT_INT:
		errno = 0;
		*number = strtoll(given, &end, 10);
		return *given && *given != ' ' && !*end && !errno;
	case HF_OPT_SIZE:
		return parse_scaled(given, "KMGT", powers, false, number);
	case HF_OPT_DURATION:
		return parse_scaled(given, "smhdw", spans, true, number);
	case HF_OPT_BOOL:
		*number = strcmp(given, "yes") == 0;
		return *number || strcmp(given, "no") == 0;
	case HF_OPT_CHOICE:
		return parse_choice(option, given, number);
	case HF_OPT_PERCENT:
		return parse_percent(given, number);
	default:
		return false;
	}
}

bool option_parse(const hf_option *option, const char *given, int64_t *number, const char **why)
{
	bool ranged = option->type == HF_OPT_INT || option->type == HF_OPT_SIZE ||
	    option->type == HF_OPT_DURATION || option->type == HF_OPT_PERCENT;

	if (!parse_by_type(option, given, number)) {
		*why = "it does not read as its type";
		return false;
	}
	if (ranged && (option->min || option->max) &&
	    (*number < option->min || *number > option->max)) {
		*why = "it is not between min and max";
		return false;
	}
	return true;
}

static const hf_option *find_option(const hf_option *table, const char *name, size_t length)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == length && memcmp(table->name, name, length) == 0)
			return table;
	return NULL;
}

hf_options *options_new(struct mock *mock, const hf_option *table)
{
	hf_options *options = need(calloc(1, sizeof(*options)));

	options->mock = mock;
	options->table = table;
	return options;
}

bool options_add(hf_options *options, const char *name, const char *value, const char **why)
{
	size_t length = strcspn(name, ".");
	const hf_option *option = find_option(options->table, name, length);
	struct value made = {.option = option};

	if (!option) {
		*why = "the driver has no such option";
		return false;
	}
	if (!option_parse(option, value, &made.number, why))
		return false;
	made.key = name[length] ? need(strdup(name + length + 1)) : NULL;
	made.text = need(strdup(value));
	options->values = need(realloc(options->values,
	    (options->count + 1) * sizeof(*options->values)));
	options->values[options->count++] = made;
	if (option->flags & HF_OPT_SECRET)
		mock_secret(options->mock, value);
	return true;
}

static bool given(const hf_options *options, const hf_option *option)
{
	for (size_t i = 0; i < options->count; i++)
		if (options->values[i].option == option)
			return true;
	return false;
}

const char *options_finish(hf_options *options)
{
	const char *why;

	for (const hf_option *o = options->table; o && o->name; o++) {
		if (given(options, o))
			continue;
		if (o->flags & HF_OPT_REQUIRED)
			return o->name;
		if (o->default_value)
			options_add(options, o->name, o->default_value, &why);
	}
	return NULL;
}

void options_free(hf_options *options)
{
	if (!options)
		return;
	for (size_t i = 0; i < options->count; i++) {
		free(options->values[i].key);
		free(options->values[i].text);
	}
	free(options->values);
	free(options);
}

char *substitute(const char *value, const char *scratch)
{
	static const char mark[] = "@SCRATCH@";
	char *made = need(strdup(""));
	const char *at;

	while ((at = strstr(value, mark))) {
		char *longer = text("%s%.*s%s", made, (int)(at - value), value, scratch);

		free(made);
		made = longer;
		value = at + sizeof(mark) - 1;
	}
	{
		char *longer = text("%s%s", made, value);

		free(made);
		return longer;
	}
}

void settings_add(struct settings *settings, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	struct setting made = {
		.name = need(strndup(assignment, (size_t)(equals - assignment))),
		.value = need(strdup(equals + 1)),
	};

	settings->items = need(realloc(settings->items,
	    (settings->count + 1) * sizeof(*settings->items)));
	settings->items[settings->count++] = made;
}

const char *settings_get(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].name, name) == 0)
			return settings->items[i].value;
	return NULL;
}

/* --- what the driver calls --- */

static const struct value *ask(const hf_options *options, const char *name, uint64_t index,
    const char *function)
{
	if (!options || !name) {
		fprintf(stderr, "%s() was called with NULL\n", function);
		abort();
	}
	count_call(options->mock);
	if (options->closed)
		flaw(options->mock->report, "%s(\"%s\") was called after close", function, name);
	if (!find_option(options->table, name, strlen(name))) {
		flaw(options->mock->report,
		    "%s(\"%s\"): the driver's table has no such option", function, name);
		return NULL;
	}
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->values[i].option->name, name) == 0 && index-- == 0)
			return &options->values[i];
	return NULL;
}

uint64_t mock_opt_count(const hf_options *options, const char *name)
{
	uint64_t count = 0;

	ask(options, name, 0, "opt_count");
	for (size_t i = 0; i < options->count; i++)
		count += strcmp(options->values[i].option->name, name) == 0;
	return count;
}

const char *mock_opt_text(const hf_options *options, const char *name, uint64_t index)
{
	const struct value *value = ask(options, name, index, "opt_text");

	return value ? value->text : NULL;
}

int64_t mock_opt_int(const hf_options *options, const char *name, uint64_t index)
{
	const struct value *value = ask(options, name, index, "opt_int");
	const hf_option *option = find_option(options->table, name, strlen(name));

	if (option && (option->type == HF_OPT_STRING || option->type == HF_OPT_PATH))
		flaw(options->mock->report, "opt_int(\"%s\"): a text has no number", name);
	return value ? value->number : 0;
}

const char *mock_opt_key(const hf_options *options, const char *name, uint64_t index)
{
	const struct value *value = ask(options, name, index, "opt_key");

	return value ? value->key : NULL;
}
