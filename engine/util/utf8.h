/* SPDX-License-Identifier: MIT
 * UTF-8 read strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef HF_UTIL_UTF8_H
#define HF_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length in bytes of the character that begins the n bytes at s, its code in *code; 0 if
 * they do not begin with a well-formed one. */
size_t utf8_decode(const char *s, size_t n, uint32_t *code);
/* A code that must not reach a terminal: C0, DEL, C1, line and direction controls. */
bool utf8_is_control(uint32_t code);
/* Are the n bytes well-formed from start to end? */
bool utf8_valid(const char *s, size_t n);

#endif
