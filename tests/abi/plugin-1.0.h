/* SPDX-License-Identifier: MIT
 *
 * holdfast/plugin.h - the contract between Holdfast and its drivers, ABI 1.0
 *
 * A plugin is a shared object that exports one symbol, hf_plugin_v1(), and
 * describes one or more drivers: sources, filters (compressors), sinks and
 * post stages. holdfast-plugin(3) holds the lifecycle drawing, the table of
 * call counts and a tutorial; this header is the reference.
 *
 * Rules that hold for everything below
 *
 *  Layout     Only fixed-width integers, pointers and opaque handles cross.
 *             A struct whose first member is `size` may grow at its end; its
 *             maker sets `size` to sizeof, its reader copies min(size, own)
 *             and takes the rest as zero. A struct called *frozen* never
 *             changes. All structs are those of an LP64 or ILP32 C compiler
 *             with natural alignment; the offsets are asserted by the host.
 *  Text       UTF-8 where it is shown to people, ended by NUL, never NULL
 *             unless a field says so. Names read from outside (paths, tables)
 *             are passed as the bytes that they are.
 *  Ownership  Whoever allocates frees. What a driver passes to a host call is
 *             copied before that call returns. What the host passes to a
 *             driver call is valid until that call returns, unless it says
 *             "until close".
 *  Status     Every int32_t result is HF_OK, HF_END, HF_SKIP or an error
 *             class HF_E_*. A driver that returns an error has first called
 *             host->fail() with that class and the message; `return
 *             host->fail(...)` does both. Two need no message: what a host
 *             call returned and is passed on unchanged, and HF_E_CANCELLED
 *             after the host asked to stop. A class the reader does not know
 *             counts as HF_E_FAILED.
 *  Threads    A call comes on a thread of the host. hf_ctx, hf_writer,
 *             hf_reader, hf_list and hf_removal belong to that call and that
 *             thread; only cancelled(), cancel_fd(), log() and warn() may be
 *             used on other threads of the driver, while the call lasts.
 *  Signals    A driver installs no signal handlers and changes neither the
 *             working directory, umask, locale nor environment. The host
 *             ignores SIGPIPE.
 *
 * Everything here is since ABI 1.0 unless it says otherwise.
 */
#ifndef HOLDFAST_PLUGIN_H
#define HOLDFAST_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The major version is part of the entry symbol's name: another major is
 * another symbol. The minor grows whenever something is appended. */
#define HF_ABI_MAJOR 1
#define HF_ABI_MINOR 0

#if defined(__GNUC__)
#define HF_EXPORT __attribute__((visibility("default")))
#define HF_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define HF_EXPORT
#define HF_PRINTF(f, a)
#endif

/* True where the growable struct *p was made by someone who knew `member`.
 * Use it before reading a member newer than 1.0. */
#define HF_HAS(p, member)                                                      \
	((p)->size >=                                                          \
	 (uint32_t)((const char *)(&(p)->member + 1) - (const char *)(p)))

/* ------------------------------------------------------------------------
 * Status
 */
#define HF_OK 0   /* done */
#define HF_END 1  /* the stream has ended: no data with this answer */
#define HF_SKIP 2 /* wants(): this entry is not needed */

#define HF_E_CONFIG 10      /* the job file or an argument is wrong */
#define HF_E_AUTH 20        /* refused: credentials or privileges */
#define HF_E_NOT_FOUND 30   /* the object, database, path does not exist */
#define HF_E_EXISTS 40      /* it exists already, or somebody holds it */
#define HF_E_TRANSIENT 50   /* may succeed if tried again; the only class the
                             * host retries */
#define HF_E_NO_SPACE 60    /* disk, quota or bucket is full */
#define HF_E_CORRUPT 70     /* the bytes are not what they should be */
#define HF_E_CANCELLED 80   /* the host asked to stop */
#define HF_E_UNSUPPORTED 90 /* this driver, server or version cannot */
#define HF_E_FAILED 100     /* anything else */

/* ------------------------------------------------------------------------
 * Handles of the host. Opaque.
 */
