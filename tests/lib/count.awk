# SPDX-License-Identifier: MIT
# Counts the single tests of one test program: awk -f count.awk PROGRAM.log PROGRAM.trs
# Understands TAP (bats, the fuzz runner), the conformance kit and cmocka; a program that
# prints nothing of these counts as one test. A failed program has at least one failure.
# Prints: PASSED FAILED SKIPPED, then a line "skip NAME" or "fail NAME" each.
FNR == 1 { file++ }
file == 1 && /^not ok / { failed++; names[++n] = "fail " $0; next }
file == 1 && /^ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; names[++n] = "skip " $0; next }
file == 1 && /^ok / { passed++; next }
file == 1 && /^\[  PASSED  \] [0-9]+ test\(s\)/ { passed += $4; next }
file == 1 && /^\[  SKIPPED \] [0-9]+ test\(s\)/ { skipped += $4; names[++n] = "skip " FILENAME; next }
file == 1 && /^\[  FAILED  \] [0-9]+ test\(s\)/ { failed += $4; names[++n] = "fail " FILENAME; next }
file == 2 && /^:test-result:/ { result[$2]++; last = $2 }
file == 2 && /^:test-global-result:/ { result[$2]++; global = $2 }
END {
	bad = result["FAIL"] + result["ERROR"] + result["XPASS"]
	if (bad && !failed) {
		failed = bad
		names[++n] = "fail " FILENAME
	}
	if (!bad && failed) # it printed a failure but did not say so by its exit code
		names[++n] = "fail " FILENAME " (ended well in spite of failures)"
	if (!passed && !failed && !skipped) {
		if (result["SKIP"]) {
			skipped = 1
			names[++n] = "skip " FILENAME
		} else if (result["PASS"] || result["XFAIL"])
			passed = 1
		else {
			failed = 1
			names[++n] = "fail " FILENAME " (no result)"
		}
	}
	print passed + 0, failed + 0, skipped + 0
	for (i = 1; i <= n; i++)
		print names[i]
}
