/* SPDX-License-Identifier: MIT
 * Loading one shared object. The only file that knows libltdl. */
#include "config.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ltdl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/driver/module.h"
#include "engine/util/mem.h"

bool module_secure_mode(void)
{
	return getauxval(AT_SECURE) != 0;
}

/* --- who may have put it there --- */

static int32_t owner_trusted(const char *path, const struct stat *st, bool developer,
	struct error *err)
{
	bool own = developer && geteuid() != 0 && st->st_uid == geteuid();
	mode_t others = own ? S_IWOTH : S_IWGRP | S_IWOTH;

	if (st->st_uid != 0 && !own) {
		error_set(err, HF_E_AUTH, "%s belongs to user %u, not to root", path,
			(unsigned)st->st_uid);
		error_hint(err, "chown root %s, or install the driver with the package manager", path);
		return HF_E_AUTH;
	}
	if ((st->st_mode & others) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))) {
		error_set(err, HF_E_AUTH, "%s can be written by others (mode %04o)", path,
			(unsigned)st->st_mode & 07777);
		error_hint(err, "chmod go-w %s", path);
		return HF_E_AUTH;
	}
	return HF_OK;
}

int32_t module_folder_trusted(const char *folder, bool developer, struct error *err)
{
	autofree char *path = realpath(folder, NULL);
	struct stat st;

	if (!path)
		return error_set(err, errno == ENOENT ? HF_E_NOT_FOUND : HF_E_FAILED, "%s: %s",
			folder, strerror(errno));
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_set(err, HF_E_FAILED, "%s is not a folder", folder);
	if (st.st_mode & S_ISVTX && st.st_mode & S_IWOTH)
		return error_set(err, HF_E_AUTH, "%s can be written by everybody", path);
	for (;;) {
		int32_t status = owner_trusted(path, &st, developer, err);
		char *slash = strrchr(path, '/');

		if (status != HF_OK)
			return status;
		if (slash == path && !path[1])
			return HF_OK;
		slash[slash == path] = '\0';
		if (stat(path, &st) < 0)
			return error_set(err, HF_E_FAILED, "%s: %s", path, strerror(errno));
	}
}

