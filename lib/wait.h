/* SPDX-License-Identifier: MIT
 *
 * The one place where the library waits. A thread that finds nothing polls
 * for a moment, yields a few times, announces its sleep, looks again, and
 * parks; what it waits for is described by three functions.
 *
 * The poll pays because waking a sleeper costs as much as a hundred messages
 * (18 to 30 us for an idle core of a virtual machine). It is adaptive: a
 * thread whose polls find nothing polls less. On one processor it does not
 * poll at all, for nothing can become ready meanwhile.
 *
 * Who waits for an answer to much that it has posted, which the other side is
 * reading, polls as long as that is seen to get on. To be woken takes longer than
 * what is left to read, mostly, and meanwhile the other side finds nothing more,
 * and may fall asleep, too.
 * Kept because it measures better: 8-byte messages in streams of 10000 that end
 * in an answer went from 34 ns to 26.
 *
 * Where polls find nothing and yields do, time after time, the two sides share
 * a processor, in turns, while another may be idle: the system leaves them
 * there for many milliseconds, since neither ever sleeps. So one does so now
 * and then, and is woken where there is room.
 * Kept because it measures better: of the streams of 10 messages that end in an
 * answer most were sent so, and went from 161 ns a message to 85.
 */
#ifndef WTI_WAIT_H
#define WTI_WAIT_H

#include <wt/time.h>

#include "base.h"
#include "thread.h"

#define WTI_WAIT_FREE (-1) /* of wti_wait_ops.crowded */

struct wti_wait_ops {
	/* For people: what is waited for, in a word, and for what of; `object` is its address, or NULL where none tells. */
	const char *name;
	const char *kind;
	const void *(*object)(void *what);
	/* Whether there is something. Called often, by the waiting thread. */
	bool (*ready)(void *what);
	/*
	 * Announce the sleep, by a seq_cst access: who makes it ready from now on unparks this thread. Whether the look
	 * that follows is ordered behind that already: `arm` has taken the lock under which it is made ready, or there is
	 * something else in the place of the heavy barrier, which is issued where it is false.
	 */
	bool (*arm)(void *what);
	/* Take that back. */
	void (*disarm)(void *what);
	/* It is the loop that waits: the time asleep is on its account. */
	bool loop;
	/* Nobody makes it ready: to poll for it would be in vain. */
	bool hopeless;
	/*
	 * Whether those that make it ready want all processors, so that a poll
	 * would keep them from it: WTI_WAIT_FREE where not. Else for how many
	 * nanoseconds they have enough to do without this thread: for so long it
	 * sleeps without an announcement, which nobody then has to look at. May
	 * be NULL.
	 */
	int64_t (*crowded)(void *what);
	/*
	 * How far the other side has come with what it has to do first; 0 where that is little, or nothing is known of it.
	 * While that goes on, a poll does, for a fraction of a millisecond at most. May be NULL.
	 */
	uint64_t (*progress)(void *what);
#ifdef WTI_TESTING
	/* `ready` as the mutant that forgets everything but data has it. */
	bool (*data_only)(void *what);
#endif
};

/*
 * Wait until `what` is ready or `deadline`. 0; WT_EAGAIN for WT_NOW, or
 * WT_ETIMEDOUT, after a last look; WT_ETERMINATED as soon as this thread is
 * to end, also when `what` is ready.
 */
int wti_wait(struct wti_thread *self, const struct wti_wait_ops *ops, void *what, wt_time deadline);

/* The same as wti_wait for a thread that is itself being ended, and must wait for others to: never WT_ETERMINATED. */
int wti_wait_through(struct wti_thread *self, const struct wti_wait_ops *ops, void *what, wt_time deadline);

/* Whether polling can help at all. */
bool wti_wait_may_poll(void);

/*
 * A thread that was only just created wants a processor, and may get this one
 * sooner than an idle one wakes: to poll for it would keep it from running.
 */
static inline bool wti_wait_is_for_start(const struct wti_thread *self)
{
	return self->starting && !wti_load(self->starting);
}

/*
 * Who has a shorter way to look than `ready`, and to take what it finds, may
 * look so many times before it waits, with a pause before each: half a
 * microsecond to two. Where the last poll found something, that is.
 */
enum { WTI_WAIT_GLANCES = 32 };

static inline bool wti_wait_may_glance(const struct wti_thread *self)
{
	return self->poll_budget && !self->poll_misses && !self->poll_yielded && !wti_wait_is_for_start(self) &&
	       wti_wait_may_poll();
}

/* Whether this thread sleeps for nearly each thing that comes: its polls are in vain, or it makes none. */
static inline bool wti_wait_sleeps_often(const struct wti_thread *self)
{
	return self->poll_misses > 1 || !wti_wait_may_poll();
}

/*
 * Before the first look of a wait in the middle of a stream: let the other
 * side get some ahead, for so many pauses of the processor, where polling can
 * help. Who takes each message, task or result as it comes pulls the cache
 * lines that they share back and forth (8-byte messages: 40 million a second
 * without this, 69 with it).
 */
void wti_wait_gather(unsigned pauses);

/* The same, but no longer than *word, a guess, is `value`. */
void wti_wait_gather_while(unsigned pauses, const _Atomic(uint64_t) *word, uint64_t value);

/* Pauses: the least that is worth it, and two microseconds, or some more. */
enum {
	WTI_WAIT_GATHER_MIN = 24,
	WTI_WAIT_GATHER_MAX = 192
};

/*
 * For so many after a run of messages, of which nothing is left: in proportion to it, so that a few messages that wait
 * for their answers are not delayed by more than a part of what they take anyway, and not at all for a single one.
 * Kept because it measures better than always the least: 8-byte messages went from 37 million a second to 47. Four
 * times the most brings streams another tenth, and takes more from short ones that end in an answer.
 */
static inline unsigned wti_wait_pauses_after(uint64_t run)
{
	if (run < 2)
		return 0;
	run /= 2;
	if (run < WTI_WAIT_GATHER_MIN)
		return WTI_WAIT_GATHER_MIN;
	return run < WTI_WAIT_GATHER_MAX ? (unsigned)run : WTI_WAIT_GATHER_MAX;
}

/*
 * And where something was posted the other way meanwhile: an answer ends a run, mostly, and behind it the other side
 * begins another one, which nothing is to delay. After a short run there is no pause then, after a longer one the least.
 * Kept because it measures better: of streams of 8-byte messages that end in an answer those of 10 were 1.28 times as
 * fast in 41 rounds, those of 1000 1.07 times; with 4 messages under way that are each answered, 200 ns became 65.
 */
static inline unsigned wti_wait_pauses_answered(uint64_t run)
{
	return run / 2 < WTI_WAIT_GATHER_MIN ? 0 : WTI_WAIT_GATHER_MIN;
}

#endif
