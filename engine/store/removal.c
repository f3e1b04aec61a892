/* SPDX-License-Identifier: MIT
 * Taking a point out of a sink. A point whose data goes must not look like one any more, and
 * what is left of one must still tell whose it was: the manifest goes first, owner.json last. */
#include "config.h"

#include <string.h>

#include "engine/store/layout.h"
#include "engine/store/removal.h"
#include "engine/util/cancel.h"

#define BATCH 1000 /* keys in one call: between two of them a run can be stopped */

static int32_t remove_one(struct instance *sink, const char *key, struct error *err)
{
	struct strv keys = {0};
	int32_t status;

	strv_add(&keys, key);
	status = sink_remove(sink, &keys, NULL, err);
	strv_free(&keys);
	return status;
}

static int32_t remove_batches(
    struct instance *sink, const struct objects *found, const char *owner, struct error *err)
{
	size_t i = 0;

	while (i < found->n) {
		struct strv keys = {0};
		int32_t status;

		if (cancelled())
			return error_set(err, HF_E_CANCELLED, "stopped while objects were removed");
		for (; i < found->n && keys.n < BATCH; i++)
			if (!found->v[i].prefix && strcmp(found->v[i].key, owner) != 0)
				strv_add(&keys, found->v[i].key);
		status = keys.n ? sink_remove(sink, &keys, NULL, err) : HF_OK;
		strv_free(&keys);
		if (status != HF_OK)
			return status;
	}
	return HF_OK;
}

int32_t point_remove_unpublished(
    struct instance *sink, const char *job, const char *id, struct error *err)
{
	autofree char *prefix = key_point(job, id);
	autofree char *manifest = key_manifest(job, id);
	autofree char *owner = key_owner(job, id);
	struct objects found;
	bool owned = false;
	int32_t status = sink_list(sink, prefix, 0, &found, err);

	if (status != HF_OK)
		return status;
	for (size_t i = 0; i < found.n && status == HF_OK; i++) {
		if (strcmp(found.v[i].key, manifest) == 0)
			status = error_set(err, HF_E_EXISTS, "point %s is published", id);
		owned = owned || strcmp(found.v[i].key, owner) == 0;
	}
	if (status == HF_OK)
		status = remove_batches(sink, &found, owner, err);
	if (status == HF_OK && owned)
		status = remove_one(sink, owner, err);
	objects_free(&found);
	return status;
}

int32_t point_remove(
    struct instance *sink, const char *job, const char *id, bool *gone, struct error *err)
{
	autofree char *manifest = key_manifest(job, id);
	int32_t status = remove_one(sink, manifest, err);

	if (status != HF_OK)
		return status;
	*gone = true;
	status = sink_flush(sink, err);
	if (status != HF_OK)
		return status;
	return point_remove_unpublished(sink, job, id, err);
}
