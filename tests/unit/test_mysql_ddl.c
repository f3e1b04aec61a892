/* SPDX-License-Identifier: MIT
 *
 * The mysql driver's table definitions: what SHOW CREATE TABLE prints, taken apart.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "plugins/mysql/ddl.h"

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static void expect_text(const struct text *got, const char *want)
{
	assert_false(got->failed);
	assert_int_equal(got->n, strlen(want));
	if (got->n > 0)
		assert_string_equal(got->s, want);
}

/* `later`: names, ended by NULL. The definition is in memory of just its size, without a NUL. */
static void expect_split(const char *name, const char *sql, const char *const *later,
    const char *create, const char *keys, const char *fks)
{
	const size_t n = strlen(sql);
	char *exact = malloc(n + (n == 0));
	struct names l = { 0 };
	struct ddl d;

	assert_non_null(exact);
	memcpy(exact, sql, n);
	for (; later && *later; later++)
		assert_true(names_add(&l, *later));
	ddl_split(&d, name, exact, n, &l);
	free(exact);
	expect_text(&d.create, create);
	expect_text(&d.keys, keys);
	expect_text(&d.fks, fks);
	ddl_free(&d);
	assert_null(d.create.s);
	names_free(&l);
}

static void expect_whole(const char *name, const char *sql, const char *const *later)
{
	expect_split(name, sql, later, sql, "", "");
}

/* --- as MariaDB prints it --- */

static const char plain[] =
    "CREATE TABLE `bookings` (\n"
    "  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,\n"
    "  `user` int(11) NOT NULL,\n"
    "  `price` decimal(10,2) NOT NULL DEFAULT 0.00,\n"
    "  `state` enum('open','paid, late','a)b') DEFAULT 'open',\n"
    "  PRIMARY KEY (`id`),\n"
    "  UNIQUE KEY `by_state` (`state`,`user`),\n"
    "  KEY `by_user` (`user`),\n"
    "  KEY `by_price` (`price` DESC) USING BTREE COMMENT 'x, y',\n"
    "  FULLTEXT KEY `words` (`state`),\n"
    "  CONSTRAINT `fk_user` FOREIGN KEY (`user`) REFERENCES `users` (`id`) ON DELETE CASCADE,\n"
    "  CONSTRAINT `positive` CHECK (`price` >= 0)\n"
    ") ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci";

static void keys_and_foreign_keys_move(void **state)
{
	static const char *const later[] = { "by_state", "by_user", "by_price", NULL };

	(void)state;
	expect_split("bookings", plain, later,
	    "CREATE TABLE `bookings` (\n"
	    "  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,\n"
	    "  `user` int(11) NOT NULL,\n"
	    "  `price` decimal(10,2) NOT NULL DEFAULT 0.00,\n"
	    "  `state` enum('open','paid, late','a)b') DEFAULT 'open',\n"
	    "  PRIMARY KEY (`id`),\n"
	    "  FULLTEXT KEY `words` (`state`),\n"
	    "  CONSTRAINT `positive` CHECK (`price` >= 0)\n"
	    ") ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci",
	    "ALTER TABLE `bookings`\n"
	    "  ADD UNIQUE KEY `by_state` (`state`,`user`),\n"
	    "  ADD KEY `by_user` (`user`),\n"
	    "  ADD KEY `by_price` (`price` DESC) USING BTREE COMMENT 'x, y'",
	    "ALTER TABLE `bookings`\n"
	    "  ADD CONSTRAINT `fk_user` FOREIGN KEY (`user`) REFERENCES `users` (`id`) ON DELETE "
	    "CASCADE");
}

