/* SPDX-License-Identifier: MIT
 *
 * The retention post stage: reads the rules from the job, has the plan made,
 * and proposes it to the host, point by point with the reason. It deletes
 * nothing itself.
 */
#include "config.h"

#include <stdlib.h>

#include <holdfast/plugin.h>

#include "plan.h"
#include "zone.h"

/* What a rule set that knows only time falls back on: a pause longer than
 * keep_within, or a clock that jumped, leaves more than the newest point. */
#define MIN_KEEP_BY_TIME 3
#define MOST_KEPT 100000
#define LONGEST_REASON 1024

static const hf_host *host;

struct retention {
	struct plan_rules rules;
	struct zone *zone;
};

#define COUNT_OPTION(NAME, DEFAULT, LEAST, HELP)                                                   \
	{                                                                                          \
		.name = (NAME), .type = HF_OPT_INT, .default_value = (DEFAULT),                    \
		.min = (LEAST), .max = MOST_KEPT, .help = (HELP)                                   \
	}

static const hf_option options[] = {
	COUNT_OPTION("keep_last", NULL, 0, "keep the newest N points"),
	COUNT_OPTION("keep_hourly", NULL, 0, "keep the last point of the newest N hours with one"),
	COUNT_OPTION("keep_daily", NULL, 0, "keep the last point of the newest N days with one"),
	COUNT_OPTION("keep_weekly", NULL, 0,
	    "keep the last point of the newest N weeks (ISO, from Monday) with one"),
	COUNT_OPTION("keep_monthly", NULL, 0,
	    "keep the last point of the newest N months with one"),
	COUNT_OPTION("keep_yearly", NULL, 0, "keep the last point of the newest N years with one"),
	{
		.name = "keep_within",
		.type = HF_OPT_DURATION,
		.min = 0,
		.max = INT64_MAX,
		.help = "keep all points that began at most so long before the newest one",
	},
	COUNT_OPTION("keep_verified", "1", 0, "keep the newest N points that were verified well"),
	COUNT_OPTION("keep_drilled", "1", 0, "keep the newest N points that a drill restored well"),
	COUNT_OPTION("min_keep", NULL, 1,
	    "never fewer points than this; 1, or 3 where keep_within is the only rule"),
	{
		.name = "timezone",
		.type = HF_OPT_STRING,
		.default_value = "UTC",
		.help = "where hours, days and weeks begin: UTC, local, a name like Europe/Berlin",
	},
	{.name = NULL},
};

/* In the order of enum plan_rule. */
static const char *const option_of_rule[RULE_COUNT] = {
	[RULE_LAST] = "keep_last",
	[RULE_HOURLY] = "keep_hourly",
	[RULE_DAILY] = "keep_daily",
	[RULE_WEEKLY] = "keep_weekly",
	[RULE_MONTHLY] = "keep_monthly",
	[RULE_YEARLY] = "keep_yearly",
	[RULE_WITHIN] = "keep_within",
	[RULE_VERIFIED] = "keep_verified",
	[RULE_DRILLED] = "keep_drilled",
	[RULE_MIN_KEEP] = "min_keep",
};

static int32_t read_rules(hf_ctx *ctx, const hf_options *values, struct plan_rules *rules)
{
	bool by_count = false;

	for (int i = 0; i < RULE_COUNT; i++)
		rules->limit[i] = host->opt_int(values, option_of_rule[i], 0);
	for (int i = RULE_LAST; i <= RULE_YEARLY; i++)
		by_count = by_count || rules->limit[i] > 0;
	if (!by_count && rules->limit[RULE_WITHIN] <= 0) {
		(void)host->fail(ctx, HF_E_CONFIG,
		    "retention has no rule that says what to keep");
		host->hint(ctx, "give at least one of keep_last, keep_hourly, keep_daily, "
		                "keep_weekly, keep_monthly, keep_yearly and keep_within, or remove "
		                "the section to keep everything");
		return HF_E_CONFIG;
	}
	if (rules->limit[RULE_MIN_KEEP] <= 0)
		rules->limit[RULE_MIN_KEEP] = by_count ? 1 : MIN_KEEP_BY_TIME;
	return HF_OK;
}

