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
};

/* The options that go with it; for use in a command's table. */
#define TARGET_OPTIONS                                                                             \
	{"sink", true, "SPEC  DRIVER:key=value,... in the place of JOB"},                          \
		{"job", true, "NAME  which job, where --sink holds several"},                      \
		{"from", true, "NAME  which of the job's sinks (the first)"}

/* Loads the job that the first word or --sink names. */
int32_t target_job(const struct args *args, struct job **out, struct error *err);
/* Opens the sink and finds out the job's name. */
int32_t target_open(const struct args *args, struct target *t, struct error *err);
/* And takes the read lock and loads the catalogue. `lock` false: without the lock (a mere list). */
int32_t target_catalogue(struct target *t, bool lock, struct error *err);
void target_close(struct target *t);

/* The JSON description of a point, as `list` and `show` print it. */
json_object *point_json(const struct point *p);
const char *point_state_name(const struct point *p);
/* "2026-01-16 03:00:00 (5h 12m ago)" for a point. Owned by the caller. */
char *point_age(const struct point *p);

#endif
