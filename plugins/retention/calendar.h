/* SPDX-License-Identifier: MIT
 *
 * The proleptic Gregorian calendar in whole numbers: days since 1970-01-01 to
 * dates and back, for any year and without the C library's time zone.
 */
#ifndef RETENTION_CALENDAR_H
#define RETENTION_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define SECONDS_A_DAY INT64_C(86400)
#define NS_A_SECOND INT64_C(1000000000)

struct date {
	int64_t year;
	int month; /* 1 .. 12 */
	int day;   /* 1 .. 31 */
};

/* Rounds down, also below zero. */
int64_t floor_div(int64_t a, int64_t b);
bool is_leap_year(int64_t year);
int days_in_month(int64_t year, int month);
int64_t days_from_date(int64_t year, int month, int day);
struct date date_from_days(int64_t days);

#endif
