/* SPDX-License-Identifier: MIT
 *
 * Reading TZif: two blocks of the same shape, the first with 32-bit times for
 * old readers, the second with 64-bit ones, then a line of text with the rule
 * for later times. Version 1 has the first block only. The file is taken as
 * hostile: every count is checked against the bytes that are there.
 */
#include "tzif.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 44
#define TYPE_SIZE 6
#define LONGEST_RULE 255
/* RFC 8536: more than 25 hours west and 26 hours east are refused */
#define LEAST_OFFSET (-89999)
#define GREATEST_OFFSET 93599

struct cursor {
	const unsigned char *at;
	size_t left;
};

struct counts {
	char version;
	size_t isut, isstd, leap, time, type, chars;
};

static const unsigned char *take(struct cursor *in, size_t size)
{
	const unsigned char *at = in->at;

	if (size > in->left)
		return NULL;
	in->at += size;
	in->left -= size;
	return at;
}

static uint32_t big32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t signed32(const unsigned char *p)
{
	uint32_t v = big32(p);

	return v <= INT32_MAX ? (int64_t)v : (int64_t)v - (INT64_C(1) << 32);
}

static int64_t signed64(const unsigned char *p)
{
	uint64_t v = (uint64_t)big32(p) << 32 | big32(p + 4);

	return v <= INT64_MAX ? (int64_t)v : -(int64_t)(UINT64_MAX - v) - 1;
}

static bool take_header(struct cursor *in, struct counts *out)
{
	const unsigned char *p = take(in, HEADER_SIZE);

	if (p == NULL || memcmp(p, "TZif", 4) != 0)
		return false;
	*out = (struct counts){
		.version = (char)p[4],
		.isut = big32(p + 20),
		.isstd = big32(p + 24),
		.leap = big32(p + 28),
		.time = big32(p + 32),
		.type = big32(p + 36),
		.chars = big32(p + 40),
	};
	/* No count above the file's own size: sums and products stay small. */
	return out->isut <= in->left && out->isstd <= in->left && out->leap <= in->left &&
	    out->time <= in->left && out->type <= in->left && out->chars <= in->left;
}

static size_t block_size(const struct counts *n, size_t width)
{
	return n->time * width + n->time + n->type * TYPE_SIZE + n->chars +
	    n->leap * (width + 4) + n->isstd + n->isut;
}

static bool read_changes(struct tzif *tz, const unsigned char *block, const struct counts *n,
    size_t width)
{
	const unsigned char *index = block + n->time * width;
	const unsigned char *types = index + n->time;

	for (size_t i = 0; i < n->type; i++) {
		int64_t offset = signed32(types + i * TYPE_SIZE);

		if (offset < LEAST_OFFSET || offset > GREATEST_OFFSET)
			return false;
	}
	tz->first = (int32_t)signed32(types);
	for (size_t i = 0; i < n->time; i++) {
		const unsigned char *p = block + i * width;
		struct tzif_change *change = &tz->change[i];

		if (index[i] >= n->type)
			return false;
		change->when = width == 8 ? signed64(p) : signed32(p);
		change->offset = (int32_t)signed32(types + index[i] * TYPE_SIZE);
		if (i > 0 && change->when <= change[-1].when)
			return false;
	}
	tz->count = n->time;
	return true;
}

/* "\n" RULE "\n"; an empty rule says that none is known. */
static bool read_rule(struct tzif *tz, struct cursor *in)
{
	char text[LONGEST_RULE + 1];
	const unsigned char *end;
	size_t length;

	if (in->left < 2 || in->at[0] != '\n')
		return false;
	end = memchr(in->at + 1, '\n', in->left - 1);
	if (end == NULL)
		return false;
	length = (size_t)(end - in->at) - 1;
	if (length == 0)
		return true;
	if (length > LONGEST_RULE || memchr(in->at + 1, '\0', length) != NULL)
		return false;
	memcpy(text, in->at + 1, length);
	text[length] = '\0';
	tz->has_rule = tzrule_parse(text, &tz->rule);
	return tz->has_rule;
}

bool tzif_read(const void *data, size_t size, struct tzif *out, const char **why)
{
	struct cursor in = {.at = data, .left = size};
	const unsigned char *block;
	struct tzif tz = {0};
	struct counts n;
	size_t width = 4;

	*why = "not a time zone file";
	if (!take_header(&in, &n))
		return false;
	*why = "damaged time zone file";
	if (n.version >= '2') {
		if (take(&in, block_size(&n, width)) == NULL || !take_header(&in, &n))
			return false;
		width = 8;
	}
	block = take(&in, block_size(&n, width));
	if (block == NULL || n.type == 0)
		return false;
	if (n.leap != 0) {
		*why = "zones that count leap seconds are not supported";
		return false;
	}
	tz.change = calloc(n.time + 1, sizeof(*tz.change));
	if (tz.change == NULL) {
		*why = "out of memory";
		return false;
	}
	if (!read_changes(&tz, block, &n, width) || (width == 8 && !read_rule(&tz, &in))) {
		tzif_clear(&tz);
		return false;
	}
	*out = tz;
	return true;
}

void tzif_clear(struct tzif *tz)
{
	free(tz->change);
	*tz = (struct tzif){0};
}
