/* SPDX-License-Identifier: MIT
 * Values against a driver's table: types, limits, lists, keys, paths, secrets. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/job/options.h"
#include "engine/job/parse.h"
#include "engine/util/clock.h"
#include "engine/util/fs.h"

static char folder[] = "/tmp/holdfast-test-options-XXXXXX";

static const hf_option table[] = {
	{ .name = "host", .type = HF_OPT_STRING, .default_value = "localhost", .help = "h" },
	{ .name = "port", .type = HF_OPT_INT, .min = 1, .max = 65535, .help = "h" },
	{ .name = "chunk", .type = HF_OPT_SIZE, .min = 1024, .max = INT64_MAX, .help = "h",
	  .default_value = "8M" },
	{ .name = "wait", .type = HF_OPT_DURATION, .help = "h" },
	{ .name = "fast", .type = HF_OPT_BOOL, .default_value = "no", .help = "h" },
	{ .name = "mode", .type = HF_OPT_CHOICE, .choices = "auto|full|none", .help = "h",
	  .default_value = "auto" },
	{ .name = "sample", .type = HF_OPT_PERCENT, .max = 1000000, .help = "h" },
	{ .name = "path", .type = HF_OPT_PATH, .flags = HF_OPT_LIST | HF_OPT_REQUIRED,
	  .help = "what to read" },
	{ .name = "header", .type = HF_OPT_STRING, .flags = HF_OPT_KEYED, .help = "h" },
	{ .name = "password", .type = HF_OPT_STRING, .flags = HF_OPT_SECRET, .help = "h" },
	{ .name = "pin", .type = HF_OPT_INT, .flags = HF_OPT_SECRET, .help = "h" },
	{ 0 },
};

struct fixture {
	struct job *job;
	hf_options *o;
	struct error err;
	int32_t status;
};

/* Resolves a [source] of these lines (the first of them is line 2 of the file). */
static struct fixture resolve(const char *lines, bool shared)
{
	autofree char *text = xasprintf("[source]\n%s\n[sink]\nplugin=x\n[source b]\nplugin=x\n",
					lines);
	struct job_origin from = { .file = "x.ini", .folder = folder, .shared = shared };
	struct fixture f = { 0 };

	f.status = job_parse_memory(&from, text, strlen(text), &f.job, &f.err);
	if (f.status != HF_OK)
		fail_msg("not a job: %s", f.err.message);
	f.status = options_resolve(table, f.job, &f.job->sources.v[0], "source (x)", &f.o, &f.err);
	return f;
}

static void done(struct fixture *f)
{
	options_free(f->o);
	job_free(f->job);
	error_clear(&f->err);
}

static struct fixture good(const char *lines)
{
	struct fixture f = resolve(lines, false);

	if (f.status != HF_OK)
		fail_msg("refused: %s", f.err.message);
	return f;
}

static void refused_in(const char *lines, bool shared, const char *part, const char *hint)
{
	struct fixture f = resolve(lines, shared);
	hf_options *none = NULL;

	assert_int_equal(f.status, HF_E_CONFIG);
	assert_null(f.o);
	if (!strstr(f.err.message, part))
		fail_msg("\"%s\" has no \"%s\"", f.err.message, part);
	if (hint && (!f.err.hint || !strstr(f.err.hint, hint)))
		fail_msg("the hint \"%s\" has no \"%s\"", f.err.hint ? f.err.hint : "", hint);
	if (strstr(f.err.message, "geheim") || (f.err.hint && strstr(f.err.hint, "geheim")))
		fail_msg("a secret shows: %s", f.err.message);
	assert_int_equal(options_resolve(table, f.job, &f.job->sources.v[0], "x", &none, NULL),
			 HF_E_CONFIG);
	done(&f);
}

static void refused(const char *lines, const char *part, const char *hint)
{
	refused_in(lines, false, part, hint);
}

