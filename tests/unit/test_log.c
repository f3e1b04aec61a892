/* SPDX-License-Identifier: MIT
 * Messages on standard error: whole, fit for a terminal, at the right level. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/util/log.h"
#include "engine/util/mem.h"

static unsigned hooked;

static void hook(void)
{
	hooked++;
}

/* What `say` writes to standard error; the caller's. */
static char *caught(void (*say)(void))
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	char *text = xcalloc(1, 1 << 20);

	assert_non_null(file);
	assert_true(kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
	say();
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	rewind(file);
	(void)fread(text, 1, (1 << 20) - 1, file);
	fclose(file);
	return text;
}

static void says(void (*say)(void), const char *want)
{
	autofree char *text = caught(say);

	assert_string_equal(text, want);
}

static void all_levels(void)
{
	log_warn("w");
	log_notice("n");
	log_info("i");
	log_debug("d");
}

static void test_levels(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_QUIET);
	says(all_levels, "holdfast: warning: w\n");
	log_set_level(LOG_LEVEL_NORMAL);
	says(all_levels, "holdfast: warning: w\nholdfast: n\n");
	log_set_level(LOG_LEVEL_VERBOSE);
	says(all_levels, "holdfast: warning: w\nholdfast: n\nholdfast: i\n");
	log_set_level(LOG_LEVEL_DEBUG);
	says(all_levels,
	     "holdfast: warning: w\nholdfast: n\nholdfast: i\nholdfast: debug: d\n");
	assert_int_equal(log_level(), LOG_LEVEL_DEBUG);
	log_set_level(LOG_LEVEL_NORMAL);
}

static void an_error(void)
{
	struct error err = { 0 };

	log_error(&err);
	log_error(NULL);
	error_set(&err, HF_E_FAILED, "no \x1b[31mred");
	error_hint(&err, "try again");
	log_error(&err);
	error_clear(&err);
}

static void test_error(void **state)
{
	(void)state;
	says(an_error, "holdfast: no \\x1b[31mred\n  hint: try again\n");
}

static void forged(void)
{
	log_warn("server says: a\nholdfast: all is well\n");
}

static void test_lines_cannot_be_forged(void **state)
{
	(void)state;
	says(forged, "holdfast: warning: server says: a\n    holdfast: all is well\n");
}

static void *chatter(void *arg)
{
	for (int i = 0; i < 200; i++)
		log_warn("%s", (const char *)arg);
	return NULL;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"

static void many_threads(void)
{
	pthread_t threads[4];
	char text[] = LETTERS;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, chatter, text), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void test_whole_lines(void **state)
{
	autofree char *text = NULL;
	char *rest, *line;
	unsigned n = 0;

	(void)state;
	hooked = 0;
	log_set_line_hook(hook);
	text = rest = caught(many_threads);
	log_set_line_hook(NULL);
	while ((line = strsep(&rest, "\n")) && *line) {
		assert_string_equal(line, "holdfast: warning: " LETTERS);
		n++;
	}
	assert_int_equal(n, 800);
	assert_int_equal(hooked, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_lines_cannot_be_forged),
		cmocka_unit_test(test_whole_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
