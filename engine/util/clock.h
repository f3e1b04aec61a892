/* SPDX-License-Identifier: MIT
 * Instants (nanoseconds since 1970 UTC) and how people write them. */
#ifndef HF_UTIL_CLOCK_H
#define HF_UTIL_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include "engine/util/error.h"

#define NS_PER_S INT64_C(1000000000)

int64_t clock_now(void);  /* wall clock */
int64_t clock_mono(void); /* for measuring */

/* "2026-01-16T02:00:00Z" with up to 9 fractional digits where they are not zero. size >= 32. */
void clock_rfc3339(int64_t ns, char *out, size_t size);
/* Reads exactly that form (RFC 3339, Z or an offset). HF_E_CONFIG if it is not one. */
int32_t clock_parse_rfc3339(const char *text, int64_t *ns);
/* For --at: RFC 3339, or "2026-01-16 02:00[:00]" (T for the blank too) or "2026-01-16" in local
 * time, or "26h ago"/"26h". A date alone means its end. A local time that does not exist or
 * exists twice (clocks put forward or back) is an error that says so. */
int32_t clock_parse_user(const char *text, int64_t now, int64_t *ns, struct error *err);
/* Local time for the screen: "2026-01-16 03:00:00". size >= 32. */
void clock_local(int64_t ns, char *out, size_t size);
/* "20260116T020000Z". size >= 20. */
void clock_compact(int64_t ns, char *out, size_t size);

#endif
