/* SPDX-License-Identifier: MIT
 * What most commands begin with: JOB or --sink, one sink of it, and its catalogue. */
#ifndef HF_COMMAND_TARGET_H
#define HF_COMMAND_TARGET_H

#include "engine/command/command.h"
#include "engine/pipeline/opened.h"
#include "engine/store/catalogue.h"

struct target {
	struct job *job;
	struct opened *opened;
	struct outlet *outlet;       /* the sink that is read */
	struct catalogue *catalogue; /* of it */
	struct sink_lock *reading;   /* shared, so that nothing is removed meanwhile */
	bool locked;                 /* could not be had: somebody is removing points */
};

/* The options that go with it; for use in a command's table. */
#define TARGET_OPTIONS                                                                             \
	{"sink", true, "SPEC  DRIVER:key=value,... in the place of JOB"},                          \
		{"job", true, "NAME  which job, where --sink holds several"},                      \
		{"from", true, "NAME  which of the job's sinks (the first)"}

/* Loads the job that the first word or --sink names. */
int32_t target_job(const struct args *args, struct job **out, struct error *err);
/* Opens the sink, finds out the job's name, takes the read lock (not for a mere list) and loads the
 * catalogue. */
int32_t target_open(const struct args *args, bool lock, struct target *t, struct error *err);
/* Closes it, prints the error if there is one, and tells the exit code. */
int target_finish(struct target *t, struct error *err);
/* Only closes it. */
void target_close(struct target *t);

/* The JSON description of a point, as `list` and `show` print it. */
json_object *point_json(const struct point *p);
const char *point_state_name(const struct point *p);
/* "2026-01-16 03:00:00 (5h 12m ago)" for a point. Owned by the caller. */
char *point_age(const struct point *p);

#endif
