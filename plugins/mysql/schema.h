/* SPDX-License-Identifier: MIT
 * What a server holds, by information_schema. */
#ifndef MYSQL_SCHEMA_H
#define MYSQL_SCHEMA_H

#include "conn.h"

/* How a column's values are read, written and bound; kept in the artifact. */
#define HOW_INT 'I'      /* a signed integer */
#define HOW_UNSIGNED 'U' /* an unsigned one */
#define HOW_DECIMAL 'N'  /* a decimal number */
#define HOW_DOUBLE 'D'   /* FLOAT and DOUBLE, through an exact double */
#define HOW_NUMBER 'E'   /* ENUM and SET, by their number */
#define HOW_BYTES 'S'    /* the bytes that are stored */
#define HOW_TEXT 'T'     /* types that take only characters: UUID, INET6, MySQL's JSON */

struct column {
	char *name;
	char *charset; /* of char and varchar, else NULL */
	char how;
	bool automatic; /* AUTO_INCREMENT */
	bool ordered;   /* has an order that a literal can be compared in: may cut ranges */
	bool is_enum;
};

struct table {
	char *name, *engine, *identity;
	bool sequence, view;
	bool snapshot;  /* rows are seen as of the snapshot */
	bool elsewhere; /* its rows belong to other tables or servers */
	bool versioned; /* system-versioned: rows of all times are read */
	bool pseudo;    /* its row_start and row_end are not listed as columns */
	bool by_transaction; /* versioned by transaction numbers, which no other server knows */
	uint64_t bytes, rows;
	struct column *columns; /* those that rows are made of */
	size_t n;
	struct names key; /* the columns of the primary key, for large tables */
	char *where;      /* the job's condition, or NULL */
	struct database *db;

	/* of a running backup */
	unsigned pending;         /* dumps that come before its keys */
	uint64_t rows_seen, sum;  /* of its entries so far */
	struct text keys;         /* ALTER TABLE for after the rows */
};

struct database {
	char *name, *charset, *collation, *comment;
	struct table *tables; /* by name, bytewise */
	size_t n;
	bool encrypted; /* MySQL: its new tables are */
	bool whole; /* nothing of it is left out */
};

struct schema {
	struct database *dbs;
	size_t n;
};

/* The databases of the job with their tables and columns. */
int32_t schema_read(hf_ctx *ctx, struct conn *c, const struct source *src, struct schema *s);
/* The same without columns, and with tables that the server cannot open. */
int32_t schema_list(hf_ctx *ctx, struct conn *c, const struct source *src, struct schema *s);
void schema_free(struct schema *s);
/* Of a large table: the key that its ranges may be cut by; none if there is no safe one. */
int32_t schema_key(hf_ctx *ctx, struct conn *c, struct table *t);
/* Marks each table: changes whenever the table was altered, truncated, renamed or made again. */
int32_t schema_identities(hf_ctx *ctx, struct conn *c, struct schema *s);

bool pattern_hits(const char *pattern, const char *db, const char *name);
bool system_database(const char *name);

/* The table of that name, or NULL. */
struct table *database_table(struct database *d, const char *name);
/* The column of that name, or NULL. */
const struct column *table_column(const struct table *t, const char *name);

#endif
