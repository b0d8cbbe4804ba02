/* SPDX-License-Identifier: MIT */
/*
 * brief: a source that is armed again without a heavy barrier
 *
 * The state BRIEF of lib/source.h, with two producers and one owner that does
 * not change; notify.pml has the rest of the protocol, where nothing is BRIEF.
 *
 *   IDLE -> BRIEF|ARMED            arm_brief, and then the heavy barrier
 *   BRIEF -> BRIEF|ARMED           arm: without it
 *   BRIEF|ARMED -> BRIEF|NOTIFIED  claim, under the lock
 *   BRIEF|NOTIFIED -> BRIEF        take, an exchange; or -> IDLE, a store
 *   BRIEF -> IDLE                  prolong, a store
 *   BRIEF|ARMED -> BRIEF           disarm: the second look found something
 *
 * A producer that sees BRIEF writes the state, too: a compare-and-swap that
 * changes nothing.  Of it and the owner's next one, which arms, the later sees
 * what came before the earlier.  So either the producer sees ARMED, or the
 * owner's second look sees the record.
 *
 * Memory: x86-TSO, a store buffer of one entry a thread.  A read-modify-write
 * leaves it empty, so it is a plain step here.  A commit goes through the
 * buffer, and so do the owner's stores of IDLE.  The heavy barrier makes each
 * producer in turn empty its own.  Weaker orders are not in here: what take
 * exchanges could be a store under TSO.
 *
 * Right means, when nothing moves any more: all records were received.  The
 * source is on the ready stack once at most.  No run is infinite.
 *
 * Mutants:
 * -DNO_WRITE          a producer that sees BRIEF only looks
 * -DNOTIFIED_NO_WRITE a producer that sees BRIEF and NOTIFIED only looks
 * -DNOHEAVY           IDLE -> BRIEF|ARMED without the barrier after it
 * -DPLAIN_NOHEAVY     IDLE -> ARMED without the barrier after it
 * -DNORECHECK         no second look after arm
 * -DTOUCH_ARMED       a producer that finds ARMED after all leaves it at the write
 * -DPROLONG_ANY       prolong also where the source is NOTIFIED
 * -DPROLONG_LATE      arm after prolong goes without the barrier, as before it
 */

#define NREC	3	/* producer 0 posts one, producer 1 posts two */

/* state of the source */
#define IDLE		0
#define ARMED		1
#define NOTIFIED	2
#define BRIEF		4

/* the parker */
#define EMPTY	0
#define ASLEEP	1
#define TOKEN	2

/* entries of the owner's store buffer; a producer's is a position + 1 */
#define SB_STATE(value)	(1 + (value))

#ifdef PROLONG_ANY
#define MAY_PROLONG	(state & BRIEF)
#else
#define MAY_PROLONG	(state == BRIEF)
#endif

#define BARRIER		sb[_pid] == 0

byte tail, head;
bit committed[NREC + 1];	/* the last one stays 0 */
byte state;
bit locked;
bit on_stack;
byte parker;

byte sb[3];			/* by process: producers 0 and 1, the owner */
bit queued;			/* in the kernel's queue */

/* whoever finds ARMED goes on to the lock; others have said what they had to, by writing where it is BRIEF */
inline touch()
{
	if
#ifdef NO_WRITE
	:: !(state & ARMED) -> done = 1
	:: else
#else
#ifdef NOTIFIED_NO_WRITE
	:: state == (BRIEF | NOTIFIED) -> done = 1
#endif
	:: state == IDLE || state == NOTIFIED -> done = 1
	:: else ->
		BARRIER;
		done = !(state & ARMED)
#endif
	fi
}

inline wake_owner()
{
	atomic {
		BARRIER;
		if
		:: state & ARMED -> state = state - ARMED + NOTIFIED; won = 1
		:: else -> won = 0
		fi
	};
	if
	:: won ->
		atomic { assert(!on_stack); on_stack = 1 };
		atomic {
			if
			:: parker == ASLEEP -> queued = 0
			:: else
			fi;
			parker = TOKEN
		}
	:: else
	fi
}

inline notify_slow()
{
	touch();
	do
	:: done -> break
	:: else ->
#ifdef TOUCH_ARMED
		break
#else
		atomic { BARRIER && !locked -> locked = 1 };
		wake_owner();
		locked = 0;
		if
		:: won -> break
		:: else -> touch()	/* it was taken, or disarmed, meanwhile */
		fi
#endif
	od
}

inline post()
{
	atomic { BARRIER; pos = tail; tail++ };
	sb[_pid] = pos + 1;
	if
	:: state & (ARMED | BRIEF) -> notify_slow()
	:: else
	fi;
	atomic { done = 0; won = 0; pos = 0 }
}

active [2] proctype producer()
{
	byte pos;
	bit done, won;

	post();
	if
	:: _pid == 1 -> post()
	:: else
	fi
}

active proctype owner()
{
	bit was_brief;

turn:
	/* collect and take; what was seldom served stays brief */
	atomic {
		BARRIER;
		if
		:: on_stack ->
			on_stack = 0;
			if
			:: state & BRIEF -> state = BRIEF
			:: sb[_pid] = SB_STATE(IDLE)
			fi
		:: else
		fi
	};

look:
	if
	:: committed[head] ->
		head++;
		atomic {
			BARRIER;
			if
			:: MAY_PROLONG -> sb[_pid] = SB_STATE(IDLE)
#ifdef PROLONG_LATE
				; was_brief = 1
#endif
			:: skip
			fi
		};
		goto look
	:: else
	fi;

	/* arm */
	atomic {
		BARRIER;
		if
		:: state == IDLE -> state = BRIEF | ARMED
#ifdef NOHEAVY
			; was_brief = 1
#endif
		:: state == IDLE -> state = ARMED
#ifdef PLAIN_NOHEAVY
			; was_brief = 1
#endif
		:: state == BRIEF -> state = BRIEF | ARMED; was_brief = 1
		:: state & (ARMED | NOTIFIED) -> was_brief = (state & BRIEF) != 0
		fi
	};
	if
	:: was_brief -> was_brief = 0
	:: else ->
		sb[0] == 0;
		sb[1] == 0
	fi;

#ifndef NORECHECK
	if
	:: committed[head] ->
		atomic {
			BARRIER;
			if
			:: state & ARMED -> state = state - ARMED
			:: else		/* NOTIFIED: it will be on the stack */
			fi
		};
		goto turn
	:: else
	fi;
#endif

	/* park */
	atomic {
		BARRIER;
		if
		:: parker == EMPTY -> parker = ASLEEP; queued = 1
		:: else -> parker = EMPTY; goto turn
		fi
	};
end_asleep:
	queued == 0;
	parker = EMPTY;
	goto turn
}

active proctype machine()
{
end:	do
	:: atomic { sb[0] != 0 -> committed[sb[0] - 1] = 1; sb[0] = 0 }
	:: atomic { sb[1] != 0 -> committed[sb[1] - 1] = 1; sb[1] = 0 }
	:: atomic { sb[2] != 0 -> state = sb[2] - SB_STATE(0); sb[2] = 0 }
	od
}

active proctype judge()
{
	timeout;
	assert(head == NREC)
}
