/* SPDX-License-Identifier: MIT
 *
 * The restore: what it may do to the target, which members are wanted, and the
 * reading of the tar.
 */
#include "config.h"

#include "restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* two blocks of zeros */
#define END_OF_TAR 1024

const hf_option source_restore_options[] = {
	{ .name = "owner",
	  .type = HF_OPT_CHOICE,
	  .default_value = "auto",
	  .choices = "auto|yes|no",
	  .help = "give files back to their owners; auto: if run as root" },
	{ .name = "numeric_owner",
	  .type = HF_OPT_BOOL,
	  .default_value = "no",
	  .help = "owners by number, also where this machine knows the name" },
	{ .name = NULL },
};

/* --- errors -------------------------------------------------------------- */

int32_t extract_hostile(struct extract *x, const char *name, const char *why)
{
	files_host->fail(x->ctx, HF_E_CORRUPT, "member %s of the tar is refused: "
	                 "%s", files_quote(name).s, why);
	files_host->hint(x->ctx, "this was not written by holdfast; look at it "
	                 "with holdfast cat ... | tar -tv");
	return HF_E_CORRUPT;
}

int32_t extract_tar_error(struct extract *x, const char *name)
{
	const char *why = archive_error_string(x->tar);

	if (x->status != HF_OK)
		return x->status;
	return files_host->fail(x->ctx, HF_E_CORRUPT, "the tar is damaged%s%s: %s",
	                        name != NULL ? " at " : "",
	                        name != NULL ? files_quote(name).s : "",
	                        why != NULL ? why : "unknown error");
}

int32_t extract_failed(struct extract *x, const char *what, const char *name,
                       int err)
{
	return files_host->fail(x->ctx, files_status(err), "cannot %s %s: %s",
	                        what, files_quote(name).s, files_error(err).s);
}

/* --- the session --------------------------------------------------------- */

static void restore_free(struct restore *r)
{
	for (size_t i = 0; i < r->only_count; i++)
		pattern_free(&r->only[i].pattern);
	free(r->only);
	free(r->into);
	free(r);
}

/* Holds the folder anything? 1, 0, or -1 with errno. */
static int folder_used(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int used = 0, err;

	if (dir == NULL)
		return -1;
	for (errno = 0; used == 0 && (e = readdir(dir)) != NULL; errno = 0)
		used = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	err = errno;
	closedir(dir);
	errno = err;
	return used == 0 && err != 0 ? -1 : used;
}

static int32_t check_into(hf_ctx *ctx, const struct restore *r)
{
	const int used = folder_used(r->into);

	if (used == 0 || (used < 0 && errno == ENOENT))
		return HF_OK;
	if (used < 0 && errno == ENOTDIR)
		return files_host->fail(ctx, HF_E_CONFIG, "%s is not a folder",
		                        files_quote(r->into).s);
	if (used < 0)
		return files_host->fail(ctx, files_status(errno),
		                        "cannot look into %s: %s",
		                        files_quote(r->into).s,
		                        files_error(errno).s);
	if (r->force)
		return HF_OK;
	files_host->fail(ctx, HF_E_EXISTS, "the folder %s is not empty",
	                 files_quote(r->into).s);
	files_host->hint(ctx, "restore into another folder, or say --force: then "
	                 "files of the same name are replaced and all others stay");
	return HF_E_EXISTS;
}

static int32_t read_only(hf_ctx *ctx, struct restore *r, const hf_restore *in)
{
	r->only = calloc(in->only_count + 1, sizeof(*r->only));
	if (r->only == NULL)
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	for (uint64_t i = 0; i < in->only_count; i++) {
		const char *text = in->only[i];

		if (text[strspn(text, "/")] == '\0')
			return files_host->fail(ctx, HF_E_CONFIG,
			                        "--only %s means everything: "
			                        "leave it out", text);
		if (!pattern_compile(&r->only[i].pattern, text, true))
			return files_host->fail(ctx, HF_E_FAILED,
			                        "out of memory");
		r->only[i].path = text + strspn(text, "/");
		r->only_count++;
	}
	return HF_OK;
}

