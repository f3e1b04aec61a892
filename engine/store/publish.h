/* SPDX-License-Identifier: MIT
 * A point's life in a sink: begun (owner.json), published (manifest.json, last), expired
 * (manifest first). All of it is done with the job's lock held. */
#ifndef HF_STORE_PUBLISH_H
#define HF_STORE_PUBLISH_H

#include "engine/store/catalogue.h"

/* Names of locks: "<job>/run" is held exclusively by what writes (backup, copy, prune);
 * "<job>/read" is held shared by what reads (restore, verify) and exclusively, briefly, by what
 * deletes. */
/* Waits so long if another run holds it; HF_E_EXISTS then. */
int32_t job_lock(struct instance *sink, const char *job, int64_t wait_ns, struct sink_lock **out,
    struct error *err);
/* HF_LOCK_SHARED waits some minutes for a deletion to end, HF_LOCK_EXCLUSIVE does not wait. */
int32_t read_lock(struct instance *sink, const char *job, uint32_t mode, struct sink_lock **out,
    struct error *err);

/* Puts owner.json so that it is absent before; HF_E_EXISTS if the id is taken. `what`:
 * "backup", "copy". */
int32_t point_begin(
    struct instance *sink, const char *job, const char *id, const char *what, struct error *err);
/* Checks that the manifest reads back and that the claim is still there; flushes, puts the
 * manifest, flushes. From its success on the point exists. After a failure it may exist too (an
 * answer was lost). */
int32_t point_publish(struct instance *sink, const char *job, const char *id, const void *manifest,
    size_t n, struct error *err);
/* Removes an unpublished point of this run, as far as it goes; one that has a manifest stays. */
void point_abandon(struct instance *sink, const char *job, const char *id);

/* Removes leftovers of dead runs: unpublished points that this host began (no other run can be
 * alive: we hold the lock), other hosts' ones older than litter_after, and what expiry left.
 * Never the ids in `spare` (may be NULL) and never what has no owner.json of ours. Reports what
 * it did through log_notice(). What it removed leaves the catalogue. */
int32_t litter_sweep(struct catalogue *c, int64_t litter_after_ns, const struct strv *spare,
    bool dry_run, struct error *err);

#endif
