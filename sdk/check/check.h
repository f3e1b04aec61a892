/* SPDX-License-Identifier: MIT
 * check.h - what the files of holdfast-driver-check share
 *
 * main.c         the command line and the list of laws
 * report.c       one law in one child, and its result as TAP
 * guard.c        what a driver must leave alone: descriptors, signals, umask ...
 * options.c      option tables and values
 * elf.c          the exported symbols of a shared object
 * mock_*.c       the host that the driver sees, strict about every rule
 * instance.c     opening, closing and calling drivers
 * laws_*.c       the laws, by subject
 */
#ifndef HOLDFAST_CHECK_H
#define HOLDFAST_CHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include "holdfast/plugin.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* The size of a growable struct up to and with its last member of ABI 1.0. */
#define SIZE_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* --- report.c --- */

/* Where the law that runs now reports its flaws. */
struct report {
	int fd;
	atomic_uint flaws;
	bool verbose;
};

void flaw(struct report *report, const char *fmt, ...) HF_PRINTF(2, 3);
void note(struct report *report, const char *fmt, ...) HF_PRINTF(2, 3);
const char *status_name(int32_t status);
void *need(void *memory); /* out of memory ends the program */
char *text(const char *fmt, ...) HF_PRINTF(1, 2);

/* --- the program --- */

struct setting {
	char *name;  /* NAME, or NAME.KEY */
	char *value;
};

struct settings {
	struct setting *items;
	size_t count;
};

struct config {
	const char *file;
	const char *driver;
	const char *scratch;
	const char *tool;
	const char *tool_encode;
	const char *into;
	const char *law;
	struct settings options;         /* --option */
	struct settings again;           /* --again */
	struct settings restore_options; /* --restore-option */
	unsigned timeout;
	uint64_t seed;
	bool no_fork;
	bool verbose;
	bool list_only;
};

struct mock;

/* Everything that one law works on. */
struct world {
	const struct config *config;
	struct report *report;
	struct mock *mock;
	const hf_plugin *plugin;
	const hf_driver *raw;   /* the driver's own table */
	hf_driver driver;       /* copies, as a host makes them */
	hf_source_ops source;
	hf_filter_ops filter;
	hf_sink_ops sink;
	hf_post_ops post;
	char *scratch;          /* this law's own folder */
	uint64_t random;
};

struct law {
	const char *name;
	uint32_t kind; /* HF_KIND_*, 0: every driver */
	void (*run)(struct world *world);
	/* NULL, or says why the law does not apply to this driver. */
	const char *(*skip)(const struct world *world);
};

extern const struct law laws_driver[], laws_options[], laws_source[], laws_restore[];
extern const struct law laws_sink_put[], laws_sink_list[], laws_sink_lock[];
extern const struct law laws_filter[], laws_filter_data[], laws_post[];

bool run_law(const struct law *law, const struct config *config, const hf_plugin *plugin,
    const hf_driver *driver, unsigned number);
uint64_t random_next(struct world *world);
uint64_t random_below(struct world *world, uint64_t limit);
void random_fill(struct world *world, void *data, size_t size);
int remove_tree(const char *path);
uint64_t count_files(const char *path);

/* --- guard.c --- */

struct guard {
	unsigned fds;
	unsigned threads;
	unsigned mask;
	char *cwd;
	char *locale;
	uint64_t environment;
	void (*handlers[65])(int);
};

void guard_take(struct guard *guard);
void guard_compare(struct guard *guard, struct report *report, const char *when);
uint64_t heap_in_use(void);

/* --- elf.c --- */

/* A whole shared object for processors of this word size, not one that was cut short. */
bool elf_whole(const char *file);
/* The names a shared object defines for others, one to a call. False: not an ELF file of this
 * machine. */
bool elf_exports(const char *file, void (*found)(void *data, const char *name), void *data);

/* --- options.c --- */

struct value {
	const hf_option *option;
	char *key;
	char *text;
	int64_t number;
};

struct hf_options {
	struct mock *mock;
	const hf_option *table;
	struct value *values;
	size_t count;
	bool closed;
};

/* Reads a value as the host would. False, and why (static text), if it does not fit. */
bool option_parse(const hf_option *option, const char *given, int64_t *number, const char **why);
uint64_t option_choices(const hf_option *option);
char *option_choice(const hf_option *option, uint64_t index);
hf_options *options_new(struct mock *mock, const hf_option *table);
bool options_add(hf_options *options, const char *name, const char *value, const char **why);
/* Fills in the defaults; names a required option that is missing, else NULL. */
const char *options_finish(hf_options *options);
void options_free(hf_options *options);
char *substitute(const char *value, const char *scratch);
void settings_add(struct settings *settings, const char *assignment);
const char *settings_get(const struct settings *settings, const char *name);

