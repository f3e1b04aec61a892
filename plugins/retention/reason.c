/* SPDX-License-Identifier: MIT
 *
 * A verdict in words: what keeps a point ("daily 3 of 30, last 2 of 3, pinned"),
 * or what it fell out of ("beyond keep_last 3; newer point of 2026-01-16 kept").
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "period.h"
#include "plan.h"

static const char *const rule_name[RULE_COUNT] = {
	[RULE_LAST] = "last",
	[RULE_HOURLY] = "hourly",
	[RULE_DAILY] = "daily",
	[RULE_WEEKLY] = "weekly",
	[RULE_MONTHLY] = "monthly",
	[RULE_YEARLY] = "yearly",
	[RULE_WITHIN] = "within",
	[RULE_VERIFIED] = "verified",
	[RULE_DRILLED] = "drilled",
	[RULE_MIN_KEEP] = "min_keep",
};

struct text {
	char *out;
	size_t size;
	size_t length;
};

/* What does not fit is cut. */
__attribute__((format(printf, 2, 0))) static void append(
    struct text *text, const char *format, va_list args)
{
	size_t room = text->size - text->length;
	int written = vsnprintf(text->out + text->length, room, format, args);

	if (written > 0)
		text->length += (size_t)written < room ? (size_t)written : room - 1;
}

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(text, format, args);
	va_end(args);
}

/* Appends a phrase, after the separator if it is not the first. */
__attribute__((format(printf, 3, 4))) static void add(
    struct text *text, const char *separator, const char *format, ...)
{
	va_list args;

	if (text->length > 0)
		say(text, "%s", separator);
	va_start(args, format);
	append(text, format, args);
	va_end(args);
}

static void duration_name(int64_t ns, char *out, size_t size)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t unit = units[i].seconds * INT64_C(1000000000);

		if (ns % unit == 0) {
			snprintf(out, size, "%" PRId64 "%s", ns / unit, units[i].unit);
			return;
		}
	}
	snprintf(out, size, "%" PRId64 "ns", ns);
}

static void within_name(const struct plan_rules *rules, char *out, size_t size)
{
	duration_name(rules->limit[RULE_WITHIN], out, size);
}

static bool is_period(enum plan_rule rule)
{
	return rule >= RULE_HOURLY && rule <= RULE_YEARLY;
}

static enum period period_of(enum plan_rule rule)
{
	return (enum period)(rule - RULE_HOURLY + PERIOD_HOUR);
}

static void say_kept(struct text *text, const struct plan_rules *rules,
    const struct plan_point *points, const struct plan_verdict *v)
{
	char name[64];

	for (int rule = 0; rule < RULE_COUNT; rule++) {
		if (v->place[rule] == 0)
			continue;
		if (rule == RULE_WITHIN) {
			within_name(rules, name, sizeof(name));
			add(text, ", ", "within %s", name);
			continue;
		}
		add(text, ", ", "%s %" PRId64 " of %" PRId64 "%s", rule_name[rule], v->place[rule],
		    rules->limit[rule], v->oldest & 1u << rule ? " (the oldest)" : "");
	}
	if (v->stay & STAY_NEWEST)
		add(text, ", ", "newest");
	else if (v->stay & STAY_NEWEST_SOUND)
		add(text, ", ", "newest sound one");
	if (v->stay & STAY_CURRENT)
		add(text, ", ", "made by this run");
	if (v->stay & STAY_PINNED)
		add(text, ", ", "pinned");
	if (v->stay & STAY_FUTURE)
		add(text, ", ", "begins in the future");
	if (v->needed_by != NOT_NEEDED)
		add(text, ", ", "needed by %s", points[v->needed_by].id);
}

static void say_beyond(struct text *text, const struct plan_rules *rules,
    const struct plan_verdict *v, const struct plan_point *point)
{
	const char *lead = "beyond ";
	char name[64];

	for (int rule = 0; rule < RULE_COUNT; rule++) {
		bool proof = (rule == RULE_VERIFIED && point->verified) ||
		    (rule == RULE_DRILLED && point->drilled);

		if (rules->limit[rule] == 0 || v->same_period & 1u << rule)
			continue;
		if (rule != RULE_LAST && rule != RULE_WITHIN && !is_period(rule) && !proof)
			continue;
		if (rule == RULE_WITHIN)
			within_name(rules, name, sizeof(name));
		else
			snprintf(name, sizeof(name), "%" PRId64, rules->limit[rule]);
		add(text, *lead ? "; " : ", ", "%skeep_%s %s", lead, rule_name[rule], name);
		lead = "";
	}
}

static void say_same_period(struct text *text, const struct plan_rules *rules,
    const struct plan_verdict *v, const struct plan_point *point)
{
	const char *lead = v->sound ? "newer point of " : "sound point of ";
	char name[64];

	for (int rule = RULE_HOURLY; rule <= RULE_YEARLY; rule++) {
		bool other_sound = v->same_period_sound & 1u << rule;

		if (!(v->same_period & 1u << rule))
			continue;
		period_name(period_of(rule), rules->zone, point->begin_ns, name, sizeof(name));
		add(text, "; ", "%s%s kept", other_sound ? lead : "newer point of ", name);
	}
}

void plan_reason(const struct plan_rules *rules, const struct plan_point *points,
    const struct plan_verdict *verdicts, size_t index, char *out, size_t size)
{
	const struct plan_verdict *v = &verdicts[index];
	struct text text = {.out = out, .size = size};

	out[0] = '\0';
	if (!v->judged) {
		add(&text, "", "not complete");
		return;
	}
	if (v->keep)
		say_kept(&text, rules, points, v);
	if (!v->sound)
		add(&text, v->keep ? ", " : "; ", "%s",
		    points[index].damaged ? "damaged" : "its chain is broken");
	if (!v->keep) {
		say_beyond(&text, rules, v, &points[index]);
		say_same_period(&text, rules, v, &points[index]);
	}
	if (text.length == 0)
		add(&text, "", "no rule keeps it");
}
