/* SPDX-License-Identifier: MIT */
#include "support/child.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/support.h"

static int child_mark_fd = -1;
static char child_self[4096];

/* By its name, which valgrind knows better than the link. Once: an emulator looks for it from where the process is. */
static void child_find_self(void)
{
	if (!child_self[0])
		(void)!readlink("/proc/self/exe", child_self, sizeof child_self - 1);
}

static int64_t child_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int child_main(int argc, char **argv, const struct child_program *programs, size_t count)
{
	child_find_self();
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

void child_command(struct child_command *command, const char *name, const char *first, const char *second)
{
	const char *emulator = getenv("WT_TEST_EMULATOR"), *root = getenv("QEMU_LD_PREFIX");
	const char *words[] = { emulator, "-L", root ? root : "/", "-0", name, child_self, first, second, NULL };
	const char *plain[] = { name, first, second, NULL };

	child_find_self();
	command->program = emulator ? emulator : child_self;
	if (emulator)
		memcpy(command->argv, words, sizeof words);
	else
		memcpy(command->argv, plain, sizeof plain);
}

/*
 * The environment of a child. That a process ends with threads running is what
 * is tested; and when it ends, ThreadSanitizer shall not sleep.
 */
struct child_environment {
	char tsan[1024];
	char *variables[512];
};

static void child_environment(struct child_environment *environment)
{
	static const char tsan[] = "TSAN_OPTIONS";
	const char *options = getenv(tsan);
	size_t n = 0;

	snprintf(environment->tsan, sizeof environment->tsan, "%s=%s:report_thread_leaks=0:atexit_sleep_ms=0", tsan,
		 options ? options : "");
	environment->variables[n++] = environment->tsan;
	for (char **variable = environ; *variable; variable++)
		if (strncmp(*variable, environment->tsan, sizeof tsan) != 0) {
			assert_true(n < sizeof environment->variables / sizeof *environment->variables - 1);
			environment->variables[n++] = *variable;
		}
	environment->variables[n] = NULL;
}

/* Not by fork: until it runs the program, its child may do nothing that takes a lock, which another thread may have. */
static pid_t child_spawn(const char *name, FILE *errors, FILE *mark)
{
	struct child_environment environment;
	struct child_command command;
	posix_spawn_file_actions_t actions;
	char fd[16];
	pid_t child;

	snprintf(fd, sizeof fd, "%d", fileno(mark));
	child_environment(&environment);
	child_command(&command, name, name, fd);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fileno(errors), STDERR_FILENO), 0);
	assert_int_equal(posix_spawnp(&child, command.program, &actions, NULL, command.argv, environment.variables), 0);
	posix_spawn_file_actions_destroy(&actions);
	return child;
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
	child = child_spawn(name, errors, mark);
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
