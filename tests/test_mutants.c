/* SPDX-License-Identifier: MIT
 *
 * The known wrong versions of the sleep-and-wake protocol (seam.h). For each,
 * a scenario that the right version passes and in which, in the same run, the
 * wrong one is caught: it sleeps to its deadline although what it waits for
 * is there. A deadline ends every such sleep, so nothing has to be killed.
 */
#include "seam.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <wt/error.h>
#include <wt/port.h>
#include <wt/worker.h>

#include "barrier.h"
#include "port.h"
#include "os.h"
#include "support/support.h"
#include "thread.h"

/* How long the right version may take, on a machine with other things to do; and when a wrong one counts as asleep. */
#define PATIENCE_RIGHT 10000 /* ms */
#define PATIENCE_WRONG 300   /* ms */

static wt_time patience(void)
{
	return wt_after_ms(wti_mutant ? PATIENCE_WRONG : PATIENCE_RIGHT);
}

/* The scenario with the right version, then with the wrong one; each says whether it was slept through. */
static void catch(enum wti_mutant_id id, const char *name, bool (*sleeps)(void), const char *by)
{
	wti_mutant = 0;
	assert_false(sleeps());
	wti_mutant = (int)id;
	assert_true(sleeps());
	wti_mutant = 0;
	print_message("# mutant %d, %s: killed by %s\n", (int)id, name, by);
}

/* ---- By a schedule ---- */

/* Both ends belong to this thread: the hook does, between two steps of the receiver, what others might. */
static wt_port *near_end, *far_end;

static void (*before_arm)(void);

static void step_in(enum wti_yield_point point, void *object)
{
	if (point == WTI_YIELD_BEFORE_ARM && object == near_end && before_arm) {
		void (*once)(void) = before_arm;

		before_arm = NULL;
		once();
	}
}

/* A receive that finds nothing; `event` comes right before it announces its sleep. True when it slept all the same. */
static bool receive_across(void (*event)(void), int result)
{
	wt_message message;
	wt_time deadline = patience();
	bool late;

	assert_int_equal(wt_channel_create(&near_end, &far_end, NULL), 0);
	before_arm = event;
	wti_yield_hook = step_in;
	assert_int_equal(wt_port_receive(near_end, &message, deadline), result);
	late = wt_now() >= deadline;
	wti_yield_hook = NULL;
	wt_port_close(near_end);
	wt_port_close(far_end);
	return late;
}

static void event_message(void)
{
	assert_int_equal(wt_port_post(far_end, "x", 1), 0);
}

static void event_close(void)
{
	wt_port_close(far_end);
	far_end = NULL;
}

/* As another thread would do it. */
static void event_terminate(void)
{
	struct wti_thread *self = wti_thread_self();

	wti_store(&self->terminating, 1);
	wti_unpark(&self->parker);
}

static bool sleeps_through_a_message(void)
{
	return receive_across(event_message, 0);
}

static bool sleeps_through_a_close(void)
{
	return receive_across(event_close, WT_ECLOSED);
}

static bool sleeps_through_a_terminate(void)
{
	bool late = receive_across(event_terminate, WT_ETERMINATED);

	wti_store(&wti_thread_self()->terminating, 0);
	return late;
}

/* [M2] */
static void a_sleeper_that_does_not_look_again_is_caught(void **state)
{
	(void)state;
	catch(WTI_MUTANT_NO_RECHECK, "no second look", sleeps_through_a_message, "a message before the announcement");
}

/* [C1] */
static void a_second_look_that_forgets_close_is_caught(void **state)
{
	(void)state;
	catch(WTI_MUTANT_RECHECK_DATA_ONLY, "second look at data only", sleeps_through_a_close,
	      "a close before the announcement");
}

/* [W5] */
static void a_second_look_that_forgets_terminate_is_caught(void **state)
{
	(void)state;
	catch(WTI_MUTANT_RECHECK_DATA_ONLY, "second look at data only", sleeps_through_a_terminate,
	      "a terminate before the announcement");
}

/*
 * A post reserves while an earlier message waits, and commits when the
 * receiver has taken that one and sleeps.
 */
static struct latch reserved, asleep;
static _Thread_local bool stalls;

static void commit_when_asleep(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point == WTI_YIELD_RESERVED && stalls) {
		latch_open(&reserved);
		latch_await(&asleep);
	}
}

static struct wti_os_ops telling_os;

static int tell_sleep(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	latch_open(&asleep);
	return wti_os_real.futex_wait(word, value, deadline);
}

static void *post_stalling(void *arg)
{
	stalls = true;
	return (void *)(intptr_t)wt_port_post(arg, "x", 1);
}

