/* SPDX-License-Identifier: MIT
 *
 * What the tests of the files source share.
 */
#include "config.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_source.h"

static hf_host host;

void bytes_add(struct bytes *b, const void *data, size_t size)
{
	if (b->size + size > b->room) {
		b->room = (b->size + size) * 2;
		b->data = realloc(b->data, b->room);
		assert_non_null(b->data);
	}
	if (size > 0)
		memcpy(b->data + b->size, data, size);
	b->size += size;
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

/* --- the host's side ------------------------------------------------------ */

static void broken(const char *what)
{
	fprintf(stderr, "files source: %s\n", what);
	abort();
}

static int32_t host_write(hf_writer *out, const void *data, uint64_t size)
{
	if (out->fail_at != 0 && out->calls >= out->fail_at)
		broken("it writes after an error");
	if (out->before)
		out->before(out);
	if (++out->calls == out->fail_at)
		return out->fail_with;
	bytes_add(&out->got, data, size);
	return HF_OK;
}

static int32_t host_peek(hf_reader *in, const void **data, uint64_t *size)
{
	size_t left = in->from->size - in->at;

	if (!in->fail_consume && in->at >= in->fail_after)
		return in->fail_with;
	if (left == 0)
		return HF_END;
	if (in->step > 0 && left > in->step)
		left = in->step;
	*data = in->from->data + in->at;
	*size = left;
	return HF_OK;
}

static int32_t host_consume(hf_reader *in, uint64_t size)
{
	if (size > in->from->size - in->at)
		broken("it consumes more than there is");
	in->at += size;
	return in->fail_consume && in->at >= in->fail_after ? in->fail_with : HF_OK;
}

static int32_t host_entry_add(hf_ctx *ctx, const hf_entry *entry)
{
	struct world *w = (struct world *)ctx;

	if (w->entry_fails)
		return w->entry_fails;
	for (size_t i = 0; i < w->entries; i++)
		if (strcmp(w->entry[i].path, entry->path) == 0)
			return ctx->status = HF_E_EXISTS;
	if (w->entries == WORLD_ENTRIES)
		broken("too many entries");
	snprintf(w->entry[w->entries].path, sizeof w->entry[0].path, "%s", entry->path);
	snprintf(w->entry[w->entries].subject, sizeof w->entry[0].subject, "%s", entry->subject);
	w->entry[w->entries++].id = entry->id;
	return HF_OK;
}

static int32_t host_fact_int(hf_ctx *ctx, const char *name, int64_t value)
{
	struct world *w = (struct world *)ctx;
	size_t i = 0;

	if (w->fact_fails)
		return w->fact_fails;
	while (i < w->facts && strcmp(w->fact[i].name, name) != 0)
		i++;
	if (i == sizeof w->fact / sizeof w->fact[0])
		broken("too many facts");
	snprintf(w->fact[i].name, sizeof w->fact[i].name, "%s", name);
	w->fact[i].value = value;
	w->facts += i == w->facts;
	return HF_OK;
}

int64_t world_fact(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->facts; i++)
		if (strcmp(w->fact[i].name, name) == 0)
			return w->fact[i].value;
	return -1;
}

/* --- the folders ---------------------------------------------------------- */

const char *world_at(const struct world *w, const char *name)
{
	static char path[4][512];
	static unsigned turn;

	snprintf(path[turn %= 4], sizeof path[0], "%s/%s", w->root, name);
	return path[turn++];
}

void world_folder(const struct world *w, const char *name)
{
	assert_int_equal(mkdir(world_at(w, name), 0755), 0);
	assert_int_equal(chmod(world_at(w, name), 0755), 0);
}

