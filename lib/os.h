/* SPDX-License-Identifier: MIT
 *
 * The operating-system seam: every call that can block or fail for lack of a
 * resource goes through this table, so that a test can count or fail it.
 * Each returns 0 or a positive result, or a negative errno; errno itself is
 * left as it was.
 */
#ifndef WTI_OS_H
#define WTI_OS_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "seam.h"

/* Where a thread may run, and how it is served. Every byte counts in a comparison. */
struct wti_os_place {
	unsigned char processors[128]; /* a bit each */
	int32_t nice;
	uint32_t policy;               /* SCHED_OTHER, SCHED_BATCH ... */
	uint32_t priority;             /* of one in real time */
};

/* What each of the two systems (os_linux.c, os_posix.c) knows a thing by. */
union wti_os_thread {
	pid_t id;
	pthread_t handle;
};

union wti_os_ticker {
	timer_t timer;
	struct wti_alarm *alarm;
};

/* What a program's own loop polls. */
struct wti_os_event {
	int fd;     /* to be polled: above 2, CLOEXEC, non-blocking */
	int signal; /* to be signalled: the same kind */
	union {
		int fd;
		struct wti_alarm *alarm;
	} timer;
};

/* Bytes of a sigset_t that the system fills, in a signal's frame as well: it is shorter than the C library's type. */
#define WTI_OS_MASK_SIZE ((_NSIG - 1) / 8)

struct wti_os_ops {
	/*
	 * Sleep while *word is `value`, until `deadline` (CLOCK_MONOTONIC ns,
	 * INT64_MAX: no limit). Returns for any reason, also for none: the
	 * caller looks again at its own condition and at the clock.
	 */
	int (*futex_wait)(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline);
	/* Wake `count` sleepers of *word at the most. Only the address is used. */
	int (*futex_wake)(_Atomic(uint32_t) *word, int count);
	/* Of this process alone, at 0. To post is async-signal-safe, whatever was interrupted. */
	int (*semaphore_create)(sem_t *semaphore);
	int (*semaphore_post)(sem_t *semaphore);
	int (*semaphore_wait)(sem_t *semaphore); /* -EINTR: a signal came instead */
	int (*barrier_register)(void); /* 0 when `barrier` can be used from now on */
	int (*barrier)(void);          /* a full barrier on every processor that runs this process */
	int64_t (*clock)(void);
	int64_t (*clock_coarse)(void); /* the same, some milliseconds late, for a fraction of the price */
	void (*yield)(void);
	int (*cpu_count)(void); /* that this process may run on */
	bool (*cpu_is_amd)(void); /* whether AMD made the processor */
	/* With the signals blocked that are not the thread's own. */
	int (*thread_create)(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg);
	/* `deadline` as above. -ETIMEDOUT when the thread still runs: it can be joined or detached as before. */
	int (*thread_join)(pthread_t thread, int64_t deadline);
	int (*thread_detach)(pthread_t thread);
	union wti_os_thread (*thread_self)(void);
	bool (*thread_is_first)(void); /* whether the process began with the calling thread */
	int (*thread_place)(struct wti_os_place *place); /* of the calling thread */
	int (*thread_reset)(void); /* the calling thread: mask, locale and floating point as those of a new one */
	bool (*thread_signal_waits)(void); /* for the calling thread, which has it blocked, or for the process */
	/* Set the calling thread's alternate one, read the one before; either may be NULL. */
	int (*thread_signal_stack)(const stack_t *stack, stack_t *old);
	/* Both -ENOTSUP where the system knows nothing of the kind. */
	int (*thread_pin)(int cpu);   /* the calling thread, to one processor, counted from 0 */
	int (*thread_nice)(int nice); /* the calling thread alone */
	int (*thread_clock)(clockid_t *clock); /* the calling thread's processor time, for any thread to read ... */
	int (*thread_time)(clockid_t clock, int64_t *time); /* ... in ns; of a thread that is gone it is an error, or another's */
	/*
	 * Make `handler` that of a real-time signal that nobody handles, the
	 * highest one. It does not restart system calls; threads that are made
	 * from now on leave it open. Returns its number, or -EBUSY.
	 */
	int (*signal_claim)(void (*handler)(int signal, siginfo_t *info, void *context));
	/* Make `handler` that of a signal which has its default; system calls are restarted. NULL: the default again. */
	int (*signal_handle)(int signal, void (*handler)(int signal)); /* -EINVAL; -EBUSY: the program has it */
	int (*signal_open)(int signal); /* the calling thread, too, takes it */
	int (*signal_send)(union wti_os_thread thread, int signal); /* to a thread of this process, once */
	/* Send it again and again: `first` ns from now, then every `period` ns, until deleted. */
	int (*ticker_create)(union wti_os_ticker *ticker, union wti_os_thread thread, int signal, int64_t first,
			     int64_t period);
	int (*ticker_delete)(union wti_os_ticker ticker);
	int (*at_fork)(void (*in_child)(void));
	int (*at_exit)(void (*fn)(void));
	void (*at_over)(void (*fn)(void)); /* behind all exit handlers, and the program's destructors; one function in all */
	/* Readable from a signal to the clear, and from the moment set on; as created, neither. */
	int (*event_create)(struct wti_os_event *event);
	int (*event_signal)(int signal); /* any thread; again does nothing */
	int (*event_clear)(const struct wti_os_event *event);
	int (*event_alarm)(const struct wti_os_event *event, int64_t at); /* instead of the moment before; INT64_MAX: never */
	int (*event_close)(const struct wti_os_event *event);
	/* Of the environment as it is at this moment; NULL also where the process has rights that its user has not. */
	const char *(*variable)(const char *name);
	int (*directory)(char *path, size_t size); /* the present one */
	int (*file_create)(const char *path); /* empty, to be written to: a descriptor above 2, CLOEXEC; one that is there, too */
	/* How many bytes were written. Of what turned out to be a pipe that nobody reads, -EPIPE tells, and no signal. */
	ssize_t (*file_write)(int fd, const void *bytes, size_t size);
	/* Descriptors of the program's own that travel with messages. */
	int (*descriptor_check)(int fd); /* 0 when it is open */
	int (*descriptor_close)(int fd);
	/* How many bytes of the pieces, of which there is one at least, were written. */
	ssize_t (*descriptor_write)(int fd, const struct iovec *pieces, int count);
	/* Until it can be written to, for so long at the most (-1: no limit). Positive when it can; 0 when the time is up. */
	int (*descriptor_await_room)(int fd, int milliseconds);
	int (*stream_open)(FILE **stream, void *cookie, const char *mode, cookie_io_functions_t functions);
	/* Address space of whole pages; inaccessible until a part of it, from its beginning, is committed, zeroed. */
	int (*memory_reserve)(void **address, size_t size);
	int (*memory_commit)(void *address, size_t size); /* again does nothing */
	int (*memory_release)(void *address, size_t size); /* all that was reserved */
};

/* The table in use: the real one, unless a test has put its own here before the first call. */
extern const struct wti_os_ops *WTI_REPLACED wti_os;

/* The real one, for tests to wrap. */
extern const struct wti_os_ops wti_os_real;

#endif
