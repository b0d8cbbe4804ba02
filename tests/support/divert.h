/* SPDX-License-Identifier: MIT
 *
 * A pipe in the place of standard output or standard error, to see what is
 * written to the descriptor. cmocka reports on descriptor 1: between begin and
 * end nothing is to be asserted.
 */
#ifndef SUPPORT_DIVERT_H
#define SUPPORT_DIVERT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIVERT_ROOM = 16384 }; /* bytes that the pipe takes while nobody reads */

struct divert {
	int fd;
	int saved;
	int from;
	bool reads;
	pthread_t reader;
	char *text;  /* what came, ended by a 0; valid after divert_end, until divert_free */
	size_t size;
};

/* From now on the descriptor is the pipe, which nobody reads. */
void divert_begin(struct divert *divert, int fd);

/* Read from now on, on a thread of our own. */
void divert_read(struct divert *divert);

/* The descriptor is what it was; all that was written has been read. */
void divert_end(struct divert *divert);

void divert_free(struct divert *divert);

/* ---- Lines that tell whether they are whole ---- */

/* Line `sequence` of `producer`, at least 24 bytes, with newline and 0; returns the bytes without the 0. */
size_t line_fill(char *to, size_t size, unsigned producer, unsigned sequence);

/*
 * Check that the text is lines of `producers` producers, 64 at the most, each
 * whole, each producer's in order and the first `count` of them. NULL, or what is wrong.
 */
const char *lines_check(const char *text, unsigned producers, unsigned count);

#endif
