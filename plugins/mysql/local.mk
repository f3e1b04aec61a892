# SPDX-License-Identifier: MIT
# A source: connections (conn.c), what a server holds (schema.c, rights.c), the artifact (frame.c, text.c), a backup
# (source_dump.c over plan.c, range.c, snapshot.c, rows.c, objects.c, ddl.c), a restore (source_restore.c over run.c, load.c,
# values.c, merge.c), and `holdfast check` (probe.c).
if ENABLE_MYSQL
driver_LTLIBRARIES += %D%/mysql.la
%C%_mysql_la_SOURCES = %D%/mysql.c %D%/mysql.h %D%/conn.c %D%/conn.h %D%/text.c %D%/text.h \
	%D%/frame.c %D%/frame.h %D%/ddl.c %D%/ddl.h %D%/schema.c %D%/schema.h %D%/rights.c %D%/rights.h \
	%D%/snapshot.c %D%/snapshot.h %D%/rows.c %D%/rows.h %D%/objects.c %D%/objects.h %D%/accounts.c \
	%D%/source_dump.c %D%/backup.h %D%/plan.c %D%/range.c %D%/source_restore.c %D%/restore.h %D%/run.c %D%/load.c %D%/values.c %D%/values.h \
	%D%/broken.c %D%/merge.c %D%/probe.c
%C%_mysql_la_CFLAGS = $(DRIVER_CFLAGS) $(MYSQL_CFLAGS) $(JSON_CFLAGS)
%C%_mysql_la_LDFLAGS = $(DRIVER_LDFLAGS)
%C%_mysql_la_LIBADD = $(MYSQL_LIBS) $(JSON_LIBS)
endif