static void test_values(void **state)
{
	struct fixture f = good("plugin=x\nport=3306\nwait=1m\nfast=yes\nmode=none\nsample=0.5%\n"
				"path=/a");

	(void)state;
	assert_string_equal(options_text(f.o, "host", 0), "localhost");
	assert_int_equal(options_int(f.o, "port", 0), 3306);
	assert_int_equal(options_int(f.o, "chunk", 0), 8 << 20);
	assert_int_equal(options_int(f.o, "wait", 0), 60 * NS_PER_S);
	assert_int_equal(options_int(f.o, "fast", 0), 1);
	assert_int_equal(options_int(f.o, "mode", 0), 2);
	assert_string_equal(options_text(f.o, "mode", 0), "none");
	assert_int_equal(options_int(f.o, "sample", 0), 5000);
	assert_int_equal(options_count(f.o, "password"), 0);
	assert_null(options_text(f.o, "password", 0));
	assert_int_equal(f.o->unknown.n, 0);
	/* a driver that asks for what it did not declare */
	assert_int_equal(options_count(f.o, "prot"), 0);
	assert_null(options_text(f.o, "prot", 0));
	assert_int_equal(options_int(f.o, "other", 1), 0);
	assert_int_equal(f.o->unknown.n, 2);
	assert_string_equal(f.o->unknown.v[0], "prot");
	done(&f);
}

static void test_lists_and_paths(void **state)
{
	struct fixture f = good("path=/b//c/./d/\nplugin=x\npath=rel/../x\n  .\npath=/");
	autofree char *rel = xasprintf("%s/rel/../x", folder);

	(void)state;
	assert_int_equal(options_count(f.o, "path"), 4);
	assert_string_equal(options_text(f.o, "path", 0), "/b/c/d");
	assert_string_equal(options_text(f.o, "path", 1), rel);
	assert_string_equal(options_text(f.o, "path", 2), folder);
	assert_string_equal(options_text(f.o, "path", 3), "/");
	assert_null(options_text(f.o, "path", 4));
	assert_null(options_text(f.o, "path", UINT64_MAX));
	assert_null(options_key(f.o, "path", 0));
	done(&f);
	refused("plugin=x\npath=", "x.ini:3: source (x): path: the value is empty", NULL);
	refused("plugin=x\npath=~/x", "path: ~ is not expanded", "${HOME}");
	refused("plugin=x", "x.ini:1: source (x): path is missing", "what to read");
}

static void test_keyed(void **state)
{
	struct fixture f = good("plugin=x\npath=/a\nheader.X-A.b=1\nheader.c=2");

	(void)state;
	assert_int_equal(options_count(f.o, "header"), 2);
	assert_string_equal(options_key(f.o, "header", 0), "X-A.b");
	assert_string_equal(options_text(f.o, "header", 0), "1");
	assert_string_equal(options_key(f.o, "header", 1), "c");
	done(&f);
	refused("plugin=x\npath=/a\nheader=1", "write header.KEY", NULL);
	refused("plugin=x\npath=/a\nheader.=1", "write header.KEY", NULL);
	refused("plugin=x\npath=/a\nheader.a=1\nheader.a=2",
		"x.ini:5: source (x): header.a: it is given already, by \"header.a\" on line 4",
		NULL);
	refused("plugin=x\npath=/a\nhost.a=1", "there is no key \"host.a\"", NULL);
}

static void test_refused(void **state)
{
	(void)state;
	refused("plugin=x\npath=/a\nprot=1", "x.ini:4: source (x): there is no key \"prot\"",
		"did you mean \"port\"?");
	refused("plugin=x\npath=/a\npassword_fiel=1", "no key", "did you mean \"password_file\"?");
	refused("plugin=x\npath=/a\nincrementl=1", "no key", "did you mean \"incremental\"?");
	refused("plugin=x\npath=/a\nhost_file=1", "there is no key \"host_file\"", NULL);
	refused("plugin=x\npath=/a\nxxxxxxx=1", "no key", "the keys are: host, port");
	refused("plugin=x\npath=/a\nport=x", "x.ini:4: source (x): port: \"x\" is not an integer",
		NULL);
	refused("plugin=x\npath=/a\nport=0", "port: 0 is too little: at least 1", NULL);
	refused("plugin=x\npath=/a\nport=65536", "port: 65536 is too much: at most 65535", NULL);
	refused("plugin=x\npath=/a\nchunk=1", "chunk: 1 is too little: at least 1.0 KiB", NULL);
	refused("plugin=x\npath=/a\nsample=101%", "101% is too much: at most 100.0000%", NULL);
	refused("plugin=x\npath=/a\nmode=ful", "mode: \"ful\" is not one of auto|full|none",
		"did you mean \"full\"?");
	refused("plugin=x\npath=/a\nhost=a\nport=1\nhost=b",
		"x.ini:6: source (x): host: it is given already, by \"host\" on line 4", NULL);
}

/* Writes `n` bytes into a file of the folder, with this mode. */
static void put(const char *name, const void *data, size_t n, mode_t mode)
{
	autofree char *path = xasprintf("%s/%s", folder, name);

	assert_int_equal(fs_write_atomic(path, data, n, mode, NULL), HF_OK);
}

