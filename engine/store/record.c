/* SPDX-License-Identifier: MIT
 * The records beside a point: verified, drilled, pinned. They are only ever added; the newest
 * counts. */
#include "config.h"

#include <string.h>

#include "engine/store/json.h"
#include "engine/store/layout.h"
#include "engine/store/point.h"
#include "engine/store/seal.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"

#define TRIES 100
#define WHOLE 1000000 /* ppm */

/* --- reading --- */

/* "digest", "decode"; or a number, for levels that have no name yet. */
static uint32_t read_level(struct json_reader *r, json_object *o)
{
	json_object *v = NULL;
	int64_t level;

	if (r->bad || !json_object_object_get_ex(o, "level", &v) || !v)
		return 0;
	if (json_object_is_type(v, json_type_string)) {
		const char *name = json_object_get_string(v);

		if (strcmp(name, "decode") == 0)
			return HF_VERIFY_DECODE;
		return strcmp(name, "digest") == 0 ? HF_VERIFY_DIGEST : 0;
	}
	level = json_value_int(r, v, "level");
	if (level < 0 || level > (int64_t)UINT32_MAX)
		json_bad(r, "\"level\" is out of range");
	return (uint32_t)level;
}

static void read_members(
    struct json_reader *r, json_object *o, const struct point *p, struct record *out)
{
	autofree char *job = json_get_text(r, o, "job", 255);
	autofree char *id = json_get_text(r, o, "id", 255);
	autofree char *result = json_get_text(r, o, "result", 32);
	int64_t ppm = json_get_int_opt(r, o, "ppm");

	out->kind = json_get_text(r, o, "kind", 32);
	out->time_ns = json_get_time(r, o, "time");
	out->level = read_level(r, o);
	out->note = json_get_text_opt(r, o, "note", DOCUMENT_MAX);
	if (ppm < 0 || ppm > WHOLE)
		json_bad(r, "\"ppm\" is out of range");
	if (r->bad)
		return;
	out->ppm = (uint32_t)ppm;
	out->good = strcmp(result, "ok") == 0;
	if (strcmp(job, p->job) != 0 || strcmp(id, p->id) != 0)
		json_bad(r, "it belongs to another point");
}

void record_read(
    const struct point *p, const char *key, const char *data, size_t n, struct record *r)
{
	struct json_reader reader = {.what = key, .err = &r->error};
	json_object *o = NULL;

	*r = (struct record){.key = xstrdup(key)};
	if (seal_read(key, data, n, &o, &r->error) != HF_OK)
		return;
	read_members(&reader, o, p, r);
	json_object_put(o);
}

void record_free(struct record *r)
{
	free(r->key);
	free(r->kind);
	free(r->note);
	error_clear(&r->error);
	*r = (struct record){0};
}

/* --- what they mean --- */

static int record_cmp(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return strcmp(x->key, y->key);
}

static bool is_pin_key(const char *key)
{
	static const char end[] = "-pin.json";
	size_t n = strlen(key);

	return n > sizeof(end) - 1 && strcmp(key + n - (sizeof(end) - 1), end) == 0;
}

void records_judge(struct point *p)
{
	const struct record *damage = NULL;

	if (p->nrecords)
		qsort(p->records, p->nrecords, sizeof(*p->records), record_cmp);
	for (size_t i = 0; i < p->nrecords; i++) {
		const struct record *r = &p->records[i];

		if (r->error.status != HF_OK) {
			/* it may have been a pin: until somebody says otherwise, it is one */
			if (is_pin_key(r->key)) {
				p->pinned = true;
				log_warn("%s; the point counts as pinned until it is pinned or "
					 "released anew", r->error.message);
			}
			continue;
		}
		if (strcmp(r->kind, "pin") == 0) {
			p->pinned = r->good;
		} else if (strcmp(r->kind, "drill") == 0) {
			p->drilled = r->good ? r : p->drilled;
		} else if (strcmp(r->kind, "verify") == 0) {
			if (!r->good)
				damage = r;
			else if (damage && r->ppm >= WHOLE && r->level >= damage->level)
				damage = NULL; /* a look at a sample would prove nothing */
			p->verified = r->good ? r : p->verified;
		}
	}
	p->found_damaged = damage != NULL;
}

/* --- writing --- */

static void add_extra(json_object *o, json_object *extra)
{
	if (!extra)
		return;
	json_object_object_foreach(extra, name, value)
	{
		if (json_object_object_get_ex(o, name, NULL) || !value)
			continue;
		if (json_object_is_type(value, json_type_string))
			json_add_text(o, name, json_object_get_string(value));
		else
			json_add(o, name, json_object_get(value));
	}
}

int32_t record_put(struct instance *sink, const char *job, const char *id, const char *kind,
    bool good, json_object *extra, struct error *err)
{
	int64_t now = clock_now();
	int32_t status = HF_E_EXISTS;

	/* another record of the same nanosecond: the next one is free */
	for (int tries = 0; tries < TRIES && status == HF_E_EXISTS; tries++, now++) {
		json_object *o = document_new(job, id, kind, now);
		struct buf text = {0};
		char second[32];
		char *key;

		json_add(o, "result", json_object_new_string(good ? "ok" : "bad"));
		add_extra(o, extra);
		seal_write(o, &text);
		json_object_put(o);
		clock_compact(now, second, sizeof(second));
		key = xasprintf("%s/%s/records/%.15s.%09lldZ-%s.json", job, id, second,
		    (long long)(now % NS_PER_S), kind);
		if (text.len > DOCUMENT_MAX)
			status = error_set(err, HF_E_FAILED,
			    "the record %s is too large (%zu bytes)", key, text.len);
		else
			status = put_once_only(sink, key, &text, err);
		free(key);
		buf_free(&text);
	}
	if (status == HF_OK)
		status = sink_flush(sink, err);
	return status;
}
