/* SPDX-License-Identifier: MIT
 * The function table that plugins call the host through. Thin: it checks what a driver passes and hands it to
 * whoever is behind the handle. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "engine/driver/host.h"
#include "engine/util/cancel.h"
#include "engine/util/clock.h"
#include "engine/util/fs.h"
#include "engine/util/log.h"

#define MARK_MAX (64u << 10)

static int32_t host_fail(hf_ctx *ctx, int32_t status, const char *fmt, ...) HF_PRINTF(3, 4);
static int32_t host_fail(hf_ctx *ctx, int32_t status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return error_set(&ctx->error, status_normal(status), "%s", text);
}

static void host_hint(hf_ctx *ctx, const char *fmt, ...) HF_PRINTF(2, 3);
static void host_hint(hf_ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap);
	va_end(ap);
	error_hint(&ctx->error, "%s", text);
}

static void host_warn(hf_ctx *ctx, const char *fmt, ...) HF_PRINTF(2, 3);
static void host_warn(hf_ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap);
	va_end(ap);
	log_warn("%s: %s", ctx->instance->label, text);
	if (ctx->target && ctx->target->warn)
		ctx->target->warn(ctx->target->arg, text);
}

static void host_log(hf_ctx *ctx, uint32_t level, const char *fmt, ...) HF_PRINTF(3, 4);
static void host_log(hf_ctx *ctx, uint32_t level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap);
	va_end(ap);
	if (level >= HF_LOG_NOTICE)
		log_notice("%s: %s", ctx->instance->label, text);
	else if (level >= HF_LOG_INFO)
		log_info("%s: %s", ctx->instance->label, text);
	else
		log_debug("%s: %s", ctx->instance->label, text);
}

static int32_t host_cancelled(hf_ctx *ctx)
{
	(void)ctx;
	return cancelled();
}

static int32_t host_cancel_fd(hf_ctx *ctx)
{
	(void)ctx;
	return cancel_fd();
}

static int32_t host_sleep(hf_ctx *ctx, uint64_t ns)
{
	int64_t left = ns > INT64_MAX ? INT64_MAX : (int64_t)ns;

	if (cancel_sleep(left))
		return HF_OK;
	return error_set(&ctx->error, HF_E_CANCELLED, "interrupted");
}

static uint32_t host_lane(hf_ctx *ctx)
{
	return ctx->lane;
}

static const char *host_state_dir(hf_ctx *ctx)
{
	return instance_state_dir(ctx->instance, &ctx->error);
}

static const char *host_temp_dir(hf_ctx *ctx)
{
	return instance_temp_dir(ctx->instance, &ctx->error);
}

static int64_t host_now(hf_ctx *ctx)
{
	(void)ctx;
	return clock_now();
}

/* --- sources --- */

static int32_t misuse(hf_ctx *ctx, const char *call)
{
	return error_set(&ctx->error, HF_E_FAILED,
		"the driver called %s() where it is not allowed", call);
}

static int32_t host_entry_add(hf_ctx *ctx, const hf_entry *entry)
{
	hf_entry copy = {0};

	if (!ctx->target || !ctx->target->entry_add)
		return misuse(ctx, "entry_add");
	memcpy(&copy, entry, entry->size < sizeof copy ? entry->size : sizeof copy);
	copy.size = sizeof copy;
	if (!copy.path || !*copy.path || !copy.type || !copy.subject)
		return error_set(&ctx->error, HF_E_FAILED,
			"the driver added an entry without path, type or subject");
	return ctx->target->entry_add(ctx->target->arg, &copy, &ctx->error);
}

static int32_t host_fact_int(hf_ctx *ctx, const char *name, int64_t value)
{
	if (!ctx->target || !ctx->target->fact)
		return misuse(ctx, "fact_int");
	return ctx->target->fact(ctx->target->arg, name, &value, NULL);
}

static int32_t host_fact_text(hf_ctx *ctx, const char *name, const char *value)
{
	if (!ctx->target || !ctx->target->fact)
		return misuse(ctx, "fact_text");
	return ctx->target->fact(ctx->target->arg, name, NULL, value);
}

static int32_t host_mark(hf_ctx *ctx, const void *mark, uint64_t size)
{
	if (!ctx->target || !ctx->target->mark)
		return misuse(ctx, "mark");
	if (size > MARK_MAX)
		return error_set(&ctx->error, HF_E_FAILED,
			"the driver gave a mark of %llu bytes, %u are allowed",
			(unsigned long long)size, MARK_MAX);
	return ctx->target->mark(ctx->target->arg, mark, size, &ctx->error);
}

