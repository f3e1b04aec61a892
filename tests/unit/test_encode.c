/* SPDX-License-Identifier: MIT
 * From a writer to the sinks and back to a reader. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/pipeline/decode.h"
#include "engine/pipeline/encode.h"
#include "engine/pipeline/fetch.h"
#include "engine/pipeline/filter.h"
#include "engine/util/cancel.h"
#include "engine/util/digest.h"
#include "engine/util/retry.h"
#include "tests/unit/mem_drivers.h"

struct rig {
	struct encode_plan plan;
	struct outlet outlets[2];
	struct encoder *enc;
};

static void rig_open(struct rig *r, struct instance *filter, size_t sinks)
{
	static const char *const names[] = {"one", "two"};
	struct error err = {0};

	memset(r, 0, sizeof *r);
	for (size_t i = 0; i < sinks; i++) {
		r->outlets[i].sink = mem_sink_open(names[i]);
		r->outlets[i].required = i == 0;
		pthread_mutex_init(&r->outlets[i].lock, NULL);
	}
	r->plan.outlets = r->outlets;
	r->plan.noutlets = sinks;
	assert_int_equal(encode_plan_init(&r->plan, filter, &err), HF_OK);
	r->plan.block = 1000; /* many blocks from little data */
	assert_int_equal(encoder_new(&r->plan, &r->enc, &err), HF_OK);
}

static void rig_close(struct rig *r)
{
	struct instance *filter = r->plan.compressor;

	encoder_free(r->enc);
	encode_plan_free(&r->plan);
	assert_int_equal(mem_sink_knobs.puts_open, 0);
	assert_int_equal(mem_sink_knobs.threads, 0);
	for (size_t i = 0; i < r->plan.noutlets; i++) {
		mem_close(r->outlets[i].sink);
		error_clear(&r->outlets[i].error);
	}
	if (filter)
		mem_close(filter);
}

static uint8_t *sample(size_t n)
{
	uint8_t *p = xmalloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 31 + i / 251);
	return p;
}

/* Writes n bytes by write() in odd pieces and by reserve(), in turns. */
static int32_t write_sample(hf_writer *w, const uint8_t *p, size_t n)
{
	size_t at = 0, step = 1;
	int32_t status = HF_OK;

	for (; at < n && status == HF_OK; step = step * 3 % 1999 + 1) {
		size_t k = step < n - at ? step : n - at;
		uint64_t room;
		void *to;

		if (step % 2) {
			status = w->write(w, p + at, k);
		} else {
			status = w->reserve(w, &to, &room);
			if (status != HF_OK)
				break;
			k = k < room ? k : room;
			memcpy(to, p + at, k);
			status = w->advance(w, k);
		}
		at += k;
	}
	return status;
}

static int32_t encode_sample(struct rig *r, const char *key, size_t n, struct entry *e,
	struct error *err)
{
	autofree uint8_t *p = sample(n);
	hf_writer *w = encoder_begin(r->enc, key, 0, false);
	int32_t wrote = write_sample(w, p, n);

	e->path = xstrdup(key);
	return encoder_end(r->enc, wrote != HF_OK, e, err);
}

static void check_stored(struct rig *r, const char *key, size_t n, const struct entry *e)
{
	autofree uint8_t *p = sample(n);
	size_t times = r->plan.compressor ? 2 : 1;
	char hex[DIGEST_HEX_SIZE];

	assert_int_equal(e->plain_size, n);
	assert_int_equal(e->stored_size, n * times);
	digest_hex_of(p, n, hex);
	assert_string_equal(e->plain_sha256, hex);
	for (size_t i = 0; i < r->plan.noutlets; i++) {
		const struct buf *b = mem_object(r->outlets[i].sink->name, key);

		assert_non_null(b);
		assert_int_equal(b->len, n * times);
		digest_hex_of(b->data ? b->data : "", b->len, hex);
		assert_string_equal(e->stored_sha256, hex);
	}
}

