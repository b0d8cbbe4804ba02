/* SPDX-License-Identifier: MIT */
#include "support/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/support.h"

static int child_mark_fd = -1;

static int64_t child_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int child_main(int argc, char **argv, const struct child_program *programs, size_t count)
{
	if (argc != 3)
		return -1;
	child_mark_fd = atoi(argv[2]);
	for (size_t i = 0; i < count; i++)
		if (strcmp(programs[i].name, argv[1]) == 0)
			return programs[i].main();
	fprintf(stderr, "no program %s\n", argv[1]);
	return 99;
}

void child_mark_end(void)
{
	dprintf(child_mark_fd, "%lld\n", (long long)child_now());
}

/* That a process ends with threads running is what is tested; and when it ends, the sanitizer shall not sleep. */
static void child_allow_thread_leaks(void)
{
	const char *options = getenv("TSAN_OPTIONS");
	char longer[1024];

	snprintf(longer, sizeof longer, "%s:report_thread_leaks=0:atexit_sleep_ms=0", options ? options : "");
	setenv("TSAN_OPTIONS", longer, 1);
}

void child_command(struct child_command *command, const char *name, const char *first, const char *second)
{
	const char *emulator = getenv("WT_TEST_EMULATOR"), *root = getenv("QEMU_LD_PREFIX");
	/* By its name, which valgrind knows better than the link. */
	ssize_t length = readlink("/proc/self/exe", command->self, sizeof command->self - 1);
	const char *words[] = { emulator, "-L", root ? root : "/", "-0", name, command->self, first, second, NULL };
	const char *plain[] = { name, first, second, NULL };

	command->self[length > 0 ? length : 0] = '\0';
	command->program = emulator ? emulator : command->self;
	if (emulator)
		memcpy(command->argv, words, sizeof words);
	else
		memcpy(command->argv, plain, sizeof plain);
}

static void child_exec(const char *name, FILE *errors, FILE *mark)
{
	struct child_command command;
	char fd[16];

	dup2(fileno(errors), 2);
	snprintf(fd, sizeof fd, "%d", fileno(mark));
	child_allow_thread_leaks();
	child_command(&command, name, name, fd);
	execvp(command.program, command.argv);
	_exit(127);
}

void child_run(const char *name, struct child_result *result)
{
	FILE *errors = tmpfile();
	FILE *mark = tmpfile();
	int status = -1;
	long long begin = 0;
	int64_t end;
	pid_t child;

	assert_non_null(errors);
	assert_non_null(mark);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		child_exec(name, errors, mark);
	assert_int_equal(waitpid(child, &status, 0), child);
	end = child_now();
	rewind(errors);
	result->errors[fread(result->errors, 1, sizeof result->errors - 1, errors)] = '\0';
	rewind(mark);
	result->end_time = fscanf(mark, "%lld", &begin) == 1 ? end - begin : -1;
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	fclose(errors);
	fclose(mark);
}
