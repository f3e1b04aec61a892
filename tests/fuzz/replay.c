/* SPDX-License-Identifier: MIT
 * Runs a fuzz target without a fuzzer: each seed as it is, cut at every length, and with bytes
 * changed in a way that is the same on every run. So what the fuzzer once found stays found,
 * and `make check` needs no clang. */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/util/mem.h"

#define SEED_MAX (1u << 20)
#define CHANGES 400 /* of each seed */
#define CUTS 400    /* of a long seed: so many lengths, spread evenly */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An exact copy on the heap, so that a read beyond the end is seen by ASan and valgrind. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = xmalloc(size ? size : 1);

	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void change(uint8_t *data, size_t size, uint32_t *state)
{
	static const uint8_t odd[] = {0, 0xff, '\n', '"', '[', '{', '.', '/', '9', '-', 0x80};
	uint32_t n = 1 + next(state) % 4;

	while (n--) {
		size_t at = next(state) % size;

		if (next(state) % 2)
			data[at] ^= (uint8_t)(1u << next(state) % 8);
		else
			data[at] = odd[next(state) % sizeof odd];
	}
}

static void replay(const uint8_t *seed, size_t size)
{
	size_t step = size / CUTS + 1;
	uint32_t state = 2463534242u;
	uint8_t *copy;

	feed(seed, size);
	for (size_t n = 0; n < size; n += step)
		feed(seed, n);
	if (!size)
		return;
	copy = xmalloc(size);
	for (int i = 0; i < CHANGES; i++) {
		memcpy(copy, seed, size);
		change(copy, size, &state);
		feed(copy, size);
	}
	free(copy);
}

static int replay_file(const char *folder, const char *name)
{
	uint8_t *seed = xmalloc(SEED_MAX);
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	size_t size = f ? fread(seed, 1, SEED_MAX, f) : 0;
	int bad = !f || ferror(f) || size == SEED_MAX;

	if (bad)
		perror(path);
	else
		replay(seed, size);
	if (f && fclose(f) != 0)
		bad = 1;
	free(path);
	free(seed);
	return bad;
}

int main(void)
{
	const char *top = getenv("srcdir");
	char *folder = xasprintf("%s/tests/fuzz/corpus/" FUZZ_TARGET, top ? top : ".");
	struct dirent **list = NULL;
	int n = scandir(folder, &list, NULL, alphasort), seeds = 0, bad = 0;

	if (n < 0)
		perror(folder);
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.') {
			seeds++;
			bad += replay_file(folder, list[i]->d_name);
		}
		free(list[i]);
	}
	free(list);
	printf("%s: %d seeds, %d could not be read\n", folder, seeds, bad);
	free(folder);
	return seeds == 0 || bad != 0;
}
