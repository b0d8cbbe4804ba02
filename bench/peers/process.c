// SPDX-License-Identifier: MIT
/*
 * Child processes in the place of workers: forked, or started as a program of their own, with a pipe each way. Messages
 * of a known size need no frame; one that is larger than the pipe's buffer takes several reads.
 */
#include "../harness.h"
#include "../memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* What a child program has its pipes as; the parent's ends are closed there by exec. */
enum { CHILD_IN = 0, CHILD_OUT = 1 };

struct process {
	pid_t pid;
	int to, from;             /* the parent's ends */
	int child_in, child_out;  /* the child's, open in the parent until it has been started */
};

static void write_all(int fd, const void *data, size_t size)
{
	const unsigned char *bytes = data;
	ssize_t n;

	for (size_t done = 0; done < size; done += (size_t)n) {
		n = write(fd, bytes + done, size - done);
		if (n < 0)
			bench_die("write", errno);
	}
}

/* False at the end of the pipe. */
static bool read_all(int fd, void *data, size_t size)
{
	unsigned char *bytes = data;
	ssize_t n;

	for (size_t done = 0; done < size; done += (size_t)n) {
		n = read(fd, bytes + done, size - done);
		if (n < 0)
			bench_die("read", errno);
		if (n == 0)
			return false;
	}
	return true;
}

static void process_pipes(struct process *process)
{
	int there[2], back[2];

	if (pipe2(there, O_CLOEXEC) || pipe2(back, O_CLOEXEC))
		bench_die("pipe2", errno);
	process->child_in = there[0];
	process->to = there[1];
	process->from = back[0];
	process->child_out = back[1];
}

static void process_started(struct process *process)
{
	close(process->child_in);
	close(process->child_out);
}

static void process_exec(struct process *process, const char *what)
{
	char *const argv[] = { "process", (char *)what, NULL };
	posix_spawn_file_actions_t actions;
	int error;

	process_pipes(process);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, process->child_in, CHILD_IN);
	posix_spawn_file_actions_adddup2(&actions, process->child_out, CHILD_OUT);
	error = posix_spawn(&process->pid, "/proc/self/exe", &actions, NULL, argv, environ);
	if (error)
		bench_die("posix_spawn", error);
	posix_spawn_file_actions_destroy(&actions);
	process_started(process);
}

/* In the child it does not return. */
static void process_fork(struct process *process, void (*body)(int in, int out, const struct bench_args *args),
			 const struct bench_args *args)
{
	process_pipes(process);
	process->pid = fork();
	if (process->pid < 0)
		bench_die("fork", errno);
	if (process->pid == 0) {
		close(process->to); /* or the child would never see the end of its input */
		close(process->from);
		body(process->child_in, process->child_out, args);
		_exit(0);
	}
	process_started(process);
}

static void process_end(struct process *process)
{
	int status;

	close(process->to);
	close(process->from);
	if (waitpid(process->pid, &status, 0) < 0 || status != 0)
		bench_die("waitpid", status);
}

/* ---- Spawn ---- */

/* Sends back what it gets, until there is no more. */
static void child_echo(int in, int out, const struct bench_args *args)
{
	uint64_t word;

	(void)args;
	while (read_all(in, &word, sizeof word)) {
		bench_settle();
		write_all(out, &word, sizeof word);
	}
}

static void process_trip(void *arg, uint64_t sequence)
{
	struct process *process = arg;
	uint64_t answer;

	write_all(process->to, &sequence, sizeof sequence);
	if (!read_all(process->from, &answer, sizeof answer) || answer != sequence)
		bench_die("round trip: wrong answer", 0);
}

static void spawn_exec(void *arg, uint64_t sequence)
{
	struct process process;

	(void)arg;
	process_exec(&process, "echo");
	process_trip(&process, sequence);
	process_end(&process);
}

static void spawn_fork(void *arg, uint64_t sequence)
{
	struct process process;

	process_fork(&process, child_echo, arg);
	process_trip(&process, sequence);
	process_end(&process);
}

/* ---- Messages ---- */

static void pinned_echo(int in, int out, const struct bench_args *args)
{
	bench_pin(1);
	child_echo(in, out, args);
}

static void work_pingpong(const struct bench_args *args)
{
	struct process process;

	process_fork(&process, pinned_echo, args);
	bench_pin(0);
	bench_trips(args, NULL, process_trip, &process);
	process_end(&process);
}

/* A word from the parent says that the warm-up is over. */
static void child_produce(int in, int out, const struct bench_args *args)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX] = { 0 };
	uint64_t total = args->warmup + args->count, word;

	for (uint64_t i = 0; i < total; i++) {
		if (i == args->warmup && !read_all(in, &word, sizeof word))
			bench_die("read", 0);
		bench_stamp(data, args->size, 0, i);
		write_all(out, data, args->size);
	}
}

static void consume(const struct process *process, struct bench_checker *check, uint64_t count)
{
	_Alignas(64) unsigned char data[BENCH_SIZE_MAX];

	for (uint64_t i = 0; i < count; i++) {
		if (!read_all(process->from, data, check->size))
			bench_die("read", 0);
		bench_check(check, data, check->size);
	}
}

static void work_stream(const struct bench_args *args)
{
	struct bench_checker check = { .size = args->size };
	struct process process;
	uint64_t go = 0;
	int64_t start;

	process_fork(&process, child_produce, args);
	consume(&process, &check, args->warmup);
	start = bench_now();
	write_all(process.to, &go, sizeof go);
	consume(&process, &check, args->count);
	bench_report_rate(NULL, args->count, bench_now() - start);
	process_end(&process);
	bench_check_end(&check, args);
}

/* ---- Memory ---- */

/* Pages that several processes share count in parts: what a further process costs the machine. */
static double proportional_kib(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	return memory_field_kib(path, "Pss");
}

static void work_memory(void)
{
	struct process processes[MEMORY_WORKERS];
	double kib = 0;

	for (unsigned i = 0; i < MEMORY_WORKERS; i++) {
		process_exec(&processes[i], "echo");
		process_trip(&processes[i], i);
	}
	for (unsigned i = 0; i < MEMORY_WORKERS; i++)
		kib += proportional_kib(processes[i].pid);
	for (unsigned i = 0; i < MEMORY_WORKERS; i++)
		process_end(&processes[i]);
	bench_report_memory(NULL, kib / MEMORY_WORKERS);
}

int main(int argc, char **argv)
{
	struct bench_args args;

	if (argc == 2 && bench_is(argv[1], "echo")) {
		child_echo(CHILD_IN, CHILD_OUT, NULL);
		return 0;
	}
	bench_parse(&args, argc, argv);
	if (bench_is(args.work, "spawn"))
		bench_trips(&args, NULL, bench_is(args.variant, "fork") ? spawn_fork : spawn_exec, &args);
	else if (bench_is(args.work, "pingpong"))
		work_pingpong(&args);
	else if (bench_is(args.work, "stream"))
		work_stream(&args);
	else if (bench_is(args.work, "memory"))
		work_memory();
	else
		bench_unknown(&args);
	return 0;
}
