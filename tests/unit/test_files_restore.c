/* SPDX-License-Identifier: MIT
 *
 * The files source: what a restore puts back, what it refuses, and what it leaves of a tar that
 * is cut off.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_source.h"

/* --- helpers -------------------------------------------------------------- */

#define CHECK(what)                                                            \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
			    #what);                                            \
			return false;                                          \
		}                                                              \
	} while (0)

/* Where `in` comes to lie when it is restored into `out`; below root. */
static const char *restored(const struct world *w, const char *name)
{
	static char path[4][300];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[0], "out%s%s%s", w->in, *name ? "/" : "", name);
	return path[turn];
}

static void sample(const struct world *w)
{
	world_file(w, "in/a", "four");
	world_file(w, "in/empty", "");
	assert_int_equal(symlink("nowhere", world_at(w, "in/link")), 0);
	assert_int_equal(mkfifo(world_at(w, "in/pipe"), 0620), 0);
	world_folder(w, "in/d");
	world_file(w, "in/d/x", "twice");
	assert_int_equal(link(world_at(w, "in/d/x"), world_at(w, "in/d/y")), 0);
	world_folder(w, "in/d/deep");
	world_file(w, "in/d/deep/x.sql", "select");
	world_folder(w, "in/e");
	world_file(w, "in/e/z.sql", "insert");
	assert_int_equal(chmod(world_at(w, "in/e/z.sql"), 0600), 0);
	assert_int_equal(chmod(world_at(w, "in/e"), 01750), 0);
}

static void dump(struct world *w, struct bytes *tar)
{
	*tar = (struct bytes){ 0 };
	world_option(w, "path", "%s", w->in);
	if (world_backup_into(w, tar) != HF_OK)
		fail_msg("%s", w->ctx.message);
}

static void expect_same(const struct world *w)
{
	char *want = world_picture(w, "in"), *got = world_picture(w, restored(w, ""));

	assert_string_equal(got, want);
	free(want);
	free(got);
}

/* How many names there are in root/NAME, itself not counted. */
static size_t count_names(const struct world *w, const char *name)
{
	char *text = world_picture(w, name);
	size_t n = 0;

	for (const char *s = text; *s; s++)
		n += *s == '\n';
	free(text);
	return n;
}

static bool has_litter(const struct world *w, const char *name)
{
	char *text = world_picture(w, name);
	const bool yes = strstr(text, ".hf-restore-") != NULL;

	free(text);
	return yes;
}

/* --- all of it ------------------------------------------------------------- */

static void comes_back_with_its_facts(void **state)
{
	static const char *const names[] = { "files", "directories", "symlinks", "hardlinks",
		"others", "bytes" };
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar;
	int64_t want[6];

	sample(w);
	dump(w, &tar);
	for (size_t i = 0; i < 6; i++)
		want[i] = world_fact(w, names[i]);
	/* whole, and byte for byte */
	for (size_t step = 0; step < 2; step++) {
		how.in.step = step;
		assert_int_equal(world_restore(w, &tar, how), HF_OK);
		expect_same(w);
		for (size_t i = 0; i < 6; i++)
			assert_int_equal(world_fact(w, names[i]), want[i]);
		assert_int_equal(w->facts, 6);
		/* not root: whose they are now */
		assert_int_equal(w->ctx.warnings, geteuid() == 0 ? 0 : 1);
		world_empty(w, "out");
	}
	bytes_free(&tar);
}

