/* SPDX-License-Identifier: MIT
 *
 * What the tests of the files source share: folders to back up and to restore into, a host that
 * keeps what is dumped, and tars made by hand.
 */
#ifndef HF_TEST_FILES_SOURCE_H
#define HF_TEST_FILES_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock_host.h"

struct bytes {
	unsigned char *data;
	size_t size, room;
};

void bytes_add(struct bytes *b, const void *data, size_t size);
void bytes_free(struct bytes *b);

struct hf_writer {
	struct bytes got;
	unsigned calls;
	unsigned fail_at;  /* the call that fails, from 1; 0: none */
	int32_t fail_with;
	/* before each write, if set */
	void (*before)(struct hf_writer *out);
	void *arg;
};

struct hf_reader {
	const struct bytes *from;
	size_t at;
	size_t step;       /* no more at once, 0: all */
	size_t fail_after; /* bytes; SIZE_MAX: never */
	bool fail_consume;
	int32_t fail_with;
};

#define WORLD_ENTRIES 8

struct world {
	hf_ctx ctx; /* first: the host finds the rest by it */
	char root[64], in[80], out[80], beside[80];
	const hf_driver *driver;
	const hf_source_ops *ops;
	char *values[33];
	size_t value_count;
	struct {
		char path[256], subject[256];
		uint64_t id;
	} entry[WORLD_ENTRIES];
	size_t entries;
	struct {
		char name[32];
		int64_t value;
	} fact[16];
	size_t facts;
	int32_t entry_fails, fact_fails; /* what these calls return, 0 to keep it */
};

/* For cmocka. */
int world_setup(void **state);
int world_teardown(void **state);

/* An option of the source; the formatted value is kept. */
void world_option(struct world *w, const char *name, const char *fmt, ...) HF_PRINTF(3, 4);
void world_options_clear(struct world *w);

/* open, begin, dump of every entry in turn, end, close. The first error. */
int32_t world_backup(struct world *w, struct hf_writer *out);
int32_t world_backup_into(struct world *w, struct bytes *tar);
/* Only open, begin, end, close. */
int32_t world_begin(struct world *w);
/* -1: there is no such fact. */
int64_t world_fact(const struct world *w, const char *name);

struct restoring {
	const char *into; /* NULL: w->out */
	const char *subject; /* NULL: w->in */
	uint32_t flags;
	const char *only[4];
	const char *owner; /* "auto" unless given */
	struct hf_reader in; /* `from` is set */
};

#define RESTORING { .in = { .fail_after = SIZE_MAX } }

/* restore_begin, wants, prepare, restore, end. The first error. */
int32_t world_restore(struct world *w, const struct bytes *tar, struct restoring how);

/* root/NAME, in turn one of a few buffers. */
const char *world_at(const struct world *w, const char *name);
void world_file(const struct world *w, const char *name, const char *text);
void world_folder(const struct world *w, const char *name);
bool world_has(const struct world *w, const char *name);
/* Does the file hold exactly that? */
bool world_holds(const struct world *w, const char *name, const char *text);
/* Everything below root/NAME: names, kinds, modes, owners, mtimes, contents. malloc()ed. */
char *world_picture(const struct world *w, const char *name);
void world_empty(const struct world *w, const char *name);

/* How many descriptors this process has open. */
int open_descriptors(void);

/* Runs it in a process of user 65534; true if it returned true. */
bool as_nobody(struct world *w, bool (*run)(struct world *));

/* The members' names without `prefix`, each followed by a space; folders with / at their end.
 * malloc()ed; NULL: it is no whole tar. */
char *tar_names(const struct bytes *tar, const char *prefix);
void tar_add(struct bytes *tar, const char *name, char type, const char *link, unsigned mode,
    const char *text);
void tar_end(struct bytes *tar);

#endif /* HF_TEST_FILES_SOURCE_H */
