/* SPDX-License-Identifier: MIT */
#include "wtzip_source.h"

#include "complain.h"
#include "quoted.h"
#include "wtzip_job.h"
#include "wtzip_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether the file stays where it is, and only its bytes are wanted. */
static bool source_is_only_read(const struct wtzip_options *options)
{
	return options->to_stdout || options->test;
}

/* Why the kind of file is none to be replaced by another; NULL: it is one. */
static const char *source_objection(const struct stat *status, const struct wtzip_options *options)
{
	if (S_ISDIR(status->st_mode))
		return "is a directory -- ignored";
	if (source_is_only_read(options))
		return NULL;
	if (!S_ISREG(status->st_mode))
		return "is not a directory or a regular file -- ignored";
	/* The other names would be left with the old file. */
	if (status->st_nlink > 1 && !options->force)
		return "has other links -- ignored";
	return NULL;
}

static bool source_suits(const struct wtzip_source *source, const struct wtzip_options *options, int *status)
{
	const char *objection = source_objection(&source->status, options);

	if (!objection)
		return true;
	complain_of("%s %s", quoted(source->label), objection);
	*status = WTZIP_WARNED;
	return false;
}

/* A name tells whether there is anything to do. */
static bool source_name_suits(const char *name, const struct wtzip_options *options, int *status)
{
	bool compressed = wtzip_names_is_compressed(name);

	if (source_is_only_read(options) || compressed == options->decompress)
		return true;
	if (compressed) {
		complain_of("%s already has a suffix -- unchanged", quoted(name));
	} else {
		complain_of("%s: unknown suffix -- ignored", quoted(name));
		*status = WTZIP_WARNED;
	}
	return false;
}

/* What has to be a file is not waited for, as a pipe would be that has nobody at its other end. */
static int source_open_path(const char *path, const struct wtzip_options *options)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	int fd;

	if (!source_is_only_read(options))
		flags |= options->force ? O_NONBLOCK : O_NONBLOCK | O_NOFOLLOW;
	fd = open(path, flags);
	return fd < 0 ? -errno : fd;
}

/* Find the file, which where it is to be decompressed need not be named with its suffix. */
static int source_find(struct wtzip_source *source, const char *name, const struct wtzip_options *options)
{
	source->path = strdup(name);
	source->fd = source->path ? source_open_path(source->path, options) : -ENOMEM;
	if (source->fd == -ENOENT && options->decompress && !wtzip_names_is_compressed(name)) {
		free(source->path);
		source->path = wtzip_names_compressed(name);
		source->fd = source->path ? source_open_path(source->path, options) : -ENOMEM;
	}
	source->label = source->path ? source->path : name;
	return source->fd < 0 ? source->fd : 0;
}

bool wtzip_source_open(struct wtzip_source *source, const char *name, const struct wtzip_options *options,
		       int *status)
{
	bool is_input = strcmp(name, "-") == 0;
	int err = 0;

	if (is_input)
		*source = (struct wtzip_source){ .label = "stdin", .fd = STDIN_FILENO };
	else
		err = source_find(source, name, options);
	if (!err && fstat(source->fd, &source->status))
		err = -errno;
	*status = err ? WTZIP_FAILED : WTZIP_DONE;
	if (err)
		complain(source->label, err);
	else if (is_input ||
		 (source_suits(source, options, status) && source_name_suits(source->path, options, status)))
		return true;
	wtzip_source_close(source);
	return false;
}

void wtzip_source_close(struct wtzip_source *source)
{
	if (source->path && source->fd >= 0)
		close(source->fd);
	free(source->path);
}