static void round_trips(struct rig *r)
{
	static const size_t sizes[] = {0, 1, 999, 1000, 1001, 2000, 9999, 123457};
	struct error err = {0};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		autofree char *key = xasprintf("job/%zu", sizes[i]);
		struct entry e = {0};

		assert_int_equal(encode_sample(r, key, sizes[i], &e, &err), HF_OK);
		check_stored(r, key, sizes[i], &e);
		entry_free_members(&e);
	}
}

static void test_stored_as_it_is(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL, 2);
	round_trips(&r);
	rig_close(&r);
}

static void test_blocks_on_several_threads_keep_their_order(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, mem_filter_open(true), 2);
	assert_true(r.plan.parallel);
	round_trips(&r);
	rig_close(&r);
}

static void test_one_stream_for_filters_that_cannot_be_cut(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, mem_filter_open(false), 1);
	assert_false(r.plan.parallel);
	round_trips(&r);
	rig_close(&r);
}

static void test_a_failed_source_commits_nothing(void **state)
{
	autofree uint8_t *p = sample(5000);
	struct entry e = {0};
	struct error err = {0};
	struct rig r;

	(void)state;
	rig_open(&r, mem_filter_open(true), 2);
	hf_writer *w = encoder_begin(r.enc, "job/half", 0, false);
	assert_int_equal(w->write(w, p, 5000), HF_OK);
	assert_int_equal(encoder_end(r.enc, true, &e, &err), HF_OK);
	assert_int_equal(mem_objects(), 0);
	/* and the encoder is as new */
	round_trips(&r);
	rig_close(&r);
}

static void sink_failure(int *knob, int32_t status)
{
	struct entry e = {0};
	struct error err = {0};
	struct rig r;

	rig_open(&r, mem_filter_open(true), 1);
	mem_sink_knobs.status = status;
	*knob = 1;
	assert_int_equal(encode_sample(&r, "job/x", 20000, &e, &err), status);
	assert_non_null(strstr(err.message, "told to fail"));
	assert_non_null(strstr(err.message, "sink one (mem)"));
	assert_int_equal(mem_objects(), 0);
	assert_int_equal(mem_sink_knobs.puts_open, 0);
	error_clear(&err);
	entry_free_members(&e);
	round_trips(&r);
	rig_close(&r);
	mem_reset();
}

static void test_a_failing_sink_fails_the_entry(void **state)
{
	(void)state;
	sink_failure(&mem_sink_knobs.fail_open, HF_E_AUTH);
	sink_failure(&mem_sink_knobs.fail_write, HF_E_NO_SPACE);
	sink_failure(&mem_sink_knobs.fail_commit, HF_E_TRANSIENT);
}

/* A sink may refuse what will not fit: it must not be told the plain size of what is compressed. */
static uint64_t hint_told(struct instance *filter, bool store)
{
	struct entry e = {.path = xstrdup("p")};
	struct error err = {0};
	struct rig r;

	rig_open(&r, filter, 1);
	hf_writer *w = encoder_begin(r.enc, "job/x", 12345, store);
	assert_int_equal(w->write(w, "abc", 3), HF_OK);
	assert_int_equal(encoder_end(r.enc, false, &e, &err), HF_OK);
	entry_free_members(&e);
	rig_close(&r);
	return mem_sink_knobs.hint;
}

static void test_the_size_is_told_only_where_it_is_known(void **state)
{
	(void)state;
	assert_int_equal(hint_told(NULL, false), 12345);
	assert_int_equal(hint_told(mem_filter_open(true), true), 12345);
	assert_int_equal(hint_told(mem_filter_open(true), false), 0);
	assert_int_equal(hint_told(mem_filter_open(false), false), 0);
}

