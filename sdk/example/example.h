/* SPDX-License-Identifier: MIT
 * example.h - what the files of this plugin share
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <holdfast/plugin.h>

/* The host's functions. Set once, before any driver is opened; the only
 * variable of the whole plugin that is not part of an instance. */
extern const hf_host *host;

extern const hf_driver command_driver; /* command.c: a source */
extern const hf_driver folder_driver;  /* folder.c: a sink */

#endif
