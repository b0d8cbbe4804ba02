/* SPDX-License-Identifier: MIT
 *
 * Life within the limits of a process: descriptors, threads, address space,
 * signals, and a library that is loaded and unloaded.
 */
#include <wt.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child.h"
#include "support/ports.h"
#include "support/support.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 /* which needs address space and descriptors of its own */
#else
#define SANITIZED 0
#endif

/* ---- What a working library can do ---- */

static int entry_echo(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = 0, fd;

	(void)size;
	if (data)
		err = wt_loop_fd(&fd);
	while (!err) {
		err = wt_port_receive(parent, &message, WT_FOREVER);
		if (!err)
			err = wt_port_post(parent, message.data, message.size);
	}
	return err;
}

/* As large as glibc's default, so that a limit of address space is met with every C library. */
static const wt_worker_options usual_stack = { .size = sizeof usual_stack, .stack_size = 8 << 20 };

/* A worker answers; its program needs descriptors if it has data. 0 or the error that it was refused with. */
static int try_worker(wt_worker **worker, const void *data, size_t size)
{
	wt_message message;
	int err = wt_worker_create(worker, entry_echo, data, size, &usual_stack);

	if (err)
		return err;
	if (wt_worker_post(*worker, "echo", 4))
		return 1;
	if (wt_port_receive(wt_worker_port(*worker), &message, wt_after_ms(20000)))
		return 2;
	return message.size == 4 ? 0 : 3;
}

static int works(void)
{
	wt_worker *worker;
	int err = try_worker(&worker, NULL, 0);

	if (!err && wt_worker_terminate(worker, wt_after_ms(20000)))
		err = 2;
	if (!err)
		wt_worker_destroy(worker);
	return err;
}

/* In a program: which line is wrong. */
#define EXPECT(condition)                                                               \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			return 1;                                                       \
		}                                                                       \
	} while (0)

/* ---- Descriptors ---- */

static int child_without_descriptors(void)
{
	struct rlimit limit = { .rlim_cur = 3, .rlim_max = 64 };
	int fd;

	EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	EXPECT(wt_loop_fd(&fd) == -EMFILE && fd == -1);
	EXPECT(works() == 0); /* which needs none */
	limit.rlim_cur = 64;
	EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	EXPECT(wt_loop_fd(&fd) == 0 && fd > 2);
	return 0;
}

/* Too few by one, two, and so on, until there are enough. */
static int child_with_too_few_descriptors(void)
{
	struct rlimit limit = { .rlim_cur = 21, .rlim_max = 64 }, enough = { .rlim_cur = 64, .rlim_max = 64 };
	unsigned open;
	int fd, err = -EMFILE;

	while (dup(2) < 20)
		; /* no gap below */
	open = support_open_fds();
	for (; err == -EMFILE; limit.rlim_cur++) {
		EXPECT(support_open_fds() == open);
		EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		err = wt_loop_fd(&fd);
		EXPECT(setrlimit(RLIMIT_NOFILE, &enough) == 0);
	}
	EXPECT(err == 0);
	EXPECT(support_open_fds() > open + 1); /* so that one was too few */
	EXPECT(works() == 0);
	return 0;
}

/* Standard streams that were closed are not taken: what the program prints would go there. */
static int child_without_streams(void)
{
	int fd;

	close(0);
	close(1);
	close(2);
	if (works() || wt_loop_fd(&fd) || fd <= 2)
		return 1;
	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 2;
	return 0;
}

/* Writes the numbers of its descriptors to stderr, but for those of the streams and the listing. */
static int child_lists_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	EXPECT(dir);
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (fd > 2 && fd != dirfd(dir))
			fprintf(stderr, "%d ", fd);
	}
	closedir(dir);
	return 0;
}

static int child_hands_descriptors_on(void)
{
	struct child_command command;
	wt_worker *worker;
	int loop;

	EXPECT(wt_loop_fd(&loop) == 0);
	EXPECT(try_worker(&worker, "fd", 2) == 0);
	child_command(&command, "lists_descriptors", "lists_descriptors", "-1");
	execvp(command.program, command.argv);
	return 1;
}

/* ---- Threads ---- */

static int hold_workers(wt_worker **workers, int most, int *count)
{
	int err = 0;

	for (*count = 0; *count < most && !err; *count += !err)
		err = try_worker(&workers[*count], NULL, 0);
	return err;
}

static void end_workers(wt_worker **workers, int count)
{
	for (int i = 0; i < count; i++)
		wt_worker_destroy(workers[i]);
}

enum { MANY = 200 };

/* Workers until the system refuses: the one that it refused has left nothing, and those before it work. */
static int exhaust(void)
{
	wt_worker *workers[MANY];
	unsigned fds = support_open_fds();
	int first, second, err;

	err = hold_workers(workers, MANY, &first);
	EXPECT(err == WT_EAGAIN || err == WT_ENOMEM);
	EXPECT(!workers[first]);
	EXPECT(support_threads() == (unsigned)first + 1);
	end_workers(workers, first);
	EXPECT(first > 0);
	err = hold_workers(workers, MANY, &second);
	EXPECT(err == WT_EAGAIN || err == WT_ENOMEM);
	EXPECT(second > 0); /* how many, the C library's arenas and kept stacks decide */
	end_workers(workers, second);
	EXPECT(support_open_fds() == fds);
	EXPECT(support_threads() == 1);
	return 0;
}

