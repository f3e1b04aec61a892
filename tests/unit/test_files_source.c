/* SPDX-License-Identifier: MIT
 *
 * The files source: what it dumps, and what it makes of files that move while it reads.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_source.h"

#define BIG (1 << 20)

/* --- helpers -------------------------------------------------------------- */

static void touch(const struct world *w, const char *name, time_t when)
{
	const struct timespec times[2] = { { .tv_sec = when + 5 }, { .tv_sec = when } };

	assert_int_equal(utimensat(AT_FDCWD, world_at(w, name), times, AT_SYMLINK_NOFOLLOW), 0);
}

static void big_file(const struct world *w, const char *name)
{
	char block[4096];
	FILE *f = fopen(world_at(w, name), "w");

	assert_non_null(f);
	memset(block, 'x', sizeof block);
	for (int i = 0; i < BIG / 4096; i++)
		assert_int_equal(fwrite(block, sizeof block, 1, f), 1);
	assert_int_equal(fclose(f), 0);
}

/* Some of everything; `reverse` makes it in another order. */
static void sample(const struct world *w, bool reverse)
{
	for (int i = 0; i < 8; i++) {
		switch (reverse ? 7 - i : i) {
		case 0: world_file(w, "in/a", "one\n"); break;
		case 1: world_file(w, "in/empty", ""); break;
		case 2: assert_int_equal(symlink("nowhere", world_at(w, "in/link")), 0); break;
		case 3: assert_int_equal(mkfifo(world_at(w, "in/pipe"), 0600), 0); break;
		case 4: world_file(w, "in/z \xff\n", "odd name"); break;
		case 5: world_folder(w, "in/void"); break;
		case 6: world_file(w, "in/B", "capital"); break;
		case 7:
			world_folder(w, "in/d");
			world_file(w, "in/d/x", "twice");
			assert_int_equal(link(world_at(w, "in/d/x"), world_at(w, "in/d/y")), 0);
			break;
		}
	}
	touch(w, "in/a", 1000000000);
	touch(w, "in/empty", 1100000000);
	touch(w, "in/link", 1200000000);
	touch(w, "in/pipe", 1200000000);
	touch(w, "in/z \xff\n", 1200000001);
	touch(w, "in/void", 1200000002);
	touch(w, "in/B", 1200000003);
	touch(w, "in/d/x", 1200000004);
	touch(w, "in/d", 1200000005);
	touch(w, "in", 1200000006);
}

/* The names in the one entry; fails the test where the dump does. */
static char *names(struct world *w, const char *prefix)
{
	struct bytes tar = { 0 };
	const int32_t status = world_backup_into(w, &tar);
	char *text;

	if (status != HF_OK)
		fail_msg("%s", w->ctx.message);
	text = tar_names(&tar, prefix);
	bytes_free(&tar);
	assert_non_null(text);
	return text;
}

static void expect_names(struct world *w, const char *prefix, const char *want)
{
	char *got = names(w, prefix);

	assert_string_equal(got, want);
	free(got);
}

static char *in_prefix(const struct world *w)
{
	static char text[100];

	snprintf(text, sizeof text, "%s/", w->in);
	return text;
}

/* --- the dump -------------------------------------------------------------- */

static void same_tree_same_bytes(void **state)
{
	struct world *w = *state;
	struct bytes first = { 0 }, second = { 0 };

	world_option(w, "path", "%s", w->in);
	sample(w, false);
	assert_int_equal(world_backup_into(w, &first), HF_OK);
	assert_int_equal(first.size % 512, 0);
	assert_int_equal(world_fact(w, "files"), 5);
	assert_int_equal(world_fact(w, "directories"), 3);
	assert_int_equal(world_fact(w, "symlinks"), 1);
	assert_int_equal(world_fact(w, "hardlinks"), 1);
	assert_int_equal(world_fact(w, "others"), 1);
	assert_int_equal(world_fact(w, "bytes"), 4 + 8 + 7 + 5);
	assert_int_equal(world_fact(w, "~changed"), -1);
	assert_int_equal(w->ctx.warnings, 0);
	/* again: being read has changed nothing in it */
	assert_int_equal(world_backup_into(w, &second), HF_OK);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	/* made in another order, on other inodes */
	world_empty(w, "in");
	sample(w, true);
	assert_int_equal(world_backup_into(w, &second), HF_OK);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	bytes_free(&first);
	bytes_free(&second);
	expect_names(w, in_prefix(w), "./ B a d/ d/x d/y empty link pipe void/ z \xff\n ");
}

