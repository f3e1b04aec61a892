/* SPDX-License-Identifier: MIT
 * main.c - holdfast-driver-check: runs the drivers of a plugin through the
 * laws of holdfast/plugin.h, before a mock host that believes nothing
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static const struct law *const all_laws[] = {
	laws_driver, laws_options, laws_source, laws_restore, laws_sink_put, laws_sink_list,
	laws_sink_lock, laws_filter, laws_filter_data, laws_post,
};

static const char help[] =
    "Usage: holdfast-driver-check [OPTION]... FILE.so\n"
    "Runs the drivers of a Holdfast plugin through the laws of holdfast/plugin.h.\n"
    "\n"
    "  --driver NAME            only this driver, or KIND:NAME (source:files)\n"
    "  --option KEY=VALUE       an option of the driver; may be repeated\n"
    "  --into TARGET            source: where a restore may write\n"
    "  --restore-option K=V     source: an option of the restore\n"
    "  --again KEY=VALUE        source: options to back up what was restored\n"
    "  --tool COMMAND           compressor: a shell command that decodes\n"
    "  --tool-encode COMMAND    compressor: a shell command that encodes\n"
    "  --scratch DIR            where to work (a new folder below /tmp)\n"
    "  --law TEXT               only laws whose name contains TEXT\n"
    "  --list                   name the laws and run none\n"
    "  --timeout SECONDS        for each law (60)\n"
    "  --seed NUMBER            of the random values (1)\n"
    "  --no-fork                all laws in this process, for a debugger\n"
    "  -v, --verbose            show errors, warnings and log lines of the driver\n"
    "\n"
    "@SCRATCH@ in a value stands for the law's own empty folder. Each law runs in\n"
    "a process of its own. The result is TAP; the exit code is 1 if a law failed\n"
    "and 2 if the plugin could not be loaded.\n"
    "\n"
    "  holdfast-driver-check --option path=@SCRATCH@/store sink.so\n"
    "  holdfast-driver-check --tool 'zstd -dc' --tool-encode 'zstd -c' zstd.so\n";

uint64_t random_next(struct world *world)
{
	uint64_t x = world->random += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint64_t random_below(struct world *world, uint64_t limit)
{
	return limit ? random_next(world) % limit : 0;
}

void random_fill(struct world *world, void *data, size_t size)
{
	unsigned char *at = data;

	for (size_t i = 0; i < size; i++)
		at[i] = (unsigned char)(random_next(world) >> 24);
}

/* --- the command line --- */

enum { OPT_DRIVER = 256, OPT_OPTION, OPT_INTO, OPT_RESTORE, OPT_AGAIN, OPT_TOOL, OPT_TOOL_ENCODE,
	OPT_SCRATCH, OPT_LAW, OPT_LIST, OPT_TIMEOUT, OPT_SEED, OPT_NO_FORK, OPT_HELP };

static const struct option long_options[] = {
	{"driver", required_argument, NULL, OPT_DRIVER},
	{"option", required_argument, NULL, OPT_OPTION},
	{"into", required_argument, NULL, OPT_INTO},
	{"restore-option", required_argument, NULL, OPT_RESTORE},
	{"again", required_argument, NULL, OPT_AGAIN},
	{"tool", required_argument, NULL, OPT_TOOL},
	{"tool-encode", required_argument, NULL, OPT_TOOL_ENCODE},
	{"scratch", required_argument, NULL, OPT_SCRATCH},
	{"law", required_argument, NULL, OPT_LAW},
	{"list", no_argument, NULL, OPT_LIST},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"seed", required_argument, NULL, OPT_SEED},
	{"no-fork", no_argument, NULL, OPT_NO_FORK},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static void usage(const char *what, const char *which)
{
	fprintf(stderr, "holdfast-driver-check: %s%s\nTry holdfast-driver-check --help\n", what,
	    which);
	exit(2);
}

