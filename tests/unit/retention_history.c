/* SPDX-License-Identifier: MIT
 *
 * Random histories.
 */
#include "config.h"

#include "tests/unit/retention_history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/retention/calendar.h"

#define MINUTE INT64_C(60)
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

uint64_t history_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

size_t history_below(uint64_t *state, size_t below)
{
	return (size_t)(history_random(state) % below);
}

bool history_chance(uint64_t *state, unsigned percent)
{
	return history_below(state, 100) < percent;
}

static int64_t between(uint64_t *state, int64_t low, int64_t high)
{
	return low + (int64_t)(history_random(state) % (uint64_t)(high - low));
}

/* Summer time of whole and half hours, in both halves of the year, at midnight and
 * a minute past it; a day that was left out (Apia, 2011-12-30). */
void history_zones_open(struct history_zones *zones)
{
	static const char *const names[] = {"UTC", "Europe/Berlin", "America/New_York",
	    "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns",
	    "Africa/Casablanca", "Pacific/Chatham", "America/Sao_Paulo", "Asia/Beirut"};
	char why[256];

	*zones = (struct history_zones){.count = 0};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct zone *zone = zone_open(names[i], why, sizeof(why));

		if (zone != NULL)
			zones->zone[zones->count++] = zone;
		else
			fprintf(stderr, "without zone %s: %s\n", names[i], why);
	}
}

void history_zones_close(struct history_zones *zones)
{
	for (size_t i = 0; i < zones->count; i++)
		zone_free(zones->zone[i]);
}

