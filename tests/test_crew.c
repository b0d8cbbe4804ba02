/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <wt.h>

#include "support/support.h"
#include "worker.h"

enum {
	TRIES = 2000, /* a thread is there for the next worker a moment after the last one's end */
	STAY = 300    /* ms */
};

static int crew_setup(void **state)
{
	support_setup(state);
	wti_crew_max = 4;
	wti_crew_stay = STAY;
	return 0;
}

/* ---- Workers that tell who they are ---- */

static atomic_int ran_on; /* the thread of the latest */

static int entry_tell(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	atomic_store(&ran_on, gettid());
	return 0;
}

static int run(wt_entry *entry, const wt_worker_options *options)
{
	wt_worker *worker;
	int code = -1;

	assert_int_equal(wt_worker_create(&worker, entry, NULL, 0, options), 0);
	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	wt_worker_destroy(worker);
	return code;
}

static int run_telling(void)
{
	assert_int_equal(run(entry_tell, NULL), 0);
	return atomic_load(&ran_on);
}

/* Two workers in turn on one thread, the second with what the first left. */
static void run_both(wt_entry *first, wt_entry *second)
{
	for (int i = 0; i < TRIES; i++) {
		int thread;

		assert_int_equal(run(first, NULL), 0);
		thread = atomic_load(&ran_on);
		assert_int_equal(run(second, NULL), 0);
		if (atomic_load(&ran_on) == thread)
			return;
	}
	fail_msg("no worker ran where the one before had");
}

static void a_thread_takes_the_next_worker(void **state)
{
	(void)state;
	run_both(entry_tell, entry_tell);
}

/* ---- What is left behind ---- */

static _Thread_local int kept;

static locale_t some_locale;

static stack_t stack_of_new;

static int entry_disturb(wt_port *parent, const void *data, size_t size)
{
	static char bytes[64 * 1024];
	const stack_t stack = { .ss_sp = bytes, .ss_size = sizeof bytes };
	sigset_t none;

	sigaltstack(&stack, &stack_of_new);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	if (some_locale)
		uselocale(some_locale);
	fesetround(FE_UPWARD);
	kept = 7;
	return entry_tell(parent, data, size);
}

static int entry_find(wt_port *parent, const void *data, size_t size)
{
	char name[16] = "";
	stack_t stack;
	sigset_t mask;

	sigaltstack(NULL, &stack);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	prctl(PR_GET_NAME, name);
	entry_tell(parent, data, size);
	if (!sigismember(&mask, SIGUSR1) || sigismember(&mask, SIGSEGV))
		return 1;
	if (uselocale((locale_t)0) != LC_GLOBAL_LOCALE)
		return 2;
	if (fegetround() != FE_TONEAREST)
		return 3;
	if (strncmp(name, "worker-", 7) != 0)
		return 4;
	if (stack.ss_sp != stack_of_new.ss_sp || stack.ss_flags != stack_of_new.ss_flags)
		return 5;
	return 0;
}

static atomic_int kept_seen;

static int entry_show_kept(wt_port *parent, const void *data, size_t size)
{
	atomic_store(&kept_seen, kept);
	return entry_tell(parent, data, size);
}

static void mask_stack_locale_rounding_and_name_are_those_of_a_new_thread(void **state)
{
	(void)state;
	some_locale = newlocale(LC_ALL_MASK, "C", NULL);
	assert_non_null(some_locale);
	run_both(entry_disturb, entry_find);
	freelocale(some_locale);
	some_locale = NULL;
}

static sigset_t signal_of_ours(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return set;
}

static atomic_int caught;

static void catch(int signal)
{
	(void)signal;
	atomic_fetch_add(&caught, 1);
}

static int entry_open_mask(wt_port *parent, const void *data, size_t size)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	return entry_tell(parent, data, size);
}

/*
 * What a worker was ready to take is nobody's once it has ended: its thread, which stays, takes no signal that the
 * program keeps for itself.
 */
static void a_thread_that_stays_takes_no_signal_once_its_worker_has_ended(void **state)
{
	struct sigaction old, action = { .sa_handler = catch };
	sigset_t mine = signal_of_ours();
	int tries = 20000 / (int)support_slowdown(), kept_back = 0;

	(void)state;
	support_allow_seconds(60);
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	for (int i = 0; i < tries; i++) {
		wt_worker *worker;

		assert_int_equal(wt_worker_create(&worker, entry_open_mask, NULL, 0, NULL), 0);
		/* As soon as it is told, but on a single processor. */
		for (int looks = 0; !wti_worker_has_ended(worker); looks++)
			if (looks > 1000)
				sched_yield();
		kill(getpid(), SIGUSR1);
		assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
		wt_worker_destroy(worker);
		if (sigtimedwait(&mine, NULL, &(struct timespec){ .tv_nsec = 0 }) != SIGUSR1)
			break;
		kept_back++;
	}
	sigaction(SIGUSR1, &old, NULL);
	assert_int_equal(atomic_load(&caught), 0);
	assert_int_equal(kept_back, tries);
}

