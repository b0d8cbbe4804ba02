/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

static void the_real_table_is_the_default(void **state)
{
	(void)state;
	assert_ptr_equal(wti_os, &wti_os_real);
}

/* ---- Futexes ---- */

static void a_wait_on_another_value_returns_at_once(void **state)
{
	_Atomic(uint32_t) word = 1;

	(void)state;
	assert_int_equal(wti_os->futex_wait(&word, 2, INT64_MAX), -EAGAIN);
}

static void a_wait_ends_at_its_deadline_not_before(void **state)
{
	_Atomic(uint32_t) word = 1;

	(void)state;
	for (int64_t span = 0; span <= 20000000; span = span * 2 + 1000) {
		int64_t deadline = wti_os->clock() + span;
		int result;

		do
			result = wti_os->futex_wait(&word, 1, deadline);
		while (result == 0 || result == -EINTR);
		assert_int_equal(result, -ETIMEDOUT);
		assert_true(wti_os->clock() >= deadline);
	}
}

static void a_deadline_that_has_passed_ends_the_wait_at_once(void **state)
{
	_Atomic(uint32_t) word = 1;

	(void)state;
	assert_int_equal(wti_os->futex_wait(&word, 1, 0), -ETIMEDOUT);
	assert_int_equal(wti_os->futex_wait(&word, 1, 1), -ETIMEDOUT);
	assert_int_equal(wti_os->futex_wait(&word, 1, wti_os->clock()), -ETIMEDOUT);
}

static void a_wake_of_nobody_wakes_none(void **state)
{
	_Atomic(uint32_t) word = 1;

	(void)state;
	assert_int_equal(wti_os->futex_wake(&word, INT_MAX), 0);
}

struct sleeper {
	_Atomic(uint32_t) *word;
	atomic_int *returned;
};

static void *sleep_on_word(void *arg)
{
	struct sleeper *sleeper = arg;

	while (atomic_load(sleeper->word) == 1)
		wti_os->futex_wait(sleeper->word, 1, INT64_MAX);
	atomic_fetch_add(sleeper->returned, 1);
	return NULL;
}

/* One wake at a time, until three have been woken. */
struct waking {
	_Atomic(uint32_t) *word;
	int woken;
	int most;
};

static bool wake_one_more(void *arg)
{
	struct waking *waking = arg;
	int result = wti_os->futex_wake(waking->word, 1);

	if (result > waking->most)
		waking->most = result;
	waking->woken += result;
	return waking->woken >= 3;
}

static void a_wake_wakes_as_many_as_asked_for(void **state)
{
	_Atomic(uint32_t) word = 1;
	atomic_int returned = 0;
	struct sleeper sleeper = { &word, &returned };
	struct waking waking = { .word = &word };
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sleep_on_word, &sleeper), 0);
	/* The word has not changed: each one woken goes back to sleep. */
	assert_true(await(wake_one_more, &waking));
	assert_int_equal(waking.most, 1);
	assert_int_equal(returned, 0);
	atomic_store(&word, 2);
	wti_os->futex_wake(&word, INT_MAX);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(returned, 3);
}

/* ---- Events ---- */

static bool readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_true(poll(&poll_fd, 1, 0) >= 0);
	return poll_fd.revents & POLLIN;
}

static struct wti_os_event open_event(void)
{
	struct wti_os_event event;

	assert_int_equal(wti_os->event_create(&event), 0);
	assert_true(event.fd > 2);
	return event;
}

static void an_event_is_readable_from_signal_to_clear(void **state)
{
	struct wti_os_event event = open_event();

	(void)state;
	assert_false(readable(event.fd));
	assert_int_equal(wti_os->event_clear(&event), 0);
	assert_int_equal(wti_os->event_signal(event.signal), 0);
	assert_int_equal(wti_os->event_signal(event.signal), 0);
	assert_true(readable(event.fd));
	assert_true(readable(event.fd));
	assert_int_equal(wti_os->event_clear(&event), 0);
	assert_false(readable(event.fd));
	assert_int_equal(wti_os->event_close(&event), 0);
	assert_int_equal(fcntl(event.fd, F_GETFD), -1);
}

