/* SPDX-License-Identifier: MIT
 * Numbers with units: read strictly, written for people. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/util/clock.h"
#include "engine/util/mem.h"
#include "engine/util/units.h"

#define NS_PER_MS INT64_C(1000000)

static int32_t bad(struct error *err, const char *text, const char *want)
{
	autofree char *clean = printable(text);

	return error_set(err, HF_E_CONFIG, "\"%s\" is not %s", clean, want);
}

static int32_t too_big(struct error *err, const char *text)
{
	autofree char *clean = printable(text);

	return error_set(err, HF_E_CONFIG, "\"%s\" is too big a number", clean);
}

/* Digits at *p, moving it behind them. 0: none; 1: read; -1: they overflow. */
static int digits(const char **p, int64_t *out)
{
	const char *s = *p;
	int64_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s - '0', &v))
			return -1;
	if (s == *p)
		return 0;
	*p = s;
	*out = v;
	return 1;
}

int32_t parse_int(const char *text, int64_t *out, struct error *err)
{
	const char *p = text;
	int64_t v = 0;
	int got;

	/* the least integer has no positive twin: it is read by itself */
	if (strcmp(text, "-9223372036854775808") == 0) {
		*out = INT64_MIN;
		return HF_OK;
	}
	if (*p == '-')
		p++;
	got = digits(&p, &v);
	if (got < 0)
		return too_big(err, text);
	if (got == 0 || *p)
		return bad(err, text, "an integer");
	*out = *text == '-' ? -v : v;
	return HF_OK;
}

int32_t parse_size(const char *text, int64_t *out, struct error *err)
{
	static const char want[] = "a size; write 512, 64K, 8M, 2G, 1T or 1P (powers of 1024)";
	static const char units[] = "KMGTP";
	const char *p = text, *unit;
	int64_t v = 0;
	int got = digits(&p, &v), shift = 0;

	if (got < 0)
		return too_big(err, text);
	if (got == 0)
		return bad(err, text, want);
	if (*p) {
		char upper = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;

		unit = strchr(units, upper);
		if (!unit || (p[1] && strcmp(p + 1, "iB") != 0))
			return bad(err, text, want);
		shift = 10 * (int)(unit - units + 1);
	}
	if (__builtin_mul_overflow(v, INT64_C(1) << shift, &v))
		return too_big(err, text);
	*out = v;
	return HF_OK;
}

/* From the greatest to the least, as they follow each other in a duration. */
static const struct {
	const char *name;
	int64_t ns;
} spans[] = {
	{ "w", 7 * 86400 * NS_PER_S },
	{ "d", 86400 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "s", NS_PER_S },
	{ "ms", NS_PER_MS },
};

/* The index of the unit spelt by the n letters at p, or the number of units. */
static size_t span_of(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		if (strlen(spans[i].name) == n && memcmp(spans[i].name, p, n) == 0)
			break;
	return i;
}

int32_t parse_duration(const char *text, int64_t *out, struct error *err)
{
	static const char want[] =
		"a duration; write 500ms, 30s, 15m, 26h, 7d, 2w or 1h30m";
	const char *p = text;
	int64_t sum = 0, v = 0;
	size_t next = 0;

	if (!*text)
		return bad(err, text, want);
	while (*p) {
		int got = digits(&p, &v);
		size_t letters = 0, unit;

		if (got < 0)
			return too_big(err, text);
		if (got == 0)
			return bad(err, text, want);
		while ((p[letters] >= 'a' && p[letters] <= 'z') ||
		       (p[letters] >= 'A' && p[letters] <= 'Z'))
			letters++;
		if (letters == 0 && !*p && next == 0) {
			if (v == 0)
				break;
			return bad(err, text, "a duration: it has no unit; say 30s or 30m");
		}
		unit = span_of(p, letters);
		if (unit < next || unit == sizeof(spans) / sizeof(spans[0]))
			return bad(err, text, want);
		if (__builtin_mul_overflow(v, spans[unit].ns, &v) ||
		    __builtin_add_overflow(sum, v, &sum))
			return too_big(err, text);
		next = unit + 1;
		p += letters;
	}
	*out = sum;
	return HF_OK;
}

int32_t parse_percent(const char *text, int64_t *out, struct error *err)
{
	static const char want[] = "a percentage; write 10% or 0.5% (four decimals at most)";
	const char *p = text;
	int64_t v = 0, scale = 10000;
	int got = digits(&p, &v);

	if (got < 0 || __builtin_mul_overflow(v, scale, &v))
		return too_big(err, text);
	if (got == 0)
		return bad(err, text, want);
	if (*p == '.') {
		const char *first = ++p;

		for (; *p >= '0' && *p <= '9' && scale > 1; p++) {
			scale /= 10;
			if (__builtin_add_overflow(v, (*p - '0') * scale, &v))
				return too_big(err, text);
		}
		if (p == first)
			return bad(err, text, want);
	}
	if (strcmp(p, "%") != 0)
		return bad(err, text, want);
	*out = v;
	return HF_OK;
}

int32_t parse_bool(const char *text, int64_t *out, struct error *err)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*out = (int64_t)(i % 2);
			return HF_OK;
		}
	}
	return bad(err, text, "yes or no");
}

void format_bytes(uint64_t n, char *out, size_t size)
{
	static const char units[] = "KMGTPE";
	uint64_t tenths;
	size_t unit = 0;

	if (n < 1024) {
		snprintf(out, size, "%u B", (unsigned)n);
		return;
	}
	while (n >= 1024 * 1024 && unit + 2 < sizeof(units)) {
		n >>= 10;
		unit++;
	}
	tenths = (n * 10 + 512) >> 10;
	if (tenths >= 10240 && unit + 2 < sizeof(units)) {
		tenths = 10;
		unit++;
	}
	snprintf(out, size, "%u.%u %ciB", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
		 units[unit]);
}

/* Cut, not rounded: "59.9 s" never becomes "60.0 s". */
void format_duration(int64_t ns, char *out, size_t size)
{
	const char *sign = ns < 0 ? "-" : "";
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	uint64_t s = v / (uint64_t)NS_PER_S;

	if (s == 0)
		snprintf(out, size, "%s%u ms", sign, (unsigned)(v / (uint64_t)NS_PER_MS));
	else if (s < 60)
		snprintf(out, size, "%s%u.%u s", sign, (unsigned)s,
			 (unsigned)(v / (uint64_t)(100 * NS_PER_MS) % 10));
	else if (s < 3600)
		snprintf(out, size, "%s%um %02us", sign, (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < 86400)
		snprintf(out, size, "%s%uh %um", sign, (unsigned)(s / 3600),
			 (unsigned)(s / 60 % 60));
	else
		snprintf(out, size, "%s%ud %uh", sign, (unsigned)(s / 86400),
			 (unsigned)(s / 3600 % 24));
}
