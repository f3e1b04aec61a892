/* SPDX-License-Identifier: MIT
 * UTF-8, and text made fit for a terminal. */
#include "config.h"

#include <string.h>

#include "engine/util/mem.h"
#include "engine/util/utf8.h"

size_t utf8_decode(const char *s, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;
	size_t len;

	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] < 0xe0)
		len = 2, c = p[0] & 0x1fu;
	else if (p[0] >= 0xe0 && p[0] < 0xf0)
		len = 3, c = p[0] & 0x0fu;
	else if (p[0] >= 0xf0 && p[0] < 0xf5)
		len = 4, c = p[0] & 0x07u;
	else
		return 0;
	if (n < len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0u) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*code = c;
	return len;
}

bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

bool utf8_valid(const char *s, size_t n)
{
	uint32_t code;

	while (n) {
		size_t len = utf8_decode(s, n, &code);

		if (len == 0)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

char *printable(const char *s)
{
	struct buf out = { 0 };
	size_t left = strlen(s);
	uint32_t code;

	while (left) {
		size_t len = utf8_decode(s, left, &code);

		if (len == 0 || utf8_is_control(code)) {
			len = len ? len : 1;
			for (size_t i = 0; i < len; i++)
				buf_addf(&out, "\\x%02x", (unsigned)(unsigned char)s[i]);
		} else {
			buf_add(&out, s, len);
		}
		s += len;
		left -= len;
	}
	return buf_take(&out);
}
