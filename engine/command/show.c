/* SPDX-License-Identifier: MIT
 * holdfast show: one point. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/report/out.h"
#include "engine/util/clock.h"
#include "engine/util/units.h"

static json_object *facts_json(const struct facts *f)
{
	json_object *o = json_object_new_object();

	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].text)
			out_add_string(o, f->v[i].name, f->v[i].text);
		else
			out_add(o, f->v[i].name, json_object_new_int64(f->v[i].number));
	}
	return o;
}

static json_object *strings_json(const struct strv *l)
{
	json_object *a = json_object_new_array();

	for (size_t i = 0; i < l->n; i++)
		json_object_array_add(a, out_string(l->v[i]));
	return a;
}

static json_object *source_json(const struct manifest_source *s)
{
	json_object *o = json_object_new_object();

	out_add_string(o, "name", s->name);
	out_add_string(o, "driver", s->driver);
	out_add_string(o, "plugin_version", s->plugin_version);
	if (s->server)
		out_add_string(o, "server", s->server);
	if (s->mark) {
		autofree char *mark = xstrndup(s->mark, s->mark_size);
		out_add_string(o, "mark", mark);
	}
	out_add(o, "facts", facts_json(&s->facts));
	out_add(o, "warnings", strings_json(&s->warnings));
	return o;
}

static json_object *entry_json(const struct entry *e)
{
	json_object *o = json_object_new_object(), *keys = json_object_new_array();

	out_add_string(o, "source", e->source);
	out_add_string(o, "path", e->path);
	out_add_string(o, "type", e->type);
	out_add_string(o, "subject", e->subject);
	out_add(o, "order", json_object_new_int64(e->order));
	out_add(o, "codecs", strings_json(&e->codecs));
	out_add_uint(o, "plain_size", e->plain_size);
	out_add_string(o, "plain_sha256", e->plain_sha256);
	out_add_uint(o, "stored_size", e->stored_size);
	out_add_string(o, "stored_sha256", e->stored_sha256);
	for (size_t i = 0; i < e->nparts; i++)
		json_object_array_add(keys, out_string(e->parts[i].key));
	out_add(o, "keys", keys);
	out_add(o, "facts", facts_json(&e->facts));
	out_add(o, "warnings", strings_json(&e->warnings));
	return o;
}

static json_object *record_json(const struct record *r)
{
	json_object *o = json_object_new_object();

	if (r->error.status != HF_OK) {
		out_add(o, "error", out_error(&r->error));
		return o;
	}
	out_add_string(o, "kind", r->kind);
	out_add_time(o, "time", r->time_ns);
	out_add_string(o, "result", r->good ? "ok" : "failed");
	if (r->note)
		out_add_string(o, "note", r->note);
	return o;
}

static void print_json(const struct point *p)
{
	json_object *o = point_json(p), *sources = json_object_new_array();
	json_object *entries = json_object_new_array(), *records = json_object_new_array();

	for (size_t i = 0; p->manifest && i < p->manifest->nsources; i++)
		json_object_array_add(sources, source_json(&p->manifest->sources[i]));
	for (size_t i = 0; p->manifest && i < p->manifest->nentries; i++)
		json_object_array_add(entries, entry_json(&p->manifest->entries[i]));
	for (size_t i = 0; i < p->nrecords; i++)
		json_object_array_add(records, record_json(&p->records[i]));
	out_add(o, "sources", sources);
	out_add(o, "entry_list", entries);
	out_add(o, "records", records);
	out_object(o);
}

static void print_facts(const char *head, const struct facts *f)
{
	struct buf b = {0};

	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].text)
			buf_addf(&b, "%s%s %s", i ? ", " : "", f->v[i].name, f->v[i].text);
		else
			buf_addf(&b, "%s%s %lld", i ? ", " : "", f->v[i].name,
				(long long)f->v[i].number);
	}
	if (b.len > 0) {
		autofree char *clean = printable(b.data);
		out_text("%s%s\n", head, clean);
	}
	buf_free(&b);
}

static void print_source(const struct point *p, const struct manifest_source *s)
{
	const struct manifest *m = p->manifest;
	autofree char *name = printable(s->name), *version = printable(s->plugin_version);
	autofree char *server = printable(s->server ? s->server : "");

	out_text("\nsource %s (%s %s)%s%s\n", name, s->driver, version, *server ? ", " : "", server);
	print_facts("  facts: ", &s->facts);
	for (size_t i = 0; i < s->warnings.n; i++) {
		autofree char *clean = printable(s->warnings.v[i]);
		out_text("  warning: %s\n", clean);
	}
	for (size_t i = 0; i < m->nentries; i++) {
		const struct entry *e = &m->entries[i];
		autofree char *path = printable(e->path), *subject = printable(e->subject);
		char plain[16], stored[16];

		if (strcmp(e->source, s->name) != 0)
			continue;
		format_bytes(e->plain_size, plain, sizeof plain);
		format_bytes(e->stored_size, stored, sizeof stored);
		out_text("  %s  %s, stored %s%s%s\n", path, plain, stored,
			strcmp(subject, path) ? "  subject " : "", strcmp(subject, path) ? subject : "");
		print_facts("    facts: ", &e->facts);
		for (size_t k = 0; k < e->warnings.n; k++) {
			autofree char *clean = printable(e->warnings.v[k]);
			out_text("    warning: %s\n", clean);
		}
	}
}

static void print_text(const struct point *p)
{
	const struct manifest *m = p->manifest;
	autofree char *age = point_age(p);
	char plain[16], stored[16], took[24];

	out_text("point %s of job %s: %s%s\nbegun %s\n", p->id, p->job, point_state_name(p),
		p->pinned ? ", pinned" : "", age);
	if (!m) {
		if (p->error.message)
			out_text("%s\n", p->error.message);
		return;
	}
	format_bytes(m->plain_size, plain, sizeof plain);
	format_bytes(m->stored_size, stored, sizeof stored);
	format_duration(m->end_ns - m->begin_ns, took, sizeof took);
	autofree char *host = printable(m->host), *version = printable(m->version);
	out_text("took %s on %s with holdfast %s; %zu entr%s, %s, stored %s\n", took, host, version,
		m->nentries, m->nentries == 1 ? "y" : "ies", plain, stored);
	for (size_t i = 0; i < p->nrecords; i++) {
		const struct record *r = &p->records[i];
		char when[32];

		if (r->error.status != HF_OK) {
			out_text("record that does not read: %s\n", r->error.message);
			continue;
		}
		clock_local(r->time_ns, when, sizeof when);
		autofree char *kind = printable(r->kind), *note = printable(r->note ? r->note : "");
		out_text("%s %s: %s%s%s\n", when, kind, r->good ? "ok" : "failed", *note ? ", " : "",
			note);
	}
	for (size_t i = 0; i < m->nsources; i++)
		print_source(p, &m->sources[i]);
}

static int run(struct args *args)
{
	struct target t = {0};
	struct error err = {0};
	struct point *p = NULL;
	const char *name = args_word(args, 1);

	if (target_open(args, false, &t, &err) == HF_OK &&
		catalogue_pick(t.catalogue, name ? name : "latest", -1, &p, &err) == HF_OK) {
		if (out_json())
			print_json(p);
		else
			print_text(p);
	}
	return target_finish(&t, &err);
}

static const struct option_spec options[] = {TARGET_OPTIONS, {NULL, false, NULL}};

const struct command command_show = {
	.name = "show",
	.synopsis = "JOB [POINT]",
	.summary = "show one point: entries, facts, warnings, what was verified",
	.examples = "  holdfast show scheduleright\n"
		    "  holdfast show scheduleright 20260116T020000Z-3f9k --json\n",
	.options = options,
	.min_words = 1,
	.max_words = 2,
	.run = run,
};
