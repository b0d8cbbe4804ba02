/* SPDX-License-Identifier: MIT */
#include "infer_model.h"

#include <errno.h>
#include <fcntl.h>
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

/* Whether the file ends as models do. libfann takes the last number for whole wherever it is cut. */
static bool looks_whole(FILE *file)
{
	static const char end[] = ") \n";
	char bytes[sizeof end - 1];

	return !fseek(file, -(long)sizeof bytes, SEEK_END) && fread(bytes, 1, sizeof bytes, file) == sizeof bytes &&
	       !memcmp(bytes, end, sizeof bytes);
}

struct fann *model_load(const char *name, const char **reason)
{
	struct fann *network = NULL;
	FILE *file = fopen(name, "re");
	bool right, whole;

	if (!file) {
		*reason = wt_strerror(-errno);
		return NULL;
	}
	right = looks_right(file);
	whole = right && looks_whole(file);
	fclose(file);
	if (whole)
		network = fann_create_from_file(name);
	*reason = right ? "the model is damaged" : "not a model of libfann";
	return network;
}

/* Whether what was written has reached the disk, which may be full only now. */
static int save_sync(const char *name, const char **reason)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) ? -1 : 0;

	if (err)
		*reason = wt_strerror(-errno);
	if (fd >= 0)
		close(fd);
	return err;
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
	if (!again) {
		*reason = "the model was not written whole";
		return -1;
	}
	fann_destroy(again);
	return save_sync(name, reason);
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
