/* SPDX-License-Identifier: MIT
 * The manifest: there and back, and hostile ones. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "engine/store/layout.h"
#include "engine/store/manifest.h"
#include "engine/util/digest.h"

#define JOB "job"
#define ID "20260116T020000Z-abcd"
#define PARENT "20260115T020000Z-abcd"
#define POINT JOB "/" ID "/"
#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "2222222222222222222222222222222222222222222222222222222222222222"

static void add_entry(struct manifest *m, const char *source, const char *path, int64_t order)
{
	struct entry *e;

	m->entries = realloc(m->entries, (m->nentries + 1) * sizeof(*m->entries));
	assert_non_null(m->entries);
	e = &m->entries[m->nentries++];
	*e = (struct entry){
	    .source = xstrdup(source),
	    .path = xstrdup(path),
	    .type = xstrdup("sql/1"),
	    .subject = xstrdup(path),
	    .order = order,
	    .plain_size = 100,
	    .stored_size = 40,
	    .plain_sha256 = D1,
	    .stored_sha256 = D2,
	    .nparts = 1,
	};
	strv_add(&e->codecs, "zstd/1");
	e->parts = xcalloc(1, sizeof(*e->parts));
	e->parts[0] = (struct part){
	    .key = key_entry(JOB, ID, source, path, ".zst"), .size = 40, .sha256 = D2};
}

static struct manifest *sample(void)
{
	struct manifest *m = manifest_new();
	struct manifest_source *s;

	m->job = xstrdup(JOB);
	m->id = xstrdup(ID);
	m->host = xstrdup("alpha");
	m->version = xstrdup("0.1.0");
	m->parent = xstrdup(PARENT);
	m->begin_ns = INT64_C(1768528800123456789);
	m->end_ns = INT64_C(1768528860000000000);
	m->nsources = 2;
	m->sources = xcalloc(2, sizeof(*m->sources));
	s = &m->sources[0];
	s->name = xstrdup("main");
	s->driver = xstrdup("mysql");
	s->plugin_version = xstrdup("1.2.0");
	s->server = xstrdup("MariaDB 10.11.6");
	s->mark = xmalloc(5);
	memcpy(s->mark, "\0\1\xff\n\"", 5);
	s->mark_size = 5;
	s->continues = true;
	facts_set(&s->facts, "~gtid", "0-1-99", 0);
	strv_add(&s->warnings, "table \"x\\y\" vanished\n\xfe");
	s = &m->sources[1];
	s->name = xstrdup("config");
	s->driver = xstrdup("files");
	s->plugin_version = xstrdup("");
	add_entry(m, "main", "users.sql", 5);
	add_entry(m, "config", "odd \xff\\name\n\x7f \xc3\xa4.tar", -3);
	add_entry(m, "main", "users-data.sql", 5);
	facts_set(&m->entries[0].facts, "rows", NULL, INT64_MIN);
	facts_set(&m->entries[0].facts, "rows", NULL, INT64_MAX);
	facts_set(&m->entries[0].facts, "odd\xfe\\name", "\x80", 0);
	m->entries[0].attrs = xstrdup("{\"ranges\":[1,2.50,null],\"text\":\"\xc3\xa4/\"}");
	m->entries[1].attrs = xstrdup("not an object \xff");
	strv_add(&m->entries[1].warnings, "changed while it was read");
	m->entries[2].flags = 1;
	m->entries[2].plain_size = m->entries[2].stored_size;
	memcpy(m->entries[2].plain_sha256, D2, 65);
	strv_free(&m->entries[2].codecs);
	manifest_finish(m);
	return m;
}

static void same_facts(const struct facts *a, const struct facts *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		const struct fact *f = facts_get(b, a->v[i].name);

		assert_non_null(f);
		assert_int_equal(f->number, a->v[i].number);
		assert_int_equal(!f->text, !a->v[i].text);
		if (f->text)
			assert_string_equal(f->text, a->v[i].text);
	}
}

static void same_list(const struct strv *a, const struct strv *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_string_equal(a->v[i], b->v[i]);
}

static void same_entry(const struct entry *a, const struct entry *b)
{
	assert_string_equal(a->source, b->source);
	assert_string_equal(a->path, b->path);
	assert_string_equal(a->type, b->type);
	assert_string_equal(a->subject, b->subject);
	assert_int_equal(!a->attrs, !b->attrs);
	if (a->attrs)
		assert_string_equal(a->attrs, b->attrs);
	assert_int_equal(a->order, b->order);
	assert_int_equal(a->flags, b->flags);
	same_list(&a->codecs, &b->codecs);
	assert_int_equal(a->plain_size, b->plain_size);
	assert_int_equal(a->stored_size, b->stored_size);
	assert_string_equal(a->plain_sha256, b->plain_sha256);
	assert_string_equal(a->stored_sha256, b->stored_sha256);
	assert_int_equal(a->nparts, b->nparts);
	for (size_t i = 0; i < a->nparts; i++) {
		assert_string_equal(a->parts[i].key, b->parts[i].key);
		assert_int_equal(a->parts[i].size, b->parts[i].size);
		assert_string_equal(a->parts[i].sha256, b->parts[i].sha256);
	}
	same_facts(&a->facts, &b->facts);
	same_list(&a->warnings, &b->warnings);
}

static void round_trip(void **state)
{
	struct manifest *m = sample(), *back;
	struct buf text = {0}, again = {0};
	struct error err = {0};

	(void)state;
	manifest_write(m, &text);
	if (manifest_read(JOB, ID, text.data, text.len, &back, &err) != HF_OK)
		fail_msg("%s", err.message);
	assert_string_equal(back->host, "alpha");
	assert_string_equal(back->version, "0.1.0");
	assert_string_equal(back->parent, PARENT);
	assert_true(back->begin_ns == m->begin_ns && back->end_ns == m->end_ns);
	assert_int_equal(back->plain_size, 240);
	assert_int_equal(back->stored_size, 120);
	assert_int_equal(back->nsources, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct manifest_source *a = &m->sources[i], *b = &back->sources[i];

		assert_string_equal(a->name, b->name);
		assert_string_equal(a->driver, b->driver);
		assert_string_equal(a->plugin_version, b->plugin_version);
		assert_int_equal(a->mark_size, b->mark_size);
		if (a->mark)
			assert_memory_equal(a->mark, b->mark, a->mark_size);
		assert_int_equal(a->continues, b->continues);
		same_facts(&a->facts, &b->facts);
		same_list(&a->warnings, &b->warnings);
	}
	assert_string_equal(back->sources[0].server, "MariaDB 10.11.6");
	assert_null(back->sources[1].server);
	assert_null(back->sources[1].mark);
	assert_int_equal(back->nentries, 3);
	for (size_t i = 0; i < 3; i++)
		same_entry(&m->entries[i], &back->entries[i]);
	/* restore order, stable */
	assert_int_equal(back->entries[0].order, -3);
	assert_string_equal(back->entries[1].path, "users.sql");
	assert_string_equal(back->entries[2].path, "users-data.sql");
	assert_ptr_equal(manifest_source_find(back, "config"), &back->sources[1]);
	assert_null(manifest_source_find(back, "other"));
	manifest_write(back, &again);
	assert_string_equal(text.data, again.data);
	manifest_free(back);
	manifest_free(m);
	buf_free(&text);
	buf_free(&again);
}