static int32_t host_server(hf_ctx *ctx, const char *text)
{
	if (!ctx->target || !ctx->target->server)
		return misuse(ctx, "server");
	return ctx->target->server(ctx->target->arg, text);
}

static int32_t host_continues_parent(hf_ctx *ctx)
{
	if (!ctx->target || !ctx->target->continues)
		return misuse(ctx, "continues_parent");
	return ctx->target->continues(ctx->target->arg);
}

static int32_t host_write(hf_writer *out, const void *data, uint64_t size)
{
	return out->write(out, data, size);
}

static int32_t host_reserve(hf_writer *out, void **data, uint64_t *room)
{
	return out->reserve(out, data, room);
}

static int32_t host_advance(hf_writer *out, uint64_t size)
{
	return out->advance(out, size);
}

static int32_t host_peek(hf_reader *in, const void **data, uint64_t *size)
{
	return in->peek(in, data, size);
}

static int32_t host_consume(hf_reader *in, uint64_t size)
{
	return in->consume(in, size);
}

static int32_t host_read(hf_reader *in, void *buf, uint64_t cap, uint64_t *got)
{
	const void *data;
	uint64_t size;
	int32_t status = in->peek(in, &data, &size);

	*got = 0;
	if (status != HF_OK)
		return status;
	*got = size < cap ? size : cap;
	memcpy(buf, data, *got);
	return in->consume(in, *got);
}

/* --- sinks --- */

static int32_t host_object(hf_list *out, const hf_object *object)
{
	hf_object copy = {0};

	memcpy(&copy, object, object->size < sizeof copy ? object->size : sizeof copy);
	copy.size = sizeof copy;
	return out->add(out, &copy);
}

static void host_removed(hf_removal *out, uint64_t index, int32_t status, const char *message)
{
	out->stays(out, index, status_normal(status), message ? message : "no reason given");
}

/* --- post stages --- */

static const char *host_catalogue_sink(hf_catalogue *c)
{
	return c->sink_name;
}

static uint64_t host_point_count(hf_catalogue *c)
{
	return c->count;
}

static const hf_point *host_point(hf_catalogue *c, uint64_t index)
{
	return index < c->count ? c->point(c, index) : NULL;
}

static const hf_entry *host_point_entry(hf_catalogue *c, uint64_t index, uint64_t entry)
{
	return index < c->count ? c->entry(c, index, entry) : NULL;
}

static int32_t host_verify(hf_ctx *ctx, hf_catalogue *c, uint64_t index, uint32_t level,
	const uint64_t *entries, uint64_t count)
{
	if (index >= c->count)
		return error_set(&ctx->error, HF_E_FAILED, "the stage named a point that is not there");
	return c->verify(c, index, level, entries, count, &ctx->error);
}

static void host_keep(hf_catalogue *c, uint64_t index, const char *reason)
{
	if (index < c->count)
		c->verdict(c, index, true, reason);
}

static void host_expire(hf_catalogue *c, uint64_t index, const char *reason)
{
	if (index < c->count)
		c->verdict(c, index, false, reason);
}

const hf_host host_table = {
	.size = sizeof(hf_host),
	.abi_minor = HF_ABI_MINOR,
	.version = PACKAGE_VERSION,
	.fail = host_fail,
	.hint = host_hint,
	.warn = host_warn,
	.log = host_log,
	.cancelled = host_cancelled,
	.cancel_fd = host_cancel_fd,
	.sleep = host_sleep,
	.lane = host_lane,
	.state_dir = host_state_dir,
	.temp_dir = host_temp_dir,
	.now = host_now,
	.opt_count = options_count,
	.opt_text = options_text,
	.opt_int = options_int,
	.opt_key = options_key,
	.entry_add = host_entry_add,
	.fact_int = host_fact_int,
	.fact_text = host_fact_text,
	.mark = host_mark,
	.server = host_server,
	.continues_parent = host_continues_parent,
	.write = host_write,
	.reserve = host_reserve,
	.advance = host_advance,
	.peek = host_peek,
	.consume = host_consume,
	.read = host_read,
	.object = host_object,
	.removed = host_removed,
	.catalogue_sink = host_catalogue_sink,
	.point_count = host_point_count,
	.point = host_point,
	.point_entry = host_point_entry,
	.verify = host_verify,
	.keep = host_keep,
	.expire = host_expire,
};
