# SPDX-License-Identifier: MIT
# How the sanitizers are to behave, in one place. Sourced by check.sh and run-fuzz.sh.
#
# Modules stay loaded to the end, so leak reports name their functions. A damaged
# manifest may ask for a huge allocation: that is to come back as NULL, not end
# the program.
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:history_size=4
