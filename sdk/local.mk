# SPDX-License-Identifier: MIT
# What third parties build drivers with: the header, holdfast.pc and an m4
# macro, the example plugin, and the conformance kit.
pkgincludedir = $(includedir)/holdfast
pkginclude_HEADERS = %D%/include/holdfast/plugin.h

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = %D%/holdfast.pc

aclocaldir = $(datadir)/aclocal
dist_aclocal_DATA = %D%/m4/holdfast.m4