/* Foreign keys always move; a key only if it is listed by just that name. */
static void only_listed_keys_move(void **state)
{
	static const char *const others[] = { "by_use", "by_users", "BY_USER", "user", "words",
		"id", "PRIMARY", "positive", "fk_user", "", "by_user` (`user", NULL };
	static const char *const lists[][2] = { { NULL, NULL }, { "by_user", NULL } };
	struct text create = { 0 };
	const char *fk = strstr(plain, ",\n  CONSTRAINT `fk_user`");
	const char *key = strstr(plain, ",\n  KEY `by_user`");
	const char fks[] = "ALTER TABLE `bookings`\n  ADD CONSTRAINT `fk_user` FOREIGN KEY (`user`) "
			   "REFERENCES `users` (`id`) ON DELETE CASCADE";

	(void)state;
	text_add(&create, plain, (size_t)(fk - plain));
	text_puts(&create, strstr(fk, ",\n  CONSTRAINT `positive`"));
	expect_split("bookings", plain, lists[0], create.s, "", fks);
	expect_split("bookings", plain, others, create.s, "", fks);
	text_clear(&create);
	text_add(&create, plain, (size_t)(key - plain));
	key = strstr(key, ",\n  KEY `by_price`");
	text_add(&create, key, (size_t)(fk - key));
	text_puts(&create, strstr(fk, ",\n  CONSTRAINT `positive`"));
	expect_split("bookings", plain, lists[1], create.s,
	    "ALTER TABLE `bookings`\n  ADD KEY `by_user` (`user`)", fks);
	text_free(&create);
}

static void nothing_to_move(void **state)
{
	(void)state;
	expect_whole("t", "CREATE TABLE `t` (\n  `a` int(11) DEFAULT NULL\n) ENGINE=InnoDB", NULL);
	expect_whole("t", "CREATE TABLE `t` (\n  `a` int(11) DEFAULT NULL,\n  PRIMARY KEY (`a`)\n)", NULL);
}

/* Commas, parentheses, quotes and line feeds, where the server prints them as they are. */
static void odd_names(void **state)
{
	static const char *const later[] = { "k`,(\n)'\"\\", NULL };

	(void)state;
	expect_split("t`,(\n)'\"\\",
	    "CREATE TABLE `t``,(\n)'\"\\` (\n"
	    "  `c``,(\n)'\"\\` int(11) DEFAULT NULL,\n"
	    "  `),\n  KEY ``x`` (` varchar(3) DEFAULT NULL,\n"
	    "  KEY `k``,(\n)'\"\\` (`c``,(\n)'\"\\`,`),\n  KEY ``x`` (`(2)),\n"
	    "  CONSTRAINT `f``,(\n)'\"\\` FOREIGN KEY (`c``,(\n)'\"\\`) REFERENCES `o``,(` (`)`)\n"
	    ") ENGINE=InnoDB",
	    later,
	    "CREATE TABLE `t``,(\n)'\"\\` (\n"
	    "  `c``,(\n)'\"\\` int(11) DEFAULT NULL,\n"
	    "  `),\n  KEY ``x`` (` varchar(3) DEFAULT NULL\n"
	    ") ENGINE=InnoDB",
	    "ALTER TABLE `t``,(\n)'\"\\`\n"
	    "  ADD KEY `k``,(\n)'\"\\` (`c``,(\n)'\"\\`,`),\n  KEY ``x`` (`(2))",
	    "ALTER TABLE `t``,(\n)'\"\\`\n"
	    "  ADD CONSTRAINT `f``,(\n)'\"\\` FOREIGN KEY (`c``,(\n)'\"\\`) REFERENCES `o``,(` (`)`)");
}

/* Text that looks like the rest of a definition. */
static void odd_comments_and_defaults(void **state)
{
	static const char *const later[] = { "k", NULL };

	(void)state;
	expect_split("t",
	    "CREATE TABLE `t` (\n"
	    "  `a` varchar(50) DEFAULT 'it''s),\\n  KEY `k` (`a`)' COMMENT '``),\\\\',\n"
	    "  `b` varchar(50) DEFAULT '),\n  KEY `k` (`b`),\n' COMMENT '\"((',\n"
	    "  `c` varchar(50) GENERATED ALWAYS AS (concat(`a`,'\\'),',`b`)) VIRTUAL,\n"
	    "  `d` varchar(50) DEFAULT concat('(',_utf8mb4'\\\\','))',x'2C29'),\n"
	    "  `e` set('','(',''')',',','\"') DEFAULT '',\n"
	    "  KEY `k` (`a`) COMMENT ' CONSTRAINT `x` FOREIGN KEY (`a`), ''',\n"
	    "  CONSTRAINT `x` CHECK (`a` <> ' FOREIGN KEY (' and (`b` <> '\\\\' or `c` in (',',')')))\n"
	    ") ENGINE=InnoDB COMMENT='),\\n  KEY `k` (`a`)'",
	    later,
	    "CREATE TABLE `t` (\n"
	    "  `a` varchar(50) DEFAULT 'it''s),\\n  KEY `k` (`a`)' COMMENT '``),\\\\',\n"
	    "  `b` varchar(50) DEFAULT '),\n  KEY `k` (`b`),\n' COMMENT '\"((',\n"
	    "  `c` varchar(50) GENERATED ALWAYS AS (concat(`a`,'\\'),',`b`)) VIRTUAL,\n"
	    "  `d` varchar(50) DEFAULT concat('(',_utf8mb4'\\\\','))',x'2C29'),\n"
	    "  `e` set('','(',''')',',','\"') DEFAULT '',\n"
	    "  CONSTRAINT `x` CHECK (`a` <> ' FOREIGN KEY (' and (`b` <> '\\\\' or `c` in (',',')')))\n"
	    ") ENGINE=InnoDB COMMENT='),\\n  KEY `k` (`a`)'",
	    "ALTER TABLE `t`\n  ADD KEY `k` (`a`) COMMENT ' CONSTRAINT `x` FOREIGN KEY (`a`), '''", "");
}