static bool becomes_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 20000) == 1;
}

static void an_event_is_readable_from_its_moment_until_it_has_another(void **state)
{
	struct wti_os_event event = open_event();
	int64_t at = wti_os->clock() + 20000000;

	(void)state;
	assert_int_equal(wti_os->event_alarm(&event, at), 0);
	assert_true(becomes_readable(event.fd));
	assert_true(wti_os->clock() >= at);
	assert_int_equal(wti_os->event_clear(&event), 0);
	assert_true(readable(event.fd));
	assert_int_equal(wti_os->event_alarm(&event, INT64_MAX), 0);
	assert_false(readable(event.fd));
	assert_int_equal(wti_os->event_alarm(&event, 1), 0);
	assert_true(becomes_readable(event.fd));
	assert_int_equal(wti_os->event_alarm(&event, wti_os->clock() + 100000000000), 0);
	assert_false(readable(event.fd));
	wti_os->event_close(&event);
}

static void a_signal_outlives_a_moment_and_the_reverse(void **state)
{
	struct wti_os_event event = open_event();

	(void)state;
	wti_os->event_alarm(&event, 1);
	assert_true(becomes_readable(event.fd));
	wti_os->event_signal(event.signal);
	wti_os->event_alarm(&event, INT64_MAX);
	assert_true(readable(event.fd));
	wti_os->event_alarm(&event, 1);
	wti_os->event_clear(&event);
	assert_true(becomes_readable(event.fd));
	wti_os->event_alarm(&event, INT64_MAX);
	assert_false(readable(event.fd));
	wti_os->event_close(&event);
}

static void of_many_moments_the_earliest_comes_first(void **state)
{
	struct wti_os_event events[10];
	int64_t begin = wti_os->clock();

	(void)state;
	for (int i = 0; i < 10; i++) {
		events[i] = open_event();
		wti_os->event_alarm(&events[i], begin + (10 - i) * 5000000);
	}
	for (int i = 9; i >= 0; i--) {
		assert_true(becomes_readable(events[i].fd));
		assert_true(wti_os->clock() >= begin + (10 - i) * 5000000);
		wti_os->event_close(&events[i]);
	}
}

/* [P3] */
static void an_event_closes_on_exec_and_does_not_block(void **state)
{
	struct wti_os_event event = open_event();

	(void)state;
	assert_true(fcntl(event.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(event.signal, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(event.signal, F_GETFL) & O_NONBLOCK);
	wti_os->event_close(&event);
}

/* [P3] */
static void an_event_is_never_a_standard_stream(void **state)
{
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	struct wti_os_event event;
	unsigned before;
	int result;

	(void)state;
	if (saved >= 0)
		close(STDIN_FILENO);
	before = support_open_fds();
	result = wti_os->event_create(&event);
	if (saved >= 0) {
		assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
	assert_int_equal(result, 0);
	assert_true(event.fd > 2 && event.signal > 2);
	assert_true(fcntl(event.fd, F_GETFD) & FD_CLOEXEC);
	wti_os->event_close(&event);
	assert_int_equal(support_open_fds(), before);
}

/* Too few by one, two, and so on, until there are enough. [P1] */
static void too_few_descriptors_are_an_error_and_leak_none(void **state)
{
	struct rlimit saved, few;
	unsigned before = support_open_fds();
	struct wti_os_event event;
	int result = -EMFILE;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	few = saved;
	for (few.rlim_cur = 3; result; few.rlim_cur++) {
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		result = wti_os->event_create(&event);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
		assert_true(result == 0 || result == -EMFILE);
		assert_int_equal(support_open_fds() > before, result == 0);
	}
	wti_os->event_close(&event);
	assert_int_equal(support_open_fds(), before);
}

/* ---- The environment, files ---- */

static void a_variable_is_that_of_the_moment(void **state)
{
	(void)state;
	unsetenv("WT_TEST_OS");
	assert_null(wti_os->variable("WT_TEST_OS"));
	setenv("WT_TEST_OS", "1", 1);
	assert_string_equal(wti_os->variable("WT_TEST_OS"), "1");
	unsetenv("WT_TEST_OS");
}

static void the_directory_is_told_if_it_fits(void **state)
{
	char expected[4096], path[4096];

	(void)state;
	assert_non_null(getcwd(expected, sizeof expected));
	errno = 77;
	assert_int_equal(wti_os->directory(path, sizeof path), 0);
	assert_string_equal(path, expected);
	assert_int_equal(wti_os->directory(path, strlen(expected)), -ERANGE);
	assert_int_equal(errno, 77);
}

/* [P3] */
static void a_file_is_made_empty_and_closes_on_exec(void **state)
{
	char path[] = "/tmp/wt-os.XXXXXX";
	int fd = mkstemp(path), saved;
	struct stat status;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "before", 6), 6);
	close(fd);
	saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	if (saved >= 0)
		close(STDIN_FILENO);
	fd = wti_os->file_create(path);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
	assert_true(fd > 2);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, 0);
	assert_int_equal(wti_os->descriptor_close(fd), 0);
	unlink(path);
	errno = 77;
	assert_int_equal(wti_os->file_create("/nonexistent/file"), -ENOENT);
	assert_int_equal(errno, 77);
}

