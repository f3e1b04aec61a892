/* SPDX-License-Identifier: MIT
 *
 * Walks a tree by descriptors: no path is ever resolved from the root again,
 * so that neither its length nor somebody who moves folders matters. A folder's
 * names are read at once and sorted; memory is bounded by the folders between
 * the root and here.
 */
#include "config.h"

#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How many folders are kept open. Those above are opened again by "..". */
#define OPEN_MAX_FOLDERS 64

static const char cache_tag[] = "CACHEDIR.TAG";
static const char cache_signature[] =
        "Signature: 8a477f597d28d172789f06886806bc55";

struct item {
	unsigned char type; /* DT_* */
	char name[];
};

struct folder {
	int fd;        /* -1: closed for now */
	dev_t dev;     /* to know it again */
	ino_t ino;
	size_t length; /* of the path */
	struct item **item;
	size_t count, room, next;
};

struct walk {
	struct dump *d;
	struct folder *folder;
	size_t depth, room;
};

static int32_t no_memory(struct dump *d)
{
	return files_host->fail(d->ctx, HF_E_TRANSIENT,
	                        "out of memory for the names in /%s",
	                        files_quote(d->path.s).s);
}

bool path_append(struct path_buffer *p, const char *name)
{
	const size_t length = strlen(name);
	const size_t need = p->length + length + 2;

	if (need > p->room) {
		const size_t room = need < 512 ? 1024 : need * 2;
		char *s = realloc(p->s, room);

		if (s == NULL)
			return false;
		p->s = s;
		p->room = room;
	}
	if (p->length > 0 && length > 0)
		p->s[p->length++] = '/';
	memcpy(p->s + p->length, name, length + 1);
	p->length += length;
	return true;
}

void path_cut(struct path_buffer *p, size_t length)
{
	p->length = length;
	p->s[length] = '\0';
}

static int by_name(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static bool folder_add(struct folder *f, const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);
	struct item *item;

	if (f->count == f->room) {
		const size_t room = f->room == 0 ? 64 : f->room * 2;
		struct item **grown = realloc(f->item, room * sizeof(*grown));

		if (grown == NULL)
			return false;
		f->item = grown;
		f->room = room;
	}
	item = malloc(sizeof(*item) + length + 1);
	if (item == NULL)
		return false;
	item->type = entry->d_type;
	memcpy(item->name, entry->d_name, length + 1);
	f->item[f->count++] = item;
	return true;
}

static void folder_free(struct folder *f)
{
	for (size_t i = f->next; i < f->count; i++)
		free(f->item[i]);
	free(f->item);
	if (f->fd >= 0)
		close(f->fd);
}

/* Reads the names in the folder. The descriptor stays the folder's. */
static int32_t folder_read(struct dump *d, struct folder *f)
{
	const int copy = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	int32_t status = HF_OK;

	if (dir == NULL) {
		const int err = errno;

		if (copy >= 0)
			close(copy);
		return member_unreadable(d, "read the folder", err);
	}
	while (status == HF_OK) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL) {
			if (errno != 0)
				status = member_unreadable(
				        d, "read the folder", errno);
			break;
		}
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 && !folder_add(f, entry))
			status = no_memory(d);
	}
	closedir(dir);
	if (f->count > 1)
		qsort(f->item, f->count, sizeof(*f->item), by_name);
	return status;
}

static bool has_signature(int dir)
{
	char text[sizeof(cache_signature) - 1];
	const int fd = openat(dir, cache_tag,
	                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n == (ssize_t)sizeof(text) &&
	       memcmp(text, cache_signature, sizeof(text)) == 0;
}

/* Leaves only the tag in a folder that is marked as a cache. */
static void folder_drop_cache(struct dump *d, struct folder *f)
{
	size_t kept = 0;
	bool tagged = false;

	for (size_t i = 0; i < f->count && !tagged; i++)
		tagged = strcmp(f->item[i]->name, cache_tag) == 0;
	if (!tagged || !has_signature(f->fd))
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->item[i]->name, cache_tag) == 0) {
			f->item[kept++] = f->item[i];
			continue;
		}
		free(f->item[i]);
		d->count.excluded++;
	}
	f->count = kept;
}

