/* SPDX-License-Identifier: MIT
 * fault.h - failing on purpose: where, how often and as what
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdatomic.h>
#include <stdint.h>

#include "testdrv.h"

/* The options of every test driver. Where it fails is each driver's own. */
#define FAULT_OPTIONS                                                                              \
	{.name = "class",                                                                          \
	    .type = HF_OPT_CHOICE,                                                                 \
	    .default_value = "failed",                                                             \
	    .choices = FAULT_CLASSES,                                                              \
	    .help = "the class of the error"},                                                     \
	    {.name = "times",                                                                      \
		.type = HF_OPT_INT,                                                                \
		.default_value = "0",                                                              \
		.max = 1000000,                                                                    \
		.help = "fail so many times and work from then on; 0: fail always"},               \
	    {.name = "counter",                                                                    \
		.type = HF_OPT_PATH,                                                               \
		.help =                                                                            \
		    "file that grows by a byte with each failure, so that `times` spans runs"},    \
	{                                                                                          \
		.name = "delay_ms", .type = HF_OPT_INT, .default_value = "0", .max = 600000,       \
		.help = "wait so long at each step"                                                \
	}

#define FAULT_CLASSES                                                                              \
	"failed|transient|config|auth|not-found|exists|no-space|corrupt|cancelled|unsupported"

struct fault {
	const char *where;   /* the step that fails, "none" */
	const char *match;   /* only for names that contain this; NULL: for all */
	const char *counter; /* NULL: counted in `failures` */
	int32_t class;
	uint64_t after; /* so many calls that match are let through */
	uint64_t times;
	uint64_t delay_ms;
	atomic_uint_fast64_t calls;
	atomic_uint_fast64_t failures;
};

/* Reads FAULT_OPTIONS; `where`, `match` and `after` are the caller's. */
void fault_open(struct fault *fault, const hf_options *options, const char *where);

/* Fails the call if the step `step` on `name` is to fail now, else HF_OK. */
int32_t fault_at(hf_ctx *ctx, struct fault *fault, const char *step, const char *name);

/* Does `name` contain what `match` says? */
int fault_matches(const struct fault *fault, const char *name);

int32_t fault_delay(hf_ctx *ctx, const struct fault *fault);

int32_t fault_no_memory(hf_ctx *ctx);

/* An error of the system, which no test asked for. */
int32_t fault_system(hf_ctx *ctx, const char *what, const char *path, int error);

#endif
