/* SPDX-License-Identifier: MIT
 * Taking apart what SHOW CREATE TABLE prints. That text is the server's own, always of one shape: items
 * between parentheses, each a column, a key or a constraint. Only whole items are moved, and only those whose
 * names information_schema told. */
#include "config.h"

#include "ddl.h"

#include <stdlib.h>
#include <string.h>

/* Behind a quoted piece that begins at s[i], or behind s[i] if none does. */
static size_t skip(const char *s, size_t n, size_t i)
{
	const char q = s[i++];

	if (q != '\'' && q != '"' && q != '`')
		return i;
	for (; i < n; i++) {
		if (s[i] == '\\' && q != '`')
			i++;
		else if (s[i] == q && i + 1 < n && s[i + 1] == q)
			i++;
		else if (s[i] == q)
			return i + 1;
	}
	return n;
}

/* The end of the item that begins at i: the comma behind it, or the parenthesis that ends the list. */
static size_t item_end(const char *s, size_t n, size_t i)
{
	for (int depth = 0; i < n; i = skip(s, n, i)) {
		if (s[i] == '(')
			depth++;
		else if (s[i] == ')' && depth-- == 0)
			return i;
		else if (s[i] == ',' && depth == 0)
			return i;
	}
	return n;
}

static bool begins(const char *s, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

static bool is_fk(const char *s, size_t n)
{
	size_t i;

	if (!begins(s, n, "CONSTRAINT `"))
		return false;
	i = skip(s, n, strlen("CONSTRAINT "));
	return begins(s + i, n - i, " FOREIGN KEY ");
}

/* A KEY or UNIQUE KEY of one of these names. */
static bool is_later(const char *s, size_t n, const struct names *later)
{
	for (size_t i = 0; i < later->n; i++) {
		struct text head = {0};
		bool same;

		text_puts(&head, "KEY ");
		text_name(&head, later->v[i]);
		text_puts(&head, " (");
		if (head.failed) {
			text_free(&head);
			return false;
		}
		same = begins(s, n, head.s) ||
		       (begins(s, n, "UNIQUE ") && begins(s + 7, n - 7, head.s));
		text_free(&head);
		if (same)
			return true;
	}
	return false;
}

static void add_item(struct text *alter, const char *name, const char *s, size_t n)
{
	if (alter->n == 0) {
		text_puts(alter, "ALTER TABLE ");
		text_name(alter, name);
	} else {
		text_puts(alter, ",");
	}
	text_puts(alter, "\n  ADD ");
	text_add(alter, s, n);
}

static bool split(struct ddl *d, const char *name, const char *s, size_t n, const struct names *later)
{
	struct text head = {0};
	size_t i, kept = 0;

	text_puts(&head, "CREATE TABLE ");
	text_name(&head, name);
	text_puts(&head, " (\n");
	i = head.n;
	if (head.failed || !begins(s, n, head.s)) {
		text_free(&head);
		return false;
	}
	text_add(&d->create, head.s, head.n);
	text_free(&head);
	for (;;) {
		size_t end;

		while (i < n && (s[i] == ' ' || s[i] == '\n'))
			i++;
		end = item_end(s, n, i);
		if (end >= n)
			return false;
		size_t len = end - i;
		while (len > 0 && (s[i + len - 1] == '\n' || s[i + len - 1] == ' '))
			len--;
		if (is_fk(s + i, len)) {
			add_item(&d->fks, name, s + i, len);
		} else if (is_later(s + i, len, later)) {
			add_item(&d->keys, name, s + i, len);
		} else {
			text_puts(&d->create, kept++ > 0 ? ",\n  " : "  ");
			text_add(&d->create, s + i, len);
		}
		i = end + 1;
		if (s[end] == ')')
			break;
	}
	text_puts(&d->create, "\n)");
	text_add(&d->create, s + i, n - i);
	return kept > 0;
}

void ddl_split(struct ddl *d, const char *name, const char *sql, size_t n, const struct names *later)
{
	*d = (struct ddl){0};
	if (split(d, name, sql, n, later))
		return;
	ddl_free(d);
	text_add(&d->create, sql, n);
}

void ddl_free(struct ddl *d)
{
	text_free(&d->create);
	text_free(&d->keys);
	text_free(&d->fks);
}

int ddl_references(const char *sql, size_t n, const char *db, size_t **at)
{
	struct text token = {0};
	int count = 0;

	*at = NULL;
	text_name(&token, db);
	text_puts(&token, ".");
	for (size_t i = 0; i < n && !token.failed; i = skip(sql, n, i)) {
		size_t *grown;

		if (!begins(sql + i, n - i, token.s))
			continue;
		grown = realloc(*at, ((size_t)count + 1) * sizeof(**at));
		if (grown == NULL) {
			token.failed = true;
			break;
		}
		*at = grown;
		grown[count++] = i;
	}
	if (token.failed)
		count = -1;
	text_free(&token);
	return count;
}
