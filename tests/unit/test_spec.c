/* SPDX-License-Identifier: MIT
 * --sink DRIVER:key=value,... */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/job/job.h"

static struct job *good(const char *spec, const char *name)
{
	struct error err = { 0 };
	struct job *job = NULL;

	if (job_from_spec(spec, name, &job, &err) != HF_OK)
		fail_msg("\"%s\" refused: %s", spec, err.message);
	assert_int_equal(job->sinks.n, 1);
	assert_string_equal(job->sinks.v[0].kind, "sink");
	assert_string_equal(job->sinks.v[0].name, "sink");
	assert_int_equal(job->sources.n, 0);
	return job;
}

static void pair(const struct job *job, size_t i, const char *key, const char *value)
{
	assert_true(i < job->sinks.v[0].n);
	assert_string_equal(job->sinks.v[0].settings[i].key, key);
	assert_string_equal(job->sinks.v[0].settings[i].value, value);
}

static void test_good(void **state)
{
	char here[4096];
	struct job *job = good("files:path=/var/backups,min_free=10%", "x");

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_string_equal(job->folder, here);
	assert_string_equal(job->name, "x");
	assert_string_equal(job->file, "--sink");
	assert_string_equal(job->sinks.v[0].plugin, "files");
	assert_true(job->sinks.v[0].required);
	assert_true(job->shared_file);
	assert_int_equal(job->sinks.v[0].n, 2);
	pair(job, 0, "path", "/var/backups");
	pair(job, 1, "min_free", "10%");
	job_free(job);

	job = good("s3", NULL);
	assert_null(job->name);
	assert_int_equal(job->sinks.v[0].n, 0);
	job_free(job);
	job = good("s3:", NULL);
	assert_int_equal(job->sinks.v[0].n, 0);
	job_free(job);
}

static void test_escapes(void **state)
{
	struct job *job = good("files:path=/a\\,b\\\\c=d:e,x=", NULL);

	(void)state;
	pair(job, 0, "path", "/a,b\\c=d:e");
	pair(job, 1, "x", "");
	job_free(job);
	setenv("HF_TEST_SECRET", "a,b\\", 1);
	job = good("s3:key=${HF_TEST_SECRET},y=$${z}", NULL);
	pair(job, 0, "key", "a,b\\");
	assert_true(job->sinks.v[0].settings[0].expanded);
	pair(job, 1, "y", "${z}");
	assert_false(job->sinks.v[0].settings[1].expanded);
	job_free(job);
}

static void refused(const char *spec, const char *name, const char *part)
{
	struct error err = { 0 };
	struct job *job = NULL;

	assert_int_equal(job_from_spec(spec, name, &job, &err), HF_E_CONFIG);
	assert_null(job);
	if (!strstr(err.message, part))
		fail_msg("\"%s\": \"%s\" has no \"%s\"", spec, err.message, part);
	error_clear(&err);
	assert_int_equal(job_from_spec(spec, name, &job, NULL), HF_E_CONFIG);
}

static void test_refused(void **state)
{
	(void)state;
	unsetenv("HF_TEST_NONE");
	refused("", NULL, "is not the name of a driver");
	refused("/var/backups", NULL, "\"/var/backups\" is not the name of a driver");
	refused("Files:path=/a", NULL, "is not the name of a driver");
	refused("files:/var/backups", NULL, "--sink: expected key=value");
	refused("files:path=/a,", NULL, "expected key=value");
	refused("files:,path=/a", NULL, "expected key=value");
	refused("files:=a", NULL, "expected key=value");
	refused("files:path=/a\\b", NULL, "a backslash stands before");
	refused("files:path=/a\\", NULL, "a backslash stands before");
	refused("files:path=${HF_TEST_NONE}", NULL, "path: the environment variable HF_TEST_NONE");
	refused("files:plugin=x", NULL, "\"plugin\" has no place here");
	refused("files:required=no", NULL, "\"required\" has no place here");
	refused("files:pa\x1bth=x", NULL, "is not a key");
	refused("files:path=x", "../x", "cannot be a job's name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
