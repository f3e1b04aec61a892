/* SPDX-License-Identifier: MIT
 * Re-reading what is stored. */
#ifndef HF_PIPELINE_VERIFY_H
#define HF_PIPELINE_VERIFY_H

#include "engine/pipeline/decode.h"
#include "engine/report/progress.h"
#include "engine/store/catalogue.h"

struct verify {
	struct instance *sink;
	const struct manifest *manifest;
	uint32_t level;          /* HF_VERIFY_* */
	const uint64_t *entries; /* indices; NULL: all */
	uint64_t count;
	unsigned lanes;
	struct progress *progress; /* may be NULL */
	/* result */
	uint64_t checked, damaged, bytes; /* bytes: stored */
	struct strv damages;              /* a message each */
};

/* Reads the entries in lanes, all of them even where some are damaged. HF_E_CORRUPT if any was damaged
 * (err holds the first); another error if they could not be read. */
int32_t verify_entries(struct verify *v, struct error *err);
void verify_free(struct verify *v);

/* Verifies a complete point and puts the record beside it. Also checks what lies beside the manifest. The
 * caller holds the read lock. v->manifest and v->sink are set from the arguments. */
int32_t verify_point(struct instance *sink, const struct point *point, struct verify *v,
	struct error *err);

#endif
