/* SPDX-License-Identifier: MIT
 * Errors: made, hinted, prefixed, moved. */
#include "config.h"

#include "engine/util/error.h"
#include "engine/util/mem.h"

/* The new texts are made before the old ones are freed: arguments may point into them. */
int32_t error_set(struct error *err, int32_t status, const char *fmt, ...)
{
	va_list ap;
	char *message;

	if (!err)
		return status;
	va_start(ap, fmt);
	message = xvasprintf(fmt, ap);
	va_end(ap);
	error_clear(err);
	err->status = status;
	err->message = message;
	return status;
}

void error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;
	char *hint;

	if (!err || err->status == HF_OK)
		return;
	va_start(ap, fmt);
	hint = xvasprintf(fmt, ap);
	va_end(ap);
	free(err->hint);
	err->hint = hint;
}

int32_t error_prefix(struct error *err, const char *fmt, ...)
{
	va_list ap;
	char *prefix, *message;

	if (!err)
		return HF_E_FAILED;
	va_start(ap, fmt);
	prefix = xvasprintf(fmt, ap);
	va_end(ap);
	message = xasprintf("%s: %s", prefix, err->message ? err->message : "failed");
	free(prefix);
	free(err->message);
	err->message = message;
	return err->status;
}

int32_t error_keep_first(struct error *to, struct error *from)
{
	if (to->status == HF_OK) {
		error_clear(to);
		*to = *from;
		*from = (struct error){ 0 };
	} else {
		error_clear(from);
	}
	return to->status;
}

void error_clear(struct error *err)
{
	if (!err)
		return;
	free(err->message);
	free(err->hint);
	*err = (struct error){ 0 };
}

static const struct {
	int32_t status;
	const char *name;
} classes[] = {
	{ HF_OK, "ok" },
	{ HF_END, "end" },
	{ HF_SKIP, "skip" },
	{ HF_E_CONFIG, "config" },
	{ HF_E_AUTH, "auth" },
	{ HF_E_NOT_FOUND, "not-found" },
	{ HF_E_EXISTS, "exists" },
	{ HF_E_TRANSIENT, "transient" },
	{ HF_E_NO_SPACE, "no-space" },
	{ HF_E_CORRUPT, "corrupt" },
	{ HF_E_CANCELLED, "cancelled" },
	{ HF_E_UNSUPPORTED, "unsupported" },
	{ HF_E_FAILED, "failed" },
};

const char *status_name(int32_t status)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].status == status)
			return classes[i].name;
	return "failed";
}

int32_t status_normal(int32_t status)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].status == status)
			return status;
	return HF_E_FAILED;
}
