/* SPDX-License-Identifier: MIT
 * Rows as text: how they are asked for, written and summed up. */
#ifndef MYSQL_ROWS_H
#define MYSQL_ROWS_H

#include "schema.h"

/* SELECT ... FROM the table, up to where a WHERE may follow. */
void rows_select(struct text *sql, const struct table *t);
/* The first line of an INSERT statement. */
void rows_insert(struct text *sql, const char *table, const struct column *columns, size_t n);

/* The sum of a content: equal for equal rows in any order. */
struct rows_sum {
	uint64_t rows, sum;
};
#define ROWS_SUM_TEXT 17
void rows_sum_text(uint64_t sum, char out[ROWS_SUM_TEXT]);

/* Reports the facts rows and checksum, of a table or, NULL, of the entry. The same at dump and restore. */
int32_t rows_facts(hf_ctx *ctx, const char *table, struct rows_sum sum);

/* Adds a row, as it stands in the artifact: "(1,'a')". */
void rows_sum_add(struct rows_sum *sum, const char *row, size_t n);

/* Runs a SELECT made by rows_select() and writes its rows to `out`; NULL: only sums them up. */
int32_t rows_dump(hf_ctx *ctx, struct conn *c, const struct table *t, const struct text *sql, hf_writer *out,
    struct rows_sum *sum);

#endif
