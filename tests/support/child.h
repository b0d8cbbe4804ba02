/* SPDX-License-Identifier: MIT
 *
 * Tests of how a process ends: the test program runs itself again, with the
 * name of the program to be as its argument.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stddef.h>
#include <stdint.h>

struct child_program {
	const char *name;
	int (*main)(void); /* its result is the status */
};

/* For main(): be the program that argv names, if it names one. Returns -1 if not, else the status. */
int child_main(int argc, char **argv, const struct child_program *programs, size_t count);

/*
 * How to run this program again with up to two arguments (NULL: none), by
 * execvp or posix_spawnp. In the emulator, where it runs in one
 * (WT_TEST_EMULATOR): the system could not run it by itself.
 */
struct child_command {
	const char *program;
	char *argv[9];
};

void child_command(struct child_command *command, const char *name, const char *first, const char *second);

/* In the child: the end begins here. */
void child_mark_end(void);

struct child_result {
	int status;       /* the exit status; 128 + n for signal n */
	int64_t end_time; /* nanoseconds from child_mark_end to the end; -1 without a mark */
	char errors[1024]; /* what it wrote to stderr */
};

/* Run the program and wait for it. Runner only. */
void child_run(const char *name, struct child_result *result);

#endif