static void dumped_again_in_one_session(void **state)
{
	struct world *w = *state;
	const char *values[] = { "path", w->in, NULL };
	const hf_options options = { w->driver->options, values };
	const hf_begin begin = { .size = sizeof begin, .lanes = 1, .point = "p" };
	struct hf_writer cut = { .fail_at = 5, .fail_with = HF_E_TRANSIENT };
	struct hf_writer one = { .calls = 0 }, two = { .calls = 0 };
	hf_entry entry = { .size = sizeof entry, .type = "tar/1" };
	void *self, *session;

	sample(w, false);
	assert_int_equal(w->driver->open(&w->ctx, &options, &self), HF_OK);
	assert_int_equal(w->ops->begin(&w->ctx, self, &begin, &session), HF_OK);
	entry.path = w->entry[0].path;
	entry.subject = w->entry[0].subject;
	assert_int_equal(w->ops->dump(&w->ctx, session, &entry, &cut), HF_E_TRANSIENT);
	assert_int_equal(w->facts, 0);
	assert_int_equal(w->ops->dump(&w->ctx, session, &entry, &one), HF_OK);
	assert_int_equal(w->ops->dump(&w->ctx, session, &entry, &two), HF_OK);
	assert_int_equal(world_fact(w, "files"), 5);
	assert_int_equal(one.got.size, two.got.size);
	assert_memory_equal(one.got.data, two.got.data, one.got.size);
	assert_memory_equal(one.got.data, cut.got.data, cut.got.size);
	/* an entry that is none */
	entry.id = 7;
	assert_int_equal(w->ops->dump(&w->ctx, session, &entry, &two), HF_E_FAILED);
	assert_int_equal(w->ops->end(&w->ctx, session, HF_OK), HF_OK);
	w->driver->close(&w->ctx, self);
	bytes_free(&cut.got);
	bytes_free(&one.got);
	bytes_free(&two.got);
}

static void an_error_of_the_writer_at_every_call(void **state)
{
	struct world *w = *state;
	const int open_before = open_descriptors();
	struct hf_writer all = { .calls = 0 };

	sample(w, false);
	world_option(w, "path", "%s", w->in);
	assert_int_equal(world_backup(w, &all), HF_OK);
	assert_true(all.calls > 20);
	for (unsigned i = 1; i <= all.calls; i++) {
		/* no class that a driver would choose: it can only be passed on */
		struct hf_writer out = { .fail_at = i, .fail_with = (int32_t)(4700 + i) };

		assert_int_equal(world_backup(w, &out), 4700 + i);
		assert_int_equal(out.calls, i);
		assert_int_equal(w->facts, 0);
		/* the host has told why: the driver does not tell it once more */
		assert_string_equal(w->ctx.message, "");
		assert_memory_equal(out.got.data, all.got.data, out.got.size);
		bytes_free(&out.got);
	}
	bytes_free(&all.got);
	assert_int_equal(open_descriptors(), open_before);
}

static void other_errors_of_the_host(void **state)
{
	struct world *w = *state;
	struct bytes tar = { 0 };

	sample(w, false);
	world_option(w, "path", "%s", w->in);
	w->entry_fails = 4711;
	assert_int_equal(world_backup_into(w, &tar), 4711);
	w->entry_fails = 0;
	w->fact_fails = 4712;
	assert_int_equal(world_backup_into(w, &tar), 4712);
	bytes_free(&tar);
}

