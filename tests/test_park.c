/* SPDX-License-Identifier: MIT */
#include "park.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <wt/error.h>
#include <wt/port.h>
#include <wt/worker.h>

#include "os.h"
#include "seam.h"
#include "support/support.h"

#define MS ((int64_t)1000000)

static bool readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_true(poll(&poll_fd, 1, 0) >= 0);
	return poll_fd.revents & POLLIN;
}

/* ---- Tokens ---- */

static void a_wake_before_the_park_makes_it_return_at_once(void **state)
{
	struct wti_parker parker;

	(void)state;
	support_count();
	wti_parker_init(&parker);
	wti_unpark(&parker);
	assert_int_equal(wti_park(&parker, INT64_MAX), 0);
	assert_int_equal(support_counts.system_calls, 0);
	wti_parker_destroy(&parker);
}

static void tokens_do_not_add_up(void **state)
{
	struct wti_parker parker;

	(void)state;
	support_count();
	wti_parker_init(&parker);
	for (int i = 0; i < 3; i++)
		wti_unpark(&parker);
	assert_int_equal(support_counts.futex_wakes, 0);
	assert_int_equal(wti_park(&parker, 1), 0);
	assert_int_equal(wti_park(&parker, 1), WT_ETIMEDOUT);
	wti_parker_destroy(&parker);
}

static void a_park_after_a_time_out_starts_anew(void **state)
{
	struct wti_parker parker;

	(void)state;
	wti_parker_init(&parker);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(wti_park(&parker, 1), WT_ETIMEDOUT);
		wti_unpark(&parker);
		assert_int_equal(wti_park(&parker, 1), 0);
	}
	wti_parker_destroy(&parker);
}

/* ---- Deadlines ---- */

static void never_before_the_deadline(void)
{
	struct wti_parker parker;

	wti_parker_init(&parker);
	for (int64_t span = 0; span < 30 * MS; span = span * 2 + 777) {
		int64_t deadline = wti_os->clock() + span;

		assert_int_equal(wti_park(&parker, deadline), WT_ETIMEDOUT);
		assert_true(wti_os->clock() >= deadline);
	}
	wti_parker_destroy(&parker);
}

static void a_park_does_not_time_out_early(void **state)
{
	(void)state;
	never_before_the_deadline();
}

/* What the kernel says is not asked: not why it returned, nor whether the time is over. */
static void a_futex_that_returns_without_reason_ends_no_park_early(void **state)
{
	static const int results[] = { 0, EINTR, EAGAIN, ETIMEDOUT };

	(void)state;
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		support_fail_os(SUPPORT_FUTEX_WAIT, results[i]);
		never_before_the_deadline();
	}
}

/* ---- Two threads ---- */

/* Two parkers that wake each other in turn, `rounds` times. */
struct duet {
	struct wti_parker parker[2];
	_Atomic(uint64_t) turn; /* even: the first one's */
	uint64_t rounds;
	struct verdict verdict;
};

static void play(struct duet *duet, unsigned me)
{
	for (uint64_t i = me; i < duet->rounds; i += 2) {
		while (wti_load_acq(&duet->turn) != i)
			CHECK(&duet->verdict, wti_park(&duet->parker[me], INT64_MAX) == 0);
		wti_store_rel(&duet->turn, i + 1);
		wti_unpark(&duet->parker[!me]);
	}
}

static void *play_second(void *arg)
{
	play(arg, 1);
	return NULL;
}

static void play_together(uint64_t rounds)
{
	struct duet duet = { .rounds = rounds };
	pthread_t thread;

	wti_parker_init(&duet.parker[0]);
	wti_parker_init(&duet.parker[1]);
	assert_int_equal(pthread_create(&thread, NULL, play_second, &duet), 0);
	play(&duet, 0);
	pthread_join(thread, NULL);
	assert_verdict(&duet.verdict);
	wti_parker_destroy(&duet.parker[0]);
	wti_parker_destroy(&duet.parker[1]);
}

static void a_wake_from_another_thread_ends_the_park(void **state)
{
	(void)state;
	play_together(4000 / support_slowdown());
}

static void a_futex_that_returns_without_reason_loses_no_wake(void **state)
{
	static const int results[] = { 0, EINTR, EAGAIN };

	(void)state;
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		support_fail_os(SUPPORT_FUTEX_WAIT, results[i]);
		play_together(200);
	}
}

