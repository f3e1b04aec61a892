/* SPDX-License-Identifier: MIT
 * Names in a sink: point ids, and paths of any bytes as keys. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "engine/store/layout.h"
#include "engine/util/clock.h"
#include "engine/util/digest.h"

#define KEY_MAX 1024
#define COMPONENT_MAX 240
#define ESCAPED_MAX 640 /* job, id, source and suffix find room beside it */
#define ESCAPED_COMPONENT_MAX 200
#define CUT_AT 140
#define CUT_DIGITS 32
#define CUT_SUFFIX_MAX 24
#define PATH_DIGITS 40

/* --- point ids --- */

static const char id_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* Four random digits. They only make a clash unlikely: point_begin() finds one. */
static void random_digits(char *out)
{
	size_t done = 0;

	while (done < 4) {
		unsigned char bytes[16];
		ssize_t got = getrandom(bytes, sizeof(bytes), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			uint64_t mixed = (uint64_t)clock_now() ^ ((uint64_t)getpid() << 32);

			for (; done < 4; done++, mixed /= 36)
				out[done] = id_digits[mixed % 36];
			return;
		}
		for (ssize_t i = 0; i < got && done < 4; i++)
			if (bytes[i] < 252) /* 7 * 36: each digit equally likely */
				out[done++] = id_digits[bytes[i] % 36];
	}
}

void point_id_make(int64_t ns, char out[POINT_ID_LEN + 1])
{
	char text[32];

	clock_compact(ns, text, sizeof(text));
	memcpy(out, text, 16);
	out[16] = '-';
	random_digits(out + 17);
	out[POINT_ID_LEN] = '\0';
}

/* A number of `n` digits; -1 if they are not. */
static int digits(const char *s, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = value * 10 + (s[i] - '0');
	}
	return value;
}

static bool id_parse(const char *id, int64_t *seconds)
{
	struct tm tm = {0}, back;
	time_t t;

	if (strlen(id) != POINT_ID_LEN || id[8] != 'T' || id[15] != 'Z' || id[16] != '-' ||
	    strspn(id + 17, id_digits) != 4)
		return false;
	if (digits(id, 8) < 0 || digits(id + 9, 6) < 0)
		return false;
	tm.tm_year = digits(id, 4) - 1900;
	tm.tm_mon = digits(id + 4, 2) - 1;
	tm.tm_mday = digits(id + 6, 2);
	tm.tm_hour = digits(id + 9, 2);
	tm.tm_min = digits(id + 11, 2);
	tm.tm_sec = digits(id + 13, 2);
	back = tm;
	t = timegm(&back);
	/* timegm() makes the 30th of February a day in March. */
	if (back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday ||
	    back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return false;
	*seconds = (int64_t)t;
	return true;
}

bool point_id_ok(const char *id)
{
	int64_t seconds;

	return id_parse(id, &seconds);
}

int64_t point_id_time(const char *id)
{
	int64_t seconds;

	if (!id_parse(id, &seconds) || seconds > INT64_MAX / NS_PER_S ||
	    seconds < INT64_MIN / NS_PER_S)
		return 0;
	return seconds * NS_PER_S;
}

/* --- keys --- */

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool key_job_ok(const char *job)
{
	size_t n = strlen(job);

	if (n < 1 || n > 64 || job[0] == '.' || job[0] == '_' || job[0] == '-')
		return false;
	return strspn(job, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static void escape_bytes(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (alnum(s[i]) || (s[i] && strchr("_+=@,-", s[i])) || (s[i] == '.' && i > 0))
			buf_addc(out, s[i]);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)s[i]);
	}
}

/* Where a name's suffix (".sql", ".tar.gz") begins in escaped text: its end if it has none to
 * keep. */
static size_t suffix_at(const char *escaped, size_t n)
{
	size_t at = n, kept = n;

	while (at > 0 && n - at < CUT_SUFFIX_MAX &&
	       (alnum(escaped[at - 1]) || escaped[at - 1] == '.')) {
		at--;
		if (escaped[at] == '.')
			kept = at;
	}
	return kept;
}

/* One component; a '/' in it is escaped like any other byte. */
static void escape_component(struct buf *out, const char *s, size_t n)
{
	struct buf whole = {0};
	char hex[DIGEST_HEX_SIZE];
	size_t cut = CUT_AT;

	if (n == 0) {
		buf_addc(out, '~');
		return;
	}
	escape_bytes(&whole, s, n);
	if (whole.len <= ESCAPED_COMPONENT_MAX) {
		buf_add(out, whole.data, whole.len);
	} else {
		size_t suffix = suffix_at(whole.data, whole.len);

		/* never inside of a %XX */
		if (whole.data[cut - 1] == '%')
			cut -= 1;
		else if (whole.data[cut - 2] == '%')
			cut -= 2;
		digest_hex_of(s, n, hex);
		buf_add(out, whole.data, cut);
		buf_addc(out, '~');
		buf_add(out, hex, CUT_DIGITS);
		buf_add(out, whole.data + suffix, whole.len - suffix);
	}
	buf_free(&whole);
}

char *key_escape(const char *path)
{
	struct buf out = {0};
	const char *s = path, *last;

	for (;;) {
		size_t n = strcspn(s, "/");

		last = s;
		escape_component(&out, s, n);
		if (!s[n] || out.len > ESCAPED_MAX)
			break;
		buf_addc(&out, '/');
		s += n + 1;
	}
	if (out.len > ESCAPED_MAX) {
		char hex[DIGEST_HEX_SIZE];
		const char *slash = strrchr(path, '/');

		last = slash ? slash + 1 : path;
		digest_hex_of(path, strlen(path), hex);
		buf_free(&out);
		buf_addf(&out, "~%.*s/", PATH_DIGITS, hex);
		escape_component(&out, last, strlen(last));
	}
	return buf_take(&out);
}

char *key_point(const char *job, const char *id)
{
	return xasprintf("%s/%s/", job, id);
}

char *key_manifest(const char *job, const char *id)
{
	return xasprintf("%s/%s/manifest.json", job, id);
}

char *key_owner(const char *job, const char *id)
{
	return xasprintf("%s/%s/owner.json", job, id);
}

char *key_records(const char *job, const char *id)
{
	return xasprintf("%s/%s/records/", job, id);
}

char *key_entry(
    const char *job, const char *id, const char *source, const char *path, const char *suffix)
{
	struct buf name = {0};
	autofree char *escaped = key_escape(path);
	char *key;

	/* A source may be called like what we keep beside it. */
	if (strcmp(source, "records") == 0 || strcmp(source, "manifest.json") == 0 ||
	    strcmp(source, "owner.json") == 0)
		buf_addc(&name, '~');
	escape_component(&name, source, strlen(source));
	key = xasprintf("%s/%s/%s/%s%s", job, id, name.data, escaped, suffix);
	buf_free(&name);
	return key;
}
