/* SPDX-License-Identifier: MIT
 * "Did you mean": edit distance over short names. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "engine/util/nearest.h"

#define LONGEST 64

/* Case and the two dashes are typed wrong so often that they count as the same letter. */
static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Three rows of the table are enough: a swap looks two rows back. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][LONGEST + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= m; j++)
		before[j] = last[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *swap = before;

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			char x = fold(a[i - 1]), y = fold(b[j - 1]);

			row[j] = least(last[j] + 1, row[j - 1] + 1);
			row[j] = least(row[j], last[j - 1] + (x == y ? 0 : 1));
			if (i > 1 && j > 1 && x == fold(b[j - 2]) && fold(a[i - 2]) == y)
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = swap;
	}
	return last[m];
}

const char *nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word), best = SIZE_MAX;
	const char *found = NULL;

	if (len == 0 || len > LONGEST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t m = strlen(names[i]), d;

		if (m > LONGEST)
			continue;
		d = distance(word, len, names[i], m);
		/* a word of which no letter stays is another word */
		if (d <= 1 + len / 3 && d < len && d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
