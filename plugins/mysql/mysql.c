/* SPDX-License-Identifier: MIT
 * The plugin: a source for MySQL and MariaDB servers. Its options and its instance. */
#include "config.h"

#include "mysql.h"

#include <mysql.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const hf_host *host;

#define SECOND INT64_C(1000000000)

static const hf_option options[] = {
	{.name = "database", .type = HF_OPT_STRING, .flags = HF_OPT_REQUIRED | HF_OPT_LIST,
		.help = "a database to back up, or all: every one but the server's own"},
	{.name = "host", .type = HF_OPT_STRING, .help = "the server's name or address"},
	{.name = "port", .type = HF_OPT_INT, .default_value = "3306", .min = 1, .max = 65535,
		.help = "the server's TCP port"},
	{.name = "socket", .type = HF_OPT_PATH, .help = "the server's unix socket; wins over host"},
	{.name = "user", .type = HF_OPT_STRING, .help = "the account that backs up"},
	{.name = "password", .type = HF_OPT_STRING, .flags = HF_OPT_SECRET, .help = "its password"},
	{.name = "defaults_file", .type = HF_OPT_PATH,
		.help = "an option file of the client (my.cnf); its [client] group is read"},
	{.name = "include", .type = HF_OPT_STRING, .flags = HF_OPT_LIST,
		.help = "only these tables: a pattern of TABLE or DATABASE.TABLE"},
	{.name = "exclude", .type = HF_OPT_STRING, .flags = HF_OPT_LIST,
		.help = "not these tables: a pattern of TABLE or DATABASE.TABLE"},
	{.name = "schema_only", .type = HF_OPT_BOOL, .default_value = "no", .help = "no rows"},
	{.name = "data_only", .type = HF_OPT_BOOL, .default_value = "no",
		.help = "rows only; they are restored into tables that exist"},
	{.name = "where", .type = HF_OPT_STRING, .flags = HF_OPT_KEYED,
		.help = "where.TABLE: only the rows for which this SQL condition holds"},
	{.name = "routines", .type = HF_OPT_BOOL, .default_value = "yes",
		.help = "procedures, functions and packages"},
	{.name = "triggers", .type = HF_OPT_BOOL, .default_value = "yes", .help = "triggers"},
	{.name = "events", .type = HF_OPT_BOOL, .default_value = "yes", .help = "events"},
	{.name = "users", .type = HF_OPT_BOOL, .default_value = "no",
		.help = "accounts, roles and grants of the whole server; a restore adds what is missing"},
	{.name = "definer", .type = HF_OPT_STRING, .default_value = "keep",
		.help = "of views, routines, triggers and events: keep, strip, or USER@HOST"},
	{.name = "locks", .type = HF_OPT_CHOICE, .default_value = "auto", .choices = "auto|none|full",
		.help = "auto: a lock for the moment of the snapshot; none: no lock; full: as long as it takes"},
	{.name = "lock_timeout", .type = HF_OPT_DURATION, .default_value = "30s", .min = SECOND,
		.max = 86400 * SECOND, .help = "how long to wait for the lock; others wait meanwhile"},
	{.name = "broken_views", .type = HF_OPT_CHOICE, .default_value = "warn", .choices = "warn|fail",
		.help = "a view whose tables or columns do not exist"},
	{.name = "chunk_size", .type = HF_OPT_SIZE, .default_value = "64M", .min = 1 << 20,
		.max = INT64_C(1) << 40, .help = "larger tables are cut into entries of about so many bytes"},
	{.name = "tls", .type = HF_OPT_CHOICE, .default_value = "auto", .choices = "auto|no|required|verify",
		.help = "auto: over TCP if the server can; verify: also check the server's certificate"},
	{.name = "tls_ca", .type = HF_OPT_PATH, .help = "the authority that signed the server's certificate"},
	{.name = "tls_cert", .type = HF_OPT_PATH, .help = "a certificate of the client"},
	{.name = "tls_key", .type = HF_OPT_PATH, .help = "the key of that certificate"},
	{.name = "compress", .type = HF_OPT_BOOL, .default_value = "no",
		.help = "compress what goes over the network"},
	{.name = "connect_timeout", .type = HF_OPT_DURATION, .default_value = "10s", .min = SECOND,
		.max = 3600 * SECOND, .help = "how long to wait for a connection"},
	{.name = NULL},
};

static void library_begin(void)
{
	struct sigaction before;
	const bool known = sigaction(SIGPIPE, NULL, &before) == 0;

	(void)mysql_library_init(0, NULL, NULL);
	/* the library ignores it; how signals are handled is the host's business */
	if (known)
		(void)sigaction(SIGPIPE, &before, NULL);
}

static int32_t mysql_open(hf_ctx *ctx, const hf_options *opts, void **self)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct source *src = calloc(1, sizeof(*src));
	const char *definer;

	if (src == NULL)
		return host->fail(ctx, HF_E_FAILED, "out of memory in the mysql driver");
	src->opts = opts;
	for (uint64_t i = 0; i < host->opt_count(opts, "database"); i++)
		src->all = src->all || strcmp(host->opt_text(opts, "database", i), "all") == 0;
	definer = host->opt_text(opts, "definer", 0);
	if ((src->all && host->opt_count(opts, "database") > 1) ||
	    (opt_yes(src, "schema_only") && opt_yes(src, "data_only")) ||
	    (strcmp(definer, "keep") != 0 && strcmp(definer, "strip") != 0 && strchr(definer, '@') == NULL)) {
		const bool two = src->all && host->opt_count(opts, "database") > 1;
		const bool nothing = opt_yes(src, "schema_only") && opt_yes(src, "data_only");

		free(src);
		return host->fail(ctx, HF_E_CONFIG, "%s",
			two	? "database = all stands beside other databases" :
			nothing ? "schema_only and data_only leave nothing to back up" :
				  "definer is neither keep, strip nor USER@HOST");
	}
	pthread_once(&once, library_begin);
	*self = src;
	return HF_OK;
}

static void mysql_close_source(hf_ctx *ctx, void *self)
{
	(void)ctx;
	free(self);
}

static int32_t worker_begin(hf_ctx *ctx, void *self)
{
	(void)self;
	return mysql_thread_init() == 0 ? HF_OK :
		host->fail(ctx, HF_E_FAILED, "the client library cannot serve another thread");
}

static void worker_end(hf_ctx *ctx, void *self)
{
	(void)ctx;
	(void)self;
	mysql_thread_end();
}

static const hf_source_ops ops = {
	.size = sizeof(ops),
	.begin = mysql_begin,
	.dump = mysql_dump,
	.end = mysql_end,
	.restore_begin = mysql_restore_begin,
	.wants = mysql_wants,
	.restore_prepare = mysql_restore_prepare,
	.restore = mysql_restore,
	.restore_end = mysql_restore_end,
	.restore_options = mysql_restore_options,
};

static const hf_driver driver = {
	.size = sizeof(driver),
	.kind = HF_KIND_SOURCE,
	.name = "mysql",
	.summary = "databases of MySQL and MariaDB, as SQL",
	.options = options,
	.threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_REDUMP | HF_CAP_DRY_RESTORE,
	.open = mysql_open,
	.probe = mysql_probe,
	.close = mysql_close_source,
	.worker_begin = worker_begin,
	.worker_end = worker_end,
	.source = &ops,
};

static const hf_driver *const drivers[] = {&driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = HF_ABI_MAJOR,
	.abi_minor = HF_ABI_MINOR,
	.name = "mysql",
	.version = PACKAGE_VERSION,
	.license = "MIT",
	.drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *given)
{
	host = given;
	return &plugin;
}
