/* SPDX-License-Identifier: MIT
 *
 * What messages cost, seen through the public calls: no allocation and no
 * system call for each, and no memory for those that are gone.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#ifdef WTI_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif
#include <wt/error.h>
#include <wt/port.h>
#include <wt/worker.h>

#include "os.h"
#include "support/support.h"

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

/* ---- The steady state ---- */

/* Onto the n-th processor that the process may use, if there are so many. */
static void pin(int n)
{
	cpu_set_t set, one;

	if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) <= n)
		return;
	CPU_ZERO(&one);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && n-- == 0)
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}

enum {
	WINDOW = 1000,   /* messages */
	AHEAD = 64,      /* messages that the sender may be ahead: 64 KiB, well below a segment */
	WARM = 200,      /* messages at once to make the ring as large as it will be */
	JUDGED_MIN = 50, /* windows to be seen without disturbance */
	WINDOWS_MAX = 100000
};

/* What had happened when a window began. */
struct mark {
	unsigned long calls;     /* system calls of the library, by both threads */
	long receiver_switches;  /* how often the receiver lost its processor without asking */
	long sender_switches;    /* the same of the sender */
};

struct steady {
	struct latch begin; /* the receiver may pin itself */
	struct latch warm;  /* and receive */
	_Atomic(uint64_t) taken; /* by the receiver */
	uint64_t total;          /* messages, the warming ones included; known to the receiver by `last` */
	atomic_ulong warm_allocations;
	struct mark marks[WINDOWS_MAX + 1];
	_Atomic(long) windows;   /* marks that are complete on the receiver's side */
	struct verdict verdict;
};

static long switches(void)
{
	struct rusage usage = { .ru_nivcsw = 0 };

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static size_t size_of(uint64_t number)
{
	return number < WARM ? KIB : 16 + number * 37 % (KIB - 15);
}

static void receive_message(struct steady *steady, wt_port *parent, uint64_t number, bool *last)
{
	wt_message message;
	uint64_t words[2];
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	CHECK(&steady->verdict, err == 0);
	if (err) {
		*last = true;
		return;
	}
	memcpy(words, message.data, sizeof words);
	CHECK(&steady->verdict, words[0] == number && message.size == size_of(number));
	*last = words[1];
}

static int receive_steadily(wt_port *parent, const void *data, size_t size)
{
	struct steady *steady = *(struct steady *const *)data;
	bool last = false;

	(void)size;
	CHECK(&steady->verdict, latch_await(&steady->begin));
	pin(1);
	CHECK(&steady->verdict, latch_await(&steady->warm));
	for (uint64_t i = 0; !last; i++) {
		if (i >= WARM && (i - WARM) % WINDOW == 0) {
			long window = (long)((i - WARM) / WINDOW);

			if (!window)
				steady->warm_allocations = atomic_load(&support_counts.allocations);
			steady->marks[window].receiver_switches = switches();
			steady->marks[window].calls = atomic_load(&support_counts.system_calls);
			atomic_store(&steady->windows, window);
		}
		receive_message(steady, parent, i, &last);
		atomic_store_explicit(&steady->taken, i + 1, memory_order_release);
	}
	return 0;
}

/* Not too far ahead, or the ring grows; the yield is the test's own, and a sender that made one counts as disturbed. */
static void keep_pace(struct steady *steady, uint64_t number)
{
	for (unsigned spins = 1; number - atomic_load_explicit(&steady->taken, memory_order_acquire) >= AHEAD; spins++)
		if (spins % 4096 == 0)
			sched_yield();
}

static void send_message(struct steady *steady, wt_port *port, uint64_t number, bool last)
{
	uint64_t bytes[KIB / 8] = { number, last };

	CHECK(&steady->verdict, wt_port_post(port, bytes, size_of(number)) == 0);
}

/* A window in which neither thread lost its processor; the sender is up to one window ahead. */
static bool is_undisturbed(const struct steady *steady, long window)
{
	const struct mark *mark = &steady->marks[window];

	return mark[0].receiver_switches == mark[1].receiver_switches &&
	       mark[0].sender_switches == mark[2].sender_switches;
}

/* Of the windows so far: those undisturbed, and those of them without a system call. */
static void judge(const struct steady *steady, long windows, long *judged, long *silent)
{
	*judged = *silent = 0;
	for (long window = 1; window + 2 < windows; window++) {
		if (!is_undisturbed(steady, window))
			continue;
		++*judged;
		*silent += steady->marks[window].calls == steady->marks[window + 1].calls;
	}
}

static void send_steadily(struct steady *steady, wt_port *port)
{
	long windows = 1000000 / WINDOW / (long)support_slowdown();
	int64_t end = wti_os_real.clock() + 5000000000;
	uint64_t number = 0;
	long judged, silent;

	for (; number < WARM; number++)
		send_message(steady, port, number, false);
	latch_open(&steady->warm);
	for (long window = 0;; window++) {
		bool last = window >= WINDOWS_MAX - 2;

		steady->marks[window].sender_switches = switches();
		/* A million messages; more, within five seconds, while the machine let the two not run together. */
		if (window > windows) {
			long done = atomic_load(&steady->windows);

			judge(steady, done, &judged, &silent);
			last = last || judged >= JUDGED_MIN || wti_os_real.clock() > end;
			windows += windows / 4 + 1;
		}
		for (int i = 0; i < WINDOW; i++, number++) {
			keep_pace(steady, number);
			send_message(steady, port, number, last && i == WINDOW - 1);
		}
		if (last)
			break;
	}
}

/*
 * A million messages of up to 1 KiB to a receiver that may sleep. No
 * allocation at all; no system call while both threads run.
 *
 * A call is right where the receiver found nothing for longer than it polls,
 * which happens when the sender loses its processor: to another process, or
 * because there is only one. So windows of a thousand messages are judged in
 * which the system counts no such loss for either thread. A virtual machine's
 * host takes processors away unseen; for that, half of the windows may have
 * calls. A library that made a call for each message, or for each hundred,
 * would have them in all. Where a machine is so busy that too few windows are
 * undisturbed, only the allocations are judged; so where the sender carries a
 * sanitizer, whose checks of one message last longer than a poll.
 */
static void a_steady_stream_allocates_nothing_and_makes_no_system_call(void **state)
{
	struct steady *steady = calloc(1, sizeof *steady);
	long judged, silent, windows;
	wt_worker *worker;
	wt_message message;
	cpu_set_t saved;

	(void)state;
	assert_non_null(steady);
	assert_int_equal(sched_getaffinity(0, sizeof saved, &saved), 0);
	support_count();
	assert_int_equal(wt_worker_create(&worker, receive_steadily, &steady, sizeof steady, NULL), 0);
	/* A wait before anything is pinned: whether to poll is decided at the first one. */
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, 1), WT_ETIMEDOUT);
	latch_open(&steady->begin);
	pin(0);
	send_steadily(steady, wt_worker_port(worker));
	sched_setaffinity(0, sizeof saved, &saved);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	assert_verdict(&steady->verdict);
	windows = atomic_load(&steady->windows);
	judge(steady, windows, &judged, &silent);
	print_message("# %ld windows of %d messages, %ld undisturbed, %ld of these without a system call\n", windows,
		      WINDOW, judged, silent);
	assert_int_equal(support_counts.allocations, steady->warm_allocations);
	assert_true(support_counts.futex_wakes <= support_counts.futex_waits + 1);
	if (judged >= JUDGED_MIN && support_slowdown() == 1)
		assert_true(silent * 2 >= judged);
	else
		print_message("# too busy a machine, or too slow a build: system calls are not judged\n");
	wt_worker_destroy(worker);
	free(steady);
}