/* It would wait for who reads. */
static void a_pipe_that_nobody_reads_is_not_opened(void **state)
{
	char path[] = "/tmp/wt-os.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(wti_os->file_create(path), -ENXIO);
	unlink(path);
}

/* ---- Threads and processors ---- */

static void *return_arg(void *arg)
{
	pthread_attr_t attr;
	size_t size = 0;

	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstacksize(&attr, &size);
		pthread_attr_destroy(&attr);
	}
	*(size_t *)arg = size;
	return NULL;
}

static void a_thread_gets_at_least_the_stack_that_was_asked_for(void **state)
{
	pthread_t thread;
	size_t size = 0;

	(void)state;
	assert_int_equal(wti_os->thread_create(&thread, 0, return_arg, &size), 0);
	assert_int_equal(wti_os->thread_join(thread, INT64_MAX), 0);
	assert_true(size > 0);
	assert_int_equal(wti_os->thread_create(&thread, (size_t)3 << 20, return_arg, &size), 0);
	assert_int_equal(wti_os->thread_join(thread, INT64_MAX), 0);
	assert_true(size >= (size_t)3 << 20);
}

static void a_thread_with_an_impossible_stack_is_an_error(void **state)
{
	unsigned before = support_threads();
	pthread_t thread;
	size_t size = 0;

	(void)state;
	assert_int_equal(wti_os->thread_create(&thread, 1, return_arg, &size), -EINVAL);
	assert_true(wti_os->thread_create(&thread, (size_t)1 << 60, return_arg, &size) < 0);
	assert_threads(before);
}

static void a_detached_thread_goes_by_itself(void **state)
{
	static size_t size;
	unsigned before = support_threads();
	pthread_t thread;

	(void)state;
	assert_int_equal(wti_os->thread_create(&thread, 0, return_arg, &size), 0);
	assert_int_equal(wti_os->thread_detach(thread), 0);
	assert_threads(before);
}

static void *await_latch(void *arg)
{
	return latch_await(arg) ? NULL : arg;
}

static void *sleep_a_moment(void *arg)
{
	usleep(20000);
	return arg;
}

static void a_join_until_a_moment_beyond_the_clock_waits(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(wti_os->thread_create(&thread, 0, sleep_a_moment, NULL), 0);
	assert_int_equal(wti_os->thread_join(thread, INT64_MAX - 1), 0);
}

