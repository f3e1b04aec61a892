/* SPDX-License-Identifier: MIT
 * Trying again. */
#include "config.h"

#include <stdatomic.h>

#include "engine/util/cancel.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"
#include "engine/util/retry.h"

#define FIRST_PAUSE (NS_PER_S / 4)
#define LONGEST_PAUSE (20 * NS_PER_S)

static _Atomic int64_t patience = 120 * NS_PER_S;

void retry_set_patience(int64_t ns)
{
	atomic_store(&patience, ns);
}

void retry_begin(struct retry *r)
{
	*r = (struct retry){.deadline = clock_mono() + atomic_load(&patience)};
}

/* Between half and all of it, so that several waiters do not come back together. */
static int64_t jitter(int64_t ns)
{
	static atomic_uint_least64_t state;
	uint64_t x = atomic_fetch_add(&state, 0x9e3779b97f4a7c15u) ^ (uint64_t)clock_mono();

	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	return ns / 2 + (int64_t)(x % (uint64_t)(ns / 2 + 1));
}

/* Not the server's fault any more that it does not go on. */
static bool interrupted(struct error *err)
{
	error_set(err, HF_E_CANCELLED, "interrupted");
	return false;
}

bool retry_again(struct retry *r, int32_t status, struct error *err)
{
	int64_t pause = FIRST_PAUSE << (r->attempt < 7 ? r->attempt : 7);

	r->attempt++;
	if (status != HF_E_TRANSIENT)
		return false;
	if (cancelled())
		return interrupted(err);
	if (pause > LONGEST_PAUSE)
		pause = LONGEST_PAUSE;
	pause = jitter(pause);
	if (clock_mono() + pause > r->deadline) {
		if (r->attempt > 1)
			error_prefix(err, "gave up after %u attempts", r->attempt);
		return false;
	}
	log_info("%s; trying again (attempt %u)", err && err->message ? err->message : "failed",
		r->attempt + 1);
	if (!cancel_sleep(pause))
		return interrupted(err);
	error_clear(err);
	return true;
}
