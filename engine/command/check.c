/* SPDX-License-Identifier: MIT
 * holdfast check: everything a run needs, tried without leaving anything behind. */
#include "config.h"

#include <string.h>

#include "engine/command/target.h"
#include "engine/pipeline/opened.h"
#include "engine/report/out.h"
#include "engine/store/layout.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"

struct check {
	json_object *results;
	int32_t worst;
	size_t failed;
};

static void tell(struct check *c, const char *what, const char *test, struct error *err)
{
	json_object *o = json_object_new_object();

	out_add_string(o, "what", what);
	out_add_string(o, "test", test);
	out_add(o, "ok", json_object_new_boolean(err->status == HF_OK));
	if (err->status == HF_OK) {
		out_text("ok      %s: %s\n", what, test);
	} else {
		autofree char *text = printable(err->message);

		out_text("FAILED  %s: %s\n        %s\n", what, test, text);
		if (err->hint)
			out_text("        hint: %s\n", err->hint);
		out_add(o, "error", out_error(err));
		c->failed++;
		if (c->worst == HF_OK || err->status == HF_E_CONFIG)
			c->worst = err->status;
	}
	json_object_array_add(c->results, o);
	error_clear(err);
}

static void probe(struct check *c, struct instance *i, uint32_t flags, const char *test)
{
	struct error err = {0};

	(void)instance_probe(i, flags, &err);
	tell(c, i->label, test, &err);
}

static int32_t same_back(struct instance *sink, const char *key, const struct buf *sent,
	struct error *err)
{
	struct buf back = {0};
	uint64_t size = 0;
	int32_t status = sink_get_bytes(sink, key, sent->len, &back, err);

	if (status == HF_OK && (back.len != sent->len || memcmp(back.data, sent->data, sent->len) != 0))
		status = error_set(err, HF_E_CORRUPT, "%s: %s came back with other bytes", sink->label,
			key);
	if (status == HF_OK)
		status = sink_stat(sink, key, &size, err);
	if (status == HF_OK && size != sent->len)
		status = error_set(err, HF_E_CORRUPT, "%s: %s is %llu bytes, not %zu", sink->label, key,
			(unsigned long long)size, sent->len);
	buf_free(&back);
	return status;
}

/* Writes an object as a run would, reads it back, removes it. */
static void round_trip(struct check *c, struct instance *sink, const char *job)
{
	char id[POINT_ID_LEN + 1];
	struct error err = {0}, removal = {0};
	struct strv keys = {0};
	struct buf bytes = {0};
	int32_t status;

	point_id_make(clock_now(), id);
	strv_take(&keys, xasprintf("%s/check-%s", job, id + POINT_ID_LEN - 4));
	for (int i = 0; i < 4096; i++)
		buf_addc(&bytes, (char)(i * 7 + id[20]));
	status = sink_put_bytes(sink, keys.v[0], bytes.data, bytes.len, 0, &err);
	if (status == HF_OK)
		status = sink_flush(sink, &err);
	if (status == HF_OK)
		(void)same_back(sink, keys.v[0], &bytes, &err);
	/* also after a failure: it may stand there all the same */
	(void)sink_remove(sink, &keys, NULL, &removal);
	error_keep_first(&err, &removal);
	tell(c, sink->label, "write, read back and remove an object", &err);
	buf_free(&bytes);
	strv_free(&keys);
}

static void check_sink(struct check *c, struct instance *sink, const char *job)
{
	struct catalogue *found = NULL;
	struct error err = {0};

	probe(c, sink, HF_PROBE_WRITE, "reach and rights");
	round_trip(c, sink, job);
	(void)catalogue_load(sink, job, &found, &err);
	tell(c, sink->label, "list the points", &err);
	catalogue_free(found);
}

static void check_all(struct check *c, struct opened *o, bool deep)
{
	for (size_t i = 0; i < o->nsources; i++)
		probe(c, o->sources[i], deep ? HF_PROBE_DEEP : 0,
			deep ? "reach, rights and content" : "reach and rights");
	if (o->compressor)
		probe(c, o->compressor, 0, "options");
	for (size_t i = 0; i < o->noutlets; i++)
		check_sink(c, o->outlets[i].sink, o->job->name);
	for (size_t i = 0; i < o->nposts; i++)
		probe(c, o->posts[i].instance, 0, "options");
}

static int run(struct args *args)
{
	struct check c = {.results = json_object_new_array()};
	struct opened *opened = NULL;
	struct job *job = NULL;
	struct error err = {0};
	int32_t status = job_load(args_word(args, 0), &job, &err);

	if (status == HF_OK)
		status = job_open(job, OPEN_ALL, &opened, &err);
	if (status == HF_OK) {
		tell(&c, job->file, "the job file, and every driver's options", &err);
		check_all(&c, opened, args_flag(args, "deep"));
	}
	json_object *o = json_object_new_object();
	out_add_string(o, "job", job && job->name ? job->name : "");
	out_add(o, "ok", json_object_new_boolean(status == HF_OK && c.failed == 0));
	if (status != HF_OK)
		out_add(o, "error", out_error(&err));
	out_add(o, "checks", c.results);
	out_object(o);
	if (status == HF_OK && c.failed > 0) {
		error_set(&err, c.worst, "%zu check%s failed", c.failed, c.failed == 1 ? "" : "s");
		status = c.worst;
	}
	job_close(opened);
	job_free(job);
	if (status == HF_OK)
		return EXIT_DONE;
	log_error(&err);
	error_clear(&err);
	return status == HF_E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

static const struct option_spec options[] = {
	{"deep", false, "let the sources look inside their data too"}, {NULL, false, NULL}};

const struct command command_check = {
	.name = "check",
	.synopsis = "JOB",
	.summary = "try everything a run needs; leaves nothing behind",
	.examples = "  holdfast check scheduleright\n"
		    "  holdfast check ./job.ini --deep --json\n",
	.options = options,
	.min_words = 1,
	.max_words = 1,
	.run = run,
};