static bool sleeps_through_a_late_commit(void)
{
	wt_message message;
	wt_time deadline;
	pthread_t thread;
	void *result;
	bool late;

	reserved = asleep = (struct latch){ 0 };
	telling_os = wti_os_real;
	telling_os.futex_wait = tell_sleep;
	assert_int_equal(wt_channel_create(&near_end, &far_end, NULL), 0);
	assert_int_equal(wt_port_post(far_end, "x", 1), 0);
	wti_yield_hook = commit_when_asleep;
	assert_int_equal(pthread_create(&thread, NULL, post_stalling, far_end), 0);
	assert_true(latch_await(&reserved));
	assert_int_equal(wt_port_receive(near_end, &message, WT_NOW), 0);
	wti_os = &telling_os;
	deadline = patience();
	assert_int_equal(wt_port_receive(near_end, &message, deadline), 0);
	late = wt_now() >= deadline;
	pthread_join(thread, &result);
	assert_null(result);
	support_restore_os();
	wti_yield_hook = NULL;
	wt_port_close(near_end);
	wt_port_close(far_end);
	return late;
}

/* [M2] */
static void a_wake_judged_at_reservation_is_caught(void **state)
{
	(void)state;
	catch(WTI_MUTANT_WAKE_AT_RESERVE, "wake judged at reservation", sleeps_through_a_late_commit,
	      "a commit during the sleep");
}

/* ---- By force ---- */

/*
 * A missing barrier shows only where both threads run: pinned apart, without
 * polling, one message at a time, posted at a random moment around the one at
 * which the receiver announces its sleep.
 *
 * A processor commits its stores in order, so what is published after a few
 * stores to lines that lie in no cache stays unseen for as long as those take,
 * while the load that follows it is done at once. Without them a wrong version
 * must hit a window of some nanoseconds, and on some machines was not caught
 * in ten seconds.
 */
enum {
	COLD_BYTES = 64 << 20, /* more than most caches hold */
	COLD_STORES = 40,      /* fewer than a store buffer holds */
	LINE = 64
};

static unsigned char *cold;
static _Thread_local unsigned char *cold_lines[COLD_STORES]; /* for this thread's next stores */
static enum wti_yield_point cold_point; /* right before the store that lacks its barrier */
static _Thread_local bool plays;        /* one of the two threads of the rounds */
static bool seldom; /* a message comes for each sleep, as far as the receiver knows: it is to do without the barrier */

/* Once a round, by each thread, before it comes to the point. */
static void choose_cold_lines(void)
{
	static _Thread_local uint64_t random;

	for (int i = 0; i < COLD_STORES; i++) {
		cold_lines[i] = &cold[support_random(&random) % (COLD_BYTES / LINE) * LINE];
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_clflush(cold_lines[i]); /* some have larger caches */
#endif
	}
}

static void store_to_cold_lines(enum wti_yield_point point, void *object)
{
	(void)object;
	if (point != cold_point || !plays)
		return;
	for (int i = 0; i < COLD_STORES; i++)
		*cold_lines[i] = (unsigned char)i;
}

struct rounds {
	_Atomic(uint64_t) taken; /* how many messages the receiver has had, written right before it receives */
	uint64_t count;
	wt_time end;
	int cpu;
	atomic_bool slept; /* through a message */
	atomic_bool over;
	struct verdict verdict;
};

struct note {
	wt_time sent;
	bool last;
};

static int cpus[2], cpu_count;

