/* SPDX-License-Identifier: MIT
 * What a key in a sink may look like. */
#include "config.h"

#include <string.h>

#include "engine/util/key.h"

#define KEY_CHARS                                                                                  \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~%+=@,-"

bool key_ok(const char *key)
{
	size_t length = strlen(key);

	if (length == 0 || length > KEY_MAX)
		return false;
	for (const char *p = key;; p++) {
		size_t n = strspn(p, KEY_CHARS);

		if (n == 0 || n > KEY_COMPONENT_MAX || *p == '.')
			return false;
		p += n;
		if (*p == '\0')
			return true;
		if (*p != '/')
			return false;
	}
}
