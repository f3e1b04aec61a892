/* SPDX-License-Identifier: MIT
 *
 * What a file has beside its bytes: POSIX ACLs, extended attributes (file
 * capabilities are one of them), and the names of its user and group.
 *
 * ACLs are read and written as the kernel's own extended attribute, so that one
 * listing a file tells whether there is anything to read at all.
 */
#include "config.h"

#include "source.h"

#include <endian.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

/* The kernel allows no longer list and no larger value. */
#define XATTR_ROOM 65536u

/* --- names -------------------------------------------------------------- */

static struct name_slot *slot_of(struct names *names, uint32_t id)
{
	const size_t slots = sizeof(names->slot) / sizeof(names->slot[0]);

	return &names->slot[id % slots];
}

static void name_keep(struct name_slot *slot, uint32_t id, const char *text)
{
	slot->used = true;
	slot->id = id;
	slot->text[0] = '\0';
	/* a name that does not fit is no name: the number remains */
	if (text != NULL && strlen(text) < sizeof(slot->text))
		memcpy(slot->text, text, strlen(text) + 1);
}

const char *names_user(struct names *names, uid_t uid)
{
	struct name_slot *slot = slot_of(names, uid);

	if (!slot->used || slot->id != uid) {
		struct passwd room, *found = NULL;
		char text[4096];

		if (getpwuid_r(uid, &room, text, sizeof(text), &found) != 0)
			found = NULL;
		name_keep(slot, uid, found != NULL ? found->pw_name : NULL);
	}
	return slot->text[0] != '\0' ? slot->text : NULL;
}

const char *names_group(struct names *names, gid_t gid)
{
	struct name_slot *slot = slot_of(names, gid);

	if (!slot->used || slot->id != gid) {
		struct group room, *found = NULL;
		char text[16384];

		if (getgrgid_r(gid, &room, text, sizeof(text), &found) != 0)
			found = NULL;
		name_keep(slot, gid, found != NULL ? found->gr_name : NULL);
	}
	return slot->text[0] != '\0' ? slot->text : NULL;
}

/* --- where -------------------------------------------------------------- */

/* A path of any file by its folder's descriptor: only the last component may
 * be a link, and the l... calls do not follow that one. */
struct by_folder {
	char s[300];
};

static bool name_by_folder(struct by_folder *out, const struct place *at)
{
	const int n = snprintf(out->s, sizeof(out->s), "/proc/self/fd/%d/%s",
	                       at->dir, at->name);

	return n > 0 && (size_t)n < sizeof(out->s);
}

