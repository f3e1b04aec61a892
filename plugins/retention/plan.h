/* SPDX-License-Identifier: MIT
 *
 * Which recovery points stay and which may go: a pure function of the rules,
 * the points and the time. It asks nobody and changes nothing.
 *
 *  - Only complete points that are not being written count, and only they are
 *    judged.
 *  - A point is sound if it is not damaged and neither it nor any point that it
 *    continues, up to the full one, is damaged, incomplete or missing.
 *  - A point that begins more than an hour after now is kept and does not count:
 *    some clock is wrong, and it must not push the others out. If every point
 *    is like that, the clock of this machine is the wrong one, and all count.
 *  - A counting rule (last, min_keep) takes the newest sound points; where there
 *    are too few of them, the newest of the others fill up.
 *  - A period rule (hourly ... yearly) keeps the newest sound point of each of the
 *    newest periods that have one; where there are too few of them, the newest
 *    point of the newest other periods. As long as there are fewer periods than
 *    it may keep, it keeps the oldest sound point too.
 *  - `within` keeps what began at most so long before the newest point.
 *  - verified and drilled take the newest sound points that were proven so.
 *  - Kept beside the rules: the newest point, the newest sound point, this
 *    run's, pinned ones, and all points that a point that stays continues.
 *
 * Points of the same instant are ordered by id.
 */
#ifndef RETENTION_PLAN_H
#define RETENTION_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone.h"

enum plan_rule {
	RULE_LAST,
	RULE_HOURLY,
	RULE_DAILY,
	RULE_WEEKLY,
	RULE_MONTHLY,
	RULE_YEARLY,
	RULE_WITHIN,
	RULE_VERIFIED,
	RULE_DRILLED,
	RULE_MIN_KEEP,
	RULE_COUNT
};

struct plan_rules {
	int64_t limit[RULE_COUNT]; /* how many; RULE_WITHIN: nanoseconds; 0: off */
	const struct zone *zone;
};

struct plan_point {
	const char *id;
	const char *parent; /* or NULL */
	int64_t begin_ns;
	bool complete;
	bool running;
	bool current;
	bool pinned;
	bool damaged;
	bool verified;
	bool drilled;
};

/* Why a point stays beside the rules. */
#define STAY_NEWEST 0x1u
#define STAY_NEWEST_SOUND 0x2u
#define STAY_CURRENT 0x4u
#define STAY_PINNED 0x8u
#define STAY_FUTURE 0x10u

#define NOT_NEEDED SIZE_MAX

struct plan_verdict {
	bool judged; /* false: not complete or being written; nothing else is set */
	bool keep;
	bool sound;
	uint32_t stay;              /* STAY_* */
	size_t needed_by;           /* index of the newest staying point that continues it */
	int64_t place[RULE_COUNT];  /* 1 .. limit: the how-many-th the rule keeps; 0: not kept */
	uint32_t oldest;            /* bit RULE: kept as the oldest point */
	uint32_t same_period;       /* bit RULE: another point of its period is kept */
	uint32_t same_period_sound; /* bit RULE: and that one is sound */
};

/* Judges count points, in any order, into verdicts. False if out of memory. */
bool plan_make(const struct plan_rules *rules, int64_t now_ns, const struct plan_point *points,
    size_t count, struct plan_verdict *verdicts);

/* The reason of a verdict as one phrase, never empty. */
void plan_reason(const struct plan_rules *rules, const struct plan_point *points,
    const struct plan_verdict *verdicts, size_t index, char *out, size_t size);

#endif
