/* SPDX-License-Identifier: MIT
 *
 * The plan: every rule marks what it keeps, the safeguards mark theirs, and what
 * nobody wants may go.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "period.h"

#define FUTURE_SLACK_NS (INT64_C(3600) * 1000000000)

/* A point as the rules see it. */
struct item {
	const struct plan_point *point;
	struct plan_verdict *verdict;
	int64_t period;
};

/* The items that count, newest first, and a second array to sort by period. */
struct work {
	const struct plan_rules *rules;
	struct item *item;
	struct item *by_period;
	size_t count;
};

static int newest_first(const void *a, const void *b)
{
	const struct plan_point *x = ((const struct item *)a)->point;
	const struct plan_point *y = ((const struct item *)b)->point;

	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? 1 : -1;
	return strcmp(y->id, x->id);
}

/* Newest period first; in it the sound points, then the others. */
static int by_period(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->period != y->period)
		return x->period < y->period ? 1 : -1;
	if (x->verdict->sound != y->verdict->sound)
		return x->verdict->sound ? -1 : 1;
	return newest_first(a, b);
}

static int64_t plus(int64_t a, int64_t b)
{
	if (b > 0 && a > INT64_MAX - b)
		return INT64_MAX;
	if (b < 0 && a < INT64_MIN - b)
		return INT64_MIN;
	return a + b;
}

static void keep(struct item *item, enum plan_rule rule, int64_t place)
{
	item->verdict->keep = true;
	item->verdict->place[rule] = place;
}

static void stay(struct item *item, uint32_t why)
{
	item->verdict->keep = true;
	item->verdict->stay |= why;
}

static bool rule_takes(const struct item *item, enum plan_rule rule)
{
	switch (rule) {
	case RULE_VERIFIED:
		return item->point->verified && item->verdict->sound;
	case RULE_DRILLED:
		return item->point->drilled && item->verdict->sound;
	default:
		return item->verdict->sound;
	}
}

static void apply_counting(struct work *work, enum plan_rule rule)
{
	bool fill_up = rule == RULE_LAST || rule == RULE_MIN_KEEP;
	int64_t limit = work->rules->limit[rule], place = 0;

	for (size_t i = 0; i < work->count && place < limit; i++) {
		if (rule_takes(&work->item[i], rule))
			keep(&work->item[i], rule, ++place);
	}
	for (size_t i = 0; fill_up && i < work->count && place < limit; i++) {
		if (!rule_takes(&work->item[i], rule))
			keep(&work->item[i], rule, ++place);
	}
}

static void keep_oldest(struct work *work, enum plan_rule rule, int64_t place)
{
	struct item *oldest = &work->item[work->count - 1];

	for (size_t i = work->count; i-- > 0;) {
		if (work->item[i].verdict->sound) {
			oldest = &work->item[i];
			break;
		}
	}
	if (oldest->verdict->place[rule] != 0)
		return;
	keep(oldest, rule, place);
	oldest->verdict->oldest |= 1u << rule;
}

/* Keeps the first of the period that begins at item[0] and returns where the next one begins. */
static size_t keep_period(struct item *item, size_t count, enum plan_rule rule, int64_t place)
{
	size_t next = 1;

	keep(&item[0], rule, place);
	for (; next < count && item[next].period == item[0].period; next++) {
		item[next].verdict->same_period |= 1u << rule;
		if (item[0].verdict->sound)
			item[next].verdict->same_period_sound |= 1u << rule;
	}
	return next;
}

static size_t skip_period(const struct item *item, size_t count)
{
	size_t next = 1;

	while (next < count && item[next].period == item[0].period)
		next++;
	return next;
}

/* First the periods that have a sound point; those without one fill up. */
static void apply_period(struct work *work, enum plan_rule rule, enum period period)
{
	int64_t limit = work->rules->limit[rule], place = 0;
	struct item *sorted = work->by_period;

	if (limit == 0 || work->count == 0)
		return;
	memcpy(sorted, work->item, work->count * sizeof(*sorted));
	for (size_t i = 0; i < work->count; i++)
		sorted[i].period =
		    period_number(period, work->rules->zone, sorted[i].point->begin_ns);
	qsort(sorted, work->count, sizeof(*sorted), by_period);
	for (int sound = 1; sound >= 0; sound--) {
		for (size_t i = 0; i < work->count && place < limit;) {
			size_t left = work->count - i;

			if (sorted[i].verdict->sound == (bool)sound)
				i += keep_period(&sorted[i], left, rule, ++place);
			else
				i += skip_period(&sorted[i], left);
		}
	}
	if (place < limit)
		keep_oldest(work, rule, place + 1);
}