/* Takes over the descriptor. */
static int32_t enter(struct walk *w, int fd, const struct stat *st)
{
	struct dump *d = w->d;
	struct folder *f;
	int32_t status;

	if (w->depth == w->room) {
		const size_t room = w->room == 0 ? 32 : w->room * 2;
		struct folder *grown =
		        realloc(w->folder, room * sizeof(*grown));

		if (grown == NULL) {
			close(fd);
			return no_memory(d);
		}
		w->folder = grown;
		w->room = room;
	}
	if (w->depth >= OPEN_MAX_FOLDERS) {
		struct folder *far = &w->folder[w->depth - OPEN_MAX_FOLDERS];

		close(far->fd);
		far->fd = -1;
	}
	f = &w->folder[w->depth++];
	*f = (struct folder){ .fd = fd,
		              .dev = st->st_dev,
		              .ino = st->st_ino,
		              .length = d->path.length };
	status = folder_read(d, f);
	if (status == HF_OK && d->src->exclude_caches)
		folder_drop_cache(d, f);
	return status;
}

/* Goes back up. The folder above may have been closed meanwhile; if the one
 * below was moved away, what remains above cannot be found any more. */
static int32_t leave(struct walk *w)
{
	struct folder *f = &w->folder[--w->depth], *above;
	struct stat st;
	int32_t status = HF_OK;

	if (w->depth == 0) {
		folder_free(f);
		return HF_OK;
	}
	above = &w->folder[w->depth - 1];
	if (above->fd < 0) {
		above->fd = openat(f->fd, "..", O_RDONLY | O_DIRECTORY |
		                                        O_CLOEXEC);
		if (above->fd < 0 || fstat(above->fd, &st) != 0 ||
		    st.st_dev != above->dev || st.st_ino != above->ino) {
			path_cut(&w->d->path, above->length);
			status = files_host->fail(
			        w->d->ctx, HF_E_FAILED,
			        "/%s was moved while it was read",
			        files_quote(w->d->path.s).s);
		}
	}
	folder_free(f);
	return status;
}

static int32_t step(struct walk *w, struct folder *f, const struct item *item)
{
	struct dump *d = w->d;
	struct visit visit = { .fd = -1 };
	int32_t status;

	if (files_host->cancelled(d->ctx))
		return files_host->fail(d->ctx, HF_E_CANCELLED, "stopped");
	if (!path_append(&d->path, item->name))
		return no_memory(d);
	status = member_visit(d, f->fd, item->name, item->type, false, false,
	                      &visit);
	if (status == HF_OK && visit.fd >= 0)
		status = enter(w, visit.fd, &visit.st);
	return status;
}

int32_t walk_root(struct dump *d, const char *root, bool follow)
{
	struct walk w = { .d = d };
	struct visit visit = { .fd = -1 };
	const char *slash = strrchr(root, '/');
	const char *name = slash[1] != '\0' ? slash + 1 : ".";
	int32_t status;
	int dir;

	d->path.length = 0;
	if (!path_append(&d->path, "") ||
	    !path_append(&d->path, root))
		return no_memory(d);
	/* the folder above, and then the path without its first slash */
	path_cut(&d->path, (size_t)(slash - root) + 1);
	dir = open(d->path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == EACCES)
		dir = open(d->path.s, O_PATH | O_DIRECTORY | O_CLOEXEC);
	d->path.length = 0;
	if (!path_append(&d->path, root + 1)) {
		status = no_memory(d);
		goto out;
	}
	if (dir < 0) {
		status = errno == ENOENT || errno == ENOTDIR ?
		                 member_vanished(d, true) :
		                 member_unreadable(d, "reach", errno);
		goto out;
	}
	status = member_visit(d, dir, name, DT_UNKNOWN, true, follow, &visit);
	if (status == HF_OK && visit.fd >= 0)
		status = enter(&w, visit.fd, &visit.st);
	while (status == HF_OK && w.depth > 0) {
		struct folder *f = &w.folder[w.depth - 1];
		struct item *item;

		path_cut(&d->path, f->length);
		if (f->next == f->count) {
			status = leave(&w);
			continue;
		}
		item = f->item[f->next++];
		status = step(&w, f, item);
		free(item);
	}
out:
	while (w.depth > 0)
		folder_free(&w.folder[--w.depth]);
	free(w.folder);
	if (dir >= 0)
		close(dir);
	return status;
}