/* The next instant, in a year at most, at which the zone's clocks change. */
static int64_t next_change(const struct zone *zone, int64_t from)
{
	int64_t low = from, high = from;

	while (high < from + 366 * DAY && zone_offset(zone, high) == zone_offset(zone, low)) {
		low = high;
		high += DAY;
	}
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (zone_offset(zone, middle) == zone_offset(zone, low))
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Mostly a few days before something odd in the calendar. */
static int64_t first_time(uint64_t *random, const struct zone *zone)
{
	static const struct {
		int year, month, day;
	} odd[] = {{2026, 10, 24}, {2026, 3, 28}, {2024, 2, 27}, {2020, 12, 26}, {2021, 1, 1},
	    {2011, 12, 28}, {2026, 11, 1}, {2100, 2, 27}, {1969, 12, 30}, {2009, 10, 31},
	    {2038, 1, 18}, {2000, 2, 28}};
	size_t i = history_below(random, sizeof(odd) / sizeof(odd[0]));

	if (history_chance(random, 30))
		return between(random, -20 * 365 * DAY, 150 * 365 * DAY);
	if (history_chance(random, 40))
		return next_change(zone, between(random, 15 * 365 * DAY, 80 * 365 * DAY)) -
		    between(random, 0, 3 * HOUR);
	return days_from_date(odd[i].year, odd[i].month, odd[i].day) * DAY +
	    between(random, -2 * DAY, 2 * DAY);
}

static int64_t step(uint64_t *random, int64_t usual)
{
	if (history_chance(random, 3)) /* a holiday, a dead machine */
		return between(random, 0, 200 * DAY);
	if (history_chance(random, 5)) /* by hand, once more */
		return between(random, 0, 10);
	return usual + between(random, -usual / 8, usual / 8 + 1);
}

static int64_t clock_jump(uint64_t *random)
{
	return between(random, -3 * 365 * DAY, 3 * 365 * DAY);
}

static int64_t usual_step(uint64_t *random)
{
	static const int64_t steps[] = {10 * MINUTE, 30 * MINUTE, HOUR, 6 * HOUR, 12 * HOUR, DAY,
	    DAY, DAY, 7 * DAY, 30 * DAY, 90 * DAY};

	return steps[history_below(random, sizeof(steps) / sizeof(steps[0]))];
}

static int64_t small_limit(uint64_t *random)
{
	if (history_chance(random, 3))
		return 100000;
	return 1 + (int64_t)history_below(random, history_chance(random, 30) ? 60 : 9);
}

static void make_rules(struct history *h, const struct history_zones *zones)
{
	uint64_t *random = &h->random;
	bool any = false;

	for (int i = 0; i < RULE_COUNT; i++)
		h->rules.limit[i] = history_chance(random, 30) ? small_limit(random) : 0;
	h->rules.limit[RULE_WITHIN] = 0;
	if (history_chance(random, 30))
		h->rules.limit[RULE_WITHIN] = history_chance(random, 5)
		    ? INT64_MAX
		    : between(random, 1, 400 * DAY) * NS_A_SECOND;
	if (h->rules.limit[RULE_MIN_KEEP] == 0)
		h->rules.limit[RULE_MIN_KEEP] = 1;
	for (int i = RULE_LAST; i <= RULE_WITHIN; i++)
		any = any || h->rules.limit[i] != 0;
	if (!any)
		h->rules.limit[history_below(random, RULE_WITHIN)] = small_limit(random);
	h->rules.zone = zones->zone[history_below(random, zones->count)];
}

/* Mostly the point before; sometimes any, itself and a later one included, or one
 * that is gone. */
static const char *make_parent(struct history *h, size_t i)
{
	uint64_t *random = &h->random;

	if (i > 0 && history_chance(random, 90))
		return h->ids[i - 1];
	if (history_chance(random, 50))
		return h->ids[history_below(random, h->count)];
	return "gone";
}

static void add_times(struct history *h, bool calm)
{
	uint64_t *random = &h->random;
	int64_t at = first_time(random, h->rules.zone), usual = usual_step(random);

	if (h->count > 0 && history_chance(random, 50)) /* the odd day comes later */
		at -= (int64_t)history_below(random, h->count) * usual;
	for (size_t i = 0; i < h->count; i++) {
		h->points[i].begin_ns = at * NS_A_SECOND +
		    (calm ? 0 : between(random, 0, NS_A_SECOND));
		if (!calm && i > 0 && history_chance(random, 2)) /* from two machines */
			h->points[i].begin_ns = h->points[i - 1].begin_ns;
		at += step(random, usual);
		if (!calm && history_chance(random, 2))
			at += clock_jump(random);
	}
	h->now_ns = at * NS_A_SECOND;
}

static void add_flags(struct history *h)
{
	uint64_t *random = &h->random;
	unsigned incomplete = (unsigned)history_below(random, 40);
	unsigned damaged = history_chance(random, 50) ? (unsigned)history_below(random, 60) : 0;
	unsigned chained = history_chance(random, 50) ? (unsigned)history_below(random, 95) : 0;
	unsigned proven = (unsigned)history_below(random, 50);

	for (size_t i = 0; i < h->count; i++) {
		struct plan_point *point = &h->points[i];

		point->complete = !history_chance(random, incomplete);
		point->running = history_chance(random, point->complete ? 1 : 20);
		point->pinned = history_chance(random, 4);
		point->damaged = history_chance(random, damaged);
		point->verified = history_chance(random, proven);
		point->drilled = history_chance(random, proven / 4);
		/* without a manifest it is not known what a point continues */
		if ((point->complete || point->running) && history_chance(random, chained))
			point->parent = make_parent(h, i);
	}
	if (h->count > 0 && history_chance(random, 60))
		h->points[h->count - 1].current = true;
}

static void begin(struct history *h, uint64_t seed, const struct history_zones *zones)
{
	*h = (struct history){.random = seed};
	h->count = history_below(&h->random, history_chance(&h->random, 40) ? 12 : HISTORY_MOST);
	for (size_t i = 0; i < h->count; i++) {
		snprintf(h->ids[i], sizeof(h->ids[i]), "p%04" PRIx64 "-%zu",
		    history_random(&h->random) & 0xffff, i);
		h->points[i].id = h->ids[i];
	}
	make_rules(h, zones);
}

void history_make(struct history *h, const struct history_zones *zones, uint64_t seed)
{
	begin(h, seed, zones);
	add_times(h, false);
	add_flags(h);
	if (history_chance(&h->random, 10))
		h->now_ns += clock_jump(&h->random) * NS_A_SECOND;
	if (h->count > 0 && history_chance(&h->random, 3))
		h->points[history_below(&h->random, h->count)].begin_ns =
		    history_chance(&h->random, 50) ? INT64_MAX : INT64_MIN;
	if (history_chance(&h->random, 2))
		h->now_ns = history_chance(&h->random, 50) ? INT64_MAX : INT64_MIN;
}

void history_make_calm(struct history *h, const struct history_zones *zones, uint64_t seed)
{
	begin(h, seed, zones);
	add_times(h, true);
	for (size_t i = 0; i < h->count; i++) {
		h->points[i].complete = true;
		h->points[i].pinned = history_chance(&h->random, 2);
		h->points[i].verified = history_chance(&h->random, 20);
	}
}
