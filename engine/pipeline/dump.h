/* SPDX-License-Identifier: MIT
 * The sources' part of a backup: begin all, dump every entry in lanes, end all. */
#ifndef HF_PIPELINE_DUMP_H
#define HF_PIPELINE_DUMP_H

#include "engine/pipeline/encode.h"
#include "engine/pipeline/entries.h"

struct dump {
	struct source_run *sources;
	size_t n;
	unsigned lanes;
	struct entries *entries;
	struct encode_plan plan;
};

/* Begins every source, so that their snapshots lie close together. */
int32_t dump_begin(struct dump *d, const char *point, bool dry_run, struct error *err);
/* Dumps all entries. */
int32_t dump_entries(struct dump *d, struct error *err);
/* Ends every source that was begun, telling it `outcome`; a source may still fail the run. */
int32_t dump_end(struct dump *d, int32_t outcome, struct error *err);

#endif