typedef struct hf_ctx hf_ctx;             /* one call into a driver */
typedef struct hf_options hf_options;     /* an instance's option values */
typedef struct hf_writer hf_writer;       /* where an entry is dumped to */
typedef struct hf_reader hf_reader;       /* where an entry is restored from */
typedef struct hf_list hf_list;           /* collects what list() finds */
typedef struct hf_removal hf_removal;     /* collects what remove() did */
typedef struct hf_catalogue hf_catalogue; /* the points of one job in one sink */

/* ------------------------------------------------------------------------
 * Options
 */
#define HF_OPT_STRING 10   /* text as written */
#define HF_OPT_INT 20      /* a decimal integer */
#define HF_OPT_SIZE 30     /* bytes: 512, 64K, 8M, 2G, 1T (powers of 1024) */
#define HF_OPT_DURATION 40 /* 30s, 15m, 26h, 7d, 2w; opt_int: nanoseconds */
#define HF_OPT_BOOL 50     /* yes or no; opt_int: 1 or 0 */
#define HF_OPT_CHOICE 60   /* one of `choices`; opt_int: its index from 0 */
#define HF_OPT_PATH 70     /* a file name; a relative one is resolved by the
                            * host against the job file's folder */
#define HF_OPT_PERCENT 80  /* 10% or 0.5%; opt_int: millionths (10% = 100000) */

#define HF_OPT_REQUIRED 0x1u /* must be given; but a source that is opened only
                              * to restore may lack it (no job file at hand) */
#define HF_OPT_LIST 0x2u     /* may be repeated; the order is kept */
#define HF_OPT_SECRET 0x4u   /* never printed or logged. The host also takes
                              * NAME_file, reads the value from that file and
                              * drops one newline at its end */
#define HF_OPT_KEYED 0x8u    /* written NAME.KEY = value; see opt_key() */

/* One option of a driver. Frozen. A table of options is an array that ends
 * with an element whose name is NULL; it is constant and lives for ever.
 * The host checks every value against it before open() is called. The names
 * `plugin`, `sink`, `required` and `incremental` are the host's own. */
typedef struct hf_option {
	const char *name;          /* [a-z][a-z0-9_]* */
	uint32_t type;             /* HF_OPT_STRING ... */
	uint32_t flags;            /* HF_OPT_REQUIRED ... */
	const char *default_value; /* as it would be written, or NULL: none */
	const char *choices;       /* HF_OPT_CHOICE: "auto|yes|no"; else NULL */
	int64_t min;               /* number types: the least and the greatest */
	int64_t max;               /* value, in opt_int's unit; both 0: no limit */
	const char *help;          /* one line, no full stop at the end */
} hf_option;

/* ------------------------------------------------------------------------
 * Entries: the named byte streams of a source
 */
#define HF_ENTRY_STORE 0x1u /* compressed already: bypass the compressor */

/* Growable. Made by the driver for entry_add(), by the host for dump(),
 * wants() and restore(). */
typedef struct hf_entry {
	uint32_t size;
	uint32_t flags;      /* HF_ENTRY_* */
	const char *path;    /* the artifact's name inside the source with its
	                      * natural suffix ("users.sql", "srv/app.tar"); any
	                      * bytes: the host escapes what a sink cannot keep.
	                      * Unique in the point's source */
	const char *type;    /* what the bytes are, with a version: "tar/1" */
	const char *subject; /* what --only names: a table, a path */
	const char *attrs;   /* a JSON object for the driver's own use at
	                      * restore, kept in the manifest; or NULL. 64 KiB
	                      * at most */
	int64_t order;       /* restore order: all entries of a lower order are
	                      * restored before any of a higher one begins */
	uint64_t size_hint;  /* expected bytes, 0 unknown: larger entries are
	                      * dumped first, and progress uses it */
	uint64_t id;         /* the driver's own number, handed back to dump()
	                      * in the same session; not kept in the manifest */
	uint64_t plain_size; /* from the host: bytes dumped. Ignored by
	                      * entry_add() */
	uint32_t generation; /* from the host: 0 for an entry of a full point,
	                      * 1, 2 ... for the incrementals that follow it */
	uint32_t reserved;   /* zero */
} hf_entry;

/* ------------------------------------------------------------------------
 * Sources
 */