/* The limit holds for users other than root. */
static int child_without_threads(void)
{
	struct rlimit limit = { .rlim_cur = 6, .rlim_max = 6 };

	EXPECT(setrlimit(RLIMIT_NPROC, &limit) == 0);
	EXPECT(geteuid() != 0 || setuid(65534) == 0);
	return exhaust();
}

static int child_without_address_space(void)
{
	struct rlimit limit = { .rlim_cur = 200 << 20, .rlim_max = RLIM_INFINITY };
	wt_shared *shared;
	wt_port *a, *b;
	char *large = calloc(1, 64 << 20);
	int err = 0, posts = 0;

	EXPECT(large);
	EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
	EXPECT(exhaust() == 0);
	EXPECT(wt_shared_create(&shared, (size_t)1 << 40, 0) == WT_ENOMEM && !shared);
	EXPECT(wt_channel_create(&a, &b, NULL) == 0);
	for (; !err && posts < 100; posts += !err)
		err = wt_port_post(a, large, 64 << 20);
	EXPECT(err == WT_ENOMEM);
	for (wt_message message; posts; posts--)
		EXPECT(wt_port_receive(b, &message, WT_NOW) == 0 && message.size == 64 << 20);
	EXPECT(wt_port_post(a, large, 64) == 0);
	wt_port_close(a);
	wt_port_close(b);
	free(large);
	return works();
}

/* ---- Pending signals ---- */

static int read_end;

static int entry_reads(wt_port *parent, const void *data, size_t size)
{
	char byte;
	int err = wt_port_post(parent, "reading", 7);

	(void)data;
	(void)size;
	while (!err && read(read_end, &byte, 1) < 0)
		wt_checkpoint();
	return 1;
}

