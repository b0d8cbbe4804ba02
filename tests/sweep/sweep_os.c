/* SPDX-License-Identifier: MIT
 *
 * Refuses what the system gives: each call of the seam that can fail, with an
 * error that it fails with. Those that a process makes once, for its first
 * worker or thread, have their tests elsewhere (test_fork, test_poke,
 * test_process, test_barrier).
 */
#include "sweep/sweep.h"

#include <errno.h>
#include <wt/error.h>

#include "crew.h"
#include "os.h"

/* ---- Counting ---- */

static atomic_ulong os_from, os_count, os_seen; /* os_from 0: none is refused */
static atomic_long os_held;
static const struct wti_os_ops *os_below;

static void os_refuse(unsigned long n, unsigned long count)
{
	atomic_store(&os_from, 0);
	atomic_store(&os_seen, 0);
	atomic_store(&os_count, count);
	atomic_store(&os_from, n);
}

static bool os_refused(void)
{
	return atomic_load(&os_seen) >= atomic_load(&os_from);
}

static bool os_refuses(void)
{
	unsigned long from = atomic_load(&os_from), count = atomic_load(&os_count), n;

	if (!from)
		return false;
	n = atomic_fetch_add(&os_seen, 1) + 1;
	return n >= from && (!count || n < from + count);
}

/* What the call made is held from now on. */
static int os_hold(int result)
{
	if (result >= 0)
		atomic_fetch_add(&os_held, 1);
	return result;
}

static int os_let_go(int result)
{
	atomic_fetch_sub(&os_held, 1);
	return result;
}

/* ---- The calls ---- */

static int os_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	return os_refuses() ? -EINTR : os_below->futex_wait(word, value, deadline);
}

static int os_barrier(void)
{
	return os_refuses() ? -ENOMEM : os_below->barrier();
}

static int os_thread_create(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg)
{
	return os_refuses() ? -EAGAIN : os_hold(os_below->thread_create(thread, stack_size, fn, arg));
}

static int os_thread_join(pthread_t thread, int64_t deadline)
{
	int result = os_refuses() ? -ETIMEDOUT : os_below->thread_join(thread, deadline);

	return result ? result : os_let_go(0);
}

static int os_thread_detach(pthread_t thread)
{
	return os_let_go(os_below->thread_detach(thread));
}

static int os_signal_send(union wti_os_thread thread, int signal)
{
	return os_refuses() ? -EAGAIN : os_below->signal_send(thread, signal);
}

static int os_ticker_create(union wti_os_ticker *ticker, union wti_os_thread thread, int signal, int64_t first,
			    int64_t period)
{
	return os_refuses() ? -EAGAIN : os_hold(os_below->ticker_create(ticker, thread, signal, first, period));
}

static int os_ticker_delete(union wti_os_ticker ticker)
{
	return os_let_go(os_below->ticker_delete(ticker));
}

static int os_event_create(struct wti_os_event *event)
{
	return os_refuses() ? -EMFILE : os_hold(os_below->event_create(event));
}

static int os_event_close(const struct wti_os_event *event)
{
	return os_let_go(os_below->event_close(event));
}

static int os_stream_open(FILE **stream, void *cookie, const char *mode, cookie_io_functions_t functions)
{
	*stream = NULL;
	return os_refuses() ? -ENOMEM : os_below->stream_open(stream, cookie, mode, functions);
}

static int os_memory_reserve(void **address, size_t size)
{
	return os_refuses() ? -ENOMEM : os_below->memory_reserve(address, size);
}

static int os_memory_commit(void *address, size_t size)
{
	return os_refuses() ? -ENOMEM : os_below->memory_commit(address, size);
}

/* ---- The kind ---- */

/* WT_EWORKER: of a pool, for which no thread was to be had. */
static bool os_expected(int err)
{
	return err == WT_ENOMEM || err == WT_EAGAIN || err == WT_EWORKER || err == -EMFILE;
}

/* Both are balanced, each for itself. */
static long os_all_held(void)
{
	return atomic_load(&os_held) * ((long)1 << 40) + atomic_load(&support_counts.bytes);
}

int main(void)
{
	static const struct sweep_kind kind = {
		.refuse = os_refuse,
		.refused = os_refused,
		.expected = os_expected,
		.held = os_all_held,
	};
	static struct wti_os_ops table;

	wti_crew_max = 0; /* threads are counted */
	support_count();
	os_below = wti_os;
	table = *wti_os;
	table.futex_wait = os_futex_wait;
	table.barrier = os_barrier;
	table.thread_create = os_thread_create;
	table.thread_join = os_thread_join;
	table.thread_detach = os_thread_detach;
	table.signal_send = os_signal_send;
	table.ticker_create = os_ticker_create;
	table.ticker_delete = os_ticker_delete;
	table.event_create = os_event_create;
	table.event_close = os_event_close;
	table.stream_open = os_stream_open;
	table.memory_reserve = os_memory_reserve;
	table.memory_commit = os_memory_commit;
	wti_os = &table;
	return sweep_run(&kind);
}
