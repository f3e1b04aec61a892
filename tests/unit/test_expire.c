/* SPDX-License-Identifier: MIT
 * What may go: examples, random histories, and deletions that stop anywhere. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/store/expire.h"
#include "engine/store/layout.h"
#include "engine/store/publish.h"
#include "engine/util/clock.h"
#include "tests/unit/fake_sink.h"
#include "tests/unit/sample_point.h"

#define P1 "20260101T020000Z-aaaa"
#define P2 "20260102T020000Z-bbbb"
#define P3 "20260103T020000Z-cccc"
#define P4 "20260104T020000Z-dddd"
#define P5 "20260105T020000Z-eeee"

static int teardown(void **state)
{
	(void)state;
	fake_free();
	return 0;
}

static struct plan *expire_all(const struct catalogue *c)
{
	struct plan *p = plan_new(c);

	for (size_t i = 0; i < p->n; i++)
		plan_set(p, i, VERDICT_EXPIRE, "too old");
	return p;
}

static void is_kept(const struct plan *p, size_t index, bool keeps, const char *reason)
{
	const struct plan_item *item = &p->v[index];

	assert_int_equal(item->verdict != VERDICT_EXPIRE, keeps);
	assert_int_equal(item->overruled, keeps);
	if (!strstr(item->reason, reason))
		fail_msg("%s: \"%s\" does not say \"%s\"", item->point->id, item->reason, reason);
}

/* --- examples --- */

static void rules(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct plan *p;

	(void)state;
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, P1);
	sample_point(sink, P3, NULL);
	sample_point(sink, P4, NULL);
	sample_begin(sink, P5);
	assert_int_equal(record_put(sink, JOB, P2, "pin", true, NULL, NULL), HF_OK);
	c = sample_load(sink);
	p = expire_all(c);
	plan_enforce(p, NULL);
	is_kept(p, 0, true, P2 " continues from it");
	is_kept(p, 1, true, "pinned");
	is_kept(p, 2, false, "too old");
	is_kept(p, 3, true, "newest complete");
	is_kept(p, 4, true, "no manifest");
	assert_int_equal(p->v[4].verdict, VERDICT_NONE);
	assert_int_equal(plan_count(p, VERDICT_EXPIRE), 1);
	plan_free(p);
	/* the current one, and verdicts that a stage took back */
	p = expire_all(c);
	plan_set(p, 0, VERDICT_KEEP, "monthly");
	plan_set(p, 99, VERDICT_EXPIRE, "beyond the end");
	plan_enforce(p, P3);
	is_kept(p, 2, true, "this run");
	assert_string_equal(p->v[0].reason, "monthly");
	assert_false(p->v[0].overruled);
	plan_free(p);
	catalogue_free(c);
}

static void put_verdict(struct instance *sink, const char *id, bool good)
{
	json_object *extra = json_object_new_object();

	json_object_object_add(extra, "ppm", json_object_new_int(1000000));
	json_object_object_add(extra, "level", json_object_new_string("digest"));
	assert_int_equal(record_put(sink, JOB, id, "verify", good, extra, NULL), HF_OK);
	json_object_put(extra);
}

static void proven(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct plan *p;

	(void)state;
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, NULL);
	sample_point(sink, P3, NULL);
	sample_point(sink, P4, NULL);
	put_verdict(sink, P1, true);
	put_verdict(sink, P2, true);
	put_verdict(sink, P4, false);
	c = sample_load(sink);
	p = expire_all(c);
	plan_enforce(p, NULL);
	is_kept(p, 0, false, "too old");
	is_kept(p, 1, true, "verified");
	is_kept(p, 2, true, "without known damage");
	is_kept(p, 3, true, "newest complete");
	plan_free(p);
	catalogue_free(c);
	/* one that is proven and stays is enough */
	put_verdict(sink, P4, true);
	c = sample_load(sink);
	p = expire_all(c);
	plan_enforce(p, NULL);
	assert_int_equal(plan_count(p, VERDICT_EXPIRE), 3);
	plan_free(p);
	catalogue_free(c);
}

