/* SPDX-License-Identifier: MIT
 * Option values checked against a driver's table: what hf_options is on the host's side. */
#ifndef HF_JOB_OPTIONS_H
#define HF_JOB_OPTIONS_H

#include "engine/job/job.h"

struct option_value {
	const hf_option *option;
	char *key;      /* HF_OPT_KEYED, else NULL */
	char *text;     /* canonical for paths (absolute) */
	int64_t number; /* in the type's unit */
};

struct hf_options {
	const hf_option *table; /* what the values were checked against, or NULL */
	struct option_value *v; /* in the order of the table, then of the file */
	size_t n;
	struct strv unknown;    /* names asked for that are not in the table: a driver's fault */
};

/* Checks a section's settings against `table` (NULL: no options) and fills in defaults. Reads
 * NAME_file of secrets (a file that others can read is refused; 64 KiB at most; one newline at
 * the end is dropped; a NUL in it is an error). An inline secret without ${...} in a job file
 * that others can read is refused. `what` names the driver in messages ("source main (mysql)"). */
int32_t options_resolve(const hf_option *table, const struct job *job,
	const struct section *section, const char *what, hf_options **out, struct error *err);
/* The same for `--name value` pairs of the command line (names with - or _). Relative paths are
 * resolved against the working directory; a secret itself is refused, its --name-file is not. */
int32_t options_resolve_args(const hf_option *table, const struct strv *names,
	const struct strv *values, const char *what, hf_options **out, struct error *err);
void options_free(hf_options *options);

/* Any thread may call these. A name that is not in the table has no value, and is noted in
 * `unknown`. */
uint64_t options_count(const hf_options *o, const char *name);
const char *options_text(const hf_options *o, const char *name, uint64_t index);
int64_t options_int(const hf_options *o, const char *name, uint64_t index);
const char *options_key(const hf_options *o, const char *name, uint64_t index);

const char *option_type_name(uint32_t type);
/* Is the driver's table itself sane (unique well-formed names, known types, defaults that parse)?
 * HF_E_FAILED naming the option if not. Used when a plugin is loaded. */
int32_t options_table_check(const hf_option *table, struct error *err);

#endif