void world_file(const struct world *w, const char *name, const char *text)
{
	FILE *f = fopen(world_at(w, name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(world_at(w, name), 0644), 0);
}

bool world_has(const struct world *w, const char *name)
{
	return faccessat(AT_FDCWD, world_at(w, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool world_holds(const struct world *w, const char *name, const char *text)
{
	char got[4096];
	FILE *f = fopen(world_at(w, name), "r");
	size_t n;

	if (!f)
		return false;
	n = fread(got, 1, sizeof got, f);
	fclose(f);
	return n == strlen(text) && memcmp(got, text, n) == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void picture_content(FILE *to, const FTSENT *e)
{
	char text[4096];
	ssize_t n;
	int fd;

	if (S_ISLNK(e->fts_statp->st_mode)) {
		n = readlink(e->fts_accpath, text, sizeof text - 1);
		assert_true(n > 0);
		text[n] = '\0';
		fprintf(to, " -> %s", text);
	}
	if (!S_ISREG(e->fts_statp->st_mode))
		return;
	fd = open(e->fts_accpath, O_RDONLY | O_CLOEXEC | O_NOATIME);
	assert_true(fd >= 0);
	fprintf(to, " n%u ", (unsigned)e->fts_statp->st_nlink);
	while ((n = read(fd, text, sizeof text)) > 0)
		assert_int_equal(fwrite(text, 1, (size_t)n, to), n);
	close(fd);
}

char *world_picture(const struct world *w, const char *name)
{
	char *paths[] = { (char *)world_at(w, name), NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	FTSENT *e;

	assert_non_null(fts);
	assert_non_null(to);
	while ((e = fts_read(fts)) != NULL) {
		const struct stat *st = e->fts_statp;

		if (e->fts_info == FTS_DP || e->fts_level == 0)
			continue;
		fprintf(to, "%s %o %u:%u %lld.%09ld", e->fts_path + strlen(paths[0]),
		    (unsigned)st->st_mode, st->st_uid, st->st_gid, (long long)st->st_mtim.tv_sec,
		    st->st_mtim.tv_nsec);
		picture_content(to, e);
		fputc('\n', to);
	}
	fts_close(fts);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void remove_below(const char *path, int least)
{
	char *paths[] = { (char *)path, NULL };
	/* going along, since a test makes a path longer than any may be */
	FTS *fts = fts_open(paths, FTS_PHYSICAL, NULL);
	FTSENT *e;

	assert_non_null(fts);
	while ((e = fts_read(fts)) != NULL) {
		if (e->fts_info == FTS_D && (e->fts_statp->st_mode & 0700) != 0700)
			chmod(e->fts_accpath, 0700);
		else if (e->fts_info == FTS_D)
			continue;
		else if (e->fts_level >= least)
			assert_int_equal(remove(e->fts_accpath), 0);
	}
	fts_close(fts);
}

void world_empty(const struct world *w, const char *name)
{
	remove_below(world_at(w, name), 1);
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const hf_plugin *plugin;

	assert_non_null(w);
	snprintf(w->root, sizeof w->root, "/tmp/hf-source-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	/* for as_nobody() */
	assert_int_equal(chmod(w->root, 0755), 0);
	snprintf(w->in, sizeof w->in, "%s/in", w->root);
	snprintf(w->out, sizeof w->out, "%s/out", w->root);
	snprintf(w->beside, sizeof w->beside, "%s/beside", w->root);
	world_folder(w, "in");
	world_folder(w, "out");
	world_folder(w, "beside");
	host = mock_host;
	host.write = host_write;
	host.peek = host_peek;
	host.consume = host_consume;
	host.entry_add = host_entry_add;
	host.fact_int = host_fact_int;
	plugin = hf_plugin_v1(&host);
	for (size_t i = 0; plugin->drivers[i]; i++)
		if (plugin->drivers[i]->kind == HF_KIND_SOURCE)
			w->driver = plugin->drivers[i];
	assert_non_null(w->driver);
	w->ops = w->driver->source;
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	remove_below(w->root, 0);
	world_options_clear(w);
	free(w);
	return 0;
}

/* --- backing up and restoring --------------------------------------------- */

void world_option(struct world *w, const char *name, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	assert_true(w->value_count + 2 < sizeof w->values / sizeof w->values[0]);
	w->values[w->value_count++] = strdup(name);
	w->values[w->value_count++] = strdup(text);
}

void world_options_clear(struct world *w)
{
	for (size_t i = 0; i < w->value_count; i++)
		free(w->values[i]);
	memset(w->values, 0, sizeof w->values);
	w->value_count = 0;
}

static void forget(struct world *w)
{
	w->ctx = (hf_ctx){ .cancel = atomic_load(&w->ctx.cancel) };
	w->facts = 0;
}

static int32_t backup(struct world *w, struct hf_writer *out)
{
	const hf_options options = { w->driver->options, (const char *const *)w->values };
	const hf_begin begin = { .size = sizeof begin, .lanes = 1, .point = "p" };
	void *self, *session;
	int32_t status;

	forget(w);
	w->entries = 0;
	status = w->driver->open(&w->ctx, &options, &self);
	if (status != HF_OK)
		return status;
	status = w->ops->begin(&w->ctx, self, &begin, &session);
	if (status == HF_OK) {
		for (size_t i = 0; out && i < w->entries && status == HF_OK; i++) {
			const hf_entry entry = { .size = sizeof entry, .path = w->entry[i].path,
				.type = "tar/1", .subject = w->entry[i].subject,
				.id = w->entry[i].id };

			status = w->ops->dump(&w->ctx, session, &entry, out);
		}
		assert_int_equal(w->ops->end(&w->ctx, session, status), HF_OK);
	}
	w->driver->close(&w->ctx, self);
	return status;
}

int32_t world_backup(struct world *w, struct hf_writer *out)
{
	return backup(w, out);
}

int32_t world_begin(struct world *w)
{
	return backup(w, NULL);
}

int32_t world_backup_into(struct world *w, struct bytes *tar)
{
	struct hf_writer out = { .got = { 0 } };
	const int32_t status = backup(w, &out);

	bytes_free(tar);
	*tar = out.got;
	return status;
}

int32_t world_restore(struct world *w, const struct bytes *tar, struct restoring how)
{
	const hf_options none = { w->driver->options, NULL };
	const char *const values[] = { "owner", how.owner ? how.owner : "auto", NULL };
	const hf_options options = { w->ops->restore_options, values };
	const hf_entry entry = { .size = sizeof entry, .path = "in.tar", .type = "tar/1",
		.subject = how.subject ? how.subject : w->in };
	hf_restore in = { .size = sizeof in, .flags = how.flags,
		.into = how.into ? how.into : w->out, .only = how.only, .lanes = 1,
		.point = "p", .options = &options };
	void *self, *session;
	int32_t status, end;

	how.in.from = tar;
	while (in.only_count < 4 && how.only[in.only_count])
		in.only_count++;
	forget(w);
	assert_int_equal(w->driver->open(&w->ctx, &none, &self), HF_OK);
	status = w->ops->restore_begin(&w->ctx, self, &in, &session);
	if (status == HF_OK) {
		status = w->ops->wants(&w->ctx, session, &entry);
		if (status == HF_OK)
			status = w->ops->restore_prepare(&w->ctx, session);
		if (status == HF_OK)
			status = w->ops->restore(&w->ctx, session, &entry, &how.in);
		if (status == HF_OK && how.in.at != tar->size)
			broken("it leaves bytes unread");
		if (status == HF_SKIP)
			status = HF_OK;
		end = w->ops->restore_end(&w->ctx, session, status);
		status = status == HF_OK ? end : status;
	}
	w->driver->close(&w->ctx, self);
	return status;
}

/* --- processes ------------------------------------------------------------ */

int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

bool as_nobody(struct world *w, bool (*run)(struct world *))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 ||
		    setuid(65534) != 0))
			_exit(2);
		_exit(run(w) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* --- tars ----------------------------------------------------------------- */

char *tar_names(const struct bytes *tar, const char *prefix)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int result;

	assert_non_null(to);
	prefix += strspn(prefix, "/");
	archive_read_support_format_tar(a);
	assert_int_equal(archive_read_open_memory(a, tar->data, tar->size), ARCHIVE_OK);
	while ((result = archive_read_next_header(a, &e)) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(e);

		if (strncmp(name, prefix, strlen(prefix)) == 0)
			name += strlen(prefix);
		fprintf(to, "%s ", *name ? name : "./");
	}
	fclose(to);
	archive_read_free(a);
	if (result == ARCHIVE_EOF)
		return text;
	free(text);
	return NULL;
}

void tar_add(struct bytes *tar, const char *name, char type, const char *link, unsigned mode,
    const char *text)
{
	char head[512] = "", padding[512] = "";
	const size_t size = text ? strlen(text) : 0;
	unsigned sum = 0;

	snprintf(head, 100, "%s", name);
	snprintf(head + 100, 8, "%07o", mode);
	snprintf(head + 108, 8, "%07o", 1234u);
	snprintf(head + 116, 8, "%07o", 1235u);
	snprintf(head + 124, 12, "%011o", (unsigned)size);
	snprintf(head + 136, 12, "%011o", 1000000000u);
	memset(head + 148, ' ', 8);
	head[156] = type;
	snprintf(head + 157, 100, "%s", link ? link : "");
	memcpy(head + 257, "ustar\0" "00", 8);
	for (size_t i = 0; i < sizeof head; i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	bytes_add(tar, head, sizeof head);
	if (size == 0)
		return;
	bytes_add(tar, text, size);
	bytes_add(tar, padding, (512 - size % 512) % 512);
}

void tar_end(struct bytes *tar)
{
	const char zeros[1024] = "";

	bytes_add(tar, zeros, sizeof zeros);
}