static void unreadable(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct plan *p;

	(void)state;
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, NULL);
	sample_point(sink, P3, NULL);
	fake_put(JOB "/" P3 "/manifest.json", "damaged", 7);
	c = sample_load(sink);
	p = expire_all(c);
	plan_enforce(p, NULL);
	is_kept(p, 0, false, "too old");
	is_kept(p, 1, true, "newest complete");
	is_kept(p, 2, true, "cannot be read");
	plan_free(p);
	/* a newer format: who knows what it needs */
	c->v[2].error.status = HF_E_UNSUPPORTED;
	p = expire_all(c);
	plan_enforce(p, NULL);
	is_kept(p, 0, true, "newer holdfast");
	plan_free(p);
	catalogue_free(c);
	/* nothing at all */
	c = sample_load(fake_new(false));
	p = expire_all(c);
	plan_enforce(p, NULL);
	assert_int_equal(p->n, 0);
	plan_free(p);
	catalogue_free(c);
}

/* --- random histories --- */

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

static void random_point(struct point *p, unsigned i, const struct catalogue *c)
{
	static const enum point_state rare[] = {POINT_DAMAGED, POINT_INCOMPLETE, POINT_FOREIGN};
	char id[64];

	/* some within one second; ids are unique by their end */
	snprintf(id, sizeof(id), "202601%02uT0000%02uZ-%04u", 1 + below(28), below(2), i);
	*p = (struct point){.job = xstrdup(JOB), .pinned = below(20) == 0};
	memcpy(p->id, id, POINT_ID_LEN + 1);
	p->state = below(4) ? POINT_COMPLETE : rare[below(3)];
	p->found_damaged = below(6) == 0;
	if (below(4) == 0) {
		p->records = xcalloc(1, sizeof(*p->records));
		p->records[0].key = xstrdup("k");
		p->nrecords = 1;
		p->verified = p->records;
	}
	if (p->state != POINT_COMPLETE)
		return;
	/* parents before, after, of any state, missing, itself */
	p->manifest = sample_manifest(p->id, NULL);
	if (i > 0 && below(2))
		p->manifest->parent = xstrdup(below(10) ? c->v[below(i)].id : P1);
	if (i > 0 && below(8) == 0) {
		free(p->manifest->entries[0].parts[0].key);
		p->manifest->entries[0].parts[0].key =
		    key_entry(JOB, c->v[below(i)].id, "main", "shared", "");
	}
}

static struct catalogue *random_catalogue(void)
{
	struct catalogue *c = xcalloc(1, sizeof(*c));

	c->job = xstrdup(JOB);
	c->n = below(25);
	c->v = xcalloc(c->n, sizeof(*c->v));
	for (unsigned i = 0; i < c->n; i++)
		random_point(&c->v[i], i, c);
	/* a ring, as only a forged one has it */
	if (c->n > 2 && c->v[0].manifest && c->v[1].manifest && below(3) == 0) {
		free(c->v[0].manifest->parent);
		c->v[0].manifest->parent = xstrdup(c->v[1].id);
		free(c->v[1].manifest->parent);
		c->v[1].manifest->parent = xstrdup(c->v[0].id);
	}
	return c;
}

static bool stays(const struct plan *p, size_t i)
{
	return p->v[i].verdict != VERDICT_EXPIRE;
}

/* What must be true of any plan, said again in the plainest way. */
static void check_plan(const struct plan *p, const char *current)
{
	size_t complete = 0, kept = 0, newest = p->n, good = 0, kept_good = 0, sound = 0,
	       kept_sound = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct point *point = p->v[i].point;

		if (point->state != POINT_COMPLETE || point->pinned ||
		    (current && strcmp(current, point->id) == 0))
			assert_true(stays(p, i));
		if (point->state != POINT_COMPLETE)
			continue;
		newest = i;
		complete++;
		kept += stays(p, i);
		sound += !point->found_damaged;
		kept_sound += stays(p, i) && !point->found_damaged;
		good += point->verified && !point->found_damaged;
		kept_good += stays(p, i) && point->verified && !point->found_damaged;
		for (size_t k = 0; k < p->n && stays(p, i); k++) {
			const char *key = point->manifest->entries[0].parts[0].key;

			if (point->manifest->parent &&
			    strcmp(point->manifest->parent, p->v[k].point->id) == 0)
				assert_true(stays(p, k));
			if (strncmp(key + strlen(JOB) + 1, p->v[k].point->id, POINT_ID_LEN) == 0)
				assert_true(stays(p, k));
		}
	}
	if (complete) {
		assert_true(kept > 0 && stays(p, newest));
		assert_int_equal(sound > 0, kept_sound > 0);
		assert_int_equal(good > 0, kept_good > 0);
	}
}

