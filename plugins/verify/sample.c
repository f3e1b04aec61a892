/* SPDX-License-Identifier: MIT
 *
 * Sampling. The entries lie one after the other around a circle as long as all
 * their bytes. Each day has a window on it, as long as the share asked for, and
 * the entries that begin inside are read: in the mean the share of the bytes,
 * however unlike the sizes are.
 *
 * From day to day the window moves by the golden section of the circle. No
 * rhythm of runs (daily, every fifth day, monthly) can fall in step with that,
 * so that some entry would never come up.
 */
#include "sample.h"

#include <stdbool.h>

#define MILLION UINT64_C(1000000)
#define GOLDEN_SECTION UINT64_C(0x9e3779b97f4a7c15) /* of 2^64 */
#define GREATEST_CIRCLE (UINT64_C(1) << 62)

/* FNV-1a with a last stir: two ids that differ in one digit differ widely. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 33;
}

/* a * b / 2^64 */
static uint64_t high_product(uint64_t a, uint64_t b)
{
	uint64_t a_low = a & UINT32_MAX, a_high = a >> 32;
	uint64_t b_low = b & UINT32_MAX, b_high = b >> 32;
	uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
	uint64_t other = a_low * b_high + (middle & UINT32_MAX);

	return a_high * b_high + (middle >> 32) + (other >> 32);
}

/* An empty entry has a place on the circle as well; and sizes that a manifest
 * merely claims cannot make the sum overflow. */
static uint64_t weight(uint64_t bytes, size_t count)
{
	uint64_t most = GREATEST_CIRCLE / count - 1;

	return (bytes < most ? bytes : most) + 1;
}

size_t sample_pick(const uint64_t *bytes, size_t count, uint32_t share, const char *point_id,
    int64_t day, uint64_t *picks)
{
	uint64_t circle = 0, start, window, at = 0, nearest = UINT64_MAX;
	size_t picked = 0, next = 0;

	for (size_t i = 0; i < count; i++)
		circle += weight(bytes[i], count);
	if (circle == 0)
		return 0;
	start = high_product(hash_text(point_id) + (uint64_t)day * GOLDEN_SECTION, circle);
	window = circle / MILLION * share + circle % MILLION * share / MILLION;
	if (share >= MILLION)
		window = circle;
	for (size_t i = 0; i < count; i++) {
		uint64_t ahead = at >= start ? at - start : at + (circle - start);

		if (ahead < window)
			picks[picked++] = i;
		if (ahead < nearest) {
			nearest = ahead;
			next = i;
		}
		at += weight(bytes[i], count);
	}
	if (picked == 0)
		picks[picked++] = next;
	return picked;
}
