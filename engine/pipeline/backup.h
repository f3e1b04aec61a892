/* SPDX-License-Identifier: MIT
 * One run of a job: from the snapshot to the published point and its post stages. */
#ifndef HF_PIPELINE_BACKUP_H
#define HF_PIPELINE_BACKUP_H

#include "engine/pipeline/opened.h"
#include "engine/store/manifest.h"

struct stage_result {
	char *stage; /* "publish", or the post stage's name */
	char *sink;
	struct error error; /* HF_OK: it went well */
	bool skipped;       /* an earlier stage failed */
};

struct backup_result {
	char id[24];
	struct manifest *manifest; /* what was published, or NULL */
	size_t published;          /* in so many sinks */
	struct stage_result *stages;
	size_t nstages;
	int64_t wall_ns;
	bool locked; /* nothing was done: another run holds the job */
};

/* Takes the locks, clears litter, snapshots all sources, dumps, publishes, runs post stages. An error means
 * that nothing was published: HF_E_EXISTS if another run holds the job. Stages that failed after that
 * are in the result. */
int32_t backup_run(struct opened *o, struct backup_result *result, struct error *err);
/* Lists what would be dumped; writes nothing. */
int32_t backup_dry_run(struct opened *o, struct backup_result *result, struct error *err);
void backup_result_free(struct backup_result *r);
/* Adds a stage's result; takes over *err. */
void result_stage(struct backup_result *r, const char *stage, const char *sink, struct error *err,
	bool skipped);

#endif
