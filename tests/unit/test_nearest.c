/* SPDX-License-Identifier: MIT
 * "Did you mean": slips of the hand are found, other words are not. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/util/nearest.h"

static const char *const names[] = {
	"plugin", "database", "password_file", "password", "keep_daily", "keep_last", "host", "x",
};

static const char *near(const char *word)
{
	return nearest(word, names, sizeof(names) / sizeof(names[0]));
}

static void test_slips(void **state)
{
	(void)state;
	assert_string_equal(near("plugn"), "plugin");
	assert_string_equal(near("databsae"), "database");   /* one swap */
	assert_string_equal(near("Database"), "database");
	assert_string_equal(near("keep-daily"), "keep_daily");
	assert_string_equal(near("keepdaily"), "keep_daily");
	assert_string_equal(near("pasword"), "password");
	assert_string_equal(near("passwordfile"), "password_file");
	assert_string_equal(near("hsot"), "host");
}

static void test_other_words(void **state)
{
	char longest[200];

	(void)state;
	assert_null(near("bucket"));
	assert_null(near(""));
	assert_null(near("y")); /* no letter of "x" is left */
	assert_null(nearest("plugin", names, 0));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(near(longest));
	assert_null(nearest("plugin", (const char *const[]){ longest }, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slips),
		cmocka_unit_test(test_other_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
