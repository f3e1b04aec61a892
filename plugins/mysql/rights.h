/* SPDX-License-Identifier: MIT
 * What an account may do, and the GRANT for what it may not. */
#ifndef MYSQL_RIGHTS_H
#define MYSQL_RIGHTS_H

#include "conn.h"

/* Fails with the statements to issue in the hint if the account could not see everything that the job asks
 * for: a server shows less in silence. */
int32_t rights_enough(hf_ctx *ctx, const struct source *src, struct conn *c);
/* For `holdfast check`: also warns of what is only useful. */
int32_t rights_advise(hf_ctx *ctx, const struct source *src, struct conn *c);

#endif
