/* SPDX-License-Identifier: MIT
 *
 * The files source: a restore gives files the very names that they had, takes what two entries
 * hold, and in place touches nothing but what was backed up.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files_source.h"

/* --- a session with entries of one's own ------------------------------------ */

struct session {
	struct world *w;
	void *self, *handle;
	hf_options options;
};

static int32_t begin(struct session *s, struct world *w, hf_restore in)
{
	const hf_options none = { w->driver->options, NULL };

	s->w = w;
	s->options = (hf_options){ w->ops->restore_options, NULL };
	in.size = sizeof in;
	in.lanes = 1;
	in.point = "p";
	in.options = &s->options;
	assert_int_equal(w->driver->open(&w->ctx, &none, &s->self), HF_OK);
	return w->ops->restore_begin(&w->ctx, s->self, &in, &s->handle);
}

static hf_entry entry_of(const char *subject)
{
	return (hf_entry){ .size = sizeof(hf_entry), .path = "e.tar", .type = "tar/1",
		.subject = subject };
}

static int32_t wants(struct session *s, const char *subject)
{
	const hf_entry entry = entry_of(subject);

	return s->w->ops->wants(&s->w->ctx, s->handle, &entry);
}

static int32_t put_back(struct session *s, const char *subject, const struct bytes *tar)
{
	struct hf_reader reader = { .from = tar, .fail_after = SIZE_MAX };
	const hf_entry entry = entry_of(subject);

	return s->w->ops->restore(&s->w->ctx, s->handle, &entry, &reader);
}

static int32_t end(struct session *s, int32_t outcome)
{
	const int32_t status = s->w->ops->restore_end(&s->w->ctx, s->handle, outcome);

	s->w->driver->close(&s->w->ctx, s->self);
	return status;
}

static void dump_of(struct world *w, const char *path, struct bytes *tar)
{
	*tar = (struct bytes){ 0 };
	world_options_clear(w);
	world_option(w, "path", "%s", path);
	if (world_backup_into(w, tar) != HF_OK)
		fail_msg("%s", w->ctx.message);
}

/* --- names ------------------------------------------------------------------- */

/* The same letter, composed and not; what is no UTF-8; both in one folder. */
static void names_are_bytes(void **state)
{
	static const char *const names[] = { "caf\xc3\xa9", "cafe\xcc\x81", "x\xcc\x87", "\xe2\x84\xab",
		"A\xcc\x8a", "\xc3\x85", "\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80", "latin\xe9",
		"cut\xe2\x84", "line\nbreak", "-rf" };
	const size_t count = sizeof names / sizeof names[0];
	struct restoring how = RESTORING;
	struct world *w = *state;
	char name[300], to[300], got[300];
	char *want, *have;
	struct bytes tar;

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof name, "in/%s", names[i]);
		world_file(w, name, names[i]);
		snprintf(name, sizeof name, "in/link-%zu", i);
		assert_int_equal(symlink(names[i], world_at(w, name)), 0);
	}
	world_file(w, "in/e\xcc\x81-hole", "");
	assert_int_equal(truncate(world_at(w, "in/e\xcc\x81-hole"), 1 << 20), 0);
	world_folder(w, "in/e\xcc\x81-folder");
	snprintf(name, sizeof name, "in/%s", names[1]);
	assert_int_equal(link(world_at(w, name), world_at(w, "in/e\xcc\x81-folder/u\xcc\x88")), 0);
	dump_of(w, w->in, &tar);
	if (world_restore(w, &tar, how) != HF_OK)
		fail_msg("%s", w->ctx.message);
	want = world_picture(w, "in");
	snprintf(name, sizeof name, "out%s", w->in);
	have = world_picture(w, name);
	assert_string_equal(have, want);
	for (size_t i = 0; i < count; i++) {
		ssize_t n;

		snprintf(to, sizeof to, "out%s/%s", w->in, names[i]);
		assert_true(world_holds(w, to, names[i]));
		snprintf(to, sizeof to, "out%s/link-%zu", w->in, i);
		n = readlink(world_at(w, to), got, sizeof got);
		assert_int_equal(n, (ssize_t)strlen(names[i]));
		assert_memory_equal(got, names[i], (size_t)n);
	}
	free(want);
	free(have);
	bytes_free(&tar);
}

/* --- a path below another path ------------------------------------------------- */

static void fill(const struct world *w)
{
	world_folder(w, "in/app");
	world_file(w, "in/app/a", "text");
	world_file(w, "in/z", "end");
	assert_int_equal(link(world_at(w, "in/app/a"), world_at(w, "in/app/b")), 0);
	assert_int_equal(symlink("a", world_at(w, "in/app/link")), 0);
	assert_int_equal(mkfifo(world_at(w, "in/app/pipe"), 0600), 0);
}

