/* SPDX-License-Identifier: MIT
 * Which drivers are installed: the folders, the files in them, and the search by name. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/driver/driver.h"
#include "engine/driver/module.h"
#include "engine/util/log.h"
#include "engine/util/nearest.h"

static struct {
	struct strv folders;   /* in the order of search */
	size_t developer;      /* the first so many come from HOLDFAST_DRIVER_PATH */
	bool folders_known;
	struct plugin_file *files;
	size_t n;
	bool scanned;
} registry;

const struct strv *registry_folders(void)
{
	const char *path = getenv("HOLDFAST_DRIVER_PATH");

	if (registry.folders_known)
		return &registry.folders;
	registry.folders_known = true;
	if (path && *path && module_secure_mode()) {
		log_warn("HOLDFAST_DRIVER_PATH is not obeyed while running with raised privileges");
		path = NULL;
	}
	while (path && *path) {
		size_t n = strcspn(path, ":");

		if (n > 0 && *path == '/')
			strv_take(&registry.folders, xstrndup(path, n));
		else if (n > 0)
			log_warn("HOLDFAST_DRIVER_PATH: \"%.*s\" is not absolute and not searched", (int)n,
				path);
		path += n + (path[n] == ':');
	}
	registry.developer = registry.folders.n;
	strv_add(&registry.folders, DRIVERDIR);
	return &registry.folders;
}

static struct plugin_file *known_file(const char *file)
{
	for (size_t i = 0; i < registry.n; i++)
		if (strcmp(registry.files[i].file, file) == 0)
			return &registry.files[i];
	return NULL;
}

/* Loads a file once; what came of it is remembered. */
static struct plugin_file *load_file(const char *folder, const char *file, bool developer)
{
	struct plugin_file *f = known_file(file);
	const hf_plugin *raw;

	if (f)
		return f;
	registry.files = xreallocn(registry.files, registry.n + 1, sizeof *registry.files);
	f = &registry.files[registry.n++];
	*f = (struct plugin_file){.file = xstrdup(file)};
	if (module_folder_trusted(folder, developer, &f->error) == HF_OK &&
		module_load(file, developer, &host_table, &raw, &f->error) == HF_OK)
		(void)plugin_import(raw, file, &f->plugin, &f->error);
	if (f->error.status != HF_OK)
		error_prefix(&f->error, "%s", file);
	return f;
}

static bool is_module_name(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && name[0] != '.' && strcmp(name + n - 3, ".so") == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int32_t scan_folder(const char *folder, bool developer, struct error *err)
{
	DIR *dir = opendir(folder);
	struct strv names = {0};
	struct dirent *e;

	if (!dir && errno == ENOENT)
		return HF_OK;
	if (!dir)
		return error_set(err, HF_E_FAILED, "driver folder %s: %s", folder, strerror(errno));
	for (errno = 0; (e = readdir(dir)); errno = 0)
		if (is_module_name(e->d_name))
			strv_add(&names, e->d_name);
	if (errno != 0)
		error_set(err, HF_E_FAILED, "driver folder %s: %s", folder, strerror(errno));
	closedir(dir);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, compare_names);
	for (size_t i = 0; i < names.n && err->status == HF_OK; i++) {
		autofree char *file = xasprintf("%s/%s", folder, names.v[i]);
		load_file(folder, file, developer);
	}
	strv_free(&names);
	return err->status;
}

int32_t registry_scan(const struct plugin_file **files, size_t *n, struct error *err)
{
	const struct strv *folders = registry_folders();

	for (size_t i = 0; i < folders->n && !registry.scanned; i++)
		if (scan_folder(folders->v[i], i < registry.developer, err) != HF_OK)
			return err->status;
	registry.scanned = true;
	*files = registry.files;
	*n = registry.n;
	return HF_OK;
}

static struct driver *plugin_driver(struct plugin *p, const char *name, uint32_t kind)
{
	for (size_t i = 0; p && i < p->n; i++)
		if (p->drivers[i].d.kind == kind && strcmp(p->drivers[i].d.name, name) == 0)
			return &p->drivers[i];
	return NULL;
}

