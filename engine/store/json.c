/* SPDX-License-Identifier: MIT
 * Strict parsing of hostile JSON, within limits that are checked before anything is allocated. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "engine/store/json.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct json_cursor *c)
{
	while (c->p < c->end && blank(*c->p))
		c->p++;
}

/* --- limits --- */

/* What a look at the quotes and brackets tells. */
struct counts {
	size_t containers, values, names;
};

/* Moves behind the string's end; NULL if it has none or, if `strict`, holds what we do not
 * take. */
static const char *string_end(const char *p, const char *end, bool strict)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p + 1;
		if (strict && (unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		if (strict && end - p >= 6 && memcmp(p, "\\u0000", 6) == 0)
			return NULL; /* a NUL would cut the text short */
		p++;
	}
	return NULL;
}

/* Moves behind a number's characters; NULL if it is an integer beyond 64 bits: json-c would
 * make the nearest one of it. */
static const char *number_end(const char *p, const char *end)
{
	bool negative = *p == '-', whole = true;
	const char *greatest = negative ? "9223372036854775808" : "18446744073709551615";
	size_t n, most = strlen(greatest);
	const char *first;

	if (negative)
		p++;
	for (first = p; p < end && *p && strchr("0123456789+-.eE", *p); p++)
		whole = whole && *p >= '0' && *p <= '9';
	n = (size_t)(p - first);
	if (whole && (n > most || (n == most && memcmp(first, greatest, n) > 0)))
		return NULL;
	return p;
}

/* NULL if the text keeps within the limits, else what is wrong. */
static const char *count(const char *p, const char *end, struct counts *n)
{
	size_t depth = 0;

	n->values = 1;
	while (p < end) {
		switch (*p) {
		case '"':
			p = string_end(p, end, true);
			if (!p)
				return "a string has no end, or holds a NUL or a control character";
			continue;
		case '{':
		case '[':
			n->containers++;
			n->values++;
			if (++depth >= JSON_DEPTH_MAX)
				return "it is nested too deeply";
			break;
		case '}':
		case ']':
			if (depth-- == 0)
				return "a bracket is closed that was not opened";
			break;
		case ',':
			n->values++;
			break;
		case ':':
			n->names++;
			break;
		default:
			if (*p == '-' || (*p >= '0' && *p <= '9')) {
				p = number_end(p, end);
				if (!p)
					return "a number is beyond 64 bits";
				continue;
			}
			/* json-c also takes 'x', NaN and comments */
			if (!*p || !strchr("truefalsn \t\r\n", *p))
				return "it holds a character that belongs into a string";
			break;
		}
		p++;
	}
	if (n->containers > JSON_CONTAINERS_MAX || n->values > JSON_VALUES_MAX)
		return "it holds too many values";
	return NULL;
}

/* How many members the parsed objects have. json-c keeps one of those with the same name. The
 * depth is bounded. */
static size_t members(json_object *o)
{
	size_t n = 0;

	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, name, value)
		{
			(void)name;
			n += 1 + members(value);
		}
	} else if (json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(o); i++)
			n += members(json_object_array_get_idx(o, i));
	}
	return n;
}

/* --- parsing --- */

static int32_t parse(
    const char *what, const char *text, size_t n, json_object **out, struct error *err)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX);
	int32_t status = HF_OK;
	size_t end;

	if (!tok)
		return error_set(err, HF_E_FAILED, "%s: out of memory", what);
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*out = json_tokener_parse_ex(tok, text, (int)n);
	/* A number at the end of the text is only done when something follows. */
	if (json_tokener_get_error(tok) == json_tokener_continue)
		*out = json_tokener_parse_ex(tok, " ", 1);
	end = json_tokener_get_parse_end(tok);
	if (json_tokener_get_error(tok) != json_tokener_success)
		status = error_set(err, HF_E_CORRUPT, "%s is not JSON: %s at byte %zu", what,
		    json_tokener_error_desc(json_tokener_get_error(tok)), end);
	json_tokener_free(tok);
	return status;
}

int32_t json_read(
    const char *what, const char *text, size_t n, json_object **out, struct error *err)
{
	struct json_cursor c = {.p = text, .end = text + n};
	struct counts counts = {0};
	const char *wrong;
	int32_t status;

	*out = NULL;
	skip_blanks(&c);
	while (c.end > c.p && blank(c.end[-1]))
		c.end--;
	n = (size_t)(c.end - c.p);
	if (n == 0)
		return error_set(err, HF_E_CORRUPT, "%s is empty", what);
	if (n > JSON_TEXT_MAX || n > INT_MAX)
		return error_set(
		    err, HF_E_CORRUPT, "%s is too large (%zu bytes in one piece)", what, n);
	wrong = count(c.p, c.end, &counts);
	if (wrong)
		return error_set(err, HF_E_CORRUPT, "%s is refused: %s", what, wrong);
	status = parse(what, c.p, n, out, err);
	if (status != HF_OK)
		return status;
	if (members(*out) != counts.names) {
		json_object_put(*out);
		*out = NULL;
		return error_set(err, HF_E_CORRUPT, "%s is refused: a name is given twice", what);
	}
	return HF_OK;
}

/* --- walking --- */

bool json_take(struct json_cursor *c, char ch)
{
	skip_blanks(c);
	if (c->p == c->end || *c->p != ch)
		return false;
	c->p++;
	return true;
}

bool json_at_end(struct json_cursor *c)
{
	skip_blanks(c);
	return c->p == c->end;
}

bool json_slice(struct json_cursor *c, struct json_slice *out)
{
	size_t depth = 0;
	const char *p;

	skip_blanks(c);
	out->p = p = c->p;
	while (p < c->end) {
		if (*p == '"') {
			p = string_end(p, c->end, false);
			if (!p)
				return false;
			if (!depth)
				break;
			continue;
		}
		if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			if (!depth)
				break; /* of what holds a number */
			if (--depth == 0) {
				p++;
				break;
			}
		} else if (!depth && (*p == ',' || *p == ':' || blank(*p))) {
			break;
		}
		p++;
	}
	if (depth || p == out->p)
		return false;
	out->n = (size_t)(p - out->p);
	c->p = p;
	return true;
}
