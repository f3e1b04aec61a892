/* SPDX-License-Identifier: MIT
 * testdrv.h - what the test drivers share: the host, and the drivers' names
 */
#ifndef TESTDRV_H
#define TESTDRV_H

#include <holdfast/plugin.h>

extern const hf_host *host;
extern const hf_driver faulty_driver;
extern const hf_driver faultyfilter_driver;
extern const hf_driver faultysink_driver;
extern const hf_driver faultypost_driver;

#endif
