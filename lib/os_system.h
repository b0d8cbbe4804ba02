/* SPDX-License-Identifier: MIT
 *
 * What os.c takes from the system that configure chose: from os_linux.c, or,
 * with --enable-posix-only, from os_posix.c and its neighbours. os.h says what
 * each does; they leave errno as it was, as all of that table.
 */
#ifndef WTI_OS_SYSTEM_H
#define WTI_OS_SYSTEM_H

#include "os.h"

int wti_system_futex_wait(_Atomic(uint32_t) *word, uint32_t value, int64_t deadline);
int wti_system_futex_wake(_Atomic(uint32_t) *word, int count);
int wti_system_barrier_register(void);
int wti_system_barrier(void);
int wti_system_cpu_count(void);
int64_t wti_system_clock_coarse(void);

union wti_os_thread wti_system_thread_self(void);
bool wti_system_thread_is_first(void);
int wti_system_thread_place(struct wti_os_place *place);
int wti_system_thread_pin(int cpu);
int wti_system_thread_nice(int nice);
int wti_system_signal_send(union wti_os_thread thread, int signal);
int wti_system_ticker_create(union wti_os_ticker *ticker, union wti_os_thread thread, int signal, int64_t first,
			     int64_t period);
int wti_system_ticker_delete(union wti_os_ticker ticker);

int wti_system_event_create(struct wti_os_event *event);
int wti_system_event_signal(int signal);
int wti_system_event_clear(const struct wti_os_event *event);
int wti_system_event_alarm(const struct wti_os_event *event, int64_t at);
int wti_system_event_close(const struct wti_os_event *event);

/* For both, in os.c. */

/*
 * A new descriptor, or -1 with its errno, as it is handed out: above 2, or the
 * error. A program may have closed its standard streams: one of ours there
 * would get their output.
 */
int wti_os_high(int fd);

static inline struct timespec wti_os_timespec(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

#endif
