/* SPDX-License-Identifier: MIT
 * Stopping: set by SIGINT/SIGTERM or by the first failure of a run, seen by every thread. */
#ifndef HF_UTIL_CANCEL_H
#define HF_UTIL_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

/* Installs handlers for SIGINT, SIGTERM and SIGHUP; ignores SIGPIPE and SIGXFSZ. Once, at the start of main(). The
 * third signal ends the process at once. */
void cancel_install(void);
/* The signal that arrived, or 0. */
int cancel_signal(void);
/* True if a signal arrived or the run was aborted, and no shield is up. */
bool cancelled(void);
/* Readable once cancelled() is true. */
int cancel_fd(void);
/* The first failure of a run stops its other threads; reset once they have ended. */
void cancel_abort(void);
void cancel_abort_reset(void);
/* While shielded nothing counts as cancelled: for the cleaning up that must not be cut short. Calls nest. Only while no
 * other thread of a run is alive. */
void cancel_shield(bool up);
/* Sleeps; returns false if woken to stop. */
bool cancel_sleep(int64_t ns);

#endif
