/* SPDX-License-Identifier: MIT
 *
 * A dump whenever a signal comes. Its handler only counts, and rings for a
 * thread that has nothing else to do: that one makes the dump, and writes it to
 * descriptor 2 by itself, for a stream of the program's may be locked by the
 * very thread that is looked for.
 */
#include "dump.h"

#include <errno.h>
#include <unistd.h>
#include <wt/dump.h>
#include <wt/error.h>

#include "alloc.h"
#include "atomic.h"
#include "fork.h"
#include "mutex.h"
#include "os.h"

static struct wti_mutex dump_mutex = WTI_MUTEX_INIT(WTI_RANK_DUMP);
static int dump_signal; /* under it; 0: none yet */

/* Signals that came; those that come during a dump are served by one more. Relaxed: there is nothing else to see. */
static _Atomic(uint32_t) dump_asked;

/* Not a futex: it may take a lock (os_posix_futex.c), which the thread that is interrupted may have. */
static sem_t dump_bell;

static void dump_bell_make(void)
{
	wti_os->semaphore_create(&dump_bell); /* cannot fail: no process shares it */
}

/* Async-signal-safe, and leaves errno alone. In a forked child there is nobody to hear it. */
static void dump_ask(int signal)
{
	(void)signal;
	if (wti_forked())
		return;
	wti_add(&dump_asked, 1);
	wti_os->semaphore_post(&dump_bell);
}

static void dump_put(const struct wti_text *text)
{
	struct iovec rest = { .iov_base = text->bytes, .iov_len = text->size };

	while (rest.iov_len) {
		ssize_t put = wti_os->descriptor_write(STDERR_FILENO, &rest, 1);

		if (put == -EAGAIN) {
			int err = wti_os->descriptor_await_room(STDERR_FILENO, -1);

			put = err < 0 ? err : 0;
		}
		if (put < 0 && put != -EINTR)
			return;
		rest.iov_base = (char *)rest.iov_base + (put > 0 ? put : 0);
		rest.iov_len -= put > 0 ? (size_t)put : 0;
	}
}

static void dump_once(void)
{
	struct wti_text text;

	if (wti_dump_make(&text) != 0)
		return;
	dump_put(&text);
	wti_free(text.bytes);
}

/* The thread takes the signal, too: all others may have it blocked. It ends with the process. */
static void *dump_serve(void *arg)
{
	uint32_t served = 0;
	uint32_t asked;

	wti_os->signal_open((int)(intptr_t)arg);
	for (;; served = asked) {
		asked = wti_load(&dump_asked);
		if (asked == served)
			wti_os->semaphore_wait(&dump_bell); /* also for no reason: it was rung for what is served */
		else
			dump_once();
	}
	return NULL;
}

static int dump_listen(int signo)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_t thread;
	int err;

	if (dump_signal)
		return dump_signal == signo ? 0 : WT_EBUSY;
	pthread_once(&once, dump_bell_make);
	err = wti_os->signal_handle(signo, dump_ask);
	if (err)
		return err;
	err = wti_os->thread_create(&thread, 0, dump_serve, (void *)(intptr_t)signo);
	if (err) {
		wti_os->signal_handle(signo, NULL);
		return err;
	}
	wti_os->thread_detach(thread);
	dump_signal = signo;
	return 0;
}

/* What raised it would raise it again when the handler returns, or as the dump is written, and so for ever. */
static bool dump_repeats(int signo)
{
	return signo == SIGPIPE || signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE || signo == SIGILL;
}

int wt_dump_on_signal(int signo)
{
	int err;

	if (dump_repeats(signo))
		return WT_EINVAL;
	if (wti_forked() || wti_fork_prepare() != 0)
		return wti_fork_error(WT_ENOMEM);
	wti_mutex_lock(&dump_mutex);
	err = dump_listen(signo);
	wti_mutex_unlock(&dump_mutex);
	return err;
}
