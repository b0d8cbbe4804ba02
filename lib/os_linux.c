/* SPDX-License-Identifier: MIT
 *
 * Linux: futexes, membarrier, signals and timers by thread, descriptors for
 * events and moments.
 */
#include "os_system.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

int wti_system_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	struct timespec ts = wti_os_timespec(deadline);
	int saved = errno;
	long r = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline == INT64_MAX ? NULL : &ts, NULL,
			 FUTEX_BITSET_MATCH_ANY);
	int result = r < 0 ? -errno : 0;

	errno = saved;
	return result;
}

int wti_system_futex_wake(_Atomic(uint32_t) *word, int count)
{
	int saved = errno;
	long r = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count);
	int result = r < 0 ? -errno : (int)r;

	errno = saved;
	return result;
}

static int linux_membarrier(int command)
{
	int saved = errno;
	int result = syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

int wti_system_barrier_register(void)
{
	return linux_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

int wti_system_barrier(void)
{
	return linux_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

int64_t wti_system_clock_coarse(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int wti_system_cpu_count(void)
{
	cpu_set_t set;
	int saved = errno;
	int count = 1;

	/* Of the first thread: another one may be pinned for reasons of its own. */
	if (sched_getaffinity(getpid(), sizeof set, &set) == 0)
		count = CPU_COUNT(&set);
	else
		count = (int)sysconf(_SC_NPROCESSORS_ONLN);
	errno = saved;
	return count;
}

/* ---- Threads ---- */

union wti_os_thread wti_system_thread_self(void)
{
	return (union wti_os_thread){ .id = gettid() };
}

bool wti_system_thread_is_first(void)
{
	return gettid() == getpid();
}

/* The system's struct sched_attr, as it was at first, of which not every C library knows. */
struct linux_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

int wti_system_thread_place(struct wti_os_place *place)
{
	struct linux_sched_attr attr;
	int saved = errno;
	int result = 0;

	memset(place, 0, sizeof *place);
	if (syscall(SYS_sched_getaffinity, 0, sizeof place->processors, place->processors) < 0 ||
	    syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) < 0)
		result = -errno;
	if (!result) {
		place->nice = attr.nice;
		place->policy = attr.policy;
		place->priority = attr.priority;
	}
	errno = saved;
	return result;
}

int wti_system_thread_pin(int cpu)
{
	cpu_set_t set[8] = { 0 }; /* 8192 processors, which is all that Linux knows */
	int saved = errno;
	int result;

	if (cpu < 0 || (size_t)cpu >= sizeof set * CHAR_BIT)
		return -EINVAL;
	CPU_SET_S((size_t)cpu, sizeof set, set);
	result = sched_setaffinity(0, sizeof set, set) < 0 ? -errno : 0;
	errno = saved;
	return result;
}

int wti_system_thread_nice(int nice)
{
	int saved = errno;
	/* On Linux each thread has a nice value, whatever POSIX says. */
	int result = setpriority(PRIO_PROCESS, (id_t)gettid(), nice) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

int wti_system_signal_send(union wti_os_thread thread, int signal)
{
	int saved = errno;
	int result = syscall(SYS_tgkill, getpid(), thread.id, signal) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

int wti_system_ticker_create(union wti_os_ticker *ticker, union wti_os_thread thread, int signal, int64_t first,
			     int64_t period)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal };
	struct itimerspec when = { .it_value = wti_os_timespec(first), .it_interval = wti_os_timespec(period) };
	int saved = errno;
	int result;

	event.sigev_notify_thread_id = thread.id;
	result = timer_create(CLOCK_MONOTONIC, &event, &ticker->timer) < 0 ? -errno : 0;
	if (!result)
		timer_settime(ticker->timer, 0, &when, NULL); /* cannot fail: the timer and the times are valid */
	errno = saved;
	return result;
}

/* musl's timer_delete returns the error itself, negative, and leaves errno alone. */
int wti_system_ticker_delete(union wti_os_ticker ticker)
{
	int saved = errno;
	int result;

	errno = 0;
	result = timer_delete(ticker.timer);
	if (result < 0 && errno)
		result = -errno;
	errno = saved;
	return result;
}

/* ---- Events ---- */

/* Readable while one of the two is. */
static int linux_group(int a, int b)
{
	int group = wti_os_high(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = { .events = EPOLLIN };
	int err;

	if (group < 0)
		return group;
	if (epoll_ctl(group, EPOLL_CTL_ADD, a, &event) == 0 && epoll_ctl(group, EPOLL_CTL_ADD, b, &event) == 0)
		return group;
	err = -errno;
	close(group);
	return err;
}

static int linux_event_open(struct wti_os_event *event)
{
	int err;

	err = event->signal = wti_os_high(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (err < 0)
		return err;
	err = event->timer.fd = wti_os_high(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	if (err < 0)
		goto out_signal;
	err = event->fd = linux_group(event->signal, event->timer.fd);
	if (err < 0)
		goto out_timer;
	return 0;

out_timer:
	close(event->timer.fd);
out_signal:
	close(event->signal);
	return err;
}

int wti_system_event_create(struct wti_os_event *event)
{
	int saved = errno;
	int result = linux_event_open(event);

	errno = saved;
	return result;
}

int wti_system_event_signal(int signal)
{
	int saved = errno;
	/* A full counter (EAGAIN) is signalled already. */
	int result = eventfd_write(signal, 1) < 0 && errno != EAGAIN ? -errno : 0;

	errno = saved;
	return result;
}

int wti_system_event_clear(const struct wti_os_event *event)
{
	eventfd_t value;
	int saved = errno;
	int result = eventfd_read(event->signal, &value) < 0 && errno != EAGAIN ? -errno : 0;

	errno = saved;
	return result;
}

int wti_system_event_alarm(const struct wti_os_event *event, int64_t at)
{
	int saved = errno;
	struct itimerspec when = { 0 }; /* disarmed, as it stays for ever */
	int result;

	if (at != INT64_MAX)
		when.it_value = wti_os_timespec(at);
	result = timerfd_settime(event->timer.fd, TFD_TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
	errno = saved;
	return result;
}

int wti_system_event_close(const struct wti_os_event *event)
{
	int saved = errno;
	int result = close(event->fd) < 0 ? -errno : 0;

	close(event->timer.fd);
	close(event->signal);
	errno = saved;
	return result;
}
