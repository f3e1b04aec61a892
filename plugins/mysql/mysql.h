/* SPDX-License-Identifier: MIT
 * What the parts of the MySQL and MariaDB driver share. */
#ifndef MYSQL_MYSQL_H
#define MYSQL_MYSQL_H

#include <stdbool.h>
#include <stdint.h>

#include <holdfast/plugin.h>

extern const hf_host *host;

/* The indices of the choices in the options' tables. */
enum tls { TLS_AUTO, TLS_NO, TLS_REQUIRED, TLS_VERIFY };
enum locks { LOCKS_AUTO, LOCKS_NONE, LOCKS_FULL };
enum conflict { CONFLICT_FAIL, CONFLICT_SKIP, CONFLICT_REPLACE };
enum load { LOAD_AUTO, LOAD_BULK, LOAD_INFILE, LOAD_INSERT };

/* An instance: the options say all. */
struct source {
	const hf_options *opts;
	bool all; /* database = all */
};

static inline bool opt_yes(const struct source *src, const char *name)
{
	return host->opt_int(src->opts, name, 0) != 0;
}

/* source_dump.c */
int32_t mysql_begin(hf_ctx *ctx, void *self, const hf_begin *in, void **session);
int32_t mysql_dump(hf_ctx *ctx, void *session, const hf_entry *entry, hf_writer *out);
int32_t mysql_end(hf_ctx *ctx, void *session, int32_t outcome);

/* source_restore.c */
extern const hf_option mysql_restore_options[];
int32_t mysql_restore_begin(hf_ctx *ctx, void *self, const hf_restore *in, void **session);
int32_t mysql_wants(hf_ctx *ctx, void *session, const hf_entry *entry);
int32_t mysql_restore_prepare(hf_ctx *ctx, void *session);
int32_t mysql_restore(hf_ctx *ctx, void *session, const hf_entry *entry, hf_reader *in);
int32_t mysql_restore_end(hf_ctx *ctx, void *session, int32_t outcome);

/* probe.c */
int32_t mysql_probe(hf_ctx *ctx, void *self, uint32_t flags);

#endif
