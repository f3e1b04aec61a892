/* SPDX-License-Identifier: MIT
 * mock_host.c - the contexts of calls, messages, stopping and surroundings
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <poll.h>
#include <unistd.h>

#include "check.h"

#define CTX_MAGIC 0x68664331u

struct mock *mock_new(struct report *report, const char *scratch)
{
	struct mock *mock = need(calloc(1, sizeof(*mock)));

	mock->report = report;
	mock->pipe[0] = mock->pipe[1] = -1;
	mock->scratch = need(strdup(scratch));
	mock->block = 65536;
	pthread_mutex_init(&mock->mutex, NULL);
	return mock;
}

void mock_reset(struct mock *mock)
{
	hf_ctx *next;

	for (hf_ctx *ctx = mock->contexts; ctx; ctx = next) {
		next = ctx->next;
		ctx->magic = 0;
		free(ctx);
	}
	mock->contexts = NULL;
	atomic_store(&mock->calls, 0);
	atomic_store(&mock->cancel_at, 0);
	atomic_store(&mock->cancelled, 0);
	atomic_store(&mock->stream_calls, 0);
	mock->stream_fail_at = 0;
	mock->block = 65536;
	for (int i = 0; i < 2; i++) {
		if (mock->pipe[i] >= 0)
			close(mock->pipe[i]);
		mock->pipe[i] = -1;
	}
}

void mock_free(struct mock *mock)
{
	mock_reset(mock);
	for (size_t i = 0; i < mock->secret_count; i++)
		free(mock->secrets[i]);
	free(mock->secrets);
	free(mock->scratch);
	free(mock->state_dir);
	free(mock->temp_dir);
	pthread_mutex_destroy(&mock->mutex);
	free(mock);
}

void mock_secret(struct mock *mock, const char *value)
{
	if (strlen(value) < 6)
		return; /* too short to tell from other text */
	for (size_t i = 0; i < mock->secret_count; i++)
		if (strcmp(mock->secrets[i], value) == 0)
			return;
	mock->secrets = need(realloc(mock->secrets,
	    (mock->secret_count + 1) * sizeof(*mock->secrets)));
	mock->secrets[mock->secret_count++] = need(strdup(value));
}

hf_ctx *call_begin(struct mock *mock, enum call call, const char *name)
{
	hf_ctx *ctx = need(calloc(1, sizeof(*ctx)));

	ctx->magic = CTX_MAGIC;
	ctx->mock = mock;
	ctx->call = call;
	ctx->name = name;
	ctx->thread = pthread_self();
	atomic_store(&ctx->live, true);
	pthread_mutex_lock(&mock->mutex);
	ctx->next = mock->contexts;
	mock->contexts = ctx;
	pthread_mutex_unlock(&mock->mutex);
	return ctx;
}

static bool is_error(int32_t status)
{
	return status >= 10 && status <= 100 && status % 10 == 0;
}

/* Was the error said in words, or is it the host's own? */
static void judge_error(const hf_ctx *ctx, int32_t status)
{
	struct report *report = ctx->mock->report;

	if (status == ctx->host_error || status == ctx->failed)
		return;
	if (status == HF_E_CANCELLED && atomic_load(&ctx->mock->cancelled))
		return;
	if (!ctx->failed)
		flaw(report, "%s() returned %s without a message from fail()", ctx->name,
		    status_name(status));
	else
		flaw(report, "%s() returned %s after fail() with %s: %s", ctx->name,
		    status_name(status), status_name(ctx->failed), ctx->message);
}