static int32_t not_installed(const char *name, uint32_t kind, struct error *err)
{
	const char **names = xcalloc(registry.n * 8 + 1, sizeof *names);
	struct buf where = {0};
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < registry.n; i++)
		for (size_t j = 0; registry.files[i].plugin && j < registry.files[i].plugin->n && j < 8; j++)
			if (registry.files[i].plugin->drivers[j].d.kind == kind)
				names[n++] = registry.files[i].plugin->drivers[j].d.name;
	near = nearest(name, names, n);
	for (size_t i = 0; i < registry.folders.n; i++)
		buf_addf(&where, "%s%s", i ? ", " : "", registry.folders.v[i]);
	error_set(err, HF_E_CONFIG, "the %s driver \"%s\" is not installed (no %s.so in %s)",
		kind_name(kind), name, name, where.data);
	if (near && strcmp(near, name) != 0)
		error_hint(err, "did you mean \"%s\"? `holdfast plugins` lists what is installed", near);
	else
		error_hint(err, "install the package holdfast-%s, or see `holdfast plugins`", name);
	buf_free(&where);
	free(names);
	return HF_E_CONFIG;
}

/* NAME.so itself: if it is there but does not load, that is the answer. */
static int32_t find_by_file(const char *name, uint32_t kind, struct driver **out,
	struct error *err)
{
	const struct strv *folders = registry_folders();

	for (size_t i = 0; i < folders->n; i++) {
		autofree char *file = xasprintf("%s/%s.so", folders->v[i], name);

		if (access(file, F_OK) != 0)
			continue;
		struct plugin_file *f = load_file(folders->v[i], file, i < registry.developer);
		if (!f->plugin) {
			error_set(err, f->error.status, "%s", f->error.message);
			if (f->error.hint)
				error_hint(err, "%s", f->error.hint);
			return err->status;
		}
		*out = plugin_driver(f->plugin, name, kind);
		if (*out)
			return HF_OK;
	}
	return HF_OK;
}

static bool driver_name_ok(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name);
}

int32_t driver_find(const char *name, uint32_t kind, struct driver **out, struct error *err)
{
	const struct plugin_file *files;
	size_t n;

	*out = NULL;
	if (!driver_name_ok(name))
		return error_set(err, HF_E_CONFIG, "\"%s\" is not a driver's name", name);
	if (find_by_file(name, kind, out, err) != HF_OK || *out)
		return err->status;
	if (registry_scan(&files, &n, err) != HF_OK)
		return err->status;
	for (size_t i = 0; i < n && !*out; i++)
		*out = plugin_driver(files[i].plugin, name, kind);
	return *out ? HF_OK : not_installed(name, kind, err);
}

static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, "|"), p += *p == '|')
		if (strcspn(p, "|") == n && strncmp(p, word, n) == 0)
			return true;
	return false;
}

int32_t driver_find_codec(const char *codec, struct driver **out, struct error *err)
{
	const struct plugin_file *files;
	size_t n;

	*out = NULL;
	if (registry_scan(&files, &n, err) != HF_OK)
		return err->status;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; files[i].plugin && j < files[i].plugin->n; j++) {
			struct driver *d = &files[i].plugin->drivers[j];

			if (d->d.kind == HF_KIND_COMPRESSOR && in_list(d->filter.decodes, codec)) {
				*out = d;
				return HF_OK;
			}
		}
	error_set(err, HF_E_CONFIG, "no installed driver decodes \"%s\"", codec);
	error_hint(err, "install the package holdfast-%.*s; `holdfast plugins` lists what is installed",
		(int)strcspn(codec, "/"), codec);
	return HF_E_CONFIG;
}

void registry_free(void)
{
	for (size_t i = 0; i < registry.n; i++) {
		free(registry.files[i].file);
		plugin_free(registry.files[i].plugin);
		error_clear(&registry.files[i].error);
	}
	free(registry.files);
	strv_free(&registry.folders);
	memset(&registry, 0, sizeof registry);
}
