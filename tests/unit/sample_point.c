/* SPDX-License-Identifier: MIT
 * Points for tests. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/store/json.h"
#include "engine/store/layout.h"
#include "engine/store/publish.h"
#include "engine/store/seal.h"
#include "engine/util/clock.h"
#include "engine/util/digest.h"
#include "tests/unit/fake_sink.h"
#include "tests/unit/sample_point.h"

static const char *const paths[] = {"users.sql", "orders.sql"};

struct manifest *sample_manifest(const char *id, const char *parent)
{
	struct manifest *m = manifest_new();

	m->job = xstrdup(JOB);
	m->id = xstrdup(id);
	m->host = xstrdup("alpha");
	m->version = xstrdup("0.1.0");
	m->parent = parent ? xstrdup(parent) : NULL;
	m->begin_ns = point_id_time(id);
	m->end_ns = m->begin_ns + NS_PER_S;
	m->sources = xcalloc(1, sizeof(*m->sources));
	m->nsources = 1;
	m->sources[0].name = xstrdup("main");
	m->sources[0].driver = xstrdup("files");
	m->sources[0].plugin_version = xstrdup("1");
	m->sources[0].continues = parent != NULL;
	m->entries = xcalloc(2, sizeof(*m->entries));
	for (size_t i = 0; i < 2; i++) {
		struct entry *e = &m->entries[m->nentries++];

		e->source = xstrdup("main");
		e->path = xstrdup(paths[i]);
		e->type = xstrdup("sql/1");
		e->subject = xstrdup(paths[i]);
		e->plain_size = e->stored_size = strlen(paths[i]);
		digest_hex_of(paths[i], strlen(paths[i]), e->plain_sha256);
		memcpy(e->stored_sha256, e->plain_sha256, 65);
		e->parts = xcalloc(1, sizeof(*e->parts));
		e->nparts = 1;
		e->parts[0].key = key_entry(JOB, id, "main", paths[i], "");
		e->parts[0].size = e->stored_size;
		memcpy(e->parts[0].sha256, e->plain_sha256, 65);
	}
	manifest_finish(m);
	return m;
}

void sample_begin(struct instance *sink, const char *id)
{
	struct error err = {0};

	if (point_begin(sink, JOB, id, "backup", &err) != HF_OK)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < 2; i++) {
		char *key = key_entry(JOB, id, "main", paths[i], "");

		fake_put(key, paths[i], strlen(paths[i]));
		free(key);
	}
}

void sample_point(struct instance *sink, const char *id, const char *parent)
{
	struct manifest *m = sample_manifest(id, parent);
	struct buf text = {0};
	struct error err = {0};

	sample_begin(sink, id);
	manifest_write(m, &text);
	if (point_publish(sink, JOB, id, text.data, text.len, &err) != HF_OK)
		fail_msg("%s", err.message);
	buf_free(&text);
	manifest_free(m);
}

void sample_owner(const char *id, const char *host, int64_t time_ns)
{
	json_object *o = json_object_new_object();
	struct buf text = {0};
	char *key = key_owner(JOB, id);
	char time[40];

	clock_rfc3339(time_ns, time, sizeof(time));
	json_add_text(o, "kind", "owner");
	json_add_text(o, "job", JOB);
	json_add_text(o, "id", id);
	json_add_text(o, "host", host);
	json_add_text(o, "time", time);
	json_add_int(o, "pid", 4711);
	seal_write(o, &text);
	fake_put(key, text.data, text.len);
	json_object_put(o);
	buf_free(&text);
	free(key);
}

struct catalogue *sample_load(struct instance *sink)
{
	struct catalogue *c = NULL;
	struct error err = {0};

	if (catalogue_load(sink, JOB, &c, &err) != HF_OK)
		fail_msg("%s", err.message);
	return c;
}
