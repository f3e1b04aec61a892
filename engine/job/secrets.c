/* SPDX-License-Identifier: MIT
 * Secrets that lie in files: `password_file = PATH`. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "engine/job/secrets.h"
#include "engine/util/fs.h"
#include "engine/util/mem.h"

bool readable_by_others(const struct stat *st)
{
	return (st->st_mode & S_IROTH) || ((st->st_mode & S_IRGRP) && st->st_uid != 0);
}

static int32_t check_file(int fd, const char *clean, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_set(err, HF_E_CONFIG, "cannot look at %s: %s", clean,
				 strerror(errno));
	if (S_ISFIFO(st.st_mode))
		return HF_OK;
	if (!S_ISREG(st.st_mode))
		return error_set(err, HF_E_CONFIG, "%s is not a regular file", clean);
	if (readable_by_others(&st)) {
		error_set(err, HF_E_CONFIG, "%s holds a secret, but others can read it (mode %04o)",
			  clean, (unsigned)(st.st_mode & 07777));
		error_hint(err, "chmod 600 %s", clean);
		return HF_E_CONFIG;
	}
	return HF_OK;
}

int32_t secret_read(const char *path, char **out, struct error *err)
{
	autofree char *clean = printable(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct buf text = { 0 };
	int32_t status;

	if (fd < 0)
		return error_set(err, HF_E_CONFIG, "cannot open %s: %s", clean, strerror(errno));
	status = check_file(fd, clean, err);
	if (status == HF_OK)
		status = fs_read_fd(fd, path, SECRET_MAX, &text, err);
	close(fd);
	if (status == HF_OK && text.len && text.data[text.len - 1] == '\n') {
		text.data[--text.len] = '\0';
		if (text.len && text.data[text.len - 1] == '\r')
			text.data[--text.len] = '\0';
	}
	if (status == HF_OK && text.len == 0)
		status = error_set(err, HF_E_CONFIG, "%s is empty", clean);
	else if (status == HF_OK && memchr(text.data, '\0', text.len))
		status = error_set(err, HF_E_CONFIG, "%s holds a NUL byte", clean);
	if (status != HF_OK) {
		if (text.data)
			explicit_bzero(text.data, text.cap);
		buf_free(&text);
		return status;
	}
	*out = buf_take(&text);
	return HF_OK;
}
