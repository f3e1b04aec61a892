/* SPDX-License-Identifier: MIT
 * ${NAME} in values. */
#include "config.h"

#include <string.h>

#include "engine/job/expand.h"
#include "engine/util/mem.h"

static bool name_ok(const char *s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char digits[] = "0123456789";

	if (!*s || strchr(digits, *s))
		return false;
	for (; *s; s++)
		if (!strchr(letters, *s) && !strchr(digits, *s))
			return false;
	return true;
}

/* `p` is behind a ${; returns behind its }, or NULL. Messages tell the name only: what stands
 * around it may be half a secret. */
static const char *variable(const char *p, struct buf *out, struct error *err)
{
	const char *close = strchr(p, '}'), *value;
	autofree char *name = close ? xstrndup(p, (size_t)(close - p)) : NULL;

	if (!name) {
		error_set(err, HF_E_CONFIG, "a ${ has no }");
	} else if (!name_ok(name)) {
		error_set(err, HF_E_CONFIG, "what stands in ${...} is not the name of an "
			  "environment variable");
	} else if (!(value = getenv(name))) {
		error_set(err, HF_E_CONFIG, "the environment variable %s is not set", name);
		error_hint(err, "set it, or write $${ for a literal ${");
		return NULL;
	} else {
		buf_adds(out, value);
		return close + 1;
	}
	error_hint(err, "write $${ for a literal ${");
	return NULL;
}

int32_t expand(const char *text, char **out, bool *expanded, struct error *err)
{
	struct buf result = { 0 };
	bool any = false;
	const char *p = text;

	while (*p) {
		if (strncmp(p, "$${", 3) == 0) {
			buf_adds(&result, "${");
			p += 3;
		} else if (strncmp(p, "${", 2) == 0) {
			any = true;
			p = variable(p + 2, &result, err);
			if (!p) {
				buf_free(&result);
				return HF_E_CONFIG;
			}
		} else {
			buf_addc(&result, *p++);
		}
	}
	if (expanded)
		*expanded = any;
	*out = buf_take(&result);
	return HF_OK;
}
