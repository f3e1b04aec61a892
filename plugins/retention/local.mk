# SPDX-License-Identifier: MIT
if ENABLE_RETENTION
driver_LTLIBRARIES += %D%/retention.la
%C%_retention_la_SOURCES = %D%/retention.c
%C%_retention_la_CFLAGS = $(DRIVER_CFLAGS)
%C%_retention_la_LDFLAGS = $(DRIVER_LDFLAGS)
endif
