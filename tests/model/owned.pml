/* SPDX-License-Identifier: MIT */
/*
 * owned: a thread changes what it owns while others walk it
 *
 * The protocol of lib/owned.h, with one owner that makes two changes and two
 * walkers.  A change is two words that are equal before and after it.  The
 * owner says `changing` and looks whether anybody walks; if not, it goes
 * without the lock.  Who walks counts itself, makes the owner's processor
 * empty its store buffer, takes the lock, and sleeps until no change is under
 * way.  When a change is over the owner looks once more, for such a sleeper.
 *
 * Memory: x86-TSO.  The owner's stores go through a buffer, first in, first
 * out.  Walkers store with read-modify-writes and under the lock only, so they
 * have none.  Weaker orders are not in here.
 *
 * Sleeping: a futex.  The kernel compares the word and queues the walker in
 * one step; one sleep may end without a cause.
 *
 * Right means: no walker sees a half of a change, and all come to their end.
 *
 * Mutants:
 * -DNOHEAVY     who walks leaves the barrier out
 * -DNO_WAIT     who walks takes the lock, and does not wait
 * -DNO_LOOK     the owner changes without a look whether anybody walks
 * -DNO_LOCK     the owner has seen that somebody walks, and goes on without the lock
 * -DNO_WAKE     no look when a change is over
 * -DLOOK_FIRST  that look comes before it is said that the change is over
 * -DLEAVE_FIRST who walks counts itself out before it reads
 */

#define NWALK		2
#define NCHANGE		2

/* what a store goes to */
#define CHANGING	0
#define LEFT		1
#define RIGHT		2

byte word[3];
byte walkers;
bit locked;
bit queued[NWALK];	/* in the kernel's queue */
bit spurious = 1;	/* sleeps that may still end without a cause */

chan buffer = [4] of { byte, byte };	/* the owner's stores that are not in memory yet */

#define BARRIER		empty(buffer)

inline wake_walker()
{
	BARRIER;		/* a call of the system */
	atomic { queued[0] = 0; queued[1] = 0 }	/* the lock lets one of them sleep at a time */
}

inline end_alone()
{
#ifdef LOOK_FIRST
	seen = walkers > 0;
	buffer!CHANGING, 0;
#else
	buffer!CHANGING, 0;
	seen = walkers > 0;
#endif
#ifndef NO_WAKE
	if
	:: seen -> wake_walker()
	:: else
	fi
#endif
}

inline change_alone()
{
	buffer!LEFT, n;
	buffer!RIGHT, n;
	end_alone()
}

inline change_locked()
{
	atomic { BARRIER && !locked -> locked = 1 };
	word[LEFT] = n;
	word[RIGHT] = n;
	locked = 0
}

active proctype owner()
{
	byte n = 1;
	bit seen;

	do
	:: n > NCHANGE -> break
	:: else ->
		buffer!CHANGING, 1;
#ifdef NO_LOOK
		change_alone();
#else
		seen = walkers > 0;
		if
		:: !seen -> change_alone()
		:: else ->
#ifdef NO_LOCK
			change_alone()
#else
			end_alone();
			change_locked()
#endif
		fi;
#endif
		n++
	od
}

active [NWALK] proctype walker()
{
	byte me = _pid - 1;
	byte left;

	walkers++;
#ifndef NOHEAVY
	BARRIER;
#endif
	atomic { !locked -> locked = 1 };
#ifndef NO_WAIT
	do
	:: !word[CHANGING] -> break
	:: atomic { word[CHANGING] -> queued[me] = 1 };
		!queued[me]
	od;
#endif
#ifdef LEAVE_FIRST
	walkers--;
#endif
	left = word[LEFT];
	assert(left == word[RIGHT]);
	locked = 0;
#ifndef LEAVE_FIRST
	walkers--
#endif
}

active proctype machine()
{
	byte to, value;

end:	do
	:: atomic { buffer?to, value -> word[to] = value; to = 0; value = 0 }
	:: atomic { spurious && queued[0] -> queued[0] = 0; spurious = 0 }
	:: atomic { spurious && queued[1] -> queued[1] = 0; spurious = 0 }
	od
}
