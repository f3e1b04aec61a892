/* SPDX-License-Identifier: MIT
 * Points found by listing, their states and records. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/store/json.h"
#include "engine/store/layout.h"
#include "engine/util/clock.h"
#include "engine/util/digest.h"
#include "tests/unit/fake_sink.h"
#include "tests/unit/sample_point.h"

#define P1 "20260101T020000Z-aaaa"
#define P2 "20260102T020000Z-bbbb"
#define P3 "20260103T020000Z-cccc"
#define P4 "20260104T020000Z-dddd"

static void put_text(const char *key, const char *text)
{
	fake_put(key, text, strlen(text));
}

static void flip(const char *key, size_t at)
{
	const struct buf *b = fake_get(key);
	struct buf copy = {0};

	assert_non_null(b);
	buf_add(&copy, b->data, b->len);
	copy.data[at % copy.len] ^= 1;
	fake_put(key, copy.data, copy.len);
	buf_free(&copy);
}

static int teardown(void **state)
{
	(void)state;
	fake_free();
	return 0;
}

static void states(void **state)
{
	for (int parallel = 0; parallel < 2; parallel++) {
		struct instance *sink = fake_new(parallel);
		struct catalogue *c;

		(void)state;
		sample_point(sink, P3, NULL);
		sample_point(sink, P1, NULL);
		sample_begin(sink, P2);
		sample_point(sink, P4, NULL);
		flip(JOB "/" P4 "/manifest.json", 100);
		put_text(JOB "/20260105T020000Z-eeee/something", "x");
		put_text(JOB "/20260106T020000Z-ffff/owner.json", "not ours");
		put_text(JOB "/" P1 "x/manifest.json", "x");
		put_text(JOB "/notes/readme", "x");
		put_text(JOB "/20260102T020000Z-zzzz", "an object, not a point");
		put_text("other/" P1 "/manifest.json", "x");
		c = sample_load(sink);
		assert_int_equal(c->n, 6);
		assert_string_equal(c->v[0].id, P1);
		assert_int_equal(c->v[0].state, POINT_COMPLETE);
		assert_int_equal(c->v[0].manifest->nentries, 2);
		assert_string_equal(c->v[1].id, P2);
		assert_int_equal(c->v[1].state, POINT_INCOMPLETE);
		assert_non_null(c->v[1].owner_host);
		assert_true(c->v[1].owner_time > 0 && c->v[1].owner_pid > 0);
		assert_string_equal(c->v[2].id, P3);
		assert_int_equal(c->v[3].state, POINT_DAMAGED);
		assert_int_equal(c->v[3].error.status, HF_E_CORRUPT);
		assert_non_null(strstr(c->v[3].error.message, P4));
		assert_int_equal(c->v[4].state, POINT_FOREIGN);
		assert_int_equal(c->v[5].state, POINT_FOREIGN);
		assert_non_null(c->v[5].error.message);
		catalogue_free(c);
	}
}

static void cost(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;

	(void)state;
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, NULL);
	fake_journal_clear();
	c = sample_load(sink);
	assert_int_equal(fake_calls("list"), 3);
	assert_int_equal(fake_calls("get"), 2);
	assert_int_equal(fake_journal()->n, 0);
	catalogue_free(c);
}

static void many(void **state)
{
	struct instance *sink = fake_new(true);
	struct catalogue *c;

	(void)state;
	for (unsigned char i = 0; i < 60; i++) {
		char id[POINT_ID_LEN + 2];

		snprintf(id, sizeof(id), "20260101T0200%02dZ-aaaa", i);
		sample_point(sink, id, NULL);
	}
	c = sample_load(sink);
	assert_int_equal(c->n, 60);
	for (size_t i = 0; i < c->n; i++)
		assert_int_equal(c->v[i].state, POINT_COMPLETE);
	for (size_t i = 1; i < c->n; i++)
		assert_true(strcmp(c->v[i - 1].id, c->v[i].id) < 0);
	catalogue_free(c);
}

/* What cannot be reached is neither empty nor damaged. */
static void failures(void **state)
{
	static const struct {
		const char *op, *part;
	} calls[] = {
	    {"list", JOB "/"},
	    {"list", P2},
	    {"get", "manifest.json"},
	    {"get", P3},
	    {"list", "records/"},
	    {"get", "-pin.json"},
	};
	static const int32_t statuses[] = {HF_E_TRANSIENT, HF_E_AUTH, HF_E_FAILED, HF_E_CANCELLED};

	(void)state;
	for (int parallel = 0; parallel < 2; parallel++) {
		struct instance *sink = fake_new(parallel);

		sample_point(sink, P1, NULL);
		sample_point(sink, P2, NULL);
		sample_begin(sink, P3);
		assert_int_equal(record_put(sink, JOB, P1, "pin", true, NULL, NULL), HF_OK);
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			for (size_t k = 0; k < sizeof(statuses) / sizeof(statuses[0]); k++) {
				struct catalogue *c;
				struct error err = {0};

				fake_fail(calls[i].op, calls[i].part, 0, statuses[k]);
				assert_int_equal(catalogue_load(sink, JOB, &c, &err), statuses[k]);
				assert_null(c);
				assert_int_equal(err.status, statuses[k]);
				error_clear(&err);
				assert_int_equal(catalogue_load(sink, JOB, &c, NULL), statuses[k]);
			}
	}
}

