/* SPDX-License-Identifier: MIT
 *
 * Which hour, day, ISO week, month or year an instant lies in.
 */
#include "period.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "calendar.h"

/* ISO weeks run from Monday; week 0 is that of 1970-01-01, a Thursday, and so
 * the Thursday of week N is day 7 N. */
static int64_t week_of_day(int64_t day)
{
	return floor_div(day + 3, 7);
}

int64_t period_number(enum period period, const struct zone *zone, int64_t ns)
{
	int64_t when = floor_div(ns, NS_A_SECOND);
	int64_t offset = zone_offset(zone, when);
	int64_t day = floor_div(when + offset, SECONDS_A_DAY);
	struct date date = date_from_days(day);

	switch (period) {
	case PERIOD_HOUR:
		/* The instant at which the hour began: of the two hours that a clock
		 * calls 02 when summer time ends, each is its own. */
		return floor_div(when + offset, 3600) * 3600 - offset;
	case PERIOD_DAY:
		return day;
	case PERIOD_WEEK:
		return week_of_day(day);
	case PERIOD_MONTH:
		return date.year * 12 + date.month;
	case PERIOD_YEAR:
		break;
	}
	return date.year;
}

static void hour_name(struct date date, int64_t hour, int64_t offset, char *out, size_t size)
{
	int64_t minutes = llabs(offset) / 60;

	snprintf(out, size, "%04" PRId64 "-%02d-%02d %02" PRId64 "h %c%02" PRId64 ":%02" PRId64,
	    date.year, date.month, date.day, hour, offset < 0 ? '-' : '+', minutes / 60,
	    minutes % 60);
}

void period_name(enum period period, const struct zone *zone, int64_t ns, char *out, size_t size)
{
	int64_t when = floor_div(ns, NS_A_SECOND);
	int64_t offset = zone_offset(zone, when);
	int64_t day = floor_div(when + offset, SECONDS_A_DAY);
	int64_t thursday = week_of_day(day) * 7;
	struct date date = date_from_days(day);

	switch (period) {
	case PERIOD_HOUR:
		hour_name(date, floor_div(when + offset, 3600) - day * 24, offset, out, size);
		break;
	case PERIOD_DAY:
		snprintf(out, size, "%04" PRId64 "-%02d-%02d", date.year, date.month, date.day);
		break;
	case PERIOD_WEEK:
		date = date_from_days(thursday);
		snprintf(out, size, "%04" PRId64 "-W%02" PRId64, date.year,
		    (thursday - days_from_date(date.year, 1, 1)) / 7 + 1);
		break;
	case PERIOD_MONTH:
		snprintf(out, size, "%04" PRId64 "-%02d", date.year, date.month);
		break;
	case PERIOD_YEAR:
		snprintf(out, size, "%04" PRId64, date.year);
		break;
	}
}
