/* SPDX-License-Identifier: MIT
 * Job files: what a good one gives, how a wrong one is told, where they are looked for. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/job/parse.h"
#include "engine/util/clock.h"
#include "engine/util/fs.h"

#define BOTH "[source]\nplugin = files\npath = /srv\n[sink]\nplugin = files\npath = /b\n"

static char folder[] = "/tmp/holdfast-test-job-XXXXXX";

static const struct job_origin origin = { .file = "/etc/jobs/x.ini", .folder = "/etc/jobs" };

static struct job *good(const char *text)
{
	struct error err = { 0 };
	struct job *job = NULL;

	if (job_parse_memory(&origin, text, strlen(text), &job, &err) != HF_OK)
		fail_msg("refused: %s", err.message);
	return job;
}

/* The message and the hint (if one is wanted) have these parts. */
static void has(struct error *err, const char *part, const char *hint)
{
	assert_int_equal(err->status, HF_E_CONFIG);
	if (!strstr(err->message, part))
		fail_msg("\"%s\" has no \"%s\"", err->message, part);
	if (hint && (!err->hint || !strstr(err->hint, hint)))
		fail_msg("%s: the hint \"%s\" has no \"%s\"", err->message,
			 err->hint ? err->hint : "", hint);
	error_clear(err);
}

static void refused(const char *text, const char *part, const char *hint)
{
	struct error err = { 0 };
	struct job *job = NULL;

	assert_int_equal(job_parse_memory(&origin, text, strlen(text), &job, &err), HF_E_CONFIG);
	assert_null(job);
	has(&err, part, hint);
	assert_int_equal(job_parse_memory(&origin, text, strlen(text), &job, NULL), HF_E_CONFIG);
}

static const char whole[] =
	"[job]\n"
	"name = scheduleright\n"
	"description = what matters\n"
	"rpo = 24h\n"
	"rto = 30m\n"
	"parallel = 4\n"
	"retry_for = 0\n"
	"litter_after = 2d\n"
	"lock_wait = 10s\n"
	"[source main]\n"
	"plugin = mysql\n"
	"incremental = yes\n"
	"database = a\n"
	"[source config]\n"
	"path = /a ; the first\n"
	"plugin = files\n"
	"path = /b\n"
	"       /c\n"
	"[compressor]\n"
	"plugin = zstd\n"
	"[sink disk]\n"
	"plugin = files\n"
	"path = backups\n"
	"[sink offsite]\n"
	"plugin = s3\n"
	"required = no\n"
	"[post verify]\n"
	"plugin = verify\n"
	"sink = disk\n"
	"[post retention]\n"
	"plugin = retention\n";

static void test_whole(void **state)
{
	struct job *job = good(whole);
	const struct section *s;

	(void)state;
	assert_string_equal(job->name, "scheduleright");
	assert_string_equal(job->description, "what matters");
	assert_string_equal(job->folder, "/etc/jobs");
	assert_int_equal(job->rpo_ns, 86400 * NS_PER_S);
	assert_int_equal(job->rto_ns, 1800 * NS_PER_S);
	assert_int_equal(job->parallel, 4);
	assert_int_equal(job->retry_for_ns, 0);
	assert_int_equal(job->litter_after_ns, 2 * 86400 * NS_PER_S);
	assert_int_equal(job->lock_wait_ns, 10 * NS_PER_S);
	assert_int_equal(job->sources.n, 2);
	assert_true(job->sources.v[0].incremental);
	s = sections_find(&job->sources, "config");
	assert_ptr_equal(s, &job->sources.v[1]);
	assert_false(s->incremental);
	assert_string_equal(s->plugin, "files");
	assert_int_equal(s->n, 3);
	assert_string_equal(s->settings[0].value, "/a");
	assert_int_equal(s->settings[0].line, 15);
	assert_string_equal(s->settings[2].key, "path");
	assert_string_equal(s->settings[2].value, "/c");
	assert_int_equal(s->settings[2].line, 18);
	assert_string_equal(job->compressor->plugin, "zstd");
	assert_true(job->sinks.v[0].required);
	assert_false(job->sinks.v[1].required);
	assert_string_equal(job->posts.v[0].name, "verify");
	assert_int_equal(job->posts.v[0].sinks.n, 1);
	assert_string_equal(job->posts.v[0].sinks.v[0], "disk");
	assert_int_equal(job->posts.v[1].sinks.n, 0);
	assert_null(sections_find(&job->sinks, "verify"));
	job_free(job);
	job_free(NULL);
}

