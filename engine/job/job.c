/* SPDX-License-Identifier: MIT
 * Jobs: found, read, and freed. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/job/parse.h"
#include "engine/job/secrets.h"
#include "engine/util/clock.h"
#include "engine/util/fs.h"

#ifndef JOBSDIR
#define JOBSDIR "/etc/holdfast/jobs"
#endif

#define FILE_MAX (1024 * 1024)
#define NAMES_LOOKED_AT 10000

struct job *job_new(const char *file, const char *folder)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->file = printable(file);
	job->folder = xstrdup(folder);
	job->parallel = 2;
	job->retry_for_ns = 120 * NS_PER_S;
	job->litter_after_ns = 7 * 86400 * NS_PER_S;
	return job;
}

struct section *sections_add(struct sections *list)
{
	list->v = xreallocn(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n] = (struct section){ 0 };
	return &list->v[list->n++];
}

/* Doubles at powers of two, as strv does. */
void section_add_setting(struct section *s, struct setting setting)
{
	if ((s->n & (s->n - 1)) == 0)
		s->settings = xreallocn(s->settings, s->n ? s->n * 2 : 1, sizeof(*s->settings));
	s->settings[s->n++] = setting;
}

/* Which of the values are secrets only the driver's table knows: all are wiped. */
void section_clear(struct section *s)
{
	for (size_t i = 0; i < s->n; i++) {
		explicit_bzero(s->settings[i].value, strlen(s->settings[i].value));
		free(s->settings[i].value);
		free(s->settings[i].key);
	}
	free(s->settings);
	free(s->name);
	free(s->plugin);
	strv_free(&s->sinks);
	*s = (struct section){ 0 };
}

static void sections_clear(struct sections *list)
{
	for (size_t i = 0; i < list->n; i++)
		section_clear(&list->v[i]);
	free(list->v);
}

void job_free(struct job *job)
{
	if (!job)
		return;
	sections_clear(&job->sources);
	sections_clear(&job->sinks);
	sections_clear(&job->posts);
	if (job->compressor)
		section_clear(job->compressor);
	free(job->compressor);
	free(job->file);
	free(job->folder);
	free(job->name);
	free(job->description);
	free(job);
}

bool job_name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(name);

	return n > 0 && n <= 64 && strspn(name, letters) == n && !strchr("._-", *name);
}

struct section *sections_find(const struct sections *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	return NULL;
}

/* --- finding -------------------------------------------------------------- */

static bool ends_in_ini(const char *s)
{
	size_t n = strlen(s);

	return n > 4 && strcmp(s + n - 4, ".ini") == 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names what jobs there are: the nearest one, else the first few. */
static void hint_jobs(const char *folder, const char *name, struct error *err)
{
	autofree char *here = xasprintf("%s.ini", name);
	struct strv names = { 0 };
	DIR *dir = opendir(folder);
	struct dirent *e;

	while (dir && (e = readdir(dir)) && names.n < NAMES_LOOKED_AT) {
		if (!ends_in_ini(e->d_name))
			continue;
		strv_take(&names, printable(e->d_name));
		names.v[names.n - 1][strlen(names.v[names.n - 1]) - 4] = '\0';
	}
	if (dir)
		closedir(dir);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_text);
	if (access(here, F_OK) == 0)
		error_hint(err, "for the file in this folder say ./%s.ini", name);
	else if (names.n)
		hint_names(err, name, (const char *const *)names.v, names.n, "the jobs are");
	else
		error_hint(err, "write %s/%s.ini, or give the path of a job file", folder, name);
	strv_free(&names);
}

static const char *jobs_folder(void)
{
	const char *folder = getenv("HOLDFAST_JOBS");

	return folder && *folder ? folder : JOBSDIR;
}

/* The path of the job file that `what` means; the caller's. NULL with the error set if there is
 * none. */
static char *find(const char *what, struct error *err)
{
	autofree char *clean = printable(what);
	const char *folder = jobs_folder();
	char *path;

	if (strchr(what, '/') || ends_in_ini(what))
		return xstrdup(what);
	if (!job_name_ok(what)) {
		error_set(err, HF_E_CONFIG, "\"%s\" is neither the name of a job nor a path to a "
			  "job file", clean);
		error_hint(err, "a path has a slash in it or ends in .ini");
		return NULL;
	}
	path = xasprintf("%s/%s.ini", folder, what);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		return path;
	error_set(err, HF_E_CONFIG, "there is no job \"%s\" in %s", what, folder);
	hint_jobs(folder, what, err);
	free(path);
	return NULL;
}

/* --- reading -------------------------------------------------------------- */

static int32_t check_file(const struct stat *st, const char *path, struct error *err)
{
	if (!S_ISREG(st->st_mode))
		return error_set(err, HF_E_CONFIG, "%s is not a regular file", path);
	if ((st->st_mode & S_IWOTH) ||
	    ((st->st_mode & S_IWGRP) && (geteuid() == 0 || st->st_gid != getegid()))) {
		error_set(err, HF_E_CONFIG, "%s can be changed by others (mode %04o), and it "
			  "decides what runs", path, (unsigned)(st->st_mode & 07777));
		error_hint(err, "chmod go-w %s", path);
		return HF_E_CONFIG;
	}
	return HF_OK;
}

static int32_t read_file(const char *path, struct buf *text, bool *shared, struct error *err)
{
	autofree char *clean = printable(path);
	/* not to wait for ever when it is a named pipe */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int32_t status;

	if (fd < 0)
		return error_set(err, HF_E_CONFIG, "cannot open the job file %s: %s", clean,
				 strerror(errno));
	if (fstat(fd, &st) != 0)
		status = error_set(err, HF_E_CONFIG, "cannot look at %s: %s", clean,
				   strerror(errno));
	else
		status = check_file(&st, clean, err);
	if (status == HF_OK) {
		*shared = readable_by_others(&st);
		status = fs_read_fd(fd, path, FILE_MAX, text, err);
		if (status != HF_OK && err)
			err->status = status = HF_E_CONFIG;
	}
	close(fd);
	return status;
}

/* The absolute folder of `path`; the caller's. */
static char *folder_of(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *folder = !slash ? xstrdup(".") :
		slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
	char *full = realpath(folder, NULL);

	if (!full) {
		autofree char *clean = printable(folder);

		error_set(err, HF_E_CONFIG, "cannot find the folder %s: %s", clean,
			  strerror(errno));
	}
	return full;
}

int32_t job_load(const char *what, struct job **out, struct error *err)
{
	autofree char *path = find(what, err);
	autofree char *folder = NULL;
	struct job_origin from = { .file = path };
	struct buf text = { 0 };
	int32_t status = HF_E_CONFIG;

	if (!path)
		return HF_E_CONFIG;
	if (read_file(path, &text, &from.shared, err) == HF_OK) {
		folder = folder_of(path, err);
		from.folder = folder;
		if (folder)
			status = job_parse_memory(&from, text.data, text.len, out, err);
	}
	if (text.data)
		explicit_bzero(text.data, text.cap);
	buf_free(&text);
	return status;
}