/* The seal anew, as who forges a manifest does it. */
static void reseal(struct buf *text, const char *json)
{
	char digits[DIGEST_HEX_SIZE];

	buf_free(text);
	buf_adds(text, json);
	digest_hex_of(text->data, text->len, digits);
	buf_addf(text, ",\n  \"seal\":\"%s\"\n}\n", digits);
}

/* The sample's text without its seal and brace, `from` replaced by `to` at its `nth` place. */
static char *forged(const char *from, const char *to)
{
	struct manifest *m = sample();
	struct buf text = {0}, out = {0};
	char *at;

	manifest_write(m, &text);
	manifest_free(m);
	*strstr(text.data, ",\n  \"seal\"") = '\0';
	at = strstr(text.data, from);
	if (!at)
		fail_msg("not in the manifest: %s", from);
	buf_add(&out, text.data, (size_t)(at - text.data));
	buf_adds(&out, to);
	buf_adds(&out, at + strlen(from));
	buf_free(&text);
	return buf_take(&out);
}

static void check_status(const char *json, int32_t status, const char *says)
{
	struct buf text = {0};
	struct manifest *m;
	struct error err = {0};

	reseal(&text, json);
	if (manifest_read(JOB, ID, text.data, text.len, &m, &err) != status)
		fail_msg("status %d instead of %d (%s): %.300s", err.status, status,
		    err.message ? err.message : "", json);
	if (status == HF_OK) {
		manifest_free(m);
	} else {
		assert_null(m);
		assert_non_null(strstr(err.message, ID));
		if (!strstr(err.message, says))
			fail_msg("\"%s\" does not say \"%s\"", err.message, says);
		assert_non_null(err.hint);
	}
	error_clear(&err);
	buf_free(&text);
}