static ssize_t list(const struct place *at, char *buf, size_t room)
{
	struct by_folder path;

	if (at->fd >= 0)
		return flistxattr(at->fd, buf, room);
	if (!name_by_folder(&path, at)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return llistxattr(path.s, buf, room);
}

static ssize_t get(const struct place *at, const char *name, void *buf,
                   size_t room)
{
	struct by_folder path;

	if (at->fd >= 0)
		return fgetxattr(at->fd, name, buf, room);
	if (!name_by_folder(&path, at)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return lgetxattr(path.s, name, buf, room);
}

static int set(const struct place *at, const char *name, const void *value,
               size_t size)
{
	struct by_folder path;

	if (at->fd >= 0)
		return fsetxattr(at->fd, name, value, size, 0) == 0 ? 0 : errno;
	if (!name_by_folder(&path, at))
		return ENAMETOOLONG;
	return lsetxattr(path.s, name, value, size, 0) == 0 ? 0 : errno;
}

static int unset(const struct place *at, const char *name)
{
	struct by_folder path;
	int err;

	if (at->fd >= 0)
		err = fremovexattr(at->fd, name) == 0 ? 0 : errno;
	else if (!name_by_folder(&path, at))
		err = ENAMETOOLONG;
	else
		err = lremovexattr(path.s, name) == 0 ? 0 : errno;
	return err == ENODATA || err == ENOTSUP ? 0 : err;
}

/* --- ACLs: the kernel's form of linux/posix_acl_xattr.h ------------------ */

#define ACL_VERSION 2u
#define ACL_ENTRIES_MAX 4096u

struct acl_head {
	uint32_t version;
};

struct acl_item {
	uint16_t tag;
	uint16_t perm;
	uint32_t id;
};

static const struct {
	uint16_t tag;
	int archive_tag;
} tags[] = {
	{ 0x01, ARCHIVE_ENTRY_ACL_USER_OBJ },
	{ 0x02, ARCHIVE_ENTRY_ACL_USER },
	{ 0x04, ARCHIVE_ENTRY_ACL_GROUP_OBJ },
	{ 0x08, ARCHIVE_ENTRY_ACL_GROUP },
	{ 0x10, ARCHIVE_ENTRY_ACL_MASK },
	{ 0x20, ARCHIVE_ENTRY_ACL_OTHER },
};
#define TAGS (sizeof(tags) / sizeof(tags[0]))

static int acl_parse(struct archive_entry *entry, int type, const char *value,
                     size_t size, struct names *users, struct names *groups)
{
	struct acl_head head;
	struct acl_item item;

	if (size < sizeof(head) || (size - sizeof(head)) % sizeof(item) != 0)
		return EINVAL;
	memcpy(&head, value, sizeof(head));
	if (le32toh(head.version) != ACL_VERSION)
		return EINVAL;
	for (size_t at = sizeof(head); at < size; at += sizeof(item)) {
		const char *name = NULL;
		size_t i = 0;
		int id = -1;

		memcpy(&item, value + at, sizeof(item));
		while (i < TAGS && tags[i].tag != le16toh(item.tag))
			i++;
		if (i == TAGS)
			return EINVAL;
		if (tags[i].tag == 0x02) {
			id = (int)le32toh(item.id);
			name = names_user(users, (uid_t)id);
		} else if (tags[i].tag == 0x08) {
			id = (int)le32toh(item.id);
			name = names_group(groups, (gid_t)id);
		}
		/* the permission bits are the same: r 4, w 2, x 1 */
		if (archive_entry_acl_add_entry(entry, type,
		                                le16toh(item.perm) & 7,
		                                tags[i].archive_tag, id,
		                                name) != ARCHIVE_OK)
			return EINVAL;
	}
	return 0;
}

static int compare_items(const void *a, const void *b)
{
	const struct acl_item *x = a, *y = b;
	const uint32_t xt = le16toh(x->tag), yt = le16toh(y->tag);
	const uint32_t xi = le32toh(x->id), yi = le32toh(y->id);

	if (xt != yt)
		return xt < yt ? -1 : 1;
	return xi < yi ? -1 : xi > yi;
}

/* The number for an ACL's name, as this machine knows it. */
static int acl_id(int tag, const char *name, int id)
{
	char text[16384];

	if (name != NULL && tag == ARCHIVE_ENTRY_ACL_USER) {
		struct passwd room, *found = NULL;

		if (getpwnam_r(name, &room, text, sizeof(text), &found) == 0 &&
		    found != NULL)
			return (int)found->pw_uid;
	}
	if (name != NULL && tag == ARCHIVE_ENTRY_ACL_GROUP) {
		struct group room, *found = NULL;

		if (getgrnam_r(name, &room, text, sizeof(text), &found) == 0 &&
		    found != NULL)
			return (int)found->gr_gid;
	}
	return id;
}

static int acl_write(const struct place *at, const char *xattr,
                     struct archive_entry *entry, int type)
{
	int count = archive_entry_acl_reset(entry, type);
	int got, perm, tag, id;
	const char *name;
	struct acl_item *items;
	size_t n = 0;
	char *value;
	int err;

	if (count <= 0 || count > (int)ACL_ENTRIES_MAX)
		return count == 0 ? 0 : EINVAL;
	value = malloc(sizeof(struct acl_head) +
	               (size_t)count * sizeof(struct acl_item));
	items = calloc((size_t)count, sizeof(*items));
	if (value == NULL || items == NULL) {
		free(value);
		free(items);
		return ENOMEM;
	}
	while (n < (size_t)count &&
	       archive_entry_acl_next(entry, type, &got, &perm, &tag, &id,
	                              &name) == ARCHIVE_OK) {
		size_t i = 0;

		while (i < TAGS && tags[i].archive_tag != tag)
			i++;
		if (i == TAGS || got != type)
			continue;
		items[n].tag = htole16(tags[i].tag);
		items[n].perm = htole16((uint16_t)(perm & 7));
		items[n].id = htole32((uint32_t)acl_id(tag, name, id));
		if (tag != ARCHIVE_ENTRY_ACL_USER &&
		    tag != ARCHIVE_ENTRY_ACL_GROUP)
			items[n].id = htole32(UINT32_MAX);
		n++;
	}
	qsort(items, n, sizeof(*items), compare_items);
	memcpy(value, &(struct acl_head){ htole32(ACL_VERSION) },
	       sizeof(struct acl_head));
	memcpy(value + sizeof(struct acl_head), items, n * sizeof(*items));
	err = set(at, xattr, value,
	          sizeof(struct acl_head) + n * sizeof(*items));
	free(value);
	free(items);
	return err;
}

int acls_write(const struct place *at, struct archive_entry *entry,
               bool folder, bool inherited)
{
	const int types = archive_entry_acl_types(entry);
	int err = 0;

	if (types & ARCHIVE_ENTRY_ACL_TYPE_ACCESS)
		err = acl_write(at, ACL_ACCESS, entry,
		                ARCHIVE_ENTRY_ACL_TYPE_ACCESS);
	else if (inherited)
		err = unset(at, ACL_ACCESS);
	if (err != 0 || !folder)
		return err;
	if (types & ARCHIVE_ENTRY_ACL_TYPE_DEFAULT)
		return acl_write(at, ACL_DEFAULT, entry,
		                 ARCHIVE_ENTRY_ACL_TYPE_DEFAULT);
	return inherited ? unset(at, ACL_DEFAULT) : 0;
}

/* --- reading ------------------------------------------------------------- */

/* GNU tar writes = and % in a key so; a key ends at its first =. */
static bool encode_key(const char *name, char *out, size_t room)
{
	size_t n = 0;

	for (; *name != '\0'; name++) {
		if (n + 4 > room)
			return false;
		if (*name == '=' || *name == '%')
			n += (size_t)snprintf(out + n, room - n, "%%%02X",
			                      (unsigned char)*name);
		else
			out[n++] = *name;
	}
	out[n] = '\0';
	return true;
}

static int read_one(const struct place *at, struct archive_entry *entry,
                    const char *name, struct names *users,
                    struct names *groups)
{
	char key[3 * 256 + 4];
	char *value;
	ssize_t size;
	int err = 0, type = 0;

	if (strcmp(name, ACL_ACCESS) == 0)
		type = ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
	else if (strcmp(name, ACL_DEFAULT) == 0)
		type = ARCHIVE_ENTRY_ACL_TYPE_DEFAULT;
	value = malloc(XATTR_ROOM);
	if (value == NULL)
		return ENOMEM;
	size = get(at, name, value, XATTR_ROOM);
	if (size < 0) {
		/* gone since it was listed, or listed but not for us */
		err = errno == ENODATA || errno == ENOTSUP ? 0 : errno;
	} else if (type == 0) {
		if (encode_key(name, key, sizeof(key)))
			archive_entry_xattr_add_entry(entry, key, value,
			                              (size_t)size);
		else
			err = ENAMETOOLONG;
	} else {
		err = acl_parse(entry, type, value, (size_t)size, users,
		                groups);
	}
	free(value);
	return err;
}

int attrs_read(const struct place *at, struct archive_entry *entry,
               struct names *users, struct names *groups)
{
	char few[1024], *names = few;
	ssize_t size = list(at, few, sizeof(few));
	int err = 0;

	if (size < 0 && errno == ERANGE) {
		names = malloc(XATTR_ROOM);
		if (names == NULL)
			return ENOMEM;
		size = list(at, names, XATTR_ROOM);
	}
	if (size < 0)
		err = errno == ENOTSUP || errno == ENOENT ? 0 : errno;
	for (ssize_t i = 0; i < size && err == 0;
	     i += (ssize_t)strlen(names + i) + 1)
		err = read_one(at, entry, names + i, users, groups);
	if (names != few)
		free(names);
	return err;
}

/* --- writing ------------------------------------------------------------- */

static void decode_key(char *key)
{
	char *to = key;

	for (const char *s = key; *s != '\0'; s++) {
		if (strncmp(s, "%3D", 3) == 0) {
			*to++ = '=';
			s += 2;
		} else if (strncmp(s, "%25", 3) == 0) {
			*to++ = '%';
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

int attrs_write(const struct place *at, struct archive_entry *entry,
                const char **which)
{
	const char *name;
	const void *value;
	size_t size;
	int first = 0;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) ==
	       ARCHIVE_OK) {
		char key[256];
		int err;

		if (name == NULL || strlen(name) >= sizeof(key))
			continue;
		memcpy(key, name, strlen(name) + 1);
		decode_key(key);
		/* ACLs come as ACLs, checked */
		if (strcmp(key, ACL_ACCESS) == 0 ||
		    strcmp(key, ACL_DEFAULT) == 0)
			continue;
		err = set(at, key, value, size);
		if (err != 0 && first == 0) {
			first = err;
			*which = name;
		}
	}
	return first;
}
