/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <wt.h>

#include "os.h"
#include "poke.h"
#include "support/support.h"

/*
 * ThreadSanitizer holds a signal back until the next call that it intercepts,
 * so under it a computation has to make one.
 */
static uint64_t keep_computing(void)
{
#ifdef __SANITIZE_THREAD__
	static const char *volatile text = "";

	return strlen(text);
#else
	return 0;
#endif
}

/* ---- A computation that nobody else ends ---- */

struct shared {
	struct latch running;
	struct verdict verdict;
	atomic_int returned; /* what wt_interruptible did */
	volatile uint64_t count;
	pthread_t thread;
	sigset_t before, after;
};

static struct shared shared;

static void shared_reset(void)
{
	memset(&shared, 0, sizeof shared);
	atomic_store(&shared.returned, 77);
}

static void compute(void *arg)
{
	atomic_int *open = arg;

	atomic_store(open, 1);
	for (;;) {
		shared.count += 1 + keep_computing();
	}
}

static uint64_t fibonacci(unsigned n)
{
	return n < 2 ? n + keep_computing() : fibonacci(n - 1) + fibonacci(n - 2);
}

static void recurse(void *arg)
{
	atomic_store((atomic_int *)arg, 1);
	shared.count = fibonacci(90);
}

static int entry_interruptible(wt_port *parent, const void *data, size_t size)
{
	void (*fn)(void *) = *(void (*const *)(void *))data;

	(void)parent;
	(void)size;
	shared.thread = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &shared.before);
	errno = ENOTTY;
	atomic_store(&shared.returned, wt_interruptible(fn, &shared.running.open));
	CHECK(&shared.verdict, errno == ENOTTY);
	pthread_sigmask(SIG_SETMASK, NULL, &shared.after);
	CHECK(&shared.verdict, wt_port_post(parent, "last", 4) == 0);
	return 0;
}

static wt_worker *start(void (*fn)(void *))
{
	wt_worker *worker;

	shared_reset();
	assert_int_equal(wt_worker_create(&worker, entry_interruptible, &fn, sizeof fn, NULL), 0);
	assert_true(latch_await(&shared.running));
	return worker;
}

static void end(wt_worker *worker)
{
	wt_message message;
	int code = 0;

	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_NOW), 0);
	assert_int_equal(code, 1);
	assert_int_equal(atomic_load(&shared.returned), WT_ETERMINATED);
	assert_int_equal(wt_port_receive(wt_worker_port(worker), &message, WT_NOW), 0);
	assert_int_equal(message.size, 4);
	wt_worker_destroy(worker);
	assert_verdict(&shared.verdict);
}

/* [W5] [W2] The code behind the call goes on, and its posts arrive. */
static void a_computation_that_calls_nothing_is_ended(void **state)
{
	(void)state;
	end(start(compute));
	end(start(recurse));
}

static void any_moment_is_good(void **state)
{
	unsigned rounds = 200 / support_slowdown();
	uint64_t random = support_seed();

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		wt_worker *worker = start(i % 2 ? recurse : compute);

		for (uint64_t pause = support_random(&random) % 5000; pause; pause--)
			atomic_thread_fence(memory_order_seq_cst);
		end(worker);
	}
}

/* The handler's own mask must not stay behind the jump. */
static void the_signal_mask_is_what_it_was(void **state)
{
	(void)state;
	end(start(compute));
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		assert_int_equal(sigismember(&shared.after, signal), sigismember(&shared.before, signal));
	assert_int_equal(sigismember(&shared.after, wti_poke_signal()), 0);
	assert_int_equal(sigismember(&shared.after, SIGPROF), 0);
	assert_int_equal(sigismember(&shared.after, SIGINT), 1);
}

/* ---- Calls that end by themselves ---- */

static void add_one(void *arg)
{
	++*(uint64_t *)arg;
}

static int entry_repeats(wt_port *parent, const void *data, size_t size)
{
	uint64_t counted = 0, done = 0;
	int err = 0;

	(void)parent;
	(void)data;
	(void)size;
	latch_open(&shared.running);
	while (!err) {
		err = wt_interruptible(add_one, &counted);
		done += !err;
	}
	CHECK(&shared.verdict, err == WT_ETERMINATED);
	/* The last one may have been left after it had added. */
	CHECK(&shared.verdict, counted == done || counted == done + 1);
	CHECK(&shared.verdict, wt_interruptible(add_one, &counted) == WT_ETERMINATED);
	CHECK(&shared.verdict, counted <= done + 1);
	return 0;
}

static void computations_that_return_are_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100 / support_slowdown(); i++) {
		wt_worker *worker;

		shared_reset();
		assert_int_equal(wt_worker_create(&worker, entry_repeats, NULL, 0, NULL), 0);
		assert_true(latch_await(&shared.running));
		assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
		wt_worker_destroy(worker);
		assert_verdict(&shared.verdict);
	}
}

static void *interruptible_elsewhere(void *arg)
{
	return wt_interruptible(add_one, arg) ? arg : NULL;
}

