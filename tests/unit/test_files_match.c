/* SPDX-License-Identifier: MIT
 *
 * The files source's patterns: what `exclude` and --only name.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "plugins/files/source.h"

static void append(char *to, size_t room, const char *text)
{
	const size_t at = strlen(to);

	snprintf(to + at, room - at, "%s", text);
}

static bool matches(const char *text, const char *path, bool folder)
{
	struct pattern p;
	bool yes;

	assert_true(pattern_compile(&p, text, false));
	yes = pattern_matches(&p, path, folder);
	pattern_free(&p);
	return yes;
}

static bool covers(const char *text, const char *path)
{
	struct pattern p;
	bool yes;

	assert_true(pattern_compile(&p, text, true));
	yes = pattern_covers(&p, path);
	pattern_free(&p);
	return yes;
}

static void excludes(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool folder, yes;
	} cases[] = {
		/* a name at any depth */
		{ "*.o", "a.o", false, true },
		{ "*.o", "srv/deep/a.o", false, true },
		{ "*.o", "srv/a.o/b", false, false },
		{ "*.o", "srv/a.oo", false, false },
		{ "core", "srv/core", false, true },
		{ "core", "srv/core2", false, false },
		{ "core", "srv/score", false, false },
		{ "[ab]?", "x/b1", false, true },
		{ "[ab]?", "x/c1", false, false },
		{ "[!a]", "x/b", false, true },
		{ "\\*", "x/*", false, true },
		{ "\\*", "x/y", false, false },
		{ ".*", "x/.git", true, true },
		{ "*", "x/.git", true, true },
		/* folders only */
		{ "tmp/", "srv/tmp", true, true },
		{ "tmp/", "srv/tmp", false, false },
		{ "/srv/tmp/", "srv/tmp", true, true },
		{ "/srv/tmp/", "srv/tmp", false, false },
		{ "/srv/tmp/", "a/srv/tmp", true, false },
		/* from the root */
		{ "/srv/a", "srv/a", false, true },
		{ "/srv/a", "srv/a/b", false, false },
		{ "/srv/a", "x/srv/a", false, false },
		{ "/srv/*/log", "srv/a/log", false, true },
		{ "/srv/*/log", "srv/a/b/log", false, false },
		{ "/srv/*/log", "srv/log", false, false },
		{ "//srv//./a", "srv/a", false, true },
		{ "/*", "srv", true, true },
		{ "/*", "srv/a", true, false },
		/* with a slash inside: at any depth */
		{ "a/b", "a/b", false, true },
		{ "a/b", "x/y/a/b", false, true },
		{ "a/b", "x/a/y/b", false, false },
		{ "a/b", "xa/b", false, false },
		{ "a/b/", "x/a/b", true, true },
		{ "a/b/", "x/a/b", false, false },
		/* any folders */
		{ "/srv/**/x", "srv/x", false, true },
		{ "/srv/**/x", "srv/a/x", false, true },
		{ "/srv/**/x", "srv/a/b/c/x", false, true },
		{ "/srv/**/x", "srv/a/b/c/xx", false, false },
		{ "/srv/**/x", "x", false, false },
		{ "**/x", "x", false, true },
		{ "**/x", "a/b/x", false, true },
		{ "/srv/**", "srv", true, false },
		{ "/srv/**", "srv/a", false, true },
		{ "/srv/**", "srv/a/b", false, true },
		{ "/a/**/b/**/c", "a/b/c", false, true },
		{ "/a/**/b/**/c", "a/1/b/2/3/b/4/c", false, true },
		{ "/a/**/b/**/c", "a/1/c/2/b", false, false },
		{ "/**/**/x", "x", false, true },
		{ "/a/**/b/c", "a/b/b/c", false, true },
		{ "/a/**/b/c", "a/b/x/b/c/d", false, false },
		/* a wildcard never takes a slash */
		{ "/a*b", "a/b", false, false },
		{ "/a?b", "a/b", false, false },
		{ "/a[/]b", "a/b", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (matches(cases[i].pattern, cases[i].path, cases[i].folder) != cases[i].yes)
			fail_msg("%s on %s should be %d", cases[i].pattern, cases[i].path,
			    cases[i].yes);
}

