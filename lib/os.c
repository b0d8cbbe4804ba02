/* SPDX-License-Identifier: MIT */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "atomic.h"
#include "os_system.h"

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

static bool os_ask_processor(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned highest, b = 0, c = 0, d = 0;

	return __get_cpuid(0, &highest, &b, &c, &d) && b == signature_AMD_ebx && c == signature_AMD_ecx &&
	       d == signature_AMD_edx;
#else
	return false;
#endif
}

static bool os_cpu_is_amd(void)
{
	/* 0: not yet; else 1 no, 2 yes. In a virtual machine the question is dear. */
	static _Atomic(int) answer;
	int amd = wti_load(&answer);

	if (!amd) {
		amd = os_ask_processor() ? 2 : 1;
		wti_store(&answer, amd);
	}
	return amd == 2;
}

static int os_semaphore_create(sem_t *semaphore)
{
	int saved = errno;
	int result = sem_init(semaphore, 0, 0) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static int os_semaphore_post(sem_t *semaphore)
{
	int saved = errno;
	int result = sem_post(semaphore) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static int os_semaphore_wait(sem_t *semaphore)
{
	int saved = errno;
	int result = sem_wait(semaphore) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static _Atomic(int) os_own_signal; /* what signal_claim found; 0: nothing yet */

/*
 * All blocked, but the library's own, and those that a fault or a profiler
 * sends to the thread itself: handlers run where they always did.
 */
static void os_worker_mask(sigset_t *mask)
{
	static const int open[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF };
	int own = wti_load(&os_own_signal);

	sigfillset(mask);
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		sigdelset(mask, open[i]);
	if (own)
		sigdelset(mask, own);
}

/* A thread that has this mask from its first moment. */
#ifdef HAVE_PTHREAD_ATTR_SETSIGMASK_NP
static int os_create_masked(pthread_t *thread, pthread_attr_t *attr, const sigset_t *mask, void *(*fn)(void *),
			    void *arg)
{
	int err = pthread_attr_setsigmask_np(attr, mask);

	return err ? err : pthread_create(thread, attr, fn, arg);
}
#else
/* It inherits the mask, which is then ours for as long. */
static int os_create_masked(pthread_t *thread, pthread_attr_t *attr, const sigset_t *mask, void *(*fn)(void *),
			    void *arg)
{
	sigset_t own;
	int err = pthread_sigmask(SIG_SETMASK, mask, &own);

	if (err)
		return err;
	err = pthread_create(thread, attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &own, NULL);
	return err;
}
#endif

static int os_thread_create(pthread_t *thread, size_t stack_size, void *(*fn)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t mask;
	int saved = errno;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	os_worker_mask(&mask);
	if (stack_size)
		err = pthread_attr_setstacksize(&attr, stack_size);
	if (!err)
		err = os_create_masked(thread, &attr, &mask, fn, arg);
	pthread_attr_destroy(&attr);
	errno = saved;
	return -err;
}

/* ThreadSanitizer knows of no join with another clock than the wall's, nor has musl one. */
#if defined(__SANITIZE_THREAD__) || !defined(HAVE_PTHREAD_CLOCKJOIN_NP)
static int os_join_until(pthread_t thread, int64_t deadline)
{
	struct timespec now, until;
	int64_t span = deadline - wti_os_real.clock();
	int64_t end;

	clock_gettime(CLOCK_REALTIME, &now);
	if (__builtin_add_overflow((int64_t)now.tv_sec * 1000000000 + now.tv_nsec, span > 0 ? span : 0, &end))
		end = INT64_MAX;
	until = wti_os_timespec(end);
	return -pthread_timedjoin_np(thread, NULL, &until);
}
#else
static int os_join_until(pthread_t thread, int64_t deadline)
{
	struct timespec until = wti_os_timespec(deadline);

	return -pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until);
}
#endif

static int os_thread_join(pthread_t thread, int64_t deadline)
{
	return deadline == INT64_MAX ? -pthread_join(thread, NULL) : os_join_until(thread, deadline);
}

static int os_thread_detach(pthread_t thread)
{
	return -pthread_detach(thread);
}

/* What fesetenv(FE_DFL_ENV) does, which would need the library of mathematics. False on a processor not known here. */
static bool os_reset_floating_point(void)
{
#if defined(__x86_64__)
	__asm__ volatile("fninit");
	__builtin_ia32_ldmxcsr(0x1f80); /* all exceptions masked, to nearest */
	return true;
#elif defined(__aarch64__)
	__asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)0));
	return true;
