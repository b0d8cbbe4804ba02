/* SPDX-License-Identifier: MIT */
#include "poke.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wt.h>

#include "os.h"
#include "support/child.h"
#include "support/support.h"

/* ---- Workers that wait for the system ---- */

struct blocked {
	int pipe[2];
	struct latch blocking;
	struct verdict verdict;
	atomic_ulong interrupted;
};

static struct blocked blocked;

static void blocked_open(void)
{
	memset(&blocked, 0, sizeof blocked);
	assert_int_equal(pipe(blocked.pipe), 0);
}

static void blocked_close(void)
{
	close(blocked.pipe[0]);
	close(blocked.pipe[1]);
	assert_verdict(&blocked.verdict);
}

/* As a program would: a call that was interrupted is a moment to ask. */
static int entry_reads(wt_port *parent, const void *data, size_t size)
{
	char byte;

	(void)parent;
	(void)data;
	(void)size;
	latch_open(&blocked.blocking);
	while (!wt_terminating()) {
		CHECK(&blocked.verdict, read(blocked.pipe[0], &byte, 1) == -1 && errno == EINTR);
		atomic_fetch_add(&blocked.interrupted, 1);
	}
	return 0;
}

static wt_worker *start(wt_entry *entry)
{
	wt_worker *worker;

	assert_int_equal(wt_worker_create(&worker, entry, NULL, 0, NULL), 0);
	assert_true(latch_await(&blocked.blocking));
	return worker;
}

/* [W5] */
static void a_blocking_system_call_of_the_worker_is_ended(void **state)
{
	wt_worker *worker;
	int code = 0;

	(void)state;
	blocked_open();
	worker = start(entry_reads);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_NOW), 0);
	assert_int_equal(code, 1);
	wt_worker_destroy(worker);
	blocked_close();
}

/*
 * Told at any moment of the loop: after its look at the flag and before the
 * read, where the first signal is of no use, too.
 */
static void a_poke_before_the_system_call_is_not_the_last_one(void **state)
{
	unsigned rounds = 400 / support_slowdown();
	uint64_t random = support_seed();

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		wt_worker *worker;

		blocked_open();
		worker = start(entry_reads);
		for (uint64_t pause = support_random(&random) % 3000; pause; pause--)
			atomic_thread_fence(memory_order_seq_cst);
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		wt_worker_destroy(worker);
		blocked_close();
	}
}

/* Who only tells does not wait, and may be gone: the system repeats. */
static void pokes_repeat_without_anybody_waiting(void **state)
{
	wt_worker *worker;

	(void)state;
	blocked_open();
	worker = start(entry_reads);
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	blocked_close();
}

/* A worker that goes on in spite of it is asked again, and again. */
static int entry_reads_on(wt_port *parent, const void *data, size_t size)
{
	char byte;

	(void)parent;
	(void)data;
	(void)size;
	latch_open(&blocked.blocking);
	while (atomic_load(&blocked.interrupted) < 5) {
		CHECK(&blocked.verdict, read(blocked.pipe[0], &byte, 1) == -1 && errno == EINTR);
		atomic_fetch_add(&blocked.interrupted, 1);
	}
	return 0;
}

static void pokes_repeat_until_the_worker_ends(void **state)
{
	wt_worker *worker;

	(void)state;
	blocked_open();
	worker = start(entry_reads_on);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(atomic_load(&blocked.interrupted), 5);
	wt_worker_destroy(worker);
	blocked_close();
}

static void nobody_is_poked_without_being_told_to_end(void **state)
{
	wt_worker *worker;

	(void)state;
	blocked_open();
	worker = start(entry_reads);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(50)), WT_ETIMEDOUT);
	assert_int_equal(atomic_load(&blocked.interrupted), 0);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	blocked_close();
}

/* ---- The timers ---- */

static struct wti_os_ops os;
static atomic_int tickers_made, tickers_left, signals_sent;
static atomic_bool refuse_tickers;

static int count_ticker_create(union wti_os_ticker *ticker, union wti_os_thread thread, int signal, int64_t first,
			       int64_t period)
{
	int err = atomic_load(&refuse_tickers) ? -EAGAIN :
						 wti_os_real.ticker_create(ticker, thread, signal, first, period);

	if (!err) {
		atomic_fetch_add(&tickers_made, 1);
		atomic_fetch_add(&tickers_left, 1);
	}
	return err;
}

static int count_ticker_delete(union wti_os_ticker ticker)
{
	atomic_fetch_sub(&tickers_left, 1);
	return wti_os_real.ticker_delete(ticker);
}

static int count_signal_send(union wti_os_thread thread, int signal)
{
	atomic_fetch_add(&signals_sent, 1);
	return wti_os_real.signal_send(thread, signal);
}

static void count_pokes(bool refuse)
{
	os = wti_os_real;
	os.ticker_create = count_ticker_create;
	os.ticker_delete = count_ticker_delete;
	os.signal_send = count_signal_send;
	atomic_store(&tickers_made, 0);
	atomic_store(&tickers_left, 0);
	atomic_store(&signals_sent, 0);
	atomic_store(&refuse_tickers, refuse);
	wti_os = &os;
}

static void *terminate_run(void *arg)
{
	return wt_worker_terminate(arg, wt_after_ms(20000)) ? arg : NULL;
}

