/* SPDX-License-Identifier: MIT
 * plugin.c - the one symbol that this plugin exports, and its description
 */
#include <stddef.h>

#include "example.h"

const hf_host *host;

static const hf_driver *const drivers[] = {&command_driver, &folder_driver, NULL};

static const hf_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = HF_ABI_MAJOR,
	.abi_minor = HF_ABI_MINOR,
	.needs_minor = 0, /* nothing newer than ABI 1.0 is used */
	.name = "example",
	.version = "1.0.0",
	.license = "MIT",
	.drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *h)
{
	host = h;
	return &plugin;
}
