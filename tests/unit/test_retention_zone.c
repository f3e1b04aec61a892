/* SPDX-License-Identifier: MIT
 *
 * Retention's time zones against the C library's, which is asked in child
 * processes: there, each zone can be the process's own.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugins/retention/calendar.h"
#include "plugins/retention/period.h"
#include "plugins/retention/tzif.h"
#include "plugins/retention/tzrule.h"
#include "plugins/retention/zone.h"

#define FOLDER "/usr/share/zoneinfo/"
#define NS INT64_C(1000000000)
#define FROM_1880 INT64_C(-2840140800)
#define UP_TO_2150 INT64_C(5680281600)
#define STEP (5 * INT64_C(86400))

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int64_t between(uint64_t *state, int64_t low, int64_t high)
{
	return low + (int64_t)(next_random(state) % (uint64_t)(high - low));
}

/* In the child: what does the C library say? Prints and fails on a difference. */
static bool same_as_libc(const struct zone *zone, const char *name, int64_t when)
{
	time_t t = (time_t)when;
	struct tm tm;
	char mine[64], theirs[64];

	if (localtime_r(&t, &tm) == NULL)
		return false;
	if (zone_offset(zone, when) != tm.tm_gmtoff) {
		fprintf(stderr, "%s at %lld: %ld in the C library, here %ld\n", name,
		    (long long)when, (long)tm.tm_gmtoff, (long)zone_offset(zone, when));
		return false;
	}
	strftime(theirs, sizeof(theirs), "%Y-%m-%d", &tm);
	period_name(PERIOD_DAY, zone, when * NS, mine, sizeof(mine));
	if (strcmp(mine, theirs) != 0) {
		fprintf(stderr, "%s at %lld: %s, here %s\n", name, (long long)when, theirs, mine);
		return false;
	}
	strftime(theirs, sizeof(theirs), "%G-W%V", &tm);
	period_name(PERIOD_WEEK, zone, when * NS, mine, sizeof(mine));
	return strcmp(mine, theirs) == 0;
}

