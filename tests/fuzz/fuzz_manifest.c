/* SPDX-License-Identifier: MIT
 * Any bytes as a manifest, an owner.json and a record; as they are, and sealed as who forges
 * one would. What is taken must keep the manifest's promises and be written and read back the
 * same. */
#include "config.h"

#include <string.h>

#include "engine/store/layout.h"
#include "engine/store/manifest.h"
#include "engine/store/point.h"
#include "engine/store/seal.h"

#define JOB "job"
#define ID "20260116T020000Z-abcd"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* A message can be put on a terminal as it is. */
static void check_error(const struct error *err, int32_t status)
{
	autofree char *clean = NULL;

	must(err->status == status && err->message && *err->message);
	clean = printable(err->message);
	must(strcmp(clean, err->message) == 0);
}

static void check_entry(const struct manifest *m, const struct entry *e)
{
	uint64_t stored = 0;

	must(manifest_source_find(m, e->source) && *e->path && e->type && e->subject);
	must(strlen(e->plain_sha256) == 64 && strlen(e->stored_sha256) == 64);
	for (size_t i = 0; i < e->nparts; i++) {
		must(key_ok(e->parts[i].key) && strncmp(e->parts[i].key, JOB "/", 4) == 0);
		must(strlen(e->parts[i].sha256) == 64);
		stored += e->parts[i].size;
	}
	must(stored == e->stored_size);
	for (size_t i = 0; i < e->codecs.n; i++)
		must(strchr(e->codecs.v[i], '/') != NULL);
}

static void check_manifest(const struct manifest *m)
{
	struct buf text = {0}, again = {0};
	struct manifest *back = NULL;

	must(strcmp(m->job, JOB) == 0 && strcmp(m->id, ID) == 0 && m->nsources > 0);
	for (size_t i = 0; i < m->nentries; i++) {
		check_entry(m, &m->entries[i]);
		must(i == 0 || m->entries[i - 1].order <= m->entries[i].order);
	}
	manifest_write(m, &text);
	must(manifest_read(JOB, ID, text.data, text.len, &back, NULL) == HF_OK);
	manifest_write(back, &again);
	must(text.len == again.len && memcmp(text.data, again.data, text.len) == 0);
	manifest_free(back);
	buf_free(&text);
	buf_free(&again);
}

static void read_as_manifest(const char *data, size_t n)
{
	struct manifest *m = NULL;
	struct error err = {0};
	int32_t status = manifest_read(JOB, ID, data, n, &m, &err);

	if (status == HF_OK) {
		must(m && err.status == HF_OK);
		check_manifest(m);
	} else {
		must(!m && (status == HF_E_CORRUPT || status == HF_E_UNSUPPORTED));
		check_error(&err, status);
	}
	manifest_free(m);
	error_clear(&err);
}

static void read_as_documents(const char *data, size_t n)
{
	struct point p = {.job = xstrdup(JOB), .id = ID};
	struct error err = {0};
	int32_t status = owner_read(&p, data, n, &err);

	if (status == HF_OK)
		must(p.owner_host != NULL);
	else
		check_error(&err, status);
	error_clear(&err);
	p.records = xcalloc(1, sizeof(*p.records));
	p.nrecords = 1;
	record_read(&p, JOB "/" ID "/records/x.json", data, n, &p.records[0]);
	if (p.records[0].error.status == HF_OK)
		must(p.records[0].kind != NULL);
	else
		check_error(&p.records[0].error, p.records[0].error.status);
	records_judge(&p);
	point_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0};

	read_as_manifest((const char *)data, size);
	read_as_documents((const char *)data, size);
	buf_add(&text, data, size);
	seal_close(&text, 0);
	read_as_manifest(text.data, text.len);
	read_as_documents(text.data, text.len);
	buf_free(&text);
	return 0;
}