static void hostile(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} cases[] = {
	    {"\"format\":1", "\"format\":0", "format"},
	    {"\"format\":1", "\"format\":\"1\"", "format"},
	    {"\"format\":1", "\"form\":1", "format"},
	    {"\"job\":\"job\"", "\"job\":\"joc\"", "another point"},
	    {"\"id\":\"" ID, "\"id\":\"" PARENT, "another point"},
	    {"\"status\":\"complete\"", "\"status\":\"partial\"", "status"},
	    {"\"status\":\"complete\",", "", "status"},
	    {"\"parent\":\"" PARENT "\"", "\"parent\":\"../x\"", "parent"},
	    {"\"parent\":\"" PARENT "\"", "\"parent\":\"" ID "\"", "parent"},
	    {"\"parent\":\"" PARENT "\"", "\"parent\":null", "continues"},
	    {"\"parent\":\"" PARENT "\"", "\"parent\":7", "type"},
	    {"\"begun\":\"2026", "\"begun\":\"2o26", "begun"},
	    {"\"plain_size\":240", "\"plain_size\":241", "add up"},
	    {"\"plain_size\":240", "\"plain_size\":-240", "negative"},
	    {"\"plain_size\":240", "\"plain_size\":240.0", "type"},
	    {"\"plain_size\":240", "\"plain_size\":1e2", "type"},
	    {"\"plain_size\":240", "\"plain_size\":99999999999999999999", "64 bits"},
	    {"\"stored_size\":120", "\"stored_size\":0", "add up"},
	    {"\"host\":\"alpha\"", "\"host\":\"alpha\",\"host\":\"beta\"", "twice"},
	    {"\"host\":\"alpha\"", "\"host\":\"al\\u0000pha\"", "string"},
	    {"\"host\":\"alpha\"", "\"host\":\"al\\\\pha\"", "escape"},
	    {"\"sources\":[", "\"sources\":[7,", "source 1"},
	    {"\"sources\":[", "\"sauces\":[", "source"},
	    {"\"driver\":\"mysql\"", "\"driver\":\"../../tmp/evil\"", "driver"},
	    {"\"driver\":\"mysql\"", "\"driver\":\"\"", "driver"},
	    {"\"driver\":\"mysql\"", "\"driver\":7", "driver"},
	    {"\"name\":\"config\"", "\"name\":\"main\"", "same name"},
	    {"\"name\":\"config\"", "\"name\":\"..\"", "name"},
	    {"\"name\":\"config\"", "\"name\":\"a/b\"", "name"},
	    {"\"name\":\"config\"", "\"name\":\"a\\nb\"", "name"},
	    {"\"mark\":\"", "\"mark\":\"!", "base64"},
	    {"\"mark\":\"", "\"mark\":\"  ", "base64"},
	    {"\"continues\":true", "\"continues\":1", "type"},
	    {"\"entries\":[", "\"entries\":[7,", "entry 1"},
	    {"\"entries\":[", "\"entries\":{\"a\":[", "array"},
	    {"\"entries\":[", "\"entries\":[],\"entries\":[", "twice"},
	    {"\"entries\":[", "\"entrees\":[", "missing"},
	    {"\n  ]", "\n  ],", "JSON"},
	    {"\n  ]", ",\n  ]", "JSON"},
	    {"{\"source\":\"main\"", "{\"source\":\"other\"", "source"},
	    {"\"path\":\"users.sql\"", "\"path\":\"\"", "empty"},
	    {"\"path\":\"users.sql\",", "", "missing"},
	    {"\"path\":\"users.sql\"", "\"path\":\"users-data.sql\"", "users-data.sql"},
	    {"\"path\":\"users.sql\"", "\"path\":\"a\\u0000b\"", "string"},
	    {"\"order\":5", "\"order\":9223372036854775808", "64 bits"},
	    {"\"order\":5", "\"order\":\"5\"", "type"},
	    {"\"flags\":1", "\"flags\":4294967296", "range"},
	    {"\"flags\":1", "\"flags\":-1", "range"},
	    {"\"attrs\":{", "\"attrs\":7,\"x\":{", "attrs"},
	    {"\"codecs\":[\"zstd/1\"]", "\"codecs\":[\"../zstd/1\"]", "codec"},
	    {"\"codecs\":[\"zstd/1\"]", "\"codecs\":[\"zstd\"]", "codec"},
	    {"\"codecs\":[\"zstd/1\"]", "\"codecs\":[\"/1\"]", "codec"},
	    {"\"codecs\":[\"zstd/1\"]", "\"codecs\":[\"zstd/\"]", "codec"},
	    {"\"codecs\":[\"zstd/1\"]", "\"codecs\":[\"zstd/1\\n\"]", "codec"},
	    {"\"codecs\":[\"zstd/1\"]", "\"codecs\":[null]", "codecs"},
	    {"\"codecs\":[\"zstd/1\"]", "\"codecs\":[]", "no codec"},
	    {"\"plain\":{\"size\":100", "\"plain\":{\"size\":18446744073709551615", "impossible"},
	    {"\"stored\":{\"size\":40", "\"stored\":{\"size\":41", "add up"},
	    {"\"sha256\":\"" D1, "\"sha256\":\"", "sha256"},
	    {"\"sha256\":\"11", "\"sha256\":\"1A", "digest"},
	    {"\"stored\":{\"size\":40,\"sha256\":\"2", "\"stored\":{\"size\":40,\"sha256\":\"3",
		"digest"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"" POINT "../users.sql.zst", "key"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"/etc/shadow", "key"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"other/" ID "/main/users.sql",
		"key"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"job/main/users.sql", "key"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"" POINT "manifest.json", "key"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"" POINT "records/x", "key"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"" POINT, "key"},
	    {"\"key\":\"" POINT "main/users.sql.zst", "\"key\":\"" POINT "main/users-data.sql.zst",
		"two parts"},
	    {"\"parts\":[{", "\"parts\":[[],{", "part"},
	    {"\"parts\":[", "\"porz\":[", "parts"},
	    {"\"facts\":{\"rows\":", "\"facts\":{\"rows\":1,\"rows\":", "twice"},
	    {"\"rows\":9223372036854775807", "\"rows\":9223372036854775808", "64 bits"},
	    {"\"rows\":9223372036854775807", "\"rows\":1.5", "64 bits"},
	    {"\"rows\":9223372036854775807", "\"rows\":null", "64 bits"},
	    {"\"rows\":", "\"ro\\\\ws\":", "escape"},
	    {"\"warnings\":[", "\"warnings\":[{},", "warnings"},
	    {"{\n", "[{\n", "format"},
	    {"\n  \"job\"", "\n  job", "JSON"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *json = forged(cases[i].from, cases[i].to);

		check_status(json, HF_E_CORRUPT, cases[i].says);
		free(json);
	}
}