static void back_to_where_it_was(void **state)
{
	struct world *w = *state;
	const hf_options none = { w->driver->options, NULL };
	const hf_options options = { w->ops->restore_options, NULL };
	const hf_entry entry = { .size = sizeof entry, .path = "in.tar", .type = "tar/1",
		.subject = w->in };
	const hf_restore in = { .size = sizeof in, .lanes = 1, .point = "p", .options = &options };
	struct bytes tar;
	struct hf_reader reader = { .from = &tar, .fail_after = SIZE_MAX };
	void *self, *session;
	char *want, *got;

	sample(w);
	dump(w, &tar);
	want = world_picture(w, "in");
	assert_int_equal(w->driver->open(&w->ctx, &none, &self), HF_OK);
	assert_int_equal(w->ops->restore_begin(&w->ctx, self, &in, &session), HF_OK);
	/* refused while it is there */
	assert_int_equal(w->ops->wants(&w->ctx, session, &entry), HF_E_EXISTS);
	assert_int_equal(w->ops->restore_end(&w->ctx, session, HF_E_EXISTS), HF_OK);
	world_empty(w, "in");
	assert_int_equal(rmdir(w->in), 0);
	assert_int_equal(w->ops->restore_begin(&w->ctx, self, &in, &session), HF_OK);
	assert_int_equal(w->ops->wants(&w->ctx, session, &entry), HF_OK);
	assert_int_equal(w->ops->restore_prepare(&w->ctx, session), HF_OK);
	assert_int_equal(w->ops->restore(&w->ctx, session, &entry, &reader), HF_OK);
	assert_int_equal(w->ops->restore_end(&w->ctx, session, HF_OK), HF_OK);
	w->driver->close(&w->ctx, self);
	got = world_picture(w, "in");
	assert_string_equal(got, want);
	free(got);
	free(want);
	bytes_free(&tar);
}

static void holes_stay_holes(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar;
	struct stat from, to;
	char got[4];
	int fd = open(world_at(w, "in/sparse"), O_RDWR | O_CREAT, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "mid", 3, 3 << 20), 3);
	assert_int_equal(ftruncate(fd, 8 << 20), 0);
	assert_int_equal(fstat(fd, &from), 0);
	close(fd);
	fd = open(world_at(w, "in/void"), O_RDWR | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	close(fd);
	if (from.st_blocks > 1024)
		skip();
	dump(w, &tar);
	assert_true(tar.size < 100000);
	assert_int_equal(world_fact(w, "bytes"), 12 << 20);
	assert_int_equal(world_restore(w, &tar, how), HF_OK);
	assert_int_equal(world_fact(w, "bytes"), 12 << 20);
	assert_int_equal(stat(world_at(w, restored(w, "sparse")), &to), 0);
	assert_int_equal(to.st_size, 8 << 20);
	assert_true(to.st_blocks < 1024);
	assert_int_equal(stat(world_at(w, restored(w, "void")), &to), 0);
	assert_int_equal(to.st_size, 4 << 20);
	assert_int_equal(to.st_blocks, 0);
	fd = open(world_at(w, restored(w, "sparse")), O_RDONLY);
	assert_int_equal(pread(fd, got, 4, 3 << 20), 4);
	assert_memory_equal(got, "mid\0", 4);
	close(fd);
	bytes_free(&tar);
}

/* --- --only ----------------------------------------------------------------- */

static void only(void **state)
{
	static const struct {
		const char *only[3];
		int32_t status;
		const char *there, *not_there;
		size_t names; /* below the restored `in` */
	} cases[] = {
		{ { "/a" }, HF_OK, "a", "d", 1 },
		{ { "/d/deep" }, HF_OK, "d/deep/x.sql", "a", 3 },
		{ { "/d/" }, HF_OK, "d/deep/x.sql", "a", 5 },
		{ { "/*/*.sql" }, HF_OK, "e/z.sql", "d", 2 },
		{ { "[z].sql" }, HF_OK, "e/z.sql", "d", 2 },
		{ { "/a", "/e/z.sql" }, HF_OK, "e/z.sql", "d", 3 },
		{ { "/d/x" }, HF_OK, "d/x", "d/y", 2 },
		{ { "/d/x", "/d/y" }, HF_OK, "d/y", "a", 3 },
		{ { "/d/y" }, HF_E_NOT_FOUND, NULL, "d/y", 1 },
		{ { "/a", "/none" }, HF_E_NOT_FOUND, "a", "none", 1 },
		{ { "/none" }, HF_E_NOT_FOUND, NULL, "none", 0 },
		{ { "/link" }, HF_OK, "link", "a", 1 },
	};
	struct world *w = *state;
	struct bytes tar;

	sample(w);
	dump(w, &tar);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct restoring how = RESTORING;
		char text[3][200];
		int32_t status;

		for (size_t k = 0; k < 3 && cases[i].only[k]; k++) {
			snprintf(text[k], sizeof text[k], "%s%s",
			    cases[i].only[k][0] == '/' ? w->in : "", cases[i].only[k]);
			how.only[k] = text[k];
		}
		status = world_restore(w, &tar, how);
		if (status != cases[i].status)
			fail_msg("case %zu: %d, %s", i, status, w->ctx.message);
		/* a part has other facts than the whole */
		assert_int_equal(w->facts, 0);
		if (cases[i].there)
			assert_true(world_has(w, restored(w, cases[i].there)));
		assert_false(world_has(w, restored(w, cases[i].not_there)));
		if (count_names(w, restored(w, "")) != cases[i].names)
			fail_msg("case %zu: %zu names", i, count_names(w, restored(w, "")));
		world_empty(w, "out");
	}
	bytes_free(&tar);
}

