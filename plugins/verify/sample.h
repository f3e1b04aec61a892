/* SPDX-License-Identifier: MIT
 *
 * Which entries of a point a sampled verification reads.
 */
#ifndef VERIFY_SAMPLE_H
#define VERIFY_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* Picks whole entries of about `share` millionths of the bytes, at least one
 * where there is one: their indices, ascending, into `picks` (room for count),
 * and returns how many. The same for the same point and day (a number); other
 * days take other entries, and over some of them every entry comes up. */
size_t sample_pick(const uint64_t *bytes, size_t count, uint32_t share, const char *point_id,
    int64_t day, uint64_t *picks);

#endif
