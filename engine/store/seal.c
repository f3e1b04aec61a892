/* SPDX-License-Identifier: MIT
 * JSON documents that prove themselves. */
#include "config.h"

#include <string.h>

#include "engine/store/json.h"
#include "engine/store/seal.h"
#include "engine/util/digest.h"

static const char before[] = ",\n  \"seal\":\"";
static const char after[] = "\"\n}\n";

#define DIGITS (DIGEST_HEX_SIZE - 1)
#define TAIL (sizeof(before) - 1 + DIGITS + sizeof(after) - 1)

void seal_close(struct buf *out, size_t start)
{
	char digits[DIGEST_HEX_SIZE];

	digest_hex_of(out->data + start, out->len - start, digits);
	buf_adds(out, before);
	buf_adds(out, digits);
	buf_adds(out, after);
}

void seal_write(json_object *object, struct buf *out)
{
	size_t start = out->len, n;
	const char *text;

	json_object_object_del(object, "seal");
	text = json_object_to_json_string_length(
	    object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	if (!text) {
		json_made(NULL);
		return;
	}
	/* the brace goes, and the end of line before it */
	while (n && (text[n - 1] == '\n' || text[n - 1] == '}')) {
		n--;
		if (text[n] == '}')
			break;
	}
	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	buf_add(out, text, n);
	seal_close(out, start);
}

int32_t seal_check(const char *what, const char *data, size_t n, struct error *err)
{
	struct buf tail = {0};
	char digits[DIGEST_HEX_SIZE];
	bool same;

	if (n <= TAIL || memcmp(data + n - TAIL, before, sizeof(before) - 1) != 0)
		return error_set(
		    err, HF_E_CORRUPT, "%s has no seal at its end: it is cut or damaged", what);
	digest_hex_of(data, n - TAIL, digits);
	buf_adds(&tail, before);
	buf_adds(&tail, digits);
	buf_adds(&tail, after);
	same = memcmp(tail.data, data + n - TAIL, TAIL) == 0;
	buf_free(&tail);
	if (!same)
		return error_set(err, HF_E_CORRUPT,
		    "%s does not match its seal: it was changed or damaged", what);
	return HF_OK;
}

int32_t seal_read(
    const char *what, const char *data, size_t n, json_object **out, struct error *err)
{
	int32_t status = seal_check(what, data, n, err);

	*out = NULL;
	if (status == HF_OK)
		status = json_read(what, data, n, out, err);
	if (status == HF_OK && !json_object_is_type(*out, json_type_object)) {
		json_object_put(*out);
		*out = NULL;
		status = error_set(err, HF_E_CORRUPT, "%s is not a JSON object", what);
	}
	return status;
}