static void apply_within(struct work *work)
{
	int64_t limit = work->rules->limit[RULE_WITHIN];

	for (size_t i = 0; limit != 0 && i < work->count; i++) {
		if (plus(work->item[i].point->begin_ns, limit) >= work->item[0].point->begin_ns)
			keep(&work->item[i], RULE_WITHIN, 1);
	}
}

static void apply_rules(struct work *work)
{
	apply_counting(work, RULE_LAST);
	apply_period(work, RULE_HOURLY, PERIOD_HOUR);
	apply_period(work, RULE_DAILY, PERIOD_DAY);
	apply_period(work, RULE_WEEKLY, PERIOD_WEEK);
	apply_period(work, RULE_MONTHLY, PERIOD_MONTH);
	apply_period(work, RULE_YEARLY, PERIOD_YEAR);
	apply_within(work);
	apply_counting(work, RULE_VERIFIED);
	apply_counting(work, RULE_DRILLED);
	apply_counting(work, RULE_MIN_KEEP);
}

static void apply_safeguards(struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		struct item *item = &work->item[i];

		if (i == 0)
			stay(item, STAY_NEWEST);
		if (item->point->current)
			stay(item, STAY_CURRENT);
		if (item->point->pinned)
			stay(item, STAY_PINNED);
	}
	for (size_t i = 0; i < work->count; i++) {
		if (work->item[i].verdict->sound) {
			stay(&work->item[i], STAY_NEWEST_SOUND);
			break;
		}
	}
}

/* Takes points of the future out of the items, unless all are. Newest first,
 * they are at the front. */
static void set_future_aside(struct work *work, int64_t now_ns)
{
	int64_t latest = plus(now_ns, FUTURE_SLACK_NS);
	size_t future = 0;

	while (future < work->count && work->item[future].point->begin_ns > latest)
		future++;
	if (future == work->count)
		return;
	for (size_t i = 0; i < future; i++) {
		struct item *item = &work->item[i];

		stay(item, STAY_FUTURE);
		if (item->point->current)
			stay(item, STAY_CURRENT);
		if (item->point->pinned)
			stay(item, STAY_PINNED);
	}
	work->count -= future;
	memmove(work->item, work->item + future, work->count * sizeof(*work->item));
}

/* From the newest, so that each ancestor names the newest point that needs it.
 * What gets no verdict stays as well, so it needs its ancestors too. */
static void keep_ancestors(const struct plan_point *points, const size_t *parent, size_t count,
    struct item *all, struct plan_verdict *verdicts)
{
	for (size_t i = 0; i < count; i++)
		all[i] = (struct item){.point = &points[i], .verdict = &verdicts[i]};
	qsort(all, count, sizeof(*all), newest_first);
	for (size_t i = 0; i < count; i++) {
		if (all[i].verdict->keep || !all[i].verdict->judged)
			chain_keep(parent, (size_t)(all[i].point - points), verdicts);
	}
}

static void collect(struct work *work, const struct plan_point *points, size_t count,
    struct plan_verdict *verdicts)
{
	for (size_t i = 0; i < count; i++) {
		if (!points[i].complete || points[i].running)
			continue;
		verdicts[i].judged = true;
		work->item[work->count++] =
		    (struct item){.point = &points[i], .verdict = &verdicts[i]};
	}
	qsort(work->item, work->count, sizeof(*work->item), newest_first);
}

bool plan_make(const struct plan_rules *rules, int64_t now_ns, const struct plan_point *points,
    size_t count, struct plan_verdict *verdicts)
{
	struct work work = {.rules = rules};
	size_t *parent = calloc(count + 1, sizeof(*parent));
	bool good = false;

	work.item = calloc(count + 1, sizeof(*work.item));
	work.by_period = calloc(count + 1, sizeof(*work.by_period));
	for (size_t i = 0; i < count; i++)
		verdicts[i] = (struct plan_verdict){.needed_by = NOT_NEEDED};
	if (parent == NULL || work.item == NULL || work.by_period == NULL)
		goto out;
	if (!chain_link(points, count, parent) || !chain_judge(points, parent, count, verdicts))
		goto out;
	collect(&work, points, count, verdicts);
	set_future_aside(&work, now_ns);
	apply_rules(&work);
	apply_safeguards(&work);
	keep_ancestors(points, parent, count, work.by_period, verdicts);
	good = true;
out:
	free(parent);
	free(work.item);
	free(work.by_period);
	return good;
}