/* A column may have a key's name, a constraint of another kind the words of a foreign key. */
static void only_keys_are_keys(void **state)
{
	static const char *const later[] = { "a", "b", "c", "d", "e", NULL };

	(void)state;
	expect_whole("t",
	    "CREATE TABLE `t` (\n"
	    "  `a` int(11) NOT NULL,\n"
	    "  `KEY ``a`` (` int(11) NOT NULL,\n"
	    "  `b` geometry NOT NULL,\n"
	    "  PRIMARY KEY (`a`),\n"
	    "  FULLTEXT KEY `c` (`a`),\n"
	    "  SPATIAL KEY `d` (`b`),\n"
	    "  VECTOR KEY `e` (`b`),\n"
	    "  CONSTRAINT `x FOREIGN KEY ` CHECK (`a` > 1),\n"
	    "  CONSTRAINT `y`` FOREIGN KEY (` CHECK (`a` > 2),\n"
	    "  CONSTRAINT CHECK (`a` > 3),\n"
	    "  PERIOD FOR SYSTEM_TIME (`s`, `e`)\n"
	    ") ENGINE=InnoDB WITH SYSTEM VERSIONING",
	    later);
}

static void what_follows_stays(void **state)
{
	static const char *const later[] = { "k", NULL };
	static const char tail[] =
	    ") ENGINE=InnoDB DEFAULT CHARSET=latin1 COMMENT='it''s (,) \\\\'\n"
	    " PARTITION BY RANGE (`a`)\n"
	    "(PARTITION `p0` VALUES LESS THAN (10) ENGINE = InnoDB,\n"
	    " PARTITION `p1` VALUES LESS THAN MAXVALUE ENGINE = InnoDB)";
	struct text sql = { 0 }, create = { 0 };

	(void)state;
	text_puts(&sql, "CREATE TABLE `t` (\n  `a` int(11) NOT NULL,\n  KEY `k` (`a`)\n");
	text_puts(&sql, tail);
	text_puts(&create, "CREATE TABLE `t` (\n  `a` int(11) NOT NULL\n");
	text_puts(&create, tail);
	expect_split("t", sql.s, later, create.s, "ALTER TABLE `t`\n  ADD KEY `k` (`a`)", "");
	text_free(&sql);
	text_free(&create);
}

/* --- as MySQL prints it --- */

