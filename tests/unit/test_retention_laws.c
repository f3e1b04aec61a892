/* SPDX-License-Identifier: MIT
 *
 * What holds for every history and every rule set. HOLDFAST_TEST_SEED repeats one
 * history; HOLDFAST_TEST_COUNT says how many to try.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugins/retention/calendar.h"
#include "plugins/retention/period.h"
#include "tests/unit/retention_history.h"

#define HISTORIES 6000
#define SLACK_NS (INT64_C(3600) * NS_A_SECOND)
#define NONE SIZE_MAX

static struct history_zones zones;

struct outcome {
	struct plan_verdict verdict[HISTORY_MOST];
	char reason[HISTORY_MOST][512];
};

static uint64_t seed_now;

#define LAW(CONDITION)                                                                             \
	do {                                                                                       \
		if (!(CONDITION))                                                                  \
			fail_msg("seed %" PRIu64 ": not so: %s", seed_now, #CONDITION);            \
	} while (0)

static void judge(const struct history *h, struct outcome *out)
{
	LAW(plan_make(&h->rules, h->now_ns, h->points, h->count, out->verdict));
	for (size_t i = 0; i < h->count; i++)
		plan_reason(&h->rules, h->points, out->verdict, i, out->reason[i],
		    sizeof(out->reason[i]));
}

static bool judged(const struct plan_point *point)
{
	return point->complete && !point->running;
}

static bool newer(const struct plan_point *a, const struct plan_point *b)
{
	if (a->begin_ns != b->begin_ns)
		return a->begin_ns > b->begin_ns;
	return strcmp(a->id, b->id) > 0;
}

static size_t find(const struct history *h, const char *id)
{
	for (size_t i = 0; i < h->count; i++) {
		if (strcmp(h->points[i].id, id) == 0)
			return i;
	}
	return NONE;
}

/* Can it be restored, as far as is known? The slow way. */
static bool sound(const struct history *h, size_t i)
{
	for (size_t steps = 0; steps <= h->count; steps++) {
		const struct plan_point *point = &h->points[i];

		if (!judged(point) || point->damaged)
			return false;
		if (point->parent == NULL)
			return true;
		i = find(h, point->parent);
		if (i == NONE)
			return false;
	}
	return false;
}

/* Does it count: judged, and not of the future, unless all are? */
static void find_counting(const struct history *h, bool *counts)
{
	int64_t latest = h->now_ns > INT64_MAX - SLACK_NS ? INT64_MAX : h->now_ns + SLACK_NS;
	bool any = false;

	for (size_t i = 0; i < h->count; i++) {
		counts[i] = judged(&h->points[i]) && h->points[i].begin_ns <= latest;
		any = any || counts[i];
	}
	for (size_t i = 0; !any && i < h->count; i++)
		counts[i] = judged(&h->points[i]);
}

/* The newest that passes; NONE: there is none. */
static size_t newest(const struct history *h, const bool *passes)
{
	size_t best = NONE;

	for (size_t i = 0; i < h->count; i++) {
		if (passes[i] && (best == NONE || newer(&h->points[i], &h->points[best])))
			best = i;
	}
	return best;
}

static size_t oldest_of(const struct history *h, const bool *passes)
{
	size_t best = NONE;

	for (size_t i = 0; i < h->count; i++) {
		if (passes[i] && (best == NONE || newer(&h->points[best], &h->points[i])))
			best = i;
	}
	return best;
}

static void both(const struct history *h, const bool *a, const bool *b, bool *out)
{
	for (size_t i = 0; i < h->count; i++)
		out[i] = a[i] && b[i];
}

/* --- the laws --- */