/* --- is it made for this machine --- */

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {
		{EM_X86_64, "x86_64"}, {EM_386, "i386"}, {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},
		{EM_RISCV, "riscv"}, {EM_PPC64, "ppc64"}, {EM_PPC, "ppc"}, {EM_S390, "s390"},
		{EM_MIPS, "mips"}, {EM_SPARCV9, "sparc64"}, {EM_LOONGARCH, "loongarch"},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

/* The first bytes of an ELF file; e_machine stands at the same place in both classes. */
static int32_t elf_head(int fd, Elf64_Ehdr *head, struct error *err)
{
	ssize_t n = pread(fd, head, sizeof *head, 0);

	if (n < 0)
		return error_set(err, HF_E_FAILED, "cannot be read: %s", strerror(errno));
	if ((size_t)n < sizeof(Elf32_Ehdr) || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0)
		return error_set(err, HF_E_FAILED, "not a shared object (no ELF header)");
	return HF_OK;
}

/* dlopen() maps what the program headers say: of a file that was cut short it maps beyond the end, and
 * dies when it looks there. */
static int32_t elf_whole(int fd, const Elf64_Ehdr *head, off_t size, struct error *err)
{
	for (unsigned i = 0; head->e_ident[EI_CLASS] == ELFCLASS64 && i < head->e_phnum; i++) {
		Elf64_Phdr segment;
		off_t at = (off_t)head->e_phoff + (off_t)i * head->e_phentsize;

		if (pread(fd, &segment, sizeof segment, at) != (ssize_t)sizeof segment ||
			(segment.p_type == PT_LOAD && (segment.p_offset > (uint64_t)size ||
				segment.p_filesz > (uint64_t)size - segment.p_offset))) {
			error_set(err, HF_E_CORRUPT, "cut short: it has only %lld bytes of what it should",
				(long long)size);
			error_hint(err, "install it again");
			return HF_E_CORRUPT;
		}
	}
	return HF_OK;
}

static int32_t elf_matches(int fd, off_t size, struct error *err)
{
	Elf64_Ehdr file, self;
	int me = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int32_t status = elf_head(fd, &file, err);

	if (me < 0 || status != HF_OK || elf_head(me, &self, NULL) != HF_OK) {
		if (me >= 0)
			close(me);
		return status; /* without /proc the loader itself must tell */
	}
	close(me);
	if (file.e_machine == self.e_machine &&
		file.e_ident[EI_CLASS] == self.e_ident[EI_CLASS] &&
		file.e_ident[EI_DATA] == self.e_ident[EI_DATA])
		return elf_whole(fd, &file, size, err);
	const char *theirs = machine_name(file.e_machine), *ours = machine_name(self.e_machine);
	return error_set(err, HF_E_UNSUPPORTED, "built for %s (%s bit), this machine is %s (%s bit)",
		theirs ? theirs : "another machine", file.e_ident[EI_CLASS] == ELFCLASS32 ? "32" : "64",
		ours ? ours : "another", self.e_ident[EI_CLASS] == ELFCLASS32 ? "32" : "64");
}

static int32_t file_loadable(const char *file, bool developer, struct error *err)
{
	struct stat st;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int32_t status;

	if (fd < 0)
		return error_set(err, errno == ENOENT ? HF_E_NOT_FOUND : HF_E_FAILED,
			"cannot be opened: %s", strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		status = error_set(err, HF_E_FAILED, "not a regular file");
	else
		status = owner_trusted(file, &st, developer, err);
	if (status == HF_OK)
		status = elf_matches(fd, st.st_size, err);
	close(fd);
	return status;
}

/* --- loading --- */

/* dlopen() tells what libltdl hides ("file not found" for a missing dependency), and binds every symbol
 * now, so that none is found missing in the middle of a backup. */
static int32_t bind_now(const char *file, void **handle, struct error *err)
{
	*handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (*handle)
		return HF_OK;
	const char *text = dlerror();
	size_t n = strlen(file);

	if (!text)
		return error_set(err, HF_E_FAILED, "cannot be loaded");
	if (strncmp(text, file, n) == 0 && text[n] == ':')
		text += n + 1 + strspn(text + n + 1, " ");
	error_set(err, HF_E_FAILED, "cannot be loaded: %s", text);
	if (strstr(text, "cannot open shared object"))
		error_hint(err, "install the library that is named, or see `ldd %s`", file);
	else if (strstr(text, "undefined symbol"))
		error_hint(err, "the plugin was linked without -Wl,-z,defs, or a library it uses is too old");
	return HF_E_FAILED;
}

static int32_t open_resident(const char *file, lt_dlhandle *handle, struct error *err)
{
	static int initialised;
	lt_dladvise advise;

	if (!initialised && lt_dlinit() != 0)
		return error_set(err, HF_E_FAILED, "libltdl: %s", lt_dlerror());
	initialised = 1;
	if (lt_dladvise_init(&advise) != 0)
		return error_set(err, HF_E_FAILED, "libltdl: %s", lt_dlerror());
	*handle = NULL;
	if (lt_dladvise_local(&advise) == 0 && lt_dladvise_resident(&advise) == 0)
		*handle = lt_dlopenadvise(file, advise);
	if (!*handle)
		error_set(err, HF_E_FAILED, "cannot be loaded: %s", lt_dlerror());
	lt_dladvise_destroy(&advise);
	return *handle ? HF_OK : HF_E_FAILED;
}

static int32_t find_entry(lt_dlhandle handle, hf_plugin_entry *entry, struct error *err)
{
	void *symbol = lt_dlsym(handle, "hf_plugin_v1");

	if (symbol) {
		memcpy(entry, &symbol, sizeof symbol); /* ISO C has no cast for this */
		return HF_OK;
	}
	for (unsigned major = 0; major < 10; major++) {
		char name[32];

		snprintf(name, sizeof name, "hf_plugin_v%u", major);
		if (lt_dlsym(handle, name)) {
			error_set(err, HF_E_UNSUPPORTED, "built for ABI %u, this is %u", major,
				HF_ABI_MAJOR);
			error_hint(err, "install the plugin in the version made for this holdfast");
			return HF_E_UNSUPPORTED;
		}
	}
	return error_set(err, HF_E_UNSUPPORTED,
		"not a Holdfast plugin (it does not export hf_plugin_v%u)", HF_ABI_MAJOR);
}

int32_t module_load(const char *file, bool developer, const hf_host *host, const hf_plugin **out,
	struct error *err)
{
	lt_dlhandle module = NULL;
	hf_plugin_entry entry = NULL;
	void *bound = NULL;
	int32_t status = file_loadable(file, developer, err);

	if (status == HF_OK)
		status = bind_now(file, &bound, err);
	if (status == HF_OK)
		status = open_resident(file, &module, err);
	if (bound)
		dlclose(bound);
	if (status == HF_OK)
		status = find_entry(module, &entry, err);
	if (status != HF_OK)
		return status;
	*out = entry(host);
	if (!*out)
		return error_set(err, HF_E_UNSUPPORTED, "the plugin says it cannot work with this holdfast");
	return HF_OK;
}
