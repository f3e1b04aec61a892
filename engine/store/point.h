/* SPDX-License-Identifier: MIT
 * The small documents beside a point, for the files of engine/store/: owner.json and the
 * records. */
#ifndef HF_STORE_POINT_H
#define HF_STORE_POINT_H

#include "engine/store/catalogue.h"

#define DOCUMENT_MAX ((size_t)1 << 20) /* bytes of an owner or a record that are read */

/* This machine's name. Owned by the caller. */
char *host_name(void);
/* A document "kind" about a point, with the host and the time. */
json_object *document_new(const char *job, const char *id, const char *kind, int64_t time_ns);

/* The sealed text of owner.json. */
void owner_write(const char *job, const char *id, const char *what, struct buf *out);
/* Reads owner.json into the point's owner_* members. HF_E_CORRUPT if it is not one of this
 * point. */
int32_t owner_read(struct point *p, const char *data, size_t n, struct error *err);

/* Reads a record; what is wrong with it goes to r->error. */
void record_read(
    const struct point *p, const char *key, const char *data, size_t n, struct record *r);
void record_free(struct record *r);
/* Sorts the records and says what they mean for the point. */
void records_judge(struct point *p);

/* Puts a small document that must not be there yet. One that is there with the same bytes is
 * ours, put by an attempt whose answer was lost: HF_OK. */
int32_t put_once_only(
    struct instance *sink, const char *key, const struct buf *text, struct error *err);

void point_free(struct point *p);

#endif
