/* SPDX-License-Identifier: MIT
 * The points of one job in one sink, found by listing it. The sink is the truth: nothing is
 * cached. */
#ifndef HF_STORE_CATALOGUE_H
#define HF_STORE_CATALOGUE_H

#include "engine/driver/sink.h"
#include <json-c/json.h>
#include "engine/store/manifest.h"

/* A dated note beside a point, sealed JSON: kind, job, id, host, time, result ("ok" or "bad"),
 * and for a verification level ("digest", "decode"), ppm, note. Read `error` before anything
 * but `key`. */
struct record {
	char *key;
	char *kind; /* "verify", "drill", "pin" */
	int64_t time_ns;
	bool good;          /* "result": "ok" */
	uint32_t level;     /* verify: HF_VERIFY_* */
	uint32_t ppm;       /* verify: share of the entries, millionths */
	char *note;         /* or NULL */
	struct error error; /* set if it cannot be read */
};

enum point_state {
	POINT_COMPLETE,
	POINT_DAMAGED,    /* has a manifest that does not read: error says why. HF_E_UNSUPPORTED: a
			   * newer    holdfast wrote it */
	POINT_INCOMPLETE, /* owner.json, no manifest: running or litter */
	POINT_FOREIGN     /* objects under a point's name, and no owner.json that is ours */
};

struct point {
	char *job;
	char id[24];
	enum point_state state;
	struct manifest *manifest; /* POINT_COMPLETE */
	struct error error; /* POINT_DAMAGED; POINT_FOREIGN with an owner.json that does not read */
	char *owner_host;   /* POINT_INCOMPLETE: from owner.json */
	int64_t owner_pid, owner_time;
	struct record *records; /* oldest first */
	size_t nrecords;
	bool pinned;        /* newest pin record says so */
	bool found_damaged; /* a verify record is bad, and no later one of the same level or higher,
			     * over all entries, is good */
	const struct record *verified; /* newest good verify record or NULL */
	const struct record *drilled;
};

struct catalogue {
	struct instance *sink;
	char *job;
	struct point *v; /* oldest first: begin_ns (id's time without a manifest), then id */
	size_t n;
};

/* The jobs in a sink (names of top-level folders that may be a job's). */
int32_t catalogue_jobs(struct instance *sink, struct strv *out, struct error *err);
/* Lists the points and reads their manifests, owners and records (in parallel where the sink
 * can). Points that go meanwhile are left out; what cannot be fetched fails the call, so that
 * an unreachable sink never looks like an empty or a damaged one. */
int32_t catalogue_load(
    struct instance *sink, const char *job, struct catalogue **out, struct error *err);
void catalogue_free(struct catalogue *c);
/* The point NAME: an id or a unique beginning of one, whatever its state (HF_E_CONFIG: of
 * several); or NULL or "latest": the newest complete one, with at_ns >= 0 the newest that began
 * at or before it. HF_E_NOT_FOUND with the nearest. */
int32_t catalogue_pick(const struct catalogue *c, const char *name, int64_t at_ns,
    struct point **out, struct error *err);

/* Puts a record beside a point. `extra` (may be NULL) is merged in, its texts of any bytes are
 * escaped; ownership stays. */
int32_t record_put(struct instance *sink, const char *job, const char *id, const char *kind,
    bool good, json_object *extra, struct error *err);

#endif
