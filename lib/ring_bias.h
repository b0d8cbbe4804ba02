/* SPDX-License-Identifier: MIT
 *
 * A ring in which one thread posts all, for a while, is biased to it: that
 * thread moves the tail by a plain store instead of a compare-and-swap, which
 * would wait for the stores before it, to lines that the consumer has just
 * read. As with the biased locks of Kawachiya, Koseki and Onodera (2002), what
 * that spares is paid by the next thread that comes, once, with a heavy barrier
 * (barrier.h): it ends the bias. Where there is no such barrier, no ring is
 * biased.
 *
 * While the tail has WTI_TAIL_BIASED, only the thread that `bias` names moves
 * it: inside, or under grow_lock. The bit and the name change under grow_lock
 * alone. A swap by any other thread expects a tail without the bit, and fails.
 *
 * That thread says that it is inside, and looks whether the ring is still its
 * own; who ends the bias takes the name away, issues the heavy barrier, and
 * waits until that thread is not inside. So either the one sees that its name
 * is gone, and leaves, or the other sees it inside, and then what it has done
 * there. What it says lies in a place of its own: a word in the ring would also
 * be written by one that had the ring before, and has not seen yet that it is
 * another's by now. Inside are a few instructions, of which none can fail,
 * block, or reach the program's code; but a thread can lose its processor
 * there, and then others wait, under grow_lock, until it has one again.
 *
 * A name is a place. A thread gets one with its first ring, and gives it back
 * after its last call; the next one that gets it has the rings as well that
 * are biased to it. Where all names are taken, other threads do without.
 *
 * Who finds no room for a small message, some times in a row and nobody else
 * between, gets the bias; so a ring that few messages pass has one late, or
 * never. Where it was not worth its end, the next one needs twice as many such
 * times.
 *
 * Kept because it measures better: 8-byte messages, posted and received one by
 * one, were 1.60 to 1.68 times as many in five runs of 5 to 7 rounds, those of
 * 64 bytes 1.45 to 1.58 times, of 256 1.07 and 1.23; streams of 1000 that end in an
 * answer 1.70 and 1.73 times, empty tasks 1.09 to 1.16 times (AMD, a word 55 ns
 * to the other CPU; where it takes 300, 8 and 64 bytes 1.8 to 1.9 times).
 * Several producers are level.
 */
#ifndef WTI_RING_BIAS_H
#define WTI_RING_BIAS_H

#include "atomic.h"
#include "barrier.h"
#include "ring.h"
#include "seam.h"
#include "thread.h"

enum { WTI_BIAS_NAMES = 1024 };

/* Of wti_ring.bias. */
#define WTI_BIAS_NOBODY UINT32_MAX

/*
 * By name, which is never 0. Never freed: who ends a bias may look at the place of a thread that is gone. Written at each
 * post: a pair of lines, for processors fetch them so.
 */
struct wti_bias_place {
	/* The ring whose tail that thread is about to move, or NULL. */
	_Alignas(2 * WTI_CACHE_LINE) _Atomic(const struct wti_ring *) inside;
};

extern struct wti_bias_place wti_bias_places[WTI_BIAS_NAMES + 1];
extern bool wti_bias_taken[WTI_BIAS_NAMES + 1]; /* by name, under a lock of ring_bias.c */

static inline bool wti_bias_is_mine(const struct wti_ring *ring)
{
	const struct wti_thread *self = wti_thread_peek();

	return self && wti_load(&ring->bias) == self->bias_name;
}

/* Producer: where it says that it is inside, in a ring that is its own until it leaves; NULL: the ring is not. */
static WTI_INLINE struct wti_bias_place *wti_bias_enter(const struct wti_ring *ring)
{
	const struct wti_thread *self = wti_thread_peek();
	struct wti_bias_place *place;

	if (wti_unlikely(!self || wti_load(&ring->bias) != self->bias_name))
		return NULL;
	place = &wti_bias_places[self->bias_name];
	wti_store(&place->inside, ring); /* pairs with wti_bias_end [ring-bias]: said before the look */
	wti_barrier_light();
	if (wti_likely(wti_load_sc(&ring->bias) == self->bias_name) || /* [ring-bias] */
	    WTI_MUTANT(WTI_MUTANT_BIAS_NO_RECHECK))
		return place;
	wti_store_rel(&place->inside, NULL); /* [ring-inside] */
	return NULL;
}

static WTI_INLINE void wti_bias_leave(struct wti_bias_place *place)
{
	wti_store_rel(&place->inside, NULL); /* pairs with bias_await_outside [ring-inside]: the tail is written */
}

/* Producer: it has found no room for a record of so many bytes, or none that it knew of. The ring may be its own now. */
void wti_bias_visit(struct wti_ring *ring, size_t record);

/* Producer, under grow_lock: from now on the ring is no other thread's than the calling one's. */
void wti_bias_end(struct wti_ring *ring);

#endif
