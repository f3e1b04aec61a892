/* SPDX-License-Identifier: MIT
 *
 * Who a member belongs to on this machine. Names go before numbers, as in tar:
 * the same user may have another number here.
 */
#include "config.h"

#include "restore.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

#define OWNER_UNKNOWN UINT32_MAX

static uint32_t look_up_user(const char *name)
{
	struct passwd room, *found = NULL;
	char text[16384];

	if (getpwnam_r(name, &room, text, sizeof(text), &found) != 0 ||
	    found == NULL)
		return OWNER_UNKNOWN;
	return found->pw_uid;
}

static uint32_t look_up_group(const char *name)
{
	struct group room, *found = NULL;
	char text[16384];

	if (getgrnam_r(name, &room, text, sizeof(text), &found) != 0 ||
	    found == NULL)
		return OWNER_UNKNOWN;
	return found->gr_gid;
}

static uint32_t remembered(struct owner_slot *slots, size_t count,
                           const char *name, uint32_t (*look_up)(const char *))
{
	struct owner_slot *slot;
	size_t hash = 5381;

	if (name == NULL || *name == '\0' || strlen(name) >= sizeof(slots->name))
		return OWNER_UNKNOWN;
	for (const char *s = name; *s != '\0'; s++)
		hash = hash * 33 + (unsigned char)*s;
	slot = &slots[hash % count];
	if (strcmp(slot->name, name) != 0) {
		slot->id = look_up(name);
		memcpy(slot->name, name, strlen(name) + 1);
	}
	return slot->id;
}

uid_t owner_user(struct owners *o, struct archive_entry *entry, bool numeric)
{
	uint32_t id = OWNER_UNKNOWN;

	if (!numeric)
		id = remembered(o->user, sizeof(o->user) / sizeof(o->user[0]),
		                archive_entry_uname(entry), look_up_user);
	return id != OWNER_UNKNOWN ? id : (uid_t)archive_entry_uid(entry);
}

gid_t owner_group(struct owners *o, struct archive_entry *entry, bool numeric)
{
	uint32_t id = OWNER_UNKNOWN;

	if (!numeric)
		id = remembered(o->group, sizeof(o->group) / sizeof(o->group[0]),
		                archive_entry_gname(entry), look_up_group);
	return id != OWNER_UNKNOWN ? id : (gid_t)archive_entry_gid(entry);
}
