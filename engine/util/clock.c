/* SPDX-License-Identifier: MIT
 * The clocks, and instants as text. */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/util/clock.h"
#include "engine/util/mem.h"
#include "engine/util/units.h"

/* The years that fit into nanoseconds since 1970, whole ones. */
#define YEAR_MIN 1678
#define YEAR_MAX 2261

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0) {
		fprintf(stderr, "holdfast: cannot read the clock: %s\n", strerror(errno));
		abort();
	}
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Whole seconds, rounded down also before 1970. */
static time_t seconds(int64_t ns, unsigned *rest)
{
	int64_t s = ns / NS_PER_S, r = ns % NS_PER_S;

	if (r < 0) {
		r += NS_PER_S;
		s--;
	}
	if (rest)
		*rest = (unsigned)r;
	return (time_t)s;
}

static void utc(int64_t ns, struct tm *tm)
{
	time_t t = seconds(ns, NULL);

	if (!gmtime_r(&t, tm)) /* cannot be: 64 bits of nanoseconds are few years */
		*tm = (struct tm){ .tm_year = 70, .tm_mday = 1 };
}

void clock_rfc3339(int64_t ns, char *out, size_t size)
{
	char text[32], fraction[16] = "";
	unsigned rest;
	struct tm tm;

	(void)seconds(ns, &rest);
	utc(ns, &tm);
	if (strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		text[0] = '\0';
	if (rest) {
		int n = snprintf(fraction, sizeof(fraction), ".%09u", rest);

		while (fraction[n - 1] == '0')
			fraction[--n] = '\0';
	}
	snprintf(out, size, "%s%sZ", text, fraction);
}

void clock_compact(int64_t ns, char *out, size_t size)
{
	struct tm tm;

	utc(ns, &tm);
	if (size && strftime(out, size, "%Y%m%dT%H%M%SZ", &tm) == 0)
		out[0] = '\0';
}

void clock_local(int64_t ns, char *out, size_t size)
{
	time_t t = seconds(ns, NULL);
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		clock_rfc3339(ns, out, size);
}

/* --- reading -------------------------------------------------------------- */

/* Exactly n digits of at most `max`; false if not. */
static bool number(const char **p, int n, int max, int *out)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		char c = (*p)[i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*p += n;
	*out = v;
	return v <= max;
}

static bool letter(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool read_date(const char **p, struct tm *tm)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d;
	bool leap;

	if (!number(p, 4, YEAR_MAX, &y) || !letter(p, '-') || !number(p, 2, 12, &m) ||
	    !letter(p, '-') || !number(p, 2, 31, &d))
		return false;
	leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	if (y < YEAR_MIN || m < 1 || d < 1 || d > days[m - 1] + (m == 2 && leap ? 1 : 0))
		return false;
	tm->tm_year = y - 1900;
	tm->tm_mon = m - 1;
	tm->tm_mday = d;
	return true;
}

/* hh:mm, and :ss where it must be or may be. */
static bool read_time(const char **p, struct tm *tm, bool need_seconds)
{
	if (!number(p, 2, 23, &tm->tm_hour) || !letter(p, ':') || !number(p, 2, 59, &tm->tm_min))
		return false;
	if (!need_seconds && **p != ':')
		return true;
	return letter(p, ':') && number(p, 2, 59, &tm->tm_sec);
}

static bool read_fraction(const char **p, int64_t *ns)
{
	int64_t scale = NS_PER_S;

	*ns = 0;
	if (!letter(p, '.'))
		return true;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		scale /= 10;
		if (scale == 0)
			return false;
		*ns += (**p - '0') * scale;
	}
	return true;
}

static bool read_offset(const char **p, int64_t *offset)
{
	int sign = **p == '-' ? -1 : 1, h, m;

	*offset = 0;
	if (letter(p, 'Z'))
		return true;
	if (!letter(p, '+') && !letter(p, '-'))
		return false;
	if (!number(p, 2, 23, &h) || !letter(p, ':') || !number(p, 2, 59, &m))
		return false;
	*offset = sign * (h * INT64_C(3600) + m * INT64_C(60));
	return true;
}

