/* SPDX-License-Identifier: MIT
 *
 * The POSIX TZ text: parsing, and the offset at an instant.
 */
#include "tzrule.h"

#include <string.h>

#include "calendar.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static bool take_int(const char **at, int least, int most, int *out)
{
	int value = 0;

	if (!is_digit(**at))
		return false;
	for (; is_digit(**at); ++*at) {
		value = value * 10 + (**at - '0');
		if (value > most)
			return false;
	}
	*out = value;
	return value >= least;
}

/* "CET" or "<+0330>" */
static bool take_name(const char **at)
{
	const char *begin = *at;

	if (!take_char(at, '<')) {
		while (is_alpha(**at))
			++*at;
		return *at - begin >= 3;
	}
	while (is_alpha(**at) || is_digit(**at) || **at == '+' || **at == '-')
		++*at;
	return *at - begin >= 4 && take_char(at, '>');
}

/* [+-]h[hh][:mm[:ss]] */
static bool take_time(const char **at, int most_hours, int32_t *out)
{
	bool negative = **at == '-';
	int h, m = 0, s = 0;

	if (**at == '-' || **at == '+')
		++*at;
	if (!take_int(at, 0, most_hours, &h))
		return false;
	if (take_char(at, ':')) {
		if (!take_int(at, 0, 59, &m))
			return false;
		if (take_char(at, ':') && !take_int(at, 0, 59, &s))
			return false;
	}
	*out = h * 3600 + m * 60 + s;
	if (negative)
		*out = -*out;
	return true;
}

/* POSIX counts offsets west of Greenwich. */
static bool take_offset(const char **at, int32_t *east)
{
	if (!take_time(at, 24, east))
		return false;
	*east = -*east;
	return true;
}

static bool take_day(const char **at, struct tzday *day)
{
	bool good;

	*day = (struct tzday){.form = 'N', .time = 2 * 3600};
	if (take_char(at, 'M')) {
		day->form = 'M';
		good = take_int(at, 1, 12, &day->month) && take_char(at, '.') &&
		    take_int(at, 1, 5, &day->week) && take_char(at, '.') &&
		    take_int(at, 0, 6, &day->day);
	} else if (take_char(at, 'J')) {
		day->form = 'J';
		good = take_int(at, 1, 365, &day->day);
	} else {
		good = take_int(at, 0, 365, &day->day);
	}
	if (good && take_char(at, '/'))
		good = take_time(at, 167, &day->time);
	return good;
}

bool tzrule_parse(const char *text, struct tzrule *out)
{
	const char *at = text;

	memset(out, 0, sizeof(*out));
	if (!take_name(&at) || !take_offset(&at, &out->standard))
		return false;
	if (*at == '\0')
		return true;
	out->has_summer = true;
	out->summer = out->standard + 3600;
	if (!take_name(&at))
		return false;
	if (*at != ',' && !take_offset(&at, &out->summer))
		return false;
	return take_char(&at, ',') && take_day(&at, &out->start) && take_char(&at, ',') &&
	    take_day(&at, &out->end) && *at == '\0';
}

static int64_t weekday_of_month(int64_t year, const struct tzday *day)
{
	int64_t first = days_from_date(year, day->month, 1);
	int64_t weekday = (first + 4) - 7 * floor_div(first + 4, 7); /* 1970-01-01: Thursday */
	int64_t of_month = (day->day - weekday + 7) % 7 + 7 * (day->week - 1);

	if (of_month >= days_in_month(year, day->month))
		of_month -= 7;
	return first + of_month;
}

/* The instant of the change by local time without any offset. */
static int64_t day_in_year(int64_t year, const struct tzday *day)
{
	int64_t days;

	switch (day->form) {
	case 'M':
		days = weekday_of_month(year, day);
		break;
	case 'J':
		days = days_from_date(year, 1, 1) + day->day - 1;
		if (day->day >= 60 && is_leap_year(year))
			++days;
		break;
	default:
		days = days_from_date(year, 1, 1) + day->day;
	}
	return days * SECONDS_A_DAY + day->time;
}

int32_t tzrule_offset(const struct tzrule *rule, int64_t when)
{
	int64_t year, latest = INT64_MIN;
	int32_t offset = rule->standard;

	if (!rule->has_summer)
		return offset;
	/* A change may lie a week outside of its year, so look around. The start
	 * comes second and wins where both fall together: summer all year. */
	year = date_from_days(floor_div(when, SECONDS_A_DAY)).year;
	for (int64_t y = year - 2; y <= year + 1; y++) {
		int64_t end = day_in_year(y, &rule->end) - rule->summer;
		int64_t start = day_in_year(y, &rule->start) - rule->standard;

		if (end <= when && end >= latest) {
			latest = end;
			offset = rule->standard;
		}
		if (start <= when && start >= latest) {
			latest = start;
			offset = rule->summer;
		}
	}
	return offset;
}
