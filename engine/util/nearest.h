/* SPDX-License-Identifier: MIT
 * "Did you mean": the nearest of some valid names. */
#ifndef HF_UTIL_NEAREST_H
#define HF_UTIL_NEAREST_H

#include <stddef.h>

/* The name with the least edit distance (Damerau-Levenshtein, restricted) to `word`, or NULL if
 * none is near enough to be what was meant (distance <= 1 + length/3). */
const char *nearest(const char *word, const char *const *names, size_t n);

#endif
