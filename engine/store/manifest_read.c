/* SPDX-License-Identifier: MIT
 * A hostile text as a manifest: each value is checked on its own here, how they fit together is
 * manifest_check.c's. */
#include "config.h"

#include <string.h>
#include <openssl/evp.h>

#include "engine/store/json.h"
#include "engine/store/layout.h"
#include "engine/store/manifest.h"
#include "engine/store/manifest_check.h"
#include "engine/store/seal.h"

#define NAME_MAX_BYTES 255
#define TEXT_MAX_BYTES JSON_TEXT_MAX
#define MARK_MAX ((size_t)64 << 10)
#define CODECS_MAX 16
#define SOURCES_MAX 4096
#define ENTRIES_MAX 10000000
#define TOP_MEMBERS_MAX 1000

/* --- pieces that sources and entries share --- */

static void read_facts(struct json_reader *r, json_object *o, struct facts *out)
{
	json_object *facts = json_member(r, o, "facts", json_type_object);

	if (!facts || !json_object_object_length(facts))
		return;
	out->v = xcalloc((size_t)json_object_object_length(facts), sizeof(*out->v));
	json_object_object_foreach(facts, name, value)
	{
		struct fact *f = &out->v[out->n];

		if (r->bad)
			break;
		f->name = json_unescape(name);
		if (!f->name) {
			json_bad(r, "a fact's name has a wrong escape");
			break;
		}
		out->n++;
		if (json_object_is_type(value, json_type_string))
			f->text = json_value_text(r, value, "facts", 0, TEXT_MAX_BYTES);
		else
			f->number = json_value_int(r, value, "facts");
	}
}

