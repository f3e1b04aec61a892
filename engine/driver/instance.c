/* SPDX-License-Identifier: MIT
 * Opening drivers, and the brackets around every call into one. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "engine/driver/instance.h"
#include "engine/util/fs.h"
#include "engine/util/log.h"
#include "engine/util/retry.h"

/* --- calls --- */

static pthread_mutex_t *serial_lock(struct instance *i)
{
	uint32_t threads = i->driver->d.threads;

	if (threads >= HF_THREADS_STREAM)
		return NULL;
	return threads >= HF_THREADS_INSTANCE ? &i->serial : &i->driver->serial;
}

void call_begin(struct hf_ctx *ctx, struct instance *i)
{
	pthread_mutex_t *lock = serial_lock(i);

	*ctx = (struct hf_ctx){.instance = i};
	if (lock)
		pthread_mutex_lock(lock);
}

int32_t call_end_or(struct hf_ctx *ctx, int32_t status, int32_t also, struct error *err)
{
	pthread_mutex_t *lock = serial_lock(ctx->instance);

	if (lock)
		pthread_mutex_unlock(lock);
	if (status == HF_OK || status == also) {
		error_clear(&ctx->error);
		return status;
	}
	if (status == HF_END || status == HF_SKIP)
		status = error_set(&ctx->error, HF_E_FAILED,
			"the driver answered %s where that is no answer",
			status == HF_END ? "HF_END" : "HF_SKIP");
	status = status_normal(status);
	if (ctx->error.status == HF_OK)
		error_set(&ctx->error, status, "failed (%s) without saying why", status_name(status));
	ctx->error.status = status;
	if (!err) {
		error_clear(&ctx->error);
		return status;
	}
	error_prefix(&ctx->error, "%s", ctx->instance->label);
	error_clear(err);
	*err = ctx->error;
	ctx->error = (struct error){0};
	return status;
}

int32_t call_end(struct hf_ctx *ctx, int32_t status, struct error *err)
{
	return call_end_or(ctx, status, HF_OK, err);
}

/* --- instances --- */

