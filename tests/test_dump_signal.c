/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wt.h>

#include "os.h"
#include "support/child.h"
#include "support/support.h"

enum { DUMP_PATIENCE = 20000 }; /* ms */

/* Each is a program of its own: what it chooses is chosen for the whole process. */

/* Descriptor 2 leads into a pipe from now on, of which this is the other end. */
static int divert_errors(void)
{
	int ends[2];

	if (pipe(ends) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	close(ends[1]);
	return ends[0];
}

/* Not for ever: nobody but an alarm would end a program that reads a pipe. */
static bool more_arrives(int fd)
{
	struct pollfd pipe = { .fd = fd, .events = POLLIN };

	return poll(&pipe, 1, DUMP_PATIENCE) > 0;
}

/* Whether a whole dump comes, with a line that has this. */
static bool dump_arrives(int fd, const char *piece)
{
	char text[8192];
	size_t size = 0;

	while (size < sizeof text - 1) {
		ssize_t part = more_arrives(fd) ? read(fd, text + size, sizeof text - 1 - size) : -1;

		if (part <= 0)
			return false;
		size += (size_t)part;
		text[size] = '\0';
		if (size >= 4 && strcmp(text + size - 4, "end\n") == 0)
			return strstr(text, piece) != NULL;
	}
	return false;
}

static void block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int program_asked(void)
{
	wt_lock *lock;
	int fd = divert_errors();

	if (fd < 0 || wt_lock_acquire(&lock, "held", 4, NULL, WT_FOREVER) != 0)
		return 1;
	if (wt_dump_on_signal(SIGUSR2) != 0 || wt_dump_on_signal(SIGUSR2) != 0)
		return 2;
	if (wt_dump_on_signal(SIGUSR1) != WT_EBUSY)
		return 3;
	flockfile(stderr);
	for (int i = 0; i < 3; i++) {
		errno = EDOM;
		if (kill(getpid(), SIGUSR2) != 0 || !dump_arrives(fd, "lock name=\"held\" owner=") || errno != EDOM)
			return 4;
	}
	block(SIGUSR2);
	if (kill(getpid(), SIGUSR2) != 0 || !dump_arrives(fd, "lock name=\"held\" owner="))
		return 5;
	wt_lock_release(lock);
	return 0;
}

static void handle(int signo)
{
	(void)signo;
}

static int program_handles(void)
{
	signal(SIGUSR1, handle);
	signal(SIGUSR2, SIG_IGN);
	if (wt_dump_on_signal(SIGUSR1) != WT_EBUSY || wt_dump_on_signal(SIGUSR2) != WT_EBUSY)
		return 1;
	return signal(SIGUSR1, SIG_DFL) != handle || signal(SIGUSR2, SIG_DFL) != SIG_IGN;
}

static int program_without_threads(void)
{
	int fd = divert_errors();

	support_fail_os(SUPPORT_THREAD_CREATE, EAGAIN);
	if (wt_dump_on_signal(SIGUSR2) != WT_EAGAIN)
		return 1;
	support_restore_os();
	if (signal(SIGUSR2, SIG_DFL) != SIG_DFL)
		return 2;
	if (wt_dump_on_signal(SIGUSR2) != 0 || kill(getpid(), SIGUSR2) != 0)
		return 3;
	return !dump_arrives(fd, "end\n");
}

/* The child is as one that nobody asks; the parent goes on. */
static int program_forks(void)
{
	int fd = divert_errors();
	int status;
	pid_t child;

	if (wt_dump_on_signal(SIGUSR2) != 0)
		return 1;
	child = fork();
	if (child == 0) {
		raise(SIGUSR2);
		_exit(7);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
		return 2;
	return kill(getpid(), SIGUSR2) != 0 || !dump_arrives(fd, "end\n");
}

/* ---- The end of the process, in the midst of a dump ---- */

static pthread_t first;
static sem_t dumping;

/* A dump looks at the clock when it has a part of what it needs: it is left there. */
static int64_t stop_the_dump(void)
{
	if (!pthread_equal(pthread_self(), first)) {
		sem_post(&dumping);
		for (;;)
			pause();
	}
	return wti_os_real.clock();
}

static int program_ends(void)
{
	static struct wti_os_ops os;
	wt_lock *lock;

	first = pthread_self();
	os = *wti_os;
	os.clock = stop_the_dump;
	wti_os = &os;
	if (sem_init(&dumping, 0, 0) != 0 || wt_lock_acquire(&lock, "held", 4, NULL, WT_FOREVER) != 0)
		return 1;
	alarm(DUMP_PATIENCE / 1000);
	if (wt_dump_on_signal(SIGUSR2) != 0 || kill(getpid(), SIGUSR2) != 0)
		return 2;
	while (sem_wait(&dumping) != 0)
		if (errno != EINTR)
			return 3;
	wt_lock_release(lock);
	return 0;
}

/* ---- A dump that waits for room ---- */

static atomic_int no_room, interruptions;

static ssize_t write_without_room(int fd, const struct iovec *pieces, int count)
{
	if (atomic_fetch_sub(&no_room, 1) > 0)
		return -EAGAIN;
	return wti_os_real.descriptor_write(fd, pieces, count);
}

static int await_room_interrupted(int fd, int milliseconds)
{
	if (atomic_fetch_sub(&interruptions, 1) > 0)
		return -EINTR;
	return wti_os_real.descriptor_await_room(fd, milliseconds);
}

static int program_waits(void)
{
	static struct wti_os_ops os;
	int fd = divert_errors();
	wt_lock *lock;

	os = *wti_os;
	os.descriptor_write = write_without_room;
	os.descriptor_await_room = await_room_interrupted;
	wti_os = &os;
	atomic_store(&no_room, 2);
	atomic_store(&interruptions, 1);
	if (fd < 0 || wt_lock_acquire(&lock, "held", 4, NULL, WT_FOREVER) != 0)
		return 1;
	if (wt_dump_on_signal(SIGUSR2) != 0 || kill(getpid(), SIGUSR2) != 0)
		return 2;
	if (!dump_arrives(fd, "held"))
		return 3;
	wt_lock_release(lock);
	return atomic_load(&no_room) < 0 && atomic_load(&interruptions) < 0 ? 0 : 4;
}

/* ---- The library, interrupted ---- */

enum { INTERRUPTIONS = 5000, INTERRUPTING = 2000000000 /* ns, where that takes longer */ };

static atomic_uint rounds;
static atomic_bool interrupted;

static void *interrupt(void *arg)
{
	int64_t end = wti_os->clock() + INTERRUPTING;

	for (int i = 0; i < INTERRUPTIONS && wti_os->clock() < end; i++) {
		unsigned seen = atomic_load(&rounds);

		pthread_kill(*(pthread_t *)arg, SIGUSR2);
		while (atomic_load(&rounds) == seen)
			sched_yield();
	}
	atomic_store(&interrupted, true);
	return NULL;
}

/* Sleepers that stand in line under a lock have one for each few words: it passes through all. */
static int program_interrupted(void)
{
	static _Atomic(uint32_t) words[1024];
	int fd = open("/dev/null", O_WRONLY);
	pthread_t self = pthread_self();
	pthread_t other;

	alarm(DUMP_PATIENCE / 1000);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 || wt_dump_on_signal(SIGUSR2) != 0)
		return 1;
	if (pthread_create(&other, NULL, interrupt, &self) != 0)
		return 2;
	for (unsigned i = 0; !atomic_load(&interrupted); i++) {
		wti_os->futex_wake(&words[i % 1024], 1);
		atomic_fetch_add(&rounds, 1);
	}
	return pthread_join(other, NULL);
}

static const struct child_program programs[] = {
	{ "asked", program_asked },
	{ "handles", program_handles },
	{ "without_threads", program_without_threads },
	{ "forks", program_forks },
	{ "ends", program_ends },
	{ "waits", program_waits },
	{ "interrupted", program_interrupted },
};

static void runs_well(const char *name)
{
	struct child_result result;

	child_run(name, &result);
	assert_string_equal(result.errors, "");
	assert_int_equal(result.status, 0);
}

/* Its stderr is locked by the thread that stands still, which blocks the signal at last. */
static void a_signal_dumps_a_program_that_stands_still(void **state)
{
	(void)state;
	runs_well("asked");
}

static void a_signal_of_the_program_is_left_to_it(void **state)
{
	(void)state;
	runs_well("handles");
}

static void without_a_thread_the_signal_is_as_it_was(void **state)
{
	(void)state;
	runs_well("without_threads");
}

static void a_forked_child_is_not_ended_by_the_signal(void **state)
{
	(void)state;
	runs_well("forks");
}

/* What the dump has for itself is no leak of the program's (debug builds look for those). */
static void the_process_may_end_in_a_dump(void **state)
{
	(void)state;
	runs_well("ends");
}

/* Another signal comes while descriptor 2 has no room. */
static void a_dump_that_waits_for_room_is_written_whole(void **state)
{
	(void)state;
	runs_well("waits");
}

/* Wherever it is, also where it has a lock of its own. */
static void the_signal_may_interrupt_the_library(void **state)
{
	(void)state;
	runs_well("interrupted");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signal_dumps_a_program_that_stands_still),
		TEST(a_signal_of_the_program_is_left_to_it),
		TEST(without_a_thread_the_signal_is_as_it_was),
		TEST(a_forked_child_is_not_ended_by_the_signal),
		TEST(the_process_may_end_in_a_dump),
		TEST(a_dump_that_waits_for_room_is_written_whole),
		TEST(the_signal_may_interrupt_the_library),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	return status >= 0 ? status : cmocka_run_group_tests_name("dump_signal", tests, NULL, NULL);
}