/* A park that never sleeps in the kernel has a waker that need not enter it, and the reverse. */
static void a_wake_calls_the_system_only_for_a_sleeper(void **state)
{
	(void)state;
	support_count();
	play_together(2000);
	assert_true(support_counts.futex_wakes <= support_counts.futex_waits);
}

/* ---- A storm of signals ---- */

struct storm {
	pthread_t target;
	atomic_bool over;
	atomic_uint raised;
};

static void ignore_signal(int number)
{
	(void)number;
}

static void *raise_signals(void *arg)
{
	struct storm *storm = arg;

	while (!atomic_load(&storm->over)) {
		pthread_kill(storm->target, SIGUSR1);
		atomic_fetch_add(&storm->raised, 1);
		nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
	}
	return NULL;
}

/*
 * Ten thousand signals a second: no park ends before its deadline, no wake is
 * lost. How late it may end is bounded for the best of ten, since a loaded
 * machine makes any single one late; a deadline that each signal moves on
 * would never come at all.
 */
static void signals_neither_end_a_park_nor_make_it_late(void **state)
{
	struct sigaction action = { .sa_handler = ignore_signal }, saved;
	struct storm storm = { .target = pthread_self() };
	struct wti_parker parker;
	int64_t best = INT64_MAX;
	pthread_t thread;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, &saved), 0);
	wti_parker_init(&parker);
	assert_int_equal(pthread_create(&thread, NULL, raise_signals, &storm), 0);
	for (int i = 0; i < 10; i++) {
		int64_t deadline = wti_os->clock() + 30 * MS, late;

		assert_int_equal(wti_park(&parker, deadline), WT_ETIMEDOUT);
		late = wti_os->clock() - deadline;
		assert_true(late >= 0);
		best = late < best ? late : best;
	}
	play_together(2000 / support_slowdown());
	atomic_store(&storm.over, true);
	pthread_join(thread, NULL);
	sigaction(SIGUSR1, &saved, NULL);
	assert_true(storm.raised > 10);
	assert_true(best < 20 * MS);
	wti_parker_destroy(&parker);
}

/* ---- The descriptor face ---- */

static void the_descriptor_is_readable_from_a_wake_to_the_clear(void **state)
{
	struct wti_parker parker;
	int fd;

	(void)state;
	wti_parker_init(&parker);
	fd = wti_parker_event_fd(&parker);
	assert_true(fd > 2);
	assert_int_equal(wti_parker_event_fd(&parker), fd);
	wti_parker_event_clear(&parker);
	assert_false(readable(fd));
	wti_unpark(&parker);
	assert_true(readable(fd));
	wti_parker_event_clear(&parker);
	assert_false(readable(fd));
	wti_unpark(&parker);
	assert_true(readable(fd));
	wti_parker_event_clear(&parker);
	wti_parker_event_signal(&parker);
	assert_true(readable(fd));
	wti_parker_destroy(&parker);
}

/* The token is for a park; the wake behind it may be for the descriptor, whether the owner has parked or not. */
static void a_wake_behind_a_quiet_one_is_signalled(void **state)
{
	struct wti_parker parker;
	int fd;

	(void)state;
	wti_parker_init(&parker);
	fd = wti_parker_event_fd(&parker);
	wti_parker_event_clear(&parker);
	assert_false(wti_unpark_token(&parker));
	assert_false(readable(fd));
	wti_unpark(&parker);
	assert_true(readable(fd));
	wti_parker_event_clear(&parker);
	assert_false(wti_unpark_token(&parker));
	assert_int_equal(wti_park(&parker, wt_after_ms(5000)), 0);
	wti_unpark(&parker);
	assert_true(readable(fd));
	wti_parker_destroy(&parker);
}

/* Many wakes cost one signal, until somebody has heard it. */
static void wakes_that_nobody_has_heard_are_not_signalled_again(void **state)
{
	struct wti_parker parker;

	(void)state;
	support_count();
	wti_parker_init(&parker);
	assert_true(wti_parker_event_fd(&parker) > 2);
	wti_parker_event_clear(&parker);
	support_count_reset();
	for (int i = 0; i < 10; i++)
		wti_unpark(&parker);
	assert_int_equal(support_counts.system_calls, 1);
	wti_parker_event_clear(&parker);
	wti_unpark(&parker);
	assert_true(readable(wti_parker_event_fd(&parker)));
	wti_parker_destroy(&parker);
}