/* Growable. Made by the host for begin(). */
typedef struct hf_begin {
	uint32_t size;
	uint32_t lanes;          /* dump() runs on at most so many threads, each
	                          * with its own lane() number below this */
	const char *point;       /* the new point's id */
	const void *parent_mark; /* the mark to continue from, or NULL: take a
	                          * full backup. Only given to a driver with
	                          * HF_CAP_INCREMENTAL */
	uint64_t parent_mark_size;
	uint32_t dry_run; /* 1: list entries with size hints; dump() will
	                   * not be called and nothing may change */
	uint32_t reserved;
} hf_begin;

#define HF_RESTORE_FORCE 0x1u   /* --force: what is in the way may go */
#define HF_RESTORE_DRY_RUN 0x2u /* --dry-run: say what would be done */

/* Growable. Made by the host for restore_begin(). Its pointers stay valid
 * until restore_end() returns. */
typedef struct hf_restore {
	uint32_t size;
	uint32_t flags;          /* HF_RESTORE_* */
	const char *into;        /* --into: where to, or NULL: where it was */
	const char *const *only; /* --only: subjects; only_count of them */
	uint64_t only_count;     /* 0: everything */
	uint32_t lanes;          /* restore() runs on at most so many threads */
	uint32_t reserved;
	const char *point;           /* the id of the point being restored */
	const hf_options *options;   /* values of restore_options */
	const void *mark;            /* the point's mark, or NULL */
	uint64_t mark_size;
} hf_restore;

/* Growable. `session` below is the driver's handle of one backup or restore. */
typedef struct hf_source_ops {
	uint32_t size;
	uint32_t reserved;

	/* Backup. begin() takes the snapshot, reports server(), mark() and
	 * source-wide facts, and lists the entries with entry_add(). Once per
	 * run, on one thread. On an error *session is ignored and end() is not
	 * called. */
	int32_t (*begin)(hf_ctx *ctx, void *self, const hf_begin *in,
	                 void **session);
	/* Writes one entry. Once per entry, on several threads (one at a time
	 * unless HF_THREADS_STREAM), called again for the same entry after a
	 * transient failure if the driver has HF_CAP_REDUMP. May add entries.
	 * What writer calls return is passed on unchanged. */
	int32_t (*dump)(hf_ctx *ctx, void *session, const hf_entry *entry,
	                hf_writer *out);
	/* Ends the backup and frees the session, whatever it returns. Exactly
	 * once after a successful begin(). outcome is HF_OK if all entries were
	 * dumped, else the first error. May report mark() and facts, and may
	 * still fail the run (say, because the schema changed). */
	int32_t (*end)(hf_ctx *ctx, void *session, int32_t outcome);

	/* Restore: restore_begin, restore and restore_end, all or none.
	 * restore_begin() looks at the target and refuses one that
	 * holds data unless HF_RESTORE_FORCE (HF_E_EXISTS); it changes
	 * nothing. NULL where the driver cannot restore: then all are. */
	int32_t (*restore_begin)(hf_ctx *ctx, void *self, const hf_restore *in,
	                         void **session);
	/* Is the entry needed? HF_OK or HF_SKIP. Called for each entry of the
	 * point in restore order, on one thread. NULL: the host compares
	 * `only` with the subjects. */
	int32_t (*wants)(hf_ctx *ctx, void *session, const hf_entry *entry);
	/* Called once after all wants(), when every needed object was read and
	 * its digest found right. From here on the target may be changed. NULL:
	 * nothing to do. Not called on a dry run unless HF_CAP_DRY_RESTORE. */
	int32_t (*restore_prepare)(hf_ctx *ctx, void *session);
	/* Puts one entry back. Reads to HF_END, reports the facts that dump()
	 * reported, as found now: the host compares them. */
	int32_t (*restore)(hf_ctx *ctx, void *session, const hf_entry *entry,
	                   hf_reader *in);
	/* Ends the restore and frees the session, whatever it returns. Exactly
	 * once after a successful restore_begin(). An `only` that matched
	 * nothing is HF_E_NOT_FOUND here at the latest. */
	int32_t (*restore_end)(hf_ctx *ctx, void *session, int32_t outcome);

	/* Options of a restore, given on the command line as --NAME VALUE (with
	 * - for _). NULL: none. */
	const hf_option *restore_options;
} hf_source_ops;

/* ------------------------------------------------------------------------
 * Filters
 */
#define HF_ENCODE 1u
#define HF_DECODE 2u