int32_t call_done(hf_ctx *ctx, int32_t status)
{
	struct report *report = ctx->mock->report;

	atomic_store(&ctx->live, false);
	if (ctx->stream_error && status != ctx->stream_error)
		flaw(report, "%s() returned %s although the stream had failed with %s: that is to "
		    "be returned unchanged", ctx->name, status_name(status),
		    status_name(ctx->stream_error));
	else if (status == HF_SKIP ? ctx->call != CALL_WANTS :
	    status == HF_END ? !(ctx->call & (CALL_FILTER | CALL_GET)) :
	    status != HF_OK && !is_error(status))
		flaw(report, "%s() returned %d (%s), which is no answer to this call", ctx->name,
		    status, status_name(status));
	else if (is_error(status))
		judge_error(ctx, status);
	if (is_error(status))
		note(report, "%s(): %s: %s", ctx->name, status_name(status), ctx->message);
	return status;
}

void call_done_void(hf_ctx *ctx)
{
	atomic_store(&ctx->live, false);
}

/* --- what every host function does first --- */

void count_call(struct mock *mock)
{
	uint64_t number = atomic_fetch_add(&mock->calls, 1) + 1;

	if (number != atomic_load(&mock->cancel_at))
		return;
	atomic_store(&mock->cancelled, 1);
	pthread_mutex_lock(&mock->mutex);
	if (mock->pipe[1] >= 0 && write(mock->pipe[1], "", 1) != 1)
		flaw(mock->report, "the kit cannot write into its own pipe: %s", strerror(errno));
	pthread_mutex_unlock(&mock->mutex);
}

void host_call(hf_ctx *ctx, const char *function, uint32_t allowed, bool any_thread)
{
	if (!ctx || ctx->magic != CTX_MAGIC) {
		fprintf(stderr, "# %s() was called with something that is no hf_ctx\n", function);
		abort();
	}
	if (!atomic_load(&ctx->live))
		flaw(ctx->mock->report, "%s() was called with the hf_ctx of %s() after that call "
		    "had returned", function, ctx->name);
	else if (!any_thread && !pthread_equal(ctx->thread, pthread_self()))
		flaw(ctx->mock->report, "%s() was called on another thread than %s()", function,
		    ctx->name);
	if (!(ctx->call & allowed))
		flaw(ctx->mock->report, "%s() was called in %s()", function, ctx->name);
	count_call(ctx->mock);
}

int32_t host_result(hf_ctx *ctx, int32_t status)
{
	if (is_error(status))
		ctx->host_error = status;
	return status;
}

/* --- messages --- */

static void check_message(hf_ctx *ctx, const char *function, const char *message)
{
	size_t length = strlen(message);
	struct report *report = ctx->mock->report;

	if (!length)
		flaw(report, "%s(): %s() was given an empty message", ctx->name, function);
	else if (message[length - 1] == '.' || message[length - 1] == '\n')
		flaw(report, "%s(): the message of %s() ends with a full stop or a newline: %s",
		    ctx->name, function, message);
	for (size_t i = 0; i < ctx->mock->secret_count; i++)
		if (strstr(message, ctx->mock->secrets[i]))
			flaw(report, "%s(): the message of %s() shows a secret option's value",
			    ctx->name, function);
}

int32_t mock_fail(hf_ctx *ctx, int32_t status, const char *fmt, ...)
{
	va_list ap;

	host_call(ctx, "fail", UINT32_MAX, false);
	va_start(ap, fmt);
	vsnprintf(ctx->message, sizeof(ctx->message), fmt, ap);
	va_end(ap);
	check_message(ctx, "fail", ctx->message);
	if (!is_error(status))
		flaw(ctx->mock->report, "%s(): fail() was given %d, which is no error class",
		    ctx->name, status);
	ctx->failed = status;
	return status;
}

static void check_text(hf_ctx *ctx, const char *function, const char *fmt, va_list ap)
    HF_PRINTF(3, 0);
static void check_text(hf_ctx *ctx, const char *function, const char *fmt, va_list ap)
{
	char message[1024];

	vsnprintf(message, sizeof(message), fmt, ap);
	check_message(ctx, function, message);
	note(ctx->mock->report, "%s(): %s: %s", ctx->name, function, message);
}

