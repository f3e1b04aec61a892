/* SPDX-License-Identifier: MIT
 * Writing and reading the artifact. What is read is hostile until it is checked. */
#include "config.h"

#include "conn.h"
#include "frame.h"

#include <inttypes.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)2 << 30) /* a row of 1 GiB, all of it escaped */

/* --- writing ------------------------------------------------------------- */

void frame_int(json_object *o, const char *key, int64_t value)
{
	json_object_object_add(o, key, json_object_new_int64(value));
}

void frame_text(json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

json_object *frame_new(const char *kind, const char *name)
{
	json_object *o = json_object_new_object();

	if (o == NULL)
		return NULL;
	frame_text(o, "kind", kind);
	if (name != NULL)
		frame_text(o, "name", name);
	return o;
}

void frame_put(struct text *out, json_object *o, const struct text *sql, bool body)
{
	if (o == NULL || (sql != NULL && sql->failed)) {
		json_object_put(o);
		out->failed = true;
		return;
	}
	if (sql != NULL)
		frame_int(o, "n", (int64_t)sql->n);
	if (body)
		json_object_object_add(o, "body", json_object_new_boolean(1));
	text_puts(out, FRAME_HEAD);
	text_puts(out, json_object_to_json_string_ext(o,
			       JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	text_puts(out, "\n");
	json_object_put(o);
	if (sql == NULL)
		return;
	if (body)
		text_puts(out, "DELIMITER ;;\n");
	text_add(out, sql->s != NULL ? sql->s : "", sql->n);
	text_puts(out, body ? "\n;;\nDELIMITER ;\n" : ";\n");
}

/* --- reading ------------------------------------------------------------- */

int32_t frame_bad(hf_ctx *ctx, const char *why)
{
	return host->fail(ctx, HF_E_CORRUPT, "this is no artifact of the mysql driver: %s", why);
}

/* Some bytes at in->p, in->left of them. */
static int32_t more(struct input *in)
{
	const void *data;
	uint64_t size;
	int32_t status;

	if (in->left > 0)
		return HF_OK;
	if (in->given > 0) {
		status = host->consume(in->in, in->given);
		in->given = 0;
		if (status != HF_OK)
			return status;
	}
	status = host->peek(in->in, &data, &size);
	if (status == HF_OK) {
		in->p = data;
		in->left = in->given = (size_t)size;
	}
	return status;
}

static int32_t carry_line(struct input *in)
{
	int32_t status;

	text_clear(&in->carry);
	while ((status = more(in)) == HF_OK) {
		const char *end = memchr(in->p, '\n', in->left);
		const size_t n = end != NULL ? (size_t)(end - in->p) : in->left;

		if (in->carry.n + n > LINE_MAX_BYTES)
			return frame_bad(in->ctx, "a line has no end");
		text_add(&in->carry, in->p, n);
		if (in->carry.failed)
			return out_of_memory(in->ctx);
		in->p += end != NULL ? n + 1 : n;
		in->left -= end != NULL ? n + 1 : n;
		if (end != NULL)
			break;
	}
	if (status == HF_END && in->carry.n > 0)
		return frame_bad(in->ctx, "it ends in the middle of a line");
	in->line = in->carry.s != NULL ? in->carry.s : "";
	in->n = in->carry.n;
	return status;
}

int32_t input_line(struct input *in, const char **line, size_t *n)
{
	int32_t status = HF_OK;
	const char *end;

	if (!in->again) {
		status = more(in);
		if (status != HF_OK)
			return status;
		end = memchr(in->p, '\n', in->left);
		if (end != NULL) {
			in->line = in->p;
			in->n = (size_t)(end - in->p);
			in->p += in->n + 1;
			in->left -= in->n + 1;
		} else {
			status = carry_line(in);
		}
	}
	in->again = false;
	*line = in->line;
	*n = in->n;
	return status;
}

void input_back(struct input *in)
{
	in->again = true;
}

static int32_t read_bytes(struct input *in, struct text *out, size_t n)
{
	int32_t status = HF_OK;

	while (n > 0 && (status = more(in)) == HF_OK) {
		const size_t part = n < in->left ? n : in->left;

		text_add(out, in->p, part);
		if (out->failed)
			return out_of_memory(in->ctx);
		in->p += part;
		in->left -= part;
		n -= part;
	}
	return status == HF_END ? frame_bad(in->ctx, "a statement is cut") : status;
}

static int32_t expect(struct input *in, const char *what)
{
	struct text got = {0};
	int32_t status = read_bytes(in, &got, strlen(what));

	if (status == HF_OK && strcmp(got.s, what) != 0)
		status = frame_bad(in->ctx, "a statement does not end where it should");
	text_free(&got);
	return status;
}

static int32_t read_sql(struct input *in, struct frame *f, int64_t n)
{
	json_object *body;
	const bool delimited = json_object_object_get_ex(f->json, "body", &body) &&
			       json_object_get_boolean(body);
	int32_t status = HF_OK;

	if (n < 0 || (uint64_t)n > FRAME_SQL_MAX)
		return frame_bad(in->ctx, "a statement has no sensible length");
	if (delimited)
		status = expect(in, "DELIMITER ;;\n");
	text_clear(&f->sql);
	if (status == HF_OK)
		status = read_bytes(in, &f->sql, (size_t)n);
	f->has_sql = true;
	return status == HF_OK ? expect(in, delimited ? "\n;;\nDELIMITER ;\n" : ";\n") : status;
}

static json_object *parse(const char *text, size_t n)
{
	json_tokener *tok = json_tokener_new();
	json_object *o = NULL;

	if (tok == NULL)
		return NULL;
	if (n < 1u << 24)
		o = json_tokener_parse_ex(tok, text, (int)n);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    !json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(tok);
	return o;
}

const char *frame_get(const struct frame *f, const char *key)
{
	json_object *value;

	if (!json_object_object_get_ex(f->json, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

int64_t frame_number(const struct frame *f, const char *key, int64_t absent)
{
	json_object *value;

	if (!json_object_object_get_ex(f->json, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return absent;
	return json_object_get_int64(value);
}

int32_t frame_next(struct input *in, struct frame *f)
{
	const char *line;
	size_t n;
	int64_t length;
	int32_t status;

	json_object_put(f->json);
	f->json = NULL;
	f->has_sql = false;
	do
		status = input_line(in, &line, &n);
	while (status == HF_OK && (n == 0 || (n > 3 && memcmp(line, FRAME_CHARSET, 3) == 0)));
	if (status != HF_OK)
		return status;
	if (n < strlen(FRAME_HEAD) || memcmp(line, FRAME_HEAD, strlen(FRAME_HEAD)) != 0)
		return frame_bad(in->ctx, "a statement without its description");
	f->json = parse(line + strlen(FRAME_HEAD), n - strlen(FRAME_HEAD));
	if (f->json == NULL || frame_get(f, "kind") == NULL)
		return frame_bad(in->ctx, "the description of a statement does not read");
	f->kind = frame_get(f, "kind");
	f->name = frame_get(f, "name");
	if (f->name == NULL)
		f->name = "";
	length = frame_number(f, "n", -1);
	return length >= 0 ? read_sql(in, f, length) : HF_OK;
}

void frame_free(struct frame *f)
{
	json_object_put(f->json);
	text_free(&f->sql);
	*f = (struct frame){0};
}

void input_free(struct input *in)
{
	text_free(&in->carry);
}
