/* SPDX-License-Identifier: MIT
 * holdfast check: can the server be reached, may the account see everything, is every table sound? */
#include "config.h"

#include <string.h>

#include "rights.h"
#include "schema.h"

/* The words of CHECK TABLE on one table: several rows, of which the last is the verdict. */
static int32_t check_table(hf_ctx *ctx, struct conn *c, const struct table *t, size_t *bad)
{
	struct text sql = {0}, words = {0};
	MYSQL_RES *res;
	MYSQL_ROW row;
	bool good = false;
	int32_t status;

	text_puts(&sql, "CHECK TABLE ");
	text_qualified(&sql, t->db->name, t->name);
	status = conn_rows_text(ctx, c, "check a table", &sql, &res);
	text_free(&sql);
	if (status != HF_OK)
		return status;
	while ((row = mysql_fetch_row(res)) != NULL) {
		const char *type = row[2] != NULL ? row[2] : "", *text = row[3] != NULL ? row[3] : "";

		if (strcmp(type, "status") == 0 && strcmp(text, "OK") == 0)
			good = true;
		else if (strcmp(type, "note") == 0)
			good = true;
		else
			text_printf(&words, "%s%s", words.n > 0 ? "; " : "", text);
	}
	mysql_free_result(res);
	if (!good) {
		++*bad;
		host->warn(ctx, "table %s.%s is damaged: %s", shown(t->db->name), shown(t->name),
			words.n > 0 && !words.failed ? words.s : "the server does not say how");
	} else {
		host->log(ctx, HF_LOG_NOTICE, "table %s.%s: OK", shown(t->db->name), shown(t->name));
	}
	text_free(&words);
	return HF_OK;
}

static int32_t check_tables(hf_ctx *ctx, struct conn *c, const struct schema *s)
{
	size_t bad = 0, all = 0;
	int32_t status = HF_OK;

	for (size_t i = 0; i < s->n && status == HF_OK; i++)
		for (size_t k = 0; k < s->dbs[i].n && status == HF_OK; k++) {
			if (host->cancelled(ctx))
				return HF_E_CANCELLED;
			if (s->dbs[i].tables[k].sequence)
				continue;
			all++;
			status = check_table(ctx, c, &s->dbs[i].tables[k], &bad);
		}
	if (status != HF_OK || bad == 0)
		return status;
	host->fail(ctx, HF_E_CORRUPT, "%zu of %zu tables and views are damaged", bad, all);
	host->hint(ctx, "restore them from a point (--only TABLE), or try REPAIR TABLE where the engine has it");
	return HF_E_CORRUPT;
}

int32_t mysql_probe(hf_ctx *ctx, void *self, uint32_t flags)
{
	const struct source *src = self;
	struct schema s = {0};
	struct conn c;
	int32_t status = conn_open(ctx, src, &c);

	if (status != HF_OK)
		return status;
	status = rights_advise(ctx, src, &c);
	if (status == HF_OK && (flags & HF_PROBE_DEEP) == 0)
		status = schema_read(ctx, &c, src, &s);
	if (status == HF_OK && (flags & HF_PROBE_DEEP) != 0) {
		/* a table that cannot even be opened is to be told as such, with the others */
		status = schema_list(ctx, &c, src, &s);
		if (status == HF_OK)
			status = check_tables(ctx, &c, &s);
	}
	schema_free(&s);
	conn_close(&c);
	return status;
}
