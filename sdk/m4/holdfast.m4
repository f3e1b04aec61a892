# SPDX-License-Identifier: MIT
# holdfast.m4 - for plugins that are built with autoconf, outside the Holdfast tree
#
# HOLDFAST_PLUGIN([MINIMUM-VERSION], [ACTION-IF-FOUND], [ACTION-IF-NOT-FOUND])
# ---------------------------------------------------------------------------
# Finds holdfast.pc with pkg-config and checks that it speaks ABI major 1.
# Without ACTION-IF-NOT-FOUND a failure ends configure with the reason.
# Sets and substitutes
#   HOLDFAST_CFLAGS     where the header lies, and -fvisibility=hidden
#   HOLDFAST_LDFLAGS    flags to link a plugin with libtool
#   HOLDFAST_DRIVERDIR  the folder that Holdfast loads drivers from. Under
#                       --prefix=P other than Holdfast's own you may want
#                       to give --with-holdfast-driverdir=DIR
#   HOLDFAST_ABI        the ABI's major version: 1
#
# In Makefile.am:
#   driverdir = $(HOLDFAST_DRIVERDIR)
#   driver_LTLIBRARIES = mine.la
#   mine_la_SOURCES = mine.c
#   mine_la_CFLAGS = $(HOLDFAST_CFLAGS)
#   mine_la_LDFLAGS = $(HOLDFAST_LDFLAGS)

# serial 1
AC_DEFUN([HOLDFAST_PLUGIN], [
AC_REQUIRE([PKG_PROG_PKG_CONFIG])
AC_REQUIRE([AC_PROG_CC])
AC_ARG_WITH([holdfast-driverdir],
  [AS_HELP_STRING([--with-holdfast-driverdir=DIR],
    [install the plugin there @<:@where Holdfast looks@:>@])])
holdfast_why=
PKG_CHECK_MODULES([HOLDFAST], [holdfast m4_ifval([$1], [>= $1])], [
  HOLDFAST_ABI=`$PKG_CONFIG --variable=abi holdfast`
  AS_IF([test "x$HOLDFAST_ABI" != x1],
    [holdfast_why="Holdfast has ABI $HOLDFAST_ABI, this plugin is written for ABI 1"])
], [holdfast_why="Holdfast was not found: $HOLDFAST_PKG_ERRORS"])
AS_IF([test "x$holdfast_why" = x], [
  AC_MSG_CHECKING([for Holdfast's driver folder])
  AS_CASE([$with_holdfast_driverdir],
    [''|yes|no], [HOLDFAST_DRIVERDIR=`$PKG_CONFIG --variable=driverdir holdfast`],
    [HOLDFAST_DRIVERDIR=$with_holdfast_driverdir])
  AC_MSG_RESULT([$HOLDFAST_DRIVERDIR])
  HOLDFAST_CFLAGS="$HOLDFAST_CFLAGS -fvisibility=hidden"
  HOLDFAST_LDFLAGS="-module -avoid-version -shared -export-symbols-regex '^hf_plugin_v1\$\$' -Wl,-z,defs -Wl,-z,now"
  m4_default([$2], [:])
], [
  m4_default([$3], [AC_MSG_ERROR([$holdfast_why])])
])
AC_SUBST([HOLDFAST_CFLAGS])
AC_SUBST([HOLDFAST_LDFLAGS])
AC_SUBST([HOLDFAST_DRIVERDIR])
AC_SUBST([HOLDFAST_ABI])
])