static void secret_is(const char *data, const char *want)
{
	struct fixture f;

	put("pw", data, strlen(data), 0600);
	f = good("plugin=x\npath=/a\npassword_file=pw");
	assert_int_equal(options_count(f.o, "password"), 1);
	assert_string_equal(options_text(f.o, "password", 0), want);
	assert_int_equal(options_count(f.o, "password_file"), 0);
	done(&f);
}

static void test_secret_files(void **state)
{
	autofree char *big = xcalloc(1, 65538);

	(void)state;
	secret_is("geheim\n", "geheim");
	secret_is("geheim\r\n", "geheim");
	secret_is("geheim\n\n", "geheim\n");
	secret_is(" %@#\"\\${x}\n;", " %@#\"\\${x}\n;");
	put("pw", "geheim", 6, 0644);
	refused("plugin=x\npath=/a\npassword_file=pw", "but others can read it (mode 0644)",
		"chmod 600 ");
	put("pw", "ge\0heim", 7, 0600);
	refused("plugin=x\npath=/a\npassword_file=pw", "pw holds a NUL byte", NULL);
	put("pw", "\n", 1, 0600);
	refused("plugin=x\npath=/a\npassword_file=pw", "pw is empty", NULL);
	memset(big, 'a', 65537);
	put("pw", big, 65537, 0600);
	refused("plugin=x\npath=/a\npassword_file=pw", "pw is longer than 65536 bytes", NULL);
	big[65536] = '\0';
	secret_is(big, big);
	refused("plugin=x\npath=/a\npassword_file=gone", "x.ini:4: source (x): password_file: "
		"cannot open ", NULL);
	refused("plugin=x\npath=/a\npassword_file=.", "is not a regular file", NULL);
	refused("plugin=x\npath=/a\npassword_file=", "password_file: the path is empty", NULL);
	put("pw", "geheim", 6, 0600);
	refused("plugin=x\npath=/a\npassword=geheim\npassword_file=pw",
		"password_file: it is given already, by \"password\" on line 4", NULL);
	refused("plugin=x\npath=/a\npin_file=pw", "pin_file: the value is not right for the type "
		"integer", NULL);
}

static void test_inline_secrets(void **state)
{
	struct fixture f = good("plugin=x\npath=/a\npassword=geheim");

	(void)state;
	assert_string_equal(options_text(f.o, "password", 0), "geheim");
	done(&f);
	refused("plugin=x\npath=/a\npin=geheim", "pin: the value is not right", NULL);
	refused_in("plugin=x\npath=/a\npassword=geheim", true,
		   "x.ini:4: source (x): password: the secret stands in a job file that others "
		   "can read", "chmod 600 x.ini");
	/* what comes from the environment is not in the file */
	setenv("HF_TEST_PW", "geheim", 1);
	f = resolve("plugin=x\npath=/a\npassword=${HF_TEST_PW}", true);
	assert_int_equal(f.status, HF_OK);
	assert_string_equal(options_text(f.o, "password", 0), "geheim");
	done(&f);
}

static void test_spec(void **state)
{
	struct error err = { 0 };
	hf_options *o = NULL;
	struct job *job;

	(void)state;
	assert_int_equal(job_from_spec("x:path=/a,password=geheim", NULL, &job, &err), HF_OK);
	assert_int_equal(options_resolve(table, job, &job->sinks.v[0], "sink (x)", &o, &err),
			 HF_E_CONFIG);
	assert_string_equal(err.message, "--sink: sink (x): password: a secret on the command line "
			    "can be read by everybody on this machine");
	assert_non_null(strstr(err.hint, "password_file=PATH"));
	error_clear(&err);
	job_free(job);
}

static int32_t args(const char *name, const char *value, hf_options **o, struct error *err)
{
	struct strv names = { 0 }, values = { 0 };
	int32_t status;

	strv_add(&names, "path");
	strv_add(&values, "/a");
	strv_add(&names, name);
	strv_add(&values, value);
	status = options_resolve_args(table, &names, &values, "restore (x)", o, err);
	strv_free(&names);
	strv_free(&values);
	return status;
}

