/* SPDX-License-Identifier: MIT
 * A point's life, and the clearing of what dead runs left. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/store/layout.h"
#include "engine/store/publish.h"
#include "engine/store/removal.h"
#include "engine/util/clock.h"
#include "tests/unit/fake_sink.h"
#include "tests/unit/sample_point.h"

#define P1 "20260101T020000Z-aaaa"
#define P2 "20260102T020000Z-bbbb"
#define P3 "20260103T020000Z-cccc"
#define P4 "20260104T020000Z-dddd"
#define DAY (86400 * NS_PER_S)

static int teardown(void **state)
{
	(void)state;
	fake_free();
	return 0;
}

static struct buf manifest_text(const char *id)
{
	struct manifest *m = sample_manifest(id, NULL);
	struct buf text = {0};

	manifest_write(m, &text);
	manifest_free(m);
	return text;
}

static void journal_is(const char *const *expected)
{
	const struct strv *j = fake_journal();
	size_t i;

	for (i = 0; i < j->n && expected[i]; i++)
		assert_string_equal(j->v[i], expected[i]);
	assert_int_equal(i, j->n);
	assert_null(expected[i]);
}

static void begin(void **state)
{
	struct instance *sink = fake_new(false);
	struct error err = {0};

	(void)state;
	assert_int_equal(point_begin(sink, JOB, P1, "backup", &err), HF_OK);
	assert_true(fake_has(JOB "/" P1 "/owner.json"));
	assert_int_equal(point_begin(sink, JOB, P1, "backup", &err), HF_E_EXISTS);
	error_clear(&err);
	/* ours after all: only the answer was lost */
	fake_fail_after("put", P2, HF_E_EXISTS);
	assert_int_equal(point_begin(sink, JOB, P2, "copy", &err), HF_OK);
	assert_int_equal(err.status, HF_OK);
	fake_fail("put", P3, 0, HF_E_NO_SPACE);
	assert_int_equal(point_begin(sink, JOB, P3, "backup", &err), HF_E_NO_SPACE);
	error_clear(&err);
}

static void publish(void **state)
{
	static const char *const steps[] = {
	    "flush",
	    "put " JOB "/" P1 "/manifest.json",
	    "flush",
	    NULL,
	};
	struct instance *sink = fake_new(false);
	struct buf text = manifest_text(P1);
	const struct buf *there;

	(void)state;
	sample_begin(sink, P1);
	fake_journal_clear();
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, NULL), HF_OK);
	journal_is(steps);
	there = fake_get(JOB "/" P1 "/manifest.json");
	assert_int_equal(there->len, text.len);
	assert_memory_equal(there->data, text.data, text.len);
	buf_free(&text);
}

static void publish_fails(void **state)
{
	struct instance *sink = fake_new(false);
	struct buf text = manifest_text(P1);
	struct error err = {0};

	(void)state;
	sample_begin(sink, P1);
	/* before the manifest nothing is published */
	fake_fail("flush", "", 0, HF_E_NO_SPACE);
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, &err), HF_E_NO_SPACE);
	assert_false(fake_has(JOB "/" P1 "/manifest.json"));
	fake_fail("put", "manifest", 0, HF_E_TRANSIENT);
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, &err), HF_E_TRANSIENT);
	fake_fail("stat", "owner", 0, HF_E_AUTH);
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, &err), HF_E_AUTH);
	fake_heal();
	assert_false(fake_has(JOB "/" P1 "/manifest.json"));
	/* one that does not read, or is another's */
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len - 1, &err), HF_E_FAILED);
	assert_int_equal(point_publish(sink, JOB, P2, text.data, text.len, &err), HF_E_FAILED);
	assert_int_equal(point_publish(sink, JOB, P2, text.data, text.len, NULL), HF_E_FAILED);
	/* a flush that fails after it */
	fake_fail("flush", "", 1, HF_E_FAILED);
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, &err), HF_E_FAILED);
	fake_remove(JOB "/" P1 "/manifest.json");
	/* a lost answer is no failure, another manifest is one */
	fake_fail_after("put", "manifest", HF_E_EXISTS);
	error_clear(&err);
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, &err), HF_OK);
	assert_int_equal(err.status, HF_OK);
	fake_heal();
	fake_put(JOB "/" P1 "/manifest.json", "other", 5);
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, &err), HF_E_EXISTS);
	assert_int_equal(fake_get(JOB "/" P1 "/manifest.json")->len, 5);
	fake_remove(JOB "/" P1 "/manifest.json");
	/* taken for litter by somebody else */
	fake_remove(JOB "/" P1 "/owner.json");
	assert_int_equal(point_publish(sink, JOB, P1, text.data, text.len, &err), HF_E_FAILED);
	assert_non_null(strstr(err.message, "removed"));
	assert_false(fake_has(JOB "/" P1 "/manifest.json"));
	error_clear(&err);
	buf_free(&text);
}