static int32_t retention_open(hf_ctx *ctx, const hf_options *values, void **self)
{
	const char *name = host->opt_text(values, "timezone", 0);
	struct retention *retention = calloc(1, sizeof(*retention));
	char why[256] = "";
	int32_t status;

	if (retention == NULL)
		return host->fail(ctx, HF_E_FAILED, "out of memory");
	status = read_rules(ctx, values, &retention->rules);
	if (status != HF_OK) {
		free(retention);
		return status;
	}
	if (name == NULL)
		name = "UTC";
	retention->zone = zone_open(name, why, sizeof(why));
	if (retention->zone == NULL) {
		free(retention);
		(void)host->fail(ctx, HF_E_CONFIG, "cannot use timezone %s: %s", name, why);
		host->hint(ctx, "use UTC, local, or a name that `timedatectl list-timezones` "
		                "prints; the names come with the package tzdata");
		return HF_E_CONFIG;
	}
	retention->rules.zone = retention->zone;
	*self = retention;
	return HF_OK;
}

static void retention_close(hf_ctx *ctx, void *self)
{
	struct retention *retention = self;

	(void)ctx;
	zone_free(retention->zone);
	free(retention);
}

static struct plan_point to_plan(const hf_point *point)
{
	return (struct plan_point){
		.id = point->id,
		.parent = point->parent,
		.begin_ns = point->begin_ns,
		.complete = point->flags & HF_POINT_COMPLETE,
		.running = point->flags & HF_POINT_RUNNING,
		.current = point->flags & HF_POINT_CURRENT,
		.pinned = point->flags & HF_POINT_PINNED,
		.damaged = point->flags & HF_POINT_DAMAGED,
		.verified = point->verified_ns > 0,
		.drilled = point->drilled_ns > 0,
	};
}

static void warn_of_future(hf_ctx *ctx, size_t count, const char *id)
{
	static const char advice[] = "check the clock of this machine and of the one that made";

	if (count == 1)
		host->warn(ctx,
		    "point %s begins in the future: it is kept and does not count; %s it", id,
		    advice);
	else
		host->warn(ctx,
		    "%zu points begin in the future, such as %s: they are kept and do not count; "
		    "%s them",
		    count, id, advice);
}

/* Hands the verdicts over: one for each point that was judged. */
static void propose(hf_ctx *ctx, hf_catalogue *catalogue, const struct plan_rules *rules,
    const struct plan_point *points, const struct plan_verdict *verdicts, size_t count)
{
	size_t kept = 0, expired = 0, future = 0, example = 0;

	for (size_t i = 0; i < count; i++) {
		char reason[LONGEST_REASON];

		if (!verdicts[i].judged)
			continue;
		plan_reason(rules, points, verdicts, i, reason, sizeof(reason));
		if (verdicts[i].keep) {
			host->keep(catalogue, i, reason);
			kept++;
		} else {
			host->expire(catalogue, i, reason);
			expired++;
		}
		if (verdicts[i].stay & STAY_FUTURE) {
			example = i;
			future++;
		}
	}
	if (future > 0)
		warn_of_future(ctx, future, points[example].id);
	host->log(ctx, HF_LOG_INFO, "sink %s: points that stay: %zu, that may go: %zu",
	    host->catalogue_sink(catalogue), kept, expired);
}

static int32_t retention_run(hf_ctx *ctx, void *self, hf_catalogue *catalogue)
{
	const struct retention *retention = self;
	size_t count = (size_t)host->point_count(catalogue);
	struct plan_point *points = calloc(count + 1, sizeof(*points));
	struct plan_verdict *verdicts = calloc(count + 1, sizeof(*verdicts));
	int32_t status = HF_OK;

	for (size_t i = 0; points != NULL && i < count; i++) {
		const hf_point *point = host->point(catalogue, i);

		if (point == NULL) {
			status = host->fail(ctx, HF_E_FAILED,
			    "the catalogue has fewer points than it says");
			goto out;
		}
		points[i] = to_plan(point);
	}
	if (points == NULL || verdicts == NULL ||
	    !plan_make(&retention->rules, host->now(ctx), points, count, verdicts)) {
		status = host->fail(ctx, HF_E_FAILED, "out of memory for %zu points", count);
		goto out;
	}
	propose(ctx, catalogue, &retention->rules, points, verdicts, count);
out:
	free(points);
	free(verdicts);
	return status;
}

static const hf_post_ops post = {
	.size = sizeof(post),
	.run = retention_run,
};

static const hf_driver driver = {
	.size = sizeof(driver),
	.kind = HF_KIND_POST,
	.name = "retention",
	.summary = "decides which recovery points stay and which may go",
	.options = options,
	.threads = HF_THREADS_STREAM,
	.capabilities = HF_CAP_EXPIRE,
	.open = retention_open,
	.close = retention_close,
	.post = &post,
};

static const hf_driver *const drivers[] = {&driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = HF_ABI_MAJOR,
	.abi_minor = HF_ABI_MINOR,
	.needs_minor = 0,
	.name = "retention",
	.version = PACKAGE_VERSION,
	.license = "MIT",
	.drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *given)
{
	host = given;
	return &plugin;
}
