/* SPDX-License-Identifier: MIT
 * Do a manifest's values fit together, and the place where it was found? */
#ifndef HF_STORE_MANIFEST_CHECK_H
#define HF_STORE_MANIFEST_CHECK_H

#include "engine/store/json.h"
#include "engine/store/manifest.h"

/* For manifest_read(): tells the first thing that is wrong. Puts the entries into restore
 * order. */
void manifest_check(struct json_reader *r, const char *job, const char *id, struct manifest *m);

#endif
