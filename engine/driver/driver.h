/* SPDX-License-Identifier: MIT
 * Drivers as the engine sees them: the plugin's tables, copied to today's size (what an older plugin
 * does not have is zero). */
#ifndef HF_DRIVER_DRIVER_H
#define HF_DRIVER_DRIVER_H

#include <stdbool.h>
#include <pthread.h>
#include "engine/util/error.h"
#include "engine/util/mem.h"

struct plugin;

struct driver {
	struct plugin *plugin;
	hf_driver d; /* d.source, d.filter ... point at the copies below */
	hf_source_ops source;
	hf_filter_ops filter;
	hf_sink_ops sink;
	hf_post_ops post;
	pthread_mutex_t serial; /* HF_THREADS_PROCESS */
};

struct plugin {
	char *file;    /* absolute path */
	char *name;
	char *version;
	char *license;
	uint32_t abi_major, abi_minor;
	struct driver *drivers;
	size_t n;
};

const char *kind_name(uint32_t kind); /* "source" ... */

/* Copies and checks what hf_plugin_v1() gave. */
int32_t plugin_import(const hf_plugin *raw, const char *file, struct plugin **out,
	struct error *err);

void plugin_free(struct plugin *p);

/* --- finding them: registry.c --- */

/* The driver `plugin = NAME` of a kind. Looks for NAME.so in the driver folders, then in every plugin
 * there. The error says where it looked, and the nearest installed name. */
int32_t driver_find(const char *name, uint32_t kind, struct driver **out, struct error *err);
/* The compressor that can decode `codec` ("zstd/1"). */
int32_t driver_find_codec(const char *codec, struct driver **out, struct error *err);

/* Every file in the driver folders, loaded or with the reason why it was not. */
struct plugin_file {
	char *file;
	struct plugin *plugin; /* or NULL */
	struct error error;
};
int32_t registry_scan(const struct plugin_file **files, size_t *n, struct error *err);
/* The folders that are searched, in order. */
const struct strv *registry_folders(void);
/* Frees what the registry holds. Modules stay resident. */
void registry_free(void);

/* The host's function table that plugins get. */
extern const hf_host host_table;

#endif