static void law_one_verdict_each(const struct history *h, const struct outcome *o)
{
	for (size_t i = 0; i < h->count; i++) {
		LAW(o->verdict[i].judged == judged(&h->points[i]));
		LAW(o->verdict[i].judged || !o->verdict[i].keep);
		LAW(strlen(o->reason[i]) > 0 && strlen(o->reason[i]) < sizeof(o->reason[i]) - 1);
		LAW(strstr(o->reason[i], "no rule keeps it") == NULL);
		LAW(!judged(&h->points[i]) || o->verdict[i].sound == sound(h, i));
	}
}

static void law_never_empty(const struct history *h, const struct outcome *o, const bool *counts,
    const bool *is_sound)
{
	bool all[HISTORY_MOST], good[HISTORY_MOST];
	size_t complete = 0, kept = 0, at;

	for (size_t i = 0; i < h->count; i++) {
		all[i] = judged(&h->points[i]);
		complete += all[i];
		kept += o->verdict[i].keep;
	}
	LAW(complete == 0 || kept > 0);
	LAW((int64_t)kept >= h->rules.limit[RULE_MIN_KEEP] || kept == complete);
	at = newest(h, all);
	LAW(at == NONE || o->verdict[at].keep);
	at = newest(h, counts);
	LAW(at == NONE || o->verdict[at].keep);
	both(h, counts, is_sound, good);
	at = newest(h, good);
	LAW(at == NONE || o->verdict[at].keep);
}

static void law_safeguards(const struct history *h, const struct outcome *o, const bool *counts)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct plan_point *point = &h->points[i];
		size_t parent = point->parent == NULL ? NONE : find(h, point->parent);

		if (judged(point) && (point->current || point->pinned || !counts[i]))
			LAW(o->verdict[i].keep);
		/* what stays, judged or not, keeps what it continues */
		if (parent != NONE && (o->verdict[i].keep || !o->verdict[i].judged))
			LAW(o->verdict[parent].keep || !o->verdict[parent].judged);
	}
}

static void law_counting(const struct history *h, const struct outcome *o, enum plan_rule rule,
    const bool *takes, bool fill_up, const bool *counts)
{
	int64_t limit = h->rules.limit[rule], given = 0;
	bool left[HISTORY_MOST];

	memcpy(left, takes, h->count * sizeof(*left));
	for (int turn = 0; turn <= fill_up; turn++) {
		for (size_t at; given < limit && (at = newest(h, left)) != NONE; left[at] = false)
			LAW(o->verdict[at].keep && o->verdict[at].place[rule] == ++given);
		for (size_t i = 0; i < h->count; i++)
			left[i] = counts[i] && !takes[i];
	}
	for (size_t i = 0; i < h->count; i++)
		given -= o->verdict[i].place[rule] != 0;
	LAW(given == 0); /* and to no others */
}

static void law_within(const struct history *h, const struct outcome *o, const bool *counts)
{
	int64_t limit = h->rules.limit[RULE_WITHIN];
	size_t first = newest(h, counts);

	for (size_t i = 0; i < h->count; i++) {
		bool inside = limit != 0 && counts[i] &&
		    (uint64_t)h->points[first].begin_ns - (uint64_t)h->points[i].begin_ns <=
			(uint64_t)limit;

		LAW((o->verdict[i].place[RULE_WITHIN] != 0) == inside);
		LAW(!inside || o->verdict[i].keep);
	}
}

/* Periods are told apart by their names for people. `takes` is emptied. */
static int64_t take_periods(const struct history *h, const struct outcome *o, enum plan_rule rule,
    bool *takes, char (*names)[40], int64_t given)
{
	size_t at;

	while (given < h->rules.limit[rule] && (at = newest(h, takes)) != NONE) {
		LAW(o->verdict[at].keep && o->verdict[at].place[rule] != 0);
		LAW(!(o->verdict[at].oldest & 1u << rule));
		given++;
		for (size_t i = 0; i < h->count; i++)
			takes[i] = takes[i] && strcmp(names[i], names[at]) != 0;
	}
	return given;
}