static void a_later_name_alone_says_which_is_the_first(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar;
	char text[200];

	sample(w);
	dump(w, &tar);
	snprintf(text, sizeof text, "%s/d/y", w->in);
	how.only[0] = text;
	assert_int_equal(world_restore(w, &tar, how), HF_E_NOT_FOUND);
	assert_non_null(strstr(w->ctx.message, "/d/x"));
	assert_non_null(strstr(w->ctx.hint, "--only"));
	/* a file of the first name in the target need not be the backup's */
	world_empty(w, "out");
	snprintf(text, sizeof text, "%s", restored(w, "d"));
	for (char *s = text + 4; *s; s++) {
		s += strcspn(s, "/");
		if (*s == '\0')
			break;
		*s = '\0';
		mkdir(world_at(w, text), 0755);
		*s = '/';
	}
	mkdir(world_at(w, restored(w, "d")), 0755);
	world_file(w, restored(w, "d/x"), "another");
	snprintf(text, sizeof text, "%s/d/y", w->in);
	how.flags = HF_RESTORE_FORCE;
	assert_int_equal(world_restore(w, &tar, how), HF_E_NOT_FOUND);
	assert_false(world_has(w, restored(w, "d/y")));
	assert_true(world_holds(w, restored(w, "d/x"), "another"));
	/* everything is no part */
	how.only[0] = "/";
	assert_int_equal(world_restore(w, &tar, how), HF_E_CONFIG);
	bytes_free(&tar);
}

/* --- what is in the way ------------------------------------------------------ */