int32_t source_restore_begin(hf_ctx *ctx, void *self, const hf_restore *in,
                             void **session)
{
	struct restore *r = calloc(1, sizeof(*r));
	const int64_t owner = files_host->opt_int(in->options, "owner", 0);
	int32_t status;

	if (r == NULL)
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	r->src = self;
	r->force = in->flags & HF_RESTORE_FORCE;
	r->dry_run = in->flags & HF_RESTORE_DRY_RUN;
	r->owner = owner == 1 || (owner == 0 && geteuid() == 0);
	r->numeric = files_host->opt_int(in->options, "numeric_owner", 0);
	status = read_only(ctx, r, in);
	/* of wildcards nobody knows yet what they would replace */
	r->replace = true;
	for (size_t i = 0; i < r->only_count; i++)
		if (in->into == NULL && pattern_magic(r->only[i].path))
			r->replace = r->force;
	if (status == HF_OK && in->into != NULL) {
		r->into = strdup(in->into);
		status = r->into != NULL ?
		                 check_into(ctx, r) :
		                 files_host->fail(ctx, HF_E_FAILED, "out of memory");
	}
	if (status != HF_OK) {
		restore_free(r);
		return status;
	}
	*session = r;
	return HF_OK;
}

/* --- which entries ------------------------------------------------------- */

/* An entry of a pattern, or an --only with wildcards, is read to find out. */
static bool only_touches(const struct restore_only *only,
                         const struct source_path *path)
{
	const char *subject = path->path + strspn(path->path, "/");
	char plain[4096];
	size_t n = strlen(only->path);

	if (path->magic || pattern_magic(only->path))
		return true;
	while (n > 0 && only->path[n - 1] == '/')
		n--;
	if (n >= sizeof(plain))
		return true;
	memcpy(plain, only->path, n);
	plain[n] = '\0';
	return path_covers(subject, plain) || path_covers(plain, subject);
}

static int32_t exists(hf_ctx *ctx, const char *path)
{
	files_host->fail(ctx, HF_E_EXISTS, "%s exists", files_quote(path).s);
	files_host->hint(ctx, "restore into another folder with --into, or say "
	                 "--force: then files of the same name are replaced and "
	                 "all others stay");
	return HF_E_EXISTS;
}

/* What an --only names must not be there; wildcards are found out later. */
static int32_t check_only(hf_ctx *ctx, const char *text)
{
	const char *name = text + strspn(text, "/");
	size_t length = strlen(name), room = length + 2;
	char *path = malloc(room);
	struct stat st;
	int err;

	if (path == NULL)
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	/* with / at its end, a file would look like a missing folder */
	while (length > 0 && name[length - 1] == '/')
		length--;
	snprintf(path, room, "/%.*s", (int)length, name);
	err = lstat(path, &st) == 0 ? 0 : errno;
	free(path);
	if (err == 0)
		return exists(ctx, text);
	if (err == ENOENT || err == ENOTDIR)
		return HF_OK;
	return files_host->fail(ctx, files_status(err), "cannot look for %s: %s",
	                        files_quote(text).s, files_error(err).s);
}

/* Restored where it was: what is named must not be there. */
static int32_t check_in_place(hf_ctx *ctx, const struct restore *r,
                              const struct source_path *path)
{
	struct roots roots;
	int32_t status;

	for (size_t i = 0; i < r->only_count; i++) {
		status = check_only(ctx, r->only[i].pattern.text);
		if (status != HF_OK)
			return status;
	}
	if (r->only_count > 0)
		return HF_OK;
	status = roots_find(ctx, r->src, path, &roots);
	if (status == HF_OK && roots.count > 0)
		status = exists(ctx, roots.path[0]);
	roots_free(&roots);
	return status;
}

int32_t source_wants(hf_ctx *ctx, void *session, const hf_entry *entry)
{
	const struct restore *r = session;
	bool wanted = r->only_count == 0;
	struct source_path path;
	int32_t status;

	if (strcmp(entry->type, "tar/1") != 0)
		return files_host->fail(ctx, HF_E_UNSUPPORTED,
		                        "entry %s is of type %s, not tar/1",
		                        files_quote(entry->path).s,
		                        files_quote(entry->type).s);
	status = source_path_read(ctx, entry->subject, &path);
	if (status != HF_OK)
		return status;
	for (size_t i = 0; i < r->only_count && !wanted; i++)
		wanted = only_touches(&r->only[i], &path);
	if (wanted && r->into == NULL && !r->force)
		status = check_in_place(ctx, r, &path);
	source_path_free(&path);
	return status == HF_OK && !wanted ? HF_SKIP : status;
}

/* --- the target ---------------------------------------------------------- */