int32_t clock_parse_rfc3339(const char *text, int64_t *ns)
{
	struct tm tm = { 0 };
	int64_t fraction, offset, s;
	const char *p = text;

	if (!read_date(&p, &tm) || !letter(&p, 'T') || !read_time(&p, &tm, true) ||
	    !read_fraction(&p, &fraction) || !read_offset(&p, &offset) || *p)
		return HF_E_CONFIG;
	s = (int64_t)timegm(&tm) - offset;
	*ns = s * NS_PER_S + fraction;
	return HF_OK;
}

static bool same_fields(const struct tm *a, const struct tm *b)
{
	return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
	       a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

/* The instants at which local clocks show `want`: none when they are put forward over it, two
 * when they are put back. Sets the first and the last, returns how many differ (0, 1 or 2). */
static int local_instants(const struct tm *want, time_t *first, time_t *last)
{
	int found = 0;

	for (int dst = -1; dst <= 1; dst++) {
		struct tm tm = *want, back;
		time_t t;

		tm.tm_isdst = dst;
		t = mktime(&tm);
		if (!localtime_r(&t, &back) || !same_fields(&back, want))
			continue;
		if (!found || t < *first)
			*first = t;
		if (!found || t > *last)
			*last = t;
		found = 1;
	}
	return found ? 1 + (*first != *last) : 0;
}

static int32_t local(const char *text, const struct tm *tm, bool whole_day, int64_t *ns,
	struct error *err)
{
	time_t first = 0, last = 0;
	int n = local_instants(tm, &first, &last);

	if (n == 0) {
		error_set(err, HF_E_CONFIG, "\"%s\" does not exist in local time: "
			  "the clocks were put forward over it", text);
		error_hint(err, "give the time in UTC, like 2026-01-16T02:00:00Z");
		return HF_E_CONFIG;
	}
	if (n == 2 && !whole_day) {
		char a[32], b[32];

		clock_rfc3339((int64_t)first * NS_PER_S, a, sizeof(a));
		clock_rfc3339((int64_t)last * NS_PER_S, b, sizeof(b));
		error_set(err, HF_E_CONFIG, "\"%s\" happened twice in local time: "
			  "the clocks were put back", text);
		error_hint(err, "say which one: %s or %s", a, b);
		return HF_E_CONFIG;
	}
	*ns = (int64_t)last * NS_PER_S + (whole_day ? NS_PER_S - 1 : 0);
	return HF_OK;
}

/* "26h" or "26h ago". */
static bool ago(const char *text, int64_t now, int64_t *ns)
{
	static const char tail[] = " ago";
	size_t n = strlen(text), cut = sizeof(tail) - 1;
	autofree char *span = xstrdup(text);
	int64_t d;

	if (n > cut && strcmp(text + n - cut, tail) == 0)
		span[n - cut] = '\0';
	if (parse_duration(span, &d, NULL) != HF_OK)
		return false;
	return !__builtin_sub_overflow(now, d, ns);
}

int32_t clock_parse_user(const char *text, int64_t now, int64_t *ns, struct error *err)
{
	autofree char *clean = printable(text);
	struct tm tm = { 0 };
	const char *p = text;

	if (clock_parse_rfc3339(text, ns) == HF_OK || ago(text, now, ns))
		return HF_OK;
	if (read_date(&p, &tm)) {
		if (!*p) {
			tm.tm_hour = 23;
			tm.tm_min = tm.tm_sec = 59;
			return local(clean, &tm, true, ns, err);
		}
		if ((letter(&p, ' ') || letter(&p, 'T')) && read_time(&p, &tm, false) && !*p)
			return local(clean, &tm, false, ns, err);
	}
	error_set(err, HF_E_CONFIG, "\"%s\" is not a time", clean);
	error_hint(err, "write \"2026-01-16 02:00\" or 2026-01-16 (local time), "
		   "2026-01-16T02:00:00Z or \"26h ago\"");
	return HF_E_CONFIG;
}