/* Both orders, into an empty folder and in place, without --force. */
static void two_entries_hold_the_same(void **state)
{
	struct world *w = *state;
	struct bytes whole, part;
	char app[100], name[300];
	char *want;

	fill(w);
	snprintf(app, sizeof app, "%s/app", w->in);
	dump_of(w, w->in, &whole);
	dump_of(w, app, &part);
	want = world_picture(w, "in");
	for (unsigned turn = 0; turn < 4; turn++) {
		const bool place = turn & 1, back = turn & 2;
		struct session s;
		struct stat a, b;
		char *have;

		if (place) {
			world_empty(w, "in");
			assert_int_equal(rmdir(w->in), 0);
		}
		assert_int_equal(begin(&s, w, (hf_restore){ .into = place ? NULL : w->out }), HF_OK);
		assert_int_equal(wants(&s, w->in), HF_OK);
		assert_int_equal(wants(&s, app), HF_OK);
		assert_int_equal(w->ops->restore_prepare(&w->ctx, s.handle), HF_OK);
		if (put_back(&s, back ? app : w->in, back ? &part : &whole) != HF_OK ||
		    put_back(&s, back ? w->in : app, back ? &whole : &part) != HF_OK)
			fail_msg("turn %u: %s", turn, w->ctx.message);
		assert_int_equal(end(&s, HF_OK), HF_OK);
		snprintf(name, sizeof name, "%s%s", place ? "in" : "out", place ? "" : w->in);
		have = world_picture(w, name);
		assert_string_equal(have, want);
		free(have);
		snprintf(name, sizeof name, "%s%s/app/a", place ? "in" : "out", place ? "" : w->in);
		assert_int_equal(stat(world_at(w, name), &a), 0);
		name[strlen(name) - 1] = 'b';
		assert_int_equal(stat(world_at(w, name), &b), 0);
		assert_int_equal(a.st_ino, b.st_ino);
		world_empty(w, "out");
	}
	free(want);
	bytes_free(&whole);
	bytes_free(&part);
}

/* --- in place -------------------------------------------------------------------- */

/* Wildcards of --only cannot be looked for before: found out as it happens. */
static void nothing_is_replaced_unasked(void **state)
{
	static const char *const only[] = { "/app/a", "/app/a/", "//app/./a", "/app/[a]" };
	struct world *w = *state;
	struct bytes tar;

	fill(w);
	dump_of(w, w->in, &tar);
	world_file(w, "in/app/a", "newer");
	for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
		char text[200];
		const char *const list[] = { text };
		struct session s;
		int32_t status;

		snprintf(text, sizeof text, "%s%s", w->in, only[i]);
		assert_int_equal(begin(&s, w, (hf_restore){ .only = list, .only_count = 1 }), HF_OK);
		status = wants(&s, w->in);
		if (status == HF_OK) {
			assert_int_equal(w->ops->restore_prepare(&w->ctx, s.handle), HF_OK);
			status = put_back(&s, w->in, &tar);
		}
		if (status != HF_E_EXISTS)
			fail_msg("%s: %d", text, status);
		assert_int_equal(end(&s, status), HF_OK);
		assert_true(world_holds(w, "in/app/a", "newer"));
	}
	bytes_free(&tar);
}

/* A tar in the place of the true one may write where its entry lay, not beside it. */
static void nothing_beside_the_path(void **state)
{
	static const char *const beside[] = { "beside/x", "in2", "i" };
	struct world *w = *state;

	for (size_t i = 0; i < 2 * (sizeof beside / sizeof beside[0]); i++) {
		struct bytes tar = { 0 };
		char first[200], name[200];
		struct session s;

		snprintf(first, sizeof first, "%s/f", w->in + 1);
		snprintf(name, sizeof name, "%s/%s", w->root + 1, beside[i / 2]);
		world_empty(w, "in");
		(void)rmdir(w->in);
		tar_add(&tar, first, '0', NULL, 0644, "text");
		/* a file there, or another name for one that is there */
		if (i % 2 == 0)
			tar_add(&tar, name, '0', NULL, 0644, "text");
		else
			tar_add(&tar, first, '1', name, 0644, NULL);
		tar_end(&tar);
		assert_int_equal(begin(&s, w, (hf_restore){ .into = NULL }), HF_OK);
		assert_int_equal(wants(&s, w->in), HF_OK);
		assert_int_equal(w->ops->restore_prepare(&w->ctx, s.handle), HF_OK);
		assert_int_equal(put_back(&s, w->in, &tar), HF_E_CORRUPT);
		assert_int_equal(end(&s, HF_E_CORRUPT), HF_OK);
		assert_false(world_has(w, "beside/x"));
		assert_false(world_has(w, "in2"));
		assert_false(world_has(w, "i"));
		bytes_free(&tar);
	}
}

/* A pattern's members lie below the folder before its first wildcard. */
static void a_pattern_goes_back(void **state)
{
	struct world *w = *state;
	struct bytes tar;
	char pattern[100];
	struct session s;
	char *want, *have;

	fill(w);
	snprintf(pattern, sizeof pattern, "%s/[ab]*", w->in);
	dump_of(w, pattern, &tar);
	assert_int_equal(unlink(world_at(w, "in/z")), 0);
	want = world_picture(w, "in/app");
	world_empty(w, "in/app");
	assert_int_equal(rmdir(world_at(w, "in/app")), 0);
	assert_int_equal(begin(&s, w, (hf_restore){ .into = NULL }), HF_OK);
	assert_int_equal(wants(&s, pattern), HF_OK);
	assert_int_equal(w->ops->restore_prepare(&w->ctx, s.handle), HF_OK);
	assert_int_equal(put_back(&s, pattern, &tar), HF_OK);
	assert_int_equal(end(&s, HF_OK), HF_OK);
	have = world_picture(w, "in/app");
	assert_string_equal(have, want);
	free(want);
	free(have);
	bytes_free(&tar);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_bytes),
		TEST(two_entries_hold_the_same),
		TEST(nothing_is_replaced_unasked),
		TEST(nothing_beside_the_path),
		TEST(a_pattern_goes_back),
	};

	return cmocka_run_group_tests_name("files_same", tests, NULL, NULL);
}
