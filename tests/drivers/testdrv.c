/* SPDX-License-Identifier: MIT
 * testdrv.c - the plugin of the test drivers: they work, until they are told to fail
 */
#include <stddef.h>

#include "testdrv.h"

const hf_host *host;

static const hf_driver *const drivers[] = {
    &faulty_driver,
    &faultyfilter_driver,
    &faultysink_driver,
    &faultypost_driver,
    NULL,
};

static const hf_plugin plugin = {
    .size = sizeof(plugin),
    .abi_major = HF_ABI_MAJOR,
    .abi_minor = HF_ABI_MINOR,
    .needs_minor = 0,
    .name = "testdrv",
    .version = "1.0.0",
    .license = "MIT",
    .drivers = drivers,
};

const hf_plugin *hf_plugin_v1(const hf_host *h)
{
	host = h;
	return &plugin;
}