/* --- mock_host.c --- */

enum call {
	CALL_OPEN = 0x1, CALL_PROBE = 0x2, CALL_CLOSE = 0x4, CALL_WORKER = 0x8,
	CALL_BEGIN = 0x10, CALL_DUMP = 0x20, CALL_END = 0x40,
	CALL_RESTORE_BEGIN = 0x80, CALL_WANTS = 0x100, CALL_PREPARE = 0x200,
	CALL_RESTORE = 0x400, CALL_RESTORE_END = 0x800,
	CALL_FILTER = 0x1000,
	CALL_PUT = 0x2000, CALL_GET = 0x4000, CALL_LIST = 0x8000, CALL_STAT = 0x10000,
	CALL_REMOVE = 0x20000, CALL_SINK = 0x40000,
	CALL_POST = 0x80000,
};

struct facts;
struct dumped;

struct hf_ctx {
	uint32_t magic;
	uint32_t call;        /* enum call */
	const char *name;     /* for messages */
	struct mock *mock;
	pthread_t thread;
	atomic_bool live;
	int32_t failed;       /* what fail() was given, 0 none */
	int32_t host_error;   /* what a host call returned last, 0 none */
	int32_t stream_error; /* what a writer or reader returned: final */
	uint32_t lane;
	char message[1024];
	struct facts *facts;  /* where facts go */
	struct dumped *backup;/* where entries go */
	struct hf_ctx *next;
};

struct mock {
	struct report *report;
	pthread_mutex_t mutex;
	hf_ctx *contexts;
	atomic_ullong calls;     /* host calls so far */
	atomic_ullong cancel_at; /* the call that cancels; 0 never */
	atomic_int cancelled;
	int pipe[2];
	char *scratch;
	char *state_dir;
	char *temp_dir;
	char **secrets;          /* never to be seen in a message */
	size_t secret_count;
	/* Writers and readers give this much at a time, and fail after so many calls (0 never). */
	uint64_t block;
	uint64_t stream_fail_at;
	atomic_ullong stream_calls;
};

extern const hf_host mock_table; /* mock_table.c */

struct mock *mock_new(struct report *report, const char *scratch);
void mock_free(struct mock *mock);
/* Back to the state of a new one; frees the contexts of the calls that are over. */
void mock_reset(struct mock *mock);
hf_ctx *call_begin(struct mock *mock, enum call call, const char *name);
/* Ends the call: judges its status and message. Returns the status. */
int32_t call_done(hf_ctx *ctx, int32_t status);
void call_done_void(hf_ctx *ctx);
/* For the host functions: checks the context, counts, cancels. */
void host_call(hf_ctx *ctx, const char *function, uint32_t allowed, bool any_thread);
void count_call(struct mock *mock);
void mock_secret(struct mock *mock, const char *value);
int32_t host_result(hf_ctx *ctx, int32_t status);

int32_t mock_fail(hf_ctx *ctx, int32_t status, const char *fmt, ...) HF_PRINTF(3, 4);
void mock_hint(hf_ctx *ctx, const char *fmt, ...) HF_PRINTF(2, 3);
void mock_warn(hf_ctx *ctx, const char *fmt, ...) HF_PRINTF(2, 3);
void mock_log(hf_ctx *ctx, uint32_t level, const char *fmt, ...) HF_PRINTF(3, 4);
int32_t mock_cancelled(hf_ctx *ctx);
int32_t mock_cancel_fd(hf_ctx *ctx);
int32_t mock_sleep(hf_ctx *ctx, uint64_t ns);
uint32_t mock_lane(hf_ctx *ctx);
const char *mock_state_dir(hf_ctx *ctx);
const char *mock_temp_dir(hf_ctx *ctx);
int64_t mock_now(hf_ctx *ctx);
uint64_t mock_opt_count(const hf_options *options, const char *name);
const char *mock_opt_text(const hf_options *options, const char *name, uint64_t index);
int64_t mock_opt_int(const hf_options *options, const char *name, uint64_t index);
const char *mock_opt_key(const hf_options *options, const char *name, uint64_t index);

/* --- mock_source.c --- */

struct fact {
	char *name;
	char *text; /* numbers too: "=5" is text, "5" a number */
};

struct facts {
	struct fact *items;
	size_t count;
};