/* HF_END is no answer to a commit: taken for neither success nor silence. */
static void test_an_answer_that_is_none_is_a_failure(void **state)
{
	struct entry e = {0};
	struct error err = {0};
	struct rig r;

	(void)state;
	rig_open(&r, NULL, 1);
	mem_sink_knobs.status = HF_END;
	mem_sink_knobs.fail_commit = 1;
	assert_int_equal(encode_sample(&r, "job/x", 5000, &e, &err), HF_E_FAILED);
	assert_non_null(strstr(err.message, "HF_END"));
	assert_int_equal(mem_objects(), 0);
	error_clear(&err);
	entry_free_members(&e);
	rig_close(&r);
}

/* Sink two is optional; it sees its calls after sink one. */
static void test_an_optional_sink_fails_alone(void **state)
{
	struct entry e = {0};
	struct error err = {0};
	struct rig r;

	(void)state;
	rig_open(&r, NULL, 2);
	r.outlets[0].required = false;
	r.outlets[1].required = true;
	mem_sink_knobs.status = HF_E_FAILED;
	mem_sink_knobs.fail_write = 1; /* the first write is sink one's */
	assert_int_equal(encode_sample(&r, "job/x", 20000, &e, &err), HF_OK);
	assert_true(atomic_load(&r.outlets[0].failed));
	assert_false(atomic_load(&r.outlets[1].failed));
	assert_null(mem_object("one", "job/x"));
	assert_non_null(mem_object("two", "job/x"));
	entry_free_members(&e);
	rig_close(&r);
}

static void test_filters_that_misbehave_are_found_out(void **state)
{
	static const struct {
		enum mem_filter_fault fault;
		const char *words;
	} cases[] = {{FILTER_NO_PROGRESS, "no progress"}, {FILTER_BEYOND, "out of its bounds"},
		{FILTER_ENDS_EARLY, "ended before"}, {FILTER_FAILS, "without saying why"}};
	struct error err = {0};

	(void)state;
	for (int concat = 0; concat < 2; concat++)
		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			struct entry e = {0};
			struct rig r;

			rig_open(&r, mem_filter_open(concat), 1);
			mem_filter_fault = cases[i].fault;
			assert_int_not_equal(encode_sample(&r, "job/x", 5000, &e, &err), HF_OK);
			assert_non_null(strstr(err.message, cases[i].words));
			assert_int_equal(mem_objects(), 0);
			error_clear(&err);
			entry_free_members(&e);
			mem_filter_fault = FILTER_GOOD;
			rig_close(&r);
		}
}

static void test_a_writer_that_is_lied_to(void **state)
{
	struct entry e = {0};
	struct error err = {0};
	uint64_t room;
	struct rig r;
	void *to;

	(void)state;
	rig_open(&r, NULL, 1);
	hf_writer *w = encoder_begin(r.enc, "job/x", 0, false);
	assert_int_equal(w->reserve(w, &to, &room), HF_OK);
	assert_int_not_equal(w->advance(w, room + 1), HF_OK);
	assert_int_not_equal(w->write(w, "x", 1), HF_OK);
	assert_int_not_equal(encoder_end(r.enc, false, &e, &err), HF_OK);
	assert_int_equal(mem_objects(), 0);
	error_clear(&err);
	rig_close(&r);
}

/* --- and back --- */

static void test_a_get_that_breaks_off_is_taken_up_again(void **state)
{
	struct entry e = {0};
	struct error err = {0};
	struct rig r;

	(void)state;
	rig_open(&r, NULL, 1);
	assert_int_equal(encode_sample(&r, "job/x", 50000, &e, &err), HF_OK);
	mem_sink_knobs.cut_get = 12345;
	assert_int_equal(digest_check(r.outlets[0].sink, &e, NULL, &err), HF_OK);
	assert_int_equal(mem_sink_knobs.cut_get, 0);
	entry_free_members(&e);
	rig_close(&r);
}

