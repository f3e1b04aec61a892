/* SPDX-License-Identifier: MIT
 * Names in a sink: which key holds what.
 *
 *   <job>/<point>/owner.json            put first: who writes this point (host, pid, when)
 *   <job>/<point>/<source>/<entry>...   the data
 *   <job>/<point>/manifest.json         put last: the point exists
 *   <job>/<point>/records/<time>-<kind>.json   verified, drilled, pinned
 */
#ifndef HF_STORE_LAYOUT_H
#define HF_STORE_LAYOUT_H

#include <stdbool.h>
#include "engine/util/key.h"
#include "engine/util/mem.h"

#define POINT_ID_LEN 21 /* 20260116T020000Z-xxxx */

/* A new id for a point begun at `ns`: 21 characters and NUL. The last four are random [0-9a-z]. */
void point_id_make(int64_t ns, char out[POINT_ID_LEN + 1]);
bool point_id_ok(const char *id);
/* The instant in the id; 0 if it is not one. */
int64_t point_id_time(const char *id);

/* May this be a job's name, and so the first component of a key? The rule of holdfast-job(5). */
bool key_job_ok(const char *job);

/* A path made of any bytes as a key of 1..640 bytes; different paths give different keys. Owned
 * by the caller. Kept as they are: letters, digits and . _ + = @ , - ; every other byte is %XX.
 * Components stay apart at '/'; a leading dot is %2E, an empty component is "~". A component
 * that gets longer than 200 bytes is cut and ends in "~" and 32 digits of its SHA-256, and its
 * suffix; a whole path that gets too long is "~<40 digits of its SHA-256>/<last component>".
 * "~" appears nowhere else. */
char *key_escape(const char *path);

char *key_point(const char *job, const char *id); /* "<job>/<id>/" */
char *key_manifest(const char *job, const char *id);
char *key_owner(const char *job, const char *id);
char *key_records(const char *job, const char *id); /* "<job>/<id>/records/" */
/* "<job>/<id>/<source>/<escaped path><suffix>". The suffix is a filter's (".zst"), 32 bytes at
 * most of what a key may hold. Two entries of a source may still meet ("a" with ".zst", and
 * "a.zst" without): who writes a point sees to it that no key is used twice. */
char *key_entry(
    const char *job, const char *id, const char *source, const char *path, const char *suffix);

#endif