static void a_join_that_times_out_can_be_repeated(void **state)
{
	unsigned before = support_threads();
	struct latch latch = { 0 };
	int64_t deadline = wti_os->clock() + 3000000;
	pthread_t thread;

	(void)state;
	assert_int_equal(wti_os->thread_create(&thread, 0, await_latch, &latch), 0);
	assert_int_equal(wti_os->thread_join(thread, 1), -ETIMEDOUT);
	assert_int_equal(wti_os->thread_join(thread, deadline), -ETIMEDOUT);
	assert_true(wti_os->clock() >= deadline);
	latch_open(&latch);
	assert_int_equal(wti_os->thread_join(thread, wti_os->clock() + 20000000000), 0);
	assert_threads(before);
}

/* ---- Signals ---- */

static atomic_int signals_seen;
static pthread_t signal_thread;

static void signal_handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	if (pthread_equal(pthread_self(), signal_thread))
		atomic_fetch_add(&signals_seen, 1);
}

static bool several_seen(void *arg)
{
	return atomic_load(&signals_seen) >= *(int *)arg;
}

static void a_ticker_signals_its_thread_until_deleted(void **state)
{
	int signal = wti_os->signal_claim(signal_handler);
	union wti_os_thread self = wti_os->thread_self();
	union wti_os_ticker ticker;
	int count = 4, more;

	(void)state;
	assert_in_range(signal, SIGRTMIN, SIGRTMAX);
	signal_thread = pthread_self();
	assert_int_equal(wti_os->ticker_create(&ticker, self, signal, 1000, 1000000), 0);
	assert_true(await(several_seen, &count));
	assert_int_equal(wti_os->ticker_delete(ticker), 0);
	more = atomic_load(&signals_seen);
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	assert_int_equal(atomic_load(&signals_seen), more);
	assert_int_equal(wti_os->signal_send(self, signal), 0);
	more++;
	assert_true(await(several_seen, &more));
}

static void a_claimed_signal_is_claimed_once(void **state)
{
	int first = wti_os->signal_claim(signal_handler);
	int second = wti_os->signal_claim(signal_handler);

	(void)state;
	assert_in_range(first, SIGRTMIN, SIGRTMAX);
	assert_int_equal(second, first - 1);
}

static sem_t rung;

static void ring(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	wti_os->semaphore_post(&rung);
}

/* The handler of the first signal posts, that of the second does nothing. */
static void a_semaphore_ends_a_wait_for_each_post(void **state)
{
	int rings = wti_os->signal_claim(ring), interrupts = wti_os->signal_claim(signal_handler);
	union wti_os_thread self = wti_os->thread_self();
	union wti_os_ticker ticker;

	(void)state;
	assert_true(rings > 0 && interrupts > 0);
	errno = 77;
	assert_int_equal(wti_os->semaphore_create(&rung), 0);
	assert_int_equal(wti_os->semaphore_post(&rung), 0);
	assert_int_equal(wti_os->signal_send(self, rings), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(wti_os->semaphore_wait(&rung), 0);
	assert_int_equal(wti_os->ticker_create(&ticker, self, interrupts, 1000000, 1000000), 0);
	assert_int_equal(wti_os->semaphore_wait(&rung), -EINTR);
	assert_int_equal(wti_os->ticker_delete(ticker), 0);
	assert_int_equal(errno, 77);
	sem_destroy(&rung);
}

struct worked {
	clockid_t clock;
	int64_t least; /* processor time that it is to use */
	struct latch done, end;
	struct verdict verdict;
};

static void *use_processor_time(void *arg)
{
	struct worked *worked = arg;
	int64_t time = 0;

	CHECK(&worked->verdict, wti_os->thread_clock(&worked->clock) == 0);
	while (wti_os->thread_time(worked->clock, &time) == 0 && time < worked->least)
		;
	latch_open(&worked->done);
	CHECK(&worked->verdict, latch_await(&worked->end));
	return NULL;
}

static void processor_time_of_a_thread_is_read_by_another(void **state)
{
	struct worked worked = { .least = 5000000 };
	int64_t time = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, use_processor_time, &worked), 0);
	assert_true(latch_await(&worked.done));
	assert_int_equal(wti_os->thread_time(worked.clock, &time), 0);
	assert_true(time >= worked.least);
	latch_open(&worked.end);
	pthread_join(thread, NULL);
	assert_verdict(&worked.verdict);
	assert_true(wti_os->thread_time((clockid_t)12345, &time) < 0);
}

