/* SPDX-License-Identifier: MIT
 *
 * A dump whenever a signal comes. Its handler only counts, and wakes a thread
 * that has nothing else to do: that one makes the dump, and writes it to
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

/* Signals that came; the thread sleeps while it is what it has served. Relaxed: there is nothing else to see. */
static _Atomic(uint32_t) dump_asked;

/* Async-signal-safe: both leave errno alone. In a forked child there is nobody to be woken. */
static void dump_ask(int signal)
{
	(void)signal;
	wti_add(&dump_asked, 1);
	wti_os->futex_wake(&dump_asked, 1);
}

static void dump_put(const struct wti_text *text)
{
	struct iovec rest = { .iov_base = text->bytes, .iov_len = text->size };

	while (rest.iov_len) {
		ssize_t put = wti_os->descriptor_write(STDERR_FILENO, &rest, 1);

		if (put == -EAGAIN && wti_os->descriptor_await_room(STDERR_FILENO, -1) >= 0)
			continue;
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
			wti_os->futex_wait(&dump_asked, served, INT64_MAX);
		else
			dump_once();
	}
	return NULL;
}

static int dump_listen(int signo)
{
	pthread_t thread;
	int err;

	if (dump_signal)
		return dump_signal == signo ? 0 : WT_EBUSY;
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

int wt_dump_on_signal(int signo)
{
	int err;

	if (wti_forked() || wti_fork_prepare() != 0)
		return wti_fork_error(WT_ENOMEM);
	wti_mutex_lock(&dump_mutex);
	err = dump_listen(signo);
	wti_mutex_unlock(&dump_mutex);
	return err;
}
