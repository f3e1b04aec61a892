/* SPDX-License-Identifier: MIT
 *
 * The proleptic Gregorian calendar. The years of the arithmetic begin in
 * March, so that the leap day is a year's last one, and repeat after an era
 * of 400 years.
 */
#include "calendar.h"

#define DAYS_AN_ERA INT64_C(146097)
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */

int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

bool is_leap_year(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

int64_t days_from_date(int64_t year, int month, int day)
{
	int64_t from_march = (month + 9) % 12;
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400);
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * from_march + 2) / 5 + day - 1;

	return era * DAYS_AN_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	    DAYS_TO_1970;
}

struct date date_from_days(int64_t days)
{
	int64_t z = days + DAYS_TO_1970;
	int64_t era = floor_div(z, DAYS_AN_ERA);
	int64_t day = z - era * DAYS_AN_ERA;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t from_march = (5 * of_year + 2) / 153;
	struct date out = {
		.year = era * 400 + year + (from_march >= 10),
		.month = (int)(from_march < 10 ? from_march + 3 : from_march - 9),
		.day = (int)(of_year - (153 * from_march + 2) / 5 + 1),
	};

	return out;
}
