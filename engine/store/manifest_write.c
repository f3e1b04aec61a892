/* SPDX-License-Identifier: MIT
 * The manifest as text. One line a source and an entry: fit for grep, and never more than one
 * of them is held as JSON in memory. */
#include "config.h"

#include <limits.h>
#include <string.h>
#include <openssl/evp.h>

#include "engine/store/json.h"
#include "engine/store/manifest.h"
#include "engine/store/seal.h"
#include "engine/util/clock.h"

/* Adds the non-empty object's members to `out` as the first members of the document. */
static void add_head(struct buf *out, json_object *head)
{
	buf_adds(out, "{");
	json_object_object_foreach(head, name, value)
	{
		json_object *quoted = json_made(json_object_new_string(name));

		buf_adds(out, out->data[out->len - 1] == '{' ? "\n  " : ",\n  ");
		json_print(quoted, out);
		buf_addc(out, ':');
		json_print(value, out);
		json_object_put(quoted);
	}
}

static void add_line(struct buf *out, size_t index, json_object *o)
{
	buf_adds(out, index ? ",\n    " : "\n    ");
	json_print(o, out);
	json_object_put(o);
}

static void add_time(json_object *o, const char *name, int64_t ns)
{
	char text[40];

	clock_rfc3339(ns, text, sizeof(text));
	json_add(o, name, json_object_new_string(text));
}

static void add_facts(json_object *o, const struct facts *facts)
{
	json_object *object;

	if (!facts->n)
		return;
	object = json_made(json_object_new_object());
	for (size_t i = 0; i < facts->n; i++) {
		const struct fact *f = &facts->v[i];
		autofree char *name = json_escape(f->name);

		if (f->text)
			json_add_text(object, name, f->text);
		else
			json_add_int(object, name, f->number);
	}
	json_add(o, "facts", object);
}

static void add_mark(json_object *o, const void *mark, size_t n)
{
	char *text;

	if (!mark)
		return;
	/* 64 KiB at most, as the driver's call says */
	text = xmalloc(n / 3 * 4 + 5);
	EVP_EncodeBlock((unsigned char *)text, mark, (int)n);
	json_add(o, "mark", json_object_new_string(text));
	free(text);
}

static json_object *source_object(const struct manifest_source *s)
{
	json_object *o = json_made(json_object_new_object());

	json_add_text(o, "name", s->name);
	json_add_text(o, "driver", s->driver);
	json_add_text(o, "plugin_version", s->plugin_version);
	if (s->server)
		json_add_text(o, "server", s->server);
	json_add(o, "continues", json_object_new_boolean(s->continues));
	add_mark(o, s->mark, s->mark_size);
	add_facts(o, &s->facts);
	if (s->warnings.n)
		json_add_texts(o, "warnings", &s->warnings);
	return o;
}

/* An object stays one; what a driver gave that is none is kept as the text that it is. */
static void add_attrs(json_object *o, const char *attrs)
{
	json_object *value;

	if (!attrs)
		return;
	if (json_read("attrs", attrs, strlen(attrs), &value, NULL) == HF_OK &&
	    json_object_is_type(value, json_type_object)) {
		json_add(o, "attrs", value);
		return;
	}
	json_object_put(value);
	json_add_text(o, "attrs", attrs);
}

static void add_content(json_object *o, const char *name, uint64_t size, const char *sha256)
{
	json_object *content = json_made(json_object_new_object());

	json_add_size(content, "size", size);
	json_add_text(content, "sha256", sha256);
	json_add(o, name, content);
}

static json_object *entry_object(const struct entry *e)
{
	json_object *o = json_made(json_object_new_object());
	json_object *parts = json_made(json_object_new_array());

	json_add_text(o, "source", e->source);
	json_add_text(o, "path", e->path);
	json_add_text(o, "type", e->type);
	json_add_text(o, "subject", e->subject);
	json_add_int(o, "order", e->order);
	if (e->flags)
		json_add_size(o, "flags", e->flags);
	add_attrs(o, e->attrs);
	json_add_texts(o, "codecs", &e->codecs);
	add_content(o, "plain", e->plain_size, e->plain_sha256);
	add_content(o, "stored", e->stored_size, e->stored_sha256);
	for (size_t i = 0; i < e->nparts; i++) {
		json_object *part = json_made(json_object_new_object());

		json_add_text(part, "key", e->parts[i].key);
		json_add_size(part, "size", e->parts[i].size);
		json_add_text(part, "sha256", e->parts[i].sha256);
		if (json_object_array_add(parts, part) != 0)
			json_made(NULL);
	}
	json_add(o, "parts", parts);
	add_facts(o, &e->facts);
	if (e->warnings.n)
		json_add_texts(o, "warnings", &e->warnings);
	return o;
}

void manifest_write(const struct manifest *m, struct buf *out)
{
	json_object *head = json_made(json_object_new_object());
	size_t start = out->len;

	json_add_int(head, "format", MANIFEST_FORMAT);
	json_add_text(head, "job", m->job);
	json_add_text(head, "id", m->id);
	json_add_text(head, "status", "complete");
	json_add_text(head, "host", m->host);
	json_add_text(head, "holdfast", m->version);
	add_time(head, "begun", m->begin_ns);
	add_time(head, "ended", m->end_ns);
	if (m->parent)
		json_add_text(head, "parent", m->parent);
	json_add_size(head, "plain_size", m->plain_size);
	json_add_size(head, "stored_size", m->stored_size);
	add_head(out, head);
	json_object_put(head);

	buf_adds(out, ",\n  \"sources\":[");
	for (size_t i = 0; i < m->nsources; i++)
		add_line(out, i, source_object(&m->sources[i]));
	buf_adds(out, "\n  ],\n  \"entries\":[");
	for (size_t i = 0; i < m->nentries; i++)
		add_line(out, i, entry_object(&m->entries[i]));
	buf_adds(out, "\n  ]");
	seal_close(out, start);
}
