/* SPDX-License-Identifier: MIT
 * SHA-256, written in hex. A failure of the library ends the program with a message: there is no
 * backup without digests. One digest is used by one thread at a time. */
#ifndef HF_UTIL_DIGEST_H
#define HF_UTIL_DIGEST_H

#include <stddef.h>

#define DIGEST_HEX_SIZE 65 /* 64 digits and the NUL */

struct digest;

struct digest *digest_new(void);
void digest_update(struct digest *d, const void *data, size_t n);
/* The digest of what was added since digest_new() or the last digest_hex(), lower case; `d` is then
 * as new. */
void digest_hex(struct digest *d, char out[DIGEST_HEX_SIZE]);
/* d may be NULL. */
void digest_free(struct digest *d);
/* In one go. */
void digest_hex_of(const void *data, size_t n, char out[DIGEST_HEX_SIZE]);

#endif