/* Makes the folders of a path that is the admin's own: links are followed. */
static int32_t make_folders(hf_ctx *ctx, const char *path, mode_t mode)
{
	char *copy = strdup(path);
	int err = copy == NULL ? ENOMEM : 0;

	for (char *s = copy; err == 0 && s != NULL;) {
		s = strchr(s + 1, '/');
		if (s != NULL)
			*s = '\0';
		/* the process has a mask of its own */
		if (mkdir(copy, mode) == 0)
			err = chmod(copy, mode) == 0 ? 0 : errno;
		else if (errno != EEXIST)
			err = errno;
		if (s != NULL)
			*s = '/';
	}
	free(copy);
	if (err == 0)
		return HF_OK;
	return files_host->fail(ctx, files_status(err),
	                        "cannot make the folder %s: %s",
	                        files_quote(path).s, files_error(err).s);
}

int32_t source_restore_prepare(hf_ctx *ctx, void *session)
{
	struct restore *r = session;

	if (!r->owner && geteuid() != 0 &&
	    !atomic_exchange(&r->told_owner, true))
		files_host->warn(ctx, "not root: restored files belong to user %u",
		                 (unsigned)geteuid());
	return r->into != NULL ? make_folders(ctx, r->into, 0700) : HF_OK;
}

/* The folder that stays the admin's when a path goes back to where it was: the
 * one above it, or above the first wildcard. Returns its length. */
static size_t base_length(const struct source_path *path)
{
	size_t length = strlen(path->path);

	if (path->magic)
		for (size_t i = 0; i < length; i++)
			if (strchr("*?[\\", path->path[i]) != NULL)
				length = i;
	while (length > 0 && path->path[length - 1] != '/')
		length--;
	return length; /* with its slash */
}

/* Opens the root for an entry, and tells how much of its members' names lies
 * above it. */
static int32_t open_root(struct extract *x, const hf_entry *entry, char **strip,
                         char **below)
{
	struct source_path path;
	char *base;
	int32_t status = HF_OK;
	int fd;

	if (x->r->into != NULL) {
		base = strdup(x->r->into);
		*strip = strdup("");
		*below = strdup("");
	} else {
		size_t length;

		status = source_path_read(x->ctx, entry->subject, &path);
		if (status != HF_OK)
			return status;
		length = base_length(&path);
		base = length > 0 ? strndup(path.path, length) : strdup("/");
		*strip = length > 0 ? strndup(path.path + 1, length - 1) :
		                      strdup("");
		*below = strdup(path.path + 1);
		if (path.magic && *below != NULL && *strip != NULL)
			(*below)[length > 1 ? length - 2 : 0] = '\0';
		source_path_free(&path);
	}
	if (base == NULL || *strip == NULL || *below == NULL)
		status = files_host->fail(x->ctx, HF_E_FAILED, "out of memory");
	if (status == HF_OK && x->r->into == NULL)
		status = make_folders(x->ctx, base, 0755);
	if (status == HF_OK) {
		fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			status = extract_failed(x, "open the folder", base, errno);
		else
			target_init(&x->target, fd);
	}
	free(base);
	return status;
}

/* --- the tar ------------------------------------------------------------- */

static la_ssize_t from_host(struct archive *tar, void *arg, const void **data)
{
	struct extract *x = arg;
	uint64_t size = 0;

	if (x->held > 0)
		x->status = files_host->consume(x->in, x->held);
	x->held = 0;
	if (x->status == HF_OK)
		x->status = files_host->peek(x->in, data, &size);
	if (x->status == HF_END) {
		x->status = HF_OK;
		return 0;
	}
	if (x->status != HF_OK) {
		archive_set_error(tar, EIO, "the stream was cut off");
		return -1;
	}
	x->held = size;
	x->given += (int64_t)size;
	return (la_ssize_t)size;
}

/* The end of the tar and what pads it. libarchive also takes a tar that stops
 * between two members for a whole one: it is whole with its two empty blocks. */
static int32_t drain(struct extract *x)
{
	const int64_t end = archive_read_header_position(x->tar);
	const void *data;
	la_ssize_t n;

	do {
		n = from_host(x->tar, x, &data);
	} while (n > 0);
	if (n < 0)
		return x->status;
	if (x->given - end >= END_OF_TAR)
		return HF_OK;
	return files_host->fail(x->ctx, HF_E_CORRUPT,
	                        "the tar is damaged: it ends without its end mark");
}

bool extract_wanted(const struct extract *x, const char *name)
{
	for (size_t i = 0; i < x->r->only_count; i++)
		if (pattern_covers(&x->r->only[i].pattern, name))
			return true;
	return x->r->only_count == 0;
}

