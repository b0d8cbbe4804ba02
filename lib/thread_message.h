/* SPDX-License-Identifier: MIT
 *
 * Messages to threads. A message and the wait for its outcome are one block,
 * an errand, which lies in the target's mailbox, then in the hands of its
 * listener, and at last belongs to its owner, who reads the result.
 *
 *	NEW --entered--> WAITING --taken--> SERVED --the listener is over--> DONE
 *	                    |                  |
 *	                    |                  '--the owner leaves: abandoned, freed by who serves it
 *	                    '--the owner leaves: withdrawn, and freed by it
 *
 * All of it changes under the registry's mutex. The owner leaves for its
 * deadline, or because it ends; the target is over with an errand when the
 * listener returned, was left by a jump or removed, and when the thread ends.
 * Whoever comes first settles it. Nothing of an errand is on a stack.
 *
 * thread_message.c        the owner's side; both sides' ends
 * thread_message_serve.c  the mailbox: listener, loop, refusals
 * post_to_thread.c, post_to_thread_async.c   who waits for the outcome
 */
#ifndef WTI_THREAD_MESSAGE_H
#define WTI_THREAD_MESSAGE_H

#include <wt/post_to_thread.h>

#include "atomic.h"
#include "cargo.h"
#include "deadline.h"
#include "list.h"
#include "source.h"
#include "thread.h"

enum wti_errand_state {
	WTI_ERRAND_NEW,
	WTI_ERRAND_WAITING,
	WTI_ERRAND_SERVED,
	WTI_ERRAND_DONE
};

/* The message's cargo and bytes follow it. */
struct wti_errand {
	/* Set before it is entered. */
	struct wti_thread *owner;
	uint64_t from; /* the owner's id */
	size_t size;   /* bytes of the message */
	uint32_t type;
	bool sleeps;   /* the owner waits in its parker, not in its loop */

	/* Under the registry's mutex. */
	struct wti_list link;        /* the inbox of `mailbox`; SERVED: wti_thread.serving of its thread */
	struct wti_mailbox *mailbox; /* WAITING: the target's */
	bool abandoned;              /* SERVED: the owner is gone */
	int result;                  /* DONE */

	/* Atomic: written under the mutex, read by the owner. */
	_Atomic(uint32_t) state; /* enum wti_errand_state */

	/* Owner only. */
	struct wti_list own; /* wti_thread.errands */
	struct wti_source source;
	struct wti_deadline deadline;
	bool refd; /* keeps the loop alive */
	void (*fn)(int result, void *arg);
	void *arg;

	/* The serving thread only. */
	uint64_t serial; /* of the view */
};

/* Of a thread that has, or had, a listener; made with the first, freed by the thread's end. */
struct wti_mailbox {
	/* Under the registry's mutex. */
	struct wti_list inbox;          /* wti_errand.link */
	wt_thread_message_fn *listener; /* written by the owner, who reads it without */

	/* Atomic: written under the mutex, read by the owner. */
	_Atomic(uint32_t) waiting; /* in the inbox */

	/* Owner only. */
	void *arg;
	struct wti_source source; /* the owner's loop hears of what comes */

	/* Set when it is made: its number in a timeline, or 0. */
	uint32_t trace;
};

static inline struct wti_cargo *wti_errand_cargo(struct wti_errand *errand)
{
	return (struct wti_cargo *)(uintptr_t)(errand + 1);
}

/* ---- thread_message.c ---- */

/* From a public call's message, which is checked; on the calling thread's list. 0, or the error to return. */
int wti_errand_create(struct wti_errand **errand, struct wti_thread *self, const wt_outgoing *message);

/*
 * Put it into the mailbox of this thread, with what the message moves. Else
 * nothing moved: WT_ESRCH, not in the registry; WT_ENOLISTENER; or `over`, if that is not 0.
 */
int wti_errand_enter(struct wti_errand *errand, uint64_t id, const wt_outgoing *message, int over);

/* Owner: leave it, in any state. The result if it is done, else `otherwise`. */
int wti_errand_settle(struct wti_errand *errand, int otherwise);

/* Whoever is with it last. */
void wti_errand_free(struct wti_errand *errand);

/* Owner: whether there is a result. */
static inline bool wti_errand_is_done(struct wti_errand *errand)
{
	/* pairs with errand_tell [source-1], the look after arming; and [errand-1]: what the listener did is seen */
	return wti_load_sc(&errand->state) == WTI_ERRAND_DONE;
}

/* Have the thread's end, and its jumps, settle its errands and its mailbox. */
void wti_thread_message_enlist(struct wti_thread *self);

/* ---- thread_message_serve.c ---- */

/* Under the mutex: the number of those that wait changes. */
void wti_mailbox_count(struct wti_mailbox *mailbox, uint32_t change);

/* Owner: whether something waits. */
static inline bool wti_mailbox_waiting(struct wti_mailbox *mailbox)
{
	return wti_load_sc(&mailbox->waiting) != 0; /* the look after arming; pairs with wti_mailbox_count [source-1] */
}

/* Owner: have the listener, if there is one, serve the first. False when nothing waits, and in a forked child. */
bool wti_mailbox_serve(struct wti_thread *self);

/* Owner: what the listener left by a jump has failed. */
void wti_mailbox_unwind(struct wti_thread *self);

/* Owner, at its end: refuse all, and free it. */
void wti_mailbox_close(struct wti_thread *self);

/* Whether a listener of this thread has the message at the moment. */
bool wti_mailbox_serves(const struct wti_thread *self, const wt_message *message);

#endif