static void mysql_8(void **state)
{
	static const char *const later[] = { "k", "f", "u", NULL };

	(void)state;
	expect_split("t",
	    "CREATE TABLE `t` (\n"
	    "  `a` int NOT NULL AUTO_INCREMENT,\n"
	    "  `j` json DEFAULT (json_object(_utf8mb4'k',_utf8mb4'),(')),\n"
	    "  `v` int GENERATED ALWAYS AS ((`a` + 1)) STORED /*!80023 INVISIBLE */,\n"
	    "  PRIMARY KEY (`a`),\n"
	    "  UNIQUE KEY `u` (`v`) /*!80000 INVISIBLE */,\n"
	    "  KEY `k` (`v`),\n"
	    "  KEY `f` ((lower(`j`)),`a` DESC),\n"
	    "  KEY `multi` ((cast(json_extract(`j`,_utf8mb4'$[*]') as unsigned array))),\n"
	    "  CONSTRAINT `t_ibfk_1` FOREIGN KEY (`v`) REFERENCES `other`.`t` (`a`) ON DELETE "
	    "RESTRICT,\n"
	    "  CONSTRAINT `t_ibfk_2` FOREIGN KEY (`a`,`v`) REFERENCES `p` (`x`,`y`),\n"
	    "  CONSTRAINT `t_chk_1` CHECK ((`a` > 0)) /*!80016 NOT ENFORCED */\n"
	    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci\n"
	    "/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 4 */",
	    later,
	    "CREATE TABLE `t` (\n"
	    "  `a` int NOT NULL AUTO_INCREMENT,\n"
	    "  `j` json DEFAULT (json_object(_utf8mb4'k',_utf8mb4'),(')),\n"
	    "  `v` int GENERATED ALWAYS AS ((`a` + 1)) STORED /*!80023 INVISIBLE */,\n"
	    "  PRIMARY KEY (`a`),\n"
	    "  KEY `multi` ((cast(json_extract(`j`,_utf8mb4'$[*]') as unsigned array))),\n"
	    "  CONSTRAINT `t_chk_1` CHECK ((`a` > 0)) /*!80016 NOT ENFORCED */\n"
	    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci\n"
	    "/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 4 */",
	    "ALTER TABLE `t`\n"
	    "  ADD UNIQUE KEY `u` (`v`) /*!80000 INVISIBLE */,\n"
	    "  ADD KEY `k` (`v`),\n"
	    "  ADD KEY `f` ((lower(`j`)),`a` DESC)",
	    "ALTER TABLE `t`\n"
	    "  ADD CONSTRAINT `t_ibfk_1` FOREIGN KEY (`v`) REFERENCES `other`.`t` (`a`) ON DELETE "
	    "RESTRICT,\n"
	    "  ADD CONSTRAINT `t_ibfk_2` FOREIGN KEY (`a`,`v`) REFERENCES `p` (`x`,`y`)");
}

/* --- what is not of that shape --- */

