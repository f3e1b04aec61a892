/* SPDX-License-Identifier: MIT
 * Messages for people, on standard error. Any thread may call; a message is written whole. Text is
 * made fit for a terminal (printable()), line by line; nothing here ever writes a secret that the
 * caller did not put into the text. */
#ifndef HF_UTIL_LOG_H
#define HF_UTIL_LOG_H

#include "engine/util/error.h"

enum log_level {
	LOG_LEVEL_QUIET = 0,   /* -q: errors and warnings only */
	LOG_LEVEL_NORMAL = 10, /* and notices */
	LOG_LEVEL_VERBOSE = 20,/* -v: and information */
	LOG_LEVEL_DEBUG = 30   /* -vv: everything */
};

/* Both are set once, before any thread is started. */
void log_set_level(enum log_level level);
/* `before` is called under the log's lock right before a message is written, to clear a progress
 * line. It must not log. NULL: none. */
void log_set_line_hook(void (*before)(void));
enum log_level log_level(void);

/* "holdfast: <message>", and "  hint: <hint>" below it. Does nothing for an error that is not
 * set. */
void log_error(const struct error *err);
void log_warn(const char *fmt, ...) HF_PRINTF(1, 2);   /* "holdfast: warning: ..." */
void log_notice(const char *fmt, ...) HF_PRINTF(1, 2); /* from normal on */
void log_info(const char *fmt, ...) HF_PRINTF(1, 2);   /* -v */
void log_debug(const char *fmt, ...) HF_PRINTF(1, 2);  /* -vv */

/* Runs `draw` under the log's lock, so that a progress line is never torn by a message. */
void log_locked(void (*draw)(void *arg), void *arg);

#endif
