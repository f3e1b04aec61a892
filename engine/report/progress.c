/* SPDX-License-Identifier: MIT
 * How far a run is. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "engine/report/out.h"
#include "engine/report/progress.h"
#include "engine/util/clock.h"
#include "engine/util/log.h"
#include "engine/util/mem.h"
#include "engine/util/units.h"

#define REDRAW (NS_PER_S / 5)     /* on a terminal */
#define PLAIN_LINE (30 * NS_PER_S) /* elsewhere */
#define EVENT NS_PER_S            /* --json */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool running, stop, terminal, drawn;
	const char *verb;
	struct progress *p;
	char *entry;
	int64_t begun;
	int64_t last_time;  /* for the rate: a moving average */
	uint64_t last_plain;
	double rate;
} progress = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Under the log's lock. */
static void clear_line(void)
{
	if (progress.drawn)
		fputs("\r\033[K", stderr);
	progress.drawn = false;
}

static void measure_rate(uint64_t plain)
{
	int64_t now = clock_mono();
	double seconds = (double)(now - progress.last_time) / (double)NS_PER_S;

	if (seconds <= 0)
		return;
	double rate = (double)(plain - progress.last_plain) / seconds;
	progress.rate = progress.rate > 0 ? progress.rate * 0.8 + rate * 0.2 : rate;
	progress.last_time = now;
	progress.last_plain = plain;
}

static char *status_text(void)
{
	uint64_t plain = atomic_load(&progress.p->plain), total = atomic_load(&progress.p->total);
	char done[16], all[16], rate[16], eta[24];
	struct buf b = {0};

	measure_rate(plain);
	format_bytes(plain, done, sizeof done);
	format_bytes((uint64_t)progress.rate, rate, sizeof rate);
	buf_addf(&b, "%s %s", progress.verb, done);
	if (total >= plain && total > 0) {
		format_bytes(total, all, sizeof all);
		buf_addf(&b, " of %s (%d%%)", all, (int)((double)plain * 100 / (double)total));
	}
	buf_addf(&b, ", %s/s", rate);
	if (total > plain && progress.rate > 1) {
		double left = (double)(total - plain) / progress.rate;

		if (left < 1e7) {
			format_duration((int64_t)left * NS_PER_S, eta, sizeof eta);
			buf_addf(&b, ", %s left", eta);
		}
	}
	buf_addf(&b, ", %llu/%llu", (unsigned long long)atomic_load(&progress.p->entries_done),
		(unsigned long long)atomic_load(&progress.p->entries));
	pthread_mutex_lock(&progress.lock);
	if (progress.entry)
		buf_addf(&b, " %s", progress.entry);
	pthread_mutex_unlock(&progress.lock);
	return buf_take(&b);
}

/* Cuts to a terminal's width without cutting a character. */
static void fit(char *text)
{
	struct winsize size;
	size_t columns = 79, n = 0;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10)
		columns = size.ws_col - 1u;
	for (char *p = text; *p; p++) {
		n += (*p & 0xc0) != 0x80;
		if (n > columns) {
			*p = '\0';
			return;
		}
	}
}

static void draw_line(void *arg)
{
	clear_line();
	fputs(arg, stderr);
	fflush(stderr);
	progress.drawn = true;
}

static void show(void)
{
	char *text = status_text();

	if (out_json()) {
		json_object *o = json_object_new_object();
		json_object_object_add(o, "verb", json_object_new_string(progress.verb));
		json_object_object_add(o, "bytes", json_object_new_uint64(atomic_load(&progress.p->plain)));
		json_object_object_add(o, "total", json_object_new_uint64(atomic_load(&progress.p->total)));
		json_object_object_add(o, "stored", json_object_new_uint64(atomic_load(&progress.p->stored)));
		json_object_object_add(o, "entries_done",
			json_object_new_uint64(atomic_load(&progress.p->entries_done)));
		json_object_object_add(o, "entries",
			json_object_new_uint64(atomic_load(&progress.p->entries)));
		json_object_object_add(o, "bytes_per_second", json_object_new_int64((int64_t)progress.rate));
		out_event("progress", o);
	} else if (progress.terminal) {
		fit(text);
		log_locked(draw_line, text);
	} else {
		log_notice("%s", text);
	}
	free(text);
}

static void *draw_thread(void *arg)
{
	int64_t pause = out_json() ? EVENT : progress.terminal ? REDRAW : PLAIN_LINE;

	(void)arg;
	pthread_mutex_lock(&progress.lock);
	while (!progress.stop) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += pause / NS_PER_S;
		until.tv_nsec += pause % NS_PER_S;
		if (until.tv_nsec >= NS_PER_S) {
			until.tv_sec++;
			until.tv_nsec -= NS_PER_S;
		}
		if (pthread_cond_timedwait(&progress.changed, &progress.lock, &until) == 0)
			continue;
		pthread_mutex_unlock(&progress.lock);
		show();
		pthread_mutex_lock(&progress.lock);
	}
	pthread_mutex_unlock(&progress.lock);
	return NULL;
}

void progress_start(const char *verb, struct progress *p)
{
	sigset_t all, old;

	progress.verb = verb;
	progress.p = p;
	progress.begun = progress.last_time = clock_mono();
	progress.last_plain = 0;
	progress.rate = 0;
	progress.stop = false;
	progress.terminal = isatty(STDERR_FILENO) && log_level() != LOG_LEVEL_QUIET;
	if (!progress.terminal && !out_json() && log_level() == LOG_LEVEL_QUIET)
		return;
	log_set_line_hook(clear_line);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	progress.running = pthread_create(&progress.thread, NULL, draw_thread, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void progress_entry(const char *name)
{
	char *text = printable(name);

	pthread_mutex_lock(&progress.lock);
	free(progress.entry);
	progress.entry = text;
	pthread_mutex_unlock(&progress.lock);
}

static void clear_now(void *arg)
{
	(void)arg;
	clear_line();
	fflush(stderr);
}

void progress_stop(void)
{
	if (progress.running) {
		pthread_mutex_lock(&progress.lock);
		progress.stop = true;
		pthread_cond_broadcast(&progress.changed);
		pthread_mutex_unlock(&progress.lock);
		pthread_join(progress.thread, NULL);
		progress.running = false;
	}
	log_locked(clear_now, NULL);
	log_set_line_hook(NULL);
	free(progress.entry);
	progress.entry = NULL;
}