/* Neither timers nor signals are to be had: the worker is a zombie until they are. */
static int child_without_signals(void)
{
	struct rlimit limit, none;
	wt_worker *worker;
	wt_message message;
	int ends[2], code;

	EXPECT(pipe(ends) == 0 && getrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	read_end = ends[0];
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	EXPECT(setrlimit(RLIMIT_SIGPENDING, &none) == 0);
	EXPECT(wt_worker_create(&worker, entry_reads, NULL, 0, NULL) == 0);
	EXPECT(wt_port_receive(wt_worker_port(worker), &message, wt_after_ms(20000)) == 0);
	EXPECT(wt_worker_terminate(worker, wt_after_ms(50)) == WT_ETIMEDOUT);
	EXPECT(works() == 0);
	EXPECT(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
	EXPECT(wt_worker_terminate(worker, wt_after_ms(20000)) == 0);
	EXPECT(wt_worker_join(worker, &code, WT_NOW) == 0 && code == 1);
	wt_worker_destroy(worker);
	return 0;
}

static const struct child_program programs[] = {
	{ "without_descriptors", child_without_descriptors },
	{ "with_too_few_descriptors", child_with_too_few_descriptors },
	{ "without_streams", child_without_streams },
	{ "lists_descriptors", child_lists_descriptors },
	{ "hands_descriptors_on", child_hands_descriptors_on },
	{ "without_threads", child_without_threads },
	{ "without_address_space", child_without_address_space },
	{ "without_signals", child_without_signals },
};

static void assert_program(const char *name)
{
	struct child_result result;

	child_run(name, &result);
	if (result.status)
		fail_msg("%s: status %d\n%s", name, result.status, result.errors);
}

/* [P1] [P3] */
static void descriptors_that_run_out_are_an_error(void **state)
{
	(void)state;
	assert_program("with_too_few_descriptors");
	if (!SANITIZED)
		assert_program("without_descriptors");
}

/* [P3] */
static void closed_streams_stay_closed(void **state)
{
	(void)state;
	assert_program("without_streams");
}

/* [P3] */
static void a_program_that_is_executed_inherits_no_descriptor(void **state)
{
	struct child_result plain, after;

	(void)state;
	child_run("lists_descriptors", &plain);
	child_run("hands_descriptors_on", &after);
	assert_int_equal(plain.status, 0);
	assert_int_equal(after.status, 0);
	assert_string_equal(after.errors, plain.errors);
}

#if !SANITIZED
/* [P1] */
static void threads_that_run_out_are_an_error(void **state)
{
	(void)state;
	assert_program("without_threads");
}

/* [P1] */
static void address_space_that_runs_out_is_an_error(void **state)
{
	(void)state;
	assert_program("without_address_space");
}
#endif

/* [P1] */
static void signals_that_run_out_are_waited_for(void **state)
{
	(void)state;
	assert_program("without_signals");
}

/* ---- Signals ---- */

struct storm {
	pthread_t target;
	wt_port *port;
	struct latch stop;
	struct verdict verdict;
	unsigned long sent;
};

static atomic_ulong storm_seen;

static void storm_handler(int signal)
{
	(void)signal;
	atomic_fetch_add(&storm_seen, 1);
}

/* Ten thousand a second. */
static void *storm_run(void *arg)
{
	struct storm *storm = arg;

	while (!latch_is_open(&storm->stop)) {
		pthread_kill(storm->target, SIGUSR1);
		storm->sent++;
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL); /* and what the system adds */
	}
	return NULL;
}

enum { STORM_MESSAGES = 3000 };

/* With pauses, so that the receiver sleeps. */
static void *storm_post(void *arg)
{
	struct storm *storm = arg;

	for (uint64_t i = 0; i < STORM_MESSAGES; i++) {
		CHECK(&storm->verdict, wt_port_post(storm->port, &i, sizeof i) == 0);
		if (i % 4 == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	}
	return NULL;
}

/* Interrupted sleeps are slept on; no message is missed, none comes twice, and no deadline comes early. */
static void a_storm_of_signals_on_a_waiting_thread_loses_nothing(void **state)
{
	struct sigaction action = { .sa_handler = storm_handler }, old;
	struct storm storm = { .target = pthread_self() };
	struct channel channel;
	pthread_t storming, posting;
	wt_time deadline;

	(void)state;
	support_allow_seconds(60);
	channel_open(&channel, NULL);
	storm.port = channel.a;
	sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	assert_int_equal(pthread_create(&storming, NULL, storm_run, &storm), 0);
	assert_int_equal(pthread_create(&posting, NULL, storm_post, &storm), 0);
	for (uint64_t i = 0; i < STORM_MESSAGES; i++) {
		wt_message message;

		assert_int_equal(wt_port_receive(channel.b, &message, wt_after_ms(20000)), 0);
		assert_int_equal(*(const uint64_t *)message.data, i);
	}
	deadline = wt_after_ms(100);
	assert_int_equal(wt_sleep(deadline), 0);
	assert_true(wt_now() >= deadline);
	latch_open(&storm.stop);
	pthread_join(posting, NULL);
	pthread_join(storming, NULL);
	sigaction(SIGUSR1, &old, NULL);
	assert_verdict(&storm.verdict);
	assert_true(atomic_load(&storm_seen) > 0);
	channel_close(&channel);
}

/* ---- Loading ---- */

typedef int create_fn(wt_worker **, wt_entry *, const void *, size_t, const wt_worker_options *);
typedef int terminate_fn(wt_worker *, wt_time);
typedef void destroy_fn(wt_worker *);

/* The entry is this program's: what it calls is not the library that was loaded. */
static int entry_nothing(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found)
		fail_msg("%s: %s", name, dlerror());
	return found;
}

static void load_and_unload(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	wt_worker *worker = NULL;
	create_fn *create;
	terminate_fn *terminate;
	destroy_fn *destroy;

	if (!library)
		fail_msg("%s", dlerror());
	*(void **)&create = symbol(library, "wt_worker_create");
	*(void **)&terminate = symbol(library, "wt_worker_terminate");
	*(void **)&destroy = symbol(library, "wt_worker_destroy");
	assert_ptr_not_equal(create, wt_worker_create);
	assert_int_equal(create(&worker, entry_nothing, NULL, 0, NULL), 0);
	assert_int_equal(terminate(worker, wt_after_ms(20000)), 0);
	destroy(worker);
	assert_int_equal(dlclose(library), 0);
}

/* A worker that a program forgot, and unloads the library under: which therefore stays. */
static void unload_under_a_worker(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	wt_worker *worker;
	create_fn *create;
	destroy_fn *destroy;

	assert_non_null(library);
	*(void **)&create = symbol(library, "wt_worker_create");
	*(void **)&destroy = symbol(library, "wt_worker_destroy");
	assert_int_equal(create(&worker, entry_nothing, NULL, 0, NULL), 0);
	assert_int_equal(dlclose(library), 0);
	destroy(worker);
}

/* A worker that ended before it was told to leaves a thread for the next one, which goes after a while. */
static void a_library_that_is_loaded_a_thousand_times_leaves_nothing(void **state)
{
	char path[4096];
	unsigned threads, fds;
	const char *build = getenv("top_builddir");

	(void)state;
	support_allow_seconds(60);
	snprintf(path, sizeof path, "%s/.libs/libwt.so", build ? build : ".");
	threads = support_threads();
	load_and_unload(path);
	fds = support_open_fds();
	for (unsigned i = 0; i < 1000 / support_slowdown(); i++)
		load_and_unload(path);
	unload_under_a_worker(path);
	assert_threads(threads);
	assert_int_equal(support_open_fds(), fds);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(descriptors_that_run_out_are_an_error),
		TEST(closed_streams_stay_closed),
		TEST(a_program_that_is_executed_inherits_no_descriptor),
#if !SANITIZED
		TEST(threads_that_run_out_are_an_error),
		TEST(address_space_that_runs_out_is_an_error),
#endif
		TEST(signals_that_run_out_are_waited_for),
		TEST(a_storm_of_signals_on_a_waiting_thread_loses_nothing),
		TEST(a_library_that_is_loaded_a_thousand_times_leaves_nothing),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	if (status >= 0)
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
