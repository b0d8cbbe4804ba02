/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <unistd.h>

#include "fork.h"
#include "os.h"
#include "wait.h"
#include "waiters.h"

#define LINE_PATIENCE 50000000 /* ns that a thread that is to end waits for the turn: half of what W5 gives it */

struct line_turn {
	_Atomic(uint32_t) taken;    /* by the thread that writes */
	struct wti_waiters waiters; /* for the turn */
	bool open; /* the last byte that was written was not the end of a line. Whose turn it is */
};

#define LINE_TURN_INIT(turn) \
	{ .waiters = { .lock = WTI_MUTEX_INIT(WTI_RANK_WAITERS), .list = { &(turn).waiters.list, &(turn).waiters.list } } }

static struct line_turn line_output = LINE_TURN_INIT(line_output);
static struct line_turn line_error = LINE_TURN_INIT(line_error);

/* ---- The turn ---- */

struct line_wait {
	struct line_turn *turn;
	struct wti_waiter waiter;
};

static bool line_ready(void *what)
{
	const struct line_wait *wait = what;

	return !wti_load_sc(&wait->turn->taken); /* pairs with line_leave [line-turn] [waiters-1] */
}

static bool line_arm(void *what)
{
	struct line_wait *wait = what;

	wti_waiters_add(&wait->turn->waiters, &wait->waiter);
	return false;
}

static void line_disarm(void *what)
{
	struct line_wait *wait = what;

	wti_waiters_remove(&wait->turn->waiters, &wait->waiter);
}

static const struct wti_wait_ops line_ops = {
	.name = "turn",
	.ready = line_ready,
	.arm = line_arm,
	.disarm = line_disarm,
};

static void line_wake_next(struct line_turn *turn)
{
	if (wti_waiters_any(&turn->waiters))
		wti_waiters_wake_first(&turn->waiters);
}

static bool line_try(struct line_turn *turn)
{
	uint32_t expected = 0;

	/* pairs with line_leave [line-turn]: how the one before has left the line */
	return wti_cas_acqrel(&turn->taken, &expected, 1);
}

/* 0: it is ours until line_leave. */
static int line_take(struct line_turn *turn, struct wti_thread *self)
{
	struct line_wait wait = { .turn = turn };
	wt_time patience = WT_NOW;
	int err = 0;

	wti_waiter_init(&wait.waiter, self);
	while (!err && !line_try(turn)) {
		err = wti_wait(self, &line_ops, &wait, WT_FOREVER);
		if (err != WT_ETERMINATED)
			continue;
		if (patience == WT_NOW)
			patience = wt_after_ns(LINE_PATIENCE);
		err = wti_wait_through(self, &line_ops, &wait, patience);
	}
	if (!err)
		return 0;
	line_wake_next(turn); /* the wake may have been for us */
	return WT_ETERMINATED;
}

static void line_leave(struct line_turn *turn)
{
	/* pairs with line_try and line_ready [line-turn]; seq_cst for the look at those who wait [waiters-1] */
	wti_store_sc(&turn->taken, 0);
	line_wake_next(turn);
}

/* ---- Writing ---- */

/* What is still to be written. */
struct line_rest {
	struct iovec pieces[WTI_LINE_PIECES + 1];
	struct iovec *at;
	int count;
};

static void line_add(struct line_rest *rest, const void *data, size_t size)
{
	if (size)
		rest->at[rest->count++] = (struct iovec){ .iov_base = (void *)(uintptr_t)data, .iov_len = size };
}

/* So many bytes are written. */
static void line_advance(struct line_turn *turn, struct line_rest *rest, size_t size)
{
	while (size) {
		size_t part = size < rest->at->iov_len ? size : rest->at->iov_len;
		char *end = (char *)rest->at->iov_base + part;

		turn->open = end[-1] != '\n';
		size -= part;
		rest->at->iov_base = end;
		rest->at->iov_len -= part;
		if (!rest->at->iov_len) {
			rest->at++;
			rest->count--;
		}
	}
}

/* Of a thread that is to end: what the system takes at once, which of a pipe with any room is PIPE_BUF. */
static ssize_t line_put_now(int fd, const struct line_rest *rest)
{
	struct iovec piece = *rest->at;
	int room = wti_os->descriptor_await_room(fd, 0);

	if (room <= 0)
		return room ? room : WT_ETERMINATED;
	if (piece.iov_len > PIPE_BUF)
		piece.iov_len = PIPE_BUF;
	return wti_os->descriptor_write(fd, &piece, 1);
}

/* Bytes written, or the error; none where it is to be tried again. */
static ssize_t line_put(int fd, const struct wti_thread *self, const struct line_rest *rest)
{
	bool ending = wti_thread_terminating(self);
	ssize_t put = ending ? line_put_now(fd, rest) : wti_os->descriptor_write(fd, rest->at, rest->count);

	if (put == -EAGAIN && !ending) {
		int room = wti_os->descriptor_await_room(fd, -1);

		put = room < 0 ? room : 0;
	}
	if (put == -EINTR || put == -EAGAIN)
		return ending ? WT_ETERMINATED : 0;
	return put;
}

static int line_put_all(int fd, struct line_turn *turn, const struct wti_thread *self, struct line_rest *rest)
{
	while (rest->count) {
		ssize_t put = line_put(fd, self, rest);

		if (put < 0)
			return (int)put;
		line_advance(turn, rest, (size_t)put);
	}
	return 0;
}

int wti_line_write(int fd, const struct iovec *pieces, size_t count)
{
	struct line_turn *turn = fd == STDERR_FILENO ? &line_error : &line_output;
	struct wti_thread *self = wti_thread_self();
	struct line_rest rest = { .count = 0 };
	int err;

	if (!self)
		return wti_fork_error(WT_ENOMEM);
	err = line_take(turn, self);
	if (err)
		return err;
	rest.at = rest.pieces;
	line_add(&rest, "\n", turn->open);
	for (size_t i = 0; i < count; i++)
		line_add(&rest, pieces[i].iov_base, pieces[i].iov_len);
	err = line_put_all(fd, turn, self, &rest);
	line_leave(turn);
	return err;
}
