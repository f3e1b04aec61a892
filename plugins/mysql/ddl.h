/* SPDX-License-Identifier: MIT
 * A table's definition, as the server itself prints it, in three steps: the table with the keys that it
 * cannot be without, its other keys for after the rows, its foreign keys for after all tables. */
#ifndef MYSQL_DDL_H
#define MYSQL_DDL_H

#include "text.h"

struct ddl {
	struct text create; /* CREATE TABLE ... */
	struct text keys;   /* ALTER TABLE ... ADD KEY ..., or empty */
	struct text fks;    /* ALTER TABLE ... ADD CONSTRAINT ... FOREIGN KEY ..., or empty */
};

/* `later` names the keys, known from information_schema, that may be added after the rows. A definition that
 * is not of the expected shape stays whole in `create`. */
void ddl_split(struct ddl *d, const char *name, const char *sql, size_t n, const struct names *later);
void ddl_free(struct ddl *d);

/* Where in a definition printed by the server, outside of strings, `db`. stands: offsets in *at, to be freed;
 * how many, or -1 without memory. */
int ddl_references(const char *sql, size_t n, const char *db, size_t **at);

#endif
