/* SPDX-License-Identifier: MIT
 * Putting a point back: look at the target, prove the point readable, change the target, compare facts. */
#ifndef HF_PIPELINE_RESTORE_H
#define HF_PIPELINE_RESTORE_H

#include "engine/pipeline/decode.h"
#include "engine/report/progress.h"
#include "engine/store/catalogue.h"

/* What to restore of one source of the point. */
struct restore_source {
	const struct manifest_source *info;
	struct instance *instance; /* open, of the driver that made it */
	const char *into;          /* or NULL */
	struct strv only;
	bool only_shared;          /* `only` was meant for any of several sources */
	hf_options *options;       /* values of its restore_options, or NULL */
	/* set by restore_run() */
	void *session;
	bool begun, skipped;
	size_t *wanted;            /* indices of entries */
	size_t nwanted;
	uint64_t bytes;
};

struct restore {
	struct instance *sink;
	const struct point *point;
	struct restore_source *sources;
	size_t n;
	bool force, dry_run;
	unsigned lanes;
	/* results */
	bool touched; /* the target may have been changed */
	struct progress progress;
	uint64_t entries, bytes;        /* restored, or that would be */
	uint64_t facts_compared;
	struct strv mismatches;         /* a message each */
	int64_t proof_ns, restore_ns;
};

/* The caller holds the read lock. HF_E_EXISTS: the target holds data; HF_E_NOT_FOUND: nothing matches;
 * HF_E_CORRUPT: the point is damaged, and nothing was changed if it is found in the proof. */
int32_t restore_run(struct restore *r, struct error *err);
void restore_free(struct restore *r);

#endif
