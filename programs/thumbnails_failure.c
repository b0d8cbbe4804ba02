/* SPDX-License-Identifier: MIT */
#include "thumbnails_failure.h"

#include "thumbnails_picture.h"

_Static_assert(JMSG_LENGTH_MAX <= PICTURE_PROBLEM_SIZE, "libjpeg's messages fit");

_Noreturn void failure_raise(j_common_ptr info, const char *text)
{
	struct failure *failure = (struct failure *)info->err;

	snprintf(failure->problem, PICTURE_PROBLEM_SIZE, "%s", text);
	longjmp(failure->caller, 1);
}

static void failure_exit(j_common_ptr info)
{
	char text[JMSG_LENGTH_MAX];

	info->err->format_message(info, text);
	failure_raise(info, text);
}

/* A negative level is a warning; the others trace. */
static void failure_message(j_common_ptr info, int level)
{
	if (level < 0)
		failure_exit(info);
}

struct jpeg_error_mgr *failure_init(struct failure *failure, char *problem)
{
	jpeg_std_error(&failure->manager);
	failure->manager.error_exit = failure_exit;
	failure->manager.emit_message = failure_message;
	failure->problem = problem;
	return &failure->manager;
}