static void elsewhere_it_is_a_call(void **state)
{
	uint64_t counted = 0;
	pthread_t thread;
	void *failed;

	(void)state;
	assert_int_equal(wt_interruptible(add_one, &counted), 0);
	assert_int_equal(pthread_create(&thread, NULL, interruptible_elsewhere, &counted), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(counted, 2);
	assert_int_equal(wt_interruptible(NULL, NULL), WT_EINVAL);
}

/* ---- Promises broken ---- */

static void nest(void *arg)
{
	uint64_t counted = 0;

	*(int *)arg = wt_interruptible(add_one, &counted) - (int)counted;
}

static void leave_by_exit(void *arg)
{
	(void)arg;
	wt_exit(5);
}

static void compute_on(void *arg)
{
	(void)arg;
	latch_open(&shared.running);
	while (!wt_terminating())
		shared.count += keep_computing();
	usleep(50000); /* pokes come, and must not jump into the frame that was left */
	atomic_store(&shared.returned, 0);
}

static int entry_breaks_promises(wt_port *parent, const void *data, size_t size)
{
	int nested = 0;

	(void)parent;
	(void)data;
	(void)size;
	CHECK(&shared.verdict, wt_interruptible(nest, &nested) == 0);
	CHECK(&shared.verdict, nested == WT_EBUSY);
	CHECK(&shared.verdict, wt_defer(compute_on, NULL) == 0);
	return wt_interruptible(leave_by_exit, NULL);
}

static void one_that_was_left_by_a_jump_is_not_jumped_out_of(void **state)
{
	wt_worker *worker;
	int code = 0;

	(void)state;
	shared_reset();
	assert_int_equal(wt_worker_create(&worker, entry_breaks_promises, NULL, 0, NULL), 0);
	assert_true(latch_await(&shared.running));
	assert_int_equal(wt_worker_terminate(worker, wt_after_ms(20000)), 0);
	assert_int_equal(wt_worker_join(worker, &code, WT_NOW), 0);
	assert_int_equal(code, 5);
	assert_int_equal(atomic_load(&shared.returned), 0);
	wt_worker_destroy(worker);
	assert_verdict(&shared.verdict);
}

/* ---- Handlers of the program ---- */

static atomic_int profiler_entered, profiler_left;

/* Long enough for several pokes. */
static void profiler(int signal)
{
	int64_t until = wti_os_real.clock() + 50000000;

	(void)signal;
	atomic_fetch_add(&profiler_entered, 1);
	while (wti_os_real.clock() < until)
		;
	atomic_fetch_add(&profiler_left, 1);
}

static bool profiler_is_in(void *arg)
{
	(void)arg;
	return atomic_load(&profiler_entered) > 0;
}

/* A profiler interrupts the computation, and the poke the profiler: which may hold a lock. */
static void a_handler_of_the_program_is_not_left(void **state)
{
	struct sigaction action = { .sa_handler = profiler }, old;
	wt_worker *worker;

	(void)state;
	atomic_store(&profiler_entered, 0);
	atomic_store(&profiler_left, 0);
	sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(SIGPROF, &action, &old), 0);
	worker = start(compute);
	assert_int_equal(pthread_kill(shared.thread, SIGPROF), 0);
	assert_true(await(profiler_is_in, NULL));
	end(worker);
	assert_int_equal(atomic_load(&profiler_left), atomic_load(&profiler_entered));
	assert_int_equal(sigismember(&shared.after, SIGPROF), 0);
	sigaction(SIGPROF, &old, NULL);
}

/* ---- Alternate stacks ---- */

enum { ALTERNATE_SIZE = 65536 };

/* The handler runs on the program's alternate stack, and leaves it by the jump. */
static int entry_with_alternate_stack(wt_port *parent, const void *data, size_t size)
{
	stack_t stack = *(const stack_t *)data, old, after;

	(void)parent;
	(void)size;
	CHECK(&shared.verdict, sigaltstack(&stack, &old) == 0);
	atomic_store(&shared.returned, wt_interruptible(compute, &shared.running.open));
	CHECK(&shared.verdict, sigaltstack(NULL, &after) == 0);
	CHECK(&shared.verdict, after.ss_sp == stack.ss_sp && after.ss_flags == stack.ss_flags);
	CHECK(&shared.verdict, sigaltstack(&old, NULL) == 0);
	CHECK(&shared.verdict, wt_port_post(parent, "last", 4) == 0);
	return 0;
}

/* Below the worker's own stack, and above it: a checked longjmp compares the addresses. */
static void leave_alternate_stacks(int flags)
{
	static char low[ALTERNATE_SIZE];
	char high[ALTERNATE_SIZE];
	char *places[] = { low, high };

	for (int i = 0; i < 2; i++) {
		const stack_t stack = { .ss_sp = places[i], .ss_size = ALTERNATE_SIZE, .ss_flags = flags };
		wt_worker *worker;

		shared_reset();
		assert_int_equal(wt_worker_create(&worker, entry_with_alternate_stack, &stack, sizeof stack, NULL), 0);
		assert_true(latch_await(&shared.running));
		end(worker);
	}
}

static void an_alternate_stack_is_left_as_it_was(void **state)
{
	(void)state;
	leave_alternate_stacks(0);
}

#ifdef __linux__
/* SS_AUTODISARM: the system takes it away while a handler runs, and gives it back when that returns. */
static void an_alternate_stack_that_disarms_is_left_as_it_was(void **state)
{
	static char bytes[ALTERNATE_SIZE];
	const int flag = (int)(1U << 31);
	stack_t old;

	(void)state;
	if (sigaltstack(&(stack_t){ .ss_sp = bytes, .ss_size = sizeof bytes, .ss_flags = flag }, &old) < 0)
		skip(); /* valgrind knows none */
	assert_int_equal(sigaltstack(&old, NULL), 0);
	leave_alternate_stacks(flag);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_computation_that_calls_nothing_is_ended),
		TEST(any_moment_is_good),
		TEST(the_signal_mask_is_what_it_was),
		TEST(computations_that_return_are_whole),
		TEST(elsewhere_it_is_a_call),
		TEST(one_that_was_left_by_a_jump_is_not_jumped_out_of),
		TEST(a_handler_of_the_program_is_not_left),
		TEST(an_alternate_stack_is_left_as_it_was),
#ifdef __linux__
		TEST(an_alternate_stack_that_disarms_is_left_as_it_was),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