/* What the system says of it, where it says that. */
static bool system_names(char maker[static 64])
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];
	bool named = false;

	while (file && !named && fgets(line, sizeof line, file))
		named = sscanf(line, "vendor_id : %63s", maker) == 1;
	if (file)
		fclose(file);
	return named;
}

/* Valgrind and emulators show another one than the system names. */
static void the_maker_of_the_processor_is_the_one_that_the_system_names(void **state)
{
	char maker[64];
	bool amd = wti_os->cpu_is_amd();

	(void)state;
	if (system_names(maker) && !getenv("WT_TEST_SLOW"))
		assert_int_equal(amd, strcmp(maker, "AuthenticAMD") == 0);
	assert_int_equal(wti_os->cpu_is_amd(), amd); /* the answer is kept */
}

static void errno_is_left_alone(void **state)
{
	_Atomic(uint32_t) word = 1;
	struct wti_os_event event;
	union wti_os_ticker ticker;
	struct wti_os_place place;
	int64_t time;
	int created;

	(void)state;
	errno = ENOTTY;
	wti_os->futex_wait(&word, 2, INT64_MAX);
	wti_os->futex_wait(&word, 1, 1);
	wti_os->futex_wake(&word, 1);
	wti_os->clock();
	wti_os->yield();
	wti_os->cpu_count();
	wti_os->cpu_is_amd();
	wti_os->thread_place(&place);
	created = wti_os->ticker_create(&ticker, wti_os->thread_self(), wti_os->signal_claim(signal_handler), INT64_MAX / 4,
					1000000000);
	if (!created)
		wti_os->ticker_delete(ticker);
	created |= wti_os->event_create(&event);
	if (!created) {
		wti_os->event_clear(&event);
		wti_os->event_signal(event.signal);
		wti_os->event_alarm(&event, 1);
		wti_os->event_alarm(&event, INT64_MAX);
		wti_os->event_close(&event);
	}
	assert_true(wti_os->thread_pin(8191) < 0);
	assert_true(wti_os->thread_time((clockid_t)12345, &time) < 0);
	assert_true(wti_os->event_signal(-1) < 0);
	assert_int_equal(created, 0);
	assert_int_equal(errno, ENOTTY);
}

static bool broken_pipe_pends(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGPIPE);
}

/* By its signal the test would end. */
static void a_pipe_that_nobody_reads_any_more_is_an_error_and_no_signal(void **state)
{
	const struct timespec at_once = { 0 };
	sigset_t broken;
	int ends[2];

	(void)state;
	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	errno = 77;
	assert_int_equal(wti_os->file_write(ends[1], "one", 3), 3);
	close(ends[0]);
	assert_int_equal(wti_os->file_write(ends[1], "two", 3), -EPIPE);
	pthread_sigmask(SIG_BLOCK, &broken, NULL);
	assert_int_equal(wti_os->file_write(ends[1], "two", 3), -EPIPE);
	assert_false(broken_pipe_pends());
	raise(SIGPIPE);
	assert_int_equal(wti_os->file_write(ends[1], "two", 3), -EPIPE);
	assert_true(broken_pipe_pends()); /* that of the program */
	assert_int_equal(errno, 77);
	assert_int_equal(sigtimedwait(&broken, NULL, &at_once), SIGPIPE);
	pthread_sigmask(SIG_UNBLOCK, &broken, NULL);
	close(ends[1]);
}

/* ---- Descriptors of the program's ---- */

