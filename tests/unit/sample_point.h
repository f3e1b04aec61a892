/* SPDX-License-Identifier: MIT
 * Points for tests, put into the fake sink. */
#ifndef TEST_SAMPLE_POINT_H
#define TEST_SAMPLE_POINT_H

#include "engine/store/catalogue.h"

#define JOB "job"

/* A manifest with two entries whose objects are named, of a point begun at the id's time. */
struct manifest *sample_manifest(const char *id, const char *parent);
/* Claims the point and puts its objects, no manifest. */
void sample_begin(struct instance *sink, const char *id);
/* A whole one. */
void sample_point(struct instance *sink, const char *id, const char *parent);
/* owner.json as another host wrote it at that time. */
void sample_owner(const char *id, const char *host, int64_t time_ns);
struct catalogue *sample_load(struct instance *sink);

#endif
