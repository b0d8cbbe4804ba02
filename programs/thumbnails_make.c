/* SPDX-License-Identifier: MIT */
#include "thumbnails_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wt.h>

#define CANNOT_WRITE "cannot write its thumbnail: "

/* The system refused something, which it was is told before its reason. */
static int refused(char *problem, const char *what)
{
	snprintf(problem, PICTURE_PROBLEM_SIZE, "%s%s", what, wt_strerror(-errno));
	return -1;
}

static int load(struct picture *picture, const char *input, const struct thumbnail_form *form, char *problem)
{
	FILE *file = fopen(input, "rbe");
	struct stat status;
	int err;

	if (!file)
		return refused(problem, "");
	if (!fstat(fileno(file), &status) && S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		err = refused(problem, "");
	} else {
		err = picture_read(picture, file, form->box, problem);
	}
	fclose(file);
	return err;
}

static int save(const struct picture *picture, const char *part, int quality, char *problem)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
	int err;

	if (!file) {
		refused(problem, CANNOT_WRITE);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	err = picture_write(picture, file, quality, problem);
	if (fclose(file) && !err)
		err = refused(problem, CANNOT_WRITE);
	return err;
}

/* Under another name first: half a thumbnail never has the name of a whole one. */
static int publish(const struct picture *picture, const char *output, int quality, char *problem)
{
	size_t size = strlen(output) + sizeof ".part" + 20;
	char *part = malloc(size);
	int err;

	if (!part)
		return refused(problem, CANNOT_WRITE);
	snprintf(part, size, "%s.%ld.part", output, (long)getpid());
	err = save(picture, part, quality, problem);
	if (!err && rename(part, output))
		err = refused(problem, CANNOT_WRITE);
	if (err)
		unlink(part);
	free(part);
	return err;
}

int thumbnail_make(const char *input, const char *output, const struct thumbnail_form *form, char *problem)
{
	struct picture picture = { 0 };
	int err = load(&picture, input, form, problem);

	if (!err)
		err = publish(&picture, output, form->quality, problem);
	picture_free(&picture);
	return err;
}
