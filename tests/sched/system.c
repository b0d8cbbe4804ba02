/* SPDX-License-Identifier: MIT */
#include "sched/system.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "sched/memory.h"
#include "sched/output.h"
#include "sched/scheduler.h"

enum { SYSTEM_DESCRIPTORS = 16, SYSTEM_FIRST = 1000, SYSTEM_PAGE = 4096 };

/* A descriptor that only the library and system_poll know. */
struct system_descriptor {
	bool open;
	bool signalled;
	int64_t at; /* readable from then on */
};

static struct system_descriptor system_descriptor[SYSTEM_DESCRIPTORS];
static unsigned system_threads; /* created in this schedule */
static void (*system_at_exit)(void);

/* ---- Futexes, barriers, the clock ---- */

static int system_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	sched_operation(SCHED_SITE("futex_wait"), word);
	if (atomic_load(word) != value)
		return -EAGAIN;
	if (deadline <= sched_now())
		return -ETIMEDOUT;
	sched_reached(SCHED_PARKED);
	return sched_block(SCHED_WAITS_FUTEX, word, deadline);
}

static int system_futex_wake(_Atomic(uint32_t) *word, int count)
{
	sched_operation(SCHED_SITE("futex_wake"), word);
	return (int)sched_wake(SCHED_WAITS_FUTEX, word, (unsigned)count);
}

static int system_barrier_register(void)
{
	return sched_model.membarrier ? 0 : -ENOSYS;
}

static int system_barrier(void)
{
	static int processors;

	sched_operation(SCHED_SITE("membarrier"), &processors);
	sched_drain_all();
	return 0;
}

static int64_t system_clock(void)
{
	return sched_now();
}

static void system_yield(void)
{
	sched_step_back();
}

static int system_cpu_count(void)
{
	return sched_model.processors;
}

/* One that leaves large messages as they are: that has a protocol. */
static bool system_cpu_is_amd(void)
{
	return false;
}

/* ---- Threads ---- */

static int system_thread_create(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg)
{
	static int creations;
	char name[16];
	int fibre;

	(void)stack_size;
	sched_operation(SCHED_SITE("thread_create"), &creations);
	snprintf(name, sizeof name, "worker-%u", ++system_threads);
	fibre = sched_spawn(name, fn, arg, false);
	if (fibre < 0)
		return fibre;
	*thread = (pthread_t)fibre + 1;
	return 0;
}

static int system_thread_join(pthread_t thread, int64_t deadline)
{
	static int joins;

	sched_operation(SCHED_SITE("join"), &joins);
	return sched_await_end((unsigned)thread - 1, deadline);
}

static int system_thread_detach(pthread_t thread)
{
	(void)thread;
	return 0;
}

static union wti_os_thread system_thread_self(void)
{
	return (union wti_os_thread){ .id = 0 };
}

static bool system_thread_is_first(void)
{
	return sched_current() == 0;
}

static int system_thread_place(struct wti_os_place *place)
{
	memset(place, 0, sizeof *place);
	return 0;
}

static int system_nothing(void)
{
	return 0;
}

static bool system_thread_signal_waits(void)
{
	return false;
}

static int system_thread_signal_stack(const stack_t *stack, stack_t *old)
{
	(void)stack;
	if (old)
		memset(old, 0, sizeof *old);
	return 0;
}

static int system_nothing_with(int value)
{
	(void)value;
	return 0;
}

static int system_thread_clock(clockid_t *clock)
{
	*clock = CLOCK_MONOTONIC;
	return 0;
}

static int system_thread_time(clockid_t clock, int64_t *time)
{
	(void)clock;
	*time = sched_now();
	return 0;
}

/* ---- Signals: none ---- */

static int system_signal_claim(void (*handler)(int signal, siginfo_t *info, void *context))
{
	(void)handler;
	return -EBUSY;
}

static int system_signal_send(union wti_os_thread thread, int signal)
{
	(void)thread;
	(void)signal;
	return -ESRCH;
}

static int system_ticker_create(union wti_os_ticker *ticker, union wti_os_thread thread, int signal, int64_t first,
				int64_t period)
{
	(void)ticker;
	(void)thread;
	(void)signal;
	(void)first;
	(void)period;
	return -EAGAIN;
}

static int system_ticker_delete(union wti_os_ticker ticker)
{
	(void)ticker;
	return -EINVAL;
}

/* ---- The process ---- */

static int system_at_fork(void (*in_child)(void))
{
	(void)in_child;
	return 0;
}

static int system_register_exit(void (*fn)(void))
{
	system_at_exit = fn;
	return 0;
}

static void system_at_over(void (*fn)(void))
{
	(void)fn; /* no fibre is there any more */
}

void system_exit(void)
{
	if (system_at_exit)
		system_at_exit();
}

/* ---- Descriptors ---- */