static int32_t open_self(struct instance *i, struct error *err)
{
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	retry_begin(&retry);
	do {
		call_begin(&ctx, i);
		status = i->driver->d.open(&ctx, i->options, &i->self);
		status = call_end(&ctx, status, err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	return status;
}

static struct instance *instance_new(struct driver *driver, const char *name, const char *job)
{
	struct instance *i = xcalloc(1, sizeof *i);

	i->driver = driver;
	i->name = xstrdup(name);
	i->job = xstrdup(job);
	i->label = strcmp(name, kind_name(driver->d.kind)) == 0
		? xasprintf("%s (%s)", name, driver->d.name)
		: xasprintf("%s %s (%s)", kind_name(driver->d.kind), name, driver->d.name);
	pthread_mutex_init(&i->serial, NULL);
	pthread_mutex_init(&i->dirs, NULL);
	return i;
}

static void instance_free(struct instance *i)
{
	options_free(i->options);
	pthread_mutex_destroy(&i->serial);
	pthread_mutex_destroy(&i->dirs);
	free(i->state_dir);
	free(i->temp_dir);
	free(i->label);
	free(i->name);
	free(i->job);
	free(i);
}

int32_t instance_open(struct driver *driver, const struct job *job, const struct section *section,
	struct instance **out, struct error *err)
{
	struct instance *i = instance_new(driver, section->name, job->name ? job->name : "");
	int32_t status =
		options_resolve(driver->d.options, job, section, i->label, &i->options, err);

	if (status == HF_OK)
		status = open_self(i, err);
	if (status != HF_OK) {
		instance_free(i);
		return status;
	}
	*out = i;
	return HF_OK;
}

int32_t instance_open_default(struct driver *driver, const char *job_name, struct instance **out,
	struct error *err)
{
	struct section section = {.kind = kind_name(driver->d.kind),
		.name = (char *)(uintptr_t)driver->d.name};
	struct job job = {.name = (char *)(uintptr_t)job_name, .file = (char *)(uintptr_t)"",
		.folder = (char *)(uintptr_t)"/"};

	return instance_open(driver, &job, &section, out, err);
}

void instance_close(struct instance *i)
{
	struct hf_ctx ctx;

	if (!i)
		return;
	call_begin(&ctx, i);
	i->driver->d.close(&ctx, i->self);
	call_end(&ctx, HF_OK, NULL);
	for (size_t n = 0; i->options && n < i->options->unknown.n; n++)
		log_warn("%s asked for the option \"%s\", which is not in its table", i->label,
			i->options->unknown.v[n]);
	instance_free(i);
}

int32_t instance_probe(struct instance *i, uint32_t flags, struct error *err)
{
	struct retry retry;
	struct hf_ctx ctx;
	int32_t status;

	if (!i->driver->d.probe)
		return HF_OK;
	retry_begin(&retry);
	do {
		call_begin(&ctx, i);
		status = call_end(&ctx, i->driver->d.probe(&ctx, i->self, flags), err);
	} while (status != HF_OK && retry_again(&retry, status, err));
	return status;
}

int32_t instance_worker_begin(struct instance *i, struct error *err)
{
	struct hf_ctx ctx;

	if (!i->driver->d.worker_begin)
		return HF_OK;
	call_begin(&ctx, i);
	return call_end(&ctx, i->driver->d.worker_begin(&ctx, i->self), err);
}

void instance_worker_end(struct instance *i)
{
	struct hf_ctx ctx;

	if (!i->driver->d.worker_end)
		return;
	call_begin(&ctx, i);
	i->driver->d.worker_end(&ctx, i->self);
	call_end(&ctx, HF_OK, NULL);
}

/* --- folders --- */

int32_t state_root(char **out, struct error *err)
{
	const char *dir = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	*out = NULL;
	if (dir && *dir == '/')
		*out = xstrndup(dir, strcspn(dir, ":"));
	else if (geteuid() == 0)
		*out = xstrdup("/var/lib/holdfast");
	else if (xdg && *xdg == '/')
		*out = xasprintf("%s/holdfast", xdg);
	else if (home && *home == '/')
		*out = xasprintf("%s/.local/state/holdfast", home);
	if (*out)
		return HF_OK;
	error_set(err, HF_E_CONFIG, "there is no folder to keep state in");
	error_hint(err, "set HOME, XDG_STATE_HOME or STATE_DIRECTORY");
	return HF_E_CONFIG;
}

const char *instance_state_dir(struct instance *i, struct error *err)
{
	char *root = NULL, *dir = NULL;
	const char *result;

	pthread_mutex_lock(&i->dirs);
	if (!i->state_dir && state_root(&root, err) == HF_OK) {
		dir = xasprintf("%s/%s/%s-%s", root, i->job, kind_name(i->driver->d.kind), i->name);
		if (fs_mkdirs(dir, 0700, err) == HF_OK) {
			i->state_dir = dir;
			dir = NULL;
		}
	}
	result = i->state_dir;
	pthread_mutex_unlock(&i->dirs);
	free(dir);
	free(root);
	return result;
}

static pthread_mutex_t temp_lock = PTHREAD_MUTEX_INITIALIZER;
static struct strv temp_dirs;

const char *instance_temp_dir(struct instance *i, struct error *err)
{
	const char *base = getenv("TMPDIR"), *result;

	pthread_mutex_lock(&i->dirs);
	if (!i->temp_dir) {
		char *dir = xasprintf("%s/holdfast-XXXXXX", base && *base == '/' ? base : "/var/tmp");

		if (mkdtemp(dir)) {
			i->temp_dir = dir;
			pthread_mutex_lock(&temp_lock);
			strv_add(&temp_dirs, dir);
			pthread_mutex_unlock(&temp_lock);
		} else {
			error_set(err, fs_status(errno), "cannot make a temporary folder %s: %s", dir,
				strerror(errno));
			error_hint(err, "set TMPDIR to a folder with room");
			free(dir);
		}
	}
	result = i->temp_dir;
	pthread_mutex_unlock(&i->dirs);
	return result;
}

void temp_dirs_remove(void)
{
	pthread_mutex_lock(&temp_lock);
	for (size_t n = 0; n < temp_dirs.n; n++)
		(void)fs_remove_tree(temp_dirs.v[n], NULL);
	strv_free(&temp_dirs);
	pthread_mutex_unlock(&temp_lock);
}