#define HF_RUN_MORE 0u   /* more input may follow */
#define HF_RUN_FINISH 1u /* what is in the cursor is the last input */

/* Cursors. Frozen. The filter moves pos; data and size are the host's. */
typedef struct hf_in {
	const void *data;
	uint64_t size;
	uint64_t pos;
} hf_in;

typedef struct hf_out {
	void *data;
	uint64_t size;
	uint64_t pos;
} hf_out;

/* Growable. Made by the host for stream_open(). */
typedef struct hf_filter_in {
	uint32_t size;
	uint32_t direction;  /* HF_ENCODE or HF_DECODE */
	const char *codec;   /* HF_DECODE: the codec the manifest names, one of
	                      * the driver's decodes; HF_ENCODE: its codec */
	uint64_t size_hint;  /* bytes to come in, 0 unknown */
	uint32_t threads;    /* threads the stream may use of its own, at least
	                      * 1. 1 where the host cuts the input into blocks
	                      * (block_size) and runs several streams instead */
	uint32_t reserved;
} hf_filter_in;

/* Growable. */
typedef struct hf_filter_ops {
	uint32_t size;
	uint32_t reserved;
	const char *codec;   /* what it writes, with the format's version:
	                      * "zstd/1" */
	const char *decodes; /* what it reads, separated by |; NULL: codec */
	const char *suffix;  /* ".zst": what standard tools know it by */

	int32_t (*stream_open)(hf_ctx *ctx, void *self, const hf_filter_in *in,
	                       void **stream);
	/* Takes from in, gives to out, as much as goes. HF_OK: call again with
	 * more input or more room. HF_END: after HF_RUN_FINISH, all input is
	 * taken and all output given; at decoding also that the input ended
	 * where a stream may end (a concatenation of streams is a stream).
	 * Input that stops short, is empty or damaged is HF_E_CORRUPT. A call that has
	 * room, has input or HF_RUN_FINISH, moves neither cursor and returns
	 * HF_OK is a driver fault and fails the run. Either cursor may be
	 * empty. */
	int32_t (*run)(hf_ctx *ctx, void *stream, hf_in *in, hf_out *out,
	               uint32_t op);
	/* Frees the stream, at any moment of its life. */
	void (*stream_close)(void *stream);
	/* Only with HF_CAP_CONCAT: how many bytes of plain input make one block
	 * that the host may compress by a stream of its own, on any of its
	 * threads; 0: do not cut, one stream sees all. The host may choose
	 * smaller blocks. NULL: the host's own size. */
	uint64_t (*block_size)(hf_ctx *ctx, void *self);
} hf_filter_ops;

/* ------------------------------------------------------------------------
 * Sinks
 *
 * A key is a relative path of 1..1024 bytes: components of 1..240 bytes from
 * [A-Za-z0-9._~%+=@,-], joined by /, none beginning with a dot. Names that
 * begin with a dot are therefore free for the driver's own use (temporary
 * files, locks); it never lists them. No key of the host's is also a folder of
 * another ("a" and "a/b").
 */
#define HF_PUT_IF_ABSENT 0x1u /* HF_E_EXISTS, from put_open() or
                               * put_commit(), if the key exists. Atomic
                               * with HF_CAP_IF_ABSENT, else best effort */
#define HF_PUT_INDEX 0x2u     /* small and often read (a manifest): keep it
                               * where access is fast */

/* Growable. Made by the host for put_open(). */
typedef struct hf_put {
	uint32_t size;
	uint32_t flags;     /* HF_PUT_* */
	const char *key;    /* valid until put_free() */
	uint64_t size_hint; /* expected bytes, 0 unknown */
} hf_put;

#define HF_OBJECT_PREFIX 0x1u /* not an object: a prefix with objects below */

/* Growable. Made by the driver for host->object(). */
typedef struct hf_object {
	uint32_t size;
	uint32_t flags;    /* HF_OBJECT_* */
	const char *key;   /* whole key; a prefix ends with / */
	uint64_t bytes;    /* stored size */
	int64_t mtime_ns;  /* last written, ns since 1970 UTC; 0 unknown. For
	                    * people: the host decides nothing by it */
} hf_object;

