/* SPDX-License-Identifier: MIT
 *
 * libjpeg's way to report errors, turned into a jump to whoever called it.
 * Only libjpeg's frames and this program's lie between the two.
 */
#ifndef THUMBNAILS_FAILURE_H
#define THUMBNAILS_FAILURE_H

#include <stdio.h>
#include <jpeglib.h>
#include <setjmp.h>

struct failure {
	struct jpeg_error_mgr manager; /* libjpeg's; first, since libjpeg knows no other part */
	jmp_buf caller;                /* to be set before the first call that can fail */
	char *problem;                 /* PICTURE_PROBLEM_SIZE bytes: what went wrong */
};

/* For cinfo->err. Warnings, of data that are damaged or cut off, are failures too. */
struct jpeg_error_mgr *failure_init(struct failure *failure, char *problem);

/* Fail with this text. */
_Noreturn void failure_raise(j_common_ptr info, const char *text);

#endif
