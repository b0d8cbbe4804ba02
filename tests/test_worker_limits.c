/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wt.h>

#include "os.h"
#include "support/child.h"
#include "support/support.h"
#include "worker.h"

static void start(wt_worker **worker, wt_entry *entry, void *arg, const wt_worker_options *options)
{
	assert_int_equal(wt_worker_create(worker, entry, &arg, sizeof arg, options), 0);
}

static void join_and_destroy(wt_worker *worker)
{
	int code = -1;

	assert_int_equal(wt_worker_join(worker, &code, wt_after_ms(20000)), 0);
	assert_int_equal(code, 0);
	wt_worker_destroy(worker);
}

static struct wt_worker_limits read_limits(const wt_worker *worker)
{
	struct wt_worker_limits limits = { .size = sizeof limits };

	assert_int_equal(wt_worker_limits(worker, &limits), 0);
	return limits;
}

/* ---- Read back ---- */

static int entry_nothing(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return 0;
}

/* POSIX has neither processors to choose from nor nice values of threads. */
#ifdef WTI_POSIX_ONLY
#define PLACE_ERROR WT_ENOTSUP
#else
#define PLACE_ERROR 0
#endif

static int first_cpu(void)
{
	cpu_set_t allowed;
	int cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
	while (!CPU_ISSET((size_t)cpu, &allowed))
		cpu++;
	return cpu;
}

static void limits_read_back_what_was_set(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), stack = (1 << 20) + 1;
	struct wt_worker_limits limits;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_nothing, NULL,
	      WT_WORKER_OPTIONS(.stack_size = stack, .heap_limit = 12345, .cpu = WT_CPU(first_cpu()), .nice = 19));
	for (int ended = 0; ended < 2; ended++) {
		limits = read_limits(worker);
		assert_int_equal(limits.stack_size, (1 << 20) + page);
		assert_int_equal(limits.heap_limit, 12345);
		assert_int_equal(limits.cpu, WT_CPU(first_cpu()));
		assert_int_equal(limits.nice, 19);
		/* Not before it is online. */
		assert_true(limits.cpu_error == PLACE_ERROR || (!ended && !limits.cpu_error));
		assert_true(limits.nice_error == PLACE_ERROR || (!ended && !limits.nice_error));
		assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	}
	wt_worker_destroy(worker);
}

static void defaults_read_back_as_zero(void **state)
{
	static const struct wt_worker_limits zero;
	struct wt_worker_limits limits;
	wt_worker *worker;

	(void)state;
	start(&worker, entry_nothing, NULL, NULL);
	limits = read_limits(worker);
	limits.size = 0;
	assert_memory_equal(&limits, &zero, sizeof zero);
	assert_int_equal(wt_worker_limits(NULL, &limits), WT_EINVAL);
	assert_int_equal(wt_worker_limits(worker, NULL), WT_EINVAL);
	assert_int_equal(wt_worker_limits(worker, &limits), WT_EINVAL); /* its size is 0 */
	join_and_destroy(worker);
}

/* ---- The place ---- */

struct place {
	int cpu;   /* where it runs, if that is one processor */
	int count; /* of those on which it may run */
	int nice;
	struct latch online, end;
};

static int entry_place(wt_port *parent, const void *data, size_t size)
{
	struct place *place = *(struct place *const *)data;
	cpu_set_t set;

	(void)parent;
	(void)size;
	sched_getaffinity(0, sizeof set, &set);
	place->count = CPU_COUNT(&set);
	while (place->cpu < CPU_SETSIZE && !CPU_ISSET((size_t)place->cpu, &set))
		place->cpu++;
	place->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
	latch_open(&place->online);
	return latch_await(&place->end) ? 0 : 1;
}

static void a_worker_runs_where_it_is_told(void **state)
{
	struct place place = { 0 };
	int nice = getpriority(PRIO_PROCESS, (id_t)gettid());
	wt_worker *worker;

	(void)state;
	latch_open(&place.end);
	start(&worker, entry_place, &place, WT_WORKER_OPTIONS(.cpu = WT_CPU(first_cpu()), .nice = 19));
	join_and_destroy(worker);
	if (!PLACE_ERROR) {
		assert_int_equal(place.count, 1);
		assert_int_equal(place.cpu, first_cpu());
	}
	assert_int_equal(place.nice, PLACE_ERROR ? nice : 19);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), nice);
}

static void a_worker_runs_where_its_creator_does_by_default(void **state)
{
	struct place place = { 0 };
	wt_worker *worker;
	cpu_set_t allowed;

	(void)state;
	latch_open(&place.end);
	start(&worker, entry_place, &place, NULL);
	join_and_destroy(worker);
	assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
	assert_int_equal(place.count, CPU_COUNT(&allowed));
	assert_int_equal(place.nice, getpriority(PRIO_PROCESS, (id_t)gettid()));
}

/* No system has that many. */
static void a_processor_that_is_not_there_is_a_refusal(void **state)
{
	static const int cpus[] = { WT_CPU(8191), WT_CPU(8192), INT_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof cpus / sizeof *cpus; i++) {
		struct place place = { 0 };
		wt_worker *worker;

		start(&worker, entry_place, &place, WT_WORKER_OPTIONS(.cpu = cpus[i]));
		assert_true(latch_await(&place.online));
		assert_int_equal(read_limits(worker).cpu_error, PLACE_ERROR ? PLACE_ERROR : WT_EINVAL);
		assert_int_equal(read_limits(worker).cpu, cpus[i]);
		assert_int_equal(read_limits(worker).nice_error, 0);
		latch_open(&place.end);
		join_and_destroy(worker);
	}
}