/* ---- After a backlog ---- */

/*
 * What is resident, but for the freed pages that jemalloc, as the program's
 * malloc, keeps for some seconds in case. Its records of what once was there
 * it keeps for good: 5 MiB after 16,384 blocks of several pages.
 */
#ifdef WTI_JEMALLOC
#define MALLOC_KEEPS (8 * MIB)
#else
#define MALLOC_KEEPS 0
#endif

static size_t resident(void)
{
#ifdef WTI_JEMALLOC
	char purge[40];

	snprintf(purge, sizeof purge, "arena.%d.purge", MALLCTL_ARENAS_ALL);
	assert_int_equal(mallctl(purge, NULL, NULL, NULL, 0), 0);
#endif
	return support_resident();
}

/* Queue so many bytes in messages of about `size`, take them all, and look at what is left. */
static void queue_and_drain(size_t bytes, size_t size)
{
	size_t count = bytes / size;
	unsigned char *data = calloc(1, size + 64);
	wt_port *a, *b;
	wt_message message;
	size_t before;

	assert_non_null(data);
	support_count();
	assert_int_equal(wt_channel_create(&a, &b, NULL), 0);
	before = resident();
	for (size_t i = 0; i < count; i++) {
		memcpy(data, &i, sizeof i);
		assert_int_equal(wt_port_post(a, data, size + i % 64), 0);
	}
	assert_true(support_counts.bytes >= (long)bytes);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(wt_port_receive(b, &message, WT_NOW), 0);
		assert_int_equal(message.size, size + i % 64);
		assert_memory_equal(message.data, &i, sizeof i);
	}
	assert_int_equal(wt_port_receive(b, &message, WT_NOW), WT_EAGAIN);
	assert_true(support_counts.bytes < (long)MIB);
	print_message("# %zu messages of %zu bytes: %ld KiB held, %ld KiB more resident\n", count, size,
		      (long)support_counts.bytes / 1024, ((long)resident() - (long)before) / 1024);
	/* Sanitizers keep what is freed. */
	if (support_slowdown() == 1)
		assert_true(resident() < before + MIB + MALLOC_KEEPS);
	wt_port_close(a);
	wt_port_close(b);
	free(data);
}

static void a_backlog_of_large_messages_leaves_less_than_a_mebibyte(void **state)
{
	(void)state;
	queue_and_drain(1024 * MIB / support_slowdown(), 64 * KIB);
}

static void a_backlog_of_small_messages_leaves_less_than_a_mebibyte(void **state)
{
	(void)state;
	queue_and_drain(1024 * MIB / support_slowdown(), 200);
}

/* ---- After many channels ---- */

/* Each with something in it, both ways, that nobody reads; closed from either side. */
static void open_and_close(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		wt_port *a, *b;

		if (wt_channel_create(&a, &b, NULL) != 0 || wt_port_post(a, "left", 4) != 0 ||
		    wt_port_post(b, "left", 4) != 0)
			fail_msg("channel %u", i);
		wt_port_close(i & 1 ? a : b);
		wt_port_close(i & 1 ? b : a);
	}
}

static void a_million_channels_leave_nothing(void **state)
{
	unsigned count = 1000000 / support_slowdown(), fds = support_open_fds();
	size_t before;

	(void)state;
	support_allow_seconds(60);
	support_count();
	open_and_close(count / 10);
	before = resident();
	open_and_close(count);
	assert_int_equal(support_counts.bytes, 0);
	assert_int_equal(support_open_fds(), fds);
	if (support_slowdown() == 1)
		assert_true(resident() < before + MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_steady_stream_allocates_nothing_and_makes_no_system_call),
		TEST(a_backlog_of_large_messages_leaves_less_than_a_mebibyte),
		TEST(a_backlog_of_small_messages_leaves_less_than_a_mebibyte),
		TEST(a_million_channels_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
