/* SPDX-License-Identifier: MIT
 * The artifact: SQL that a stock client runs, in which comment lines tell what each statement is and how
 * long, so that a restore needs to parse none of it.
 *
 *   -- holdfast {"kind":"table","name":"t","n":57}
 *   CREATE TABLE ...;
 *   -- holdfast {"kind":"routine","name":"p","n":80,"body":true}
 *   DELIMITER ;;
 *   CREATE PROCEDURE ...
 *   ;;
 *   DELIMITER ;
 *   -- holdfast {"kind":"rows","name":"t","columns":[["id","I"],["x","S"]]}
 *   INSERT INTO `t` (`id`,`x`) VALUES
 *   (1,'a'),
 *   (2,'b');
 *   -- holdfast {"kind":"end","name":"t","rows":2,"checksum":"00000000deadbeef"}
 *
 * A row is one line: line feeds inside of values are escaped. holdfast-mysql(5) describes it for people. */
#ifndef MYSQL_FRAME_H
#define MYSQL_FRAME_H

#include <json-c/json.h>

#include "mysql.h"
#include "text.h"

#define FRAME_TYPE "mysql-sql/1" /* hf_entry.type */
#define FRAME_HEAD "-- holdfast "
#define FRAME_CHARSET "\\C " /* a line that only a stock client heeds: its character set */
#define FRAME_SQL_MAX ((size_t)256 << 20) /* one statement */

/* --- writing --- */

json_object *frame_new(const char *kind, const char *name);
void frame_int(json_object *o, const char *key, int64_t value);
void frame_text(json_object *o, const char *key, const char *value);
/* Adds the frame, and the statement if there is one. Frees `o`. `body`: the statement may hold semicolons. */
void frame_put(struct text *out, json_object *o, const struct text *sql, bool body);

/* --- reading --- */

struct input {
	hf_ctx *ctx;
	hf_reader *in;
	const char *p; /* what the host gave and is not used yet */
	size_t left, given;
	struct text carry; /* a line that spans two blocks */
	bool again;        /* the last line is given once more */
	const char *line;
	size_t n;
};

struct frame {
	json_object *json;
	const char *kind, *name;
	struct text sql; /* the statement, if it has one */
	bool has_sql;
};

/* The next line without its line feed, valid until the next call; HF_END. */
int32_t input_line(struct input *in, const char **line, size_t *n);
void input_back(struct input *in);
/* HF_END after the last. The members are valid until the next call or frame_free(). */
int32_t frame_next(struct input *in, struct frame *f);
void frame_free(struct frame *f);
void input_free(struct input *in);
int32_t frame_bad(hf_ctx *ctx, const char *why);

const char *frame_get(const struct frame *f, const char *key); /* or NULL */
int64_t frame_number(const struct frame *f, const char *key, int64_t absent);

#endif