static void law_period(const struct history *h, const struct outcome *o, enum plan_rule rule,
    const bool *counts, const bool *is_sound)
{
	enum period period = (enum period)(PERIOD_HOUR + (rule - RULE_HOURLY));
	static char names[HISTORY_MOST][40];
	bool good[HISTORY_MOST], bad[HISTORY_MOST];
	int64_t given = 0, oldest = 0;
	size_t last;

	for (size_t i = 0; i < h->count; i++)
		period_name(period, h->rules.zone, h->points[i].begin_ns, names[i], sizeof(*names));
	both(h, counts, is_sound, good);
	for (size_t i = 0; i < h->count; i++) {
		bad[i] = counts[i];
		for (size_t k = 0; k < h->count; k++)
			bad[i] = bad[i] && !(good[k] && strcmp(names[i], names[k]) == 0);
	}
	given = take_periods(h, o, rule, good, names, given);
	given = take_periods(h, o, rule, bad, names, given);
	both(h, counts, is_sound, good);
	last = oldest_of(h, newest(h, good) == NONE ? counts : good);
	if (given < h->rules.limit[rule]) /* there is room for the oldest */
		LAW(last == NONE || o->verdict[last].place[rule] > 0);
	for (size_t i = 0; i < h->count; i++) {
		bool is_oldest = o->verdict[i].oldest & 1u << rule;

		oldest += is_oldest;
		given -= o->verdict[i].place[rule] != 0 && !is_oldest;
		if (!is_oldest)
			continue;
		for (size_t k = 0; k < h->count; k++)
			LAW(!counts[k] || (is_sound[i] && !is_sound[k]) ||
			    !newer(&h->points[i], &h->points[k]));
	}
	LAW(given == 0 && oldest <= 1);
}

static void law_rules(const struct history *h, const struct outcome *o, const bool *counts,
    const bool *is_sound)
{
	bool good[HISTORY_MOST], verified[HISTORY_MOST], drilled[HISTORY_MOST];

	both(h, counts, is_sound, good);
	for (size_t i = 0; i < h->count; i++) {
		verified[i] = good[i] && h->points[i].verified;
		drilled[i] = good[i] && h->points[i].drilled;
	}
	law_counting(h, o, RULE_LAST, good, true, counts);
	law_counting(h, o, RULE_MIN_KEEP, good, true, counts);
	law_counting(h, o, RULE_VERIFIED, verified, false, counts);
	law_counting(h, o, RULE_DRILLED, drilled, false, counts);
	law_within(h, o, counts);
	for (int rule = RULE_HOURLY; rule <= RULE_YEARLY; rule++)
		law_period(h, o, (enum plan_rule)rule, counts, is_sound);
}

/* Whatever stays has a cause. */
static void law_nothing_stays_for_nothing(const struct history *h, const struct outcome *o)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct plan_verdict *v = &o->verdict[i];
		bool wanted = v->stay != 0 || v->needed_by != NOT_NEEDED;

		for (int rule = 0; rule < RULE_COUNT; rule++)
			wanted = wanted || v->place[rule] != 0;
		LAW(!v->judged || v->keep == wanted);
	}
}

static void same(const struct history *a, const struct outcome *x, const struct history *b,
    const struct outcome *y)
{
	for (size_t i = 0; i < a->count; i++) {
		size_t k = find(b, a->points[i].id);

		if (k == NONE)
			continue;
		LAW(x->verdict[i].judged == y->verdict[k].judged);
		LAW(x->verdict[i].keep == y->verdict[k].keep);
		LAW(strcmp(x->reason[i], y->reason[k]) == 0);
	}
}

static void law_order_of_input(const struct history *h, const struct outcome *o)
{
	static struct outcome other;
	struct history turned = *h;

	judge(&turned, &other);
	same(h, o, &turned, &other);
	for (size_t i = turned.count; i > 1; i--) {
		size_t k = history_below(&turned.random, i);
		struct plan_point point = turned.points[i - 1];

		turned.points[i - 1] = turned.points[k];
		turned.points[k] = point;
	}
	judge(&turned, &other);
	same(h, o, &turned, &other);
}

