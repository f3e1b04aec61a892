/* SPDX-License-Identifier: MIT
 *
 * The source of the files plugin, inside: what its files tell each other.
 *
 *   source.c          options, the instance, begin and end, the driver's table
 *   source_paths.c    configured paths and patterns, names of entries
 *   source_match.c    patterns with ** for `exclude` and --only
 *   source_dump.c     opens and closes the tar of an entry
 *   source_walk.c     walks a tree by descriptors, in the order of names
 *   source_member.c   turns one file into a member of the tar
 *   source_links.c    hard links seen before
 *   source_data.c     the bytes of a regular file, without its holes
 *   source_attrs.c    ACLs, extended attributes, names of users and groups
 *   source_restore.c  which entries and members are wanted, reading the tar
 *   source_extract.c  turns one member into a file
 *   source_target.c   finds folders below the target, following no link
 */
#ifndef FILES_SOURCE_H
#define FILES_SOURCE_H

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stddef.h>
#include <locale.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "files.h"

/* --- source_match.c ---------------------------------------------------- */

/* A compiled pattern: its components, `**` standing for any number of them. */
struct pattern {
	const char *text; /* as written; the caller's */
	char *parts;      /* the components, each ended by NUL */
	char **part;
	size_t count;
	bool anywhere; /* matched against the last component only */
	bool folders;  /* written with / at its end: matches folders only */
};

bool pattern_magic(const char *text);
/* false: no memory. `only` is for --only, where a plain name without a slash
 * is a path, not a name at any depth. */
bool pattern_compile(struct pattern *p, const char *text, bool only);
void pattern_free(struct pattern *p);
/* Does it match this path (no / at its begin)? */
bool pattern_matches(const struct pattern *p, const char *path, bool folder);
/* Does it match this path or a folder above it? */
bool pattern_covers(const struct pattern *p, const char *path);
/* Is a equal to b or a folder above it? Both without / at begin and end. */
bool path_covers(const char *a, const char *b);

/* --- source.c ---------------------------------------------------------- */

/* A configured path. */
struct source_path {
	char *subject; /* as written, which --only names */
	char *path;    /* absolute, clean, no / at its end (but "/") */
	bool magic;    /* has wildcards */
	bool slash;    /* was written with / at its end: follow a link */
};

struct source {
	struct source_path *paths;
	size_t path_count;
	struct pattern *excludes;
	size_t exclude_count;
	bool exclude_caches;
	bool one_file_system;
	bool missing_warn;
	bool unreadable_warn;
	bool xattrs;
	locale_t utf8; /* for names in the tar; 0: there is none */
	locale_t plain; /* where names are bytes: libarchive composes UTF-8
	                 * names that it reads under a UTF-8 locale */
};

bool source_excluded(const struct source *src, const char *path, bool folder);

/* --- source_paths.c ---------------------------------------------------- */

/* What a configured path stands for at this moment. */
struct roots {
	char **path; /* absolute, sorted */
	size_t count;
};

int32_t source_path_read(hf_ctx *ctx, const char *text,
                         struct source_path *out);
void source_path_free(struct source_path *path);
int32_t roots_find(hf_ctx *ctx, const struct source *src,
                   const struct source_path *path, struct roots *out);
void roots_free(struct roots *roots);
/* The entry's name for a path: "srv/app.tar". malloc()ed, or NULL. */
char *entry_name(const char *path, unsigned attempt);

/* --- source_attrs.c ---------------------------------------------------- */

/* Names of users and groups, looked up once each. */
struct names {
	struct name_slot {
		uint32_t id;
		bool used;
		char text[64];
	} slot[128];
};

const char *names_user(struct names *names, uid_t uid);
const char *names_group(struct names *names, gid_t gid);

/* Where a file's attributes are: by its descriptor, or below a folder's (for
 * what can't be opened without harm: links, pipes, devices). */
struct place {
	int fd;           /* -1: by name */
	int dir;
	const char *name;
};

/* Adds ACLs and extended attributes to the member. 0 or an errno. */
int attrs_read(const struct place *at, struct archive_entry *entry,
               struct names *users, struct names *groups);
/* Sets the extended attributes of the member. Returns an errno of the first
 * that failed and its name in *which. */
int attrs_write(const struct place *at, struct archive_entry *entry,
                const char **which);
/* Sets or removes the ACLs. 0 or an errno. `inherited`: the file may have got
 * one from its folder. */
int acls_write(const struct place *at, struct archive_entry *entry,
               bool folder, bool inherited);

/* --- the dump ---------------------------------------------------------- */

struct link_table {
	struct link **bucket;
	size_t buckets;
	size_t count;
};

struct counts {
	int64_t files, directories, symlinks, hardlinks, others, bytes;
	int64_t changed, vanished, unreadable, excluded, sockets, elsewhere;
};

/* A path that grows and shrinks at its end. */
struct path_buffer {
	char *s;
	size_t length;
	size_t room;
};

bool path_append(struct path_buffer *p, const char *name);
void path_cut(struct path_buffer *p, size_t length);

struct dump {
	hf_ctx *ctx;
	const struct source *src;
	hf_writer *out;
	struct archive *tar;
	struct archive_entry *entry;
	char *buffer;
	struct path_buffer path; /* of the member, no / at its begin */
	struct link_table links;
	struct names users, groups;
	struct counts count;
	dev_t device;       /* of the root being walked */
	int32_t status;     /* what the host's writer said */
	bool survey;        /* write nothing more, only look what is readable */
	int first_errno;    /* of what could not be read first */
	char *first_unreadable;
};

#define DUMP_BUFFER (256u << 10)

/* What to do with a member after it was looked at. */
struct visit {
	int fd;         /* a folder to descend into, or -1 */
	struct stat st; /* of the folder */
};

/* source_dump.c */
int32_t dump_roots(hf_ctx *ctx, const struct source *src,
                   const struct roots *roots, bool follow, hf_writer *out);
/* Only looks what is readable. */
int32_t dump_survey(hf_ctx *ctx, const struct source *src,
                    const struct roots *roots, bool follow);
/* source_walk.c */
int32_t walk_root(struct dump *d, const char *root, bool follow);
/* source_member.c */
int32_t member_visit(struct dump *d, int dir, const char *name,
                     unsigned char type, bool is_root, bool follow,
                     struct visit *out);
int32_t member_unreadable(struct dump *d, const char *what, int err);
int32_t member_archive_error(struct dump *d);
/* Counts a warning; true while there are few enough to show. */
bool member_may_warn(struct dump *d, int64_t *count, const char *what);
int32_t member_vanished(struct dump *d, bool is_root);
/* source_links.c */
/* The name it was stored under first, or NULL. */
const char *link_find(struct link_table *t, const struct stat *st);
/* One more name of what link_find() found was stored. */
void link_used(struct link_table *t, const struct stat *st);
bool link_add(struct link_table *t, const struct stat *st, const char *path);
void links_free(struct link_table *t);
/* source_data.c */
void data_map(struct dump *d, int fd, const struct stat *st);
int32_t data_write(struct dump *d, int fd, const struct stat *st);

/* --- the restore ------------------------------------------------------- */

extern const hf_option source_restore_options[];
int32_t source_restore_begin(hf_ctx *ctx, void *self, const hf_restore *in,
                             void **session);
int32_t source_wants(hf_ctx *ctx, void *session, const hf_entry *entry);
int32_t source_restore_prepare(hf_ctx *ctx, void *session);
int32_t source_restore(hf_ctx *ctx, void *session, const hf_entry *entry,
                       hf_reader *in);
int32_t source_restore_end(hf_ctx *ctx, void *session, int32_t outcome);

#endif
