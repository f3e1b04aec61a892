/* SPDX-License-Identifier: MIT
 * The compressors that a point's codecs need. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/decode.h"

struct codec {
	char *name;
	struct instance *instance;
};

struct codecs {
	pthread_mutex_t lock;
	char *job;
	struct codec *v;
	size_t n;
};

struct codecs *codecs_new(const char *job)
{
	struct codecs *c = xcalloc(1, sizeof *c);

	pthread_mutex_init(&c->lock, NULL);
	c->job = xstrdup(job);
	return c;
}

void codecs_free(struct codecs *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		instance_close(c->v[i].instance);
		free(c->v[i].name);
	}
	free(c->v);
	free(c->job);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static int32_t open_codec(struct codecs *c, const char *codec, struct instance **out,
	struct error *err)
{
	struct driver *driver;
	int32_t status = driver_find_codec(codec, &driver, err);

	if (status == HF_OK)
		status = instance_open_default(driver, c->job, out, err);
	if (status != HF_OK)
		return status;
	c->v = xreallocn(c->v, c->n + 1, sizeof *c->v);
	c->v[c->n++] = (struct codec){xstrdup(codec), *out};
	return HF_OK;
}

int32_t codecs_get(struct codecs *c, const char *codec, struct instance **out, struct error *err)
{
	int32_t status = HF_OK;

	*out = NULL;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n && !*out; i++)
		if (strcmp(c->v[i].name, codec) == 0)
			*out = c->v[i].instance;
	if (!*out)
		status = open_codec(c, codec, out, err);
	pthread_mutex_unlock(&c->lock);
	return status;
}

int32_t codecs_check(struct codecs *c, const struct entry *e, struct error *err)
{
	struct instance *unused;

	for (size_t i = 0; i < e->codecs.n; i++) {
		int32_t status = codecs_get(c, e->codecs.v[i], &unused, err);

		if (status != HF_OK)
			return status;
	}
	return HF_OK;
}
