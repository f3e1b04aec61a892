/* SPDX-License-Identifier: MIT
 * Definitions as statements of the artifact: databases, tables, sequences, routines, views, triggers, events,
 * accounts. */
#ifndef MYSQL_OBJECTS_H
#define MYSQL_OBJECTS_H

#include "schema.h"

/* What the session of a statement has to be like, before and between objects. */
#define BASE_SQL_MODE "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION"

/* The lines at the head of every entry; only a stock client needs them. `binary`: rows follow. */
void put_session(struct text *out, const struct conn *c, bool binary);
void put_database(struct text *out, const struct database *d);
void put_use(struct text *out, const char *db);

/* CREATE TABLE; what has to wait is added to t->keys and fks. */
int32_t put_table(hf_ctx *ctx, struct conn *c, struct table *t, bool defer, struct text *out, struct text *fks);
int32_t put_sequence(hf_ctx *ctx, struct conn *c, struct table *t, struct text *out);
int32_t put_routines(hf_ctx *ctx, struct conn *c, const struct source *src, struct database *d, struct text *out);
int32_t put_triggers(hf_ctx *ctx, struct conn *c, const struct source *src, struct database *d, struct text *out);
int32_t put_events(hf_ctx *ctx, struct conn *c, const struct source *src, struct database *d, struct text *out);
/* The views of all databases, each after those it stands on. */
int32_t put_views(hf_ctx *ctx, struct conn *c, const struct source *src, struct schema *s, struct text *out);

int32_t put_accounts(hf_ctx *ctx, struct conn *c, struct text *out);
int32_t put_grants(hf_ctx *ctx, struct conn *c, struct text *out);

/* Replaces the definer clause as `definer` says: keep, strip, USER@HOST. `at`, `n`: where it stands. */
void splice_definer(struct text *sql, const char *definer, size_t at, size_t n);

#endif
