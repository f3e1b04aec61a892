/* SPDX-License-Identifier: MIT
 * What is behind the host's opaque handles: each is a small table of functions that the part of the engine
 * which makes the handle fills in. So drivers/ needs to know nothing of the pipeline or the store. */
#ifndef HF_DRIVER_HOST_H
#define HF_DRIVER_HOST_H

#include "engine/driver/instance.h"

struct hf_writer {
	int32_t (*write)(struct hf_writer *w, const void *data, uint64_t size);
	int32_t (*reserve)(struct hf_writer *w, void **data, uint64_t *room);
	int32_t (*advance)(struct hf_writer *w, uint64_t size);
};

struct hf_reader {
	int32_t (*peek)(struct hf_reader *r, const void **data, uint64_t *size);
	int32_t (*consume)(struct hf_reader *r, uint64_t size);
};

struct hf_list {
	int32_t (*add)(struct hf_list *l, const hf_object *object);
};

struct hf_removal {
	void (*stays)(struct hf_removal *r, uint64_t index, int32_t status, const char *message);
};

struct hf_catalogue {
	const char *sink_name;
	uint64_t count;
	const hf_point *(*point)(struct hf_catalogue *c, uint64_t index);
	const hf_entry *(*entry)(struct hf_catalogue *c, uint64_t index, uint64_t entry);
	int32_t (*verify)(struct hf_catalogue *c, uint64_t index, uint32_t level,
		const uint64_t *entries, uint64_t count, struct error *err);
	void (*verdict)(struct hf_catalogue *c, uint64_t index, bool keep, const char *reason);
};

#endif
