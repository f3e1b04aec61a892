# SPDX-License-Identifier: MIT
# The driver (retention.c) over the plan (plan.c, chain.c, reason.c), which
# stands on local time (period.c, calendar.c, zone.c, tzif.c, tzrule.c).
RETENTION_PARTS = \
	%D%/plan.c %D%/plan.h %D%/chain.c %D%/chain.h %D%/reason.c \
	%D%/period.c %D%/period.h %D%/calendar.c %D%/calendar.h \
	%D%/zone.c %D%/zone.h %D%/tzif.c %D%/tzif.h %D%/tzrule.c %D%/tzrule.h

if ENABLE_RETENTION
driver_LTLIBRARIES += %D%/retention.la
%C%_retention_la_SOURCES = %D%/retention.c $(RETENTION_PARTS)
%C%_retention_la_CFLAGS = $(DRIVER_CFLAGS)
%C%_retention_la_LDFLAGS = $(DRIVER_LDFLAGS)
endif
