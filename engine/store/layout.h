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
#include "engine/util/mem.h"

#define POINT_ID_LEN 21 /* 20260116T020000Z-xxxx */

/* A new id for a point begun at `ns`: 21 characters and NUL. The last four are random [0-9a-z]. */
void point_id_make(int64_t ns, char out[POINT_ID_LEN + 1]);
bool point_id_ok(const char *id);
/* The instant in the id. */
int64_t point_id_time(const char *id);

/* Is it a key as plugin.h defines it? */
bool key_ok(const char *key);
/* A key component or path made of any bytes: what a sink cannot keep becomes %XX, components are kept
 * apart at '/', empty ones and "." and ".." are escaped, a leading dot is escaped, components over 200 bytes are cut and get
 * a hash. Never empty. Owned by the caller. Different inputs give different results. */
char *key_escape(const char *path);

char *key_point(const char *job, const char *id);    /* "<job>/<id>/" */
char *key_manifest(const char *job, const char *id);
char *key_owner(const char *job, const char *id);
char *key_records(const char *job, const char *id);  /* "<job>/<id>/records/" */
/* "<job>/<id>/<source>/<escaped path><suffix>" */
char *key_entry(const char *job, const char *id, const char *source, const char *path,
	const char *suffix);

#endif
