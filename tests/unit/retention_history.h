/* SPDX-License-Identifier: MIT
 *
 * Random histories of a job, and random rules: what admins, machines and clocks
 * have done to one. The same seed gives the same history.
 */
#ifndef TESTS_RETENTION_HISTORY_H
#define TESTS_RETENTION_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/retention/plan.h"

#define HISTORY_MOST 160

struct history {
	size_t count;
	int64_t now_ns;
	struct plan_rules rules;
	struct plan_point points[HISTORY_MOST];
	char ids[HISTORY_MOST][32];
	uint64_t random; /* for more of the same seed */
};

uint64_t history_random(uint64_t *state);
/* 0 .. below-1 */
size_t history_below(uint64_t *state, size_t below);
bool history_chance(uint64_t *state, unsigned percent);

/* Zones to draw from, opened once; those not on this machine are left out. */
struct history_zones {
	struct zone *zone[16];
	size_t count;
};
void history_zones_open(struct history_zones *zones);
void history_zones_close(struct history_zones *zones);

void history_make(struct history *h, const struct history_zones *zones, uint64_t seed);
/* A well-behaved one: times rise, nothing fails, every point is full. */
void history_make_calm(struct history *h, const struct history_zones *zones, uint64_t seed);

#endif
