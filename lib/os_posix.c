/* SPDX-License-Identifier: MIT
 *
 * A system that has no more than POSIX (and the C library a few functions,
 * which os.c names): threads, processors, signals.
 *
 * POSIX knows neither where a thread runs nor a nice value of its own. So
 * workers are not pinned, and two threads are at the same place when they are
 * scheduled in the same way: what a program does to its threads by other calls
 * of its system is not seen.
 */
#include "os_posix.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alloc.h"
#include "os_posix_alarm.h"
#include "os_system.h"

/* ---- Conditions ---- */

int wti_posix_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return -err;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	err = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return -err;
}

int wti_posix_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline)
{
	struct timespec until = wti_os_timespec(deadline);

	if (deadline == INT64_MAX)
		return -pthread_cond_wait(cond, mutex);
	return -pthread_cond_timedwait(cond, mutex, &until);
}

/* ---- Processors ---- */

/* barrier.h has another one, which needs nothing of the system. */
int wti_system_barrier_register(void)
{
	return -ENOSYS;
}

int wti_system_barrier(void)
{
	return -ENOSYS;
}

int64_t wti_system_clock_coarse(void)
{
	return wti_os_real.clock();
}

int wti_system_cpu_count(void)
{
	int saved = errno;
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	errno = saved;
	return count > 0 ? (int)count : 1;
}

int wti_system_thread_pin(int cpu)
{
	(void)cpu;
	return -ENOTSUP;
}

/* What there is, is the process's. */
int wti_system_thread_nice(int nice)
{
	(void)nice;
	return -ENOTSUP;
}

/* ---- Threads ---- */

union wti_os_thread wti_system_thread_self(void)
{
	return (union wti_os_thread){ .handle = pthread_self() };
}

static pthread_t posix_first;

/*
 * The library is loaded with the program. Where it is loaded later, by another
 * thread, that one is taken for the first: POSIX does not tell.
 */
__attribute__((constructor)) static void posix_note_first(void)
{
	posix_first = pthread_self();
}

bool wti_system_thread_is_first(void)
{
	return pthread_equal(pthread_self(), posix_first);
}

int wti_system_thread_place(struct wti_os_place *place)
{
	struct {
		int policy;
		struct sched_param param;
	} scheduled;
	int saved = errno;
	int err;

	_Static_assert(sizeof scheduled <= sizeof place->processors, "the bytes that are compared hold it");
	memset(place, 0, sizeof *place);
	memset(&scheduled, 0, sizeof scheduled);
	err = pthread_getschedparam(pthread_self(), &scheduled.policy, &scheduled.param);
	memcpy(place->processors, &scheduled, sizeof scheduled);
	errno = 0; /* any nice value is a good one */
	place->nice = getpriority(PRIO_PROCESS, 0);
	if (!err && place->nice == -1)
		err = errno;
	errno = saved;
	return -err;
}

int wti_system_signal_send(union wti_os_thread thread, int signal)
{
	return -pthread_kill(thread.handle, signal);
}

/* ---- Tickers ---- */

struct posix_ticker {
	struct wti_alarm alarm;
	pthread_t thread;
	int signal;
};

/*
 * One that the system refuses is lost; the next one comes soon. It refuses
 * when too many wait for a thread that has blocked the signal: unlike those of
 * a timer of the system's, each of these waits for itself.
 */
static void ticker_ring(struct wti_alarm *alarm)
{
	struct posix_ticker *ticker = wti_container_of(alarm, struct posix_ticker, alarm);

	pthread_kill(ticker->thread, ticker->signal);
}

int wti_system_ticker_create(union wti_os_ticker *ticker, union wti_os_thread thread, int signal, int64_t first,
			     int64_t period)
{
	int saved = errno;
	struct posix_ticker *made = wti_alloc_zeroed(sizeof *made);
	int err;

	errno = saved;
	if (!made)
		return -ENOMEM;
	made->thread = thread.handle;
	made->signal = signal;
	err = wti_alarm_add(&made->alarm, ticker_ring);
	if (err) {
		wti_free(made);
		return err;
	}
	ticker->alarm = &made->alarm;
	wti_alarm_set(&made->alarm, wti_os_real.clock() + first, period);
	return 0;
}

int wti_system_ticker_delete(union wti_os_ticker ticker)
{
	wti_alarm_remove(ticker.alarm);
	wti_free(wti_container_of(ticker.alarm, struct posix_ticker, alarm));
	return 0;
}
