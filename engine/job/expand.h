/* SPDX-License-Identifier: MIT
 * ${NAME} in values. */
#ifndef HF_JOB_EXPAND_H
#define HF_JOB_EXPAND_H

#include <stdbool.h>
#include "engine/util/error.h"

/* Replaces each ${NAME} by the environment's value, which is not looked at again; `$${` is a
 * literal `${`, any other $ is itself. *out is the caller's. *expanded (may be NULL) tells
 * whether there was one. A NAME that is not set, is no name or has no } is HF_E_CONFIG. */
int32_t expand(const char *text, char **out, bool *expanded, struct error *err);

#endif
