/* SPDX-License-Identifier: MIT
 * owner.json: who writes a point. And what all small documents have in common. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "engine/store/json.h"
#include "engine/store/layout.h"
#include "engine/store/point.h"
#include "engine/store/seal.h"
#include "engine/util/clock.h"

char *host_name(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || !*name)
		return xstrdup("unknown");
	return xstrdup(name);
}

json_object *document_new(const char *job, const char *id, const char *kind, int64_t time_ns)
{
	json_object *o = json_made(json_object_new_object());
	autofree char *host = host_name();
	char time[40];

	clock_rfc3339(time_ns, time, sizeof(time));
	json_add_text(o, "kind", kind);
	json_add_text(o, "job", job);
	json_add_text(o, "id", id);
	json_add_text(o, "host", host);
	json_add_text(o, "time", time);
	return o;
}

void owner_write(const char *job, const char *id, const char *what, struct buf *out)
{
	json_object *o = document_new(job, id, "owner", clock_now());

	json_add_text(o, "what", what);
	json_add_int(o, "pid", getpid());
	seal_write(o, out);
	json_object_put(o);
}

int32_t owner_read(struct point *p, const char *data, size_t n, struct error *err)
{
	autofree char *what = key_owner(p->job, p->id);
	struct error own = {0};
	struct json_reader r = {.what = what, .err = &own};
	json_object *o = NULL;

	if (seal_read(what, data, n, &o, &own) == HF_OK) {
		autofree char *kind = json_get_text(&r, o, "kind", 32);
		autofree char *job = json_get_text(&r, o, "job", 255);
		autofree char *id = json_get_text(&r, o, "id", 255);
		char *host = json_get_text(&r, o, "host", 255);
		int64_t time = json_get_time(&r, o, "time");
		int64_t pid = json_get_int_opt(&r, o, "pid");

		if (!r.bad && (strcmp(kind, "owner") != 0 || strcmp(job, p->job) != 0 ||
				  strcmp(id, p->id) != 0))
			json_bad(&r, "it belongs to another point");
		if (r.bad) {
			free(host);
		} else {
			p->owner_host = host;
			p->owner_time = time;
			p->owner_pid = pid;
		}
		json_object_put(o);
	}
	if (err)
		return error_keep_first(err, &own);
	error_clear(&own);
	return p->owner_host ? HF_OK : HF_E_CORRUPT;
}

int32_t put_once_only(
    struct instance *sink, const char *key, const struct buf *text, struct error *err)
{
	struct buf there = {0};
	int32_t status =
	    sink_put_bytes(sink, key, text->data, text->len, HF_PUT_IF_ABSENT | HF_PUT_INDEX, err);

	if (status != HF_E_EXISTS)
		return status;
	if (sink_get_bytes(sink, key, text->len, &there, NULL) == HF_OK && there.len == text->len &&
	    memcmp(there.data, text->data, text->len) == 0) {
		error_clear(err);
		status = HF_OK;
	}
	buf_free(&there);
	return status;
}

void point_free(struct point *p)
{
	free(p->job);
	manifest_free(p->manifest);
	error_clear(&p->error);
	free(p->owner_host);
	for (size_t i = 0; i < p->nrecords; i++)
		record_free(&p->records[i]);
	free(p->records);
	*p = (struct point){0};
}
