# SPDX-License-Identifier: MIT
EXTRA_DIST += %D%/README.md %D%/bench.sh %D%/generate.c %D%/mysql.sh %D%/report.jq %D%/table.jq
