# SPDX-License-Identifier: MIT
# From the lines of single runs to best and median of each tool, and ratios to tar-zstd.
def median: sort | if length % 2 == 1 then .[length / 2 | floor]
	else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def ratio($a; $b): if $b == null or $b == 0 then null else ($a / $b * 1000 | round / 1000) end;

. as $runs
| (group_by([.scenario, .phase, .tool]) | map({
	scenario: .[0].scenario, phase: .[0].phase, tool: .[0].tool, runs: length,
	wall_best: (map(.wall) | min), wall_median: (map(.wall) | median),
	before_sync_best: (map(.before_sync) | min), sync_median: (map(.sync) | median),
	cpu_best: (map(.cpu) | min), rss_max_kib: (map(.rss_kib) | max),
	stored: (map(.stored) | max) })) as $sums
| { machine: $machine[0],
    results: ($sums | map(. as $s
	| ($sums | map(select(.scenario == $s.scenario and .phase == $s.phase
		and .tool == "tar-zstd")) | first) as $base
	| . + { wall_ratio: ratio(.wall_best; $base.wall_best),
		wall_median_ratio: ratio(.wall_median; $base.wall_median),
		before_sync_ratio: ratio(.before_sync_best; $base.before_sync_best),
		cpu_ratio: ratio(.cpu_best; $base.cpu_best),
		stored_ratio: ratio(.stored; $base.stored) })),
    runs: $runs }