static void expect_damage(struct rig *r, const struct entry *e)
{
	struct codecs *codecs = codecs_new("job");
	struct error err = {0};

	assert_int_equal(digest_check(r->outlets[0].sink, e, NULL, &err), HF_E_CORRUPT);
	assert_non_null(err.hint);
	error_clear(&err);
	assert_int_equal(decode_check(r->outlets[0].sink, codecs, e, NULL, &err), HF_E_CORRUPT);
	error_clear(&err);
	codecs_free(codecs);
}

static void test_every_kind_of_damage_is_found(void **state)
{
	struct entry e = {0};
	struct error err = {0};
	struct codecs *codecs = codecs_new("job");
	struct rig r;

	(void)state;
	rig_open(&r, NULL, 1);
	assert_int_equal(encode_sample(&r, "job/x", 3000, &e, &err), HF_OK);
	assert_int_equal(decode_check(r.outlets[0].sink, codecs, &e, NULL, &err), HF_OK);
	struct buf *b = (struct buf *)(uintptr_t)mem_object("one", "job/x");
	for (size_t i = 0; i < 3000; i += 97) {
		mem_sink_knobs.flip_get = i + 1;
		expect_damage(&r, &e);
	}
	mem_sink_knobs.flip_get = 0;
	b->len = 2999;
	expect_damage(&r, &e);
	b->len = 3000;
	buf_addc(b, 'x');
	expect_damage(&r, &e);
	b->len = 3000;
	free(e.parts[0].key);
	e.parts[0].key = xstrdup("job/missing");
	expect_damage(&r, &e);
	codecs_free(codecs);
	entry_free_members(&e);
	rig_close(&r);
}

static void test_a_reader_that_is_given_up_frees_its_threads(void **state)
{
	struct codecs *codecs = codecs_new("job");
	struct entry e = {0};
	struct error err = {0};
	struct decoder *d;
	const void *data;
	uint64_t n;
	struct rig r;

	(void)state;
	rig_open(&r, NULL, 1);
	r.plan.block = 1000;
	assert_int_equal(encode_sample(&r, "job/x", 9000000, &e, &err), HF_OK);
	assert_int_equal(decoder_open(r.outlets[0].sink, codecs, &e, false, NULL, &d, &err), HF_OK);
	hf_reader *in = decoder_reader(d);
	assert_int_equal(in->peek(in, &data, &n), HF_OK);
	assert_int_equal(in->consume(in, n + 1), HF_E_FAILED);
	assert_false(decoder_finished(d));
	decoder_close(d);
	codecs_free(codecs);
	entry_free_members(&e);
	rig_close(&r);
}

static void test_filter_once_grows_its_room(void **state)
{
	struct instance *filter = mem_filter_open(true);
	autofree uint8_t *p = sample(100000);
	struct filter_out out = {0};
	struct error err = {0};

	(void)state;
	assert_int_equal(filter_once(filter, p, 100000, &out, &err), HF_OK);
	assert_int_equal(out.n, 200000);
	for (size_t i = 0; i < out.n; i++)
		assert_int_equal(out.data[i], p[i / 2]);
	filter_out_free(&out);
	mem_close(filter);
}

static int teardown(void **state)
{
	(void)state;
	mem_reset();
	return 0;
}

#define T(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_stored_as_it_is),
		T(test_blocks_on_several_threads_keep_their_order),
		T(test_one_stream_for_filters_that_cannot_be_cut),
		T(test_a_failed_source_commits_nothing),
		T(test_a_failing_sink_fails_the_entry),
		T(test_the_size_is_told_only_where_it_is_known),
		T(test_an_answer_that_is_none_is_a_failure),
		T(test_an_optional_sink_fails_alone),
		T(test_filters_that_misbehave_are_found_out),
		T(test_a_writer_that_is_lied_to),
		T(test_a_get_that_breaks_off_is_taken_up_again),
		T(test_every_kind_of_damage_is_found),
		T(test_a_reader_that_is_given_up_frees_its_threads),
		T(test_filter_once_grows_its_room),
	};

	cancel_install();
	retry_set_patience(INT64_C(5000000000));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