struct entry {
	hf_entry host;  /* as the host hands it out; its strings are ours */
	struct facts facts;
	unsigned char *data;
	uint64_t size;
	uint64_t room;
	bool dumped;
};

/* What a backup left: the entries with their bytes, the facts and the mark. */
struct dumped {
	pthread_mutex_t mutex;
	struct entry **entries; /* grows while dumps run: the pointers stay */
	size_t count;
	struct facts facts;
	void *mark;
	uint64_t mark_size;
	bool server;
};

struct hf_writer {
	uint32_t magic;
	hf_ctx *ctx;
	struct entry *entry;
	unsigned char *block; /* what reserve() handed out */
	uint64_t reserved;
	bool failed;
};

struct hf_reader {
	uint32_t magic;
	hf_ctx *ctx;
	const unsigned char *data;
	uint64_t size;
	uint64_t pos;
	uint64_t peeked;
	unsigned char *block; /* exactly what peek() showed, so that an overrun is seen */
	bool ended;
	bool failed;
};

struct dumped *dumped_new(void);
void dumped_free(struct dumped *dumped);
const char *facts_get(const struct facts *facts, const char *name);
void facts_free(struct facts *facts);
/* True if all facts that count are in both and the same; else says the first that is not. */
bool facts_same(const struct facts *before, const struct facts *after, char **why);
void writer_end(hf_writer *writer);
void reader_end(hf_reader *reader);

int32_t mock_entry_add(hf_ctx *ctx, const hf_entry *entry);
int32_t mock_fact_int(hf_ctx *ctx, const char *name, int64_t value);
int32_t mock_fact_text(hf_ctx *ctx, const char *name, const char *value);
int32_t mock_mark(hf_ctx *ctx, const void *mark, uint64_t size);
int32_t mock_server(hf_ctx *ctx, const char *server);
int32_t mock_continues_parent(hf_ctx *ctx);
int32_t mock_write(hf_writer *out, const void *data, uint64_t size);
int32_t mock_reserve(hf_writer *out, void **data, uint64_t *room);
int32_t mock_advance(hf_writer *out, uint64_t size);
int32_t mock_peek(hf_reader *in, const void **data, uint64_t *size);
int32_t mock_consume(hf_reader *in, uint64_t size);
int32_t mock_read(hf_reader *in, void *buf, uint64_t cap, uint64_t *got);

/* --- mock_sink.c --- */

struct object {
	char *key;
	uint64_t bytes;
	int64_t mtime_ns;
	uint32_t flags;
};

struct hf_list {
	uint32_t magic;
	hf_ctx *ctx;
	const char *prefix; /* of list(), or the key of stat() */
	bool stat;
	bool children;
	struct object *objects;
	size_t count;
	size_t room;
};

struct hf_removal {
	uint32_t magic;
	hf_ctx *ctx;
	uint64_t count;
	uint64_t stayed;
	char *why; /* of the last that stayed */
};

bool key_valid(const char *key, bool prefix);
const struct object *list_find(const struct hf_list *list, const char *key);
void list_free(struct hf_list *list);
int32_t mock_object(hf_list *out, const hf_object *object);
void mock_removed(hf_removal *out, uint64_t index, int32_t status, const char *message);

/* --- mock_post.c --- */

struct verdict {
	bool given;
	bool expire;
};

struct hf_catalogue {
	uint32_t magic;
	hf_ctx *ctx;
	hf_point *points;
	struct verdict *verdicts;
	char (*ids)[32];
	uint64_t count;
	uint32_t verify_errors; /* verifications that found damage or failed */
	bool damage;            /* points with HF_POINT_DAMAGED fail verification */
};

void catalogue_make(struct hf_catalogue *catalogue, uint64_t count, int64_t newest_ns,
    int64_t step_ns);
void catalogue_free(struct hf_catalogue *catalogue);
const char *mock_catalogue_sink(hf_catalogue *catalogue);
uint64_t mock_point_count(hf_catalogue *catalogue);
const hf_point *mock_point(hf_catalogue *catalogue, uint64_t index);
const hf_entry *mock_point_entry(hf_catalogue *catalogue, uint64_t index, uint64_t entry);
int32_t mock_verify(hf_ctx *ctx, hf_catalogue *catalogue, uint64_t index, uint32_t level,
    const uint64_t *entries, uint64_t count);
void mock_keep(hf_catalogue *catalogue, uint64_t index, const char *reason);
void mock_expire(hf_catalogue *catalogue, uint64_t index, const char *reason);

/* --- instance.c --- */

struct instance {
	struct world *world;
	hf_options *options;
	void *self;
	pthread_t opener;
};