/* Failed runs, whenever they were, change nothing. */
static void law_incomplete_ones(const struct history *h, const struct outcome *o)
{
	static struct outcome other;
	struct history more = *h;

	for (size_t i = 0; i < 5 && more.count < HISTORY_MOST; i++) {
		struct plan_point *point = &more.points[more.count];
		int64_t around = h->count > 0
		    ? h->points[history_below(&more.random, h->count)].begin_ns
		    : h->now_ns;

		snprintf(more.ids[more.count], sizeof(more.ids[0]), "failed-%zu", i);
		*point = (struct plan_point){
			.id = more.ids[more.count],
			.begin_ns = history_chance(&more.random, 20)
			    ? (int64_t)history_random(&more.random)
			    : around,
			.running = history_chance(&more.random, 50),
			.pinned = history_chance(&more.random, 10),
			.damaged = history_chance(&more.random, 50),
			.verified = history_chance(&more.random, 50),
		};
		more.count++;
	}
	judge(&more, &other);
	same(h, o, &more, &other);
}

static void apply(struct history *h, const struct outcome *o)
{
	size_t count = 0;

	for (size_t i = 0; i < h->count; i++) {
		if (o->verdict[i].keep || !o->verdict[i].judged)
			h->points[count++] = h->points[i];
	}
	h->count = count;
}

static void law_applied_twice(const struct history *h, const struct outcome *o)
{
	static struct outcome other;
	struct history after = *h;

	apply(&after, o);
	judge(&after, &other);
	same(h, o, &after, &other);
}

/* The time of the run matters to points of the future only. */
static void law_now(const struct history *h, const struct outcome *o, const bool *counts)
{
	static struct outcome other;
	struct history later = *h;

	for (size_t i = 0; i < h->count; i++) {
		if (judged(&h->points[i]) && !counts[i])
			return;
	}
	later.now_ns = INT64_MAX;
	judge(&later, &other);
	same(h, o, &later, &other);
}

/* A more generous rule lets nothing go that a meaner one kept. */
static void law_more_keeps_more(const struct history *h, const struct outcome *o)
{
	static struct outcome other;
	struct history more = *h;
	size_t rule = history_below(&more.random, RULE_COUNT);

	if (more.rules.limit[rule] > INT64_MAX / 2)
		return;
	more.rules.limit[rule] += 1 + more.rules.limit[rule] / 3;
	judge(&more, &other);
	for (size_t i = 0; i < h->count; i++)
		LAW(!o->verdict[i].keep || other.verdict[i].keep);
}