static void assign(struct settings *settings, const char *argument)
{
	if (!strchr(argument, '=') || argument[0] == '=')
		usage("KEY=VALUE is wanted, not ", argument);
	settings_add(settings, argument);
}

static uint64_t number(const char *argument, uint64_t most)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(argument, &end, 10);
	if (errno || !*argument || *end || value < 1 || value > most)
		usage("not a number that fits here: ", argument);
	return value;
}

static void take_option(struct config *config, int option)
{
	switch (option) {
	case OPT_DRIVER: config->driver = optarg; break;
	case OPT_OPTION: assign(&config->options, optarg); break;
	case OPT_INTO: config->into = optarg; break;
	case OPT_RESTORE: assign(&config->restore_options, optarg); break;
	case OPT_AGAIN: assign(&config->again, optarg); break;
	case OPT_TOOL: config->tool = optarg; break;
	case OPT_TOOL_ENCODE: config->tool_encode = optarg; break;
	case OPT_SCRATCH: config->scratch = optarg; break;
	case OPT_LAW: config->law = optarg; break;
	case OPT_LIST: config->list_only = true; break;
	case OPT_TIMEOUT: config->timeout = (unsigned)number(optarg, 86400); break;
	case OPT_SEED: config->seed = number(optarg, UINT64_MAX); break;
	case OPT_NO_FORK: config->no_fork = true; break;
	case 'v': config->verbose = true; break;
	case OPT_HELP:
		fputs(help, stdout);
		exit(0);
	default:
		usage("the command line is wrong", "");
	}
}

static void parse(struct config *config, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "v", long_options, NULL)) != -1)
		take_option(config, option);
	if (config->list_only && optind == argc)
		return;
	if (optind + 1 != argc)
		usage("one FILE.so is wanted", "");
	config->file = argv[optind];
}

/* --- the plugin --- */

static const hf_plugin *load(const char *file)
{
	char *path = realpath(file, NULL);
	void *module, *symbol;
	hf_plugin_entry entry;
	const hf_plugin *plugin;

	if (!path) {
		fprintf(stderr, "holdfast-driver-check: %s: %s\n", file, strerror(errno));
		return NULL;
	}
	if (!elf_whole(path)) {
		fprintf(stderr, "holdfast-driver-check: %s: not a shared object of this machine, "
		    "or cut short\n", file);
		free(path);
		return NULL;
	}
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* stays: a host never unloads either */
	free(path);
	symbol = module ? dlsym(module, "hf_plugin_v1") : NULL;
	if (!symbol) {
		fprintf(stderr, "holdfast-driver-check: %s\n", dlerror());
		return NULL;
	}
	memcpy(&entry, &symbol, sizeof(entry));
	plugin = entry(&mock_table);
	if (!plugin || !plugin->drivers)
		fprintf(stderr, "holdfast-driver-check: %s: the plugin refuses this host, or has "
		    "no drivers\n", file);
	return plugin && plugin->drivers ? plugin : NULL;
}

static const char *kind_name(uint32_t kind)
{
	switch (kind) {
	case HF_KIND_SOURCE: return "source";
	case HF_KIND_COMPRESSOR: return "compressor";
	case HF_KIND_SINK: return "sink";
	case HF_KIND_POST: return "post";
	default: return "unknown";
	}
}

static bool wanted(const struct config *config, const hf_driver *driver)
{
	char *full;
	bool same;

	if (!config->driver || !driver->name)
		return true;
	full = text("%s:%s", kind_name(driver->kind), driver->name);
	same = strcmp(config->driver, driver->name) == 0 || strcmp(config->driver, full) == 0;
	free(full);
	return same;
}

/* --- the laws --- */

struct tally {
	unsigned number;
	unsigned failed;
	bool broken; /* the tables are not sound: the other laws would only crash */
};