static void read_digest(struct json_reader *r, json_object *o, char out[65])
{
	autofree char *text = json_get_text(r, o, "sha256", 64);

	if (!text)
		return;
	if (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
		json_bad(r, "\"sha256\" is not a digest");
	else
		memcpy(out, text, 65);
}

/* --- sources --- */

static void read_mark(struct json_reader *r, json_object *o, struct manifest_source *s)
{
	autofree char *text = json_get_text_opt(r, o, "mark", MARK_MAX / 3 * 4 + 8);
	autofree char *again = NULL;
	size_t n;
	int got;

	if (!text)
		return;
	n = strlen(text);
	s->mark = xmalloc(n + 1);
	got = EVP_DecodeBlock(s->mark, (const unsigned char *)text, (int)n);
	while (got > 0 && n > 0 && text[n - 1] == '=') {
		got--;
		n--;
	}
	/* The decoder forgives much: what it made must be what was written. */
	if (got >= 0) {
		again = xmalloc((size_t)got / 3 * 4 + 5);
		EVP_EncodeBlock((unsigned char *)again, s->mark, got);
	}
	if (!again || strcmp(again, text) != 0 || (size_t)got > MARK_MAX)
		json_bad(r, "\"mark\" is not base64 of %zu bytes at most", MARK_MAX);
	else
		s->mark_size = (size_t)got;
}

static void read_source(struct json_reader *r, json_object *o, struct manifest_source *s)
{
	if (!json_object_is_type(o, json_type_object)) {
		json_bad(r, "it is not an object");
		return;
	}
	s->name = json_get_text(r, o, "name", NAME_MAX_BYTES);
	s->driver = json_get_text(r, o, "driver", NAME_MAX_BYTES);
	s->plugin_version = json_get_text_opt(r, o, "plugin_version", TEXT_MAX_BYTES);
	if (!s->plugin_version)
		s->plugin_version = xstrdup("");
	s->server = json_get_text_opt(r, o, "server", TEXT_MAX_BYTES);
	s->continues = json_get_bool_opt(r, o, "continues");
	read_mark(r, o, s);
	read_facts(r, o, &s->facts);
	json_get_texts_opt(r, o, "warnings", TEXT_MAX_BYTES, &s->warnings);
}

static void read_sources(struct json_reader *r, json_object *head, struct manifest *m)
{
	json_object *array = json_member(r, head, "sources", json_type_array);
	size_t n = array ? json_object_array_length(array) : 0;

	if (n < 1 || n > SOURCES_MAX) {
		json_bad(r, n ? "there are too many sources" : "it names no source");
		return;
	}
	m->sources = xcalloc(n, sizeof(*m->sources));
	m->nsources = n;
	r->where = "source";
	for (r->index = 0; r->index < n && !r->bad; r->index++)
		read_source(r, json_object_array_get_idx(array, r->index), &m->sources[r->index]);
	r->where = NULL;
}

/* --- entries --- */

static void read_attrs(struct json_reader *r, json_object *o, struct entry *e)
{
	json_object *v = NULL;

	if (r->bad || !json_object_object_get_ex(o, "attrs", &v) || !v)
		return;
	if (json_object_is_type(v, json_type_object)) {
		struct buf text = {0};

		json_print(v, &text);
		e->attrs = buf_take(&text);
	} else {
		e->attrs = json_value_text(r, v, "attrs", 0, TEXT_MAX_BYTES);
	}
}

static void read_content(
    struct json_reader *r, json_object *o, const char *name, uint64_t *size, char sha256[65])
{
	json_object *content = json_member(r, o, name, json_type_object);

	if (!content) {
		json_bad(r, "\"%s\" is missing", name);
		return;
	}
	*size = json_get_size(r, content, "size");
	read_digest(r, content, sha256);
}

static void read_parts(struct json_reader *r, json_object *o, struct entry *e)
{
	json_object *array = json_member(r, o, "parts", json_type_array);
	size_t n;

	if (!array) {
		json_bad(r, "\"parts\" is missing");
		return;
	}
	n = json_object_array_length(array);
	if (n)
		e->parts = xcalloc(n, sizeof(*e->parts));
	for (; e->nparts < n && !r->bad; e->nparts++) {
		json_object *v = json_object_array_get_idx(array, e->nparts);
		struct part *part = &e->parts[e->nparts];

		if (!json_object_is_type(v, json_type_object)) {
			json_bad(r, "a part is not an object");
			return;
		}
		part->key = json_get_text(r, v, "key", 1024);
		part->size = json_get_size(r, v, "size");
		read_digest(r, v, part->sha256);
	}
}

static char *text_or_empty(struct json_reader *r, json_object *o, const char *name)
{
	char *text = json_get_text_opt(r, o, name, TEXT_MAX_BYTES);

	return text ? text : xstrdup("");
}

static void read_entry(struct json_reader *r, json_object *o, struct entry *e)
{
	int64_t flags;

	if (!json_object_is_type(o, json_type_object)) {
		json_bad(r, "it is not an object");
		return;
	}
	e->source = json_get_text(r, o, "source", NAME_MAX_BYTES);
	e->path = json_get_text(r, o, "path", TEXT_MAX_BYTES);
	e->type = text_or_empty(r, o, "type");
	e->subject = text_or_empty(r, o, "subject");
	e->order = json_get_int_opt(r, o, "order");
	flags = json_get_int_opt(r, o, "flags");
	if (flags < 0 || flags > (int64_t)UINT32_MAX)
		json_bad(r, "\"flags\" is out of range");
	e->flags = (uint32_t)flags;
	read_attrs(r, o, e);
	json_get_texts_opt(r, o, "codecs", NAME_MAX_BYTES, &e->codecs);
	if (e->codecs.n > CODECS_MAX)
		json_bad(r, "it has too many codecs");
	read_content(r, o, "plain", &e->plain_size, e->plain_sha256);
	read_content(r, o, "stored", &e->stored_size, e->stored_sha256);
	read_parts(r, o, e);
	read_facts(r, o, &e->facts);
	json_get_texts_opt(r, o, "warnings", TEXT_MAX_BYTES, &e->warnings);
}

/* Adds an entry; its place is valid until the next one. */
static struct entry *grow(struct manifest *m)
{
	if ((m->nentries & (m->nentries - 1)) == 0)
		m->entries =
		    xreallocn(m->entries, m->nentries ? m->nentries * 2 : 1, sizeof(*m->entries));
	m->entries[m->nentries] = (struct entry){0};
	return &m->entries[m->nentries++];
}

/* One entry is parsed at a time: as JSON they take many times the room that they need. */
static void read_entries(struct json_reader *r, struct json_cursor *c, struct manifest *m)
{
	if (!json_take(c, '[')) {
		json_bad(r, "\"entries\" is not an array");
		return;
	}
	if (json_take(c, ']'))
		return;
	r->where = "entry";
	do {
		struct json_slice slice;
		json_object *o;

		r->index = m->nentries;
		if (m->nentries >= ENTRIES_MAX) {
			json_bad(r, "there are too many entries");
		} else if (!json_slice(c, &slice)) {
			json_bad(r, "it is not JSON");
		} else if (json_read(r->what, slice.p, slice.n, &o, r->err) != HF_OK) {
			r->bad = true;
		} else {
			read_entry(r, o, grow(m));
			json_object_put(o);
		}
	} while (!r->bad && json_take(c, ','));
	r->where = NULL;
	if (!json_take(c, ']'))
		json_bad(r, "\"entries\" does not end");
}

/* --- the document --- */

/* Reads one member of the document into `head`, or the entries into `m`. */
static void read_member(
    struct json_reader *r, struct json_cursor *c, json_object *head, struct manifest *m)
{
	json_object *name = NULL, *value = NULL;
	autofree char *shown = NULL;
	struct json_slice slice;
	const char *text = "";

	if (!json_slice(c, &slice) || json_read(r->what, slice.p, slice.n, &name, NULL) != HF_OK ||
	    !json_object_is_type(name, json_type_string) || !json_take(c, ':'))
		json_bad(r, "it is not a JSON object");
	else
		text = json_object_get_string(name);
	shown = printable(text);
	if (json_object_object_get_ex(head, text, NULL))
		json_bad(r, "\"%s\" is given twice", shown);
	if (json_object_object_length(head) >= TOP_MEMBERS_MAX)
		json_bad(r, "it has too many members");
	if (r->bad)
		goto out;
	if (strcmp(text, "entries") == 0) {
		value = json_made(json_object_new_boolean(1)); /* seen */
		read_entries(r, c, m);
	} else if (!json_slice(c, &slice)) {
		json_bad(r, "the value of \"%s\" is not JSON", shown);
	} else if (json_read(r->what, slice.p, slice.n, &value, r->err) != HF_OK) {
		r->bad = true;
	}
	if (!r->bad && json_object_object_add(head, text, value) == 0)
		value = NULL;
out:
	json_object_put(value);
	json_object_put(name);
}

static void read_document(
    struct json_reader *r, const char *data, size_t n, json_object *head, struct manifest *m)
{
	struct json_cursor c = {.p = data, .end = data + n};

	if (!json_take(&c, '{')) {
		json_bad(r, "it is not a JSON object");
		return;
	}
	do
		read_member(r, &c, head, m);
	while (!r->bad && json_take(&c, ','));
	if (!json_take(&c, '}') || !json_at_end(&c))
		json_bad(r, "it is not one JSON object");
	if (!json_object_object_get_ex(head, "entries", NULL))
		json_bad(r, "\"entries\" is missing");
}

static void read_head(struct json_reader *r, json_object *head, struct manifest *m)
{
	autofree char *status = json_get_text(r, head, "status", 32);

	if (status && strcmp(status, "complete") != 0)
		json_bad(r, "its status is not \"complete\"");
	m->job = json_get_text(r, head, "job", NAME_MAX_BYTES);
	m->id = json_get_text(r, head, "id", NAME_MAX_BYTES);
	m->host = json_get_text_opt(r, head, "host", NAME_MAX_BYTES);
	if (!m->host)
		m->host = xstrdup("");
	m->version = json_get_text_opt(r, head, "holdfast", NAME_MAX_BYTES);
	if (!m->version)
		m->version = xstrdup("");
	m->parent = json_get_text_opt(r, head, "parent", NAME_MAX_BYTES);
	m->begin_ns = json_get_time(r, head, "begun");
	m->end_ns = json_get_time(r, head, "ended");
	m->plain_size = json_get_size(r, head, "plain_size");
	m->stored_size = json_get_size(r, head, "stored_size");
	read_sources(r, head, m);
}

/* The format comes first in what we write, so a newer one is told by that and not by what else
 * is new. Found by parsing only the first members. */
static int32_t check_format(const char *what, const char *data, size_t n, struct error *err)
{
	struct json_cursor c = {.p = data, .end = data + n};
	struct json_slice name, value;
	json_object *o = NULL;
	int64_t format = -1;

	if (json_take(&c, '{') && json_slice(&c, &name) && name.n == 8 &&
	    memcmp(name.p, "\"format\"", 8) == 0 && json_take(&c, ':') && json_slice(&c, &value) &&
	    json_read(what, value.p, value.n, &o, NULL) == HF_OK &&
	    json_object_is_type(o, json_type_int))
		format = json_object_get_int64(o);
	json_object_put(o);
	if (format < 1)
		return error_set(err, HF_E_CORRUPT, "%s: it does not begin with its format", what);
	if (format > MANIFEST_FORMAT) {
		error_set(err, HF_E_UNSUPPORTED,
		    "%s has the format %lld, this version of holdfast reads up to %d", what,
		    (long long)format, MANIFEST_FORMAT);
		error_hint(err, "read it with a newer holdfast");
		return HF_E_UNSUPPORTED;
	}
	return HF_OK;
}

int32_t manifest_read(const char *job, const char *id, const char *data, size_t n,
    struct manifest **out, struct error *err)
{
	struct error first = {0};
	autofree char *what = xasprintf("the manifest of point %s/%s", job, id);
	struct json_reader r = {.what = what, .err = &first};
	struct manifest *m = manifest_new();
	json_object *head = json_made(json_object_new_object());
	int32_t status = HF_OK;

	*out = NULL;
	if (n > MANIFEST_SIZE_MAX)
		error_set(
		    &first, HF_E_CORRUPT, "%s is larger than %zu bytes", what, MANIFEST_SIZE_MAX);
	else if (seal_check(what, data, n, &first) == HF_OK &&
		 check_format(what, data, n, &first) == HF_OK) {
		read_document(&r, data, n, head, m);
		read_head(&r, head, m);
		if (!r.bad)
			manifest_check(&r, job, id, m);
	}
	json_object_put(head);
	status = first.status;
	if (status != HF_OK) {
		if (status == HF_E_CORRUPT)
			error_hint(&first,
			    "the point cannot be used as it is, but its objects open with "
			    "standard tools: see holdfast-manifest(5)");
		manifest_free(m);
		if (err)
			error_clear(err);
		else
			error_clear(&first);
		if (err)
			*err = first;
		return status;
	}
	*out = m;
	return HF_OK;
}
