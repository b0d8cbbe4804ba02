/* SPDX-License-Identifier: MIT
 *
 * Samples in libfann's text format: a line with the number of samples, of
 * inputs and of outputs, then for each sample a line of its inputs and, if
 * there are outputs, one of those. Blank lines do not count.
 *
 * One thread reads the lines of a file, and any thread may read the numbers
 * in them.
 */
#ifndef INFER_DATA_H
#define INFER_DATA_H

#include <stddef.h>
#include <stdio.h>

/* Room for what is wrong with a file, in words. */
#define DATA_PROBLEM_SIZE 200

struct data_shape {
	size_t samples;
	size_t inputs;
	size_t outputs;
};

struct data_file {
	FILE *file;
	struct data_shape shape;
	size_t read; /* samples */
	size_t line; /* the number of the one that was read last */
	char *text;  /* of that line */
	size_t room;
};

/* The lines of some samples. */
struct data_text {
	char *bytes; /* malloc's; with a zero at the end */
	size_t size; /* without that */
	size_t room;
	size_t samples;
	size_t line; /* the number of the first */
};

/* Where in such lines a reader is. */
struct data_cursor {
	const char *at;
	size_t line;
};

/* Return 0, or -1 with the problem. */
int data_open(struct data_file *data, const char *name, char *problem);

/*
 * The next samples, at most so many, which the caller frees. Returns 0, also
 * when there are no more: text->samples is 0 then. -1 with the problem.
 */
int data_next(struct data_file *data, size_t samples, struct data_text *text, char *problem);

void data_close(struct data_file *data);

/* The numbers of one line, exactly so many. Returns 0, or -1 with the problem, which begins with the line's number. */
int data_numbers(struct data_cursor *cursor, float *numbers, size_t count, char *problem);

#endif
