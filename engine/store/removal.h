/* SPDX-License-Identifier: MIT
 * Taking a point out of a sink, in an order that is right wherever it stops. */
#ifndef HF_STORE_REMOVAL_H
#define HF_STORE_REMOVAL_H

#include "engine/driver/sink.h"

/* Removes the manifest: from then on there is no point, and *gone is set. Once that is durable,
 * what else is below the point's prefix, owner.json last. */
int32_t point_remove(
    struct instance *sink, const char *job, const char *id, bool *gone, struct error *err);
/* The same for a point without a manifest; HF_E_EXISTS, and nothing is removed, if it has one. */
int32_t point_remove_unpublished(
    struct instance *sink, const char *job, const char *id, struct error *err);

#endif