static void replaced_at_once(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar = { 0 };
	struct stat before, after;
	char got[16];
	int fd;

	tar_add(&tar, "f", '0', NULL, 0640, "new content");
	tar_add(&tar, "l", '2', "new", 0777, NULL);
	tar_end(&tar);
	world_file(w, "out/f", "old");
	world_file(w, "out/mine", "stays");
	/* another name of what is replaced keeps what it has */
	assert_int_equal(link(world_at(w, "out/f"), world_at(w, "beside/f")), 0);
	assert_int_equal(symlink("old", world_at(w, "out/l")), 0);
	assert_int_equal(world_restore(w, &tar, how), HF_E_EXISTS);
	assert_true(world_holds(w, "out/f", "old"));
	fd = open(world_at(w, "out/f"), O_RDONLY);
	assert_int_equal(fstat(fd, &before), 0);
	how.flags = HF_RESTORE_FORCE;
	assert_int_equal(world_restore(w, &tar, how), HF_OK);
	assert_int_equal(read(fd, got, sizeof got), 3);
	assert_memory_equal(got, "old", 3);
	close(fd);
	assert_true(world_holds(w, "beside/f", "old"));
	assert_true(world_holds(w, "out/f", "new content"));
	assert_true(world_holds(w, "out/mine", "stays"));
	assert_int_equal(stat(world_at(w, "out/f"), &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(after.st_mode & 07777, 0640);
	assert_int_equal(readlink(world_at(w, "out/l"), got, sizeof got), 3);
	assert_memory_equal(got, "new", 3);
	assert_int_equal(count_names(w, "out"), 3);
	bytes_free(&tar);
}

static void nothing_of_another_kind_is_replaced(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;

	how.flags = HF_RESTORE_FORCE;
	world_folder(w, "out/d");
	world_file(w, "out/d/keep", "text");
	world_file(w, "out/f", "text");
	assert_int_equal(symlink("d", world_at(w, "out/l")), 0);
	for (int i = 0; i < 5; i++) {
		struct bytes tar = { 0 };

		tar_add(&tar, "first", '0', NULL, 0644, "text");
		switch (i) {
		case 0: tar_add(&tar, "d", '0', NULL, 0644, "text"); break;
		case 1: tar_add(&tar, "d", '2', "x", 0777, NULL); break;
		case 2: tar_add(&tar, "d", '1', "first", 0644, NULL); break;
		case 3: tar_add(&tar, "f", '5', NULL, 0755, NULL); break;
		case 4: tar_add(&tar, "l", '5', NULL, 0755, NULL); break;
		}
		tar_end(&tar);
		assert_int_equal(world_restore(w, &tar, how), HF_E_EXISTS);
		assert_true(world_holds(w, "out/d/keep", "text"));
		assert_true(world_holds(w, "out/f", "text"));
		assert_false(has_litter(w, "out"));
		bytes_free(&tar);
	}
}

/* The target itself must be an empty folder, or none. */
static void the_target(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar = { 0 };
	char into[200];
	struct stat st;

	tar_add(&tar, "f", '0', NULL, 0644, "text");
	tar_end(&tar);
	snprintf(into, sizeof into, "%s/new/deep", w->root);
	how.into = into;
	assert_int_equal(world_restore(w, &tar, how), HF_OK);
	assert_int_equal(stat(into, &st), 0);
	/* nobody else looks into it before it is whole */
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(world_restore(w, &tar, how), HF_E_EXISTS);
	assert_non_null(strstr(w->ctx.hint, "--force"));
	snprintf(into, sizeof into, "%s/new/deep/f", w->root);
	assert_int_equal(world_restore(w, &tar, how), HF_E_CONFIG);
	bytes_free(&tar);
}

/* --- tars that are out for harm ----------------------------------------------- */

static void links_on_the_way_are_not_followed(void **state)
{
	struct world *w = *state;
	static const char types[] = "0512346";

	world_file(w, "beside/secret", "secret");
	for (int planted = 0; planted < 2; planted++)
		for (const char *type = types; *type; type++) {
			struct restoring how = RESTORING;
			struct bytes tar = { 0 };
			int32_t status;

			how.flags = HF_RESTORE_FORCE;
			tar_add(&tar, "first", '0', NULL, 0644, "text");
			if (planted)
				assert_int_equal(symlink(w->beside, world_at(w, "out/l")), 0);
			else
				tar_add(&tar, "l", '2', w->beside, 0777, NULL);
			tar_add(&tar, "l/planted", *type, "first", 0755,
			    *type == '0' ? "text" : NULL);
			tar_end(&tar);
			status = world_restore(w, &tar, how);
			if (status != HF_E_EXISTS)
				fail_msg("type %c: %d, %s", *type, status, w->ctx.message);
			assert_int_equal(count_names(w, "beside"), 1);
			world_empty(w, "out");
			bytes_free(&tar);
		}
}

static void a_folder_that_is_a_link_gets_no_attributes(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar = { 0 };
	struct stat before, after;

	/* a folder, emptied by replacing it: its mode would go to what the link names */
	how.flags = HF_RESTORE_FORCE;
	assert_int_equal(chmod(w->beside, 0711), 0);
	assert_int_equal(stat(w->beside, &before), 0);
	assert_int_equal(symlink(w->beside, world_at(w, "out/l")), 0);
	tar_add(&tar, "l", '5', NULL, 07777, NULL);
	tar_end(&tar);
	assert_int_not_equal(world_restore(w, &tar, how), HF_OK);
	assert_int_equal(stat(w->beside, &after), 0);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_uid, after.st_uid);
	bytes_free(&tar);
}

static void hard_links_to_outside(void **state)
{
	struct world *w = *state;
	char outside[120], up[120];
	struct {
		const char *to;
		int32_t status;
	} cases[] = {
		{ outside, HF_E_CORRUPT },
		{ "../beside/secret", HF_E_CORRUPT },
		{ "d/../../beside/secret", HF_E_CORRUPT },
		{ "l/secret", HF_E_EXISTS },
		{ "none", HF_E_CORRUPT },
		{ up, HF_E_CORRUPT },
	};

	snprintf(outside, sizeof outside, "%s/secret", w->beside);
	snprintf(up, sizeof up, "..%s/secret", w->beside);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct restoring how = RESTORING;
		struct bytes tar = { 0 };
		struct stat st;

		world_file(w, "beside/secret", "secret");
		tar_add(&tar, "l", '2', w->beside, 0777, NULL);
		tar_add(&tar, "mine", '1', cases[i].to, 0666, NULL);
		/* and then written through */
		tar_add(&tar, "mine", '0', NULL, 0666, "overwritten");
		tar_end(&tar);
		how.flags = HF_RESTORE_FORCE;
		assert_int_equal(world_restore(w, &tar, how), cases[i].status);
		assert_true(world_holds(w, "beside/secret", "secret"));
		assert_int_equal(stat(world_at(w, "beside/secret"), &st), 0);
		assert_int_equal(st.st_nlink, 1);
		assert_int_equal(st.st_mode & 07777, 0644);
		assert_false(world_has(w, "out/mine"));
		world_empty(w, "out");
		bytes_free(&tar);
	}
}

