# SPDX-License-Identifier: MIT
# Manual pages are POD; pod2man needs only perl. The date is fixed, so that
# the same source gives the same page.
MAN_DATE = 2026-01-16
MAN_SECTION_1 = %D%/man/holdfast.1 %D%/man/holdfast-driver-check.1
MAN_SECTION_3 = %D%/man/holdfast-plugin.3
MAN_SECTION_5 = \
	%D%/man/holdfast-files.5 %D%/man/holdfast-job.5 %D%/man/holdfast-manifest.5 \
	%D%/man/holdfast-mysql.5 %D%/man/holdfast-retention.5 %D%/man/holdfast-verify.5 \
	%D%/man/holdfast-zlib.5 %D%/man/holdfast-zstd.5
man_MANS = $(MAN_SECTION_1) $(MAN_SECTION_3) $(MAN_SECTION_5)
CLEANFILES += $(man_MANS)
EXTRA_DIST += \
	%D%/man/holdfast.pod %D%/man/holdfast-driver-check.pod %D%/man/holdfast-plugin.pod \
	%D%/man/holdfast-files.pod %D%/man/holdfast-job.pod %D%/man/holdfast-manifest.pod \
	%D%/man/holdfast-mysql.pod %D%/man/holdfast-retention.pod %D%/man/holdfast-verify.pod \
	%D%/man/holdfast-zlib.pod %D%/man/holdfast-zstd.pod

SUFFIXES = .pod .1 .3 .5
POD2MAN_FLAGS = --center='Holdfast manual' --release='holdfast $(PACKAGE_VERSION)' \
	--date=$(MAN_DATE) --errors=die
pod_to_man = $(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(POD2MAN) $(POD2MAN_FLAGS) --name=`basename $< .pod | tr '[:lower:]' '[:upper:]'`

.pod.1:
	$(pod_to_man) --section=1 $< $@
.pod.3:
	$(pod_to_man) --section=3 $< $@
.pod.5:
	$(pod_to_man) --section=5 $< $@

dist_doc_DATA += %D%/architecture.md

dist_bashcomp_DATA = completions/holdfast

# Whatever the pages and README.md show is run.
dist_check_SCRIPTS += tests/docs/check-docs.sh
TESTS += tests/docs/check-docs.sh
EXTRA_DIST += tests/docs/blocks.awk
