/* SPDX-License-Identifier: MIT
 * Driving a filter: the loop around run() that every user of a compressor needs. */
#ifndef HF_PIPELINE_FILTER_H
#define HF_PIPELINE_FILTER_H

#include <stdbool.h>
#include "engine/driver/instance.h"

/* Room for output; grows where it is collected whole. */
struct filter_out {
	uint8_t *data;
	size_t n, cap;
};
void filter_out_free(struct filter_out *out);

struct filter_stream;
/* codec NULL: the driver's own. */
int32_t filter_open(struct instance *filter, uint32_t direction, const char *codec,
	uint64_t size_hint, unsigned threads, struct filter_stream **out, struct error *err);
/* NULL is allowed. */
void filter_close(struct filter_stream *s);

/* Takes all of the input and passes what comes out, in pieces of at most `room`, to emit(). */
int32_t filter_run(struct filter_stream *s, const void *data, size_t n, bool finish,
	struct filter_out *room, int32_t (*emit)(void *arg, const void *data, size_t n, struct error *err),
	void *arg, struct error *err);

/* One run() for who keeps the cursors: HF_OK, HF_END or an error. */
int32_t filter_step(struct filter_stream *s, hf_in *in, hf_out *out, bool finish, struct error *err);

/* Encodes a block as one stream, whole, into `out` (which grows as needed). */
int32_t filter_once(struct instance *filter, const void *data, size_t n, struct filter_out *out,
	struct error *err);

#endif