static void worker_failure(void **state)
{
	struct instance *sink = fake_new(true);
	struct catalogue *c;

	(void)state;
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, NULL);
	fake_fail("worker", "", 0, HF_E_FAILED);
	assert_int_equal(catalogue_load(sink, JOB, &c, NULL), HF_E_FAILED);
}

static void races(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;

	(void)state;
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, NULL);
	sample_begin(sink, P3);
	assert_int_equal(record_put(sink, JOB, P2, "pin", true, NULL, NULL), HF_OK);
	fake_vanish("get", P1 "/manifest", JOB "/" P1 "/manifest.json");
	c = sample_load(sink);
	assert_int_equal(c->n, 2);
	assert_string_equal(c->v[0].id, P2);
	assert_true(c->v[0].pinned);
	catalogue_free(c);
	fake_vanish("get", P3 "/owner", JOB "/" P3 "/owner.json");
	c = sample_load(sink);
	assert_int_equal(c->n, 2);
	assert_string_equal(c->v[1].id, P2);
	catalogue_free(c);
}

static void record(
    struct instance *sink, const char *kind, bool good, const char *level, int64_t ppm)
{
	json_object *extra = json_object_new_object();

	json_add_text(extra, "level", level);
	json_add_int(extra, "ppm", ppm);
	json_add_text(extra, "note", "a \"note\"");
	json_add_text(extra, "kind", "not this one");
	assert_int_equal(record_put(sink, JOB, P1, kind, good, extra, NULL), HF_OK);
	json_object_put(extra);
}

static const struct point *look(struct instance *sink, struct catalogue **c)
{
	catalogue_free(*c);
	*c = sample_load(sink);
	assert_int_equal((*c)->n, 1);
	return &(*c)->v[0];
}

static void records(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c = NULL;
	const struct point *p;

	(void)state;
	sample_point(sink, P1, NULL);
	p = look(sink, &c);
	assert_false(p->pinned || p->found_damaged || p->verified || p->drilled);
	record(sink, "verify", true, "digest", 1000000);
	record(sink, "drill", true, "", 0);
	record(sink, "drill", false, "", 0);
	p = look(sink, &c);
	assert_int_equal(p->nrecords, 3);
	assert_int_equal(p->verified->level, HF_VERIFY_DIGEST);
	assert_int_equal(p->verified->ppm, 1000000);
	assert_string_equal(p->verified->note, "a \"note\"");
	assert_ptr_equal(p->drilled, &p->records[1]);
	for (size_t i = 1; i < p->nrecords; i++)
		assert_true(p->records[i - 1].time_ns <= p->records[i].time_ns);
	/* damage, and looks that are too short to clear it */
	record(sink, "verify", false, "decode", 1000000);
	p = look(sink, &c);
	assert_true(p->found_damaged);
	assert_non_null(p->verified);
	record(sink, "verify", true, "decode", 999999);
	record(sink, "verify", true, "digest", 1000000);
	p = look(sink, &c);
	assert_true(p->found_damaged);
	record(sink, "verify", true, "decode", 1000000);
	p = look(sink, &c);
	assert_false(p->found_damaged);
	assert_int_equal(p->verified->level, HF_VERIFY_DECODE);
	/* the newest pin counts */
	record(sink, "pin", true, "", 0);
	assert_true(look(sink, &c)->pinned);
	record(sink, "pin", false, "", 0);
	assert_false(look(sink, &c)->pinned);
	catalogue_free(c);
}

static void damaged_records(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c = NULL;
	const struct point *p;
	struct buf text = {0};
	const struct strv *journal;
	char *key = NULL;

	(void)state;
	sample_point(sink, P1, NULL);
	fake_journal_clear();
	record(sink, "pin", true, "", 0);
	journal = fake_journal();
	key = xstrdup(journal->v[0] + 4);
	assert_true(key_ok(key));
	assert_true(look(sink, &c)->pinned);
	flip(key, 50);
	put_text(JOB "/" P1 "/records/readme", "not a record");
	p = look(sink, &c);
	assert_int_equal(p->state, POINT_COMPLETE);
	assert_int_equal(p->nrecords, 1);
	assert_int_equal(p->records[0].error.status, HF_E_CORRUPT);
	assert_string_equal(p->records[0].key, key);
	/* a pin that does not read holds until somebody says otherwise */
	assert_true(p->pinned);
	/* one that belongs to another point */
	flip(key, 50);
	buf_add(&text, fake_get(key)->data, fake_get(key)->len);
	fake_remove(key);
	sample_point(sink, P2, NULL);
	put_text(JOB "/" P2 "/records/20260101T000000.000000000Z-pin.json", text.data);
	catalogue_free(c);
	c = sample_load(sink);
	assert_int_equal(c->v[1].records[0].error.status, HF_E_CORRUPT);
	assert_true(c->v[1].pinned);
	catalogue_free(c);
	buf_free(&text);
	free(key);
}