static void stop(struct hf_writer *out)
{
	struct world *w = out->arg;

	if (out->got.size > 300000)
		atomic_store(&w->ctx.cancel, 1);
}

static void stopped(void **state)
{
	struct world *w = *state;
	const int open_before = open_descriptors();
	struct hf_writer out = { .before = stop, .arg = w };

	for (int i = 0; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof name, "in/%d", i);
		big_file(w, name);
	}
	world_option(w, "path", "%s", w->in);
	assert_int_equal(world_backup(w, &out), HF_E_CANCELLED);
	/* soon: not at the end of the tree */
	assert_true(out.got.size < 3 * BIG);
	bytes_free(&out.got);
	assert_int_equal(open_descriptors(), open_before);
}

/* --- files that move ------------------------------------------------------- */

struct mover {
	struct world *w;
	void (*move)(struct world *w);
	size_t at; /* bytes of tar before which nothing moves */
	bool done;
};

static void before(struct hf_writer *out)
{
	struct mover *m = out->arg;

	if (m->done || out->got.size < m->at)
		return;
	m->done = true;
	m->move(m->w);
}

/* Dumps `in`, moving something once so many bytes are written. */
static void moving(struct world *w, size_t at, void (*move)(struct world *), struct bytes *tar)
{
	struct mover m = { .w = w, .move = move, .at = at };
	struct hf_writer out = { .before = before, .arg = &m };

	world_option(w, "path", "%s", w->in);
	if (world_backup(w, &out) != HF_OK)
		fail_msg("%s", w->ctx.message);
	assert_true(m.done);
	*tar = out.got;
}