static void names_that_lead_out(void **state)
{
	static const char *const names[] = { "../x", "..", "a/../../x", "a/..", "a/../b", "/x",
		"//x", "/", "./../x", "" };
	static const char types[] = "052613";
	struct world *w = *state;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (const char *type = types; *type; type++) {
			struct restoring how = RESTORING;
			struct bytes tar = { 0 };
			int32_t status;

			tar_add(&tar, "first", '0', NULL, 0644, "text");
			tar_add(&tar, names[i], *type, "first", 0755, NULL);
			tar_end(&tar);
			status = world_restore(w, &tar, how);
			if (status != HF_E_CORRUPT)
				fail_msg("'%s' %c: %d", names[i], *type, status);
			assert_int_equal(count_names(w, "out"), 1);
			assert_false(world_has(w, "x"));
			world_empty(w, "out");
			bytes_free(&tar);
		}
}

static void odd_but_harmless(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar = { 0 };

	tar_add(&tar, "./", '5', NULL, 0755, NULL);
	tar_add(&tar, "./a//b/./c", '0', NULL, 0644, "text");
	tar_add(&tar, "..a", '0', NULL, 0644, "dots");
	tar_add(&tar, "a/...", '0', NULL, 0644, "dots");
	tar_end(&tar);
	assert_int_equal(world_restore(w, &tar, how), HF_OK);
	assert_true(world_holds(w, "out/a/b/c", "text"));
	assert_true(world_holds(w, "out/..a", "dots"));
	assert_true(world_holds(w, "out/a/...", "dots"));
	bytes_free(&tar);
	/* the root is a folder, or it is no backup of ours */
	world_empty(w, "out");
	tar_add(&tar, ".", '2', w->beside, 0777, NULL);
	tar_end(&tar);
	assert_int_equal(world_restore(w, &tar, how), HF_E_CORRUPT);
	bytes_free(&tar);
}