/* The instant between the two from which another offset holds; 0: none. */
static int64_t find_change(const struct zone *zone, int64_t low, int64_t high)
{
	int32_t before = zone_offset(zone, low);

	if (zone_offset(zone, high) == before)
		return 0;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (zone_offset(zone, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Random instants, and those around each change. */
static bool compare_zone(const char *name, unsigned instants)
{
	uint64_t seed = 1;
	char why[128];
	struct zone *zone = zone_open(name, why, sizeof(why));
	bool same = zone != NULL;

	if (zone == NULL) {
		fprintf(stderr, "%s: %s\n", name, why);
		return false;
	}
	for (const char *p = name; *p != '\0'; p++)
		seed = seed * 31 + (unsigned char)*p;
	if (setenv("TZ", name, 1) != 0)
		return false;
	tzset();
	for (unsigned i = 0; same && i < instants; i++)
		same = same_as_libc(zone, name, between(&seed, FROM_1880, UP_TO_2150));
	for (int64_t when = FROM_1880; same && when < UP_TO_2150; when += STEP) {
		int64_t change = find_change(zone, when, when + STEP);

		for (int64_t at = change - 7200; same && change != 0 && at <= change + 7200;
		     at += 600)
			same = same_as_libc(zone, name, at - 1) && same_as_libc(zone, name, at);
	}
	zone_free(zone);
	return same;
}

static void check_zones(const char *const *names, size_t count, unsigned instants)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		bool same = true;

		for (size_t i = 0; i < count; i++)
			same = compare_zone(names[i], instants) && same;
		_exit(same ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void need_zone_files(void)
{
	if (access(FOLDER "Europe/Berlin", R_OK) != 0)
		skip();
}

static void test_chosen_zones_as_in_the_c_library(void **state)
{
	static const char *const names[] = {
		"UTC", "Europe/Berlin", "Europe/Dublin", "Europe/London", "Europe/Lisbon",
		"Europe/Moscow", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
		"America/Santiago", "America/Nuuk", "America/Caracas", "Australia/Lord_Howe",
		"Australia/Sydney", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Apia",
		"Pacific/Kiritimati", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza",
		"Asia/Tehran", "Asia/Manila", "Africa/Casablanca", "Africa/Monrovia",
		"Antarctica/Troll", "Etc/GMT+12", "Etc/GMT-14",
	};

	(void)state;
	need_zone_files();
	check_zones(names, sizeof(names) / sizeof(names[0]), 5000);
}

/* Every zone of the database, fewer instants each. */
static void test_all_zones_as_in_the_c_library(void **state)
{
	static char names[700][64];
	const char *list[700];
	size_t count = 0;
	char line[512];
	FILE *file;

	(void)state;
	need_zone_files();
	file = fopen(FOLDER "tzdata.zi", "r");
	if (file == NULL)
		skip();
	while (count < 700 && fgets(line, sizeof(line), file) != NULL) {
		char path[128];
		int fields = line[0] == 'Z' ? sscanf(line, "Z %63s", names[count])
		    : line[0] == 'L'        ? sscanf(line, "L %*s %63s", names[count])
		                            : 0;

		/* a distribution may leave out some names */
		if (fields != 1 || snprintf(path, sizeof(path), FOLDER "%s", names[count]) < 0 ||
		    access(path, R_OK) != 0)
			continue;
		list[count] = names[count];
		count++;
	}
	assert_int_equal(fclose(file), 0);
	assert_true(count > 300);
	check_zones(list, count, 100);
}

/* The rule alone, far beyond what the files list. */
static void test_rules_without_a_file(void **state)
{
	static const struct {
		const char *rule;
		int64_t when;
		int32_t offset;
	} cases[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", 4133980800, 3600},            /* 2101-01-01 */
		{"CET-1CEST,M3.5.0,M10.5.0/3", 4146508800, 7200},            /* 2101-05-26 */
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 4133980800, 39600}, /* half an hour */
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 4146508800, 37800},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 4133980800, 0},               /* odd in winter */
		{"IST-1GMT0,M10.5.0,M3.5.0/1", 4146508800, 3600},
		{"EST5EDT,0/0,J365/25", 4133980800, -14400},                 /* summer all year */
		{"EST5EDT,0/0,J365/25", 4133995199, -14400},
		{"EST5EDT,0/0,J365/25", 4133998800, -14400},
		{"<-03>3", 0, -10800},
		{"XXX-14:30:15", 0, 52215},
		/* 2020-02-29 is day 59 from 0; J60 is 1 March in every year */
		{"AAA0BBB,59/0,J60/24", 1582934399, 0},
		{"AAA0BBB,59/0,J60/24", 1582934400, 3600},
		{"AAA0BBB,59/0,J60/24", 1583103600 - 1, 3600},
		{"AAA0BBB,59/0,J60/24", 1583103600, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tzrule rule;

		if (!tzrule_parse(cases[i].rule, &rule))
			fail_msg("%s was refused", cases[i].rule);
		if (tzrule_offset(&rule, cases[i].when) != cases[i].offset)
			fail_msg("%s at %lld: %d", cases[i].rule, (long long)cases[i].when,
			    (int)tzrule_offset(&rule, cases[i].when));
	}
}

static void test_wrong_rules_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "C", "CE-1", "CET", "CET-", "CET-25", "CET-1:60", "CET-1:00:61", "<CET-1",
		"<>-1", "<+1>x", "CET-1CEST", "CET-1CEST,", "CET-1CEST,M3.5.0",
		"CET-1CEST,M0.5.0,M10.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.0.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J365",
		"CET-1CEST,J366,J365", "CET-1CEST,366,1", "CET-1CEST,1/168,2", "CET-1CEST,1,2,3",
		"CET-1CEST,99999999999999999999,2", "CET-1 ", "CET-1CE,1,2",
	};
	struct tzrule rule;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (tzrule_parse(wrong[i], &rule))
			fail_msg("%s was taken", wrong[i]);
	}
}

static void test_names(void **state)
{
	static const char *const wrong[] = {
		"", "Mars/Olympus", "../../../etc/passwd", "/etc/localtime", "Europe//Berlin",
		"Europe/", "Europe", "./UTC", "Europe/Ber lin", "utc\n", "right/UTC", "tzdata.zi",
		"zone.tab", "Europe/Berlin/x", ":Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3",
	};
	static const char *const right[] = {"UTC", "local"};
	char why[128], longest[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct zone *zone;

		why[0] = '\0';
		zone = zone_open(wrong[i], why, sizeof(why));
		if (zone != NULL)
			fail_msg("%s was taken", wrong[i]);
		assert_true(strlen(why) > 0);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(zone_open(longest, why, sizeof(why)));
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct zone *zone = zone_open(right[i], why, sizeof(why));

		assert_non_null(zone);
		zone_free(zone);
	}
}

