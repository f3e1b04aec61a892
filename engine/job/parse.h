/* SPDX-License-Identifier: MIT
 * From a job file's text to a struct job; inside engine/job only (and for the fuzzer). */
#ifndef HF_JOB_PARSE_H
#define HF_JOB_PARSE_H

#include "engine/job/job.h"

/* Where a job's text comes from. */
struct job_origin {
	const char *file;   /* for messages; its base name is the default of the job's name */
	const char *folder; /* base of relative paths */
	bool shared;        /* others can read it */
};

int32_t job_parse_memory(const struct job_origin *from, const char *data, size_t n,
	struct job **out, struct error *err);

/* [a-z][a-z0-9_-]*: what `plugin =` may name. */
bool driver_name_ok(const char *name);
/* A job with the defaults and nothing else; takes copies. */
struct job *job_new(const char *file, const char *folder);
/* Adds an empty section and returns it; valid until the next is added. */
struct section *sections_add(struct sections *list);
void section_add_setting(struct section *s, struct setting setting);
void section_clear(struct section *s);

/* --- keys.c: what the engine takes out of a section --- */

/* Reads the [job] section into `job`. */
int32_t keys_take_job(struct job *job, struct section *s, struct error *err);
/* Takes `plugin` and its like out of s->settings; what stays is the driver's. */
int32_t keys_take(const struct job *job, struct section *s, struct error *err);
/* The engine's keys of a section of this kind, for "did you mean". Returns how many. */
size_t keys_of_kind(const char *kind, const char *const **names);

/* "<file>:<line>: " before the message, without the line where there is none. Returns the
 * status. */
int32_t job_located(const char *file, unsigned line, struct error *err);
/* Hints at the nearest of the names, or lists them. */
void hint_names(struct error *err, const char *word, const char *const *names, size_t n,
	const char *what);

#endif
