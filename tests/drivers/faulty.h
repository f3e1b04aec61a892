/* SPDX-License-Identifier: MIT
 * faulty.h - the source "faulty": data that can be computed again anywhere
 */
#ifndef FAULTY_H
#define FAULTY_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

#define FAULTY_BLOCK 65536u
#define FAULTY_PATH_SIZE 32u

struct faulty {
	struct fault fault;
	uint64_t entries;
	uint64_t bytes; /* of each entry */
	uint64_t seed;
	uint64_t after; /* bytes of an entry before dump or restore fails */
	int add_in_dump;
	int warn;
	uint64_t secret_bytes;
};

/* The bytes of an entry, in order. */
struct faulty_data {
	uint64_t state;
	uint64_t sum; /* FNV-1a of what was given out so far */
};

/* faulty.c */
void faulty_data_begin(struct faulty_data *data, uint64_t seed, uint64_t number);
void faulty_data_next(struct faulty_data *data, unsigned char *buf, size_t size);
int32_t faulty_facts(hf_ctx *ctx, uint64_t bytes, const struct faulty_data *data);

/* faulty_restore.c */
int32_t faulty_restore_begin(hf_ctx *ctx, void *self, const hf_restore *in, void **session);
int32_t faulty_wants(hf_ctx *ctx, void *session, const hf_entry *entry);
int32_t faulty_restore_prepare(hf_ctx *ctx, void *session);
int32_t faulty_restore(hf_ctx *ctx, void *session, const hf_entry *entry, hf_reader *in);
int32_t faulty_restore_end(hf_ctx *ctx, void *session, int32_t outcome);

#endif
