/* SPDX-License-Identifier: MIT
 * JSON documents that prove themselves: the last member, "seal", is the SHA-256 of every byte before it.
 * Any flipped, missing or added byte is found. */
#ifndef HF_STORE_SEAL_H
#define HF_STORE_SEAL_H

#include <json-c/json.h>
#include "engine/util/error.h"
#include "engine/util/mem.h"

/* Pretty-printed JSON text of the object, with its seal, ending in a newline. */
void seal_write(json_object *object, struct buf *out);
/* Checks the seal and parses (depth, size and count limits against hostile input; duplicate keys are refused).
 * HF_E_CORRUPT naming `what` otherwise. The caller owns *out. The "seal" member is left in. */
int32_t seal_read(const char *what, const char *data, size_t n, json_object **out,
	struct error *err);

#endif
