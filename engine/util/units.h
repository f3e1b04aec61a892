/* SPDX-License-Identifier: MIT
 * Numbers with units, as job files and command lines have them. Strict: no sign (but for integers),
 * no blanks, no fractions, overflow refused. Each returns HF_OK or HF_E_CONFIG with a message that
 * names the text and what would be right. */
#ifndef HF_UTIL_UNITS_H
#define HF_UTIL_UNITS_H

#include <stddef.h>
#include <stdint.h>
#include "engine/util/error.h"

int32_t parse_int(const char *text, int64_t *out, struct error *err);
/* Bytes: "512", "64K", "8M", "2G", "1T", "1P", also KiB/KB-less forms "64KiB"; powers of 1024. */
int32_t parse_size(const char *text, int64_t *out, struct error *err);
/* Nanoseconds: "500ms", "30s", "15m", "26h", "7d", "2w", "1h30m" (units descending). A bare
 * number is an error ("say 30s or 30m"), but "0" is 0. No months, no years: they have no fixed
 * length. */
int32_t parse_duration(const char *text, int64_t *out, struct error *err);
/* Millionths: "10%", "0.5%", "100%". */
int32_t parse_percent(const char *text, int64_t *out, struct error *err);
/* yes/no (also true/false, on/off, 1/0). */
int32_t parse_bool(const char *text, int64_t *out, struct error *err);

/* "1.4 GiB", "512 B". size >= 16. */
void format_bytes(uint64_t n, char *out, size_t size);
/* "350 ms", "12.4 s", "3m 05s", "2h 10m", "3d 4h". size >= 24. */
void format_duration(int64_t ns, char *out, size_t size);

#endif