static void test_defaults(void **state)
{
	struct job *job = good(BOTH);

	(void)state;
	assert_string_equal(job->name, "x");
	assert_null(job->description);
	assert_int_equal(job->rpo_ns, 0);
	assert_int_equal(job->parallel, 2);
	assert_int_equal(job->retry_for_ns, 120 * NS_PER_S);
	assert_int_equal(job->litter_after_ns, 7 * 86400 * NS_PER_S);
	assert_int_equal(job->lock_wait_ns, 0);
	assert_null(job->compressor);
	assert_string_equal(job->sources.v[0].name, "source");
	assert_string_equal(job->sources.v[0].kind, "source");
	job_free(job);
}

static void test_sections(void **state)
{
	(void)state;
	refused("", "x.ini: the job has no [source]", "plugin");
	refused("[source]\nplugin = a\n", "the job has no [sink]", "plugin");
	refused("[sorce]\n", "x.ini:1: there is no section [sorce]", "did you mean \"source\"?");
	refused("[cipher]\n", "x.ini:1: there is no section [cipher]", "compressor, sink");
	refused("[job x]\n", "[job] takes no name", NULL);
	refused("[sink a.b]\n", "\"a.b\" cannot be the name", "a-z");
	refused("[sink Disk]\n", "cannot be the name", NULL);
	refused("[sink -a]\n", "cannot be the name", NULL);
	refused("[sink]\n[sink]\n", "x.ini:2: there is a [sink] already, on line 1", "[sink NAME]");
	refused("[sink d]\n[job]\n[sink d]\n", "x.ini:3: there is a [sink d] already, on line 1",
		"name of its own");
	/* the name of an unnamed one is its kind */
	refused("[sink]\n[sink sink]\n", "x.ini:2: there is a [sink] already", NULL);
	refused("[job]\n[job]\n", "there is a [job] already", NULL);
	refused("[compressor a]\nplugin = a\n[compressor b]\nplugin = b\n",
		"x.ini:3: there is a [compressor] already, on line 1", NULL);
	refused("[source]\n[sink]\n", "x.ini:1: the section [source] has no plugin", "plugin =");
	refused("[source a]\nplugin = ../x\n", "x.ini:2: plugin: \"../x\" is not the name", NULL);
	refused("[source a]\nplugin = a\nplugin = b\n",
		"x.ini:3: \"plugin\" is given twice, first on line 2", NULL);
	refused(BOTH "[post a]\nplugin = verify\nsink = snik\n",
		"x.ini:7: [post a]: there is no sink \"snik\"", "did you mean \"sink\"?");
	refused(BOTH "[post a]\nplugin = verify\nsink = sink\nsink = sink\n",
		"x.ini:10: sink sink is given twice", NULL);
}

static void test_keys(void **state)
{
	(void)state;
	refused("[job]\nparalel = 2\n", "x.ini:2: there is no key \"paralel\" in [job]",
		"did you mean \"parallel\"?");
	refused("[job]\nwhatever = 2\n", "there is no key", "lock_wait");
	refused("[job]\nplugin = x\n", "there is no key \"plugin\" in [job]", NULL);
	refused("[job]\nrpo = 1h\nrpo = 2h\n", "x.ini:3: \"rpo\" is given twice, first on line 2",
		NULL);
	refused("[job]\nrpo = 24\n", "x.ini:2: rpo: \"24\" is not a duration", NULL);
	refused("[job]\nparallel = 0\n", "x.ini:2: parallel: 0 is not between 1 and 64", NULL);
	refused("[job]\nparallel = 65\n", "parallel: 65 is not between", NULL);
	refused("[job]\nlitter_after = 0\n", "litter_after: it cannot be 0", NULL);
	refused("[job]\nname = Bad Name\n", "x.ini:2: name: \"Bad Name\" cannot be", NULL);
	refused("[source]\nplugin = a\nrequired = no\n",
		"x.ini:3: \"required\" belongs into a [sink], not into a [source]", NULL);
	refused("[sink]\nplugin = a\nincremental = no\n", "belongs into a [source]", NULL);
	refused("[sink]\nplugin = a\nrequired = maybe\n", "x.ini:3: required: \"maybe\"", NULL);
}

static void test_expansion(void **state)
{
	struct job *job;
	const struct setting *t;

	(void)state;
	setenv("HF_TEST_A", "a${HF_TEST_B}\nb", 1);
	unsetenv("HF_TEST_B");
	job = good("[source]\nplugin = files\nk = <${HF_TEST_A}>\nk = $${HF_TEST_A}\nk = $5 $\n"
		   "[sink]\nplugin = files\n");
	t = job->sources.v[0].settings;
	assert_string_equal(t[0].value, "<a${HF_TEST_B}\nb>"); /* not looked at again */
	assert_true(t[0].expanded);
	assert_string_equal(t[1].value, "${HF_TEST_A}");
	assert_false(t[1].expanded);
	assert_string_equal(t[2].value, "$5 $");
	job_free(job);
	refused("[source]\npassword = ${HF_TEST_B}\n",
		"x.ini:2: password: the environment variable HF_TEST_B is not set", "$${");
	refused("[source]\nk = ${HF_TEST_A\n", "k: a ${ has no }", NULL);
	refused("[source]\nk = ${}\n", "is not the name of an environment variable", NULL);
	refused("[source]\nk = ${1A}\n", "is not the name of an environment variable", NULL);
}

