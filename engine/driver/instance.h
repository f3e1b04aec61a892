/* SPDX-License-Identifier: MIT
 * An open driver, and the context of a call into it. Every call into a driver is made between
 * call_begin() and call_end(): they keep the driver's thread rule, and turn what it returns into an error. */
#ifndef HF_DRIVER_INSTANCE_H
#define HF_DRIVER_INSTANCE_H

#include <stdarg.h>
#include "engine/driver/driver.h"
#include "engine/job/options.h"

struct instance {
	struct driver *driver;
	char *name;  /* the section's name */
	char *label; /* "sink disk (files)", for messages */
	void *self;
	hf_options *options;
	pthread_mutex_t serial; /* HF_THREADS_INSTANCE */
	pthread_mutex_t dirs;
	char *job;              /* whose instance, for state_dir */
	char *state_dir, *temp_dir; /* made when asked for */
};

/* What a driver may report during a call; NULL members refuse. The receiver embeds or points to it. */
struct call_target {
	void *arg;
	int32_t (*entry_add)(void *arg, const hf_entry *entry, struct error *err);
	int32_t (*fact)(void *arg, const char *name, const int64_t *number, const char *text);
	int32_t (*mark)(void *arg, const void *mark, uint64_t size, struct error *err);
	int32_t (*server)(void *arg, const char *text);
	int32_t (*continues)(void *arg);
	void (*warn)(void *arg, const char *text);
};

/* One call. Lives on the caller's stack. */
struct hf_ctx {
	struct instance *instance;
	struct error error;              /* what fail() and hint() set */
	const struct call_target *target;
	uint32_t lane;
};

/* Opens an instance of `section` for `job`. Retries transient errors. */
int32_t instance_open(struct driver *driver, const struct job *job, const struct section *section,
	struct instance **out, struct error *err);
/* A compressor with default options, for decoding. */
int32_t instance_open_default(struct driver *driver, const char *job_name, struct instance **out,
	struct error *err);
void instance_close(struct instance *i);
int32_t instance_probe(struct instance *i, uint32_t flags, struct error *err);
/* On each thread that is not the opener's, around its use of the instance. */
int32_t instance_worker_begin(struct instance *i, struct error *err);
void instance_worker_end(struct instance *i);

/* Brackets of every call into a driver. call_end() unlocks and moves the call's error to `err` with the
 * instance's label in front. It returns HF_OK or an error that is set in `err`: an HF_END or HF_SKIP where
 * the ABI has none is a driver's fault, and never success. */
void call_begin(struct hf_ctx *ctx, struct instance *i);
int32_t call_end(struct hf_ctx *ctx, int32_t status, struct error *err);
/* For the calls that may answer `also` (HF_END or HF_SKIP): it is returned as it is. */
int32_t call_end_or(struct hf_ctx *ctx, int32_t status, int32_t also, struct error *err);

/* True where calls on several streams may run at the same time. */
static inline bool instance_parallel(const struct instance *i)
{
	return i->driver->d.threads >= HF_THREADS_STREAM;
}

/* The folders behind state_dir() and temp_dir(): made on first use, NULL with err set on failure. */
const char *instance_state_dir(struct instance *i, struct error *err);
const char *instance_temp_dir(struct instance *i, struct error *err);
/* Folder for state that lasts: $STATE_DIRECTORY, $XDG_STATE_HOME/holdfast, /var/lib/holdfast (root). */
int32_t state_root(char **out, struct error *err);
/* Removes every temp_dir() made. At the end of the program. */
void temp_dirs_remove(void);

#endif
