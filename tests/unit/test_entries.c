/* SPDX-License-Identifier: MIT
 * The entries of a running backup. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/pipeline/entries.h"
#include "engine/report/progress.h"
#include "engine/util/cancel.h"
#include "tests/unit/mem_drivers.h"

#define POINT "20260101T020000Z-aaaa"

static struct progress progress;

static int32_t add(struct entries *e, struct source_run *s, const char *path, uint64_t size,
	uint32_t flags)
{
	const hf_entry in = {.size = sizeof in, .path = path, .type = "t/1", .subject = path,
		.size_hint = size, .flags = flags};
	struct error err = {0};
	int32_t status = entries_add(e, s, &in, &err);

	error_clear(&err);
	return status;
}

static void test_largest_first_then_as_added(void **state)
{
	struct source_run s = {.instance = mem_sink_open("src"), .lanes = 4, .progress = &progress};
	struct entries *e = entries_new("job", POINT, ".z", "z/1");
	static const char *const expected[] = {"huge", "big1", "big2", "tiny", "none"};

	(void)state;
	add(e, &s, "none", 0, 0);
	add(e, &s, "big1", 50, 0);
	add(e, &s, "tiny", 1, 0);
	add(e, &s, "big2", 50, 0);
	add(e, &s, "huge", 99, 0);
	for (size_t i = 0; i < 5; i++) {
		struct dump_entry *d = entries_take(e);

		assert_string_equal(d->entry.path, expected[i]);
		entries_done(e, d, true);
	}
	assert_null(entries_take(e));
	entries_free(e);
	mem_close(s.instance);
}

static void test_a_source_runs_no_more_than_its_lanes(void **state)
{
	struct source_run one = {.instance = mem_sink_open("one"), .lanes = 1, .progress = &progress};
	struct source_run two = {.instance = mem_sink_open("two"), .lanes = 2, .progress = &progress};
	struct entries *e = entries_new("job", POINT, NULL, NULL);
	struct dump_entry *a, *b, *c;

	(void)state;
	add(e, &one, "a", 100, 0);
	add(e, &one, "b", 90, 0);
	add(e, &two, "c", 1, 0);
	a = entries_take(e);
	b = entries_take(e);
	assert_string_equal(a->entry.path, "a");
	assert_string_equal(b->entry.path, "c");
	entries_done(e, a, true);
	c = entries_take(e);
	assert_string_equal(c->entry.path, "b");
	/* a failure ends it for all */
	add(e, &two, "d", 1, 0);
	entries_done(e, b, false);
	assert_null(entries_take(e));
	entries_done(e, c, true);
	entries_free(e);
	mem_close(one.instance);
	mem_close(two.instance);
}

static void test_paths_and_keys_are_never_used_twice(void **state)
{
	struct source_run s = {.instance = mem_sink_open("src"), .lanes = 4, .progress = &progress};
	struct entries *e = entries_new("job", POINT, ".z", "z/1");
	struct dump_entry *a, *b;

	(void)state;
	assert_int_equal(add(e, &s, "a", 2, 0), HF_OK);
	assert_int_equal(add(e, &s, "a", 2, 0), HF_E_EXISTS);
	assert_int_equal(add(e, &s, "a.z", 1, HF_ENTRY_STORE), HF_OK);
	a = entries_take(e);
	b = entries_take(e);
	assert_string_equal(a->key, "job/" POINT "/src/a.z");
	assert_string_not_equal(a->key, b->key);
	assert_int_equal(a->entry.codecs.n, 1);
	assert_int_equal(b->entry.codecs.n, 0);
	entries_done(e, a, true);
	entries_done(e, b, true);
	/* no object in the place of a folder, whichever comes first */
	assert_int_equal(add(e, &s, "a.z/b", 1, HF_ENTRY_STORE), HF_OK);
	a = entries_take(e);
	assert_string_not_equal(a->key, "job/" POINT "/src/a.z/b");
	assert_int_equal(add(e, &s, "x/y", 1, HF_ENTRY_STORE), HF_OK);
	assert_int_equal(add(e, &s, "x", 1, HF_ENTRY_STORE), HF_OK);
	b = entries_take(e);
	assert_string_equal(b->key, "job/" POINT "/src/x/y");
	entries_done(e, b, true);
	b = entries_take(e);
	assert_string_not_equal(b->key, "job/" POINT "/src/x");
	entries_done(e, a, true);
	entries_done(e, b, true);
	entries_free(e);
	mem_close(s.instance);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_largest_first_then_as_added),
		cmocka_unit_test(test_a_source_runs_no_more_than_its_lanes),
		cmocka_unit_test(test_paths_and_keys_are_never_used_twice),
	};

	cancel_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