#else
	return false;
#endif
}

static int os_thread_signal_stack(const stack_t *stack, stack_t *old)
{
	int saved = errno;
	int result = sigaltstack(stack, old) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static bool os_thread_signal_waits(void)
{
	sigset_t waiting, none;

	sigemptyset(&waiting);
	sigemptyset(&none);
	return sigpending(&waiting) != 0 || memcmp(&waiting, &none, WTI_OS_MASK_SIZE) != 0;
}

static int os_thread_reset(void)
{
	sigset_t mask;

	if (!os_reset_floating_point())
		return -ENOTSUP;
	os_worker_mask(&mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	uselocale(LC_GLOBAL_LOCALE);
	errno = 0;
	return 0;
}

static int os_thread_clock(clockid_t *clock)
{
	return -pthread_getcpuclockid(pthread_self(), clock);
}

static int os_thread_time(clockid_t clock, int64_t *time)
{
	struct timespec ts;
	int saved = errno;
	int result = clock_gettime(clock, &ts) < 0 ? -errno : 0;

	errno = saved;
	if (result == 0)
		*time = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	return result;
}

static bool os_signal_is_free(int signal)
{
	struct sigaction old;

	return sigaction(signal, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL;
}

/* From the highest down: programs count from the lowest up. */
static int os_signal_claim(void (*handler)(int signal, siginfo_t *info, void *context))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	int saved = errno;
	int signal = SIGRTMAX;

	sigemptyset(&action.sa_mask);
	while (signal >= SIGRTMIN && (!os_signal_is_free(signal) || sigaction(signal, &action, NULL) < 0))
		signal--;
	errno = saved;
	if (signal < SIGRTMIN)
		return -EBUSY;
	wti_store(&os_own_signal, signal);
	return signal;
}

static int os_signal_handle(int signal, void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler ? handler : SIG_DFL, .sa_flags = SA_RESTART | SA_ONSTACK };
	int saved = errno;
	int result = 0;

	sigemptyset(&action.sa_mask);
	if (handler && sigaction(signal, NULL, &(struct sigaction){ 0 }) == 0 && !os_signal_is_free(signal))
		result = -EBUSY;
	else if (sigaction(signal, &action, NULL) < 0)
		result = -errno;
	errno = saved;
	return result;
}

static int os_signal_open(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	return -pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int wti_os_high(int fd)
{
	int high, err;

	if (fd < 0)
		return -errno;
	if (fd > 2)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	err = errno;
	close(fd);
	return high < 0 ? -err : high;
}

static int os_at_fork(void (*in_child)(void))
{
	return -pthread_atfork(NULL, NULL, in_child);
}

static int os_at_exit(void (*fn)(void))
{
	return atexit(fn) != 0 ? -ENOMEM : 0;
}

static void (*os_over)(void); /* written with the first worker; an end of the process meanwhile may not see it */

static void os_at_over(void (*fn)(void))
{
	os_over = fn;
}

__attribute__((destructor(101))) static void os_end_process(void)
{
	if (os_over)
		os_over();
}

static const char *os_variable(const char *name)
{
	return secure_getenv(name);
}

static int os_directory(char *path, size_t size)
{
	int saved = errno;
	int result = getcwd(path, size) ? 0 : -errno;

	errno = saved;
	return result;
}

/* Not to wait for the reader of a pipe. */
static int os_file_create(const char *path)
{
	int saved = errno;
	int result = wti_os_high(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));

	errno = saved;
	return result;
}

/*
 * The signal of a write comes to the thread that wrote, before the write
 * returns. One that was on its way already is another's, and the two are one.
 */
static ssize_t os_file_write(int fd, const void *bytes, size_t size)
{
	static const struct timespec at_once;
	sigset_t broken, own, before;
	int saved = errno;
	ssize_t written;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken, &own);
	sigpending(&before);
	written = write(fd, bytes, size);
	if (written < 0)
		written = -errno;
	if (written == -EPIPE && !sigismember(&before, SIGPIPE))
		sigtimedwait(&broken, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &own, NULL);
	errno = saved;
	return written;
}

