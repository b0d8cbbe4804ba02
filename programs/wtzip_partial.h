/* SPDX-License-Identifier: MIT
 *
 * The output file while it is being written. However the program ends, by an
 * error or a signal that asks it to, no half of a file stays. One at a time,
 * on the main thread, which is the one that takes signals.
 */
#ifndef WTZIP_PARTIAL_H
#define WTZIP_PARTIAL_H

#include <sys/stat.h>

/* From now on a signal to end removes what is partial. Before there are workers. */
void wtzip_partial_watch(void);

/*
 * Create a file that is not there yet, for its owner alone until it is kept.
 * `path` must stay until it is. Returns the descriptor, or the negative errno.
 */
int wtzip_partial_create(const char *path);

/* The file is whole: give it owner, mode and times, close it, and let it stay. Returns 0, or the negative errno. */
int wtzip_partial_keep(int fd, const struct stat *like);

/* Close it and remove it. */
void wtzip_partial_drop(int fd);

#endif
