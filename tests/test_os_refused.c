/* SPDX-License-Identifier: MIT
 *
 * What lib/os_linux.c makes of calls that the system refuses, as a sandbox does:
 * each in a child of its own, in which a filter of the kernel refuses that one.
 */
#include "os.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"

/* Not EPERM: musl knows of kernels that say so where they mean ENOMEM. */
enum { REFUSED = EACCES };

enum { UNTOLD = 100, NO_FILTER }; /* what a child may exit with, beside an error number */

static bool refuse(unsigned call)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | REFUSED),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = sizeof program / sizeof program[0], .filter = program };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* ---- What is asked ---- */

static int ask_place(void)
{
	struct wti_os_place place;

	return wti_os->thread_place(&place);
}

static int ask_pin(void)
{
	return wti_os->thread_pin(0);
}

static int ask_nice(void)
{
	return wti_os->thread_nice(0);
}

/* Counted in another way. */
static int ask_cpu_count(void)
{
	return wti_os->cpu_count() > 0 ? 0 : -1;
}

static void take_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
}

static int ask_claim(void)
{
	return wti_os->signal_claim(take_signal);
}

static int ask_send(void)
{
	return wti_os->signal_send(wti_os->thread_self(), SIGRTMAX);
}

static int ask_ticker(void)
{
	union wti_os_ticker ticker;
	int result = wti_os->ticker_create(&ticker, wti_os->thread_self(), SIGRTMAX, 1000000000000, 1000000000000);

	return result ? result : wti_os->ticker_delete(ticker);
}

/* With the standard streams closed, a descriptor has to be moved. */
static int ask_event_above(void)
{
	struct wti_os_event event;

	for (int fd = 0; fd < 3; fd++)
		close(fd);
	return wti_os->event_create(&event);
}

static int ask_alarm(void)
{
	struct wti_os_event event;
	int result = wti_os->event_create(&event);

	return result ? result : wti_os->event_alarm(&event, 1);
}

static int ask_reserve(void)
{
	void *address;

	return wti_os->memory_reserve(&address, 4096);
}

static int ask_memory(void)
{
	void *address;
	int result = wti_os->memory_reserve(&address, 4096);

	if (!result)
		result = wti_os->memory_commit(address, 4096);
	return result ? result : wti_os->memory_release(address, 4096);
}

static int ask_barrier_register(void)
{
	return wti_os_real.barrier_register();
}

static int ask_barrier(void)
{
	return wti_os_real.barrier();
}

static int ask_event(void)
{
	struct wti_os_event event;

	return wti_os->event_create(&event);
}

static int ask_room(void)
{
	return wti_os->descriptor_await_room(1, 0);
}

static const struct refusal {
	const char *name;
	unsigned call;
	int (*ask)(void);
	int result;
} refusals[] = {
	{ "membarrier", SYS_membarrier, ask_barrier_register, -REFUSED },
	{ "membarrier", SYS_membarrier, ask_barrier, -REFUSED },
	{ "sched_getaffinity", SYS_sched_getaffinity, ask_cpu_count, 0 },
	{ "sched_getaffinity", SYS_sched_getaffinity, ask_place, -REFUSED },
	{ "sched_getattr", SYS_sched_getattr, ask_place, -REFUSED },
	{ "sched_setaffinity", SYS_sched_setaffinity, ask_pin, -REFUSED },
	{ "setpriority", SYS_setpriority, ask_nice, -REFUSED },
	{ "rt_sigaction", SYS_rt_sigaction, ask_claim, -EBUSY },
	{ "tgkill", SYS_tgkill, ask_send, -REFUSED },
	{ "timer_create", SYS_timer_create, ask_ticker, -REFUSED },
	{ "timer_delete", SYS_timer_delete, ask_ticker, -REFUSED },
	{ "eventfd2", SYS_eventfd2, ask_event, -REFUSED },
	{ "fcntl", SYS_fcntl, ask_event_above, -REFUSED },
	{ "timerfd_create", SYS_timerfd_create, ask_event, -REFUSED },
	{ "timerfd_settime", SYS_timerfd_settime, ask_alarm, -REFUSED },
	{ "epoll_create1", SYS_epoll_create1, ask_event, -REFUSED },
	{ "epoll_ctl", SYS_epoll_ctl, ask_event, -REFUSED },
	{ "mmap", SYS_mmap, ask_reserve, -REFUSED },
	{ "mprotect", SYS_mprotect, ask_memory, -REFUSED },
	{ "munmap", SYS_munmap, ask_memory, -REFUSED },
#ifdef SYS_poll
	{ "poll", SYS_poll, ask_room, -REFUSED },
#else
	{ "ppoll", SYS_ppoll, ask_room, -REFUSED },
#endif
};

static int refused_child(const struct refusal *refusal)
{
	int result;

	if (!refuse(refusal->call))
		return NO_FILTER;
	errno = ENOTTY;
	result = refusal->ask();
	return errno == ENOTTY ? -result : UNTOLD;
}

/* [P1] Each is told as it is, and errno is left alone. */
static void what_the_system_refuses_is_an_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		int status = -1;
		pid_t child = fork();

		assert_true(child >= 0);
		if (!child)
			_exit(refused_child(&refusals[i]));
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
			skip();
		if (!WIFEXITED(status) || WEXITSTATUS(status) != -refusals[i].result)
			fail_msg("without %s: status %#x", refusals[i].name, (unsigned)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_system_refuses_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