static void expect_tar(struct world *w, struct bytes *tar, const char *want)
{
	char *got = tar_names(tar, in_prefix(w));

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

/* Restored, `name` has so many x and then only zeros. */
static void expect_x(struct world *w, struct bytes *tar, const char *name, long x, long size)
{
	struct restoring how = RESTORING;
	char path[200];
	long n = 0;
	FILE *f;
	int c;

	how.only[0] = w->in;
	assert_int_equal(world_restore(w, tar, how), HF_OK);
	snprintf(path, sizeof path, "out%s/%s", w->in, name);
	f = fopen(world_at(w, path), "r");
	assert_non_null(f);
	while ((c = getc(f)) == 'x')
		n++;
	assert_int_equal(n, x);
	for (; c != EOF; c = getc(f), n++)
		assert_int_equal(c, 0);
	fclose(f);
	assert_int_equal(n, size);
}

static void do_shrink(struct world *w)
{
	/* what is read already is stored; the rest is in the last buffer */
	assert_int_equal(truncate(world_at(w, "in/big"), BIG / 4 * 3 + 100), 0);
}

static void a_file_shrinks(void **state)
{
	struct world *w = *state;
	struct bytes tar;

	big_file(w, "in/big");
	world_file(w, "in/later", "still here");
	moving(w, 300000, do_shrink, &tar);
	assert_non_null(strstr(w->ctx.warning, "in/big shrank"));
	assert_int_equal(w->ctx.warnings, 1);
	assert_int_equal(world_fact(w, "~changed"), 1);
	assert_int_equal(world_fact(w, "bytes"), BIG + 10);
	expect_tar(w, &tar, "./ big later ");
	expect_x(w, &tar, "big", BIG / 4 * 3 + 100, BIG);
	bytes_free(&tar);
}

static void do_empty(struct world *w)
{
	assert_int_equal(truncate(world_at(w, "in/big"), 0), 0);
}

static void a_file_is_emptied_before_its_first_byte(void **state)
{
	struct world *w = *state;
	struct bytes tar;

	big_file(w, "in/big");
	/* between its header and its bytes: the folder's header, then the file's */
	moving(w, 2048, do_empty, &tar);
	assert_non_null(strstr(w->ctx.warning, "in/big shrank"));
	expect_x(w, &tar, "big", 0, BIG);
	bytes_free(&tar);
}

static void do_grow(struct world *w)
{
	FILE *f = fopen(world_at(w, "in/big"), "a");

	assert_non_null(f);
	assert_true(fputs("yyyyyyyyyy", f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void a_file_grows(void **state)
{
	struct world *w = *state;
	struct bytes tar;

	big_file(w, "in/big");
	moving(w, 300000, do_grow, &tar);
	assert_non_null(strstr(w->ctx.warning, "in/big grew"));
	assert_int_equal(world_fact(w, "~changed"), 1);
	expect_x(w, &tar, "big", BIG, BIG);
	bytes_free(&tar);
}

static void do_write(struct world *w)
{
	const int fd = open(world_at(w, "in/big"), O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "x", 1, 5), 1);
	close(fd);
	touch(w, "in/big", 1000000000);
}

static void a_file_changes_and_hides_it(void **state)
{
	struct world *w = *state;
	struct bytes tar;

	big_file(w, "in/big");
	touch(w, "in/big", 1000000000);
	/* its time of modification is put back: that of the inode tells */
	moving(w, 300000, do_write, &tar);
	assert_non_null(strstr(w->ctx.warning, "in/big changed"));
	assert_int_equal(world_fact(w, "~changed"), 1);
	bytes_free(&tar);
}

static void do_vanish(struct world *w)
{
	assert_int_equal(unlink(world_at(w, "in/big")), 0);
	assert_int_equal(unlink(world_at(w, "in/next")), 0);
	assert_int_equal(rmdir(world_at(w, "in/nextfolder")), 0);
}

static void files_vanish(void **state)
{
	struct world *w = *state;
	struct bytes tar;

	big_file(w, "in/big");
	world_file(w, "in/next", "gone");
	world_folder(w, "in/nextfolder");
	world_file(w, "in/yet", "here");
	moving(w, 300000, do_vanish, &tar);
	assert_int_equal(world_fact(w, "~vanished"), 2);
	assert_int_equal(world_fact(w, "files"), 2);
	expect_tar(w, &tar, "./ big yet ");
	/* the one that was open is whole */
	expect_x(w, &tar, "big", BIG, BIG);
	bytes_free(&tar);
}

/* Each turns into another kind after its name was read. */
static void do_turn(struct world *w)
{
	assert_int_equal(unlink(world_at(w, "in/c_file")), 0);
	assert_int_equal(symlink(world_at(w, "beside/secret"), world_at(w, "in/c_file")), 0);
	assert_int_equal(unlink(world_at(w, "in/d_file")), 0);
	assert_int_equal(mkfifo(world_at(w, "in/d_file"), 0600), 0);
	assert_int_equal(rmdir(world_at(w, "in/e_folder")), 0);
	assert_int_equal(symlink(w->beside, world_at(w, "in/e_folder")), 0);
	assert_int_equal(unlink(world_at(w, "in/f_file")), 0);
	world_folder(w, "in/f_file");
	world_file(w, "in/f_file/in_it", "text");
	assert_int_equal(unlink(world_at(w, "in/g_link")), 0);
	world_file(w, "in/g_link", "a file now");
}

static void files_turn_into_something_else(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar;
	char path[200];

	world_file(w, "beside/secret", "secret");
	big_file(w, "in/big");
	world_file(w, "in/c_file", "text");
	world_file(w, "in/d_file", "text");
	world_folder(w, "in/e_folder");
	world_file(w, "in/f_file", "text");
	assert_int_equal(symlink("x", world_at(w, "in/g_link")), 0);
	moving(w, 300000, do_turn, &tar);
	expect_tar(w, &tar, "./ big c_file d_file e_folder f_file/ f_file/in_it g_link ");
	assert_int_equal(world_fact(w, "symlinks"), 2);
	assert_int_equal(world_fact(w, "others"), 1);
	how.only[0] = w->in;
	assert_int_equal(world_restore(w, &tar, how), HF_OK);
	snprintf(path, sizeof path, "out%s/g_link", w->in);
	assert_true(world_holds(w, path, "a file now"));
	bytes_free(&tar);
}

static void do_remove_root(struct world *w)
{
	world_empty(w, "in");
	assert_int_equal(rmdir(w->in), 0);
}

static void a_root_vanishes(void **state)
{
	struct world *w = *state;
	struct mover m = { .w = w, .move = do_remove_root, .at = BIG };
	struct hf_writer out = { .before = before, .arg = &m };

	/* beside comes before in; both are there at begin() */
	big_file(w, "beside/big");
	world_option(w, "path", "%s", w->beside);
	world_option(w, "path", "%s", w->in);
	assert_int_equal(world_backup(w, &out), HF_E_NOT_FOUND);
	assert_non_null(strstr(w->ctx.message, "vanished"));
	bytes_free(&out.got);
	world_folder(w, "in");
	world_option(w, "missing", "warn");
	m.done = false;
	out = (struct hf_writer){ .before = before, .arg = &m };
	assert_int_equal(world_backup(w, &out), HF_OK);
	assert_int_equal(w->ctx.warnings, 1);
	assert_int_equal(world_fact(w, "~vanished"), 1);
	bytes_free(&out.got);
}

/* --- what is configured ---------------------------------------------------- */

static void missing_paths(void **state)
{
	struct world *w = *state;

	world_file(w, "in/a", "text");
	world_option(w, "path", "%s", w->in);
	world_option(w, "path", "%s/none", w->root);
	assert_int_equal(world_begin(w), HF_E_NOT_FOUND);
	assert_non_null(strstr(w->ctx.message, "/none"));
	assert_non_null(strstr(w->ctx.hint, "missing = warn"));
	world_option(w, "missing", "warn");
	assert_int_equal(world_begin(w), HF_OK);
	assert_int_equal(w->ctx.warnings, 1);
	assert_int_equal(w->entries, 1);
	/* not even a warning makes a backup of nothing */
	world_options_clear(w);
	world_option(w, "missing", "warn");
	world_option(w, "path", "%s/none", w->root);
	world_option(w, "path", "%s/none*", w->root);
	assert_int_equal(world_begin(w), HF_E_NOT_FOUND);
	/* a part of it is a file */
	world_options_clear(w);
	world_option(w, "path", "%s/in/a/b", w->root);
	assert_int_equal(world_begin(w), HF_E_NOT_FOUND);
}

static void paths_that_are_wrong(void **state)
{
	struct world *w = *state;
	static const char *const wrong[] = { "", "relative", "./a", "/tmp/**", "/tmp/**/x" };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		world_options_clear(w);
		world_option(w, "path", "%s", wrong[i]);
		assert_int_equal(world_begin(w), HF_E_CONFIG);
	}
	world_options_clear(w);
	world_option(w, "path", "%s", w->in);
	world_option(w, "path", "%s//in/./", w->root);
	assert_int_equal(world_begin(w), HF_E_CONFIG);
	assert_non_null(strstr(w->ctx.message, "given twice"));
	world_options_clear(w);
	world_file(w, "in/a", "text");
	world_option(w, "path", "%s/a/", w->in);
	assert_int_not_equal(world_begin(w), HF_OK);
	for (int i = 0; i < 2; i++) {
		world_options_clear(w);
		world_option(w, "path", "%s", w->in);
		world_option(w, "exclude", "%s", i == 0 ? "" : "//");
		assert_int_equal(world_begin(w), HF_E_CONFIG);
	}
}

static void links_as_paths(void **state)
{
	struct world *w = *state;
	char prefix[100];

	world_file(w, "beside/a", "text");
	assert_int_equal(symlink("beside", world_at(w, "link")), 0);
	snprintf(prefix, sizeof prefix, "%s/", w->root);
	world_option(w, "path", "%s/link", w->root);
	expect_names(w, prefix, "link ");
	assert_int_equal(w->ctx.warnings, 1);
	/* with / at its end it is the folder */
	world_options_clear(w);
	world_option(w, "path", "%s/link/", w->root);
	expect_names(w, prefix, "link/ link/a ");
	assert_int_equal(w->ctx.warnings, 0);
	/* through .. it is where that really is */
	world_options_clear(w);
	world_folder(w, "beside/deep");
	assert_int_equal(symlink("beside/deep", world_at(w, "far")), 0);
	world_option(w, "path", "%s/far/../a", w->root);
	expect_names(w, prefix, "beside/a ");
	assert_non_null(strstr(w->entry[0].subject, "/beside/a"));
}

static void patterns_as_paths(void **state)
{
	struct world *w = *state;

	world_file(w, "in/b2", "text");
	world_file(w, "in/b1", "text");
	world_file(w, "in/c", "text");
	world_folder(w, "in/b3");
	world_file(w, "in/b3/x", "text");
	world_file(w, "in/.b", "text");
	world_option(w, "path", "%s/b*", w->in);
	expect_names(w, in_prefix(w), "b1 b2 b3/ b3/x ");
	assert_int_equal(w->entries, 1);
	assert_string_equal(strrchr(w->entry[0].path, '/'), "/b_.tar");
	/* with / at its end folders only */
	world_options_clear(w);
	world_option(w, "path", "%s/*/", w->in);
	expect_names(w, in_prefix(w), "b3/ b3/x ");
	/* what is excluded is no root either */
	world_options_clear(w);
	world_option(w, "path", "%s/b*", w->in);
	world_option(w, "exclude", "b2");
	world_option(w, "exclude", "b3/");
	expect_names(w, in_prefix(w), "b1 ");
	/* a name with wildcards in it is meant as it is written */
	world_options_clear(w);
	world_file(w, "in/b*", "text");
	world_option(w, "path", "%s/b*", w->in);
	expect_names(w, in_prefix(w), "b* ");
}

static void entries_have_names_of_their_own(void **state)
{
	struct world *w = *state;

	world_file(w, "in/a1", "text");
	world_folder(w, "in/x.tar");
	world_file(w, "in/x.tar/y", "text");
	world_file(w, "in/x.tar/z1", "text");
	world_file(w, "in/x", "text");
	world_option(w, "path", "%s/a*", w->in);
	world_option(w, "path", "%s/a?", w->in);
	world_option(w, "path", "%s/a[0-9]", w->in);
	world_option(w, "path", "%s/x", w->in);
	/* below what is an entry's name: no sink keeps both */
	world_option(w, "path", "%s/x.tar/y", w->in);
	world_option(w, "path", "%s/x.tar/z*", w->in);
	world_option(w, "path", "%s/x.tar/z?", w->in);
	alarm(20);
	assert_int_equal(world_begin(w), HF_OK);
	alarm(0);
	assert_int_equal(w->entries, 7);
	for (size_t i = 0; i < w->entries; i++)
		for (size_t k = 0; k < w->entries; k++) {
			const size_t n = strlen(w->entry[i].path);

			assert_int_equal(strcmp(w->entry[i].path + n - 4, ".tar"), 0);
			if (i != k && strncmp(w->entry[i].path, w->entry[k].path, n) == 0)
				assert_false(w->entry[k].path[n] == '\0' ||
				    w->entry[k].path[n] == '/');
		}
	/* the other order */
	world_options_clear(w);
	world_option(w, "path", "%s/x.tar/y", w->in);
	world_option(w, "path", "%s/x", w->in);
	assert_int_equal(world_begin(w), HF_OK);
	assert_string_equal(strrchr(w->entry[1].path, '/'), "/x-2.tar");
}

static void excluded(void **state)
{
	struct world *w = *state;

	world_file(w, "in/a.o", "text");
	world_file(w, "in/keep", "text");
	world_folder(w, "in/tmp");
	world_file(w, "in/tmp/x", "text");
	world_folder(w, "in/d");
	world_file(w, "in/d/tmp", "a file");
	world_file(w, "in/d/b.o", "text");
	world_file(w, "in/d/log", "text");
	world_folder(w, "in/e");
	world_file(w, "in/e/log", "text");
	world_folder(w, "in/f");
	world_file(w, "in/f/x", "text");
	world_option(w, "path", "%s", w->in);
	world_option(w, "exclude", "*.o");
	world_option(w, "exclude", "tmp/");
	world_option(w, "exclude", "d/log");
	world_option(w, "exclude", "%s/f/**", w->in);
	expect_names(w, in_prefix(w), "./ d/ d/tmp e/ e/log f/ keep ");
	assert_int_equal(world_fact(w, "~excluded"), 5);
	/* a path is stored though a pattern names it: it was asked for */
	world_options_clear(w);
	world_option(w, "path", "%s/a.o", w->in);
	world_option(w, "exclude", "*.o");
	expect_names(w, in_prefix(w), "a.o ");
}

static void caches_excluded(void **state)
{
	static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n# and more\n";
	struct world *w = *state;

	world_folder(w, "in/a_cache");
	world_file(w, "in/a_cache/CACHEDIR.TAG", tag);
	world_folder(w, "in/a_cache/deep");
	world_file(w, "in/a_cache/deep/x", "text");
	world_file(w, "in/a_cache/A", "text");
	/* a tag that says nothing, too little, or is a link or a pipe is none */
	world_folder(w, "in/b");
	world_file(w, "in/b/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc5");
	world_file(w, "in/b/x", "text");
	world_folder(w, "in/c");
	assert_int_equal(symlink("../a_cache/CACHEDIR.TAG", world_at(w, "in/c/CACHEDIR.TAG")), 0);
	world_file(w, "in/c/x", "text");
	world_folder(w, "in/d");
	assert_int_equal(mkfifo(world_at(w, "in/d/CACHEDIR.TAG"), 0600), 0);
	world_file(w, "in/d/x", "text");
	world_option(w, "path", "%s", w->in);
	world_option(w, "exclude_caches", "yes");
	expect_names(w, in_prefix(w), "./ a_cache/ a_cache/CACHEDIR.TAG b/ b/CACHEDIR.TAG b/x "
	    "c/ c/CACHEDIR.TAG c/x d/ d/CACHEDIR.TAG d/x ");
	assert_int_equal(world_fact(w, "~excluded"), 2);
}

static void one_file_system(void **state)
{
	struct world *w = *state;
	struct stat dev, shm;
	char below[64] = "/dev/shm/hf-source-XXXXXX", *got;

	if (stat("/dev", &dev) != 0 || stat("/dev/shm", &shm) != 0 || dev.st_dev == shm.st_dev ||
	    !mkdtemp(below))
		skip();
	world_option(w, "path", "/dev");
	world_option(w, "one_file_system", "yes");
	world_option(w, "unreadable", "warn");
	got = names(w, "dev/");
	assert_non_null(strstr(got, " shm/ "));
	assert_null(strstr(got, " shm/hf-source-"));
	assert_true(world_fact(w, "~other_file_systems") > 0);
	free(got);
	/* a root is entered wherever it lies */
	world_options_clear(w);
	world_option(w, "path", "%s", below);
	world_option(w, "one_file_system", "yes");
	got = names(w, below);
	assert_int_equal(rmdir(below), 0);
	assert_string_equal(got, "/ ");
	free(got);
	assert_int_equal(world_fact(w, "~other_file_systems"), -1);
}

static void sockets(void **state)
{
	struct world *w = *state;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s/sock", w->in);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	world_file(w, "in/z", "text");
	world_option(w, "path", "%s", w->in);
	expect_names(w, in_prefix(w), "./ z ");
	assert_int_equal(world_fact(w, "~sockets"), 1);
	assert_int_equal(w->ctx.warnings, 0);
}

#define CHECK(what)                                                            \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
			    #what);                                            \
			return false;                                          \
		}                                                              \
	} while (0)

