# SPDX-License-Identifier: MIT
# One plugin whose drivers fail on purpose, for tests/e2e. Never installed: -rpath only makes
# libtool build a shared object.
check_LTLIBRARIES += tests/drivers/testdrv.la
tests_drivers_testdrv_la_SOURCES = \
	tests/drivers/testdrv.c tests/drivers/testdrv.h tests/drivers/fault.c tests/drivers/fault.h \
	tests/drivers/faulty.c tests/drivers/faulty.h tests/drivers/faulty_restore.c \
	tests/drivers/faultyfilter.c tests/drivers/faultypost.c \
	tests/drivers/faultysink.c tests/drivers/faultysink.h tests/drivers/faultysink_list.c
tests_drivers_testdrv_la_CFLAGS = $(DRIVER_CFLAGS)
tests_drivers_testdrv_la_LDFLAGS = $(DRIVER_LDFLAGS) -rpath /nowhere