static void a_write_tells_how_much_or_why_not(void **state)
{
	char one[] = "one ", two[] = "two";
	const struct iovec pieces[] = { { one, 4 }, { two, 3 } };
	char got[16] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	errno = 77;
	assert_int_equal(wti_os->descriptor_write(ends[1], pieces, 2), 7);
	assert_int_equal(read(ends[0], got, sizeof got), 7);
	assert_string_equal(got, "one two");
	while (wti_os->descriptor_write(ends[1], pieces, 2) > 0)
		;
	assert_int_equal(wti_os->descriptor_write(ends[1], pieces, 2), -EAGAIN);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(wti_os->descriptor_write(ends[1], pieces, 2), -EBADF);
	assert_int_equal(errno, 77);
}

static void room_is_there_or_awaited(void **state)
{
	char page[4096];
	int ends[2];

	(void)state;
	memset(page, 0, sizeof page);
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(wti_os->descriptor_await_room(ends[1], -1) > 0);
	while (write(ends[1], page, sizeof page) > 0)
		;
	errno = 77;
	assert_int_equal(wti_os->descriptor_await_room(ends[1], 0), 0);
	assert_int_equal(wti_os->descriptor_await_room(ends[1], 1), 0);
	close(ends[0]);
	assert_true(wti_os->descriptor_await_room(ends[1], -1) > 0); /* the write will say why */
	assert_int_equal(errno, 77);
	close(ends[1]);
}

static ssize_t read_as(void *cookie, char *buffer, size_t size)
{
	memset(buffer, *(char *)cookie, size);
	return (ssize_t)size;
}

static void a_stream_reads_through_its_function(void **state)
{
	char letter = 'a';
	FILE *stream = NULL;

	(void)state;
	errno = 77;
	assert_int_equal(wti_os->stream_open(&stream, &letter, "r", (cookie_io_functions_t){ .read = read_as }), 0);
	assert_int_equal(errno, 77);
	assert_int_equal(getc(stream), 'a'); /* which may look what its descriptor is, and fail */
	assert_int_equal(fclose(stream), 0);
	errno = 77;
	assert_int_equal(wti_os->stream_open(&stream, &letter, "?", (cookie_io_functions_t){ .read = read_as }), -EINVAL);
	assert_null(stream);
	assert_int_equal(errno, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_real_table_is_the_default),
		TEST(a_wait_on_another_value_returns_at_once),
		TEST(a_wait_ends_at_its_deadline_not_before),
		TEST(a_deadline_that_has_passed_ends_the_wait_at_once),
		TEST(a_wake_of_nobody_wakes_none),
		TEST(a_wake_wakes_as_many_as_asked_for),
		TEST(an_event_is_readable_from_signal_to_clear),
		TEST(an_event_is_readable_from_its_moment_until_it_has_another),
		TEST(a_signal_outlives_a_moment_and_the_reverse),
		TEST(of_many_moments_the_earliest_comes_first),
		TEST(an_event_closes_on_exec_and_does_not_block),
		TEST(an_event_is_never_a_standard_stream),
		TEST(too_few_descriptors_are_an_error_and_leak_none),
		TEST(a_variable_is_that_of_the_moment),
		TEST(the_directory_is_told_if_it_fits),
		TEST(a_file_is_made_empty_and_closes_on_exec),
		TEST(a_pipe_that_nobody_reads_is_not_opened),
		TEST(a_pipe_that_nobody_reads_any_more_is_an_error_and_no_signal),
		TEST(a_thread_gets_at_least_the_stack_that_was_asked_for),
		TEST(a_thread_with_an_impossible_stack_is_an_error),
		TEST(a_detached_thread_goes_by_itself),
		TEST(a_join_until_a_moment_beyond_the_clock_waits),
		TEST(a_join_that_times_out_can_be_repeated),
		TEST(a_ticker_signals_its_thread_until_deleted),
		TEST(a_claimed_signal_is_claimed_once),
		TEST(a_semaphore_ends_a_wait_for_each_post),
		TEST(processor_time_of_a_thread_is_read_by_another),
		TEST(the_maker_of_the_processor_is_the_one_that_the_system_names),
		TEST(errno_is_left_alone),
		TEST(a_write_tells_how_much_or_why_not),
		TEST(room_is_there_or_awaited),
		TEST(a_stream_reads_through_its_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