static size_t read_file(const char *path, unsigned char *data, size_t room)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	assert_non_null(file);
	size = fread(data, 1, room, file);
	assert_int_equal(fclose(file), 0);
	return size;
}

static void try_bytes(const unsigned char *data, size_t size, unsigned *taken)
{
	char why[128] = "";
	/* of its own size, so that a sanitizer sees a read beyond the end */
	unsigned char *copy = malloc(size + !size);
	struct zone *zone;

	assert_non_null(copy);
	memcpy(copy, data, size);
	zone = zone_parse(copy, size, why, sizeof(why));
	free(copy);
	if (zone == NULL) {
		assert_true(strlen(why) > 0);
		return;
	}
	++*taken;
	for (int64_t when = INT64_MIN / NS; when < INT64_MAX / NS; when += INT64_C(1) << 32)
		assert_in_range(zone_offset(zone, when) + 100000, 100000 - 89999, 100000 + 93599);
	zone_free(zone);
}

static void test_damaged_files(void **state)
{
	static unsigned char good[16384], bad[16384];
	size_t size;
	uint64_t seed = 7;
	unsigned taken = 0;

	(void)state;
	need_zone_files();
	size = read_file(FOLDER "Australia/Lord_Howe", good, sizeof(good));
	try_bytes(good, size, &taken);
	assert_int_equal(taken, 1);
	for (size_t length = 0; length < size; length++)
		try_bytes(good, length, &taken);
	assert_int_equal(taken, 1); /* no shorter file is whole */
	for (unsigned i = 0; i < 20000; i++) {
		memcpy(bad, good, size);
		for (unsigned flips = 1 + i % 3; flips > 0; flips--) {
			/* mostly in the two headers and the rule */
			size_t at = next_random(&seed) % (i % 2 ? 60 : size);

			bad[at] ^= (unsigned char)(1u << next_random(&seed) % 8);
		}
		try_bytes(bad, size, &taken);
	}
}

/* A file of version 1 with two changes to the same, only, type. */
static bool takes_changes(unsigned char first, unsigned char second, unsigned char type)
{
	unsigned char file[44 + 2 * 4 + 2 + 6 + 4] = "TZif";
	char why[128];
	struct zone *zone;

	file[35] = 2; /* changes */
	file[39] = 1; /* types */
	file[43] = 4; /* bytes of names */
	file[44 + 3] = first;
	file[44 + 7] = second;
	file[44 + 8] = type;
	zone = zone_parse(file, sizeof(file), why, sizeof(why));
	zone_free(zone);
	return zone != NULL;
}

/* The search for an instant relies on the order, and on types that are there. */
static void test_changes_in_wrong_order(void **state)
{
	(void)state;
	assert_true(takes_changes(1, 2, 0));
	assert_false(takes_changes(2, 1, 0));
	assert_false(takes_changes(1, 1, 0));
	assert_false(takes_changes(1, 2, 1));
}

static void test_calendar(void **state)
{
	static const struct {
		int64_t year;
		int month, day;
		int64_t days;
	} known[] = {
		{1970, 1, 1, 0}, {1969, 12, 31, -1}, {2000, 2, 29, 11016}, {1900, 3, 1, -25508},
		{2024, 2, 29, 19782}, {1600, 1, 1, -135140}, {0, 3, 1, -719468},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(days_from_date(known[i].year, known[i].month, known[i].day),
		    known[i].days);
	for (int64_t days = -800000; days < 800000; days++) {
		struct date date = date_from_days(days);

		assert_in_range(date.month, 1, 12);
		assert_in_range(date.day, 1, days_in_month(date.year, date.month));
		assert_int_equal(days_from_date(date.year, date.month, date.day), days);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_rules_without_a_file),
		cmocka_unit_test(test_wrong_rules_are_refused),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_changes_in_wrong_order),
		cmocka_unit_test(test_chosen_zones_as_in_the_c_library),
		cmocka_unit_test(test_all_zones_as_in_the_c_library),
	};

	return cmocka_run_group_tests_name("retention zones", tests, NULL, NULL);
}
