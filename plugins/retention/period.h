/* SPDX-License-Identifier: MIT
 *
 * Hours, days, weeks, months and years of a zone's local time.
 */
#ifndef RETENTION_PERIOD_H
#define RETENTION_PERIOD_H

#include <stddef.h>
#include <stdint.h>

#include "zone.h"

enum period { PERIOD_HOUR, PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR };

/* A number for the period that an instant lies in: the same for all instants of
 * the period, greater for later periods. */
int64_t period_number(enum period period, const struct zone *zone, int64_t ns);
/* The period's name for people: "2026-10-25 02h +01:00", "2026-10-25",
 * "2020-W53", "2026-10", "2026". */
void period_name(enum period period, const struct zone *zone, int64_t ns, char *out, size_t size);

#endif