static void find_cpus(void)
{
	cpu_set_t set;

	cpu_count = 0;
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return;
	for (int i = 0; i < CPU_SETSIZE && cpu_count < 2; i++)
		if (CPU_ISSET((size_t)i, &set))
			cpus[cpu_count++] = i;
	if (cpu_count == 1)
		cpus[1] = cpus[0];
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static int take_rounds(wt_port *parent, const void *data, size_t size)
{
	struct rounds *rounds = *(struct rounds *const *)data;
	int64_t span = patience() - wt_now();
	struct note note = { .last = false };
	uint64_t taken = 0;

	(void)size;
	pin(rounds->cpu);
	plays = true;
	while (!note.last) {
		wt_message message;
		wt_time deadline = wt_now() + span;
		int err;

		choose_cold_lines();
		if (!seldom)
			parent->slept_at -= 1000; /* so many messages came since */
		wti_store_rel(&rounds->taken, taken);
		err = wt_port_receive(parent, &message, deadline);
		if (err == WT_ETIMEDOUT)
			continue; /* the sender was kept from running */
		CHECK(&rounds->verdict, err == 0 && message.size == sizeof note);
		if (err)
			break;
		note = *(const struct note *)message.data;
		/* There for almost all of the sleep, and found by the last look only. */
		if (wt_now() >= deadline && wt_now() - note.sent > span / 2)
			atomic_store(&rounds->slept, true);
		taken++;
	}
	atomic_store(&rounds->over, true);
	return 0;
}

static void send_rounds(struct rounds *rounds, wt_port *port)
{
	uint64_t random = support_seed();
	struct note note = { .last = false };

	for (uint64_t i = 0; !note.last; i++) {
		uint64_t delay = support_random(&random) % 512;

		choose_cold_lines();
		while (wti_load_acq(&rounds->taken) != i && !atomic_load(&rounds->over))
			wti_cpu_relax();
		for (volatile uint64_t j = 0; j < delay; j++)
			;
		note.sent = wt_now();
		note.last = i + 1 >= rounds->count || note.sent >= rounds->end || atomic_load(&rounds->slept);
		if (wt_port_post(port, &note, sizeof note) != 0)
			break;
	}
}

static bool sleeps_in_rounds(void)
{
	struct rounds *rounds = calloc(1, sizeof *rounds);
	cpu_set_t saved;
	wt_worker *worker;
	bool slept;

	assert_non_null(rounds);
	assert_int_equal(sched_getaffinity(0, sizeof saved, &saved), 0);
	rounds->cpu = cpus[1];
	rounds->count = wti_mutant ? UINT64_MAX : 100000;
	rounds->end = wt_after_ms(wti_mutant ? 20000 : 1000);
	assert_int_equal(wt_worker_create(&worker, take_rounds, &rounds, sizeof rounds, NULL), 0);
	pin(cpus[0]);
	plays = true;
	send_rounds(rounds, wt_worker_port(worker));
	plays = false;
	sched_setaffinity(0, sizeof saved, &saved);
	assert_int_equal(wt_worker_join(worker, NULL, WT_FOREVER), 0);
	wt_worker_destroy(worker);
	slept = rounds->slept;
	assert_verdict(&rounds->verdict);
	free(rounds);
	return slept;
}

/*
 * Where the wrong version is right, too, only the right one runs: one processor
 * runs no two threads at once, and an emulator hardly ever two such steps;
 * ThreadSanitizer takes a lock around every atomic access, which is a barrier;
 * and a barrier that is not there cannot be missing.
 */
static bool can_go_wrong(bool asymmetric)
{
#ifdef __SANITIZE_THREAD__
	(void)asymmetric;
	return false;
#else
	return cpu_count > 1 && !getenv("WT_TEST_EMULATOR") && asymmetric == wti_barrier_is_asymmetric();
#endif
}

static void catch_by_force(enum wti_mutant_id id, const char *name, bool asymmetric, enum wti_yield_point before)
{
	bool saved;

	support_allow_seconds(60);
	wti_barrier_init();
	saved = wti_barrier_is_asymmetric();
	cold = malloc(COLD_BYTES);
	assert_non_null(cold);
	memset(cold, 1, COLD_BYTES); /* now, so that no store meets a page fault */
	cold_point = before;
	wti_yield_hook = store_to_cold_lines;
	/* While no channel exists: without the asymmetric barrier, each side has its own. */
	wti_store(&wti_barrier_asymmetric, asymmetric && saved);
	if (can_go_wrong(asymmetric))
		catch(id, name, sleeps_in_rounds, "single messages at the moment of the announcement");
	else
		assert_false(sleeps_in_rounds());
	wti_store(&wti_barrier_asymmetric, saved);
	wti_yield_hook = NULL;
	free(cold);
}

/* [M2] */
static void a_commit_without_barrier_is_caught(void **state)
{
	(void)state;
	catch_by_force(WTI_MUTANT_COMMIT_RELEASE, "commit without barrier", false, WTI_YIELD_RESERVED);
}

/* [M2] */
static void an_announcement_without_barrier_is_caught(void **state)
{
	(void)state;
	catch_by_force(WTI_MUTANT_ARM_RELEASE, "announcement without barrier", false, WTI_YIELD_BEFORE_ARM);
}

/* [M2] */
static void a_sleeper_without_the_heavy_barrier_is_caught(void **state)
{
	(void)state;
	catch_by_force(WTI_MUTANT_NO_HEAVY_BARRIER, "no heavy barrier", true, WTI_YIELD_RESERVED);
}

/* [M2] */
static void a_state_that_is_only_read_is_caught(void **state)
{
	(void)state;
	seldom = true;
	catch_by_force(WTI_MUTANT_BRIEF_NO_WRITE, "a state that is only read", true, WTI_YIELD_RESERVED);
	seldom = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sleeper_that_does_not_look_again_is_caught),
		TEST(a_second_look_that_forgets_close_is_caught),
		TEST(a_second_look_that_forgets_terminate_is_caught),
		TEST(a_wake_judged_at_reservation_is_caught),
		TEST(a_commit_without_barrier_is_caught),
		TEST(an_announcement_without_barrier_is_caught),
		TEST(a_sleeper_without_the_heavy_barrier_is_caught),
		TEST(a_state_that_is_only_read_is_caught),
	};

	/* Decided at the first wait, for the whole process. */
	setenv("WT_TEST_NO_POLL", "1", 1);
	find_cpus();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
