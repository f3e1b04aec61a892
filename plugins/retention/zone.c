/* SPDX-License-Identifier: MIT
 *
 * Time zones: finding the zone's file and answering for an instant. How the
 * file is read is in tzif.c.
 */
#include "config.h"

#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tzif.h"

#define LARGEST_FILE (256 * 1024)
#define LOCAL_FILE "/etc/localtime"

static const char *const folders[] = {
	"/usr/share/zoneinfo",
	"/usr/lib/zoneinfo",
	"/usr/share/lib/zoneinfo",
	"/etc/zoneinfo",
};

struct zone {
	struct tzif tz;
};

static struct zone *zone_new(void)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	return zone;
}

struct zone *zone_parse(const void *data, size_t bytes, char *why, size_t size)
{
	struct zone *zone = zone_new();
	const char *fault = "out of memory";

	if (zone != NULL && tzif_read(data, bytes, &zone->tz, &fault))
		return zone;
	snprintf(why, size, "%s", fault);
	free(zone);
	return NULL;
}

void zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	tzif_clear(&zone->tz);
	free(zone);
}

int32_t zone_offset(const struct zone *zone, int64_t when)
{
	const struct tzif *tz = &zone->tz;
	size_t low = 0, high = tz->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tz->change[middle].when <= when)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == tz->count && tz->has_rule)
		return tzrule_offset(&tz->rule, when);
	return low == 0 ? tz->first : tz->change[low - 1].offset;
}

/* Letters, digits and _+- in components joined by single slashes: nothing that
 * leaves the folder. */
static bool name_is_safe(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789_+-";
	const char *at = name;

	for (;;) {
		size_t length = strspn(at, allowed);

		if (length == 0)
			return false;
		at += length;
		if (*at == '\0')
			return true;
		if (*at++ != '/')
			return false;
	}
}

static int open_in_folders(const char *name)
{
	int fd = -1;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char path[512];
		int length = snprintf(path, sizeof(path), "%s/%s", folders[i], name);

		if (length < 0 || (size_t)length >= sizeof(path)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0 || errno != ENOENT)
			break;
	}
	return fd;
}

/* Reads at most `room` bytes; -1 with errno on an error. */
static ssize_t read_all(int fd, unsigned char *data, size_t room)
{
	size_t done = 0;

	while (done < room) {
		ssize_t got = read(fd, data + done, room - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static struct zone *zone_from_file(int fd, char *why, size_t size)
{
	struct zone *zone = NULL;
	unsigned char *data = NULL;
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) != 0) {
		snprintf(why, size, "%s", strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, size, "not a time zone file");
		return NULL;
	}
	data = malloc(LARGEST_FILE + 1);
	got = data == NULL ? -1 : read_all(fd, data, LARGEST_FILE + 1);
	if (got < 0)
		snprintf(why, size, "%s", strerror(errno));
	else if (got > LARGEST_FILE)
		snprintf(why, size, "larger than a time zone file");
	else
		zone = zone_parse(data, (size_t)got, why, size);
	free(data);
	return zone;
}

struct zone *zone_open(const char *name, char *why, size_t size)
{
	bool local = strcmp(name, "local") == 0;
	struct zone *zone;
	int fd;

	if (strcmp(name, "UTC") == 0)
		return zone_new();
	if (!local && !name_is_safe(name)) {
		snprintf(why, size, "not a time zone's name");
		return NULL;
	}
	fd = local ? open(LOCAL_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
	           : open_in_folders(name);
	if (fd < 0) {
		/* localtime(5): a machine without the file runs on UTC. */
		if (local && errno == ENOENT)
			return zone_new();
		snprintf(why, size, "%s", errno == ENOENT ? "no such zone on this machine"
		                                          : strerror(errno));
		return NULL;
	}
	zone = zone_from_file(fd, why, size);
	close(fd);
	return zone;
}
