/* SPDX-License-Identifier: MIT
 * Any text as a number, size, duration, percentage, time or --sink specification. */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "engine/job/job.h"
#include "engine/util/clock.h"
#include "engine/util/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(int32_t status, struct error *err)
{
	must(status == HF_OK || status == HF_E_CONFIG);
	must(err->status == status);
	if (status != HF_OK) {
		autofree char *clean = printable(err->message);

		must(strcmp(clean, err->message) == 0);
	}
	error_clear(err);
}

static void check_numbers(const char *text)
{
	struct error err = { 0 };
	char out[64];
	int64_t v = 0;

	check(parse_int(text, &v, &err), &err);
	check(parse_bool(text, &v, &err), &err);
	v = 0;
	check(parse_percent(text, &v, &err), &err);
	must(v >= 0);
	v = 0;
	check(parse_size(text, &v, &err), &err);
	must(v >= 0);
	format_bytes((uint64_t)v, out, 16);
	must(strlen(out) < 15);
	v = 0;
	check(parse_duration(text, &v, &err), &err);
	must(v >= 0);
	format_duration(v, out, 24);
	must(strlen(out) < 23);
}

/* What was read as RFC 3339 is written so that it reads as the same instant. */
static void check_times(const char *text)
{
	struct error err = { 0 };
	int64_t ns = 0, again = 1;
	char out[32];

	check(clock_parse_user(text, 0, &ns, &err), &err);
	if (clock_parse_rfc3339(text, &ns) == HF_OK) {
		clock_rfc3339(ns, out, sizeof(out));
		/* an offset can lead out of the years that are read */
		if (clock_parse_rfc3339(out, &again) == HF_OK)
			must(again == ns);
	}
}

static void check_spec(const char *text)
{
	struct error err = { 0 };
	struct job *job = NULL;

	check(job_from_spec(text, NULL, &job, &err), &err);
	job_free(job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xmalloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	check_numbers(text);
	check_times(text);
	check_spec(text);
	return 0;
}