/* Is the member wanted, or a folder on the way to what is? */
static bool member_wanted(struct extract *x, const char *name, bool *above)
{
	bool wanted = x->r->only_count == 0;

	*above = false;
	for (size_t i = 0; i < x->r->only_count; i++) {
		struct restore_only *only = &x->r->only[i];

		if (pattern_covers(&only->pattern, name)) {
			atomic_store(&only->hit, true);
			wanted = true;
		} else if (!pattern_magic(only->path) &&
		           path_covers(name, only->path)) {
			*above = true;
		}
	}
	*above = *above && !wanted &&
	         archive_entry_filetype(x->entry) == AE_IFDIR;
	return wanted || *above;
}

static int32_t one_member(struct extract *x)
{
	const size_t strip = strlen(x->strip);
	const char *raw = archive_entry_pathname(x->entry);
	char *name = extract_name(x, raw != NULL ? raw : "");
	int32_t status = HF_OK;
	bool above;

	if (name == NULL)
		return HF_E_CORRUPT;
	if (member_wanted(x, name, &above)) {
		if (path_covers(x->below, name) &&
		    strncmp(name, x->strip, strip) == 0)
			status = extract_member(x, name + strip, above);
		else
			status = extract_hostile(x, name, "it is not below the "
			                                  "path of its entry");
	}
	free(name);
	return status;
}

/* Names come as the bytes that they are: see struct source. */
static int next_header(struct extract *x)
{
	const locale_t before = uselocale(x->r->src->plain);
	const int result = archive_read_next_header(x->tar, &x->entry);

	uselocale(before);
	return result;
}

static int32_t all_members(struct extract *x)
{
	int32_t status = HF_OK;

	while (status == HF_OK) {
		const int result = next_header(x);

		if (result == ARCHIVE_EOF)
			return drain(x);
		/* a warning only tells that a name is not UTF-8 */
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return extract_tar_error(x, NULL);
		status = one_member(x);
	}
	return status;
}

static int32_t open_tar(struct extract *x)
{
	x->tar = archive_read_new();
	if (x->tar == NULL)
		return files_host->fail(x->ctx, HF_E_FAILED, "out of memory");
	if (archive_read_support_format_tar(x->tar) == ARCHIVE_OK &&
	    archive_read_open(x->tar, x, NULL, from_host, NULL) == ARCHIVE_OK)
		return HF_OK;
	return extract_tar_error(x, NULL);
}

/* The facts of the dump, as found now; only where all of it came back. */
static int32_t report(struct extract *x)
{
	const struct counts *c = &x->count;
	const struct {
		const char *name;
		int64_t value;
	} facts[] = {
		{ "files", c->files },
		{ "directories", c->directories },
		{ "symlinks", c->symlinks },
		{ "hardlinks", c->hardlinks },
		{ "others", c->others },
		{ "bytes", c->bytes },
	};
	int32_t status = HF_OK;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (status == HF_OK && x->r->only_count == 0)
			status = files_host->fact_int(x->ctx, facts[i].name,
			                              facts[i].value);
	return status;
}

int32_t source_restore(hf_ctx *ctx, void *session, const hf_entry *entry,
                       hf_reader *in)
{
	struct extract *x = calloc(1, sizeof(*x));
	struct restore *r = session;
	locale_t before = (locale_t)0;
	char *strip = NULL, *below = NULL;
	int32_t status;

	if (x == NULL)
		return files_host->fail(ctx, HF_E_FAILED, "out of memory");
	x->ctx = ctx;
	x->r = r;
	x->in = in;
	target_init(&x->target, -1);
	/* as in the dump: wildcards stand for characters, not bytes */
	if (r->src->utf8 != (locale_t)0)
		before = uselocale(r->src->utf8);
	status = open_root(x, entry, &strip, &below);
	x->strip = strip;
	x->below = below;
	if (status == HF_OK)
		status = open_tar(x);
	if (status == HF_OK)
		status = all_members(x);
	if (status == HF_OK)
		status = extract_folders(x);
	if (status == HF_OK)
		status = report(x);
	if (x->tar != NULL)
		archive_read_free(x->tar);
	target_free(&x->target);
	if (before != (locale_t)0)
		uselocale(before);
	free(strip);
	free(below);
	free(x);
	return status;
}

int32_t source_restore_end(hf_ctx *ctx, void *session, int32_t outcome)
{
	struct restore *r = session;
	int32_t status = HF_OK;

	for (size_t i = 0; i < r->only_count && status == HF_OK; i++) {
		if (outcome != HF_OK || r->dry_run || atomic_load(&r->only[i].hit))
			continue;
		status = files_host->fail(ctx, HF_E_NOT_FOUND,
		                          "nothing in the backup matches --only %s",
		                          files_quote(r->only[i].pattern.text).s);
		files_host->hint(ctx, "holdfast cat ... | tar -t lists the names");
	}
	restore_free(r);
	return status;
}
