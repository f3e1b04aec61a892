/* SPDX-License-Identifier: MIT
 * fault.c - failing on purpose: where, how often and as what
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

/* In the order of FAULT_CLASSES. */
static const int32_t classes[] = {HF_E_FAILED, HF_E_TRANSIENT, HF_E_CONFIG, HF_E_AUTH,
    HF_E_NOT_FOUND, HF_E_EXISTS, HF_E_NO_SPACE, HF_E_CORRUPT, HF_E_CANCELLED, HF_E_UNSUPPORTED};

void fault_open(struct fault *fault, const hf_options *options, const char *where)
{
	fault->where = where;
	fault->match = NULL;
	fault->counter = host->opt_text(options, "counter", 0);
	fault->class = classes[host->opt_int(options, "class", 0)];
	fault->after = 0;
	fault->times = (uint64_t)host->opt_int(options, "times", 0);
	fault->delay_ms = (uint64_t)host->opt_int(options, "delay_ms", 0);
	atomic_init(&fault->calls, 0);
	atomic_init(&fault->failures, 0);
}

int fault_matches(const struct fault *fault, const char *name)
{
	return !fault->match || strstr(name, fault->match);
}

/* The file's size is the number of failures so far. 1: one more, and it is counted; 0: enough;
 * -1 with errno. */
static int count_in_file(const char *path, uint64_t times)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int again = -1, error;
	struct stat st;

	if (fd < 0)
		return -1;
	/* closing unlocks */
	if (flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0) {
		again = times == 0 || (uint64_t)st.st_size < times;
		if (again && write(fd, "x", 1) != 1)
			again = -1;
	}
	error = errno;
	close(fd);
	errno = error;
	return again;
}

int32_t fault_at(hf_ctx *ctx, struct fault *fault, const char *step, const char *name)
{
	if (strcmp(fault->where, step) != 0 || !fault_matches(fault, name))
		return HF_OK;
	if (atomic_fetch_add(&fault->calls, 1) < fault->after)
		return HF_OK;
	if (fault->counter) {
		int again = count_in_file(fault->counter, fault->times);

		if (again < 0)
			return fault_system(ctx, "count in", fault->counter, errno);
		if (!again)
			return HF_OK;
	} else if (fault->times && atomic_fetch_add(&fault->failures, 1) >= fault->times) {
		return HF_OK;
	}
	host->fail(
	    ctx, fault->class, "the test driver fails at %s of %s, as it was told to", step, name);
	host->hint(ctx, "take the option that makes it fail out of the job");
	return fault->class;
}

int32_t fault_delay(hf_ctx *ctx, const struct fault *fault)
{
	if (fault->delay_ms && host->sleep(ctx, fault->delay_ms * 1000000) != HF_OK)
		return host->fail(ctx, HF_E_CANCELLED, "stopped while waiting");
	return HF_OK;
}

int32_t fault_no_memory(hf_ctx *ctx)
{
	return host->fail(ctx, HF_E_FAILED, "out of memory");
}

int32_t fault_system(hf_ctx *ctx, const char *what, const char *path, int error)
{
	int32_t class = HF_E_FAILED;

	if (error == ENOENT || error == ENOTDIR)
		class = HF_E_NOT_FOUND;
	else if (error == EEXIST)
		class = HF_E_EXISTS;
	else if (error == ENOSPC)
		class = HF_E_NO_SPACE;
	return host->fail(ctx, class, "cannot %s %s: %s", what, path, strerror(error));
}