static void other_versions(void **state)
{
	char *json = forged("\"format\":1", "\"format\":2,\"new\":{}");

	(void)state;
	check_status(json, HF_E_UNSUPPORTED, "format 2");
	free(json);
	json = forged("\"host\":", "\"comment\":[1,{\"a\":2.5}],\"host\":");
	check_status(json, HF_OK, NULL);
	free(json);
	json = forged("\"host\":\"alpha\",", "");
	check_status(json, HF_OK, NULL);
	free(json);
	/* parts of the job's other points may be shared */
	json = forged(
	    "\"key\":\"" POINT "main/users.sql", "\"key\":\"" JOB "/" PARENT "/main/users.sql");
	check_status(json, HF_OK, NULL);
	free(json);
}

static void huge(void **state)
{
	struct buf text = {0}, head = {0};
	char *json;

	(void)state;
	/* deep, wide, and a tail that never ends */
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, "{\"a\":");
	json = forged("\"host\":\"alpha\"", "\"host\":@");
	buf_add(&head, json, (size_t)(strchr(json, '@') - json));
	buf_adds(&head, text.data);
	check_status(head.data, HF_E_CORRUPT, "");
	head.len -= text.len;
	head.data[head.len] = '\0';
	buf_addc(&head, '[');
	for (int i = 0; i < 1000000; i++)
		buf_adds(&head, "[],");
	buf_adds(&head, "0]");
	buf_adds(&head, strchr(json, '@') + 1);
	check_status(head.data, HF_E_CORRUPT, "too many");
	free(json);
	buf_free(&text);
	buf_free(&head);
	json = forged("\"entries\":[", "\"entries\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
	check_status(json, HF_E_CORRUPT, "entry 1");
	free(json);
	assert_int_equal(
	    manifest_read(JOB, ID, "", 0, &(struct manifest *){NULL}, NULL), HF_E_CORRUPT);
}

