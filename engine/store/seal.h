/* SPDX-License-Identifier: MIT
 * JSON documents that prove themselves: the last member, "seal", is the SHA-256 of every byte
 * before it. Any flipped, missing or added byte is found. */
#ifndef HF_STORE_SEAL_H
#define HF_STORE_SEAL_H

#include <json-c/json.h>
#include "engine/util/error.h"
#include "engine/util/mem.h"

/* Pretty-printed JSON text of the object (it has a member at least), with its seal, ending in a
 * newline. A "seal" that it has already is replaced. */
void seal_write(json_object *object, struct buf *out);
/* For text made piece by piece: `out` holds from `start` on an object's text without the last
 * brace; adds the seal and the brace. */
void seal_close(struct buf *out, size_t start);

/* Checks the seal and parses with the limits of engine/store/json.h (duplicate names are
 * refused); the caller has bounded the size. HF_E_CORRUPT naming `what` otherwise. The caller
 * owns *out. The "seal" member is left in. */
int32_t seal_read(
    const char *what, const char *data, size_t n, json_object **out, struct error *err);
/* Only checks the seal. What has passed is not JSON yet. */
int32_t seal_check(const char *what, const char *data, size_t n, struct error *err);

#endif
