# SPDX-License-Identifier: MIT
# The figures as a table; | separates columns.
def s: . * 100 | round / 100 | tostring;
def r: if . == null then "-" else "x" + (. * 100 | round / 100 | tostring) end;

"scenario|phase|tool|best s|median s|no sync s|cpu s|MiB peak|MiB stored|wall|no sync|cpu|stored",
(.results | sort_by(.scenario, .phase, .wall_best)[]
| [ .scenario, .phase, .tool, (.wall_best | s), (.wall_median | s), (.before_sync_best | s),
    (.cpu_best | s), (.rss_max_kib / 1024 | round | tostring),
    (.stored / 1048576 | round | tostring), (.wall_ratio | r), (.before_sync_ratio | r),
    (.cpu_ratio | r), (.stored_ratio | r) ] | join("|"))