static int refuse_pin(int cpu)
{
	(void)cpu;
	return -EPERM;
}

static int refuse_nice(int nice)
{
	(void)nice;
	return -EACCES;
}

static void a_worker_runs_where_the_system_refuses_its_place(void **state)
{
	static struct wti_os_ops refusing;
	struct place place = { 0 };
	cpu_set_t allowed;
	wt_worker *worker;

	(void)state;
	refusing = wti_os_real;
	refusing.thread_pin = refuse_pin;
	refusing.thread_nice = refuse_nice;
	wti_os = &refusing;
	start(&worker, entry_place, &place, WT_WORKER_OPTIONS(.cpu = WT_CPU(first_cpu()), .nice = -20));
	assert_true(latch_await(&place.online));
	assert_int_equal(read_limits(worker).cpu_error, -EPERM);
	assert_int_equal(read_limits(worker).nice_error, -EACCES);
	assert_int_equal(read_limits(worker).nice, -20);
	latch_open(&place.end);
	assert_int_equal(wt_worker_join(worker, NULL, wt_after_ms(20000)), 0);
	/* Still there when it has exited. */
	assert_int_equal(read_limits(worker).cpu_error, -EPERM);
	join_and_destroy(worker);
	assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
	assert_int_equal(place.count, CPU_COUNT(&allowed));
	assert_int_equal(place.nice, getpriority(PRIO_PROCESS, (id_t)gettid()));
}

/* ---- The stack ---- */

struct stack {
	void *low; /* the lowest byte that the thread may use */
	size_t size, guard;
	bool usable, guarded;
};

/* Whether the byte can be read, as the system sees it. */
static bool readable(int pipe_in, const void *address)
{
	return syscall(SYS_write, pipe_in, address, 1) == 1;
}

static int entry_looks_at_its_stack(wt_port *parent, const void *data, size_t size)
{
	struct stack *stack = *(struct stack *const *)data;
	pthread_attr_t attr;
	int ends[2];

	(void)parent;
	(void)size;
	if (pthread_getattr_np(pthread_self(), &attr) != 0 || pipe(ends) != 0)
		return 1;
	pthread_attr_getstack(&attr, &stack->low, &stack->size);
	pthread_attr_getguardsize(&attr, &stack->guard);
	pthread_attr_destroy(&attr);
	stack->usable = readable(ends[1], stack->low) && readable(ends[1], (char *)stack->low + stack->size - 1);
	stack->guarded = !readable(ends[1], (char *)stack->low - 1) && !readable(ends[1], (char *)stack->low - stack->guard);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void below_each_stack_is_a_guard_page(void **state)
{
	const size_t sizes[] = { 0, (size_t)PTHREAD_STACK_MIN + 100000, 1 << 20, (8 << 20) + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct stack stack = { 0 };
		wt_worker *worker;

		start(&worker, entry_looks_at_its_stack, &stack, WT_WORKER_OPTIONS(.stack_size = sizes[i]));
		join_and_destroy(worker);
		assert_true(stack.size >= sizes[i]);
		assert_true(stack.guard >= (size_t)sysconf(_SC_PAGESIZE));
		assert_true(stack.usable);
		assert_true(stack.guarded);
	}
}

/* As deep as the number says. */
static char use_stack(size_t depth)
{
	volatile char room[4096];

	room[0] = 1;
	return depth ? (char)(use_stack(depth - 1) + room[0]) : 0;
}

static int entry_overflows(wt_port *parent, const void *data, size_t size)
{
	(void)parent;
	(void)data;
	(void)size;
	return use_stack(SIZE_MAX);
}

/* Not cmocka's handler, which is that of the parent. */
static int main_overflows(void)
{
	struct rlimit none = { 0, 0 };
	wt_worker *worker;

	setrlimit(RLIMIT_CORE, &none);
	if (wt_worker_create(&worker, entry_overflows, NULL, 0, WT_WORKER_OPTIONS(.stack_size = 256 << 10)))
		return 1;
	return wt_worker_join(worker, NULL, WT_FOREVER);
}

static void a_stack_overflow_ends_the_process(void **state)
{
	struct child_result result;

	(void)state;
	child_run("overflows", &result);
	if (support_slowdown() == 1)
		assert_int_equal(result.status, 128 + 11);
	else
		assert_int_not_equal(result.status, 0); /* with a report */
}

int main(int argc, char **argv)
{
	static const struct child_program programs[] = { { "overflows", main_overflows } };
	const struct CMUnitTest tests[] = {
		TEST(limits_read_back_what_was_set),
		TEST(defaults_read_back_as_zero),
		TEST(a_worker_runs_where_it_is_told),
		TEST(a_worker_runs_where_its_creator_does_by_default),
		TEST(a_processor_that_is_not_there_is_a_refusal),
		TEST(a_worker_runs_where_the_system_refuses_its_place),
		TEST(below_each_stack_is_a_guard_page),
		TEST(a_stack_overflow_ends_the_process),
	};
	int status = child_main(argc, argv, programs, sizeof programs / sizeof *programs);

	return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
