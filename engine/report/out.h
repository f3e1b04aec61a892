/* SPDX-License-Identifier: MIT
 * What a command prints on standard output: text for people, or JSON (--json) for programs. */
#ifndef HF_REPORT_OUT_H
#define HF_REPORT_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>
#include "engine/util/error.h"

/* --json. Set once. */
void out_set_json(bool json);
bool out_json(void);

/* Text; nothing in JSON mode. Control characters are the caller's care: use printable() for names. */
void out_text(const char *fmt, ...) HF_PRINTF(1, 2);
/* The same for what is said when all went well: nothing with -q. */
void out_note(const char *fmt, ...) HF_PRINTF(1, 2);
/* JSON: one line, an event of a running command. {"event": NAME, ...fields}. Takes over `fields`
 * (may be NULL). Nothing in text mode. Any thread. */
void out_event(const char *name, json_object *fields);
/* JSON: the command's one object, pretty. Takes it over. */
void out_object(json_object *object);
/* An error as a JSON object: {"class":..., "message":..., "hint":...}. */
json_object *out_error(const struct error *err);
/* A JSON string of text from outside: bytes that JSON cannot hold become \\xNN. */
json_object *out_string(const char *text);
/* Adds a member; less to type. */
void out_add(json_object *o, const char *name, json_object *value);
void out_add_string(json_object *o, const char *name, const char *text);
void out_add_uint(json_object *o, const char *name, uint64_t n);
/* A duration in seconds, to the millisecond. */
void out_add_seconds(json_object *o, const char *name, int64_t ns);
/* An instant as RFC 3339. */
void out_add_time(json_object *o, const char *name, int64_t ns);
/* Standard output could be written? HF_E_FAILED (a full disk, a closed pipe) if not. At the end. */
int32_t out_flush(struct error *err);

/* A table: rows of cells, columns aligned; a column is aligned right if its name starts with '>'. */
struct table;
struct table *table_new(const char *const *columns, size_t n);
/* n cells; each is made printable. */
void table_row(struct table *t, const char *const *cells);
void table_print(struct table *t);
void table_free(struct table *t);

#endif
