/* SPDX-License-Identifier: MIT
 * A bounded channel of byte blocks. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "engine/pipeline/chan.h"
#include "engine/util/mem.h"

struct chan {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct block *blocks;
	unsigned size, head, tail; /* head - tail blocks are on their way */
	bool ended, stopped;
	struct error error;
};

int32_t chan_new(unsigned blocks, size_t size, struct chan **out, struct error *err)
{
	struct chan *c = xcalloc(1, sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	c->blocks = xcalloc(blocks, sizeof *c->blocks);
	c->size = blocks;
	for (unsigned i = 0; i < blocks; i++) {
		c->blocks[i] = (struct block){.data = malloc(size), .cap = size};
		if (!c->blocks[i].data) {
			chan_free(c);
			return error_set(err, HF_E_FAILED, "out of memory for the lane's buffers");
		}
	}
	*out = c;
	return HF_OK;
}

void chan_free(struct chan *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->size; i++)
		free(c->blocks[i].data);
	free(c->blocks);
	error_clear(&c->error);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->changed);
	free(c);
}

struct block *chan_room(struct chan *c)
{
	struct block *b = NULL;

	pthread_mutex_lock(&c->lock);
	while (c->head - c->tail == c->size && !c->stopped)
		pthread_cond_wait(&c->changed, &c->lock);
	if (!c->stopped) {
		b = &c->blocks[c->head % c->size];
		b->n = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return b;
}

static void change(struct chan *c, unsigned *counter, bool *flag)
{
	pthread_mutex_lock(&c->lock);
	if (counter)
		++*counter;
	if (flag)
		*flag = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

void chan_push(struct chan *c)
{
	change(c, &c->head, NULL);
}

void chan_end(struct chan *c, struct error *err)
{
	pthread_mutex_lock(&c->lock);
	error_keep_first(&c->error, err);
	c->ended = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

int32_t chan_front(struct chan *c, struct block **block, struct error *err)
{
	int32_t status = HF_OK;

	pthread_mutex_lock(&c->lock);
	while (c->head == c->tail && !c->ended)
		pthread_cond_wait(&c->changed, &c->lock);
	if (c->head != c->tail)
		*block = &c->blocks[c->tail % c->size];
	else if (c->error.status != HF_OK)
		status = error_keep_first(err, &c->error);
	else
		status = HF_END;
	pthread_mutex_unlock(&c->lock);
	return status;
}

void chan_pop(struct chan *c)
{
	change(c, &c->tail, NULL);
}

void chan_stop(struct chan *c)
{
	change(c, NULL, &c->stopped);
}