static bool unreadable_as_nobody(struct world *w)
{
	struct hf_writer out = { .calls = 0 };
	struct bytes tar = { 0 };
	char *got;

	world_option(w, "path", "%s", w->in);
	CHECK(world_backup(w, &out) == HF_E_AUTH);
	/* one run tells of all */
	CHECK(strstr(w->ctx.message, "2 files or folders cannot be read") != NULL);
	CHECK(strstr(w->ctx.message, "in/b_closed") != NULL);
	CHECK(strstr(w->ctx.hint, "unreadable = warn") != NULL);
	CHECK(w->ctx.warnings == 2);
	CHECK(w->facts == 0);
	bytes_free(&out.got);
	world_option(w, "unreadable", "warn");
	CHECK(world_backup_into(w, &tar) == HF_OK);
	CHECK(w->ctx.warnings == 2);
	CHECK(world_fact(w, "~unreadable") == 2);
	got = tar_names(&tar, in_prefix(w));
	/* of the folder at least that it is there */
	CHECK(got != NULL && strcmp(got, "./ a d_closed/ e ") == 0);
	free(got);
	bytes_free(&tar);
	return true;
}

static void unreadable(void **state)
{
	struct world *w = *state;

	world_file(w, "in/a", "text");
	world_file(w, "in/b_closed", "text");
	assert_int_equal(chmod(world_at(w, "in/b_closed"), 0), 0);
	world_folder(w, "in/d_closed");
	world_file(w, "in/d_closed/x", "text");
	assert_int_equal(chmod(world_at(w, "in/d_closed"), 0), 0);
	world_file(w, "in/e", "text");
	assert_true(as_nobody(w, unreadable_as_nobody));
}

