/* SPDX-License-Identifier: MIT
 * Arguments of a command, its help, and how it ends. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "engine/command/command.h"
#include "engine/report/out.h"
#include "engine/util/cancel.h"
#include "engine/util/log.h"
#include "engine/util/nearest.h"

static const struct option_spec common[] = {
	{"json", false, "print JSON"},
	{"verbose", false, "say more (-v; -vv for everything)"},
	{"quiet", false, "say only what went wrong (-q)"},
	{"help", false, "show this help"},
	{NULL, false, NULL},
};

const char *args_value(const struct args *a, const char *name)
{
	for (size_t i = a->names.n; i-- > 0;)
		if (strcmp(a->names.v[i], name) == 0)
			return a->values.v[i];
	return NULL;
}

bool args_flag(const struct args *a, const char *name)
{
	return args_value(a, name) != NULL;
}

void args_values(const struct args *a, const char *name, struct strv *out)
{
	for (size_t i = 0; i < a->names.n; i++)
		if (strcmp(a->names.v[i], name) == 0)
			strv_add(out, a->values.v[i]);
}

const char *args_word(const struct args *a, size_t i)
{
	return i < a->words.n ? a->words.v[i] : NULL;
}

static const struct option_spec *find(const struct option_spec *table, const char *name, size_t n)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == n && strncmp(table->name, name, n) == 0)
			return table;
	return NULL;
}

static int32_t unknown_option(const struct command *c, const char *name, struct error *err)
{
	const char *names[64];
	const char *near;
	size_t n = 0;

	for (const struct option_spec *o = c->options; o && o->name && n < 60; o++)
		names[n++] = o->name;
	for (const struct option_spec *o = common; o->name; o++)
		names[n++] = o->name;
	near = nearest(name, names, n);
	error_set(err, HF_E_CONFIG, "holdfast %s has no option --%s", c->name, name);
	if (near)
		error_hint(err, "did you mean --%s? See holdfast %s --help", near, c->name);
	else
		error_hint(err, "see holdfast %s --help", c->name);
	return HF_E_CONFIG;
}

/* --NAME, --NAME=VALUE, --NAME VALUE. Moves *i over a value taken. */
static int32_t parse_long(struct args *a, int argc, char **argv, int *i, struct error *err)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_spec *spec = find(a->command->options, name, n);
	bool extra = false;

	if (!spec)
		spec = find(common, name, n);
	if (!spec) {
		autofree char *bare = xstrndup(name, n);

		/* --dryrun --into X must not take --into for its value */
		if (!a->command->extra_options ||
			(!equals && (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0)))
			return unknown_option(a->command, bare, err);
		extra = true;
	}
	if (spec && !spec->value && equals)
		return error_set(err, HF_E_CONFIG, "--%s takes no value", spec->name);
	const char *value = "";
	if (!spec || spec->value) {
		if (equals)
			value = equals + 1;
		else if (*i + 1 < argc)
			value = argv[++*i];
		else
			return error_set(err, HF_E_CONFIG, "--%.*s needs a value", (int)n, name);
	}
	strv_take(extra ? &a->extra_names : &a->names, xstrndup(name, n));
	strv_add(extra ? &a->extra_values : &a->values, value);
	return HF_OK;
}

static int32_t parse_short(struct args *a, const char *letters, struct error *err)
{
	static const struct {
		char letter;
		const char *name;
	} names[] = {{'v', "verbose"}, {'q', "quiet"}, {'h', "help"}};

	for (; *letters; letters++) {
		const char *name = NULL;

		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (names[i].letter == *letters)
				name = names[i].name;
		if (!name)
			return error_set(err, HF_E_CONFIG, "there is no option -%c", *letters);
		strv_add(&a->names, name);
		strv_add(&a->values, "");
	}
	return HF_OK;
}

static int32_t check_words(const struct args *a, struct error *err)
{
	const struct command *c = a->command;

	if (args_flag(a, "help"))
		return HF_OK;
	if (a->words.n < c->min_words)
		error_set(err, HF_E_CONFIG, "holdfast %s needs %s", c->name, c->synopsis);
	else if (a->words.n > c->max_words)
		error_set(err, HF_E_CONFIG, "holdfast %s: \"%s\" is one word too many", c->name,
			a->words.v[c->max_words]);
	else
		return HF_OK;
	error_hint(err, "see holdfast %s --help", c->name);
	return HF_E_CONFIG;
}

int32_t args_parse(const struct command *command, int argc, char **argv, struct args *a,
	struct error *err)
{
	int32_t status = HF_OK;
	bool words_only = false;

	*a = (struct args){.command = command};
	for (int i = 0; i < argc && status == HF_OK; i++) {
		if (words_only || argv[i][0] != '-' || !argv[i][1])
			strv_add(&a->words, argv[i]);
		else if (strcmp(argv[i], "--") == 0)
			words_only = true;
		else if (argv[i][1] == '-')
			status = parse_long(a, argc, argv, &i, err);
		else
			status = parse_short(a, argv[i] + 1, err);
	}
	/* --sink stands in the place of JOB */
	if (status == HF_OK && args_flag(a, "sink") && find(command->options, "sink", 4) &&
		command->min_words > 0) {
		struct strv words = {0};

		strv_add(&words, "");
		for (size_t i = 0; i < a->words.n; i++)
			strv_add(&words, a->words.v[i]);
		strv_free(&a->words);
		a->words = words;
	}
	return status == HF_OK ? check_words(a, err) : status;
}

void args_free(struct args *a)
{
	strv_free(&a->words);
	strv_free(&a->names);
	strv_free(&a->values);
	strv_free(&a->extra_names);
	strv_free(&a->extra_values);
}

static void print_options(const struct option_spec *o)
{
	for (; o && o->name; o++) {
		const char *text = o->help, *gap = strstr(text, "  ");
		char head[64];

		if (o->value && gap)
			snprintf(head, sizeof head, "--%s %.*s", o->name, (int)(gap - text), text);
		else
			snprintf(head, sizeof head, "--%s", o->name);
		printf("  %-26s %s\n", head, o->value && gap ? gap + 2 : text);
	}
}

void print_command_help(const struct command *c)
{
	printf("usage: holdfast %s %s [OPTION]...\n\n%s\n\noptions:\n", c->name, c->synopsis,
		c->summary);
	print_options(c->options);
	print_options(common);
	if (c->examples)
		printf("\nexamples:\n%s", c->examples);
}

int finish_error_as(struct error *err, int code)
{
	int number = cancel_signal();

	if (number != 0 && err->status == HF_E_CANCELLED && strcmp(err->message, "interrupted") != 0)
		error_prefix(err, "interrupted");
	log_error(err);
	if (out_json() && err->status != HF_OK)
		out_event("error", out_error(err));
	if (number != 0 && err->status == HF_E_CANCELLED)
		code = 128 + number;
	error_clear(err);
	return code;
}

int finish_error(struct error *err)
{
	switch (err->status) {
	case HF_OK:
		return EXIT_DONE;
	case HF_E_CONFIG:
		return finish_error_as(err, EXIT_USAGE);
	case HF_E_NOT_FOUND:
		return finish_error_as(err, EXIT_MISSING);
	case HF_E_CORRUPT:
		return finish_error_as(err, EXIT_DAMAGED);
	default:
		return finish_error_as(err, EXIT_FAILED);
	}
}
