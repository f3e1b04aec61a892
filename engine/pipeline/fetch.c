/* SPDX-License-Identifier: MIT
 * An entry's stored bytes. */
#include "config.h"

#include <string.h>

#include "engine/pipeline/fetch.h"
#include "engine/util/cancel.h"
#include "engine/util/digest.h"
#include "engine/util/retry.h"

struct fetch {
	struct instance *sink;
	const struct entry *entry;
	size_t part;
	uint64_t offset; /* in the part */
	struct sink_get *get;
	struct digest *part_digest, *whole_digest;
	struct retry retry;
	bool retrying;
};

struct fetch *fetch_new(struct instance *sink, const struct entry *entry, bool proven)
{
	struct fetch *f = xcalloc(1, sizeof *f);

	f->sink = sink;
	f->entry = entry;
	f->part_digest = proven ? NULL : digest_new();
	/* one part is the whole: no need to hash it twice */
	f->whole_digest = proven || entry->nparts == 1 ? NULL : digest_new();
	return f;
}

void fetch_free(struct fetch *f)
{
	if (!f)
		return;
	sink_get_free(f->get);
	digest_free(f->part_digest);
	digest_free(f->whole_digest);
	free(f);
}

static int32_t damaged(const struct fetch *f, struct error *err, const char *what)
{
	const char *key = f->part < f->entry->nparts ? f->entry->parts[f->part].key
						     : f->entry->path;

	error_set(err, HF_E_CORRUPT, "%s: %s is damaged: %s", f->sink->label, key, what);
	error_hint(err, "restore from another point or sink; `holdfast verify` finds what else is damaged");
	return HF_E_CORRUPT;
}

static int32_t end_part(struct fetch *f, struct error *err)
{
	const struct part *p = &f->entry->parts[f->part];
	char hex[DIGEST_HEX_SIZE];

	sink_get_free(f->get);
	f->get = NULL;
	if (f->part_digest) {
		digest_hex(f->part_digest, hex);
		if (strcmp(hex, p->sha256) != 0)
			return damaged(f, err, "its SHA-256 is not the one in the manifest");
	}
	f->part++;
	f->offset = 0;
	return HF_OK;
}

static int32_t end_all(struct fetch *f, struct error *err)
{
	char hex[DIGEST_HEX_SIZE];

	if (f->whole_digest) {
		digest_hex(f->whole_digest, hex);
		if (strcmp(hex, f->entry->stored_sha256) != 0)
			return damaged(f, err, "its parts do not make the whole");
	} else if (f->part_digest && strcmp(f->entry->parts[0].sha256, f->entry->stored_sha256) != 0) {
		return damaged(f, err, "the manifest contradicts itself");
	}
	return HF_END;
}

/* One read from the current part; opens it where needed. */
static int32_t read_once(struct fetch *f, void *buf, size_t cap, size_t *got, struct error *err)
{
	const struct part *p = &f->entry->parts[f->part];
	int32_t status = HF_OK;

	if (!f->get)
		status = sink_get_open(f->sink, p->key, f->offset, UINT64_MAX, &f->get, err);
	if (status == HF_E_NOT_FOUND)
		return damaged(f, err, "it is missing");
	if (status == HF_OK)
		status = sink_get_read(f->get, buf, cap, got, err);
	return status;
}

int32_t fetch_read(struct fetch *f, void *buf, size_t cap, size_t *got, struct error *err)
{
	while (f->part < f->entry->nparts) {
		const struct part *p = &f->entry->parts[f->part];
		int32_t status;

		if (cancelled())
			return error_set(err, HF_E_CANCELLED, "interrupted");
		status = read_once(f, buf, cap, got, err);
		if (status == HF_OK) {
			f->retrying = false;
			if (*got > p->size - f->offset)
				return damaged(f, err, "it is longer than it should be");
			f->offset += *got;
			if (f->part_digest)
				digest_update(f->part_digest, buf, *got);
			if (f->whole_digest)
				digest_update(f->whole_digest, buf, *got);
			return HF_OK;
		}
		if (status == HF_END) {
			if (f->offset != p->size)
				return damaged(f, err, "it is shorter than it should be");
			status = end_part(f, err);
			if (status != HF_OK)
				return status;
			continue;
		}
		if (!f->retrying)
			retry_begin(&f->retry);
		f->retrying = true;
		sink_get_free(f->get);
		f->get = NULL;
		if (!retry_again(&f->retry, status, err))
			return status;
	}
	return end_all(f, err);
}