#define HF_LIST_CHILDREN 0x1u /* only the next level: objects directly below
                               * the prefix, and HF_OBJECT_PREFIX for deeper
                               * ones */

#define HF_LOCK_SHARED 1u
#define HF_LOCK_EXCLUSIVE 2u

/* Growable. */
typedef struct hf_sink_ops {
	uint32_t size;
	uint32_t reserved;

	/* put_open, put_write*, put_commit?, put_free. The object is visible
	 * under its key only after put_commit() returned HF_OK, and then whole;
	 * an object of that key that was there is replaced. put_free() without
	 * a successful commit leaves nothing behind and cannot fail. If
	 * put_open() fails, *put is ignored. One put is used by one thread at a
	 * time; with HF_THREADS_STREAM several puts are open at once. */
	int32_t (*put_open)(hf_ctx *ctx, void *self, const hf_put *in,
	                    void **put);
	int32_t (*put_write)(hf_ctx *ctx, void *put, const void *data,
	                     uint64_t size);
	int32_t (*put_commit)(hf_ctx *ctx, void *put);
	void (*put_free)(hf_ctx *ctx, void *put);

	/* Reads `length` bytes from `offset` (UINT64_MAX: to the end; the
	 * offset is at most the object's size, where there is nothing to read).
	 * get_read() stores 1..cap bytes and their number in *got, or returns
	 * HF_END. An object that ends before offset + length is HF_E_CORRUPT.
	 * A missing one is HF_E_NOT_FOUND from get_open(). */
	int32_t (*get_open)(hf_ctx *ctx, void *self, const char *key,
	                    uint64_t offset, uint64_t length, void **get);
	int32_t (*get_read)(hf_ctx *ctx, void *get, void *buf, uint64_t cap,
	                    uint64_t *got);
	void (*get_free)(hf_ctx *ctx, void *get);

	/* Reports every object whose key begins with `prefix` (empty or ending
	 * with /) through host->object(), in any order, each once. A prefix
	 * with nothing below it is HF_OK and nothing. A listing that could not
	 * be completed is an error, never a short list. */
	int32_t (*list)(hf_ctx *ctx, void *self, const char *prefix,
	                uint32_t flags, hf_list *out);
	/* Reports the one object `key` through host->object(), or
	 * HF_E_NOT_FOUND. */
	int32_t (*stat)(hf_ctx *ctx, void *self, const char *key, hf_list *out);
	/* Removes objects. A missing key counts as removed. Each key that stays
	 * is told with host->removed(); keys not told are gone. HF_OK if the
	 * attempt could be made. The order of keys is kept. */
	int32_t (*remove)(hf_ctx *ctx, void *self, const char *const *keys,
	                  uint64_t count, hf_removal *out);

	/* Makes everything committed so far durable against power loss. NULL:
	 * put_commit() does. The host calls it before and after the manifest
	 * is put. */
	int32_t (*flush)(hf_ctx *ctx, void *self);
	/* Takes the lock `name` (a key), without waiting. HF_E_EXISTS if
	 * somebody else holds it; the message says who. A lock whose owner died
	 * never blocks. Locks are not objects. NULL: the host locks on its own
	 * machine instead. Either both are given or none. */
	int32_t (*lock)(hf_ctx *ctx, void *self, const char *name,
	                uint32_t mode, void **lock);
	void (*unlock)(hf_ctx *ctx, void *lock);
	/* Removes what interrupted puts of this driver left below `prefix`
	 * (temporary files, unfinished uploads), and empty folders. Called
	 * with the exclusive lock of that prefix held. NULL: nothing can be
	 * left. */
	int32_t (*sweep)(hf_ctx *ctx, void *self, const char *prefix);
} hf_sink_ops;

/* ------------------------------------------------------------------------
 * Post stages
 */
#define HF_POINT_COMPLETE 0x1u /* has a manifest that reads well */
#define HF_POINT_CURRENT 0x2u  /* the one this run published */
#define HF_POINT_PINNED 0x4u   /* somebody asked to keep it */
#define HF_POINT_DAMAGED 0x8u  /* a verification found damage */
#define HF_POINT_RUNNING 0x10u /* being written now */

#define HF_VERIFY_DIGEST 10u /* stored bytes re-read and hashed */
#define HF_VERIFY_DECODE 20u /* also decoded, the plain digest compared */

