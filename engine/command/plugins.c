/* SPDX-License-Identifier: MIT
 * holdfast plugins: what is installed. */
#include "config.h"

#include <string.h>

#include "engine/command/command.h"
#include "engine/driver/driver.h"
#include "engine/job/options.h"
#include "engine/report/out.h"
#include "engine/util/nearest.h"

/* --- one driver's options --- */

static json_object *option_json(const hf_option *o)
{
	json_object *j = json_object_new_object();

	out_add_string(j, "name", o->name);
	out_add_string(j, "type", option_type_name(o->type));
	out_add(j, "required", json_object_new_boolean((o->flags & HF_OPT_REQUIRED) != 0));
	out_add(j, "list", json_object_new_boolean((o->flags & HF_OPT_LIST) != 0));
	out_add(j, "secret", json_object_new_boolean((o->flags & HF_OPT_SECRET) != 0));
	out_add(j, "keyed", json_object_new_boolean((o->flags & HF_OPT_KEYED) != 0));
	if (o->default_value)
		out_add_string(j, "default", o->default_value);
	if (o->choices)
		out_add_string(j, "choices", o->choices);
	out_add_string(j, "help", o->help ? o->help : "");
	return j;
}

static json_object *options_json(const hf_option *table)
{
	json_object *a = json_object_new_array();

	for (; table && table->name; table++)
		json_object_array_add(a, option_json(table));
	return a;
}

static void print_options(const char *head, const hf_option *table)
{
	static const char *const columns[] = {"  OPTION", "TYPE", "DEFAULT", "MEANING"};

	if (!table || !table->name)
		return;
	out_text("%s\n", head);
	struct table *t = table_new(columns, 4);
	for (; table->name; table++) {
		const char *mark = table->flags & HF_OPT_REQUIRED ? "required" : "";
		autofree char *name = xasprintf("  %s%s%s", table->name,
			table->flags & HF_OPT_KEYED ? ".KEY" : "",
			table->flags & HF_OPT_LIST ? " ..." : "");
		autofree char *type = table->type == HF_OPT_CHOICE
			? xstrdup(table->choices)
			: xasprintf("%s%s", option_type_name(table->type),
				  table->flags & HF_OPT_SECRET ? " (secret)" : "");
		const char *cells[] = {name, type,
			table->default_value ? table->default_value : mark,
			table->help ? table->help : ""};
		table_row(t, cells);
	}
	table_print(t);
	table_free(t);
}

/* --- one driver --- */

static json_object *driver_json(const struct driver *d)
{
	json_object *o = json_object_new_object();

	out_add_string(o, "name", d->d.name);
	out_add_string(o, "kind", kind_name(d->d.kind));
	out_add_string(o, "summary", d->d.summary);
	if (d->d.kind == HF_KIND_COMPRESSOR) {
		out_add_string(o, "codec", d->filter.codec);
		out_add_string(o, "decodes", d->filter.decodes);
		out_add_string(o, "suffix", d->filter.suffix);
	}
	out_add(o, "options", options_json(d->d.options));
	if (d->d.kind == HF_KIND_SOURCE)
		out_add(o, "restore_options", options_json(d->source.restore_options));
	return o;
}

static void print_driver(const struct driver *d)
{
	out_text("\n%s %s: %s\n", kind_name(d->d.kind), d->d.name, d->d.summary);
	if (d->d.kind == HF_KIND_COMPRESSOR)
		out_text("writes %s (%s), reads %s\n", d->filter.codec, d->filter.suffix,
			d->filter.decodes);
	print_options("options:", d->d.options);
	if (d->d.kind == HF_KIND_SOURCE)
		print_options("options of a restore (--NAME VALUE):", d->source.restore_options);
}

static json_object *file_json(const struct plugin_file *f)
{
	json_object *o = json_object_new_object();

	out_add_string(o, "file", f->file);
	out_add(o, "loaded", json_object_new_boolean(f->plugin != NULL));
	if (!f->plugin) {
		out_add(o, "error", out_error(&f->error));
		return o;
	}
	json_object *drivers = json_object_new_array();
	autofree char *abi = xasprintf("%u.%u", f->plugin->abi_major, f->plugin->abi_minor);
	out_add_string(o, "name", f->plugin->name);
	out_add_string(o, "version", f->plugin->version);
	out_add_string(o, "license", f->plugin->license);
	out_add_string(o, "abi", abi);
	for (size_t i = 0; i < f->plugin->n; i++)
		json_object_array_add(drivers, driver_json(&f->plugin->drivers[i]));
	out_add(o, "drivers", drivers);
	return o;
}

