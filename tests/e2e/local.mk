# SPDX-License-Identifier: MIT
# The command against real files. One test of `make check`; alone: make check TESTS=tests/e2e/run-e2e.sh
dist_check_SCRIPTS += %D%/run-e2e.sh %D%/reseal.pl %D%/mktar.pl %D%/damage.pl \
	%D%/mysql_corpus.sh %D%/mysql_describe.sh
EXTRA_DIST += %D%/helper.bash %D%/abi.bats \
	%D%/commands.bats %D%/restore.bats %D%/sinks.bats %D%/killed.bats %D%/interrupted.bats \
	%D%/disk_full.bats %D%/damage.bats %D%/hostile_archive.bats %D%/hostile_manifest.bats \
	%D%/locks.bats %D%/failing_drivers.bats %D%/job_file.bats %D%/secrets.bats \
	%D%/loader.bats %D%/terminal.bats %D%/retention.bats %D%/mysql_helper.bash \
	%D%/mysql_accounts.bats %D%/mysql_roundtrip.bats %D%/mysql_faults.bats %D%/mysql_consistent.bats %D%/mysql_rows.bats
TESTS += %D%/run-e2e.sh