static void test_limits(void **state)
{
	struct buf text = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++)
		buf_addf(&text, "[source s%d]\n", i);
	refused(text.data, "x.ini:257: there are more than 256 sections", NULL);
	buf_free(&text);
	buf_adds(&text, "[source]\n");
	for (int i = 0; i < 20001; i++)
		buf_addf(&text, "p=%d\n", i);
	refused(text.data, "x.ini:20002: the section has more than 20000 lines", NULL);
	buf_free(&text);
}

static void test_name_ok(void **state)
{
	char name[66];

	(void)state;
	assert_true(job_name_ok("a"));
	assert_true(job_name_ok("0-a_b.c"));
	assert_false(job_name_ok(""));
	assert_false(job_name_ok("."));
	assert_false(job_name_ok(".."));
	assert_false(job_name_ok("-a"));
	assert_false(job_name_ok("a/b"));
	assert_false(job_name_ok("A"));
	memset(name, 'a', 65);
	name[65] = '\0';
	assert_false(job_name_ok(name));
	name[64] = '\0';
	assert_true(job_name_ok(name));
}

/* --- files ------------------------------------------------------------------ */

static char *put(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", folder, name);

	assert_int_equal(fs_write_atomic(path, text, strlen(text), mode, NULL), HF_OK);
	return path;
}

static void load_refused(const char *what, const char *part, const char *hint)
{
	struct error err = { 0 };
	struct job *job = NULL;

	assert_int_equal(job_load(what, &job, &err), HF_E_CONFIG);
	assert_null(job);
	has(&err, part, hint);
	assert_int_equal(job_load(what, &job, NULL), HF_E_CONFIG);
}

static void test_load(void **state)
{
	autofree char *path = put("nightly.ini", BOTH, 0600);
	autofree char *full = realpath(folder, NULL);
	struct error err = { 0 };
	struct job *job = NULL;

	(void)state;
	assert_int_equal(job_load(path, &job, &err), HF_OK);
	assert_string_equal(job->file, path);
	assert_string_equal(job->folder, full);
	assert_string_equal(job->name, "nightly");
	assert_false(job->shared_file);
	job_free(job);
	assert_int_equal(job_load("nightly", &job, &err), HF_OK);
	assert_string_equal(job->name, "nightly");
	job_free(job);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(job_load("nightly", &job, &err), HF_OK);
	assert_true(job->shared_file);
	job_free(job);
	load_refused("nigthly", "there is no job \"nigthly\" in ", "did you mean \"nightly\"?");
	load_refused("weekly-of-all", "there is no job", "the jobs are: nightly");
	load_refused("No Such", "neither the name of a job nor a path", "slash");
	load_refused("./gone.ini", "cannot open the job file ./gone.ini: No such file", NULL);
	setenv("HOLDFAST_JOBS", "/nonexistent", 1);
	load_refused("nightly", "there is no job \"nightly\" in /nonexistent",
		     "write /nonexistent/");
	setenv("HOLDFAST_JOBS", folder, 1);
	assert_int_equal(unlink(path), 0);
}

static void test_load_refuses(void **state)
{
	autofree char *open = put("open.ini", BOTH, 0666), *odd = put("Odd Name.ini", BOTH, 0600);
	autofree char *big = xmalloc((1 << 20) + 2), *path = NULL, *dir = NULL;

	(void)state;
	load_refused(open, "can be changed by others (mode 0666)", "chmod go-w");
	load_refused(odd, "\"Odd Name\" cannot be the job's name", "name =");
	dir = xasprintf("%s/", folder);
	load_refused(dir, "is not a regular file", NULL);
	memset(big, '\n', (1 << 20) + 1);
	big[(1 << 20) + 1] = '\0';
	path = put("big.ini", big, 0600);
	load_refused(path, "is longer than 1048576 bytes", NULL);
	assert_int_equal(mkfifo((free(path), path = xasprintf("%s/fifo.ini", folder)), 0600), 0);
	load_refused(path, "is not a regular file", NULL);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && setenv("HOLDFAST_JOBS", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return fs_remove_tree(folder, NULL) == HF_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_name_ok),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_refuses),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