static int os_close(int fd)
{
	int saved = errno;
	int result = close(fd) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static int os_descriptor_check(int fd)
{
	int saved = errno;
	int result = fcntl(fd, F_GETFD) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static ssize_t os_descriptor_write(int fd, const struct iovec *pieces, int count)
{
	int saved = errno;
	ssize_t written = writev(fd, pieces, count);

	if (written < 0)
		written = -errno;
	errno = saved;
	return written;
}

static int os_descriptor_await_room(int fd, int milliseconds)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	int saved = errno;
	int result = poll(&pollfd, 1, milliseconds);

	if (result < 0)
		result = -errno;
	errno = saved;
	return result;
}

static int os_stream_open(FILE **stream, void *cookie, const char *mode, cookie_io_functions_t functions)
{
	int saved = errno;
	int result = 0;

	*stream = fopencookie(cookie, mode, functions);
	if (!*stream)
		result = -errno;
	errno = saved;
	return result;
}

static int os_memory_reserve(void **address, size_t size)
{
	int saved = errno;
	void *block = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int result = block == MAP_FAILED ? -errno : 0;

	errno = saved;
	if (result == 0)
		*address = block;
	return result;
}

/* Only now does the system count the pages as used: this is where it says no. */
static int os_memory_commit(void *address, size_t size)
{
	int saved = errno;
	int result = mprotect(address, size, PROT_READ | PROT_WRITE) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

static int os_memory_release(void *address, size_t size)
{
	int saved = errno;
	int result = munmap(address, size) < 0 ? -errno : 0;

	errno = saved;
	return result;
}

const struct wti_os_ops wti_os_real = {
	.futex_wait = wti_system_futex_wait,
	.futex_wake = wti_system_futex_wake,
	.semaphore_create = os_semaphore_create,
	.semaphore_post = os_semaphore_post,
	.semaphore_wait = os_semaphore_wait,
	.barrier_register = wti_system_barrier_register,
	.barrier = wti_system_barrier,
	.clock = os_clock,
	.clock_coarse = wti_system_clock_coarse,
	.yield = os_yield,
	.cpu_count = wti_system_cpu_count,
	.cpu_is_amd = os_cpu_is_amd,
	.thread_create = os_thread_create,
	.thread_join = os_thread_join,
	.thread_detach = os_thread_detach,
	.thread_self = wti_system_thread_self,
	.thread_is_first = wti_system_thread_is_first,
	.thread_place = wti_system_thread_place,
	.thread_reset = os_thread_reset,
	.thread_signal_waits = os_thread_signal_waits,
	.thread_signal_stack = os_thread_signal_stack,
	.thread_pin = wti_system_thread_pin,
	.thread_nice = wti_system_thread_nice,
	.thread_clock = os_thread_clock,
	.thread_time = os_thread_time,
	.signal_claim = os_signal_claim,
	.signal_handle = os_signal_handle,
	.signal_open = os_signal_open,
	.signal_send = wti_system_signal_send,
	.ticker_create = wti_system_ticker_create,
	.ticker_delete = wti_system_ticker_delete,
	.at_fork = os_at_fork,
	.at_exit = os_at_exit,
	.at_over = os_at_over,
	.event_create = wti_system_event_create,
	.event_signal = wti_system_event_signal,
	.event_clear = wti_system_event_clear,
	.event_alarm = wti_system_event_alarm,
	.event_close = wti_system_event_close,
	.variable = os_variable,
	.directory = os_directory,
	.file_create = os_file_create,
	.file_write = os_file_write,
	.descriptor_check = os_descriptor_check,
	.descriptor_close = os_close,
	.descriptor_write = os_descriptor_write,
	.descriptor_await_room = os_descriptor_await_room,
	.stream_open = os_stream_open,
	.memory_reserve = os_memory_reserve,
	.memory_commit = os_memory_commit,
	.memory_release = os_memory_release,
};

const struct wti_os_ops *WTI_REPLACED wti_os = &wti_os_real;