static void only(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool yes;
	} cases[] = {
		{ "/srv/a", "srv/a", true },
		{ "srv/a", "srv/a", true },
		{ "/srv/a/", "srv/a/b/c", true },
		{ "/srv/a", "srv/ab", false },
		{ "/srv/a", "srv", false },
		{ "/srv/a", "x/srv/a", false },
		/* a plain name is a path here */
		{ "a", "a/b", true },
		{ "a", "srv/a", false },
		/* with a wildcard it is a name at any depth */
		{ "*.sql", "srv/a.sql", true },
		{ "*.sql", "srv/a.sql/b", true },
		{ "*.sql", "srv/a.sq", false },
		{ "/srv/*.sql", "srv/a.sql", true },
		{ "/srv/*.sql", "srv/b/a.sql", false },
		{ "/srv/**/b", "srv/x/y/b/c", true },
		/* a name that looks like a pattern is meant as it is, too */
		{ "/srv/a[1]", "srv/a[1]", true },
		{ "/srv/a[1]", "srv/a[1]/b", true },
		{ "/srv/a[1]", "srv/a1", true },
		{ "/srv/a[1]", "srv/a[1]x", false },
		{ "/srv/a\\*", "srv/a*", true },
		{ "/srv/a\\*", "srv/ab", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (covers(cases[i].pattern, cases[i].path) != cases[i].yes)
			fail_msg("--only %s on %s should be %d", cases[i].pattern, cases[i].path,
			    cases[i].yes);
}

static void magic(void **state)
{
	(void)state;
	assert_false(pattern_magic("/srv/a"));
	assert_true(pattern_magic("/srv/*"));
	assert_true(pattern_magic("/srv/a?"));
	assert_true(pattern_magic("/srv/[a]"));
	assert_false(pattern_magic("/srv/\\*"));
	assert_true(pattern_magic("/srv/\\\\*"));
	assert_false(pattern_magic("/srv/\\"));
	assert_false(pattern_magic(""));
}

static void above(void **state)
{
	(void)state;
	assert_true(path_covers("a", "a"));
	assert_true(path_covers("a", "a/b"));
	assert_false(path_covers("a", "ab"));
	assert_false(path_covers("a/b", "a"));
	assert_true(path_covers("", "a"));
}

static void long_names(void **state)
{
	char name[4000];

	(void)state;
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	/* longer than any name can be: no match, and nothing overrun */
	assert_false(matches("a*", name, false));
	assert_true(matches(name, name, false));
	name[255] = '\0';
	assert_true(matches("a*", name, false));
	assert_true(matches("*a", name, false));
}

/* What takes a naive matcher the age of the universe. */
static void no_pattern_takes_long(void **state)
{
	char pattern[1024] = "", path[4096] = "";
	const clock_t begin = clock();

	(void)state;
	for (int i = 0; i < 60; i++)
		append(pattern, sizeof pattern, "/**/a");
	append(pattern, sizeof pattern, "/b");
	for (int i = 0; i < 900; i++)
		append(path, sizeof path, i > 0 ? "/a" : "a");
	assert_false(matches(pattern, path, false));
	assert_true((clock() - begin) / CLOCKS_PER_SEC < 5);
}

/* Against a matcher that tries everything. */
static bool naive(char **part, size_t parts, const char *path)
{
	const size_t n = strcspn(path, "/");
	const char *rest = path + n + (path[n] == '/');

	if (parts == 0)
		return *path == '\0';
	if (strcmp(*part, "**") == 0)
		return naive(part + 1, parts - 1, path) ||
		    (*path != '\0' && naive(part, parts, rest));
	return *path != '\0' && strlen(*part) == n && strncmp(*part, path, n) == 0 &&
	    naive(part + 1, parts - 1, rest);
}

static void like_trying_everything(void **state)
{
	static const char *const words[] = { "a", "b", "**" };
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char pattern[64] = "", path[64] = "";
		struct pattern p;
		bool want, got;

		for (unsigned i = 0; i < 1 + round % 5u; i++) {
			seed = seed * 1103515245 + 12345;
			append(pattern, sizeof pattern, "/");
			append(pattern, sizeof pattern, words[(seed >> 16) % 3]);
		}
		for (unsigned i = 0; i < 1 + round / 5 % 6u; i++) {
			seed = seed * 1103515245 + 12345;
			append(path, sizeof path, i > 0 ? "/" : "");
			append(path, sizeof path, words[(seed >> 16) % 2]);
		}
		assert_true(pattern_compile(&p, pattern, false));
		got = pattern_matches(&p, path, true);
		/* at its end ** is at least one name: the compiler added a * for that */
		if (strcmp(p.part[p.count - 1], "*") == 0) {
			want = false;
			for (const char *s = path; s && !want; s = strchr(s + 1, '/')) {
				char head[64] = "";

				if (s > path)
					memcpy(head, path, (size_t)(s - path));
				want = naive(p.part, p.count - 2, head);
			}
		} else {
			want = naive(p.part, p.count, path);
		}
		pattern_free(&p);
		if (want != got)
			fail_msg("%s on %s should be %d", pattern, path, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(excludes),
		cmocka_unit_test(only),
		cmocka_unit_test(magic),
		cmocka_unit_test(above),
		cmocka_unit_test(long_names),
		cmocka_unit_test(no_pattern_takes_long),
		cmocka_unit_test(like_trying_everything),
	};

	return cmocka_run_group_tests_name("files_match", tests, NULL, NULL);
}
