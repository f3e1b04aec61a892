/* SPDX-License-Identifier: MIT
 * Makes the benchmark's data: the same bytes for the same arguments, on any machine.
 *
 *   generate KIND SIZE FOLDER
 *
 * KIND is one of
 *   sql     database dumps, files of up to 256 MiB
 *   json    documents and logs, files of 64 KiB to 4 MiB
 *   noise   what photographs and archives look like: incompressible, 32 KiB to 8 MiB
 *   small   SIZE is a number of files here: 0 to 8 KiB each, a hundred in a folder
 *   sparse  one file of SIZE with 64 KiB of data every 16 MiB
 *
 * Text takes about 40 % of its size at zstd level 3, as dumps of real applications do: words that
 * follow each other by chance, keys, digests, dates and prices. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUF (1u << 20)
#define WORDS 4096u

static uint64_t state = 88172645463325252ull;
static char words[WORDS][12];

static uint64_t rnd(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ull;
}

static void die(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void make_words(void)
{
	static const char *const part[] = {"an", "be", "co", "de", "er", "fi", "go", "ha", "in",
		"ju", "ka", "lo", "mi", "ne", "or", "pe", "qui", "ra", "st", "to", "un", "vi",
		"wo", "ye"};

	for (unsigned i = 0; i < WORDS; i++) {
		words[i][0] = 0;
		for (uint64_t n = 1 + rnd() % 3; n--;)
			strcat(words[i], part[rnd() % (sizeof part / sizeof *part)]);
	}
}

/* Few words are frequent, many are rare. */
static const char *word(void)
{
	uint64_t r = rnd();
	uint64_t a = r % WORDS, b = (r >> 20) % WORDS, c = (r >> 40) % WORDS;

	a = a < b ? a : b;
	return words[a < c ? a : c];
}

static size_t sentence(char *to)
{
	char *p = to;

	for (uint64_t n = 4 + rnd() % 9; n--;)
		p += sprintf(p, "%s%s", word(), n ? " " : "");
	return (size_t)(p - to);
}

static size_t sql_row(char *to, uint64_t id)
{
	char text[256];
	uint64_t r = rnd();

	sentence(text);
	return (size_t)sprintf(to,
		"(%" PRIu64 ",'%s.%s@%s.example','%s','%016" PRIx64
		"','2026-%02u-%02u %02u:%02u:%02u',%u.%02u,%s),\n",
		id, word(), word(), word(), text, rnd(), (unsigned)(r % 12 + 1),
		(unsigned)(r >> 8) % 28 + 1, (unsigned)(r >> 16) % 24, (unsigned)(r >> 24) % 60,
		(unsigned)(r >> 32) % 60, (unsigned)(r >> 40) % 900, (unsigned)(r >> 52) % 100,
		r >> 63 ? "NULL" : "1");
}

static size_t json_row(char *to, uint64_t id)
{
	char text[256];
	uint64_t r = rnd();

	sentence(text);
	return (size_t)sprintf(to,
		"{\"_id\":\"%016" PRIx64 "%08" PRIx64
		"\",\"type\":\"booking\",\"user\":\"%s-%u\",\"note\":\"%s\","
		"\"start\":%" PRIu64 ",\"paid\":%s,\"amount\":%u}\n",
		rnd(), id, word(), (unsigned)(r % 100000), text, 1780000000000u + r % 31536000000u,
		r >> 63 ? "true" : "false", (unsigned)(r >> 40) % 100000);
}

static size_t fill(const char *kind, char *buf)
{
	static uint64_t id;
	size_t n = 0;

	if (strcmp(kind, "noise") == 0) {
		for (; n < BUF; n += 8) {
			uint64_t r = rnd();

			memcpy(buf + n, &r, 8);
		}
		return n;
	}
	while (n < BUF)
		n += strcmp(kind, "sql") == 0 ? sql_row(buf + n, ++id) : json_row(buf + n, ++id);
	return n;
}

static void put(int fd, const char *buf, size_t n)
{
	while (n) {
		ssize_t w = write(fd, buf, n);

		if (w < 0)
			die("write");
		buf += w;
		n -= (size_t)w;
	}
}

static int create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		die(name);
	return fd;
}

static void folder(const char *name)
{
	if (mkdir(name, 0755) < 0 && errno != EEXIST)
		die(name);
}

static void one_file(const char *kind, const char *name, uint64_t size)
{
	static char buf[BUF + 1024];
	int fd = create(name);

	while (size) {
		size_t n = fill(kind, buf);

		if (n > size)
			n = (size_t)size;
		put(fd, buf, n);
		size -= n;
	}
	if (close(fd) < 0)
		die(name);
}

static void big_files(const char *kind, uint64_t size)
{
	const char *end = strcmp(kind, "noise") == 0 ? "jpg" : kind;
	char name[64];

	for (unsigned i = 0; size; i++) {
		uint64_t n = 256u << 20;

		if (strcmp(kind, "json") == 0)
			n = (64u << 10) + rnd() % (4u << 20);
		else if (strcmp(kind, "noise") == 0)
			n = (32u << 10) + rnd() % (8u << 20);
		if (n > size)
			n = size;
		sprintf(name, "%03u", i / 100);
		folder(name);
		sprintf(name, "%03u/%s-%05u.%s", i / 100, kind, i, end);
		one_file(kind, name, n);
		size -= n;
	}
}

static void small_files(uint64_t count)
{
	static char buf[BUF + 1024];
	size_t have = fill("json", buf);
	char name[64];

	for (uint64_t i = 0; i < count; i++) {
		uint64_t r = rnd();
		size_t size = (size_t)(r % 8193 * (r >> 20 & 4095) / 4095);
		int fd;

		if (i % 1000 == 0)
			have = fill(i / 1000 % 8 ? "json" : "noise", buf);
		sprintf(name, "%02" PRIu64, i / 10000);
		folder(name);
		sprintf(name, "%02" PRIu64 "/%02" PRIu64, i / 10000, i / 100 % 100);
		folder(name);
		sprintf(name + 5, "/%s-%06" PRIu64 ".txt", words[r >> 50 & (WORDS - 1)], i);
		fd = create(name);
		put(fd, buf + rnd() % (have - size), size);
		if (close(fd) < 0)
			die(name);
	}
}

static void sparse_file(uint64_t size)
{
	static char buf[BUF + 1024];
	int fd = create("disk.img");

	if (ftruncate(fd, (off_t)size) < 0)
		die("disk.img");
	for (uint64_t at = 0; at + (64u << 10) <= size; at += 16u << 20) {
		fill(at >> 24 & 1 ? "noise" : "sql", buf);
		if (pwrite(fd, buf, 64u << 10, (off_t)at) != 64 << 10)
			die("disk.img");
	}
	if (close(fd) < 0)
		die("disk.img");
}

int main(int argc, char **argv)
{
	uint64_t size;

	if (argc != 4) {
		fprintf(stderr, "usage: generate sql|json|noise|small|sparse SIZE FOLDER\n");
		return 2;
	}
	size = strtoull(argv[2], NULL, 10);
	folder(argv[3]);
	if (chdir(argv[3]) < 0)
		die(argv[3]);
	make_words();
	if (strcmp(argv[1], "small") == 0)
		small_files(size);
	else if (strcmp(argv[1], "sparse") == 0)
		sparse_file(size);
	else
		big_files(argv[1], size);
	return 0;
}