static void a_worker_has_one_timer_and_takes_it_along(void **state)
{
	pthread_t threads[4];
	wt_worker *worker;
	void *failed;

	(void)state;
	blocked_open();
	count_pokes(false);
	worker = start(entry_reads);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, terminate_run, worker), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(atomic_load(&tickers_made), 1);
	assert_int_equal(atomic_load(&tickers_left), 0);
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), 0);
	assert_int_equal(atomic_load(&tickers_made), 1);
	wt_worker_destroy(worker);
	blocked_close();
}

static void a_worker_that_ends_by_itself_needs_none(void **state)
{
	wt_worker *worker;

	(void)state;
	blocked_open();
	atomic_store(&blocked.interrupted, 5);
	count_pokes(false);
	worker = start(entry_reads_on);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	assert_int_equal(atomic_load(&tickers_made), 0);
	blocked_close();
}

/* [P1] */
static void without_timers_who_waits_repeats_the_pokes(void **state)
{
	wt_worker *worker;

	(void)state;
	blocked_open();
	count_pokes(true);
	worker = start(entry_reads_on);
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(atomic_load(&blocked.interrupted), 5);
	assert_true(atomic_load(&signals_sent) >= 5);
	wt_worker_destroy(worker);
	blocked_close();
}

/* [P1] */
static void timers_that_come_back_are_used(void **state)
{
	wt_worker *worker;

	(void)state;
	blocked_open();
	count_pokes(true);
	worker = start(entry_reads_on);
	assert_int_equal(wt_worker_terminate(worker, WT_NOW), WT_EAGAIN);
	atomic_store(&refuse_tickers, false);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	assert_int_equal(atomic_load(&tickers_made), 1);
	assert_int_equal(atomic_load(&tickers_left), 0);
	wt_worker_destroy(worker);
	blocked_close();
}

/* ---- Which signal ---- */

static atomic_int program_got;

static void program_handler(int signal)
{
	atomic_store(&program_got, signal);
}

/* A worker that ends at the library's own calls alone. */
static int entry_waits(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void nothing(void *arg)
{
	(void)arg;
}

static int entry_cannot_be_interrupted(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return wt_interruptible(nothing, NULL) == WT_ENOTSUP ? 7 : 8;
}

static int end_one(void)
{
	wt_worker *worker;
	int code = 0;

	if (wt_worker_create(&worker, entry_waits, NULL, 0, NULL) || wt_worker_terminate(worker, wt_after_ms(20000)) ||
	    wt_worker_join(worker, &code, WT_NOW) || code != 1)
		return 1;
	wt_worker_destroy(worker);
	return 0;
}

static void program_handler_info(int signal, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	atomic_store(&program_got, signal);
}

/* The highest three are the program's: one ignored, one handled with siginfo, one handled. */
static int child_some_taken(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };
	struct sigaction info = { .sa_sigaction = program_handler_info, .sa_flags = SA_SIGINFO };

	if (signal(SIGRTMAX - 2, program_handler) == SIG_ERR || sigaction(SIGRTMAX - 1, &info, NULL) ||
	    sigaction(SIGRTMAX, &action, NULL) || end_one())
		return 98;
	if (wti_poke_signal() != SIGRTMAX - 3)
		return 97;
	if (sigaction(SIGRTMAX - 2, NULL, &action) || action.sa_handler != program_handler)
		return 96;
	raise(SIGRTMAX - 2);
	raise(SIGRTMAX);
	return atomic_load(&program_got) == SIGRTMAX - 2 ? 0 : 95;
}

static int child_all_taken(void)
{
	wt_worker *worker;
	int code = 0;

	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		if (signal(i, program_handler) == SIG_ERR)
			return 99;
	if (end_one() || wti_poke_signal())
		return 98;
	if (wt_worker_create(&worker, entry_cannot_be_interrupted, NULL, 0, NULL) ||
	    wt_worker_join(worker, &code, wt_after_ms(20000)))
		return 97;
	wt_worker_destroy(worker);
	return code == 7 && !atomic_load(&program_got) ? 0 : 96;
}

static const struct child_program programs[] = {
	{ "some_taken", child_some_taken },
	{ "all_taken", child_all_taken },
};

static void assert_child(const char *name)
{
	struct child_result result;

	child_run(name, &result);
	if (result.status || *result.errors)
		fail_msg("%s: status %d\n%s", name, result.status, result.errors);
}

static void signals_of_the_program_stay_its_own(void **state)
{
	(void)state;
	assert_child("some_taken");
}

/* [P1] Terminate then reaches what meets the library. */
static void workers_do_without_a_signal_where_none_is_free(void **state)
{
	(void)state;
	assert_child("all_taken");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blocking_system_call_of_the_worker_is_ended),
		TEST(a_poke_before_the_system_call_is_not_the_last_one),
		TEST(pokes_repeat_without_anybody_waiting),
		TEST(pokes_repeat_until_the_worker_ends),
		TEST(nobody_is_poked_without_being_told_to_end),
		TEST(a_worker_has_one_timer_and_takes_it_along),
		TEST(a_worker_that_ends_by_itself_needs_none),
		TEST(without_timers_who_waits_repeats_the_pokes),
		TEST(timers_that_come_back_are_used),
		TEST(signals_of_the_program_stay_its_own),
		TEST(workers_do_without_a_signal_where_none_is_free),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	if (status >= 0)
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