/* Copies the driver's tables as a host does: min(size), the rest zero. */
void world_adopt(struct world *world, const hf_driver *driver);
hf_options *world_options(struct world *world, const struct settings *instead);
/* HF_OK, or what open() returned, which is a flaw unless `quiet`. */
int32_t instance_open(struct world *world, struct instance *instance,
    const struct settings *instead, bool quiet);
void instance_close(struct instance *instance);
/* Around the calls of a thread that did not open the instance. */
int32_t worker_enter(struct instance *instance);
void worker_leave(struct instance *instance);
bool may_be_cancelled(int32_t status);
/* Runs `once` with the run cancelled at host call 1, 2, 3 ... until a call is not reached. */
void cancel_everywhere(struct world *world, int32_t (*once)(struct world *world));
/* Runs `once` several times: memory that grows each time by the same is a leak. */
void watch_growth(struct world *world, const char *what, int32_t (*once)(struct world *world));
const char *skip_threads(const struct world *world);

/* --- instance_source.c --- */

struct backup_plan {
	unsigned workers;            /* threads that dump; 0: the one that opened */
	const struct settings *instead;
	bool fails;                  /* an error is expected: it is not a flaw */
	bool twice;                  /* dump each entry twice */
	bool dry_run;
};

int32_t backup(struct world *world, const struct backup_plan *plan, struct dumped *dumped);

struct restore_plan {
	const char *into;
	uint32_t flags;
	const char *only;
	bool fails;
};

int32_t restore(struct world *world, const struct restore_plan *plan,
    const struct dumped *dumped);

/* --- instance_filter.c --- */

struct bytes {
	unsigned char *data;
	uint64_t size;
	uint64_t room;
};

/* How a stream is fed: chunks of 0 mean a random size up to 5000. */
struct feed {
	uint64_t in_chunk;
	uint64_t out_chunk;
	bool late_finish; /* HF_RUN_FINISH comes with an empty cursor */
	uint64_t most;    /* more output than this is an error */
};

#define FILTER_SAMPLES 5u

extern const struct feed filter_whole; /* large buffers */

void bytes_add(struct bytes *bytes, const void *data, uint64_t size);
void make_sample(struct world *world, unsigned which, struct bytes *sample);
void expect_bytes(struct world *world, const char *what, const struct bytes *want,
    const struct bytes *got);
void *stream_open(struct instance *in, uint32_t direction, int32_t *status);
/* One run(), judged; what it gave is added to `out`. */
int32_t run_once(struct instance *in, void *stream, hf_in *input, const void *source,
    uint64_t room, uint32_t op, struct bytes *out);
/* HF_OK when all of it went through; `out` holds what came, also after an error. */
int32_t filter_pass(struct instance *in, uint32_t direction, const void *data, uint64_t size,
    const struct feed *feed, struct bytes *out);

/* --- instance_sink.c --- */

/* A store for one law: an instance and the prefix all its keys begin with. */
struct store {
	struct instance instance;
	struct world *world;
	char prefix[64];
};

bool store_open(struct world *world, struct store *store);
void store_close(struct store *store); /* removes what lies below the prefix */
char *store_key(const struct store *store, const char *name);
int32_t put_open(struct instance *in, const char *key, uint32_t flags, void **put);
int32_t put_write(struct instance *in, void *put, const void *data, uint64_t size);
int32_t put_commit(struct instance *in, void *put);
void put_free(struct instance *in, void *put);
/* The whole of it, in writes of `chunk` bytes (0: one). */
int32_t put_all(struct instance *in, const char *key, const void *data, uint64_t size,
    uint64_t chunk, uint32_t flags);
/* Reads a range into a fresh buffer; `cap` bytes at a time. */
int32_t get_range(struct instance *in, const char *key, uint64_t offset, uint64_t length,
    uint64_t cap, unsigned char **data, uint64_t *size);
int32_t list_all(struct instance *in, const char *prefix, uint32_t flags, struct hf_list *list);
int32_t stat_one(struct instance *in, const char *key, struct hf_list *list);
int32_t remove_keys(struct instance *in, const char *const *keys, uint64_t count);
int32_t sink_flush(struct instance *in);
int32_t sink_lock(struct instance *in, const char *name, uint32_t mode, void **lock);
void sink_unlock(struct instance *in, void *lock);
int32_t sink_sweep(struct instance *in, const char *prefix);
/* A flaw unless the key holds exactly these bytes, or (data NULL) nothing at all. */
void expect_object(struct instance *in, const char *key, const void *data, uint64_t size);

#endif
