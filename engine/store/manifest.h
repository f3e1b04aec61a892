/* SPDX-License-Identifier: MIT
 * The manifest: what a point holds. Its JSON is described in holdfast-manifest(5). */
#ifndef HF_STORE_MANIFEST_H
#define HF_STORE_MANIFEST_H

#include <stdbool.h>
#include "engine/util/error.h"
#include "engine/util/mem.h"

#define MANIFEST_FORMAT 1
#define MANIFEST_SIZE_MAX ((size_t)1 << 30) /* bytes of JSON that are read */

struct fact {
	char *name;
	char *text; /* NULL: a number */
	int64_t number;
};
struct facts {
	struct fact *v;
	size_t n;
};
/* Sets or replaces. text NULL: a number. */
void facts_set(struct facts *f, const char *name, const char *text, int64_t number);
const struct fact *facts_get(const struct facts *f, const char *name);
void facts_free(struct facts *f);

struct part {
	char *key; /* whole key in the sink */
	uint64_t size;
	char sha256[65];
};

struct entry {
	char *source; /* section name */
	char *path, *type, *subject;
	char *attrs; /* a JSON object's text or NULL */
	int64_t order;
	uint32_t flags;
	struct strv codecs; /* in the order of encoding; empty: stored as it is */
	uint64_t plain_size, stored_size;
	char plain_sha256[65], stored_sha256[65];
	struct part *parts;
	size_t nparts;
	struct facts facts;
	struct strv warnings;
};

struct manifest_source {
	char *name, *driver, *plugin_version;
	char *server; /* or NULL */
	void *mark;   /* or NULL */
	size_t mark_size;
	bool continues; /* incremental on the point's parent */
	struct facts facts;
	struct strv warnings;
};

struct manifest {
	char *job, *id, *host, *version; /* version: of holdfast */
	char *parent;                    /* point id or NULL */
	int64_t begin_ns, end_ns;
	struct manifest_source *sources;
	size_t nsources;
	struct entry *entries; /* in restore order: order, then as listed */
	size_t nentries;
	uint64_t plain_size, stored_size; /* sums over the entries */
};

struct manifest *manifest_new(void);
void manifest_free(struct manifest *m);
void entry_free_members(struct entry *e);
/* As drivers see it; points into `e`. size_hint is the plain size. */
hf_entry entry_public(const struct entry *e);
/* Sorts the entries by order (stable) and sets the sums. */
void manifest_finish(struct manifest *m);
/* Is the text a JSON object of 64 KiB at most, as hf_entry.attrs has to be? HF_E_CORRUPT if
 * not. */
int32_t attrs_check(const char *attrs, struct error *err);
/* Sealed JSON text. It can be read back if the manifest is sane; point_publish() tries that. */
void manifest_write(const struct manifest *m, struct buf *out);
/* Reads hostile text. `job` and `id` are where it was found: one that names another point is
 * HF_E_CORRUPT, and so are keys outside "<job>/<id>/" (unless of the job's other points), keys
 * or paths given twice, sizes that do not add up, bad digests, unsafe names. A newer format is
 * HF_E_UNSUPPORTED. Members that are not known are passed over; copy the text, not the struct,
 * to keep them. */
int32_t manifest_read(const char *job, const char *id, const char *data, size_t n,
    struct manifest **out, struct error *err);
const struct manifest_source *manifest_source_find(const struct manifest *m, const char *name);

#endif
