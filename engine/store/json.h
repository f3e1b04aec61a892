/* SPDX-License-Identifier: MIT
 * JSON from a sink is hostile: strict parsing with limits, and members read with their type
 * checked.
 *
 * Names and messages are C strings of any bytes, JSON has only Unicode. So every such text is
 * written with a backslash as "\\" and a byte that is not part of valid UTF-8 as "\xNN" (before
 * JSON's own escapes); all other text stays as it is. A text has one such form only. */
#ifndef HF_STORE_JSON_H
#define HF_STORE_JSON_H

#include <stdbool.h>
#include <json-c/json.h>
#include "engine/util/error.h"
#include "engine/util/mem.h"

#define JSON_DEPTH_MAX 32
#define JSON_CONTAINERS_MAX ((size_t)1 << 18) /* objects and arrays in one text */
#define JSON_VALUES_MAX ((size_t)1 << 21)
#define JSON_TEXT_MAX ((size_t)64 << 20)

/* Parses one value that fills the text (blanks around it are allowed). Refused as HF_E_CORRUPT:
 * what is not strict JSON or not UTF-8, a name given twice, a NUL in a string, numbers beyond
 * 64 bits, more than the limits above. */
int32_t json_read(
    const char *what, const char *text, size_t n, json_object **out, struct error *err);

/* Walks a text too large to be parsed at once. Each returns false where the text is not so. */
struct json_cursor {
	const char *p, *end;
};
struct json_slice {
	const char *p;
	size_t n;
};
/* Moves over one value; only its extent is found, json_read() decides whether it is one. */
bool json_slice(struct json_cursor *c, struct json_slice *out);
/* Moves over the character if it is the next one that is no blank. */
bool json_take(struct json_cursor *c, char ch);
/* Only blanks are left. */
bool json_at_end(struct json_cursor *c);

/* Texts as said above. json_unescape(): NULL if it is not such a form. */
char *json_escape(const char *bytes);
char *json_unescape(const char *text);

/* --- making --- */

/* Adds a new member; takes `value`, which is not NULL. */
void json_add(json_object *o, const char *name, json_object *value);
void json_add_text(json_object *o, const char *name, const char *bytes);
void json_add_int(json_object *o, const char *name, int64_t value);
void json_add_size(json_object *o, const char *name, uint64_t value);
void json_add_texts(json_object *o, const char *name, const struct strv *list);
/* Ends the program if json-c could not allocate. */
json_object *json_made(json_object *o);
/* Adds the object's text, on one line, to `out`. */
void json_print(json_object *o, struct buf *out);

/* --- reading members --- */

/* The first failure is set in err (HF_E_CORRUPT), later calls do nothing but return nothing. */
struct json_reader {
	const char *what;  /* "the manifest of point X" */
	const char *where; /* "entry" or NULL */
	size_t index;      /* which one, from 0 */
	struct error *err;
	bool bad;
};
void json_bad(struct json_reader *r, const char *fmt, ...) HF_PRINTF(2, 3);

/* The member of that type, NULL if it is not there (or null), an error if it is of another
 * type. */
json_object *json_member(struct json_reader *r, json_object *o, const char *name, json_type type);
/* Text of 1..max bytes. NULL with the error set if it is not there. Owned by the caller. */
char *json_get_text(struct json_reader *r, json_object *o, const char *name, size_t max);
/* The same, 0..max bytes, NULL if it is not there. */
char *json_get_text_opt(struct json_reader *r, json_object *o, const char *name, size_t max);
uint64_t json_get_size(struct json_reader *r, json_object *o, const char *name);
/* 0 if it is not there. */
int64_t json_get_int_opt(struct json_reader *r, json_object *o, const char *name);
bool json_get_bool_opt(struct json_reader *r, json_object *o, const char *name);
/* RFC 3339, as nanoseconds. */
int64_t json_get_time(struct json_reader *r, json_object *o, const char *name);
void json_get_texts_opt(
    struct json_reader *r, json_object *o, const char *name, size_t max, struct strv *out);
/* A value's text; NULL with the error set. */
char *json_value_text(
    struct json_reader *r, json_object *v, const char *name, size_t min, size_t max);
/* A value as a signed number. */
int64_t json_value_int(struct json_reader *r, json_object *v, const char *name);

#endif