/* As many as a large database has; quadratic code would take minutes. */
static void many(void **state)
{
	struct manifest *m = sample(), *back;
	struct buf text = {0};
	struct error err = {0};
	struct timespec begun, ended;

	(void)state;
	m->entries = xreallocn(m->entries, 100003, sizeof(*m->entries));
	for (int i = 0; i < 100000; i++) {
		struct manifest one = {0};
		char path[40];

		snprintf(path, sizeof(path), "table-%06d.sql", i);
		add_entry(&one, "main", path, i % 7);
		m->entries[m->nentries++] = one.entries[0];
		free(one.entries);
	}
	clock_gettime(CLOCK_MONOTONIC, &begun);
	manifest_finish(m);
	manifest_write(m, &text);
	if (manifest_read(JOB, ID, text.data, text.len, &back, &err) != HF_OK)
		fail_msg("%s", err.message);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	print_message(
	    "%zu bytes written and read in %ld s\n", text.len, (long)(ended.tv_sec - begun.tv_sec));
	assert_int_equal(back->nentries, 100003);
	for (size_t i = 1; i < back->nentries; i++)
		assert_true(back->entries[i - 1].order <= back->entries[i].order);
	manifest_free(back);
	manifest_free(m);
	buf_free(&text);
}

/* Each single flipped bit of a whole manifest. */
static void flips(void **state)
{
	struct manifest *m = sample(), *back;
	struct buf text = {0};

	(void)state;
	manifest_write(m, &text);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] = (char)(text.data[i] ^ (1 << (i % 8)));
		assert_int_equal(
		    manifest_read(JOB, ID, text.data, text.len, &back, NULL), HF_E_CORRUPT);
		text.data[i] = (char)(text.data[i] ^ (1 << (i % 8)));
		assert_int_equal(manifest_read(JOB, ID, text.data, i, &back, NULL), HF_E_CORRUPT);
	}
	manifest_free(m);
	buf_free(&text);
}

static void attributes(void **state)
{
	struct buf text = {0};

	(void)state;
	assert_int_equal(attrs_check("{\"a\":[1]}", NULL), HF_OK);
	assert_int_equal(attrs_check("[1]", NULL), HF_E_CORRUPT);
	assert_int_equal(attrs_check("{", NULL), HF_E_CORRUPT);
	buf_adds(&text, "{\"a\":\"");
	while (text.len < 65537)
		buf_addc(&text, 'a');
	buf_adds(&text, "\"}");
	assert_int_equal(attrs_check(text.data, NULL), HF_E_CORRUPT);
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(round_trip),
	    cmocka_unit_test(hostile),
	    cmocka_unit_test(other_versions),
	    cmocka_unit_test(huge),
	    cmocka_unit_test(many),
	    cmocka_unit_test(flips),
	    cmocka_unit_test(attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
