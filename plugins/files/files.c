/* SPDX-License-Identifier: MIT
 *
 * The files plugin: its description, and how it names things in messages.
 */
#include "config.h"

#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const hf_host *files_host;

static const hf_driver *const drivers[] = {
	&files_source_driver,
	&files_sink_driver,
	NULL,
};

static const hf_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = HF_ABI_MAJOR,
	.abi_minor = HF_ABI_MINOR,
	.needs_minor = 0,
	.name = "files",
	.version = PACKAGE_VERSION,
	.license = "MIT",
	.drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *host)
{
	files_host = host;
	return &plugin;
}

int32_t files_status(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
	case EROFS:
		return HF_E_AUTH;
	case ENOENT:
	case ENOTDIR:
		return HF_E_NOT_FOUND;
	case EEXIST:
	case ENOTEMPTY:
		return HF_E_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return HF_E_NO_SPACE;
	case EAGAIN:
	case EINTR:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ETIMEDOUT:
		return HF_E_TRANSIENT;
	default:
		return HF_E_FAILED;
	}
}

struct files_message files_error(int err)
{
	struct files_message out;

#if defined(__GLIBC__)
	const char *text = strerror_r(err, out.s, sizeof(out.s));

	if (text != out.s)
		snprintf(out.s, sizeof(out.s), "%s", text);
#else
	if (strerror_r(err, out.s, sizeof(out.s)) != 0)
		snprintf(out.s, sizeof(out.s), "error %d", err);
#endif
	return out;
}

/* The length of the well-formed UTF-8 character at p, 0 if there is none that
 * may be shown as it is. */
static size_t shown_length(const unsigned char *p)
{
	uint32_t code;
	size_t length;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f && p[0] != '\\';
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		length = 2;
		code = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		length = 3;
		code = p[0] & 0x0fu;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		length = 4;
		code = p[0] & 0x07u;
	} else {
		return 0;
	}
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if ((length == 3 && code < 0x800) || (length == 4 && code < 0x10000) ||
	    code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	/* C1 controls, separators, and what turns the writing direction */
	if (code < 0xa0 || (code >= 0x200b && code <= 0x200f) ||
	    (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069) || code == 0xfeff)
		return 0;
	return length;
}

struct files_quoted files_quote(const char *name)
{
	const size_t head = 300, tail = 200;
	const unsigned char *p = (const unsigned char *)name;
	struct files_quoted out;
	size_t left = strlen(name), n = 0;

	while (left > 0) {
		size_t length = shown_length(p);

		/* every byte may become four */
		if (n >= head - 4 && left > tail / 4) {
			memcpy(out.s + n, "[...]", 5);
			n += 5;
			p += left - tail / 4;
			left = tail / 4;
			while (left > 0 && (*p & 0xc0) == 0x80) {
				p++;
				left--;
			}
			continue;
		}
		if (length > 0) {
			memcpy(out.s + n, p, length);
			n += length;
		} else {
			length = 1;
			n += (size_t)snprintf(out.s + n, sizeof(out.s) - n,
			                      *p == '\\' ? "\\\\" : "\\x%02x", *p);
		}
		p += length;
		left -= length;
	}
	out.s[n] = '\0';
	return out;
}
