/* SPDX-License-Identifier: MIT
 * Secrets that lie in files, and who may read a file. */
#ifndef HF_JOB_SECRETS_H
#define HF_JOB_SECRETS_H

#include <stdbool.h>
#include <sys/stat.h>
#include "engine/util/error.h"

#define SECRET_MAX 65536

/* Can others than the owner read it? A group counts unless the file is root's: then root chose
 * it. */
bool readable_by_others(const struct stat *st);
/* The value in the file: 64 KiB at most, one newline at the end dropped, no NUL, not empty;
 * refused if others can read it. A pipe is fine. *out is the caller's; messages never show any
 * of it. */
int32_t secret_read(const char *path, char **out, struct error *err);

#endif
