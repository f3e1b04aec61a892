/* SPDX-License-Identifier: MIT
 *
 * The restore of the files source, inside.
 *
 *   source_restore.c  the session: the target, what is wanted, reading the tar
 *   source_extract.c  turns one member into a file
 *   source_target.c   finds folders below the target, following no link, and
 *                     gives them their attributes when all is in them
 *   source_owner.c    who a member belongs to on this machine
 */
#ifndef FILES_RESTORE_H
#define FILES_RESTORE_H

#include <stdatomic.h>

#include "source.h"

/* --- source_owner.c ------------------------------------------------------ */

/* Numbers for the names of users and groups, looked up once each. */
struct owners {
	struct owner_slot {
		char name[64]; /* "": free */
		uint32_t id;   /* OWNER_UNKNOWN: this machine has none */
	} user[64], group[64];
};

/* By name where this machine knows it and `numeric` is false, else by number. */
uid_t owner_user(struct owners *o, struct archive_entry *entry, bool numeric);
gid_t owner_group(struct owners *o, struct archive_entry *entry, bool numeric);

/* --- source_target.c ----------------------------------------------------- */

/* What a folder gets when all is in it. */
struct folder_fix {
	char *name;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec times[2];
	struct archive_entry *more; /* with ACLs or attributes, or NULL */
	bool made; /* by us: it may have an ACL from its folder */
};

/* The folder below which an entry is restored. */
struct target {
	int root;
	char *parent; /* name of the folder that was open last, and its fd */
	int parent_fd;
	struct folder_fix *fixes;
	size_t count, room;
};

void target_init(struct target *t, int root);
void target_free(struct target *t);
/* The folder that holds `name` (clean, relative), made where it is missing, and
 * the last component. The descriptor stays the target's. */
int32_t target_parent(hf_ctx *ctx, struct target *t, const char *name,
                      int *dir, const char **leaf);
/* Forgets the open folder: something was put in the place of one. */
void target_forget(struct target *t);
/* Opens the folder `name` itself for work on it. -1 with errno. */
int target_open(const struct target *t, const char *name);

/* --- source_restore.c ---------------------------------------------------- */

struct restore_only {
	struct pattern pattern;
	const char *path; /* without / at its begin */
	atomic_bool hit;
};

struct restore {
	const struct source *src;
	char *into;      /* or NULL: where it was */
	bool force, dry_run;
	/* What is in the way may be replaced: it was asked for, or nothing was
	 * there, so that it is this restore's own (a path below another path
	 * is in the entries of both). */
	bool replace;
	bool owner, numeric;
	struct restore_only *only;
	size_t only_count;
	atomic_bool told_owner, told_setid;
};

/* One entry being restored. */
struct extract {
	hf_ctx *ctx;
	struct restore *r;
	struct target target;
	struct archive *tar;
	struct archive_entry *entry;
	hf_reader *in;
	uint64_t held;    /* bytes peeked at and not yet consumed */
	int64_t given;    /* bytes given to libarchive so far */
	int32_t status;   /* what the host's reader said */
	const char *strip; /* prefix of members that is not below the target's root */
	const char *below; /* members are this or below it */
	struct owners owners;
	struct counts count;
};

/* HF_E_CORRUPT, naming the member. */
int32_t extract_hostile(struct extract *x, const char *name, const char *why);
int32_t extract_tar_error(struct extract *x, const char *name);
/* Does what is asked for include this member? */
bool extract_wanted(const struct extract *x, const char *name);
/* Why something cannot be done to a file below the target. */
int32_t extract_failed(struct extract *x, const char *what, const char *name,
                       int err);

/* --- source_extract.c ---------------------------------------------------- */

/* Restores x->entry as `name`, relative to the target's root and clean.
 * `above`: only a folder on the way to what is wanted. */
int32_t extract_member(struct extract *x, const char *name, bool above);
/* The folders' attributes, innermost first. */
int32_t extract_folders(struct extract *x);
/* A clean relative name from one in the tar; malloc()ed. NULL: not a name that
 * stays below the target, with the error set. "" for the root itself. */
char *extract_name(struct extract *x, const char *name);

#endif
