/* SPDX-License-Identifier: MIT */
#include "infer_model.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wt.h>

/* Whether the file begins as models do. libfann's own look at it leaks memory when it does not. */
static bool looks_right(FILE *file)
{
	static const char begin[] = "FANN_FLO_";
	char bytes[sizeof begin - 1];

	return fread(bytes, 1, sizeof bytes, file) == sizeof bytes && !memcmp(bytes, begin, sizeof bytes);
}

struct fann *model_load(const char *name, const char **reason)
{
	struct fann *network = NULL;
	FILE *file = fopen(name, "re");
	bool right;

	if (!file) {
		*reason = wt_strerror(-errno);
		return NULL;
	}
	right = looks_right(file);
	fclose(file);
	if (right)
		network = fann_create_from_file(name);
	*reason = right ? "the model is damaged" : "not a model of libfann";
	return network;
}

/* What was written is read again: libfann does not tell of a full disk. */
static int save_whole(struct fann *network, const char *name, const char **reason)
{
	struct fann *again;

	if (fann_save(network, name)) {
		*reason = wt_strerror(-errno);
		return -1;
	}
	again = model_load(name, reason);
	if (!again)
		return -1;
	fann_destroy(again);
	return 0;
}

int model_save(struct fann *network, const char *name, const char **reason)
{
	size_t size = strlen(name) + sizeof ".part" + 20;
	char *part = malloc(size);
	int err;

	if (!part) {
		*reason = wt_strerror(WT_ENOMEM);
		return -1;
	}
	snprintf(part, size, "%s.%ld.part", name, (long)getpid());
	err = save_whole(network, part, reason);
	if (!err && rename(part, name)) {
		*reason = wt_strerror(-errno);
		err = -1;
	}
	if (err)
		unlink(part);
	free(part);
	return err;
}
