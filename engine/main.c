/* SPDX-License-Identifier: MIT
 * holdfast: picks the command. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/command/command.h"
#include "engine/driver/instance.h"
#include "engine/report/out.h"
#include "engine/util/cancel.h"
#include "engine/util/log.h"
#include "engine/util/nearest.h"

static const struct command *const commands[] = {
	&command_check, &command_backup, &command_list, &command_show, &command_verify,
	&command_restore, &command_prune, &command_copy, &command_cat, &command_pin,
	&command_plugins,
};
#define COMMANDS (sizeof commands / sizeof *commands)

static void print_help(void)
{
	printf("usage: holdfast COMMAND [ARGUMENT]... [OPTION]...\n\n"
	       "Backs up databases, documents and files as one recovery point, and puts them back.\n\n"
	       "commands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s %-24s %s\n", commands[i]->name, commands[i]->synopsis,
			commands[i]->summary);
	printf("\nJOB is a job file, or the name of one in %s.\n"
	       "`holdfast COMMAND --help` shows a command's options with examples; `man holdfast`\n"
	       "is the whole manual.\n",
		JOBSDIR);
}

static const struct command *find_command(const char *name, struct error *err)
{
	const char *names[COMMANDS], *near;

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
		names[i] = commands[i]->name;
	}
	near = nearest(name, names, COMMANDS);
	error_set(err, HF_E_CONFIG, "there is no command \"%s\"", name);
	if (near)
		error_hint(err, "did you mean \"%s\"? See holdfast --help", near);
	else
		error_hint(err, "see holdfast --help");
	return NULL;
}

static void set_verbosity(const struct args *a)
{
	int level = LOG_LEVEL_NORMAL;

	for (size_t i = 0; i < a->names.n; i++) {
		if (strcmp(a->names.v[i], "verbose") == 0 && level < LOG_LEVEL_DEBUG)
			level += 10;
		else if (strcmp(a->names.v[i], "quiet") == 0)
			level = LOG_LEVEL_QUIET;
	}
	log_set_level((enum log_level)level);
	out_set_json(args_flag(a, "json"));
}

static int run(int argc, char **argv)
{
	struct error err = {0};
	struct args args;
	int code;

	if (argc < 2) {
		print_help();
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_help();
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("holdfast %s (ABI %d.%d)\n", PACKAGE_VERSION, HF_ABI_MAJOR, HF_ABI_MINOR);
		return EXIT_DONE;
	}
	/* options may stand before the command: holdfast -v backup JOB */
	int at = 1;
	while (at + 1 < argc && argv[at][0] == '-')
		at++;
	const struct command *command = find_command(argv[at], &err);
	if (!command)
		return finish_error(&err);
	memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv);
	if (args_parse(command, argc - 2, argv + 2, &args, &err) != HF_OK) {
		code = finish_error(&err);
	} else if (args_flag(&args, "help")) {
		print_command_help(command);
		code = EXIT_DONE;
	} else {
		set_verbosity(&args);
		code = command->run(&args);
	}
	args_free(&args);
	return code;
}

int main(int argc, char **argv)
{
	struct error err = {0};
	int code;

	umask(077); /* whatever is made is its owner's alone */
	cancel_install();
	code = run(argc, argv);
	temp_dirs_remove();
	registry_free();
	if (out_flush(&err) != HF_OK)
		code = code == EXIT_DONE ? finish_error(&err) : code;
	error_clear(&err);
	return code;
}