static void histories(void **state)
{
	size_t went = 0, overruled = 0;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct catalogue *c;
		struct plan *p, *again;
		const char *current;

		seed = UINT64_C(88172645463325252) + (uint64_t)round * 977;
		c = random_catalogue();
		p = plan_new(c);
		again = plan_new(c);
		for (size_t i = 0; i < c->n; i++) {
			enum verdict v = below(4) ? VERDICT_EXPIRE : (enum verdict)below(2);

			plan_set(p, i, v, "said so");
			plan_set(again, i, v, "said so");
		}
		current = c->n && below(2) ? c->v[below((unsigned)c->n)].id : NULL;
		plan_enforce(p, current);
		plan_enforce(again, current);
		check_plan(p, current);
		for (size_t i = 0; i < c->n; i++) {
			assert_int_equal(p->v[i].verdict, again->v[i].verdict);
			assert_string_equal(p->v[i].reason, again->v[i].reason);
			assert_int_equal(p->v[i].overruled, strcmp(p->v[i].reason, "said so") != 0);
			overruled += p->v[i].overruled;
		}
		went += plan_count(p, VERDICT_EXPIRE);
		/* once more changes nothing */
		plan_enforce(p, current);
		for (size_t i = 0; i < c->n; i++)
			assert_int_equal(p->v[i].verdict, again->v[i].verdict);
		plan_free(p);
		plan_free(again);
		catalogue_free(c);
	}
	/* the histories are not all of one kind */
	assert_true(went > 1000 && overruled > 1000);
}

/* --- deleting --- */

static void fill(struct instance *sink)
{
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, P1);
	sample_point(sink, P3, P2);
	sample_point(sink, P4, NULL);
	sample_begin(sink, P5);
}

static struct plan *make_plan(const struct catalogue *c)
{
	struct plan *p = expire_all(c);

	plan_enforce(p, NULL);
	assert_int_equal(plan_count(p, VERDICT_EXPIRE), 3);
	return p;
}

static void apply(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct plan *p;
	const struct strv *j;
	size_t at[3] = {0};

	(void)state;
	fill(sink);
	c = sample_load(sink);
	p = make_plan(c);
	fake_journal_clear();
	assert_int_equal(plan_apply(p, sink, JOB, NULL), HF_OK);
	assert_int_equal(fake_count(JOB "/"), 4 + 3);
	assert_int_equal(fake_count(JOB "/" P4), 4);
	assert_int_equal(fake_count(JOB "/" P5), 3);
	assert_int_equal(fake_locks(), 0);
	for (size_t i = 0; i < p->n; i++)
		assert_int_equal(p->v[i].removed, p->v[i].verdict == VERDICT_EXPIRE);
	/* children first, under the lock of the readers */
	j = fake_journal();
	assert_string_equal(j->v[0], "lock " JOB "/read");
	assert_string_equal(j->v[j->n - 1], "unlock " JOB "/read");
	for (size_t i = 0; i < j->n; i++) {
		at[0] = strcmp(j->v[i], "remove " JOB "/" P1 "/manifest.json") == 0 ? i : at[0];
		at[1] = strcmp(j->v[i], "remove " JOB "/" P2 "/manifest.json") == 0 ? i : at[1];
		at[2] = strcmp(j->v[i], "remove " JOB "/" P3 "/manifest.json") == 0 ? i : at[2];
	}
	assert_true(at[2] > 0 && at[2] < at[1] && at[1] < at[0]);
	/* done is done */
	fake_journal_clear();
	assert_int_equal(plan_apply(p, sink, JOB, NULL), HF_OK);
	for (size_t i = 0; i < fake_journal()->n; i++)
		assert_null(strstr(fake_journal()->v[i], "remove"));
	plan_free(p);
	catalogue_free(c);
}

/* The clock was set back between a point and the one that continues it. */
static void apply_clock_jump(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct plan *p;

	(void)state;
	sample_point(sink, P2, NULL);
	sample_point(sink, P1, P2);
	sample_point(sink, P3, NULL);
	c = sample_load(sink);
	p = expire_all(c);
	plan_enforce(p, NULL);
	assert_int_equal(plan_count(p, VERDICT_EXPIRE), 2);
	fake_fail("remove", P2 "/manifest", 0, HF_E_FAILED);
	assert_int_equal(plan_apply(p, sink, JOB, NULL), HF_E_FAILED);
	assert_false(fake_has(JOB "/" P1 "/manifest.json"));
	assert_true(fake_has(JOB "/" P2 "/manifest.json"));
	plan_free(p);
	catalogue_free(c);
}

