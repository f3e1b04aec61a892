/* SPDX-License-Identifier: MIT
 * What went wrong: a class, one sentence, and the next step. */
#ifndef HF_UTIL_ERROR_H
#define HF_UTIL_ERROR_H

#include <holdfast/plugin.h>

/* Zero-initialised is "no error". The owner frees it with error_clear(). */
struct error {
	int32_t status; /* HF_OK or HF_E_* */
	char *message;  /* one sentence without a full stop */
	char *hint;     /* what to do next, or NULL */
};

/* Sets the error, replacing what it held; returns `status`. err may be NULL. */
int32_t error_set(struct error *err, int32_t status, const char *fmt, ...) HF_PRINTF(3, 4);
/* Sets or replaces the hint of an error that is set. */
void error_hint(struct error *err, const char *fmt, ...) HF_PRINTF(2, 3);
/* Puts "<text>: " before the message. Returns the status (HF_E_FAILED where err is NULL). */
int32_t error_prefix(struct error *err, const char *fmt, ...) HF_PRINTF(2, 3);
/* Moves `from` into `to` if `to` holds no error yet; else frees `from`. Returns to->status. */
int32_t error_keep_first(struct error *to, struct error *from);
void error_clear(struct error *err);

/* "transient", "no-space" ... for JSON; never NULL. */
const char *status_name(int32_t status);
/* A status that this version does not know, negative ones too, becomes HF_E_FAILED. */
int32_t status_normal(int32_t status);

#endif