/* A wake that came before there was a descriptor is found by the first look at it. */
static void a_wake_before_the_descriptor_makes_it_readable(void **state)
{
	struct wti_parker parker;

	(void)state;
	wti_parker_init(&parker);
	wti_unpark(&parker);
	assert_true(readable(wti_parker_event_fd(&parker)));
	wti_parker_destroy(&parker);
}

static void a_parker_without_descriptor_takes_signal_and_clear_lightly(void **state)
{
	struct wti_parker parker;

	(void)state;
	wti_parker_init(&parker);
	wti_parker_event_signal(&parker);
	wti_parker_event_clear(&parker);
	assert_int_equal(wti_park(&parker, 1), WT_ETIMEDOUT);
	wti_parker_destroy(&parker);
}

/* The owner sleeps in its own poll and clears before it looks: the other one's wake always ends the poll. */
static void no_wake_is_lost_between_poll_and_clear(void **state)
{
	struct duet duet = { .rounds = 4000 / support_slowdown() };
	struct pollfd poll_fd = { .events = POLLIN };
	pthread_t thread;

	(void)state;
	wti_parker_init(&duet.parker[0]);
	wti_parker_init(&duet.parker[1]);
	poll_fd.fd = wti_parker_event_fd(&duet.parker[0]);
	assert_true(poll_fd.fd > 2);
	assert_int_equal(pthread_create(&thread, NULL, play_second, &duet), 0);
	for (uint64_t i = 0; i < duet.rounds; i += 2) {
		for (;;) {
			wti_parker_event_clear(&duet.parker[0]);
			if (wti_load_acq(&duet.turn) == i)
				break;
			CHECK(&duet.verdict, poll(&poll_fd, 1, -1) == 1);
		}
		wti_store_rel(&duet.turn, i + 1);
		wti_unpark(&duet.parker[1]);
	}
	pthread_join(thread, NULL);
	assert_verdict(&duet.verdict);
	wti_parker_destroy(&duet.parker[0]);
	wti_parker_destroy(&duet.parker[1]);
}

/* [P1] */
static void without_a_descriptor_to_be_had_the_parker_stays_usable(void **state)
{
	struct wti_parker parker;

	(void)state;
	wti_parker_init(&parker);
	support_fail_os(SUPPORT_EVENT_CREATE, EMFILE);
	assert_int_equal(wti_parker_event_fd(&parker), -EMFILE);
	wti_unpark(&parker);
	assert_int_equal(wti_park(&parker, 1), 0);
	support_restore_os();
	assert_true(wti_parker_event_fd(&parker) > 2);
	wti_parker_destroy(&parker);
}

static void destroy_closes_the_descriptor(void **state)
{
	unsigned before = support_open_fds();
	struct wti_parker parker;

	(void)state;
	wti_parker_init(&parker);
	assert_true(wti_parker_event_fd(&parker) > 2);
	assert_true(support_open_fds() > before);
	wti_parker_destroy(&parker);
	assert_int_equal(support_open_fds(), before);
}

/* ---- Behind a stalled commit ---- */

static struct latch reserved, asleep[2];
static atomic_uint sleeps;
static _Thread_local bool stalls;

static void stall(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_RESERVED && stalls) {
		latch_open(&reserved);
		latch_await(&asleep[1]);
	}
}

static struct wti_os_ops telling_os;

static int tell_sleep(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	unsigned n = atomic_fetch_add(&sleeps, 1);

	latch_open(&asleep[n ? 1 : 0]);
	return wti_os_real.futex_wait(word, value, deadline);
}

static void *post_first(void *arg)
{
	stalls = true;
	return (void *)(intptr_t)wt_port_post(arg, "1", 1);
}

static void *post_second(void *arg)
{
	if (!latch_await(&asleep[0]))
		return arg;
	return (void *)(intptr_t)wt_port_post(arg, "2", 1);
}

/*
 * [M1] [M2] The first sender stalls between reservation and commit, the second
 * one commits and wakes the receiver. That finds nothing it may take, sleeps
 * again instead of spinning, and is woken by the first one's commit.
 */