static void record_names(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct error err = {0};

	(void)state;
	sample_point(sink, P1, NULL);
	/* many in no time: none is lost */
	for (int i = 0; i < 200; i++)
		assert_int_equal(record_put(sink, JOB, P1, "verify", true, NULL, NULL), HF_OK);
	c = sample_load(sink);
	assert_int_equal(c->v[0].nrecords, 200);
	catalogue_free(c);
	fake_fail("put", "records/", 0, HF_E_NO_SPACE);
	assert_int_equal(record_put(sink, JOB, P1, "pin", true, NULL, &err), HF_E_NO_SPACE);
	error_clear(&err);
	/* the put was done, the answer lost, the second try found it there */
	fake_fail_after("put", "records/", HF_E_EXISTS);
	assert_int_equal(record_put(sink, JOB, P1, "pin", true, NULL, &err), HF_OK);
	assert_int_equal(err.status, HF_OK);
	fake_heal();
	c = sample_load(sink);
	assert_int_equal(c->v[0].nrecords, 201);
	catalogue_free(c);
}

static void picking(void **state)
{
	struct instance *sink = fake_new(false);
	struct catalogue *c;
	struct point *p;
	struct error err = {0};

	(void)state;
	c = sample_load(sink);
	assert_int_equal(catalogue_pick(c, NULL, -1, &p, &err), HF_E_NOT_FOUND);
	assert_non_null(err.hint);
	error_clear(&err);
	assert_int_equal(catalogue_pick(c, P1, -1, &p, &err), HF_E_NOT_FOUND);
	error_clear(&err);
	catalogue_free(c);
	sample_point(sink, P1, NULL);
	sample_point(sink, P2, NULL);
	sample_begin(sink, P3);
	c = sample_load(sink);
	assert_int_equal(catalogue_pick(c, NULL, -1, &p, &err), HF_OK);
	assert_string_equal(p->id, P2);
	assert_int_equal(catalogue_pick(c, "latest", point_id_time(P1), &p, &err), HF_OK);
	assert_string_equal(p->id, P1);
	assert_int_equal(catalogue_pick(c, "latest", point_id_time(P2) - 1, &p, &err), HF_OK);
	assert_string_equal(p->id, P1);
	assert_int_equal(catalogue_pick(c, NULL, point_id_time(P1) - 1, &p, &err), HF_E_NOT_FOUND);
	assert_non_null(strstr(err.hint, P1));
	assert_int_equal(catalogue_pick(c, P3, -1, &p, &err), HF_OK);
	assert_string_equal(p->id, P3);
	assert_int_equal(catalogue_pick(c, "20260102", -1, &p, &err), HF_OK);
	assert_string_equal(p->id, P2);
	error_clear(&err);
	assert_int_equal(catalogue_pick(c, "2026", -1, &p, &err), HF_E_CONFIG);
	assert_null(p);
	error_clear(&err);
	assert_int_equal(catalogue_pick(c, "20260102T020000Z-bbbx", -1, &p, &err), HF_E_NOT_FOUND);
	assert_non_null(strstr(err.hint, P2));
	error_clear(&err);
	assert_int_equal(catalogue_pick(c, "", -1, &p, &err), HF_E_NOT_FOUND);
	error_clear(&err);
	catalogue_free(c);
}

static void jobs(void **state)
{
	struct instance *sink = fake_new(false);
	struct strv names = {0};

	(void)state;
	put_text("alpha/" P1 "/manifest.json", "x");
	put_text("beta.2/x", "x");
	put_text("Gamma/x", "x");
	put_text("loose", "x");
	assert_int_equal(catalogue_jobs(sink, &names, NULL), HF_OK);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "alpha");
	assert_string_equal(names.v[1], "beta.2");
	strv_free(&names);
	fake_fail("list", "", 0, HF_E_AUTH);
	assert_int_equal(catalogue_jobs(sink, &names, NULL), HF_E_AUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(states, teardown),
	    cmocka_unit_test_teardown(cost, teardown),
	    cmocka_unit_test_teardown(many, teardown),
	    cmocka_unit_test_teardown(failures, teardown),
	    cmocka_unit_test_teardown(worker_failure, teardown),
	    cmocka_unit_test_teardown(races, teardown),
	    cmocka_unit_test_teardown(records, teardown),
	    cmocka_unit_test_teardown(damaged_records, teardown),
	    cmocka_unit_test_teardown(record_names, teardown),
	    cmocka_unit_test_teardown(picking, teardown),
	    cmocka_unit_test_teardown(jobs, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
