/* SPDX-License-Identifier: MIT
 *
 * What the files plugin's source and sink share.
 */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>
#include <stdint.h>

#include <holdfast/plugin.h>

extern const hf_host *files_host;
extern const hf_driver files_source_driver;
extern const hf_driver files_sink_driver;

/* A name made fit for a message: control characters, bytes that are not UTF-8
 * and characters that change the text's direction are written as \xNN, a very
 * long name is cut in its middle. By value, so that it can be used inside a
 * call: files_quote(path).s */
struct files_quoted {
	char s[600];
};
struct files_quoted files_quote(const char *name);

/* The HF_E_* class that an errno stands for. */
int32_t files_status(int err);

/* strerror() into a value, safe on any thread: files_error(errno).s */
struct files_message {
	char s[160];
};
struct files_message files_error(int err);

#endif