void mock_hint(hf_ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	host_call(ctx, "hint", UINT32_MAX, false);
	if (!ctx->failed)
		flaw(ctx->mock->report, "%s(): hint() came before fail()", ctx->name);
	va_start(ap, fmt);
	check_text(ctx, "hint", fmt, ap);
	va_end(ap);
}

void mock_warn(hf_ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	host_call(ctx, "warn", UINT32_MAX, true);
	va_start(ap, fmt);
	check_text(ctx, "warn", fmt, ap);
	va_end(ap);
}

void mock_log(hf_ctx *ctx, uint32_t level, const char *fmt, ...)
{
	va_list ap;

	host_call(ctx, "log", UINT32_MAX, true);
	if (level != HF_LOG_DEBUG && level != HF_LOG_INFO && level != HF_LOG_NOTICE)
		flaw(ctx->mock->report, "%s(): log() was given the unknown level %u", ctx->name,
		    level);
	va_start(ap, fmt);
	check_text(ctx, "log", fmt, ap);
	va_end(ap);
}

/* --- stopping --- */

int32_t mock_cancelled(hf_ctx *ctx)
{
	host_call(ctx, "cancelled", UINT32_MAX, true);
	return atomic_load(&ctx->mock->cancelled);
}

int32_t mock_cancel_fd(hf_ctx *ctx)
{
	struct mock *mock = ctx->mock;

	host_call(ctx, "cancel_fd", UINT32_MAX, true);
	pthread_mutex_lock(&mock->mutex);
	if (mock->pipe[0] < 0) {
		if (pipe(mock->pipe) < 0)
			flaw(mock->report, "the kit cannot make a pipe: %s", strerror(errno));
		else if (atomic_load(&mock->cancelled) && write(mock->pipe[1], "", 1) != 1)
			flaw(mock->report, "the kit cannot write into its own pipe");
	}
	pthread_mutex_unlock(&mock->mutex);
	return mock->pipe[0];
}

int32_t mock_sleep(hf_ctx *ctx, uint64_t ns)
{
	/* The law does not need the rest: nobody waits for minutes here. */
	uint64_t at_most = ns < 20000000u ? ns : 20000000u;
	struct timespec span = {.tv_nsec = (long)at_most};

	host_call(ctx, "sleep", UINT32_MAX, false);
	if (!atomic_load(&ctx->mock->cancelled))
		nanosleep(&span, NULL);
	return host_result(ctx, atomic_load(&ctx->mock->cancelled) ? HF_E_CANCELLED : HF_OK);
}

/* --- surroundings --- */

uint32_t mock_lane(hf_ctx *ctx)
{
	host_call(ctx, "lane", UINT32_MAX, false);
	return ctx->lane;
}

static const char *private_folder(hf_ctx *ctx, char **path, const char *name)
{
	const char *made;

	pthread_mutex_lock(&ctx->mock->mutex);
	if (!*path)
		*path = text("%s/%s", ctx->mock->scratch, name);
	made = *path;
	if (mkdir(made, 0700) < 0 && errno != EEXIST)
		made = NULL;
	pthread_mutex_unlock(&ctx->mock->mutex);
	if (!made)
		mock_fail(ctx, HF_E_FAILED, "cannot make %s: %s", *path, strerror(errno));
	return made;
}

const char *mock_state_dir(hf_ctx *ctx)
{
	host_call(ctx, "state_dir", UINT32_MAX, false);
	return private_folder(ctx, &ctx->mock->state_dir, "hf-state");
}

const char *mock_temp_dir(hf_ctx *ctx)
{
	host_call(ctx, "temp_dir", UINT32_MAX, false);
	return private_folder(ctx, &ctx->mock->temp_dir, "hf-temp");
}

int64_t mock_now(hf_ctx *ctx)
{
	struct timespec now;

	host_call(ctx, "now", UINT32_MAX, false);
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
