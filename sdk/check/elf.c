/* SPDX-License-Identifier: MIT
 * elf.c - the symbols that a shared object of this machine exports
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#if UINTPTR_MAX > 0xffffffffu
#define NATIVE_CLASS ELFCLASS64
#define ST_BIND ELF64_ST_BIND
#define ST_VISIBILITY ELF64_ST_VISIBILITY
#else
#define NATIVE_CLASS ELFCLASS32
#define ST_BIND ELF32_ST_BIND
#define ST_VISIBILITY ELF32_ST_VISIBILITY
#endif

struct image {
	const unsigned char *data;
	uint64_t size;
};

static bool inside(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static bool scan_symbols(const struct image *image, const ElfW(Shdr) *symbols,
    const ElfW(Shdr) *strings, void (*found)(void *data, const char *name), void *data)
{
	uint64_t count = symbols->sh_size / sizeof(ElfW(Sym));

	if (!inside(image, symbols->sh_offset, symbols->sh_size) ||
	    !inside(image, strings->sh_offset, strings->sh_size) || strings->sh_size == 0 ||
	    image->data[strings->sh_offset + strings->sh_size - 1] != '\0')
		return false;
	for (uint64_t i = 1; i < count; i++) {
		ElfW(Sym) symbol;

		memcpy(&symbol, image->data + symbols->sh_offset + i * sizeof(symbol),
		    sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= strings->sh_size ||
		    ST_BIND(symbol.st_info) == STB_LOCAL ||
		    ST_VISIBILITY(symbol.st_other) == STV_HIDDEN)
			continue;
		found(data, (const char *)image->data + strings->sh_offset + symbol.st_name);
	}
	return true;
}

static bool scan(const struct image *image, void (*found)(void *data, const char *name),
    void *data)
{
	ElfW(Ehdr) head;

	if (image->size < sizeof(head))
		return false;
	memcpy(&head, image->data, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != NATIVE_CLASS || head.e_type != ET_DYN ||
	    head.e_shentsize != sizeof(ElfW(Shdr)) ||
	    !inside(image, head.e_shoff, (uint64_t)head.e_shnum * sizeof(ElfW(Shdr))))
		return false;
	for (unsigned i = 0; i < head.e_shnum; i++) {
		ElfW(Shdr) symbols, strings;

		memcpy(&symbols, image->data + head.e_shoff + i * sizeof(symbols),
		    sizeof(symbols));
		if (symbols.sh_type != SHT_DYNSYM || symbols.sh_link >= head.e_shnum)
			continue;
		memcpy(&strings, image->data + head.e_shoff + symbols.sh_link * sizeof(strings),
		    sizeof(strings));
		return scan_symbols(image, &symbols, &strings, found, data);
	}
	return false;
}

/* Do all its segments lie within the file? The loader maps them, and a file that was cut short
 * kills the process that looks at the rest. */
static bool whole(const struct image *image)
{
	ElfW(Ehdr) head;

	if (image->size < sizeof(head))
		return false;
	memcpy(&head, image->data, sizeof(head));
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != NATIVE_CLASS || head.e_phentsize != sizeof(ElfW(Phdr)) ||
	    !inside(image, head.e_phoff, (uint64_t)head.e_phnum * sizeof(ElfW(Phdr))))
		return false;
	for (unsigned i = 0; i < head.e_phnum; i++) {
		ElfW(Phdr) segment;

		memcpy(&segment, image->data + head.e_phoff + i * sizeof(segment),
		    sizeof(segment));
		if (segment.p_type == PT_LOAD &&
		    !inside(image, segment.p_offset, segment.p_filesz))
			return false;
	}
	return true;
}

/* Maps the file. False: it cannot be read, or is empty. */
static bool image_open(const char *file, struct image *image)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	*image = (struct image){.data = map, .size = (uint64_t)st.st_size};
	return true;
}

static void image_close(struct image *image)
{
	munmap((void *)(uintptr_t)image->data, image->size);
}

bool elf_whole(const char *file)
{
	struct image image;
	bool sound;

	if (!image_open(file, &image))
		return false;
	sound = whole(&image);
	image_close(&image);
	return sound;
}

bool elf_exports(const char *file, void (*found)(void *data, const char *name), void *data)
{
	struct image image;
	bool done;

	if (!image_open(file, &image))
		return false;
	done = scan(&image, found, data);
	image_close(&image);
	return done;
}