/* --- the lists --- */

static int list_all(const struct plugin_file *files, size_t n)
{
	static const char *const columns[] = {"NAME", "VERSION", "KIND", "ABI", "FILE"};
	json_object *o = json_object_new_object(), *a = json_object_new_array();
	json_object *folders = json_object_new_array();
	struct table *t = table_new(columns, 5);
	size_t loaded = 0;

	for (size_t i = 0; i < n; i++) {
		const struct plugin *p = files[i].plugin;

		json_object_array_add(a, file_json(&files[i]));
		for (size_t k = 0; p && k < p->n; k++) {
			autofree char *abi = xasprintf("%u.%u", p->abi_major, p->abi_minor);
			const char *cells[] = {p->drivers[k].d.name, p->version,
				kind_name(p->drivers[k].d.kind), abi, p->file};
			table_row(t, cells);
			loaded++;
		}
	}
	if (loaded)
		table_print(t);
	for (size_t i = 0; i < registry_folders()->n; i++) {
		json_object_array_add(folders, out_string(registry_folders()->v[i]));
		if (!loaded)
			out_text("no drivers in %s\n", registry_folders()->v[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (!files[i].plugin) {
			autofree char *text = printable(files[i].error.message);
			out_text("not loaded: %s\n", text);
			if (files[i].error.hint)
				out_text("  hint: %s\n", files[i].error.hint);
		}
	table_free(t);
	out_add(o, "folders", folders);
	out_add(o, "plugins", a);
	out_object(o);
	return EXIT_DONE;
}

static bool has_driver(const struct plugin *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->drivers[i].d.name, name) == 0)
			return true;
	return strcmp(p->name, name) == 0;
}

static void show_one(const struct plugin_file *f)
{
	const struct plugin *p = f->plugin;

	out_text("plugin %s %s, %s, ABI %u.%u\nfile %s\n", p->name, p->version, p->license,
		p->abi_major, p->abi_minor, p->file);
	for (size_t i = 0; i < p->n; i++)
		print_driver(&p->drivers[i]);
	out_object(file_json(f));
}

static int32_t show_named(const struct plugin_file *files, size_t n, const char *name,
	struct error *err)
{
	const char **names = xcalloc(n + 1, sizeof *names);
	const char *near;
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(files[i].file, '/');

		if (!files[i].plugin && strncmp(slash + 1, name, strlen(name)) == 0 &&
			strcmp(slash + 1 + strlen(name), ".so") == 0) {
			free(names);
			error_set(err, HF_E_FAILED, "%s", files[i].error.message);
			if (files[i].error.hint)
				error_hint(err, "%s", files[i].error.hint);
			return HF_E_FAILED;
		}
		if (!files[i].plugin)
			continue;
		if (has_driver(files[i].plugin, name)) {
			free(names);
			show_one(&files[i]);
			return HF_OK;
		}
		names[count++] = files[i].plugin->name;
	}
	near = nearest(name, names, count);
	free(names);
	error_set(err, HF_E_NOT_FOUND, "no plugin \"%s\" is installed", name);
	if (near)
		error_hint(err, "did you mean \"%s\"?", near);
	else
		error_hint(err, "`holdfast plugins` lists what is installed and where it is looked for");
	return HF_E_NOT_FOUND;
}

static int run(struct args *args)
{
	const struct plugin_file *files;
	struct error err = {0};
	size_t n;

	if (registry_scan(&files, &n, &err) != HF_OK)
		return finish_error(&err);
	if (!args_word(args, 0))
		return list_all(files, n);
	(void)show_named(files, n, args_word(args, 0), &err);
	return finish_error(&err);
}

static const struct option_spec options[] = {{NULL, false, NULL}};

const struct command command_plugins = {
	.name = "plugins",
	.synopsis = "[NAME]",
	.summary = "list the installed drivers, or one's options",
	.examples = "  holdfast plugins\n  holdfast plugins zstd\n",
	.options = options,
	.min_words = 0,
	.max_words = 1,
	.run = run,
};
