/* SPDX-License-Identifier: MIT
 * The points of one job in one sink, found by listing it. The sink is the truth: nothing is cached. */
#ifndef HF_STORE_CATALOGUE_H
#define HF_STORE_CATALOGUE_H

#include "engine/driver/sink.h"
#include <json-c/json.h>
#include "engine/store/manifest.h"

/* A dated note beside a point, sealed JSON: {"kind":"verify", "time":..., "host":..., ...}. */
struct record {
	char *key;
	char *kind;       /* "verify", "drill", "pin" */
	int64_t time_ns;
	bool good;        /* "result": "ok" */
	uint32_t level;   /* verify: HF_VERIFY_* */
	uint32_t ppm;     /* verify: share of the entries, millionths */
	char *note;       /* or NULL */
	struct error error; /* set if it cannot be read */
};

enum point_state {
	POINT_COMPLETE,
	POINT_DAMAGED,    /* has a manifest that does not read: error says why */
	POINT_INCOMPLETE, /* owner.json, no manifest: running or litter */
	POINT_FOREIGN     /* objects under a point's name that we did not write */
};

struct point {
	char *job;
	char id[24];
	enum point_state state;
	struct manifest *manifest; /* POINT_COMPLETE */
	struct error error;        /* POINT_DAMAGED */
	char *owner_host;          /* from owner.json, or NULL */
	int64_t owner_pid, owner_time;
	struct record *records;    /* oldest first */
	size_t nrecords;
	bool pinned;               /* newest pin record says so */
	bool found_damaged;        /* newest verify record is bad */
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
/* Lists the points and reads their manifests, owners and records (in parallel where the sink can). */
int32_t catalogue_load(struct instance *sink, const char *job, struct catalogue **out,
	struct error *err);
void catalogue_free(struct catalogue *c);
/* The point NAME: an id, a unique beginning of one, "latest" (newest complete one). HF_E_NOT_FOUND with the nearest;
 * at_ns >= 0: the newest complete one that began at or before it. */
int32_t catalogue_pick(const struct catalogue *c, const char *name, int64_t at_ns,
	struct point **out, struct error *err);

/* Puts a record beside a point. `extra` (may be NULL) is merged in; ownership stays. */
int32_t record_put(struct instance *sink, const char *job, const char *id, const char *kind,
	bool good, json_object *extra, struct error *err);

#endif
