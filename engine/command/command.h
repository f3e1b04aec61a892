/* SPDX-License-Identifier: MIT
 * What every command has: its arguments, its help, its exit code. */
#ifndef HF_COMMAND_COMMAND_H
#define HF_COMMAND_COMMAND_H

#include <stdbool.h>
#include "engine/util/error.h"
#include "engine/util/mem.h"

/* Exit codes, documented in holdfast(1). An interrupted command exits with 128 + the signal's number. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PARTIAL = 3,
	EXIT_LOCKED = 4,
	EXIT_MISSING = 5,
	EXIT_DAMAGED = 6,
};

/* Options: --NAME VALUE or --NAME=VALUE, or flags. */
struct option_spec {
	const char *name; /* without dashes */
	bool value;
	const char *help; /* "VALUE meaning" for --help: "NAME  use this sink" */
};

struct args {
	const struct command *command;
	struct strv words;         /* positional */
	struct strv names, values; /* options given, in order; a flag's value is "" */
	struct strv extra_names, extra_values; /* unknown --NAME VALUE, where the command takes them */
};

struct command {
	const char *name;
	const char *synopsis; /* "JOB [POINT]" */
	const char *summary;  /* one line */
	const char *examples; /* lines */
	const struct option_spec *options; /* ends with name NULL */
	unsigned min_words, max_words;
	bool extra_options; /* unknown options go to a driver */
	int (*run)(struct args *args);
};

/* The value of the last --NAME, or NULL. */
const char *args_value(const struct args *a, const char *name);
bool args_flag(const struct args *a, const char *name);
/* All values of --NAME, in order; the list borrows nothing. */
void args_values(const struct args *a, const char *name, struct strv *out);
/* Word number i, or NULL. */
const char *args_word(const struct args *a, size_t i);
/* Parses argv after the command's name. Errors name the nearest option. */
int32_t args_parse(const struct command *command, int argc, char **argv, struct args *out,
	struct error *err);
void args_free(struct args *a);
void print_command_help(const struct command *command);

/* Prints an error (and as JSON event with --json), frees it and tells the exit code for its class:
 * HF_E_CONFIG 2, HF_E_NOT_FOUND 5, HF_E_CORRUPT 6, else 1; interrupted 128 + signal. */
int finish_error(struct error *err);
/* The same, but `code` whatever the class (an interruption still counts). */
int finish_error_as(struct error *err, int code);

extern const struct command command_backup, command_cat, command_check, command_copy,
	command_list, command_pin, command_plugins, command_prune, command_restore, command_show,
	command_verify;

#endif