static void thread_local_values_stay_but_for_a_fresh_thread(void **state)
{
	(void)state;
	run_both(entry_disturb, entry_show_kept);
	assert_int_equal(atomic_load(&kept_seen), 7);
	assert_int_equal(run(entry_show_kept, WT_WORKER_OPTIONS(.fresh_thread = true)), 0);
	assert_int_equal(atomic_load(&kept_seen), 0);
}

/* ---- Threads that do not stay ---- */

/* A worker has SIGPIPE blocked: it waits for the thread then. */
static int entry_break_pipe(wt_port *parent, const void *data, size_t size)
{
	int ends[2];
	ssize_t written;

	entry_tell(parent, data, size);
	if (pipe(ends))
		return 1;
	close(ends[0]);
	written = write(ends[1], "x", 1);
	close(ends[1]);
	return written != -1;
}

static int entry_exit(wt_port *parent, const void *data, size_t size)
{
	entry_tell(parent, data, size);
	wt_exit(0);
}

static int entry_leave(wt_port *parent, const void *data, size_t size)
{
	entry_tell(parent, data, size);
	pthread_exit(NULL);
}

/* To another nice value than the process has, which may have been started with any. */
static int move(void)
{
	int nice = getpriority(PRIO_PROCESS, 0);

	return setpriority(PRIO_PROCESS, 0, nice < 19 ? nice + 1 : nice - 1);
}

static int entry_move(wt_port *parent, const void *data, size_t size)
{
	entry_tell(parent, data, size);
	return move();
}

static int entry_leave_policy(wt_port *parent, const void *data, size_t size)
{
	struct sched_param param = { 0 };

	entry_tell(parent, data, size);
	return pthread_setschedparam(pthread_self(), SCHED_IDLE, &param);
}

/* Workers as told by `options`, after each of which others run elsewhere. */
static void expect_gone(wt_entry *entry, const wt_worker_options *options)
{
	for (int i = 0; i < 20; i++) {
		int thread;

		assert_int_equal(run(entry, options), 0);
		thread = atomic_load(&ran_on);
		for (int j = 0; j < 20; j++)
			assert_int_not_equal(run_telling(), thread);
	}
}

static void a_thread_whose_worker_was_unwound_is_not_used_again(void **state)
{
	(void)state;
	expect_gone(entry_exit, NULL);
	expect_gone(entry_leave, NULL);
}

static void a_thread_for_which_a_signal_waits_is_not_used_again(void **state)
{
	(void)state;
	expect_gone(entry_break_pipe, NULL);
}

static bool none_is_coming(void *arg)
{
	(void)arg;
	return wti_load(&wti_crew_coming) == 0;
}

/* Those that stay, and those that do not, for whatever reason: nobody waits for them any more. */
static void every_hand_that_is_coming_comes_or_goes(void **state)
{
	wt_entry *const entries[] = { entry_tell, entry_exit, entry_leave, entry_move, entry_break_pipe };

	(void)state;
	for (unsigned i = 0; i < sizeof entries / sizeof *entries; i++)
		assert_int_not_equal(run(entries[i], NULL), -1);
	assert_true(await(none_is_coming, NULL));
	wti_crew_max = 0;
	assert_int_equal(run(entry_tell, NULL), 0);
	assert_true(await(none_is_coming, NULL));
}

static void a_thread_that_was_moved_is_not_used_again(void **state)
{
	(void)state;
	expect_gone(entry_move, NULL);
	expect_gone(entry_leave_policy, NULL);
}

static void threads_of_their_own_are_not_used_again(void **state)
{
	(void)state;
	expect_gone(entry_tell, WT_WORKER_OPTIONS(.fresh_thread = true));
	expect_gone(entry_tell, WT_WORKER_OPTIONS(.stack_size = 1 << 20));
	expect_gone(entry_tell, WT_WORKER_OPTIONS(.nice = 1));
}

static int entry_stay(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	entry_tell(parent, data, size);
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void a_thread_whose_worker_was_terminated_is_not_used_again(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		wt_worker *worker;
		int thread;

		atomic_store(&ran_on, 0);
		assert_int_equal(wt_worker_create(&worker, entry_stay, NULL, 0, NULL), 0);
		while (!atomic_load(&ran_on))
			sched_yield();
		thread = atomic_load(&ran_on);
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		wt_worker_destroy(worker);
		for (int j = 0; j < 20; j++)
			assert_int_not_equal(run_telling(), thread);
	}
}