static void set_user_id_needs_its_owner(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar = { 0 };
	struct stat st;

	tar_add(&tar, "s1", '0', NULL, 06755, "text");
	tar_add(&tar, "s2", '0', NULL, 04711, "text");
	tar_add(&tar, "d", '5', NULL, 03775, NULL);
	tar_end(&tar);
	how.owner = "no";
	assert_int_equal(world_restore(w, &tar, how), HF_OK);
	assert_int_equal(stat(world_at(w, "out/s1"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(stat(world_at(w, "out/s2"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(stat(world_at(w, "out/d"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 01775);
	/* told once, not for each */
	assert_non_null(strstr(w->ctx.warning, "set-user-id"));
	assert_int_equal(w->ctx.warnings, geteuid() == 0 ? 1 : 2);
	world_empty(w, "out");
	if (geteuid() == 0) {
		how.owner = "yes";
		assert_int_equal(world_restore(w, &tar, how), HF_OK);
		assert_int_equal(stat(world_at(w, "out/s1"), &st), 0);
		assert_int_equal(st.st_mode & 07777, 06755);
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 1235);
		assert_int_equal(st.st_mtim.tv_sec, 1000000000);
		assert_int_equal(w->ctx.warnings, 0);
	}
	bytes_free(&tar);
}

static bool closed_folders_as_nobody(struct world *w)
{
	struct restoring how = RESTORING;
	struct bytes tar = { 0 };
	struct stat st;

	tar_add(&tar, "d", '5', NULL, 0500, NULL);
	tar_add(&tar, "d/f", '0', NULL, 0400, "text");
	tar_add(&tar, "d/e", '5', NULL, 0, NULL);
	tar_add(&tar, "d/e/g", '0', NULL, 0, "text");
	tar_add(&tar, "d/z", '1', "d/f", 0400, NULL);
	tar_end(&tar);
	CHECK(world_restore(w, &tar, how) == HF_OK);
	CHECK(strstr(w->ctx.warning, "not root") != NULL);
	CHECK(stat(world_at(w, "out/d"), &st) == 0);
	CHECK((st.st_mode & 07777) == 0500);
	CHECK(st.st_mtim.tv_sec == 1000000000);
	CHECK(world_holds(w, "out/d/f", "text"));
	CHECK(world_holds(w, "out/d/z", "text"));
	CHECK(stat(world_at(w, "out/d/e"), &st) == 0);
	CHECK((st.st_mode & 07777) == 0);
	/* asked for owners that it cannot give: an error, not a quiet other one */
	CHECK(chmod(world_at(w, "out/d"), 0700) == 0);
	CHECK(chmod(world_at(w, "out/d/e"), 0700) == 0);
	CHECK(unlink(world_at(w, "out/d/e/g")) == 0);
	CHECK(rmdir(world_at(w, "out/d/e")) == 0);
	CHECK(unlink(world_at(w, "out/d/f")) == 0);
	CHECK(unlink(world_at(w, "out/d/z")) == 0);
	CHECK(rmdir(world_at(w, "out/d")) == 0);
	how.owner = "yes";
	CHECK(world_restore(w, &tar, how) == HF_E_AUTH);
	CHECK(strstr(w->ctx.hint, "--owner no") != NULL);
	CHECK(!world_has(w, "out/d/f"));
	bytes_free(&tar);
	return true;
}

static void closed_folders_without_being_root(void **state)
{
	struct world *w = *state;

	assert_int_equal(chmod(w->out, 0777), 0);
	assert_true(as_nobody(w, closed_folders_as_nobody));
}

/* --- tars that are cut off ------------------------------------------------------ */

/* Every file that is there is whole. */
static void expect_no_halves(struct world *w)
{
	static const struct {
		const char *name;
		off_t size;
	} files[] = { { "a", 4 }, { "d/x", 5 }, { "d/y", 5 }, { "d/deep/x.sql", 6 },
		{ "e/z.sql", 6 }, { "f", 5000 } };
	struct stat st;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (stat(world_at(w, restored(w, files[i].name)), &st) == 0)
			assert_int_equal(st.st_size, files[i].size);
	assert_false(has_litter(w, "out"));
}

static void dump_with_a_longer_file(struct world *w, struct bytes *tar)
{
	char text[5001];

	sample(w);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	world_file(w, "in/f", text);
	dump(w, tar);
}

static void cut_off_anywhere(void **state)
{
	struct world *w = *state;
	struct bytes tar, part;

	dump_with_a_longer_file(w, &tar);
	part = tar;
	for (size_t size = 0; size < tar.size; size += size % 1024 == 512 ? 200 : 312) {
		struct restoring how = RESTORING;
		int32_t status;

		part.size = size;
		status = world_restore(w, &part, how);
		if (status != HF_E_CORRUPT)
			fail_msg("cut at %zu of %zu: %d, %s", size, tar.size, status,
			    w->ctx.message);
		assert_int_equal(w->facts, 0);
		expect_no_halves(w);
		world_empty(w, "out");
	}
	for (size_t size = 0; size < tar.size; size += 512) {
		struct restoring how = RESTORING;
		int32_t status;

		part.size = size;
		how.in.step = 700;
		status = world_restore(w, &part, how);
		if (status != HF_E_CORRUPT)
			fail_msg("cut at %zu of %zu: %d, %s", size, tar.size, status,
			    w->ctx.message);
		expect_no_halves(w);
		world_empty(w, "out");
	}
	bytes_free(&tar);
}

static void padding_behind_the_end(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	char zeros[9000] = "";
	struct bytes tar;

	sample(w);
	dump(w, &tar);
	/* as other tars have it, to a whole record */
	bytes_add(&tar, zeros, sizeof zeros);
	how.in.step = 100;
	assert_int_equal(world_restore(w, &tar, how), HF_OK);
	expect_same(w);
	bytes_free(&tar);
}

static void an_error_of_the_reader_anywhere(void **state)
{
	struct world *w = *state;
	const int open_before = open_descriptors();
	struct bytes tar;

	dump_with_a_longer_file(w, &tar);
	for (int consume = 0; consume < 2; consume++)
		for (size_t at = consume ? 256 : 0; at <= tar.size; at += 256) {
			struct restoring how = RESTORING;

			how.in.fail_after = at;
			how.in.fail_with = (int32_t)(47000 + at);
			how.in.fail_consume = consume;
			how.in.step = 256;
			assert_int_equal(world_restore(w, &tar, how), 47000 + at);
			/* the host has told why */
			assert_string_equal(w->ctx.message, "");
			assert_int_equal(w->facts, 0);
			expect_no_halves(w);
			world_empty(w, "out");
		}
	bytes_free(&tar);
	assert_int_equal(open_descriptors(), open_before);
}

/* Replacing stops as making does: what was there stays whole. */
static void cut_off_while_replacing(void **state)
{
	struct world *w = *state;
	struct restoring how = RESTORING;
	struct bytes tar = { 0 };
	char text[3001];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	tar_add(&tar, "f", '0', NULL, 0644, text);
	tar_end(&tar);
	world_file(w, "out/f", "old");
	tar.size = 1024;
	how.flags = HF_RESTORE_FORCE;
	assert_int_equal(world_restore(w, &tar, how), HF_E_CORRUPT);
	assert_true(world_holds(w, "out/f", "old"));
	assert_int_equal(count_names(w, "out"), 1);
	bytes_free(&tar);
}

static void another_type_of_entry(void **state)
{
	struct world *w = *state;
	const hf_options none = { w->driver->options, NULL };
	const hf_options options = { w->ops->restore_options, NULL };
	const hf_restore in = { .size = sizeof in, .into = w->out, .lanes = 1, .point = "p",
		.options = &options };
	hf_entry entry = { .size = sizeof entry, .path = "x", .type = "tar/2", .subject = w->in };
	const char *const part[] = { w->in };
	hf_restore only_in = in;
	void *self, *session;

	assert_int_equal(w->driver->open(&w->ctx, &none, &self), HF_OK);
	assert_int_equal(w->ops->restore_begin(&w->ctx, self, &in, &session), HF_OK);
	assert_int_equal(w->ops->wants(&w->ctx, session, &entry), HF_E_UNSUPPORTED);
	assert_int_equal(w->ops->restore_end(&w->ctx, session, HF_E_UNSUPPORTED), HF_OK);
	/* an entry that lies elsewhere is not read */
	only_in.only = part;
	only_in.only_count = 1;
	entry.type = "tar/1";
	entry.subject = w->beside;
	assert_int_equal(w->ops->restore_begin(&w->ctx, self, &only_in, &session), HF_OK);
	assert_int_equal(w->ops->wants(&w->ctx, session, &entry), HF_SKIP);
	entry.subject = w->root;
	assert_int_equal(w->ops->wants(&w->ctx, session, &entry), HF_OK);
	assert_int_equal(w->ops->restore_end(&w->ctx, session, HF_OK), HF_E_NOT_FOUND);
	w->driver->close(&w->ctx, self);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comes_back_with_its_facts),
		TEST(back_to_where_it_was),
		TEST(holes_stay_holes),
		TEST(only),
		TEST(a_later_name_alone_says_which_is_the_first),
		TEST(replaced_at_once),
		TEST(nothing_of_another_kind_is_replaced),
		TEST(the_target),
		TEST(links_on_the_way_are_not_followed),
		TEST(a_folder_that_is_a_link_gets_no_attributes),
		TEST(hard_links_to_outside),
		TEST(names_that_lead_out),
		TEST(odd_but_harmless),
		TEST(set_user_id_needs_its_owner),
		TEST(closed_folders_without_being_root),
		TEST(cut_off_anywhere),
		TEST(padding_behind_the_end),
		TEST(an_error_of_the_reader_anywhere),
		TEST(cut_off_while_replacing),
		TEST(another_type_of_entry),
	};

	return cmocka_run_group_tests_name("files_restore", tests, NULL, NULL);
}
