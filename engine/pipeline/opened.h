/* SPDX-License-Identifier: MIT
 * A job with its drivers open. */
#ifndef HF_PIPELINE_OPENED_H
#define HF_PIPELINE_OPENED_H

#include "engine/job/job.h"
#include "engine/pipeline/encode.h"

#define OPEN_SOURCES 0x1u
#define OPEN_SINKS 0x2u
#define OPEN_COMPRESSOR 0x4u
#define OPEN_POSTS 0x8u
#define OPEN_ALL 0xfu

struct opened_post {
	struct instance *instance;
	const struct section *section;
};

struct opened {
	const struct job *job;
	struct instance **sources; /* as job->sources */
	size_t nsources;
	struct instance *compressor;
	struct outlet *outlets; /* as job->sinks */
	size_t noutlets;
	struct opened_post *posts;
	size_t nposts;
};

/* Finds the drivers of every section first (so that a missing one is told before anything is opened), then opens
 * what `what` asks for. */
int32_t job_open(const struct job *job, unsigned what, struct opened **out, struct error *err);
void job_close(struct opened *o);

/* How many entries may be written at once: a sink that is not HF_THREADS_STREAM has one put open at a
 * time. */
unsigned opened_lanes(const struct opened *o);
/* The outlet NAME, or the first if name is NULL. HF_E_CONFIG with the nearest name. */
int32_t opened_sink(struct opened *o, const char *name, struct outlet **out, struct error *err);

#endif
