/* SPDX-License-Identifier: MIT
 * A bounded channel of byte blocks between one producer and one consumer. Blocks belong to the channel and are filled
 * and read in place. */
#ifndef HF_PIPELINE_CHAN_H
#define HF_PIPELINE_CHAN_H

#include <stdbool.h>
#include "engine/util/error.h"

struct chan;

struct block {
	uint8_t *data;
	size_t n, cap;
};

int32_t chan_new(unsigned blocks, size_t size, struct chan **out, struct error *err);
/* Both sides have ended. NULL is allowed. */
void chan_free(struct chan *c);

/* Producer: a free block to fill, or NULL if the consumer has stopped. */
struct block *chan_room(struct chan *c);
/* Producer: passes on the block that chan_room() gave. */
void chan_push(struct chan *c);
/* Producer: the end. An error (taken over) reaches the consumer after the blocks before it. */
void chan_end(struct chan *c, struct error *err);

/* Consumer: the next block: HF_OK, HF_END or the producer's error. It stays until chan_pop(). */
int32_t chan_front(struct chan *c, struct block **block, struct error *err);
void chan_pop(struct chan *c);
/* Consumer: wants no more. */
void chan_stop(struct chan *c);

#endif