/* Growable. Made by the host, valid until run() returns. */
typedef struct hf_point {
	uint32_t size;
	uint32_t flags;         /* HF_POINT_* */
	const char *id;         /* 20260116T020000Z-xxxx */
	const char *job;
	const char *host;       /* machine that made it; "" unknown */
	const char *parent;     /* id of the point it continues, or NULL */
	int64_t begin_ns;       /* by the manifest, ns since 1970 UTC */
	int64_t end_ns;
	uint64_t entries;       /* number of entries */
	uint64_t plain_bytes;
	uint64_t stored_bytes;
	int64_t verified_ns;    /* newest good verification, 0 never */
	uint32_t verified_level;/* HF_VERIFY_*, 0 never */
	uint32_t verified_ppm;  /* share of entries verified then, millionths */
	int64_t drilled_ns;     /* newest good drill, 0 never */
} hf_point;

/* Growable. */
typedef struct hf_post_ops {
	uint32_t size;
	uint32_t reserved;
	/* Called once per sink of the job, after the point is published. It
	 * only proposes (keep, expire) and asks (verify): the host acts
	 * afterwards, and has the last word: only complete points go, never the
	 * newest, the current, a pinned one or one that a kept one needs. */
	int32_t (*run)(hf_ctx *ctx, void *self, hf_catalogue *catalogue);
} hf_post_ops;

/* ------------------------------------------------------------------------
 * Drivers and plugins
 */
#define HF_KIND_SOURCE 10u
#define HF_KIND_COMPRESSOR 20u
#define HF_KIND_SINK 30u
#define HF_KIND_POST 40u

/* Which calls may run at the same time. */
#define HF_THREADS_PROCESS 10u  /* one call into this driver at a time */
#define HF_THREADS_INSTANCE 20u /* one call per instance at a time */
#define HF_THREADS_STREAM 30u   /* calls on different streams (dumps, puts,
                                 * gets, filter streams) of one instance and
                                 * its other calls run at the same time */

#define HF_CAP_INCREMENTAL 0x1u  /* source: begin() may get a parent mark */
#define HF_CAP_REDUMP 0x2u       /* source: an entry can be dumped again in
                                  * the same session */
#define HF_CAP_DRY_RESTORE 0x4u  /* source: a dry run passes the data too */
#define HF_CAP_CONCAT 0x8u       /* filter: outputs of independent streams,
                                  * concatenated, decode to the inputs,
                                  * concatenated: the host may compress
                                  * blocks on several threads */
#define HF_CAP_IF_ABSENT 0x10u   /* sink: HF_PUT_IF_ABSENT is atomic */
#define HF_CAP_EXPIRE 0x20u      /* post: gives verdicts on points: also run
                                  * by `holdfast prune` */

#define HF_PROBE_WRITE 0x1u /* sink: try that writing is possible */
#define HF_PROBE_DEEP 0x2u  /* source: look inside the data (check --deep) */

/* Growable. Constant, lives for ever. Exactly one of the ops is set, by kind.
 * open, close and the ops' functions that are not said to be optional are
 * required. */
typedef struct hf_driver {
	uint32_t size;
	uint32_t kind;            /* HF_KIND_* */
	const char *name;         /* [a-z][a-z0-9_-]*; `plugin = NAME` */
	const char *summary;      /* one line */
	const hf_option *options; /* ends with name NULL; NULL: none */
	uint32_t threads;         /* HF_THREADS_* */
	uint32_t reserved;
	uint64_t capabilities;    /* HF_CAP_* */

	/* Makes an instance. options are valid until close() returns. Looks at
	 * the values; connects to nothing yet if it can be put off. If it
	 * fails, *self is ignored. */
	int32_t (*open)(hf_ctx *ctx, const hf_options *options, void **self);
	/* Can it be reached, with the rights it needs? flags: HF_PROBE_*.
	 * Leaves nothing behind. Optional. */
	int32_t (*probe)(hf_ctx *ctx, void *self, uint32_t flags);
	/* Frees the instance; nothing of it is open any more. Once. */
	void (*close)(hf_ctx *ctx, void *self);
	/* Called on each thread of the host before its first and after its
	 * last call for this instance, except the one that opened it.
	 * Optional, both or none. */
	int32_t (*worker_begin)(hf_ctx *ctx, void *self);
	void (*worker_end)(hf_ctx *ctx, void *self);

	const hf_source_ops *source;
	const hf_filter_ops *filter;
	const hf_sink_ops *sink;
	const hf_post_ops *post;
} hf_driver;