static void a_receiver_sleeps_until_the_first_of_two_commits(void **state)
{
	pthread_t first, second;
	void *result[2];
	wt_message message;
	wt_port *a, *b;

	(void)state;
	reserved = asleep[0] = asleep[1] = (struct latch){ 0 };
	sleeps = 0;
	telling_os = wti_os_real;
	telling_os.futex_wait = tell_sleep;
	assert_int_equal(wt_channel_create(&a, &b, NULL), 0);
	wti_yield_hook = stall;
	assert_int_equal(pthread_create(&first, NULL, post_first, a), 0);
	assert_true(latch_await(&reserved));
	assert_int_equal(pthread_create(&second, NULL, post_second, a), 0);
	wti_os = &telling_os;
	assert_int_equal(wt_port_receive(b, &message, WT_FOREVER), 0);
	assert_memory_equal(message.data, "1", 1);
	/* The kernel may send it back without reason now and then, but not for ever. */
	assert_in_range(sleeps, 2, 20);
	pthread_join(first, &result[0]);
	pthread_join(second, &result[1]);
	assert_null(result[0]);
	assert_null(result[1]);
	assert_int_equal(wt_port_receive(b, &message, WT_NOW), 0);
	assert_memory_equal(message.data, "2", 1);
	support_restore_os();
	wti_yield_hook = NULL;
	wt_port_close(a);
	wt_port_close(b);
}

/* ---- A million single messages ---- */

static int answer(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err;

	(void)data;
	(void)size;
	while ((err = wt_port_receive(parent, &message, WT_FOREVER)) == 0) {
		err = wt_port_post(parent, message.data, message.size);
		if (err)
			return err;
	}
	return err == WT_ECLOSED || err == WT_ETERMINATED ? 0 : err;
}

/*
 * [M2] Each side sleeps with an empty ring before each message: a publication
 * that crosses an announcement would leave both asleep, until the watchdog.
 * A million, or as many as four seconds let through.
 */
static void single_messages_to_and_fro_never_leave_both_asleep(void **state)
{
	uint64_t rounds = 1000000 / support_slowdown();
	int64_t end = wti_os_real.clock() + 4000 * MS;
	wt_worker *worker;
	wt_port *port;
	wt_message message;

	(void)state;
	assert_int_equal(wt_worker_create(&worker, answer, NULL, 0, NULL), 0);
	port = wt_worker_port(worker);
	for (uint64_t i = 0; i < rounds && wti_os_real.clock() < end; i++) {
		if (i % 100 == 0)
			support_allow_seconds(10);
		assert_int_equal(wt_port_post(port, &i, sizeof i), 0);
		assert_int_equal(wt_port_receive(port, &message, WT_FOREVER), 0);
		assert_int_equal(message.size, sizeof i);
		assert_memory_equal(message.data, &i, sizeof i);
	}
	wt_worker_destroy(worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wake_before_the_park_makes_it_return_at_once),
		TEST(tokens_do_not_add_up),
		TEST(a_park_after_a_time_out_starts_anew),
		TEST(a_park_does_not_time_out_early),
		TEST(a_futex_that_returns_without_reason_ends_no_park_early),
		TEST(a_wake_from_another_thread_ends_the_park),
		TEST(a_futex_that_returns_without_reason_loses_no_wake),
		TEST(a_wake_calls_the_system_only_for_a_sleeper),
		TEST(signals_neither_end_a_park_nor_make_it_late),
		TEST(the_descriptor_is_readable_from_a_wake_to_the_clear),
		TEST(a_wake_behind_a_quiet_one_is_signalled),
		TEST(wakes_that_nobody_has_heard_are_not_signalled_again),
		TEST(a_wake_before_the_descriptor_makes_it_readable),
		TEST(a_parker_without_descriptor_takes_signal_and_clear_lightly),
		TEST(no_wake_is_lost_between_poll_and_clear),
		TEST(without_a_descriptor_to_be_had_the_parker_stays_usable),
		TEST(destroy_closes_the_descriptor),
		TEST(a_receiver_sleeps_until_the_first_of_two_commits),
		TEST(single_messages_to_and_fro_never_leave_both_asleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
