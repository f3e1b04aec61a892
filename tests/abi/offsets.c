/* SPDX-License-Identifier: MIT
 * offsets.c - where every member of every public struct lies (LP64)
 *
 * Frozen: a driver that was built years ago relies on each line. A change of
 * the ABI adds lines at the end of a growable struct and raises its SIZE; it
 * never changes another number. Compiling this file is the test.
 */
#include <stddef.h>

#include <holdfast/plugin.h>

#if UINTPTR_MAX == 0xffffffffffffffffu && !defined(__ILP32__)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "sizeof " #type)
#define AT(type, member, offset, size)                                                  \
	_Static_assert(offsetof(type, member) == (offset), #type "." #member " moved"); \
	_Static_assert(sizeof(((type *)0)->member) == (size), #type "." #member " grew")

SIZE(hf_option, 56);
AT(hf_option, name, 0, 8);
AT(hf_option, type, 8, 4);
AT(hf_option, flags, 12, 4);
AT(hf_option, default_value, 16, 8);
AT(hf_option, choices, 24, 8);
AT(hf_option, min, 32, 8);
AT(hf_option, max, 40, 8);
AT(hf_option, help, 48, 8);

SIZE(hf_entry, 80);
AT(hf_entry, size, 0, 4);
AT(hf_entry, flags, 4, 4);
AT(hf_entry, path, 8, 8);
AT(hf_entry, type, 16, 8);
AT(hf_entry, subject, 24, 8);
AT(hf_entry, attrs, 32, 8);
AT(hf_entry, order, 40, 8);
AT(hf_entry, size_hint, 48, 8);
AT(hf_entry, id, 56, 8);
AT(hf_entry, plain_size, 64, 8);
AT(hf_entry, generation, 72, 4);
AT(hf_entry, reserved, 76, 4);

SIZE(hf_begin, 40);
AT(hf_begin, size, 0, 4);
AT(hf_begin, lanes, 4, 4);
AT(hf_begin, point, 8, 8);
AT(hf_begin, parent_mark, 16, 8);
AT(hf_begin, parent_mark_size, 24, 8);
AT(hf_begin, dry_run, 32, 4);
AT(hf_begin, reserved, 36, 4);

SIZE(hf_restore, 72);
AT(hf_restore, size, 0, 4);
AT(hf_restore, flags, 4, 4);
AT(hf_restore, into, 8, 8);
AT(hf_restore, only, 16, 8);
AT(hf_restore, only_count, 24, 8);
AT(hf_restore, lanes, 32, 4);
AT(hf_restore, reserved, 36, 4);
AT(hf_restore, point, 40, 8);
AT(hf_restore, options, 48, 8);
AT(hf_restore, mark, 56, 8);
AT(hf_restore, mark_size, 64, 8);

SIZE(hf_source_ops, 80);
AT(hf_source_ops, size, 0, 4);
AT(hf_source_ops, reserved, 4, 4);
AT(hf_source_ops, begin, 8, 8);
AT(hf_source_ops, dump, 16, 8);
AT(hf_source_ops, end, 24, 8);
AT(hf_source_ops, restore_begin, 32, 8);
AT(hf_source_ops, wants, 40, 8);
AT(hf_source_ops, restore_prepare, 48, 8);
AT(hf_source_ops, restore, 56, 8);
AT(hf_source_ops, restore_end, 64, 8);
AT(hf_source_ops, restore_options, 72, 8);

SIZE(hf_in, 24);
AT(hf_in, data, 0, 8);
AT(hf_in, size, 8, 8);
AT(hf_in, pos, 16, 8);

SIZE(hf_out, 24);
AT(hf_out, data, 0, 8);
AT(hf_out, size, 8, 8);
AT(hf_out, pos, 16, 8);

SIZE(hf_filter_in, 32);
AT(hf_filter_in, size, 0, 4);
AT(hf_filter_in, direction, 4, 4);
AT(hf_filter_in, codec, 8, 8);
AT(hf_filter_in, size_hint, 16, 8);
AT(hf_filter_in, threads, 24, 4);
AT(hf_filter_in, reserved, 28, 4);

SIZE(hf_filter_ops, 64);
AT(hf_filter_ops, size, 0, 4);
AT(hf_filter_ops, reserved, 4, 4);
AT(hf_filter_ops, codec, 8, 8);
AT(hf_filter_ops, decodes, 16, 8);
AT(hf_filter_ops, suffix, 24, 8);
AT(hf_filter_ops, stream_open, 32, 8);
AT(hf_filter_ops, run, 40, 8);
AT(hf_filter_ops, stream_close, 48, 8);
AT(hf_filter_ops, block_size, 56, 8);

SIZE(hf_put, 24);
AT(hf_put, size, 0, 4);
AT(hf_put, flags, 4, 4);
AT(hf_put, key, 8, 8);
AT(hf_put, size_hint, 16, 8);

SIZE(hf_object, 32);
AT(hf_object, size, 0, 4);
AT(hf_object, flags, 4, 4);
AT(hf_object, key, 8, 8);
AT(hf_object, bytes, 16, 8);
AT(hf_object, mtime_ns, 24, 8);

SIZE(hf_sink_ops, 120);
AT(hf_sink_ops, size, 0, 4);
AT(hf_sink_ops, reserved, 4, 4);
AT(hf_sink_ops, put_open, 8, 8);
AT(hf_sink_ops, put_write, 16, 8);
AT(hf_sink_ops, put_commit, 24, 8);
AT(hf_sink_ops, put_free, 32, 8);
AT(hf_sink_ops, get_open, 40, 8);
AT(hf_sink_ops, get_read, 48, 8);
AT(hf_sink_ops, get_free, 56, 8);
AT(hf_sink_ops, list, 64, 8);
AT(hf_sink_ops, stat, 72, 8);
AT(hf_sink_ops, remove, 80, 8);
AT(hf_sink_ops, flush, 88, 8);
AT(hf_sink_ops, lock, 96, 8);
AT(hf_sink_ops, unlock, 104, 8);
AT(hf_sink_ops, sweep, 112, 8);

SIZE(hf_point, 104);
AT(hf_point, size, 0, 4);
AT(hf_point, flags, 4, 4);
AT(hf_point, id, 8, 8);
AT(hf_point, job, 16, 8);
AT(hf_point, host, 24, 8);
AT(hf_point, parent, 32, 8);
AT(hf_point, begin_ns, 40, 8);
AT(hf_point, end_ns, 48, 8);
AT(hf_point, entries, 56, 8);
AT(hf_point, plain_bytes, 64, 8);
AT(hf_point, stored_bytes, 72, 8);
AT(hf_point, verified_ns, 80, 8);
AT(hf_point, verified_level, 88, 4);
AT(hf_point, verified_ppm, 92, 4);
AT(hf_point, drilled_ns, 96, 8);

SIZE(hf_post_ops, 16);
AT(hf_post_ops, size, 0, 4);
AT(hf_post_ops, reserved, 4, 4);
AT(hf_post_ops, run, 8, 8);

SIZE(hf_driver, 120);
AT(hf_driver, size, 0, 4);
AT(hf_driver, kind, 4, 4);
AT(hf_driver, name, 8, 8);
AT(hf_driver, summary, 16, 8);
AT(hf_driver, options, 24, 8);
AT(hf_driver, threads, 32, 4);
AT(hf_driver, reserved, 36, 4);
AT(hf_driver, capabilities, 40, 8);
AT(hf_driver, open, 48, 8);
AT(hf_driver, probe, 56, 8);
AT(hf_driver, close, 64, 8);
AT(hf_driver, worker_begin, 72, 8);
AT(hf_driver, worker_end, 80, 8);
AT(hf_driver, source, 88, 8);
AT(hf_driver, filter, 96, 8);
AT(hf_driver, sink, 104, 8);
AT(hf_driver, post, 112, 8);

SIZE(hf_plugin, 48);
AT(hf_plugin, size, 0, 4);
AT(hf_plugin, abi_major, 4, 4);
AT(hf_plugin, abi_minor, 8, 4);
AT(hf_plugin, needs_minor, 12, 4);
AT(hf_plugin, name, 16, 8);
AT(hf_plugin, version, 24, 8);
AT(hf_plugin, license, 32, 8);
AT(hf_plugin, drivers, 40, 8);

SIZE(hf_host, 304);
AT(hf_host, size, 0, 4);
AT(hf_host, abi_minor, 4, 4);
AT(hf_host, version, 8, 8);
AT(hf_host, fail, 16, 8);
AT(hf_host, hint, 24, 8);
AT(hf_host, warn, 32, 8);
AT(hf_host, log, 40, 8);
AT(hf_host, cancelled, 48, 8);
AT(hf_host, cancel_fd, 56, 8);
AT(hf_host, sleep, 64, 8);
AT(hf_host, lane, 72, 8);
AT(hf_host, state_dir, 80, 8);
AT(hf_host, temp_dir, 88, 8);
AT(hf_host, now, 96, 8);
AT(hf_host, opt_count, 104, 8);
AT(hf_host, opt_text, 112, 8);
AT(hf_host, opt_int, 120, 8);
AT(hf_host, opt_key, 128, 8);
AT(hf_host, entry_add, 136, 8);
AT(hf_host, fact_int, 144, 8);
AT(hf_host, fact_text, 152, 8);
AT(hf_host, mark, 160, 8);
AT(hf_host, server, 168, 8);
AT(hf_host, continues_parent, 176, 8);
AT(hf_host, write, 184, 8);
AT(hf_host, reserve, 192, 8);
AT(hf_host, advance, 200, 8);
AT(hf_host, peek, 208, 8);
AT(hf_host, consume, 216, 8);
AT(hf_host, read, 224, 8);
AT(hf_host, object, 232, 8);
AT(hf_host, removed, 240, 8);
AT(hf_host, catalogue_sink, 248, 8);
AT(hf_host, point_count, 256, 8);
AT(hf_host, point, 264, 8);
AT(hf_host, point_entry, 272, 8);
AT(hf_host, verify, 280, 8);
AT(hf_host, keep, 288, 8);
AT(hf_host, expire, 296, 8);

/* The numbers that cross. */
#define IS(name, value) _Static_assert((name) == (value), #name " changed")
IS(HF_ABI_MAJOR, 1);
IS(HF_OK, 0);
IS(HF_END, 1);
IS(HF_SKIP, 2);
IS(HF_E_CONFIG, 10);
IS(HF_E_AUTH, 20);
IS(HF_E_NOT_FOUND, 30);
IS(HF_E_EXISTS, 40);
IS(HF_E_TRANSIENT, 50);
IS(HF_E_NO_SPACE, 60);
IS(HF_E_CORRUPT, 70);
IS(HF_E_CANCELLED, 80);
IS(HF_E_UNSUPPORTED, 90);
IS(HF_E_FAILED, 100);
IS(HF_OPT_STRING, 10);
IS(HF_OPT_INT, 20);
IS(HF_OPT_SIZE, 30);
IS(HF_OPT_DURATION, 40);
IS(HF_OPT_BOOL, 50);
IS(HF_OPT_CHOICE, 60);
IS(HF_OPT_PATH, 70);
IS(HF_OPT_PERCENT, 80);
IS(HF_OPT_REQUIRED, 0x1u);
IS(HF_OPT_LIST, 0x2u);
IS(HF_OPT_SECRET, 0x4u);
IS(HF_OPT_KEYED, 0x8u);
IS(HF_ENTRY_STORE, 0x1u);
IS(HF_RESTORE_FORCE, 0x1u);
IS(HF_RESTORE_DRY_RUN, 0x2u);
IS(HF_ENCODE, 1u);
IS(HF_DECODE, 2u);
IS(HF_RUN_MORE, 0u);
IS(HF_RUN_FINISH, 1u);
IS(HF_PUT_IF_ABSENT, 0x1u);
IS(HF_PUT_INDEX, 0x2u);
IS(HF_OBJECT_PREFIX, 0x1u);
IS(HF_LIST_CHILDREN, 0x1u);
IS(HF_LOCK_SHARED, 1u);
IS(HF_LOCK_EXCLUSIVE, 2u);
IS(HF_POINT_COMPLETE, 0x1u);
IS(HF_POINT_CURRENT, 0x2u);
IS(HF_POINT_PINNED, 0x4u);
IS(HF_POINT_DAMAGED, 0x8u);
IS(HF_POINT_RUNNING, 0x10u);
IS(HF_VERIFY_DIGEST, 10u);
IS(HF_VERIFY_DECODE, 20u);
IS(HF_KIND_SOURCE, 10u);
IS(HF_KIND_COMPRESSOR, 20u);
IS(HF_KIND_SINK, 30u);
IS(HF_KIND_POST, 40u);
IS(HF_THREADS_PROCESS, 10u);
IS(HF_THREADS_INSTANCE, 20u);
IS(HF_THREADS_STREAM, 30u);
IS(HF_CAP_INCREMENTAL, 0x1u);
IS(HF_CAP_REDUMP, 0x2u);
IS(HF_CAP_DRY_RESTORE, 0x4u);
IS(HF_CAP_CONCAT, 0x8u);
IS(HF_CAP_IF_ABSENT, 0x10u);
IS(HF_CAP_EXPIRE, 0x20u);
IS(HF_PROBE_WRITE, 0x1u);
IS(HF_PROBE_DEEP, 0x2u);
IS(HF_LOG_DEBUG, 10u);
IS(HF_LOG_INFO, 20u);
IS(HF_LOG_NOTICE, 30u);

#endif
