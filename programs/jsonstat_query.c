/* SPDX-License-Identifier: MIT */
#include "jsonstat_query.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *aggregate_name(enum aggregate aggregate)
{
	static const char *const names[AGGREGATES] = { "count", "sum", "min", "max", "mean", "distinct" };

	return names[aggregate];
}

/* A dot alone, or before each name, of which none is empty. */
static bool is_path(const char *text)
{
	size_t size = strlen(text);

	return text[0] == '.' && (size == 1 || (text[size - 1] != '.' && !strstr(text, "..")));
}

static int path_init(struct path *path, const char *text)
{
	if (!is_path(text))
		return -1;
	path->count = 0;
	path->text = strdup(text);
	path->names = strdup(text + 1);
	if (!path->text || !path->names) {
		free(path->text);
		free(path->names);
		return -2;
	}
	for (char *at = path->names; *at; at += strlen(at) + 1) {
		char *dot = strchr(at, '.');

		path->count++;
		if (!dot)
			break;
		*dot = '\0';
	}
	return 0;
}

static void path_free(struct path *path)
{
	free(path->text);
	free(path->names);
}

json_t *path_value(const struct path *path, json_t *document)
{
	const char *name = path->names;

	for (size_t i = 0; i < path->count && document; i++, name += strlen(name) + 1)
		document = json_object_get(document, name);
	return document ? document : json_null();
}

int query_add(struct query *query, enum aggregate aggregate, const char *path)
{
	struct column *columns = realloc(query->columns, (query->count + 1) * sizeof *columns);
	int err;

	if (!columns)
		return -2;
	query->columns = columns;
	columns[query->count].aggregate = aggregate;
	err = path_init(&columns[query->count].path, path);
	if (!err)
		query->count++;
	return err;
}

int query_group(struct query *query, const char *path)
{
	struct path *group = malloc(sizeof *group);
	int err = group ? path_init(group, path) : -2;

	if (err) {
		free(group);
		return err;
	}
	if (query->group)
		path_free(query->group);
	free(query->group);
	query->group = group;
	return 0;
}

void query_free(struct query *query)
{
	for (size_t i = 0; i < query->count; i++)
		path_free(&query->columns[i].path);
	free(query->columns);
	if (query->group)
		path_free(query->group);
	free(query->group);
}