static void abandon(void **state)
{
	struct instance *sink = fake_new(false);

	(void)state;
	sample_point(sink, P1, NULL);
	sample_begin(sink, P2);
	sample_begin(sink, P3);
	fake_journal_clear();
	point_abandon(sink, JOB, P2);
	assert_int_equal(fake_count(JOB "/" P2), 0);
	assert_string_equal(
	    fake_journal()->v[fake_journal()->n - 2], "remove " JOB "/" P2 "/owner.json");
	assert_string_equal(fake_journal()->v[fake_journal()->n - 1], "sweep " JOB "/" P2 "/");
	assert_int_equal(fake_count(JOB "/" P3), 3);
	/* published after all */
	point_abandon(sink, JOB, P1);
	assert_int_equal(fake_count(JOB "/" P1), 4);
	/* what fails leaves the owner, for the next run */
	fake_fail("remove", "users", 0, HF_E_FAILED);
	point_abandon(sink, JOB, P3);
	assert_true(fake_has(JOB "/" P3 "/owner.json"));
	fake_fail("list", P3, 0, HF_E_FAILED);
	point_abandon(sink, JOB, P3);
	assert_true(fake_has(JOB "/" P3 "/owner.json"));
}

static void removing(void **state)
{
	struct instance *sink = fake_new(false);
	bool gone = false;

	(void)state;
	sample_point(sink, P1, NULL);
	assert_int_equal(record_put(sink, JOB, P1, "verify", true, NULL, NULL), HF_OK);
	sample_point(sink, P2, NULL);
	fake_journal_clear();
	assert_int_equal(point_remove(sink, JOB, P1, &gone, NULL), HF_OK);
	assert_true(gone);
	assert_int_equal(fake_count(JOB "/" P1), 0);
	assert_int_equal(fake_count(JOB "/" P2), 4);
	assert_string_equal(fake_journal()->v[0], "remove " JOB "/" P1 "/manifest.json");
	assert_string_equal(fake_journal()->v[1], "flush");
	assert_string_equal(
	    fake_journal()->v[fake_journal()->n - 1], "remove " JOB "/" P1 "/owner.json");
	/* no data goes before the manifest went, and that is durable */
	gone = false;
	fake_fail("remove", "manifest", 0, HF_E_AUTH);
	assert_int_equal(point_remove(sink, JOB, P2, &gone, NULL), HF_E_AUTH);
	assert_false(gone);
	fake_fail("flush", "", 0, HF_E_FAILED);
	assert_int_equal(point_remove(sink, JOB, P2, &gone, NULL), HF_E_FAILED);
	assert_true(gone);
	assert_int_equal(fake_count(JOB "/" P2), 3);
	fake_fail("list", P2, 0, HF_E_FAILED);
	assert_int_equal(point_remove(sink, JOB, P2, &gone, NULL), HF_E_FAILED);
	assert_true(gone);
	assert_int_equal(fake_count(JOB "/" P2), 3);
}

static void sweep(
    struct instance *sink, const struct strv *spare, bool dry_run, int32_t status, size_t left)
{
	struct catalogue *c = sample_load(sink);
	struct error err = {0};

	assert_int_equal(litter_sweep(c, 7 * DAY, spare, dry_run, &err), status);
	assert_int_equal(err.status, status);
	assert_int_equal(c->n, left);
	error_clear(&err);
	catalogue_free(c);
}

static void litter(void **state)
{
	struct instance *sink = fake_new(false);
	struct strv spare = {0};

	(void)state;
	sample_point(sink, P1, NULL);
	sample_begin(sink, P2); /* of this host */
	sample_begin(sink, P3);
	sample_owner(P3, "another host", clock_now() - 6 * DAY);
	sample_begin(sink, P4);
	sample_owner(P4, "another host", clock_now() - 8 * DAY);
	fake_put(JOB "/20260105T020000Z-eeee/data", "x", 1);
	fake_put(JOB "/20260106T020000Z-ffff/data", "x", 1);
	fake_put(JOB "/20260106T020000Z-ffff/owner.json", "x", 1);
	fake_journal_clear();
	sweep(sink, NULL, true, HF_OK, 6);
	assert_int_equal(fake_journal()->n, 0);
	strv_add(&spare, P2);
	strv_add(&spare, P4);
	sweep(sink, &spare, false, HF_OK, 6);
	assert_int_equal(fake_journal()->n, 1);
	assert_string_equal(fake_journal()->v[0], "sweep " JOB "/");
	strv_free(&spare);
	sweep(sink, NULL, false, HF_OK, 4);
	assert_int_equal(fake_count(JOB "/" P1), 4);
	assert_int_equal(fake_count(JOB "/" P2), 0);
	assert_int_equal(fake_count(JOB "/" P3), 3);
	assert_int_equal(fake_count(JOB "/" P4), 0);
	assert_int_equal(fake_count(JOB "/20260105"), 1);
	assert_int_equal(fake_count(JOB "/20260106"), 2);
	assert_string_equal(fake_journal()->v[fake_journal()->n - 1], "sweep " JOB "/");
	/* from the future: a wrong clock */
	sample_owner(P3, "another host", clock_now() + 9 * DAY);
	sweep(sink, NULL, false, HF_OK, 4);
	assert_int_equal(fake_count(JOB "/" P3), 3);
}