static const char *law_skipped(const struct law *law, const struct config *config,
    const hf_driver *driver)
{
	struct world world = {.config = config};

	if (!law->skip)
		return NULL;
	world_adopt(&world, driver);
	return law->skip(&world);
}

static void run_one(const struct law *law, const struct config *config, const hf_plugin *plugin,
    const hf_driver *driver, struct tally *tally)
{
	const char *skip;
	bool done;

	if (law->kind && law->kind != driver->kind)
		return;
	if (config->law && !strstr(law->name, config->law))
		return;
	tally->number++;
	skip = tally->broken ? "the driver's description is not sound" :
	    law_skipped(law, config, driver);
	if (skip) {
		printf("ok %u - %s # SKIP %s\n", tally->number, law->name, skip);
		fflush(stdout);
		return;
	}
	done = run_law(law, config, plugin, driver, tally->number);
	printf("%sok %u - %s\n", done ? "" : "not ", tally->number, law->name);
	fflush(stdout);
	tally->failed += !done;
	if (!done && strstr(law->name, "functions is complete"))
		tally->broken = true;
}

static void run_driver(const struct config *config, const hf_plugin *plugin,
    const hf_driver *driver, struct tally *tally)
{
	printf("# %s %s\n", kind_name(driver->kind), driver->name ? driver->name : "?");
	tally->broken = false;
	for (size_t i = 0; i < COUNT(all_laws); i++)
		for (const struct law *law = all_laws[i]; law->name; law++)
			run_one(law, config, plugin, driver, tally);
}

static int run_plugin(const struct config *config, const hf_plugin *plugin)
{
	struct tally tally = {0};

	for (const hf_driver *const *driver = plugin->drivers; *driver; driver++)
		if (wanted(config, *driver))
			run_driver(config, plugin, *driver, &tally);
	printf("1..%u\n", tally.number);
	if (!tally.number) {
		fputs("holdfast-driver-check: no driver or law of that name\n", stderr);
		return 2;
	}
	if (tally.failed)
		printf("# %u of %u laws failed\n", tally.failed, tally.number);
	return tally.failed ? 1 : 0;
}

static int list_laws(void)
{
	for (size_t i = 0; i < COUNT(all_laws); i++)
		for (const struct law *law = all_laws[i]; law->name; law++)
			puts(law->name);
	return 0;
}

static void settings_free(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->items[i].name);
		free(settings->items[i].value);
	}
	free(settings->items);
}

/* The laws on memory count what is in use, and glibc counts what it keeps in a thread's cache as in
 * use: without that cache a leak of a few bytes stands out. It can only be told at the start. */
static void without_malloc_cache(char **argv)
{
	static const char name[] = "GLIBC_TUNABLES", value[] = "glibc.malloc.tcache_count=0";

	if (!getenv(name) && setenv(name, value, 1) == 0)
		execv("/proc/self/exe", argv); /* if that fails, it goes on as it is */
}

int main(int argc, char **argv)
{
	struct config config = {.timeout = 60, .seed = 1};
	char made[] = "/tmp/holdfast-check-XXXXXX";
	const hf_plugin *plugin;
	char *scratch;
	int result;

	parse(&config, argc, argv);
	if (!config.no_fork)
		without_malloc_cache(argv);
	if (config.list_only)
		return list_laws();
	plugin = load(config.file);
	if (!plugin)
		return 2;
	if (!config.scratch)
		config.scratch = mkdtemp(made);
	else if (mkdir(config.scratch, 0700) < 0 && errno != EEXIST)
		usage("cannot make the scratch folder ", config.scratch);
	scratch = config.scratch ? realpath(config.scratch, NULL) : NULL;
	if (!scratch)
		usage("there is no scratch folder", "");
	config.scratch = scratch;
	result = run_plugin(&config, plugin);
	rmdir(config.scratch); /* stays if something is left in it */
	free(scratch);
	settings_free(&config.options);
	settings_free(&config.again);
	settings_free(&config.restore_options);
	return result;
}
