/* SPDX-License-Identifier: MIT
 * A job as its file says it, before any driver was asked. holdfast-job(5) is its manual. */
#ifndef HF_JOB_JOB_H
#define HF_JOB_JOB_H

#include <stdbool.h>
#include "engine/util/error.h"
#include "engine/util/mem.h"

/* One `key = value`, expanded; line is for messages, 0 in a job made of a spec. An indented line
 * below it is one more setting of the same key. */
struct setting {
	char *key;
	char *value;
	unsigned line;
	bool expanded; /* the value had a ${...}: may be a secret that is not in the file */
};

/* One [kind NAME]. */
struct section {
	const char *kind; /* "job", "source", "compressor", "sink", "post" */
	char *name;       /* NAME, or the kind if there was none */
	char *plugin;     /* value of `plugin`; NULL in [job] */
	unsigned line;
	struct setting *settings; /* the driver's own, not the engine's */
	size_t n;
	/* keys that the engine takes from every section of a kind */
	bool required;      /* sink: yes unless `required = no` */
	bool incremental;   /* source: `incremental = yes` */
	bool restoring;     /* made by a restore: what a backup requires may be missing */
	struct strv sinks;  /* post: `sink = NAME`..., empty: all sinks */
};

struct sections {
	struct section *v;
	size_t n;
};

struct job {
	char *file;   /* as opened, for messages; "--sink" for one made of a spec */
	char *folder; /* relative option paths are resolved against it */
	char *name;   /* [a-z0-9][a-z0-9._-]*, 64 at most; NULL: made of a spec without a name */
	char *description; /* for people; or NULL */
	int64_t rpo_ns, rto_ns; /* 0: not given */
	unsigned parallel;      /* lanes, 1..64, default 2 */
	int64_t retry_for_ns;   /* how long transient errors are retried, default 2m */
	int64_t litter_after_ns;/* when another host's unfinished point is litter, default 7d */
	int64_t lock_wait_ns;   /* how long to wait for the job's lock, default 0 */
	/* Others than the owner can read the job file (a group counts unless the file is root's),
	 * or it is a --sink: argv is public. */
	bool shared_file;
	struct sections sources, sinks, posts;
	struct section *compressor; /* or NULL: stored as it is */
};

/* Reads a job file. `what` is a path (has a slash or ends in .ini) or a name looked up as <jobs
 * folder>/<name>.ini; the jobs folder is $HOLDFAST_JOBS or the built-in one. Errors are
 * HF_E_CONFIG with "file:line: ..." and the nearest valid name. The file must be a regular one,
 * 1 MiB at most, and not writable by others (it decides what runs): never by all; not by a group
 * when we are root, nor by another group than our own else. */
int32_t job_load(const char *what, struct job **out, struct error *err);
/* A job with just one sink, from --sink DRIVER:key=value[,key=value]... (`\,` is a comma, `\\` a
 * backslash; ${NAME} is expanded) and an optional job name. Relative paths are resolved against the
 * working directory. */
int32_t job_from_spec(const char *sink_spec, const char *job_name, struct job **out,
	struct error *err);
void job_free(struct job *job);
/* True if `name` may be a job's name. */
bool job_name_ok(const char *name);

/* NULL if there is none of that name. */
struct section *sections_find(const struct sections *s, const char *name);

#endif
