/* SPDX-License-Identifier: MIT
 *
 * Time zones, without the C library's: that one knows a single zone a process,
 * taken from an environment that a driver must not change.
 */
#ifndef RETENTION_ZONE_H
#define RETENTION_ZONE_H

#include <stddef.h>
#include <stdint.h>

struct zone;

/* Opens "UTC", "local" (this machine's zone, whatever TZ says) or a name of the
 * IANA database. On failure NULL, with the cause as a phrase in `why`. */
struct zone *zone_open(const char *name, char *why, size_t size);
/* Reads a TZif file (RFC 8536) from memory. As above. */
struct zone *zone_parse(const void *data, size_t bytes, char *why, size_t size);
void zone_free(struct zone *zone);

/* Seconds east of UTC at `when`, in seconds since 1970 UTC. */
int32_t zone_offset(const struct zone *zone, int64_t when);

#endif
