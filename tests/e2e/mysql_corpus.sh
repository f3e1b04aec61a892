#!/bin/bash
# SPDX-License-Identifier: MIT
# Fills a MariaDB server with databases as nasty as they come, for round trips:
#   mysql_corpus.sh SOCKET
# Every name starts with "corpus". The same rows each time, but for clocks.
set -euo pipefail
export LC_ALL=C.UTF-8

socket=${1:?usage: mysql_corpus.sh SOCKET}

# client CHARSET: a session of its own; comments and bytes stay as they are
client() {
	mariadb --no-defaults --user=root --socket="$socket" --default-character-set="$1" \
		--binary-mode --comments
}

# --- names, comments, wide tables ---

names() {
	cat <<'SQL'
SET sql_mode = '';
CREATE DATABASE `corpus_empty` CHARACTER SET latin7 COLLATE latin7_general_cs COMMENT 'nothing in it; it''s "empty" \\ `';
CREATE DATABASE `corpus ``od''d"./%\ñ☃;
-- x` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'two
lines';
USE `corpus ``od''d"./%\ñ☃;
-- x`;
CREATE TABLE `t` (a INT);
INSERT INTO t VALUES (1), (2), (2), (NULL);
CREATE TABLE `Tab` (a INT);
CREATE TABLE `tab` (a INT);
INSERT INTO `Tab` VALUES (1);
INSERT INTO `tab` VALUES (2);
CREATE TABLE `back``tick` (`col``umn` INT PRIMARY KEY, `i``d` INT, KEY `k``ey` (`i``d`));
INSERT INTO `back``tick` VALUES (1, 2);
CREATE TABLE `quo'te"` (`'` INT, `"` INT, UNIQUE `'"` (`'`));
INSERT INTO `quo'te"` VALUES (1, 2);
CREATE TABLE `a.b/c%d\e` (`x.y` INT, `%s/%n\n` VARCHAR(9));
INSERT INTO `a.b/c%d\e` VALUES (1, '%s%n');
CREATE TABLE `new
line` (`col
umn` INT COMMENT 'com
ment', ` lead` INT, KEY `k
ey` (`col
umn`)) COMMENT = 'table''s "comment"
-- second line; DELIMITER // \\ end';
INSERT INTO `new
line` VALUES (1, 2);
CREATE TABLE ` leading and inner  spaces` (` a` INT);
INSERT INTO ` leading and inner  spaces` VALUES (7);
CREATE TABLE `ñandú ☃ 日本` (`größe` INT, `列` VARCHAR(20) DEFAULT '既定''"\\' COMMENT '注釈 ''quoted'' "double"
line');
INSERT INTO `ñandú ☃ 日本` VALUES (1, '値'), (2, DEFAULT);
CREATE TABLE `select` (`from` INT, `where` INT, `order` INT, KEY `group` (`from`) COMMENT 'key''s "comment"
new line');
INSERT INTO `select` VALUES (1, 2, 3);
CREATE TABLE `123` (`456` INT, `7e8` INT);
INSERT INTO `123` VALUES (1, 2);
CREATE TABLE `-- dash` (`/* c */` INT, `;` INT, `#` INT);
INSERT INTO `-- dash` VALUES (1, 2, 3);
CREATE TABLE `#sharp` (a INT);
INSERT INTO `#sharp` VALUES (1);
CREATE TABLE `..` (a INT);
INSERT INTO `..` VALUES (1);
CREATE TABLE `llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll` (
  `cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc` INT);
INSERT INTO `llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll` VALUES (1);
CREATE TABLE `empty table` (a INT PRIMARY KEY AUTO_INCREMENT, b TEXT);
CREATE VIEW `view ``'"
.%/` AS SELECT `col``umn` AS `al``i'as".` FROM `back``tick`;
CREATE TRIGGER `tr``ig'"
.` BEFORE INSERT ON `new
line` FOR EACH ROW SET NEW.` lead` = 1;
CREATE PROCEDURE `pro``c'".
%`(`p``'"
.` INT) COMMENT 'procedure''s "comment"
line' SELECT `p``'"
.`;
CREATE EVENT `ev``'".
%` ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'event''s "comment"
line' DO SELECT 1;
CREATE SEQUENCE `seq``'".
%`;
SQL
	local i
	printf 'CREATE TABLE `500 columns` (id INT PRIMARY KEY'
	for ((i = 1; i < 500; i++)); do printf ', `c%d` %s' "$i" "$([ $((i % 3)) = 0 ] && echo 'VARCHAR(5)' || echo INT)"; done
	printf ');\nINSERT INTO `500 columns` VALUES'
	local row
	for row in 1 2 3; do
		[ "$row" = 1 ] || printf ','
		printf '(%d' "$row"
		for ((i = 1; i < 500; i++)); do [ $(((i + row) % 7)) = 0 ] && printf ',NULL' || printf ',%d' $((i * row)); done
		printf ')'
	done
	printf ';\n'
}

# --- types and values ---

types() {
	cat <<'SQL'
SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00';
CREATE DATABASE corpus_types CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
USE corpus_types;
CREATE TABLE ints (a TINYINT, b SMALLINT UNSIGNED, c MEDIUMINT, d INT ZEROFILL, e BIGINT, f BIGINT UNSIGNED, g BOOL);
INSERT INTO ints VALUES (-128, 0, -8388608, 0, -9223372036854775808, 0, 0),
  (127, 65535, 8388607, 4294967295, 9223372036854775807, 18446744073709551615, 1), (NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE decimals (a DECIMAL(65,30), b DECIMAL(65,0), c DECIMAL(1,1), d DECIMAL(30,30) UNSIGNED, e DECIMAL(5,2) ZEROFILL);
INSERT INTO decimals VALUES
 ('99999999999999999999999999999999999.999999999999999999999999999999', '99999999999999999999999999999999999999999999999999999999999999999', 0.9, '0.999999999999999999999999999999', 1.5),
 ('-99999999999999999999999999999999999.999999999999999999999999999999', '-99999999999999999999999999999999999999999999999999999999999999999', -0.9, '0.000000000000000000000000000001', 0),
 ('0.000000000000000000000000000001', -0, -0.0, 0, NULL);
CREATE TABLE doubles (id INT PRIMARY KEY, d DOUBLE, f FLOAT, dm DOUBLE(20,4), fm FLOAT(10,3), du DOUBLE UNSIGNED);
INSERT INTO doubles VALUES (1, 1.7976931348623157e308, 3.40282347e38, 1234567890123456.1234, 1234567.891, 1),
 (2, -1.7976931348623157e308, -3.40282347e38, -0.0001, -0.001, 0), (3, 2.2250738585072014e-308, 1.17549435e-38, 0, 0, 0),
 (4, 4.9e-324, 1.4e-45, 0, 0, 0), (5, '-0', '-0', '-0', '-0', 0), (6, 0.1, 0.1, 0.1, 0.1, 0.1),
 (7, 0.30000000000000004, 16777217, 0.3333, 0.333, 0.3), (8, 9007199254740993, 8388608.5, 1, 1, 1e300), (9, NULL, NULL, NULL, NULL, NULL),
 (10, 1e22, 1e10, 5, 5, 5), (11, 1e23, 123456.789, 5, 5, 5);
CREATE TABLE strings (id INT PRIMARY KEY, a VARCHAR(50), b CHAR(10), c TEXT, d VARBINARY(300), e BINARY(5), f BLOB, g TINYTEXT NOT NULL, h MEDIUMTEXT, i LONGTEXT);
INSERT INTO strings VALUES (1, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL, NULL), (2, '', '', '', '', '', '', '', '', ''),
 (3, 'NULL', 'NULL', '\\N', '\\N', 'NULL', 'NULL', 'null', '\\N', 'NULL'),
 (4, 'it''s "q" \\ `b` %_', 'trail   ', 'tab\t nl\n cr\r nul\0 bs\b z\Z', x'00270a0d1a5c22602d2d20', x'0000', x'001a', ' ', '  lead', 'trail  '),
 (5, '☃ 𝄞 💩 é é', '日本', REPEAT('💩', 300), x'fffe80', x'2000002000', x'ff', ';', '-- c', '/*! c */');
CREATE TABLE all_bytes (id INT PRIMARY KEY, b BLOB, l CHAR(1) CHARACTER SET latin1, bb VARBINARY(2));
INSERT INTO all_bytes SELECT seq, CONCAT(CHAR(seq), 'a', CHAR(seq), CHAR(seq)), CHAR(seq), CONCAT(CHAR(seq), CHAR(255 - seq)) FROM seq_0_to_255;
CREATE TABLE big_blob (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT CHARACTER SET latin1);
INSERT INTO big_blob SELECT 1, REPEAT(GROUP_CONCAT(CHAR(seq) ORDER BY seq SEPARATOR ''), 12000), NULL FROM seq_0_to_255;
INSERT INTO big_blob SELECT 2, NULL, REPEAT(GROUP_CONCAT(CHAR(seq) ORDER BY seq DESC SEPARATOR ''), 8000) FROM seq_0_to_255;
INSERT INTO big_blob VALUES (3, REPEAT('''', 1000000), REPEAT('\\', 1000000)), (4, REPEAT('\0', 1000000), ''), (5, '', NULL);
CREATE TABLE enums (id INT PRIMARY KEY, e ENUM('', 'a', 'it''s', 'com,ma', 'new
line', '\\', '☃', 'quote"', '0', '1'), s SET('x', 'it''s', 'sp ace', '☃', '\\'), n ENUM('a','b') NOT NULL);
INSERT INTO enums SELECT seq, seq, seq, 1 + seq % 2 FROM seq_1_to_10;
INSERT IGNORE INTO enums VALUES (20, 'no such', '', 'b'), (21, NULL, NULL, 'none'), (22, 1, 31, 'a'), (23, '', 'x,☃', '');
CREATE TABLE enum_latin (e ENUM('ä','ö') CHARACTER SET latin1, s SET('ß','ü') CHARACTER SET latin1);
INSERT INTO enum_latin VALUES ('ä', 'ß,ü'), ('ö', '');
SQL
	local n
	printf 'CREATE TABLE bits (id INT PRIMARY KEY'
	for n in {1..64}; do printf ', b%d BIT(%d)' "$n" "$n"; done
	printf ');\nINSERT INTO bits VALUES (1'
	for n in {1..64}; do printf ", 0"; done
	printf '), (2'
	for n in {1..64}; do printf ", b'%s'" "$(printf '1%.0s' $(seq "$n"))"; done
	printf '), (3'
	for n in {1..64}; do printf ", b'1%s'" "$(printf '0%.0s' $(seq "$n") | cut -c 2-)"; done
	printf '), (4'
	for n in {1..64}; do printf ', NULL'; done
	printf ');\nCREATE TABLE floats (id INT PRIMARY KEY AUTO_INCREMENT, f FLOAT, d DOUBLE);\n'
	perl -e 'srand 42; for $r (1..8) { print "INSERT INTO floats (f, d) VALUES ", join(",", map {
		$f = 0; $f = unpack "f", pack "L", int rand 2**32 until $f != 0 && $f == $f && abs($f) < 3.4e38;
		$d = 0; $d = unpack "d", pack "LL", int rand 2**32, int rand 2**32 until $d != 0 && $d == $d && abs($d) < 1e308;
		sprintf "(%.9g,%.17g)", $f, $d } 1..1000), ";\n" }'
	cat <<'SQL'
CREATE TABLE dates (id INT PRIMARY KEY, d DATE, dt DATETIME(6), t TIME(6), y YEAR, dt0 DATETIME, t0 TIME, nn DATE NOT NULL);
INSERT INTO dates VALUES (1, '0000-00-00', '0000-00-00', '-838:59:59.999999', 0, '0000-00-00', '838:59:59', '0000-00-00'),
 (2, '2023-02-31', '2023-02-31 23:59:59.999999', '838:59:59.999999', 1901, '2023-04-31 01:02:03', '-00:00:01', '2023-11-31'),
 (3, '9999-12-31', '9999-12-31 23:59:59.999999', '-00:00:00.000001', 2155, '0001-01-01', '00:00:00', '0001-01-01'),
 (4, '1000-01-01', '0000-01-01 00:00:00', '00:00:00', 1970, NULL, NULL, '2024-02-29'), (5, NULL, NULL, NULL, NULL, NULL, NULL, '1970-01-01');
SET sql_mode = '';
INSERT INTO dates VALUES (6, '2023-00-00', '2023-12-00 10:00:00', 0, '0000', '0000-10-00', 0, '2020-00-15');
CREATE TABLE stamps (id INT PRIMARY KEY, ts TIMESTAMP(6) NULL, t0 TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP, tz TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00');
INSERT INTO stamps SELECT seq, FROM_UNIXTIME(1698537600 + seq * 600 + 0.000001 * seq), FROM_UNIXTIME(1698537600 + seq * 600), FROM_UNIXTIME(1679788800 + seq * 600) FROM seq_1_to_30;
INSERT INTO stamps VALUES (100, 0, 0, 0), (101, '1970-01-01 00:00:01', '2038-01-19 03:14:07', '0000-00-00 00:00:00'), (102, NULL, NULL, 0), (103, '2038-01-19 03:14:07.999999', NULL, '2000-01-01');
CREATE TABLE autos (id INT PRIMARY KEY AUTO_INCREMENT, a INT) AUTO_INCREMENT = 100;
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
INSERT INTO autos VALUES (0, 1), (-5, 2), (50, 3);
INSERT INTO autos (a) VALUES (4);
ALTER TABLE autos AUTO_INCREMENT = 5000;
CREATE TABLE auto_empty (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT) AUTO_INCREMENT = 18000000000000000000;
CREATE TABLE auto_second (g INT, id INT AUTO_INCREMENT, PRIMARY KEY (g, id)) ENGINE = MyISAM;
INSERT INTO auto_second (g) VALUES (1), (1), (2), (2), (2);
INSERT INTO auto_second VALUES (3, 0);
SET sql_mode = '';
CREATE TABLE checks (id INT PRIMARY KEY, a INT CHECK (a > 0), b VARCHAR(20) CHECK (b <> 'it''s'), CONSTRAINT `c``k'` CHECK (a < id), j JSON);
SET check_constraint_checks = 0;
INSERT INTO checks VALUES (1, -5, 'it''s', 'not json'), (2, 1, 'x', '{"a": [1, 2, "☃\\n"]}'), (3, 3, NULL, NULL);
SET check_constraint_checks = 1;
CREATE TABLE generated (id INT PRIMARY KEY, a INT, v INT AS (a * 2) VIRTUAL, s VARCHAR(30) AS (CONCAT(a, '-', id)) STORED, b INT,
  iv VARCHAR(10) AS (LEFT(CONCAT('x''"', b), 9)) VIRTUAL INVISIBLE, KEY (v), KEY (s), UNIQUE (iv, id));
INSERT INTO generated (id, a, b) VALUES (1, 10, 20), (2, NULL, NULL), (3, -1, 0);
CREATE TABLE generated_first (v INT AS (a + 1) STORED, w INT AS (v + 1) VIRTUAL, a INT);
INSERT INTO generated_first (a) VALUES (1), (2);
CREATE TABLE only_generated (a INT INVISIBLE DEFAULT 3, v INT AS (7) VIRTUAL);
INSERT INTO only_generated (a) VALUES (1), (2);
CREATE TABLE invisible (a INT, b INT INVISIBLE DEFAULT 5, c INT INVISIBLE NOT NULL DEFAULT 6, d INT);
INSERT INTO invisible (a, b, c, d) VALUES (1, NULL, 3, 4), (5, 6, 7, 8);
INSERT INTO invisible VALUES (9, 10);
CREATE TABLE defaults (a INT DEFAULT (1 + 2), b CHAR(36) DEFAULT (UUID()), c DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  d VARCHAR(20) DEFAULT 'it''s "\\" %', e BIT(3) DEFAULT b'101', f BINARY(3) DEFAULT x'00ff', g TEXT DEFAULT ('x;y'), h INT DEFAULT NULL, i VARCHAR(3) NOT NULL DEFAULT '');
INSERT INTO defaults (a, b, c) VALUES (1, 'fixed', '2020-01-01');
CREATE TABLE uuids (u UUID PRIMARY KEY, i6 INET6, i4 INET4);
INSERT INTO uuids VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '255.255.255.255'), ('00000000-0000-0000-0000-000000000000', '::', '0.0.0.0'),
 ('ffffffff-ffff-ffff-ffff-ffffffffffff', '::ffff:192.0.2.1', NULL), ('123e4567-e89b-52d3-8456-426655440001', NULL, '10.0.0.1');
CREATE TABLE geo (id INT PRIMARY KEY, g GEOMETRY NOT NULL, p POINT REF_SYSTEM_ID = 4326, l LINESTRING, y POLYGON, c GEOMETRYCOLLECTION, SPATIAL KEY `sp` (g)) ENGINE = InnoDB;
INSERT INTO geo VALUES (1, ST_GeomFromText('POINT(1 2)', 4326), ST_GeomFromText('POINT(-0.1 1e-300)', 4326), ST_GeomFromText('LINESTRING(0 0,1 1,2 2.5)', 3857), ST_GeomFromText('POLYGON((0 0,0 5,5 5,5 0,0 0),(1 1,1 2,2 2,2 1,1 1))'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(2 2,3 3))', 7)),
 (2, ST_GeomFromText('MULTIPOINT(1 2,3 4)', 99), NULL, NULL, NULL, NULL);
CREATE TABLE geo_my (g GEOMETRY NOT NULL, SPATIAL KEY (g)) ENGINE = MyISAM;
INSERT INTO geo_my VALUES (POINT(1, 1)), (POINT(2, 3));
CREATE TABLE compressed_columns (a INT, b TEXT COMPRESSED, c BLOB COMPRESSED = zlib, d VARCHAR(500) COMPRESSED DEFAULT 'abc');
INSERT INTO compressed_columns VALUES (1, REPEAT('x☃', 1000), REPEAT(x'00ff', 5000), REPEAT('d', 500)), (2, NULL, NULL, '');
CREATE TABLE json_table (j JSON NOT NULL DEFAULT '{}', k JSON);
INSERT INTO json_table VALUES ('{"é": "\\u0000 \\" \\\\ / 💩", "n": 1.0, "n": 2}', '  [1 , 2]  '), ('null', NULL);
SQL
}

# --- character sets ---

charsets() {
	cat <<'SQL'
SET sql_mode = '';
CREATE DATABASE corpus_charsets CHARACTER SET latin1 COLLATE latin1_german2_ci COMMENT 'ümlaut ☃';
USE corpus_charsets;
CREATE TABLE sets (id INT PRIMARY KEY, l1 VARCHAR(50) CHARACTER SET latin1, l2 VARCHAR(50) CHARACTER SET latin2, c9 VARCHAR(50) CHARACTER SET cp932,
 sj TEXT CHARACTER SET sjis, uj TEXT CHARACTER SET ujis, gb VARCHAR(50) CHARACTER SET gbk, b5 VARCHAR(50) CHARACTER SET big5, u2 VARCHAR(50) CHARACTER SET ucs2,
 u16 VARCHAR(50) CHARACTER SET utf16, u16l TEXT CHARACTER SET utf16le, u32 CHAR(10) CHARACTER SET utf32, u8 VARCHAR(50) CHARACTER SET utf8mb3, u84 VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin,
 k8 VARCHAR(50) CHARACTER SET koi8r, bi VARCHAR(50) CHARACTER SET binary, sw VARCHAR(50) CHARACTER SET swe7, tis VARCHAR(9) CHARACTER SET tis620);
INSERT INTO sets (id, l1, l2, c9, sj, uj, gb, b5, u2, u16, u16l, u32, u8, u84, k8, bi, sw)
 VALUES (1, 'äöü€', 'čšž', 'ソ表能\\''', 'ソ表\\''', '日本''', '縗誠\\''', '功許\\''', 'ab日''\\', '𝄞''', '𝄞\\', '💩', 'ñ☃', '💩𝄞', 'привет', '☃\0', 'abc'),
 (2, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO sets (id, c9, gb, b5, u2, u16, u32) VALUES (4, x'835c', x'bf5c', x'a55c', x'005c0027', x'd834dd1e005c', x'0000005c');
INSERT INTO sets (id, l1) SELECT 100 + seq, UNHEX(HEX(seq)) FROM seq_128_to_159;
CREATE TABLE `tëst_ä` (`spälte` VARCHAR(10) DEFAULT 'ä' COMMENT 'ö') COMMENT 'ß';
INSERT INTO `tëst_ä` VALUES ('ü'), (DEFAULT);
CREATE TABLE keyed (k VARCHAR(20) CHARACTER SET ucs2 PRIMARY KEY, v INT);
INSERT INTO keyed VALUES ('ab', 1), ('é', 2), ('日', 3), ('''', 4), ('\\', 5);
CREATE TABLE keyed_ci (k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci PRIMARY KEY, v INT);
INSERT INTO keyed_ci SELECT CONCAT(ELT(1 + seq % 7, 'a', 'B', 'é', 'Z', 'ß', '日', '_'), seq), seq FROM seq_1_to_500;
CREATE TABLE keyed_bin (k VARBINARY(20) PRIMARY KEY, v INT);
INSERT INTO keyed_bin SELECT UNHEX(SHA1(seq)), seq FROM seq_1_to_500;
CREATE TABLE ucs_enum (e ENUM('ab', '日') CHARACTER SET ucs2, d VARCHAR(5) CHARACTER SET utf16 DEFAULT 'd''日');
INSERT INTO ucs_enum VALUES (1, DEFAULT), ('日', 'x');
CREATE TABLE bin_default (e ENUM('a', 'b') CHARACTER SET binary, d VARBINARY(5) DEFAULT x'ff00fe', c CHAR(3) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'ä');
INSERT INTO bin_default VALUES (1, DEFAULT, DEFAULT);
SQL
}

# The bytes of ソ are 83 5C: a backslash where nobody looks
cp932() {
	printf 'SET sql_mode = "";\nCREATE DATABASE corpus_cp932 CHARACTER SET cp932 COLLATE cp932_bin;\nUSE corpus_cp932;\n'
	printf "CREATE TABLE t (a VARCHAR(20), b INT COMMENT '\\x83\\x5c');\nINSERT INTO t VALUES ('\\x83\\x5c\\x95\\x5c', 1), ('\\x94\\x5c', 2);\n"
	printf 'DELIMITER $$\n'
	printf "CREATE PROCEDURE p_cp932(IN x VARCHAR(10)) COMMENT '\\x83\\x5c' BEGIN -- \\x83\\x5c\n SELECT '\\x83\\x5c', \"\\x95\\x5c\", x; END \$\$\n"
	printf "CREATE FUNCTION f_cp932() RETURNS VARCHAR(20) CHARSET cp932 DETERMINISTIC RETURN '\\x83\\x5c\\x95\\x5c' \$\$\n"
	printf "CREATE TRIGGER g_cp932 BEFORE INSERT ON t FOR EACH ROW SET NEW.a = IFNULL(NEW.a, '\\x83\\x5c') \$\$\n"
	printf "CREATE EVENT e_cp932 ON SCHEDULE EVERY 1 DAY DISABLE DO INSERT INTO t VALUES ('\\x83\\x5c', 1) \$\$\n"
	printf "CREATE VIEW v_cp932 AS SELECT '\\x83\\x5c' AS x, a FROM t WHERE a <> '\\x95\\x5c' \$\$\n"
}

latin1() {
	printf 'SET sql_mode = "";\nUSE corpus_charsets;\nDELIMITER $$\n'
	printf "CREATE PROCEDURE p_latin1() SELECT '\\xe4\\xf6' \$\$\n"
	printf "CREATE FUNCTION f_latin1(a VARCHAR(10)) RETURNS VARCHAR(10) DETERMINISTIC RETURN CONCAT(a, '\\xe4') \$\$\n"
	printf "CREATE TRIGGER g_latin1 BEFORE UPDATE ON keyed FOR EACH ROW SET NEW.v = LENGTH('\\xe4') \$\$\n"
	printf "CREATE VIEW v_latin1 AS SELECT '\\xe4' AS x FROM keyed WHERE k = '\\xe9' \$\$\n"
	printf "CREATE EVENT e_latin1 ON SCHEDULE EVERY 1 DAY DISABLE COMMENT '\\xe4' DO SELECT '\\xe4' \$\$\n"
}

# --- keys, engines, partitions ---

keys() {
	cat <<'SQL'
SET sql_mode = '';
CREATE DATABASE corpus_keys CHARACTER SET latin1;
USE corpus_keys;
CREATE TABLE nokey (a INT, b VARCHAR(10));
INSERT INTO nokey SELECT seq % 5, seq % 3 FROM seq_1_to_1000;
CREATE TABLE unique_null (a INT NULL, b INT, UNIQUE (a));
INSERT INTO unique_null VALUES (NULL, 1), (NULL, 2), (1, 3);
CREATE TABLE composite (a INT, b VARCHAR(10), c DATE, v INT, PRIMARY KEY (b, a, c), KEY (v, a));
INSERT INTO composite SELECT seq % 10, CONCAT('k''', seq % 20, '"\\'), '2020-01-01' + INTERVAL seq DAY, seq FROM seq_1_to_1000;
CREATE TABLE descending (a INT, b INT, PRIMARY KEY (a DESC, b), KEY d (b DESC, a));
INSERT INTO descending SELECT seq, seq % 7 FROM seq_1_to_1000;
CREATE TABLE prefix (a TEXT, b BLOB, c VARCHAR(100), PRIMARY KEY (a(10), c), KEY (b(5)), KEY pd (c(3) DESC), KEY ig (c) IGNORED);
INSERT INTO prefix SELECT CONCAT('p', seq), CONCAT('b', seq), CONCAT(seq, 'c') FROM seq_1_to_300;
CREATE TABLE long_unique (a BLOB, b TEXT, UNIQUE (a), UNIQUE h (b) USING HASH);
INSERT INTO long_unique VALUES ('x', 'y'), (REPEAT('z', 10000), NULL);
CREATE TABLE fulltext_inno (id INT PRIMARY KEY, t TEXT, u VARCHAR(200), FULLTEXT ft (t, u), FULLTEXT (u));
INSERT INTO fulltext_inno VALUES (1, 'quick brown fox', 'jumps'), (2, 'lazy dog', NULL);
CREATE TABLE fulltext_my (t TEXT, FULLTEXT (t)) ENGINE = MyISAM;
INSERT INTO fulltext_my VALUES ('words and words'), (NULL);
CREATE TABLE `keys of types` (a DECIMAL(20,5), b DOUBLE, c DATETIME(3), d TIME, e ENUM('b','a'), f BIT(9), PRIMARY KEY (a, c, e));
INSERT INTO `keys of types` SELECT seq / 7, seq / 3, '2020-01-01' + INTERVAL seq SECOND, SEC_TO_TIME(seq), 1 + seq % 2, seq FROM seq_1_to_500;
CREATE TABLE float_key (f FLOAT PRIMARY KEY, v INT);
INSERT INTO float_key SELECT seq / 3, seq FROM seq_1_to_500;
CREATE TABLE bit_key (f BIT(20) PRIMARY KEY, v INT);
INSERT INTO bit_key SELECT seq, seq FROM seq_1_to_500;
CREATE TABLE bigint_key (f BIGINT UNSIGNED PRIMARY KEY, v INT);
INSERT INTO bigint_key SELECT seq * 36028797018963968, seq FROM seq_1_to_500;
CREATE TABLE myisam (a INT PRIMARY KEY, b TEXT) ENGINE = MyISAM ROW_FORMAT = DYNAMIC CHECKSUM = 1 DELAY_KEY_WRITE = 1 PACK_KEYS = 1 MAX_ROWS = 5000;
INSERT INTO myisam SELECT seq, seq FROM seq_1_to_100;
CREATE TABLE aria (a INT, b TEXT, KEY (a)) ENGINE = Aria TRANSACTIONAL = 1;
INSERT INTO aria SELECT seq, seq FROM seq_1_to_100;
CREATE TABLE memory (a INT, b VARCHAR(10), KEY h USING HASH (a), KEY t USING BTREE (a)) ENGINE = MEMORY;
INSERT INTO memory VALUES (1, 'x'), (2, NULL);
CREATE TABLE csv (a INT NOT NULL, b VARCHAR(20) NOT NULL) ENGINE = CSV;
INSERT INTO csv VALUES (1, 'a,"b'), (2, '');
CREATE TABLE merge_one (a INT) ENGINE = MyISAM;
CREATE TABLE merge_two (a INT) ENGINE = MyISAM;
CREATE TABLE merge_all (a INT) ENGINE = MRG_MyISAM UNION = (merge_one, merge_two) INSERT_METHOD = LAST;
INSERT INTO merge_one VALUES (1);
INSERT INTO merge_two VALUES (2);
CREATE TABLE row_compressed (a INT PRIMARY KEY, b TEXT) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 4 STATS_PERSISTENT = 1;
INSERT INTO row_compressed VALUES (1, REPEAT('a', 1000));
CREATE TABLE page_compressed (a INT) ENGINE = InnoDB `PAGE_COMPRESSED` = 1;
INSERT INTO page_compressed VALUES (1);
CREATE TABLE part_range (id INT, d DATE, PRIMARY KEY (id, d)) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
 (PARTITION p0 VALUES LESS THAN (2000) COMMENT = 'it''s', PARTITION `p 1` VALUES LESS THAN (2020), PARTITION pmax VALUES LESS THAN MAXVALUE);
INSERT INTO part_range SELECT seq, '1990-01-01' + INTERVAL seq MONTH FROM seq_1_to_500;
CREATE TABLE part_list (a INT, b VARCHAR(5)) PARTITION BY LIST COLUMNS (b) (PARTITION x VALUES IN ('a', 'it''s'), PARTITION y VALUES IN (NULL, 'b'), PARTITION z DEFAULT);
INSERT INTO part_list VALUES (1, 'a'), (2, NULL), (3, 'it''s'), (4, 'other');
CREATE TABLE part_hash (a INT) PARTITION BY LINEAR HASH (a + 1) PARTITIONS 5;
INSERT INTO part_hash SELECT seq FROM seq_1_to_100;
CREATE TABLE part_key (a INT PRIMARY KEY, b INT) ENGINE = MyISAM PARTITION BY KEY () PARTITIONS 3;
INSERT INTO part_key SELECT seq, seq FROM seq_1_to_100;
CREATE TABLE period (id INT, s DATE, e DATE, PERIOD FOR p (s, e), UNIQUE (id, p WITHOUT OVERLAPS));
INSERT INTO period VALUES (1, '2020-01-01', '2020-02-01'), (1, '2020-02-01', '2020-03-01');
CREATE TABLE many (id INT PRIMARY KEY AUTO_INCREMENT, a VARCHAR(60), b INT, KEY (b));
INSERT INTO many (a, b) SELECT SHA1(seq), seq % 1000 FROM seq_1_to_30000;
DELETE FROM many WHERE id % 11 = 0;
SQL
}

# --- foreign keys: across databases, in cycles, with orphans ---

foreign_keys() {
	cat <<'SQL'
SET sql_mode = '', foreign_key_checks = 0;
CREATE DATABASE corpus_fk_a;
CREATE DATABASE corpus_fk_b;
USE corpus_fk_a;
CREATE TABLE egg (id INT PRIMARY KEY, hen INT, CONSTRAINT `hen's "` FOREIGN KEY (hen) REFERENCES hen (id) ON DELETE CASCADE);
CREATE TABLE hen (id INT PRIMARY KEY, egg INT, FOREIGN KEY (egg) REFERENCES egg (id) ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO egg VALUES (1, 1), (2, 2), (3, NULL), (4, 999);
INSERT INTO hen VALUES (1, 2), (2, 1);
CREATE TABLE self (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES self (id));
INSERT INTO self VALUES (1, 3), (2, 1), (3, 2), (4, 4), (5, 77);
CREATE TABLE child_of_b (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES corpus_fk_b.parent (id));
INSERT INTO child_of_b VALUES (1, 1), (2, 2);
CREATE TABLE a_child (x VARCHAR(5), y INT, KEY (x, y), CONSTRAINT two FOREIGN KEY (x, y) REFERENCES z_parent (x, y) ON DELETE NO ACTION);
CREATE TABLE z_parent (x VARCHAR(5), y INT, PRIMARY KEY (x, y));
INSERT INTO z_parent VALUES ('a', 1), ('b', 2);
INSERT INTO a_child VALUES ('a', 1), ('orph', 9), (NULL, 3);
CREATE TABLE dangling (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES no_such_table (id));
INSERT INTO dangling VALUES (1, 1);
USE corpus_fk_b;
CREATE TABLE parent (id INT PRIMARY KEY, c INT, FOREIGN KEY (c) REFERENCES corpus_fk_a.child_of_b (id));
INSERT INTO parent VALUES (1, 1), (2, NULL);
SQL
}

# --- history and sequences ---

history() {
	cat <<'SQL'
SET sql_mode = '', time_zone = '+00:00';
CREATE DATABASE corpus_history;
USE corpus_history;
CREATE TABLE implicit (id INT PRIMARY KEY, v VARCHAR(20)) WITH SYSTEM VERSIONING;
SET timestamp = 1600000000.000001; INSERT INTO implicit VALUES (1, 'one'), (2, 'two'), (3, 'three');
SET timestamp = 1600000100.5; UPDATE implicit SET v = 'ONE' WHERE id = 1;
SET timestamp = 1600000200.25; DELETE FROM implicit WHERE id = 2;
SET timestamp = 1600000300; UPDATE implicit SET v = 'uno' WHERE id = 1;
CREATE TABLE explicit_columns (id INT PRIMARY KEY, v INT, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START, e TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;
SET timestamp = 1600000000; INSERT INTO explicit_columns (id, v) VALUES (1, 1), (2, 2);
SET timestamp = 1600000100; UPDATE explicit_columns SET v = v + 10;
SET timestamp = 1600000200; DELETE FROM explicit_columns WHERE id = 1;
CREATE TABLE some_without (id INT, v INT, w INT WITHOUT SYSTEM VERSIONING, KEY (id)) WITH SYSTEM VERSIONING;
SET timestamp = 1600000000; INSERT INTO some_without VALUES (1, 1, 1), (1, 1, 1);
SET timestamp = 1600000100; UPDATE some_without SET w = 5; UPDATE some_without SET v = 6 LIMIT 1;
SET timestamp = 1600000200; DELETE FROM some_without;
CREATE TABLE part_history (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION ph HISTORY, PARTITION pc CURRENT);
SET timestamp = 1600000000; INSERT INTO part_history VALUES (1, 1), (2, 2);
SET timestamp = 1600000100; UPDATE part_history SET v = 9 WHERE id = 1; DELETE FROM part_history WHERE id = 2;
SET timestamp = DEFAULT;
CREATE SEQUENCE s_plain;
DO NEXTVAL(s_plain), NEXTVAL(s_plain);
CREATE SEQUENCE s_odd START WITH -7 MINVALUE -1000 MAXVALUE 1000 INCREMENT BY -3 CACHE 10 CYCLE;
DO NEXTVAL(s_odd);
CREATE SEQUENCE s_nocache START WITH 50 NOCACHE;
DO NEXTVAL(s_nocache), NEXTVAL(s_nocache), NEXTVAL(s_nocache);
CREATE SEQUENCE s_never MINVALUE 5;
CREATE SEQUENCE s_my ENGINE = MyISAM COMMENT = 'it''s';
DO SETVAL(s_my, 4711);
CREATE SEQUENCE z_default NOCACHE;
CREATE TABLE a_uses_sequence (id BIGINT DEFAULT NEXTVAL(z_default), o BIGINT DEFAULT (NEXTVAL(corpus_seq_z.s_other)), v INT);
SQL
}

# --- views ---

views() {
	cat <<'SQL'
SET sql_mode = '';
CREATE DATABASE corpus_views_a CHARACTER SET utf8mb4;
CREATE DATABASE corpus_views_z;
CREATE TABLE corpus_views_z.base (id INT PRIMARY KEY, v VARCHAR(20));
INSERT INTO corpus_views_z.base VALUES (1, 'x'), (2, 'y');
CREATE VIEW corpus_views_z.zz AS SELECT * FROM corpus_views_z.base;
CREATE VIEW corpus_views_a.mm AS SELECT id, v AS `v '"``` FROM corpus_views_z.zz;
CREATE VIEW corpus_views_z.aa AS SELECT * FROM corpus_views_a.mm;
CREATE VIEW corpus_views_a.aa AS SELECT id FROM corpus_views_z.aa;
USE corpus_views_a;
CREATE TABLE t (a INT, b VARCHAR(20));
INSERT INTO t VALUES (1, 'it''s');
CREATE ALGORITHM = MERGE DEFINER = `no'body`@`no.where` SQL SECURITY DEFINER VIEW v_definer AS SELECT a, b FROM t WHERE a > 0 WITH CASCADED CHECK OPTION;
CREATE ALGORITHM = TEMPTABLE SQL SECURITY INVOKER VIEW v_temp (`x y`, z) AS SELECT a, COUNT(*) FROM t GROUP BY a;
CREATE VIEW v_local AS SELECT a FROM t WHERE b <> 'it''s "\\ ☃;
-- ' WITH LOCAL CHECK OPTION;
CREATE FUNCTION f_uses_view() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM a_uses_function);
CREATE FUNCTION z_function(x INT) RETURNS INT DETERMINISTIC RETURN x + 1;
CREATE VIEW a_uses_function AS SELECT z_function(a) AS f FROM t;
CREATE VIEW v_join AS SELECT t.a, z.v FROM t JOIN corpus_views_z.zz z ON z.id = t.a UNION ALL SELECT 0, 'x';
CREATE VIEW v_const AS SELECT 1 AS `1`, NULL AS n, 'x' AS `Name_exp_3`;
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
CREATE VIEW "v_ansi" AS SELECT "a" || 'x' AS "q""q" FROM "t";
SET sql_mode = '';
SQL
}

broken_views() {
	cat <<'SQL'
SET sql_mode = '';
CREATE DATABASE corpus_broken;
USE corpus_broken;
CREATE TABLE gone (a INT, b INT);
CREATE TABLE less (a INT, b INT, c VARCHAR(5) CHARACTER SET latin1);
CREATE VIEW v_gone AS SELECT a, b FROM gone;
CREATE VIEW v_less AS SELECT a, b FROM less;
CREATE VIEW v_on_broken AS SELECT a FROM v_gone;
CREATE VIEW v_collation AS SELECT a FROM less WHERE c <> '☃';
CREATE VIEW v_good AS SELECT a FROM less;
DROP TABLE gone;
ALTER TABLE less DROP COLUMN b;
INSERT INTO less VALUES (1, 'x');
SQL
}

# --- code ---

code() {
	cat <<'SQL'
SET sql_mode = '';
CREATE DATABASE corpus_code CHARACTER SET utf8mb4;
USE corpus_code;
CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(200));
CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(100));
CREATE TABLE `odd ``table` (a INT);
INSERT INTO t VALUES (1, 'one'), (2, 'two');
INSERT INTO log (what) VALUES ('start');
DELIMITER $$
CREATE PROCEDURE hostile(IN a INT, OUT b VARCHAR(20), INOUT `c``'" d` DECIMAL(10,2))
  MODIFIES SQL DATA SQL SECURITY INVOKER COMMENT 'it''s "nasty" ;; \\'
BEGIN
  -- a comment; with ;; and DELIMITER // and 'quotes" and `ticks
  /* another ;;
  DELIMITER //
  */
  # hash; comment 'x
  DECLARE s VARCHAR(200) DEFAULT ';; DELIMITER // -- not a comment /* nor this */ # "nor" ''this''';
  SELECT "double ; "" quoted", 'back\'slash \\', 'two
lines;;
DELIMITER ;
', `a` FROM t;
  SET b = 'x'/* no space */;
  IF a-- 1
  THEN INSERT INTO log (what) VALUES (';'); END IF;
END $$
CREATE FUNCTION `fun``c '"`(x VARCHAR(20) CHARSET latin1, y SET('a''b', '☃')) RETURNS ENUM('it''s', '☃') CHARSET utf8mb4 DETERMINISTIC RETURN 'it''s' $$
CREATE DEFINER = `no'body`@`%` FUNCTION f_definer() RETURNS INT NO SQL RETURN 1 $$
CREATE AGGREGATE FUNCTION agg(x INT) RETURNS INT DETERMINISTIC READS SQL DATA
BEGIN
  DECLARE s INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s;
  LOOP
    FETCH GROUP NEXT ROW;
    SET s = s + x;
  END LOOP;
END $$
CREATE PROCEDURE same() SELECT 'procedure' $$
CREATE FUNCTION same() RETURNS INT DETERMINISTIC RETURN 1 $$
CREATE PROCEDURE p_dynamic() BEGIN EXECUTE IMMEDIATE 'SELECT ''x;''' ; PREPARE s FROM 'SELECT 1; -- '; END $$
SET sql_mode = 'NO_BACKSLASH_ESCAPES' $$
CREATE PROCEDURE p_nobackslash() SELECT 'a\', 'b', '\' $$
CREATE TRIGGER g_nobackslash BEFORE INSERT ON t FOR EACH ROW SET NEW.b = CONCAT(NEW.b, '\') $$
CREATE EVENT e_nobackslash ON SCHEDULE EVERY 1 HOUR DISABLE COMMENT 'x\' DO SELECT '\' $$
SET sql_mode = 'ANSI_QUOTES' $$
CREATE PROCEDURE "p ""ansi"() SELECT "a", '"' FROM "t" $$
CREATE TRIGGER "g ansi" BEFORE INSERT ON "t" FOR EACH ROW SET NEW."b" = CONCAT(NEW."b", '"') $$
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,STRICT_ALL_TABLES' $$
CREATE FUNCTION "f all modes"(x TEXT) RETURNS TEXT DETERMINISTIC RETURN x || '\' || count (1) $$
SET sql_mode = 'ORACLE' $$
CREATE PACKAGE pack AS
  -- spec ; comment
  FUNCTION f(x INT) RETURN INT;
  PROCEDURE p(y VARCHAR2);
END $$
CREATE PACKAGE BODY pack AS
  hidden VARCHAR2(20) := 'it''s; "x"';
  FUNCTION f(x INT) RETURN INT AS BEGIN RETURN x + 1; /* ;; */ END;
  PROCEDURE p(y VARCHAR2) AS BEGIN INSERT INTO log (what) VALUES (y || ';'); END;
BEGIN
  hidden := 'init'; -- DELIMITER //
END $$
CREATE PACKAGE only_spec AS PROCEDURE nothing; END $$
CREATE PROCEDURE p_oracle(x IN OUT VARCHAR2) AS y INT := 5; BEGIN <<lab>> LOOP EXIT lab WHEN y > 3; END LOOP; x := 'a' || y; END $$
SET sql_mode = '' $$
CREATE TRIGGER b_first BEFORE UPDATE ON t FOR EACH ROW INSERT INTO log (what) VALUES ('b_first') $$
CREATE TRIGGER a_second BEFORE UPDATE ON t FOR EACH ROW INSERT INTO log (what) VALUES ('a_second') $$
CREATE TRIGGER c_zeroth BEFORE UPDATE ON t FOR EACH ROW PRECEDES b_first BEGIN INSERT INTO log (what) VALUES ('c;''zeroth"'); -- end
END $$
CREATE TRIGGER d_between BEFORE UPDATE ON t FOR EACH ROW FOLLOWS b_first SET @x = 1 $$
CREATE DEFINER = `no'body`@`here` TRIGGER after_insert AFTER INSERT ON t FOR EACH ROW INSERT INTO log (what) VALUES (NEW.b) $$
CREATE TRIGGER after_delete AFTER DELETE ON t FOR EACH ROW DELETE FROM log WHERE what = OLD.b $$
CREATE TRIGGER after_update AFTER UPDATE ON t FOR EACH ROW SET @y = NEW.a $$
CREATE TRIGGER signal_always BEFORE INSERT ON `odd ``table` FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'never' $$
CREATE EVENT e_enabled ON SCHEDULE EVERY 1 YEAR STARTS '2035-03-31 02:30:00' ENDS '2036-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE COMMENT ';; ''' DO BEGIN /* ; */ INSERT INTO log (what) VALUES ('e;'); END $$
CREATE EVENT e_disabled ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2030-01-01 00:00:00' DISABLE DO SELECT 1 $$
CREATE EVENT e_slave ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE ON SLAVE DO SELECT 1 $$
SET time_zone = '+05:30' $$
CREATE EVENT e_zone ON SCHEDULE EVERY 1 WEEK STARTS '2030-10-27 02:30:00' DO SELECT ';' $$
CREATE EVENT e_once ON SCHEDULE AT '2036-06-01 12:00:00' DO SELECT 1 $$
SET time_zone = SYSTEM $$
CREATE DEFINER = `no'body`@`x` EVENT e_once_keep ON SCHEDULE AT '2036-10-26 02:30:00' ON COMPLETION PRESERVE DISABLE DO SELECT 2 $$
DELIMITER ;
SQL
}

{
	echo 'CREATE DATABASE IF NOT EXISTS corpus_seq_z; CREATE SEQUENCE corpus_seq_z.s_other START WITH 1000 NOCACHE;'
} | client utf8mb4
names | client utf8mb4
types | client utf8mb4
charsets | client utf8mb4
cp932 | client cp932
latin1 | client latin1
keys | client utf8mb4
foreign_keys | client utf8mb4
history | client utf8mb4
printf '%s\n' 'INSERT INTO corpus_history.a_uses_sequence (v) VALUES (1), (2), (3);' | client utf8mb4
views | client utf8mb4
code | client utf8mb4
[ "${2:-}" = broken ] && broken_views | client utf8mb4
exit 0