static void litter_trouble(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct buf text = manifest_text(P2);

	(void)state;
	sample_begin(sink, P1);
	sample_begin(sink, P2);
	sample_begin(sink, P3);
	/* one that stays does not keep the others */
	fake_fail("remove", P1 "/main", 0, HF_E_AUTH);
	sweep(sink, NULL, false, HF_E_AUTH, 1);
	fake_heal();
	assert_int_equal(fake_count(JOB "/" P1), 3);
	assert_int_equal(fake_count(JOB "/" P3), 0);
	sweep(sink, NULL, false, HF_OK, 0);
	/* one that was published after it was listed */
	sample_begin(sink, P2);
	c = sample_load(sink);
	assert_int_equal(point_publish(sink, JOB, P2, text.data, text.len, NULL), HF_OK);
	assert_int_equal(litter_sweep(c, DAY, NULL, false, NULL), HF_OK);
	assert_int_equal(fake_count(JOB "/" P2), 4);
	catalogue_free(c);
	/* an expiry that stopped half-way */
	sample_point(sink, P3, NULL);
	fake_remove(JOB "/" P3 "/manifest.json");
	fake_remove(JOB "/" P3 "/main/users.sql");
	sweep(sink, NULL, false, HF_OK, 1);
	assert_int_equal(fake_count(JOB "/" P3), 0);
	buf_free(&text);
}

static void locks(void **state)
{
	struct instance *sink = fake_new(false);
	struct sink_lock *a = NULL, *b = NULL;
	struct error err = {0};
	int64_t begun;

	(void)state;
	assert_int_equal(job_lock(sink, JOB, 0, &a, &err), HF_OK);
	assert_string_equal(fake_journal()->v[0], "lock " JOB "/run");
	assert_int_equal(job_lock(sink, JOB, 0, &b, &err), HF_E_EXISTS);
	assert_non_null(strstr(err.message, "process 7"));
	assert_non_null(err.hint);
	error_clear(&err);
	begun = clock_mono();
	assert_int_equal(job_lock(sink, JOB, NS_PER_S / 5, &b, &err), HF_E_EXISTS);
	assert_true(clock_mono() - begun >= NS_PER_S / 5);
	error_clear(&err);
	sink_unlock(a);
	assert_int_equal(job_lock(sink, JOB, NS_PER_S, &a, &err), HF_OK);
	sink_unlock(a);
	/* readers together, deletion alone */
	assert_int_equal(read_lock(sink, JOB, HF_LOCK_SHARED, &a, &err), HF_OK);
	assert_int_equal(read_lock(sink, JOB, HF_LOCK_SHARED, &b, &err), HF_OK);
	sink_unlock(b);
	assert_int_equal(read_lock(sink, JOB, HF_LOCK_EXCLUSIVE, &b, &err), HF_E_EXISTS);
	error_clear(&err);
	sink_unlock(a);
	assert_int_equal(read_lock(sink, JOB, HF_LOCK_EXCLUSIVE, &b, &err), HF_OK);
	sink_unlock(b);
	fake_fail("lock", "run", 0, HF_E_AUTH);
	assert_int_equal(job_lock(sink, JOB, NS_PER_S, &a, &err), HF_E_AUTH);
	error_clear(&err);
	assert_int_equal(fake_locks(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(begin, teardown),
	    cmocka_unit_test_teardown(publish, teardown),
	    cmocka_unit_test_teardown(publish_fails, teardown),
	    cmocka_unit_test_teardown(abandon, teardown),
	    cmocka_unit_test_teardown(removing, teardown),
	    cmocka_unit_test_teardown(litter, teardown),
	    cmocka_unit_test_teardown(litter_trouble, teardown),
	    cmocka_unit_test_teardown(locks, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
