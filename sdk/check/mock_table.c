/* SPDX-License-Identifier: MIT
 * mock_table.c - the table that drivers are given
 */
#include "config.h"

#include "check.h"

const hf_host mock_table = {
	.size = sizeof(hf_host),
	.abi_minor = HF_ABI_MINOR,
	.version = "conformance kit",
	.fail = mock_fail,
	.hint = mock_hint,
	.warn = mock_warn,
	.log = mock_log,
	.cancelled = mock_cancelled,
	.cancel_fd = mock_cancel_fd,
	.sleep = mock_sleep,
	.lane = mock_lane,
	.state_dir = mock_state_dir,
	.temp_dir = mock_temp_dir,
	.now = mock_now,
	.opt_count = mock_opt_count,
	.opt_text = mock_opt_text,
	.opt_int = mock_opt_int,
	.opt_key = mock_opt_key,
	.entry_add = mock_entry_add,
	.fact_int = mock_fact_int,
	.fact_text = mock_fact_text,
	.mark = mock_mark,
	.server = mock_server,
	.continues_parent = mock_continues_parent,
	.write = mock_write,
	.reserve = mock_reserve,
	.advance = mock_advance,
	.peek = mock_peek,
	.consume = mock_consume,
	.read = mock_read,
	.object = mock_object,
	.removed = mock_removed,
	.catalogue_sink = mock_catalogue_sink,
	.point_count = mock_point_count,
	.point = mock_point,
	.point_entry = mock_point_entry,
	.verify = mock_verify,
	.keep = mock_keep,
	.expire = mock_expire,
};
