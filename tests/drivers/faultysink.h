/* SPDX-License-Identifier: MIT
 * faultysink.h - the sink "faultysink": each object a file below one folder
 *
 * Names that begin with a dot are the sink's own: ".put-KEY..." while it is written, ".lock-NAME".
 */
#ifndef FAULTYSINK_H
#define FAULTYSINK_H

#include <stdint.h>

#include "fault.h"

#define SINK_PATH_SIZE 4096u
#define SINK_KEY_SIZE 1100u

struct sink {
	struct fault fault;
	const char *path; /* valid until close() */
	int64_t flip;     /* -1: none */
	int64_t cut;      /* -1: none */
};

/* faultysink.c */
int32_t sink_path(hf_ctx *ctx, const struct sink *sink, const char *key, char *path);
void sink_remove_parents(const struct sink *sink, char *path);

/* faultysink_list.c */
int32_t sink_list(hf_ctx *ctx, void *self, const char *prefix, uint32_t flags, hf_list *out);
int32_t sink_stat(hf_ctx *ctx, void *self, const char *key, hf_list *out);
int32_t sink_remove(
    hf_ctx *ctx, void *self, const char *const *keys, uint64_t count, hf_removal *out);
int32_t sink_sweep(hf_ctx *ctx, void *self, const char *prefix);

#endif