/* Growable. Constant, lives for ever. */
typedef struct hf_plugin {
	uint32_t size;
	uint32_t abi_major;     /* HF_ABI_MAJOR */
	uint32_t abi_minor;     /* HF_ABI_MINOR it was built with */
	uint32_t needs_minor;   /* least host minor it can work with */
	const char *name;       /* "zstd" */
	const char *version;    /* "1.2.0" */
	const char *license;    /* SPDX expression */
	const hf_driver *const *drivers; /* pointers, ended by NULL */
} hf_plugin;

/* ------------------------------------------------------------------------
 * The host
 */
#define HF_LOG_DEBUG 10u
#define HF_LOG_INFO 20u
#define HF_LOG_NOTICE 30u

/* Growable. Given to hf_plugin_v1(); valid for ever. */
typedef struct hf_host {
	uint32_t size;
	uint32_t abi_minor;  /* the host's HF_ABI_MINOR */
	const char *version; /* the host's own version, for messages */

	/* --- messages; any call --- */

	/* Sets the call's error, replacing an earlier one, and returns
	 * `status` so that `return host->fail(...)` reads well. One sentence
	 * without a full stop: what failed, on what, why. Never a secret. */
	int32_t (*fail)(hf_ctx *ctx, int32_t status, const char *fmt, ...)
	        HF_PRINTF(3, 4);
	/* Adds the next step a person should take to the error set before. */
	void (*hint)(hf_ctx *ctx, const char *fmt, ...) HF_PRINTF(2, 3);
	/* Something a person must know although the call goes on. Shown, and
	 * recorded in the manifest with the entry or source. */
	void (*warn)(hf_ctx *ctx, const char *fmt, ...) HF_PRINTF(2, 3);
	/* For -v and -vv. level: HF_LOG_*. */
	void (*log)(hf_ctx *ctx, uint32_t level, const char *fmt, ...)
	        HF_PRINTF(3, 4);

	/* --- stopping; any call --- */

	/* 1 once the run is to stop: return HF_E_CANCELLED soon. */
	int32_t (*cancelled)(hf_ctx *ctx);
	/* A descriptor that polls readable once cancelled() is 1. Never read
	 * from it, never close it. */
	int32_t (*cancel_fd)(hf_ctx *ctx);
	/* Sleeps so many nanoseconds; HF_E_CANCELLED if woken to stop. */
	int32_t (*sleep)(hf_ctx *ctx, uint64_t ns);

	/* --- surroundings; any call --- */

	/* This thread's lane, 0 .. lanes-1, in dump() and restore(); else 0. */
	uint32_t (*lane)(hf_ctx *ctx);
	/* A private folder that lasts between runs, for this job and driver
	 * instance; made on first use. NULL with the error set if it cannot be
	 * made. Text valid until close. */
	const char *(*state_dir)(hf_ctx *ctx);
	/* A private folder that is removed when the command ends. Else as
	 * state_dir(). */
	const char *(*temp_dir)(hf_ctx *ctx);
	/* Nanoseconds since 1970 UTC: the run's idea of now. */
	int64_t (*now)(hf_ctx *ctx);

	/* --- options: of an instance, or of a restore --- */

	/* How many values NAME has: 0 if not given and without default. */
	uint64_t (*opt_count)(const hf_options *options, const char *name);
	/* The value number `index` as text, or NULL if there is none. */
	const char *(*opt_text)(const hf_options *options, const char *name,
	                        uint64_t index);
	/* The value number `index` as an integer in the type's unit, 0 if
	 * there is none. Not for HF_OPT_STRING and HF_OPT_PATH. */
	int64_t (*opt_int)(const hf_options *options, const char *name,
	                   uint64_t index);
	/* HF_OPT_KEYED: the KEY of value number `index`, or NULL. */
	const char *(*opt_key)(const hf_options *options, const char *name,
	                       uint64_t index);

	/* --- sources --- */

	/* Adds an entry, in begin() or dump(). HF_E_EXISTS if the path was
	 * added before. */
	int32_t (*entry_add)(hf_ctx *ctx, const hf_entry *entry);
	/* A fact about the entry (in dump and restore) or the source (begin,
	 * end). A second value of the same name replaces the first. A fact
	 * whose name begins with ~ is information: not compared. */
	int32_t (*fact_int)(hf_ctx *ctx, const char *name, int64_t value);
	int32_t (*fact_text)(hf_ctx *ctx, const char *name, const char *value);
	/* The source's position: bytes, 64 KiB at most. In begin() or end(). */
	int32_t (*mark)(hf_ctx *ctx, const void *mark, uint64_t size);
	/* What serves the data, with its version: "MariaDB 10.11.6". In
	 * begin(). */
	int32_t (*server)(hf_ctx *ctx, const char *text);
	/* In begin(): the entries hold only what changed since parent_mark.
	 * Without this call the point is a full one. */
	int32_t (*continues_parent)(hf_ctx *ctx);

	/* Appends bytes to the entry. Blocks while the pipeline is full. An
	 * error here is the run's own: return it unchanged, and leave the
	 * writer alone from then on. */
	int32_t (*write)(hf_writer *out, const void *data, uint64_t size);
	/* Room to write into, without a copy: *room bytes (1 at least, up to
	 * the host's block) at *data, until the next call on this writer. Then
	 * advance() by what was filled, 0 too. */
	int32_t (*reserve)(hf_writer *out, void **data, uint64_t *room);
	int32_t (*advance)(hf_writer *out, uint64_t size);

	/* The next bytes of the entry, without a copy: *size (1 at least) at
	 * *data, valid until the next call on this reader; HF_END after the
	 * last. consume() moves on by that many of them. */
	int32_t (*peek)(hf_reader *in, const void **data, uint64_t *size);
	int32_t (*consume)(hf_reader *in, uint64_t size);
	/* Copies 1..cap bytes, their number in *got; HF_END after the last. */
	int32_t (*read)(hf_reader *in, void *buf, uint64_t cap, uint64_t *got);

	/* --- sinks --- */

	/* Reports an object in list() and stat(). An error is the host's own:
	 * return it unchanged. */
	int32_t (*object)(hf_list *out, const hf_object *object);
	/* Tells that keys[index] of remove() stays, why (a class) and in
	 * words. HF_E_EXISTS: the store retains it on purpose. */
	void (*removed)(hf_removal *out, uint64_t index, int32_t status,
	                const char *message);

	/* --- post stages --- */

	/* The name of the sink whose catalogue this is. */
	const char *(*catalogue_sink)(hf_catalogue *catalogue);
	/* How many points, and each of them, oldest first by begin_ns, then by
	 * id. Valid until run() returns. NULL beyond the end. */
	uint64_t (*point_count)(hf_catalogue *catalogue);
	const hf_point *(*point)(hf_catalogue *catalogue, uint64_t index);
	/* An entry of a point, valid until the next point_entry(). NULL beyond
	 * the end or without a manifest. */
	const hf_entry *(*point_entry)(hf_catalogue *catalogue, uint64_t index,
	                               uint64_t entry);
	/* Re-reads entries of a point (indices; count 0: all) at the level
	 * HF_VERIFY_*. HF_E_CORRUPT if damage was found. What was verified is
	 * recorded with the point. */
	int32_t (*verify)(hf_ctx *ctx, hf_catalogue *catalogue, uint64_t index,
	                  uint32_t level, const uint64_t *entries,
	                  uint64_t count);
	/* The stage's verdict on a point, with the reason as one phrase. The
	 * last verdict counts; a point without one is kept. */
	void (*keep)(hf_catalogue *catalogue, uint64_t index,
	             const char *reason);
	void (*expire)(hf_catalogue *catalogue, uint64_t index,
	               const char *reason);
} hf_host;

/* The entry point every plugin exports, and nothing else. Called once, after
 * loading, on the main thread; does no more than keep `host`. Returns NULL if
 * the plugin cannot work with this host. */
HF_EXPORT const hf_plugin *hf_plugin_v1(const hf_host *host);

typedef const hf_plugin *(*hf_plugin_entry)(const hf_host *host);

#ifdef __cplusplus
}
#endif

#endif /* HOLDFAST_PLUGIN_H */
