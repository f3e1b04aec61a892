/* SPDX-License-Identifier: MIT
 * Loading one shared object, with errors that tell the truth. */
#ifndef HF_DRIVER_MODULE_H
#define HF_DRIVER_MODULE_H

#include <stdbool.h>
#include "engine/util/error.h"

/* May modules be loaded from this folder? It and all above it must be root's and writable by nobody else
 * (a sticky folder such as /tmp may stand above). `developer`: the folder was named by
 * HOLDFAST_DRIVER_PATH: while not privileged, one's own folders are fine too. */
int32_t module_folder_trusted(const char *folder, bool developer, struct error *err);
/* Loads an absolute path for the rest of the process and calls its hf_plugin_v1(). The message of a failure does not name
 * the file. */
int32_t module_load(const char *file, bool developer, const hf_host *host, const hf_plugin **out,
	struct error *err);
/* Runs with more rights than the person who called it (set-user-id, file capabilities)? */
bool module_secure_mode(void);

#endif
