/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int os_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline)
{
	struct timespec ts = { .tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000 };
	int saved = errno;
	long r = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline == INT64_MAX ? NULL : &ts, NULL,
			 FUTEX_BITSET_MATCH_ANY);
	int result = r < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static int os_futex_wake(_Atomic(uint32_t) *word, int count)
{
	int saved = errno;
	long r = syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count);
	int result = r < 0 ? -errno : (int)r;

	errno = saved;
	return result;
}

static int os_membarrier(int command)
{
	int saved = errno;
	int result = syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static int os_barrier_register(void)
{
	return os_membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

static int os_barrier(void)
{
	return os_membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

static int64_t os_clock(void)
{
	struct timespec ts;

	/* Cannot fail: the clock id is valid and so is the address. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void os_yield(void)
{
	sched_yield();
}

static int os_cpu_count(void)
{
	cpu_set_t set;
	int saved = errno;
	int count = 1;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		count = CPU_COUNT(&set);
	errno = saved;
	return count;
}

static int os_thread_create(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	if (stack_size)
		err = pthread_attr_setstacksize(&attr, stack_size);
	if (!err)
		err = pthread_create(thread, &attr, fn, arg);
	pthread_attr_destroy(&attr);
	return -err;
}

static int os_thread_join(pthread_t thread)
{
	return -pthread_join(thread, NULL);
}

static int os_thread_detach(pthread_t thread)
{
	return -pthread_detach(thread);
}

/* A program may have closed its standard streams: a descriptor of ours there would get their output. */
static int os_event_create(void)
{
	int saved = errno;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd >= 0 && fd <= 2) {
		int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		int err = errno;

		close(fd);
		fd = high;
		errno = err;
	}
	fd = fd < 0 ? -errno : fd;
	errno = saved;
	return fd;
}

static int os_event_signal(int fd)
{
	int saved = errno;
	/* A full counter (EAGAIN) is signalled already. */
	int result = eventfd_write(fd, 1) < 0 && errno != EAGAIN ? -errno : 0;

	errno = saved;
	return result;
}

static int os_event_clear(int fd)
{
	eventfd_t value;
	int saved = errno;
	int result = eventfd_read(fd, &value) < 0 && errno != EAGAIN ? -errno : 0;

	errno = saved;
	return result;
}

static int os_event_close(int fd)
{
	int saved = errno;
	int result = close(fd) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

const struct wti_os_ops wti_os_real = {
	.futex_wait = os_futex_wait,
	.futex_wake = os_futex_wake,
	.barrier_register = os_barrier_register,
	.barrier = os_barrier,
	.clock = os_clock,
	.yield = os_yield,
	.cpu_count = os_cpu_count,
	.thread_create = os_thread_create,
	.thread_join = os_thread_join,
	.thread_detach = os_thread_detach,
	.event_create = os_event_create,
	.event_signal = os_event_signal,
	.event_clear = os_event_clear,
	.event_close = os_event_close,
};

const struct wti_os_ops *wti_os = &wti_os_real;
