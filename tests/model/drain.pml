/* SPDX-License-Identifier: MIT */
/*
 * drain: who was refused, and does not wait, hears that there is room
 *
 * The protocol of lib/port_drain.c between a poster that is refused when the
 * queue is at its limit, the receiver, and the loop of the thread that
 * owns the sending port.
 *
 *   NONE -> WANTED   a refused post, which then looks at the queue again
 *   WANTED -> DUE    whoever sees the queue at most half full: the receiver
 *                    after it gave room back, or that second look
 *   DUE -> NONE      the loop, right before it calls on_drain
 *
 * Memory: x86-TSO, a store buffer of one entry for the receiver, who gives
 * room back by a release store and then looks at the state; the refused post
 * has the heavy barrier between its announcement, a read-modify-write, and its
 * look (lib/barrier.h).
 *
 * Right means: when nothing moves any more, a call has followed the last
 * refusal; and there are no more calls than refusals.  (Where another thread
 * than the loop's posts, a refusal that a call has just answered may announce
 * itself after that, and gets one of its own.)
 *
 * Mutants:
 * -DNOHEAVY     the refused post leaves the barrier out
 * -DNOLOOK      it does not look again
 * -DNOTELL      the receiver does not look
 * -DCALL_FIRST  the loop calls, then sets the state to NONE
 * -DTELL_AGAIN  who sees room sets DUE whatever the state was
 */

#define LIMIT	1	/* so that what one store buffer holds makes the difference */
#define TRIES	4

#define NONE	0
#define WANTED	1
#define DUE	2

byte tail = LIMIT, head;	/* a full queue to begin with */
byte state;
bit unheard;			/* refused, and not called since */
byte refusals, calls;
bit posting = 1;

bit buffered;			/* the receiver's store buffer: one more released */

#define USED	(tail - head)

inline tell()
{
	if
	:: USED <= LIMIT / 2 ->
#ifdef TELL_AGAIN
		state = DUE
#else
		atomic {
			if
			:: state == WANTED -> state = DUE
			:: else
			fi
		}
#endif
	:: else
	fi
}

active proctype poster()
{
	byte tries;

	do
	:: tries < TRIES ->
		tries++;
		if
		:: atomic { USED < LIMIT -> tail++ }
		:: atomic { USED >= LIMIT -> unheard = 1; refusals++ };
			atomic {
				if
				:: state == NONE -> state = WANTED
				:: else
				fi
			};
#ifndef NOHEAVY
			!buffered; /* the barrier returns when the receiver's buffer is empty */
#endif
#ifndef NOLOOK
			tell()
#endif
		fi
	:: else -> break
	od;
	posting = 0
}

active proctype receiver()
{
	byte read;

	do
	:: read < tail ->
		read++;
		!buffered; /* one entry: the next store waits for the one before */
		buffered = 1;
#ifndef NOTELL
		if
		:: state == WANTED ->
			!buffered; /* the read-modify-write of the slow path comes after the store */
			tell()
		:: else
		fi
#else
		skip
#endif
	:: read == tail && !posting -> break
	od
}

active proctype machine()
{
end:
	do
	:: atomic { buffered -> buffered = 0; head++ }
	od
}

active proctype loop()
{
end:
	do
	:: state == DUE ->
#ifdef CALL_FIRST
		atomic { unheard = 0; calls++ };
		state = NONE
#else
		state = NONE;
		atomic { unheard = 0; calls++; assert(calls <= refusals) }
#endif
	od
}

active proctype judge()
{
	timeout;
	assert(!unheard)
}
