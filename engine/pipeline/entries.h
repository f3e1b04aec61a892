/* SPDX-License-Identifier: MIT
 * The entries of a running backup: added by sources at any time, taken by lanes, largest first. */
#ifndef HF_PIPELINE_ENTRIES_H
#define HF_PIPELINE_ENTRIES_H

#include "engine/driver/instance.h"
#include "engine/store/manifest.h"

/* A source during the backup. */
struct source_run {
	struct instance *instance;
	void *session;
	bool begun;
	unsigned lanes;  /* dumps at the same time */
	unsigned active; /* under the entries' lock */
	struct manifest_source info;
	struct entries *entries;
	struct progress *progress;
};

struct dump_entry {
	struct source_run *source;
	struct entry entry; /* grows into the manifest's record */
	uint64_t size_hint, id, number;
	char *key;
	bool done;
};

struct entries;
struct entries *entries_new(const char *job, const char *point, const char *suffix,
	const char *codec);
void entries_free(struct entries *e);
/* Any thread. HF_E_EXISTS if the source has that path already. */
int32_t entries_add(struct entries *e, struct source_run *source, const hf_entry *entry,
	struct error *err);
/* The next to dump, or NULL when all are done (waits while others may still add some) or stopped. */
struct dump_entry *entries_take(struct entries *e);
/* That one is finished; `ok` false stops the others. */
void entries_done(struct entries *e, struct dump_entry *entry, bool ok);
size_t entries_count(const struct entries *e);
/* Moves the finished records into the manifest. */
void entries_to_manifest(struct entries *e, struct manifest *m);
/* Calls see() for each, in the order in which they were added. */
void entries_each(struct entries *e, void (*see)(void *arg, const struct dump_entry *entry),
	void *arg);

#endif