static void args_refused(const char *name, const char *value, const char *part, const char *hint)
{
	struct error err = { 0 };
	hf_options *o = NULL;

	assert_int_equal(args(name, value, &o, &err), HF_E_CONFIG);
	if (!strstr(err.message, part))
		fail_msg("\"%s\" has no \"%s\"", err.message, part);
	if (hint && (!err.hint || !strstr(err.hint, hint)))
		fail_msg("the hint \"%s\" has no \"%s\"", err.hint ? err.hint : "", hint);
	error_clear(&err);
}

static void test_args(void **state)
{
	autofree char *file = xasprintf("%s/pw", folder);
	hf_options *o = NULL;

	(void)state;
	put("pw", "geheim", 6, 0600);
	assert_int_equal(args("password-file", file, &o, NULL), HF_OK);
	assert_string_equal(options_text(o, "password", 0), "geheim");
	options_free(o);
	assert_int_equal(args("header.X-A", "1", &o, NULL), HF_OK);
	assert_string_equal(options_key(o, "header", 0), "X-A");
	options_free(o);
	args_refused("prot", "1", "restore (x): there is no option --prot",
		     "did you mean \"--port\"?");
	args_refused("port", "x", "restore (x): --port: \"x\" is not an integer", NULL);
	args_refused("password", "geheim", "a secret on the command line", "--password-file PATH");
	assert_int_equal(options_resolve_args(NULL, &(struct strv){ 0 }, &(struct strv){ 0 }, "x",
					      &o, NULL), HF_OK);
	assert_int_equal(options_count(o, "a"), 0);
	options_free(o);
}

static void table_refused(hf_option a, hf_option b, const char *part)
{
	const hf_option t[] = { a, b, { 0 } };
	struct error err = { 0 };

	assert_int_equal(options_table_check(t, &err), HF_E_FAILED);
	if (!strstr(err.message, part))
		fail_msg("\"%s\" has no \"%s\"", err.message, part);
	error_clear(&err);
	assert_int_equal(options_table_check(t, NULL), HF_E_FAILED);
}

#define TYPED(t, ...) ((hf_option){ .type = (t), .help = "h", __VA_ARGS__ })
#define OPTION(...) TYPED(HF_OPT_STRING, __VA_ARGS__)

static void test_table(void **state)
{
	const hf_option end = { 0 };

	(void)state;
	assert_int_equal(options_table_check(table, NULL), HF_OK);
	assert_int_equal(options_table_check(NULL, NULL), HF_OK);
	table_refused(OPTION(.name = "A"), end, "has a name that is not");
	table_refused(OPTION(.name = ""), end, "has a name that is not");
	table_refused(OPTION(.name = "plugin"), end, "option plugin has a name that is the host's");
	table_refused(OPTION(.name = "a"), OPTION(.name = "a"), "a is there twice");
	table_refused(OPTION(.name = "a", .flags = HF_OPT_SECRET), OPTION(.name = "a_file"),
		      "a_file is taken by the secret");
	table_refused(((hf_option){ .name = "a", .type = HF_OPT_STRING }), end, "has no help");
	table_refused(TYPED(11, .name = "a"), end, "has a type");
	table_refused(OPTION(.name = "a", .flags = 64), end, "has a flag");
	table_refused(OPTION(.name = "a", .max = 4), end, "has limits");
	table_refused(OPTION(.name = "a", .choices = "b"), end, "is no choice");
	table_refused(TYPED(HF_OPT_CHOICE, .name = "a"), end, "no good list");
	table_refused(TYPED(HF_OPT_CHOICE, .name = "a", .choices = "a||b"), end,
		      "no good list");
	table_refused(TYPED(HF_OPT_CHOICE, .name = "a", .choices = "a|a"), end,
		      "no good list");
	table_refused(TYPED(HF_OPT_CHOICE, .name = "a", .choices = "a|b",
			     .default_value = "c"), end, "option a has a wrong default");
	table_refused(TYPED(HF_OPT_INT, .name = "a", .min = 2, .max = 1), end,
		      "least value above");
	table_refused(TYPED(HF_OPT_INT, .name = "a", .min = 2, .max = 3,
			     .default_value = "4"), end, "wrong default: 4 is too much");
	table_refused(OPTION(.name = "a", .flags = HF_OPT_REQUIRED, .default_value = "4"), end,
		      "must be given and yet");
	assert_string_equal(option_type_name(HF_OPT_DURATION), "duration");
	assert_string_equal(option_type_name(1), "unknown");
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return fs_remove_tree(folder, NULL) == HF_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_lists_and_paths),
		cmocka_unit_test(test_keyed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_secret_files),
		cmocka_unit_test(test_inline_secrets),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
