/* SPDX-License-Identifier: MIT
 * One option and one value of it; inside engine/job only. */
#ifndef HF_JOB_OPTION_TABLE_H
#define HF_JOB_OPTION_TABLE_H

#include "engine/job/options.h"

/* Reads `text` by the option's type into v->text and v->number and checks the limits. Paths are
 * made absolute against `folder`. A message never shows a secret's text. */
int32_t option_read(const hf_option *option, const char *folder, const char *text,
	struct option_value *v, struct error *err);
/* The option of that name (n bytes), or NULL. table may be NULL. */
const hf_option *option_find(const hf_option *table, const char *name, size_t n);
/* `path` below `folder` unless absolute, without // and /./ and a / at the end. The caller's. */
char *option_path(const char *folder, const char *path);

#endif
