/* SPDX-License-Identifier: MIT
 * Trying again: exponential backoff with jitter, bounded by time. Only HF_E_TRANSIENT. */
#ifndef HF_UTIL_RETRY_H
#define HF_UTIL_RETRY_H

#include <stdbool.h>
#include "engine/util/error.h"

struct retry {
	int64_t deadline; /* clock_mono() */
	unsigned attempt;
};

/* How long transient errors are retried in this process ([job] retry_for). */
void retry_set_patience(int64_t ns);
void retry_begin(struct retry *r);
/* After a failed attempt: true, after a pause, if it should be made again (err is cleared and the
 * retry is logged); false if not (err stays, with the number of attempts if there were several). */
bool retry_again(struct retry *r, int32_t status, struct error *err);

#endif