/* Whatever is left, every point that shows is whole and has its parents. */
static void check_sink(struct instance *sink, bool first)
{
	struct catalogue *c = sample_load(sink);
	struct point *found;

	for (size_t i = 0; i < c->n; i++) {
		const struct point *p = &c->v[i];

		if (p->state != POINT_COMPLETE) {
			assert_int_equal(p->state, POINT_INCOMPLETE);
			continue;
		}
		for (size_t k = 0; k < p->manifest->nentries; k++)
			assert_true(fake_has(p->manifest->entries[k].parts[0].key));
		if (!p->manifest->parent)
			continue;
		assert_int_equal(catalogue_pick(c, p->manifest->parent, -1, &found, NULL), HF_OK);
		assert_int_equal(found->state, POINT_COMPLETE);
	}
	assert_int_equal(catalogue_pick(c, P4, -1, &found, NULL), HF_OK);
	assert_int_equal(found->state, POINT_COMPLETE);
	if (first)
		assert_int_equal(litter_sweep(c, INT64_MAX, NULL, false, NULL), HF_OK);
	catalogue_free(c);
}

/* Each call fails once: at the next run the rest can go, and what stayed is whole. */
static void apply_stops(void **state)
{
	static const char *const ops[] = {"remove", "list", "flush", "lock"};

	(void)state;
	for (size_t op = 0; op < sizeof(ops) / sizeof(ops[0]); op++) {
		int32_t status = HF_E_FAILED;
		int skip;

		for (skip = 0; status != HF_OK; skip++) {
			struct instance *sink = fake_new(false);
			struct catalogue *c;
			struct error err = {0};
			struct plan *p;

			fill(sink);
			c = sample_load(sink);
			p = make_plan(c);
			fake_fail(ops[op], "", skip, HF_E_TRANSIENT);
			status = plan_apply(p, sink, JOB, &err);
			fake_heal();
			assert_int_equal(err.status, status);
			assert_int_equal(fake_locks(), 0);
			for (size_t i = 0; i < p->n; i++) {
				char *key = key_manifest(JOB, p->v[i].point->id);

				if (p->v[i].point->manifest)
					assert_int_equal(fake_has(key), !p->v[i].removed);
				free(key);
			}
			error_clear(&err);
			plan_free(p);
			catalogue_free(c);
			check_sink(sink, true);
			check_sink(sink, false);
			assert_int_equal(fake_count(JOB "/" P5), 0);
		}
		assert_true(skip > 1); /* it did fail */
	}
}

static void apply_refuses(void **state)
{
	struct instance *sink = fake_new(false);
	struct sink_lock *lock = NULL;
	struct error err = {0};
	struct catalogue *c;
	struct plan *p;

	(void)state;
	fill(sink);
	c = sample_load(sink);
	p = make_plan(c);
	assert_int_equal(read_lock(sink, JOB, HF_LOCK_SHARED, &lock, NULL), HF_OK);
	assert_int_equal(plan_apply(p, sink, JOB, &err), HF_E_EXISTS);
	assert_non_null(err.hint);
	error_clear(&err);
	sink_unlock(lock);
	plan_free(p);
	/* plans that never went through plan_enforce() */
	p = expire_all(c);
	assert_int_equal(plan_apply(p, sink, JOB, &err), HF_E_FAILED);
	error_clear(&err);
	plan_set(p, 4, VERDICT_NONE, NULL);
	assert_int_equal(plan_apply(p, sink, JOB, &err), HF_E_FAILED);
	error_clear(&err);
	assert_int_equal(fake_count(JOB "/"), 4 * 4 + 3);
	plan_free(p);
	catalogue_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(rules, teardown),
	    cmocka_unit_test_teardown(proven, teardown),
	    cmocka_unit_test_teardown(unreadable, teardown),
	    cmocka_unit_test_teardown(histories, teardown),
	    cmocka_unit_test_teardown(apply, teardown),
	    cmocka_unit_test_teardown(apply_clock_jump, teardown),
	    cmocka_unit_test_teardown(apply_stops, teardown),
	    cmocka_unit_test_teardown(apply_refuses, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
