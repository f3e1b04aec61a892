/* SPDX-License-Identifier: MIT
 * What a key in a sink may look like. */
#ifndef HF_UTIL_KEY_H
#define HF_UTIL_KEY_H

#include <stdbool.h>

#define KEY_MAX 1024
#define KEY_COMPONENT_MAX 240

/* Is it a key as plugin.h defines it? */
bool key_ok(const char *key);

#endif