/* Deeper than descriptors are kept, and than any path may be long. */
static void deep(void **state)
{
	struct world *w = *state;
	const int open_before = open_descriptors();
	int dir = open(w->in, O_RDONLY | O_DIRECTORY);
	struct bytes tar = { 0 };
	char name[101];

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	for (int i = 0; i < 150; i++) {
		int next;

		assert_int_equal(mkdirat(dir, name, 0755), 0);
		next = openat(dir, name, O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(dir);
		dir = next;
	}
	close(dir);
	world_option(w, "path", "%s", w->in);
	assert_int_equal(world_backup_into(w, &tar), HF_OK);
	assert_int_equal(world_fact(w, "directories"), 151);
	bytes_free(&tar);
	assert_int_equal(open_descriptors(), open_before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(same_tree_same_bytes),
		TEST(dumped_again_in_one_session),
		TEST(an_error_of_the_writer_at_every_call),
		TEST(other_errors_of_the_host),
		TEST(stopped),
		TEST(a_file_shrinks),
		TEST(a_file_is_emptied_before_its_first_byte),
		TEST(a_file_grows),
		TEST(a_file_changes_and_hides_it),
		TEST(files_vanish),
		TEST(files_turn_into_something_else),
		TEST(a_root_vanishes),
		TEST(missing_paths),
		TEST(paths_that_are_wrong),
		TEST(links_as_paths),
		TEST(patterns_as_paths),
		TEST(entries_have_names_of_their_own),
		TEST(excluded),
		TEST(caches_excluded),
		TEST(one_file_system),
		TEST(sockets),
		TEST(unreadable),
		TEST(deep),
	};

	return cmocka_run_group_tests_name("files_source", tests, NULL, NULL);
}
