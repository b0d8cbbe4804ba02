/* SPDX-License-Identifier: MIT */
#include "thumbnails_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define SUFFIX ".thumb.jpg"

/* A file of the system, whatever its names are. */
struct identity {
	dev_t device;
	ino_t node;
	const char *input;
};

/* The length of a file's name without its extension. */
static size_t stem_length(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg")) ? (size_t)(dot - base) : strlen(base);
}

static char *output_of(const char *input, const char *folder)
{
	const char *slash = strrchr(input, '/');
	const char *base = slash ? slash + 1 : input;
	size_t stem = stem_length(base);
	size_t size = strlen(folder) + 1 + stem + sizeof SUFFIX;
	char *output = malloc(size);

	if (output)
		snprintf(output, size, "%s/%.*s" SUFFIX, folder, (int)stem, base);
	return output;
}

/* By output; among equals the first argument comes first. */
static int by_output(const void *a, const void *b)
{
	const struct name *const *first = a, *const *second = b;
	int order = strcmp((*first)->output, (*second)->output);

	return order ? order : *first < *second ? -1 : 1;
}

/* Of those that meet, the first keeps the name. */
static void find_twins(struct name **sorted, size_t count)
{
	struct name *keeper = NULL;

	qsort(sorted, count, sizeof(struct name *), by_output);
	for (size_t i = 0; i < count; i++)
		if (keeper && !strcmp(keeper->output, sorted[i]->output)) {
			sorted[i]->taken = keeper->input;
			sorted[i]->taken_by_twin = true;
		} else {
			keeper = sorted[i];
		}
}

static int by_identity(const void *a, const void *b)
{
	const struct identity *first = a, *second = b;

	if (first->device != second->device)
		return first->device < second->device ? -1 : 1;
	return first->node < second->node ? -1 : first->node > second->node;
}

static bool identify(struct identity *identity, const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return false;
	*identity = (struct identity){ status.st_dev, status.st_ino, path };
	return true;
}

/* Outputs that exist already, and are inputs too. */
static void find_inputs(struct name *names, size_t count, struct identity *inputs)
{
	struct identity key, *found;
	size_t known = 0;

	for (size_t i = 0; i < count; i++)
		known += identify(&inputs[known], names[i].input);
	qsort(inputs, known, sizeof *inputs, by_identity);
	for (size_t i = 0; i < count; i++) {
		if (!identify(&key, names[i].output))
			continue;
		found = bsearch(&key, inputs, known, sizeof *inputs, by_identity);
		if (found) {
			names[i].taken = found->input;
			names[i].taken_by_twin = false;
		}
	}
}

static int names_check(struct name *names, size_t count)
{
	struct name **sorted = calloc(count, sizeof(struct name *));
	struct identity *inputs = calloc(count, sizeof *inputs);
	int err = sorted && inputs ? 0 : -1;

	for (size_t i = 0; i < count && !err; i++)
		sorted[i] = &names[i];
	if (!err) {
		find_twins(sorted, count);
		find_inputs(names, count, inputs);
	}
	free(inputs);
	free(sorted);
	return err;
}

struct name *names_create(char *const *inputs, size_t count, const char *folder)
{
	struct name *names = calloc(count, sizeof *names);
	int err = names ? 0 : -1;

	for (size_t i = 0; i < count && !err; i++) {
		names[i].input = inputs[i];
		names[i].output = output_of(inputs[i], folder);
		err = names[i].output ? 0 : -1;
	}
	if (!err)
		err = names_check(names, count);
	if (!err)
		return names;
	names_destroy(names, count);
	return NULL;
}

void names_destroy(struct name *names, size_t count)
{
	if (!names)
		return;
	for (size_t i = 0; i < count; i++)
		free(names[i].output);
	free(names);
}