static void check_history(const struct history *h)
{
	static struct outcome o;
	bool counts[HISTORY_MOST], is_sound[HISTORY_MOST];

	judge(h, &o);
	find_counting(h, counts);
	for (size_t i = 0; i < h->count; i++)
		is_sound[i] = sound(h, i);
	law_one_verdict_each(h, &o);
	law_never_empty(h, &o, counts, is_sound);
	law_safeguards(h, &o, counts);
	law_rules(h, &o, counts, is_sound);
	law_nothing_stays_for_nothing(h, &o);
	law_order_of_input(h, &o);
	law_incomplete_ones(h, &o);
	law_applied_twice(h, &o);
	law_now(h, &o, counts);
	law_more_keeps_more(h, &o);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void test_laws(void **state)
{
	uint64_t count = number_from("HOLDFAST_TEST_COUNT", HISTORIES);
	uint64_t first = number_from("HOLDFAST_TEST_SEED", 0);
	struct history h;

	(void)state;
	if (first != 0)
		count = 1;
	for (seed_now = first; seed_now < first + count; seed_now++) {
		history_make(&h, &zones, seed_now);
		check_history(&h);
	}
}

/* Pruning after every backup keeps what pruning once at the end would. */
static void test_every_day_or_once(void **state)
{
	static struct outcome o;
	struct history all, life;

	(void)state;
	for (seed_now = 0; seed_now < 300; seed_now++) {
		history_make_calm(&all, &zones, seed_now);
		life = all;
		life.count = 0;
		for (size_t i = 0; i < all.count; i++) {
			life.points[life.count++] = all.points[i];
			judge(&life, &o);
			apply(&life, &o);
		}
		judge(&all, &o);
		for (size_t i = 0; i < all.count; i++)
			LAW(o.verdict[i].keep == (find(&life, all.points[i].id) != NONE));
	}
}

/* One backup a day fills each rule to the brim and no further. */
static void test_rules_fill_up(void **state)
{
	static struct outcome o;
	struct history h;

	(void)state;
	for (seed_now = 0; seed_now < 300; seed_now++) {
		int64_t n = 1 + (int64_t)(seed_now % 50), kept = 0;
		int64_t day = 20000 + (int64_t)seed_now;

		history_make_calm(&h, &zones, seed_now);
		h.count = HISTORY_MOST;
		h.rules.limit[RULE_MIN_KEEP] = 1;
		for (int rule = 0; rule < RULE_MIN_KEEP; rule++)
			h.rules.limit[rule] = rule == RULE_DAILY ? n : 0;
		for (size_t i = 0; i < h.count; i++) {
			snprintf(h.ids[i], sizeof(h.ids[i]), "%zu", i);
			/* 12:00 UTC, far from midnight in any zone with a summer time */
			h.points[i] = (struct plan_point){.id = h.ids[i], .complete = true,
			    .begin_ns = (day++ * 86400 + 43200) * NS_A_SECOND};
		}
		h.now_ns = INT64_MAX;
		judge(&h, &o);
		for (size_t i = 0; i < h.count; i++)
			kept += o.verdict[i].keep;
		LAW(kept == n);
	}
}

/* --- size --- */

#define MANY 10000

static double cpu_seconds(const struct plan_rules *rules, const struct plan_point *points)
{
	struct plan_verdict *verdicts = calloc(MANY, sizeof(*verdicts));
	clock_t start = clock();
	char reason[512];

	assert_non_null(verdicts);
	assert_true(plan_make(rules, INT64_MAX, points, MANY, verdicts));
	for (size_t i = 0; i < MANY; i++)
		plan_reason(rules, points, verdicts, i, reason, sizeof(reason));
	free(verdicts);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void test_ten_thousand_points(void **state)
{
	static struct plan_point points[MANY];
	static char ids[MANY][16];
	struct plan_rules rules = {.zone = zones.zone[zones.count - 1]};

	(void)state;
	for (int i = 0; i < RULE_COUNT; i++)
		rules.limit[i] = 10;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "p%zu", i);
		points[i] = (struct plan_point){.id = ids[i], .complete = true,
		    .begin_ns = (int64_t)(i + 400000) * 3600 * NS_A_SECOND};
	}
	assert_true(cpu_seconds(&rules, points) < 1);
	/* one chain of all */
	for (size_t i = 1; i < MANY; i++)
		points[i].parent = ids[i - 1];
	assert_true(cpu_seconds(&rules, points) < 1);
	/* all at once */
	for (size_t i = 0; i < MANY; i++)
		points[i].begin_ns = 0;
	assert_true(cpu_seconds(&rules, points) < 1);
}

static int open_zones(void **state)
{
	(void)state;
	history_zones_open(&zones);
	return zones.count == 0;
}

static int close_zones(void **state)
{
	(void)state;
	history_zones_close(&zones);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_laws),
		cmocka_unit_test(test_every_day_or_once),
		cmocka_unit_test(test_rules_fill_up),
		cmocka_unit_test(test_ten_thousand_points),
	};

	return cmocka_run_group_tests_name("retention's laws", tests, open_zones, close_zones);
}