static struct system_descriptor *system_find(int fd)
{
	struct system_descriptor *found = &system_descriptor[fd - SYSTEM_FIRST];

	if (fd < SYSTEM_FIRST || fd >= SYSTEM_FIRST + SYSTEM_DESCRIPTORS || !found->open)
		sched_fail("descriptor %d is not open", fd);
	return found;
}

static int system_event_create(struct wti_os_event *event)
{
	for (int i = 0; i < SYSTEM_DESCRIPTORS; i++) {
		if (system_descriptor[i].open)
			continue;
		system_descriptor[i] = (struct system_descriptor){ .open = true, .at = INT64_MAX };
		*event = (struct wti_os_event){ .fd = i + SYSTEM_FIRST, .signal = i + SYSTEM_FIRST };
		return 0;
	}
	return -EMFILE;
}

/* Who polls looks again; there are few. */
static int system_event_signal(int signal)
{
	sched_operation(SCHED_SITE("event_signal"), system_find(signal));
	system_find(signal)->signalled = true;
	sched_wake(SCHED_WAITS_DESCRIPTOR, system_descriptor, SCHED_FIBRES);
	return 0;
}

static int system_event_clear(const struct wti_os_event *event)
{
	sched_operation(SCHED_SITE("event_clear"), system_find(event->fd));
	system_find(event->fd)->signalled = false;
	return 0;
}

static int system_event_alarm(const struct wti_os_event *event, int64_t at)
{
	system_find(event->fd)->at = at;
	return 0;
}

static int system_event_close(const struct wti_os_event *event)
{
	system_find(event->fd)->open = false;
	return 0;
}

/* The moment from which it is readable: now, or one that is to come. */
static int64_t system_readable_at(int fd)
{
	const struct system_descriptor *descriptor = system_find(fd);

	return descriptor->signalled ? sched_now() : descriptor->at;
}

bool system_poll(int fd, int64_t deadline)
{
	sched_operation(SCHED_SITE("poll"), system_find(fd));
	for (;;) {
		int64_t at = system_readable_at(fd);

		if (at <= sched_now())
			return true;
		if (deadline <= sched_now())
			return false;
		sched_reached(SCHED_POLLED);
		sched_block(SCHED_WAITS_DESCRIPTOR, system_descriptor, at < deadline ? at : deadline);
	}
}

/* ---- The environment ---- */

/* Each schedule is that of a process that began with none. */
static const char *system_variable(const char *name)
{
	(void)name;
	return NULL;
}

/* ---- Address space ---- */

static int system_memory_reserve(void **address, size_t size)
{
	*address = memory_alloc(size, SYSTEM_PAGE);
	return *address ? 0 : -ENOMEM;
}

static int system_memory_commit(void *address, size_t size)
{
	(void)address;
	(void)size;
	return 0;
}

static int system_memory_release(void *address, size_t size)
{
	(void)size;
	sched_drain_own();
	memory_free(address);
	return 0;
}

void system_begin(void)
{
	memset(system_descriptor, 0, sizeof system_descriptor);
	system_threads = 0;
	output_begin();
}

const struct wti_os_ops system_ops = {
	.futex_wait = system_futex_wait,
	.futex_wake = system_futex_wake,
	.barrier_register = system_barrier_register,
	.barrier = system_barrier,
	.clock = system_clock,
	.clock_coarse = system_clock,
	.yield = system_yield,
	.cpu_count = system_cpu_count,
	.cpu_is_amd = system_cpu_is_amd,
	.thread_create = system_thread_create,
	.thread_join = system_thread_join,
	.thread_detach = system_thread_detach,
	.thread_self = system_thread_self,
	.thread_is_first = system_thread_is_first,
	.thread_place = system_thread_place,
	.thread_reset = system_nothing,
	.thread_signal_waits = system_thread_signal_waits,
	.thread_signal_stack = system_thread_signal_stack,
	.thread_pin = system_nothing_with,
	.thread_nice = system_nothing_with,
	.thread_clock = system_thread_clock,
	.thread_time = system_thread_time,
	.signal_claim = system_signal_claim,
	.signal_send = system_signal_send,
	.ticker_create = system_ticker_create,
	.ticker_delete = system_ticker_delete,
	.at_fork = system_at_fork,
	.at_exit = system_register_exit,
	.at_over = system_at_over,
	.event_create = system_event_create,
	.event_signal = system_event_signal,
	.event_clear = system_event_clear,
	.event_alarm = system_event_alarm,
	.event_close = system_event_close,
	.variable = system_variable,
	.descriptor_check = system_nothing_with,
	.descriptor_close = system_nothing_with,
	.descriptor_write = output_write,
	.descriptor_await_room = output_await_room,
	.stream_open = output_open_stream,
	.memory_reserve = system_memory_reserve,
	.memory_commit = system_memory_commit,
	.memory_release = system_memory_release,
};
