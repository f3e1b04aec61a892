/* SPDX-License-Identifier: MIT
 * guard.c - what a driver must leave as it was: open descriptors, threads,
 * child processes, signal handlers, working directory, umask, locale,
 * environment; and scratch folders
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static unsigned count_names(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;
	struct dirent *item;

	if (!dir)
		return 0;
	while ((item = readdir(dir)))
		count += item->d_name[0] != '.';
	closedir(dir);
	return count;
}

static uint64_t hash_environment(void)
{
	uint64_t hash = 14695981039346656037u;

	for (char **item = environ; item && *item; item++)
		for (const char *c = *item; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	return hash;
}

static unsigned current_umask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return mask;
}

void guard_take(struct guard *guard)
{
	memset(guard, 0, sizeof(*guard));
	guard->fds = count_names("/proc/self/fd");
	guard->threads = count_names("/proc/self/task");
	guard->mask = current_umask();
	guard->cwd = need(getcwd(NULL, 0));
	guard->locale = need(strdup(setlocale(LC_ALL, NULL)));
	guard->environment = hash_environment();
	for (int i = 1; i < 65; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0)
			guard->handlers[i] = action.sa_handler;
	}
}

/* A thread that was joined may still be on its way out of the kernel. */
static unsigned settled_threads(unsigned want)
{
	unsigned now = 0;

	for (int i = 0; i < 50; i++) {
		struct timespec pause = {.tv_nsec = 10000000};

		now = count_names("/proc/self/task");
		if (now <= want)
			break;
		nanosleep(&pause, NULL);
	}
	return now;
}

void guard_compare(struct guard *guard, struct report *report, const char *when)
{
	unsigned fds = count_names("/proc/self/fd");
	unsigned threads = settled_threads(guard->threads);
	char *cwd = getcwd(NULL, 0);

	if (fds != guard->fds)
		flaw(report, "%u descriptors were open before %s and %u after", guard->fds, when,
		    fds);
	if (threads > guard->threads)
		flaw(report, "%u threads ran before %s and %u after", guard->threads, when,
		    threads);
	if (waitpid(-1, NULL, WNOHANG) >= 0)
		flaw(report, "a child process is left after %s", when);
	if (current_umask() != guard->mask)
		flaw(report, "the driver changed the umask");
	if (!cwd || strcmp(cwd, guard->cwd) != 0)
		flaw(report, "the driver changed the working directory");
	if (strcmp(setlocale(LC_ALL, NULL), guard->locale) != 0)
		flaw(report, "the driver changed the locale");
	if (hash_environment() != guard->environment)
		flaw(report, "the driver changed the environment");
	for (int i = 1; i < 65; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0 && action.sa_handler != guard->handlers[i])
			flaw(report, "the driver changed the handling of signal %d (%s)", i,
			    strsignal(i));
	}
	free(cwd);
	free(guard->cwd);
	free(guard->locale);
}

uint64_t heap_in_use(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
	return mallinfo2().uordblks + mallinfo2().hblkhd;
#else
	return 0;
#endif
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* A folder that its owner may not write to would keep its contents. */
static int open_folder(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	return type == FTW_D || type == FTW_DNR ? chmod(path, st->st_mode | 0700) : 0;
}

int remove_tree(const char *path)
{
	if (nftw(path, open_folder, 32, FTW_PHYS) < 0)
		return -1;
	return nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

uint64_t count_files(const char *path)
{
	DIR *dir = opendir(path);
	uint64_t count = 0;
	struct dirent *item;

	if (!dir)
		return 0;
	while ((item = readdir(dir))) {
		struct stat st;
		char *name;

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		name = text("%s/%s", path, item->d_name);
		if (lstat(name, &st) == 0)
			count += S_ISDIR(st.st_mode) ? count_files(name) : 1;
		free(name);
	}
	closedir(dir);
	return count;
}
