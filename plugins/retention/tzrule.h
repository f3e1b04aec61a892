/* SPDX-License-Identifier: MIT
 *
 * The rule at the end of a time zone file ("CET-1CEST,M3.5.0,M10.5.0/3"):
 * which offset holds after the last transition that the file lists.
 */
#ifndef RETENTION_TZRULE_H
#define RETENTION_TZRULE_H

#include <stdbool.h>
#include <stdint.h>

/* One of the two days a year on which the clocks change. */
struct tzday {
	char form;    /* 'M' month.week.weekday, 'J' 1..365 without the leap day, 'N' 0..365 */
	int month;
	int week;     /* 1 .. 5, 5 the last */
	int day;      /* weekday from Sunday 0; or the day of the year */
	int32_t time; /* seconds from that day's midnight, -167 h .. 167 h */
};

struct tzrule {
	int32_t standard; /* seconds east of UTC */
	int32_t summer;
	bool has_summer;
	struct tzday start;
	struct tzday end;
};

/* Reads POSIX's TZ text with RFC 8536's wider times. False if it is not one. */
bool tzrule_parse(const char *text, struct tzrule *out);
/* Seconds east of UTC at `when`, in seconds since 1970 UTC. */
int32_t tzrule_offset(const struct tzrule *rule, int64_t when);

#endif
