/* SPDX-License-Identifier: MIT
 * Views that were broken when they were backed up, because a table or a column is gone. No server makes such
 * a view; so what it misses stands there for a moment, as an empty table, and is dropped when the views are
 * made. They are then as broken as they were, word for word. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "restore.h"

#define STEPS 500 /* a view of a few hundred missing columns */

struct broken *broken_add(struct broken **list, const char *db, const char *name, const char *set, const char *sql)
{
	struct broken *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	text_puts(&b->db, db);
	text_puts(&b->name, name);
	text_puts(&b->set, set);
	text_puts(&b->sql, sql);
	/* at the end: a view may stand on another broken one */
	while (*list != NULL)
		list = &(*list)->next;
	*list = b;
	return b;
}

void broken_free(struct broken **list)
{
	while (*list != NULL) {
		struct broken *b = *list;

		*list = b->next;
		text_free(&b->db);
		text_free(&b->name);
		text_free(&b->set);
		text_free(&b->sql);
		free(b);
	}
}

/* What stands between the first quote of a message and `end`. */
static bool between(const char *message, const char *end, struct text *out)
{
	const char *from = strchr(message, '\''), *to = from != NULL ? strstr(from + 1, end) : NULL;

	text_clear(out);
	if (to == NULL)
		return false;
	text_add(out, from + 1, (size_t)(to - from - 1));
	return !out->failed;
}

/* "Table 'db.name' doesn't exist": an empty one of that name. */
static bool stand_in(struct conn *c, const struct broken *b, const char *message, struct names *stubs)
{
	struct text full = {0}, quoted = {0}, sql = {0};
	const size_t n = b->db.n;
	const char *dot;
	bool made = false;

	if (between(message, "' doesn't exist", &full)) {
		/* the view's own database may have dots in its name */
		dot = strncmp(full.s, b->db.s, n) == 0 && full.s[n] == '.' ? full.s + n : strchr(full.s, '.');
		if (dot != NULL) {
			full.s[dot - full.s] = '\0';
			text_qualified(&quoted, full.s, dot + 1);
			text_printf(&sql, "CREATE TABLE %s (holdfast INT)", quoted.s != NULL ? quoted.s : "");
			made = !sql.failed && !quoted.failed && conn_try(c, sql.s) && names_add(stubs, quoted.s);
		}
	}
	text_free(&full);
	text_free(&quoted);
	text_free(&sql);
	return made;
}

/* "Unknown column 'a.b' in 'field list'": any of the stand-ins may have it. */
static bool add_column(struct conn *c, const char *message, const struct names *stubs)
{
	struct text full = {0}, sql = {0};
	const char *name;
	bool added = false;

	if (between(message, "' in '", &full) && stubs->n > 0) {
		name = strrchr(full.s, '.') != NULL ? strrchr(full.s, '.') + 1 : full.s;
		for (size_t i = 0; i < stubs->n; i++) {
			text_clear(&sql);
			text_printf(&sql, "ALTER TABLE %s ADD COLUMN ", stubs->v[i]);
			text_name(&sql, name);
			text_puts(&sql, " INT");
			added = (!sql.failed && conn_try(c, sql.s)) || added;
		}
	}
	text_free(&full);
	text_free(&sql);
	return added;
}

static bool make(struct conn *c, const struct broken *b, struct names *stubs, struct text *why)
{
	struct text use = {0};
	bool ready;

	text_puts(&use, "USE ");
	text_name(&use, b->db.s);
	ready = !use.failed && conn_try(c, use.s);
	text_free(&use);
	for (int i = 0; ready && i < STEPS; i++) {
		/* what was made for it in between was made in another session's way */
		if (!conn_try(c, b->set.s))
			return false;
		if (conn_try(c, b->sql.s))
			return true;
		text_clear(why);
		text_puts(why, mysql_error(c->my));
		if (why->failed || !(mysql_errno(c->my) == 1146   ? stand_in(c, b, why->s, stubs) :
				     mysql_errno(c->my) == 1054 ? add_column(c, why->s, stubs) :
								    false))
			return false;
	}
	return false;
}

int32_t broken_make(hf_ctx *ctx, struct conn *c, const struct broken *list)
{
	struct names stubs = {0};
	struct text why = {0}, sql = {0};
	int32_t status = HF_OK;

	for (const struct broken *b = list; b != NULL && status == HF_OK; b = b->next) {
		if (b->db.failed || b->name.failed || b->set.failed || b->sql.failed)
			status = out_of_memory(ctx);
		else if (!make(c, b, &stubs, &why))
			host->warn(ctx, "view %s.%s was broken when it was backed up and cannot be made again: %s; "
					"its definition is in the point", shown(b->db.s), shown(b->name.s),
				why.s != NULL ? shown(why.s) : "the server does not say why");
	}
	for (size_t i = 0; i < stubs.n; i++) {
		text_clear(&sql);
		text_printf(&sql, "DROP TABLE %s", stubs.v[i]);
		if (c->lost || sql.failed || !conn_try(c, sql.s))
			host->warn(ctx, "the table %s stood in for one that a broken view misses, and is still there: drop it",
				shown(stubs.v[i]));
	}
	names_free(&stubs);
	text_free(&why);
	text_free(&sql);
	return status;
}