/* A creator at another nice value has workers at that value. */
static void *run_nicer(void *arg)
{
	wt_worker *worker;

	(void)arg;
	if (move() || wt_worker_create(&worker, entry_tell, NULL, 0, NULL))
		return NULL;
	if (wt_worker_join(worker, NULL, wt_after_ms(20000)))
		return NULL;
	wt_worker_destroy(worker);
	return (void *)(intptr_t)atomic_load(&ran_on);
}

static void a_thread_at_another_place_is_not_taken(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		int thread = run_telling();
		pthread_t nicer;
		void *ran;

		assert_int_equal(pthread_create(&nicer, NULL, run_nicer, NULL), 0);
		pthread_join(nicer, &ran);
		assert_non_null(ran);
		assert_int_not_equal((int)(intptr_t)ran, thread);
	}
}

/* ---- How many, and how long ---- */

static void a_few_stay_for_a_while(void **state)
{
	unsigned before, most;
	wt_worker *workers[10];

	(void)state;
	wti_crew_max = 0;
	before = support_threads();
	assert_threads(before);
	wti_crew_max = 4;
	most = before + 4;
	for (int i = 0; i < 10; i++)
		assert_int_equal(wt_worker_create(&workers[i], entry_stay, NULL, 0, NULL), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(wt_worker_post(workers[i], "", 0), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(wt_worker_join(workers[i], NULL, wt_after_ms(20000)), 0);
		wt_worker_destroy(workers[i]);
	}
	assert_threads(most);
	assert_threads(before);
}

static void processor_time_begins_anew(void **state)
{
	struct wt_worker_stats stats = { .size = sizeof stats };
	wt_worker *worker;

	(void)state;
	for (int i = 0; i < 200; i++) {
		assert_int_equal(wt_worker_create(&worker, entry_tell, NULL, 0, NULL), 0);
		assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
		assert_int_equal(wt_worker_stats(worker, &stats), 0);
		wt_worker_destroy(worker);
		assert_in_range(stats.cpu_time, 0, 100000000);
	}
}

/* ---- Races ---- */

static atomic_ulong ran;

static int entry_count(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	atomic_fetch_add(&ran, 1);
	return 0;
}

static void *create_in_turn(void *arg)
{
	unsigned long count = *(unsigned long *)arg;
	uint64_t random = (uint64_t)(uintptr_t)&count;

	for (unsigned long i = 0; i < count; i++) {
		wt_worker *worker;

		if (wt_worker_create(&worker, entry_count, NULL, 0, NULL) ||
		    wt_worker_join(worker, NULL, wt_after_ms(20000)))
			return arg;
		wt_worker_destroy(worker);
		/* About as long as an idle thread waits before it goes. */
		for (uint64_t pause = support_random(&random) % 20000; pause; pause--)
			__asm__ volatile("" ::: "memory");
		if (i % 8 == 0)
			nanosleep(&(struct timespec){ .tv_nsec = (long)(support_random(&random) % 2000000) }, NULL);
	}
	return NULL;
}

static void work_is_done_once_whenever_it_is_given(void **state)
{
	unsigned long count = 4000 / support_slowdown();
	pthread_t threads[3];
	void *failed;

	(void)state;
	support_allow_seconds(60);
	wti_crew_stay = 1;
	wti_crew_max = 2;
	atomic_store(&ran, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, create_in_turn, &count), 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(atomic_load(&ran), 3 * count);
}

#define CREW_TEST(fn) cmocka_unit_test_setup_teardown(fn, crew_setup, support_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CREW_TEST(a_thread_takes_the_next_worker),
		CREW_TEST(mask_stack_locale_rounding_and_name_are_those_of_a_new_thread),
		CREW_TEST(a_thread_that_stays_takes_no_signal_once_its_worker_has_ended),
		CREW_TEST(thread_local_values_stay_but_for_a_fresh_thread),
		CREW_TEST(a_thread_whose_worker_was_unwound_is_not_used_again),
		CREW_TEST(a_thread_whose_worker_was_terminated_is_not_used_again),
		CREW_TEST(a_thread_for_which_a_signal_waits_is_not_used_again),
		CREW_TEST(every_hand_that_is_coming_comes_or_goes),
		CREW_TEST(a_thread_that_was_moved_is_not_used_again),
		CREW_TEST(threads_of_their_own_are_not_used_again),
		CREW_TEST(a_thread_at_another_place_is_not_taken),
		CREW_TEST(a_few_stay_for_a_while),
		CREW_TEST(processor_time_begins_anew),
		CREW_TEST(work_is_done_once_whenever_it_is_given),
	};
	sigset_t ours = signal_of_ours();

	pthread_sigmask(SIG_BLOCK, &ours, NULL); /* also in the watchdog's thread, which is made later */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