static void odd_shapes_stay_whole(void **state)
{
	static const char *const later[] = { "k", NULL };
	static const char *const shapes[] = {
		"",
		"CREATE TABLE `t` (\n",
		"CREATE TABLE `t` (\n  KEY `k` (`a`)\n) ENGINE=InnoDB", /* no table without columns */
		"CREATE TABLE `t` (\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `o` (`a`)\n)",
		"CREATE TABLE `other` (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		"CREATE TABLE `T` (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		"CREATE TABLE t (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		"CREATE TABLE \"t\" (\n  \"a\" int(11),\n  KEY \"k\" (\"a\")\n)",
		"CREATE TABLE `db`.`t` (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		"CREATE TABLE `t` (`a` int(11), KEY `k` (`a`))",
		"CREATE TEMPORARY TABLE `t` (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		"CREATE OR REPLACE TABLE `t` (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		" CREATE TABLE `t` (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		"create table `t` (\n  `a` int(11),\n  KEY `k` (`a`)\n)",
		"CREATE TABLE `t` LIKE `u`",
		"CREATE SEQUENCE `t` start with 1 minvalue 1 maxvalue 9 increment by 1 cache 1000",
		"CREATE ALGORITHM=UNDEFINED VIEW `t` AS select 1 AS `a`",
	};

	(void)state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		expect_whole("t", shapes[i], later);
}

/* Each end of a definition that is cut before its list is closed. */
static void cut_definitions_stay_whole(void **state)
{
	static const char *const later[] = { "by_state", "by_user", "by_price", NULL };
	const size_t closed = (size_t)(strstr(plain, "\n) ENGINE") - plain) + 2;
	char cut[sizeof plain];

	(void)state;
	for (size_t n = 0; n < closed; n++) {
		memcpy(cut, plain, n);
		cut[n] = '\0';
		expect_whole("bookings", cut, later);
	}
}

/* --- random tables --- */

static void random_name(struct text *t, uint64_t *random)
{
	static const char *const parts[] = { "`", "'", "\"", ",", "(", ")", "\n", "\\", "a", " ", "KEY ",
		"FOREIGN KEY ", "CONSTRAINT ", "),\n  ", "``", "''", "\\'", "\xc3\xa4", "." };

	text_clear(t);
	text_puts(t, "n");
	for (uint64_t n = next_random(random) % 6; n > 0; n--)
		text_puts(t, parts[next_random(random) % (sizeof parts / sizeof *parts)]);
}

/* As the server prints a string: quotes doubled, a line feed and a backslash escaped. */
static void put_string(struct text *t, const char *s)
{
	text_puts(t, "'");
	for (; *s; s++)
		if (*s == '\n')
			text_puts(t, "\\n");
		else if (*s == '\\' || *s == '\'')
			text_printf(t, "%c%c", *s, *s);
		else
			text_add(t, s, 1);
	text_puts(t, "'");
}

static void put_item(struct text *list, bool alter, const char *table, const struct text *item)
{
	if (alter && list->n == 0) {
		text_puts(list, "ALTER TABLE ");
		text_name(list, table);
	} else if (list->n > 0) {
		text_puts(list, ",");
	}
	text_puts(list, alter ? "\n  ADD " : "\n  ");
	text_puts(list, item->s);
}

static void random_tables(void **state)
{
	uint64_t random = 1;
	struct text table = { 0 }, name = { 0 }, other = { 0 }, item = { 0 };

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct text all = { 0 }, kept = { 0 }, keys = { 0 }, fks = { 0 };
		struct text sql = { 0 }, create = { 0 };
		struct names later = { 0 };
		struct ddl d;

		random_name(&table, &random);
		for (uint64_t i = 0, n = next_random(&random) % 8 + 1; i < n; i++) {
			const uint64_t kind = i == 0 ? 0 : next_random(&random) % 5;

			random_name(&name, &random);
			text_printf(&name, "%d", (int)i); /* no two the same */
			random_name(&other, &random);
			text_clear(&item);
			if (kind == 1 || kind == 2)
				text_puts(&item, next_random(&random) % 2 ? "KEY " : "UNIQUE KEY ");
			else if (kind > 2)
				text_puts(&item, "CONSTRAINT ");
			text_name(&item, name.s);
			if (kind == 0) {
				text_puts(&item, " varchar(10) DEFAULT ");
				put_string(&item, other.s);
			} else if (kind <= 2) {
				text_puts(&item, " (");
				text_name(&item, other.s);
				text_puts(&item, "(3),`x`)");
			} else if (kind == 3) {
				text_puts(&item, " FOREIGN KEY (`x`) REFERENCES ");
				text_qualified(&item, other.s, name.s);
				text_puts(&item, " (`x`,`y`)");
			} else {
				text_puts(&item, " CHECK (`x` <> ");
				put_string(&item, other.s);
				text_puts(&item, " or (1))");
			}
			if (kind == 0 && next_random(&random) % 2) {
				text_puts(&item, " COMMENT ");
				put_string(&item, other.s);
			}
			put_item(&all, false, table.s, &item);
			if (kind == 1)
				assert_true(names_add(&later, name.s));
			put_item(kind == 1 ? &keys : kind == 3 ? &fks : &kept, kind == 1 || kind == 3,
			    table.s, &item);
		}
		text_puts(&sql, "CREATE TABLE ");
		text_name(&sql, table.s);
		text_puts(&sql, " (");
		text_add(&create, sql.s, sql.n);
		text_puts(&sql, all.s);
		text_puts(&create, kept.s);
		text_puts(&sql, "\n) ENGINE=InnoDB COMMENT=");
		text_puts(&create, "\n) ENGINE=InnoDB COMMENT=");
		put_string(&sql, other.s);
		put_string(&create, other.s);
		ddl_split(&d, table.s, sql.s, sql.n, &later);
		expect_text(&d.create, create.s);
		expect_text(&d.keys, keys.n > 0 ? keys.s : "");
		expect_text(&d.fks, fks.n > 0 ? fks.s : "");
		ddl_free(&d);
		names_free(&later);
		text_free(&all);
		text_free(&kept);
		text_free(&keys);
		text_free(&fks);
		text_free(&sql);
		text_free(&create);
	}
	text_free(&table);
	text_free(&name);
	text_free(&other);
	text_free(&item);
}

/* Bytes changed anywhere: it is split or not, and nothing outside is read. */
static void damage_is_harmless(void **state)
{
	static const char bytes[] = "`'\"\\(),\n K";
	uint64_t random = 2;
	struct names later = { 0 };

	(void)state;
	assert_true(names_add(&later, "by_user"));
	assert_true(names_add(&later, "by_price"));
	for (int i = 0; i < 20000; i++) {
		const size_t n = next_random(&random) % sizeof plain;
		char *bad = malloc(n + (n == 0));
		size_t *at = NULL;
		struct ddl d;

		assert_non_null(bad);
		memcpy(bad, plain, n);
		for (uint64_t k = next_random(&random) % 3; n > 0 && k > 0; k--)
			bad[next_random(&random) % n] = bytes[next_random(&random) % (sizeof bytes - 1)];
		ddl_split(&d, "bookings", bad, n, &later);
		assert_false(d.create.failed);
		ddl_free(&d);
		assert_true(ddl_references(bad, n, "users", &at) >= 0);
		free(at);
		free(bad);
	}
	names_free(&later);
}

/* --- references --- */

/* Where `db`. stands, as offsets that `want` lists, ended by -1. */
static void expect_references(const char *sql, const char *db, const int *want)
{
	const size_t n = strlen(sql);
	char *exact = malloc(n + (n == 0));
	size_t *at = NULL;
	int count, i;

	assert_non_null(exact);
	memcpy(exact, sql, n);
	count = ddl_references(exact, n, db, &at);
	for (i = 0; i < count && want[i] >= 0; i++)
		assert_int_equal(at[i], want[i]);
	assert_int_equal(i, count);
	assert_int_equal(want[i], -1);
	free(at);
	free(exact);
}

static void references(void **state)
{
	static const int none[] = { -1 }, first[] = { 0, -1 };

	(void)state;
	expect_references("", "db", none);
	expect_references("`db`", "db", none);
	expect_references("`db`.", "db", first);
	expect_references("`db`.`t`", "db", first);
	expect_references("`db` .`t`", "db", none);
	expect_references("`DB`.`t`", "db", none);
	expect_references("`db2`.`t`", "db", none);
	expect_references("`d`.`t`", "db", none);
	expect_references("db.t", "db", none);
	expect_references("`d``b`.`t`", "d`b", first);
	expect_references("`d``b`.`t`", "b", none);
	expect_references("```db`.`t`", "db", none);
	expect_references("`a``db`.`t`", "db", none);
	expect_references("`x`db`.`t`", "x", none);
}

static void references_in_a_definition(void **state)
{
	static const char sql[] =
	    "CREATE TABLE `t` (\n"
	    "  `id` bigint(20) NOT NULL DEFAULT nextval(`db`.`s`),\n"
	    "  `a``db`.`b` int(11) DEFAULT lastval(`db`.`s``x`) COMMENT 'of `db`.`s`',\n"
	    "  `c` varchar(9) DEFAULT 'it''s \\'`db`.`s`\\\\' COMMENT \"`db`.`s`\",\n"
	    "  `d` bigint(20) DEFAULT (nextval(`other`.`s`) + nextval(`db`.`db`))\n"
	    ") ENGINE=InnoDB COMMENT='`db`.'";
	const char *const one = strstr(sql, "nextval(`db`") + 8;
	const char *const two = strstr(sql, "lastval(`db`") + 8;
	const char *const three = strstr(sql, "nextval(`db`.`db`") + 8;
	const int want[] = { (int)(one - sql), (int)(two - sql), (int)(three - sql), -1 };

	(void)state;
	expect_references(sql, "db", want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_foreign_keys_move),
		cmocka_unit_test(only_listed_keys_move),
		cmocka_unit_test(nothing_to_move),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(odd_comments_and_defaults),
		cmocka_unit_test(only_keys_are_keys),
		cmocka_unit_test(what_follows_stays),
		cmocka_unit_test(mysql_8),
		cmocka_unit_test(odd_shapes_stay_whole),
		cmocka_unit_test(cut_definitions_stay_whole),
		cmocka_unit_test(random_tables),
		cmocka_unit_test(damage_is_harmless),
		cmocka_unit_test(references),
		cmocka_unit_test(references_in_a_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
