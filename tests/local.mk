# SPDX-License-Identifier: MIT
# Unit tests mirror engine/ and plugins/; tests/e2e drives the command.
include tests/unit/engine.mk
include tests/unit/store.mk
include tests/unit/pipeline.mk
include tests/unit/plugins.mk
include tests/unit/files.mk
include tests/unit/mysql.mk
include tests/unit/retention.mk
include tests/drivers/local.mk
include tests/fuzz/local.mk
include tests/e2e/local.mk
