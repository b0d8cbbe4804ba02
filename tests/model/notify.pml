/* SPDX-License-Identifier: MIT */
/*
 * notify: from a commit to the thread that owns the port
 *
 * The protocol of lib/ring.c (commit), lib/source.c (arm, notify, collect,
 * detach), lib/park.c (the parker), lib/port_receive.c and lib/port_close.c,
 * with two producers, one port, its owner, a second thread that the port may
 * move to, and somebody who terminates the first.
 *
 * Ring.  Records are reserved in order and committed in any order, by a
 * seq_cst store of the record's header (but see ASYM).  The consumer sees only its head
 * record: one that is reserved but not committed hides those behind it.
 *
 * State of the source.  NOTIFIED means that it is on its owner's ready stack;
 * that keeps it from being pushed twice, for the stack is linked through it.
 *
 *   IDLE -> ARMED      arm: the owner found nothing; then it looks again
 *   ARMED -> IDLE      disarm: the second look found something; or detach
 *   ARMED -> NOTIFIED  notify, under the lock, if there is an owner
 *   NOTIFIED -> IDLE   collect: the owner took it off its ready stack
 *
 * Notify.  A producer or closer that sees ARMED after its own store takes the
 * lock, reads the owner, sets NOTIFIED, pushes and unparks.  The lock is held
 * to the end: so long, the owner cannot detach, and so its record stays.
 * NOTIFIED is not set earlier: a port that moves while a notifier waits for
 * the lock would reach its next owner as notified by nobody.
 *
 * Thread.  Whoever used up a token of the parker collects before it parks
 * again.  A thread that gives its port up detaches (no owner, under the lock),
 * then collects, then goes.  Its record is also held by its worker handle,
 * which is how it may be unparked by terminate; that hold is not modelled.
 *
 * Parker.  EMPTY, ASLEEP or TOKEN.  Park uses up a token or sleeps; unpark
 * leaves a token, and wakes if the thread was ASLEEP.  Because the token stays,
 * the terminate flag needs no second look: flag, then token; token, then flag.
 *
 * Close.  A closer sets the flag and goes the way of a producer.  No post
 * runs on a handle that is being closed, so a receiver that has seen the flag
 * and then finds nothing committed has received everything.
 *
 * Memory: x86-TSO, a store buffer of one entry a thread.  A seq_cst store or a
 * read-modify-write leaves it empty, so it is written as a plain step here; the
 * owner's NOTIFIED -> IDLE goes through the buffer (relaxed is enough: ARMED is
 * set by a later read-modify-write).  Futex: compare and queue in one step; one
 * sleep ends without a cause, or one wait reaches its deadline.
 *
 * Right means, when nothing moves any more: no thread sleeps while its port
 * has a committed head record or a close to report, or while its own terminate
 * flag is set.  At every step: the port is on one ready stack at most, and
 * nobody notifies a thread that is gone.  What was posted before close is
 * received before close.  No run is infinite: nobody polls.
 *
 * Mutants, memory order:
 * -DNOFENCE_P        commit is a release store
 * -DNOFENCE_CLOSE    the closed flag is a release store
 * -DNOFENCE_C        IDLE -> ARMED is a release store
 * -DNOHEAVY          ASYM, but the owner leaves that out
 * Mutants, sleeping:
 * -DNORECHECK        no second look after arm
 * -DNOCLOSE_RECHECK  the second look forgets the closed flag
 * -DNOTERM           no look at the terminate flag after a sleep
 * -DTERM_LATE        terminate unparks, then sets the flag
 * -DEMPTYONLY        a producer notifies only if the ring was empty at its reservation
 * -DNOTOKEN          unpark does nothing unless the thread is ASLEEP
 * -DUNPARK_FIRST     notify unparks, then pushes
 * -DSKIP_COLLECT     a woken thread looks at its port and leaves the ready stack
 * -DPOLL_NOTIFIED    livelock: arm that finds NOTIFIED looks again instead of parking
 * Mutants, ownership:
 * -DBOOLEAN          no NOTIFIED: notify sets the state back to IDLE
 * -DRAWOWNER         the owner is read and used without the lock
 * -DCOLLECT_FIRST    a thread that ends collects, then detaches
 * -DDETACH_RAW       the port moves while it is on the ready stack
 * -DNOTIFY_EARLY     NOTIFIED is set before the lock is taken, and stays without an owner
 * -DATTACH_RESET     the same, and attach sets the state to IDLE
 * -DATTACH_NOLOOK    attach waits without a look at the ring
 * Mutants, close:
 * -DCLOSE_FIRST      close is reported without a second look at the ring
 * -DCLOSE_RACE       the handle is closed while another thread posts through it
 *
 * Variants that must hold:
 * -DSTAY             the port does not move, and there is a third record
 * -DASYM             lib/barrier.c: commit is a release store, and the owner, after it
 *                    armed, makes each processor in turn empty its store buffer
 */

#ifdef ATTACH_RESET
#define NOTIFY_EARLY
#endif

#ifdef NOHEAVY
#define ASYM
#endif

#define NPROD	2
#ifdef STAY
#define NREC	3	/* producer 0 posts one and may close, producer 1 posts two */
#else
#define NREC	2	/* producer 0 posts one and may close, producer 1 posts one */
#endif

/* state of the source */
#define IDLE		0
#define ARMED		1
#define NOTIFIED	2

/* the parker */
#define EMPTY	0
#define ASLEEP	1
#define TOKEN	2

/* entries of a store buffer; 0 is none */
#define SB_COMMIT(pos)	(1 + (pos))
#define SB_CLOSED	(1 + NREC)
#define SB_STATE(value)	(2 + NREC + (value))

#define NOBODY	0	/* threads are 1 and 2 */

#ifdef CLOSE_RACE
#define MAY_CLOSE	true
#else
#define MAY_CLOSE	returned
#endif

/* the port */
byte tail, head;
bit committed[NREC + 1];	/* the last one stays 0 */
bit closed;
byte state;
bit locked;
byte owner = 1;

/* the threads */
byte on_stack;			/* the thread on whose ready stack the port is */
byte parker[3];
bit term;			/* thread 1's flag */
bit gone[3];			/* record freed */
bit in_flight;			/* the port is in a message to thread 2 */

/* the machine */
byte sb[4];			/* by process: producers 0 and 1, threads 2 and 3 */
bit queued[3];			/* in the kernel's queue */
bit early = 1;			/* sleeps that may still end without a cause, or waits without a wake */

/* what the producers owe each other, and the judge */
bit returned;			/* producer 1 posts no more on the handle that producer 0 may close */
byte before_close;		/* position of the closer's own record */

#define BARRIER		sb[_pid] == 0

inline lock() { atomic { BARRIER && !locked -> locked = 1 } }
inline unlock() { locked = 0 }

inline unpark(thread)
{
	atomic {
		old = parker[thread];
#ifdef NOTOKEN
		if
		:: old == ASLEEP -> parker[thread] = TOKEN
		:: else
		fi
#else
		parker[thread] = TOKEN
#endif
	};
	if
	:: old == ASLEEP -> queued[thread] = 0
	:: else
	fi
}

inline push(thread)
{
	atomic {
		assert(on_stack == NOBODY);
		on_stack = thread
	}
}

/* one winner a sleep */
inline set_notified()
{
	atomic {
		if
		:: state == ARMED ->
#ifdef BOOLEAN
			state = IDLE;
#else
			state = NOTIFIED;
#endif
			won = 1
		:: else -> won = 0
		fi
	}
}

inline wake_owner()
{
#ifdef UNPARK_FIRST
	unpark(to);
	push(to);
#else
	push(to);
	unpark(to);
#endif
	assert(!gone[to])
}

inline notify_slow()
{
#ifdef NOTIFY_EARLY
	set_notified();
	lock();
	to = owner;
#else
#ifdef RAWOWNER
	to = owner;
#else
	lock();
	to = owner;
#endif
	if
	:: to != NOBODY -> set_notified()
	:: else
	fi;
#endif
	if
	:: to != NOBODY && won -> wake_owner()
	:: else
	fi;
	atomic {
#ifndef RAWOWNER
		unlock();
#endif
		won = 0;
		to = NOBODY;
		old = EMPTY
	}
}

/* after a store that is in memory: did the owner announce that it will sleep? */
inline notify()
{
	if
	:: state == ARMED -> BARRIER; notify_slow()
	:: else
	fi
}

inline post()
{
#ifdef EMPTYONLY
	atomic { pos = tail; was_empty = (tail == head); tail++ };
#else
	atomic { pos = tail; tail++ };
#endif
#ifdef NOFENCE_P
	BARRIER;
	sb[_pid] = SB_COMMIT(pos);
#else
#ifdef ASYM
	BARRIER;
	sb[_pid] = SB_COMMIT(pos);
#else
	committed[pos] = 1;
#endif
#endif
#ifdef EMPTYONLY
	if
	:: was_empty -> notify()
	:: else
	fi
#else
	notify()
#endif
}

active [NPROD] proctype producer()
{
	byte pos, to, old;
	bit was_empty, won;

	if
	:: closed
	:: else -> post()
	fi;
	if
	:: _pid == 0 ->
		if
		::	atomic {
				BARRIER && MAY_CLOSE;
				before_close = pos;
#ifdef NOFENCE_CLOSE
				sb[_pid] = SB_CLOSED
#else
				closed = 1
#endif
			};
			notify()
		:: skip
		fi
	:: else ->
#ifdef STAY
		if
		:: closed
		:: else -> post()
		fi;
#endif
		BARRIER;		/* stores come out in order */
		returned = 1
	fi
}

/* take the whole ready stack: the exchange needs an empty buffer, the store fills it */
inline collect()
{
	atomic {
		BARRIER;
		if
		:: on_stack == me -> on_stack = NOBODY; sb[_pid] = SB_STATE(IDLE)
		:: else
		fi
	}
}

/* afterwards nobody notifies this thread */
inline detach()
{
	atomic { lock(); owner = NOBODY };
	atomic {
		if
		:: state == ARMED -> state = IDLE
		:: else
		fi;
		unlock()
	}
}

active [2] proctype thread()
{
	byte me = _pid - NPROD + 1;

	if
	:: me == 1
	:: else ->
end_unused:	in_flight;
		lock();			/* attach */
		owner = me;
		unlock();
#ifdef ATTACH_RESET
		state = IDLE;
#endif
#ifdef ATTACH_NOLOOK
		goto park
#endif
	fi;

turn:
	collect();

look:
	if
#ifndef STAY
	:: me == 1 -> goto move		/* a callback sends the port away */
#endif
#ifndef NOTERM
	:: me == 1 && term -> goto over
	:: !(me == 1 && term)
#else
	:: skip
#endif
	fi;
	if
	:: committed[head] -> head++; goto look
	:: else
	fi;
	if
	:: closed ->
#ifdef CLOSE_FIRST
		goto report_close
#else
		if
		:: committed[head] -> goto look
		:: else -> goto report_close
		fi
#endif
	:: else
	fi;

	/* arm */
	atomic {
		BARRIER;
		if
#ifdef NOFENCE_C
		:: state == IDLE -> sb[_pid] = SB_STATE(ARMED)
#else
		:: state == IDLE -> state = ARMED
#endif
		:: state == ARMED		/* since an earlier wait */
		:: state == NOTIFIED		/* an unpark is on its way */
#ifdef POLL_NOTIFIED
			-> goto turn
#endif
		fi
	};

#ifdef ASYM
#ifndef NOHEAVY
	sb[0] == 0;
	sb[1] == 0;
#endif
#endif

#ifndef NORECHECK
	if
	:: committed[head] -> goto disarm
	:: else
	fi;
#ifndef NOCLOSE_RECHECK
	if
	:: closed -> goto disarm
	:: else
	fi;
#endif
	goto park;

disarm:
	atomic {
		BARRIER;
		if
		:: state == ARMED -> state = IDLE
		:: else			/* NOTIFIED: the port will be on the stack */
		fi
	};
	goto look;
#endif

park:
	atomic {
		BARRIER;
		if
		:: parker[me] == EMPTY -> parker[me] = ASLEEP
		:: else -> parker[me] = EMPTY; goto woken
		fi
	};
	do
	:: atomic { parker[me] == ASLEEP -> queued[me] = 1 };
end_asleep:	queued[me] == 0
	:: parker[me] != ASLEEP -> break
	:: atomic { early -> early = 0; break }
	od;
	parker[me] = EMPTY;
woken:
#ifdef SKIP_COLLECT
	goto look;
#else
	goto turn;
#endif

report_close:
	assert(head > before_close);
over:
#ifdef COLLECT_FIRST
	collect();
	detach();
#else
	detach();
	collect();
#endif
	goto free;

move:
	detach();
#ifndef DETACH_RAW
	collect();
#endif
	BARRIER;			/* the post that carries the port */
	in_flight = 1;

free:
	assert(on_stack != me);
	gone[me] = 1
}

active proctype terminator()
{
	byte old;

	if
#ifdef TERM_LATE
	:: unpark(1); term = 1
#else
	:: term = 1; unpark(1)
#endif
	:: skip
	fi
}

active proctype machine()
{
end:	do
	:: atomic {
		sb[0] != 0 ->
		if
		:: sb[0] == SB_CLOSED -> closed = 1
		:: else -> committed[sb[0] - SB_COMMIT(0)] = 1
		fi;
		sb[0] = 0
	   }
	:: atomic { sb[1] != 0 -> committed[sb[1] - SB_COMMIT(0)] = 1; sb[1] = 0 }
	:: atomic { sb[2] != 0 -> state = sb[2] - SB_STATE(0); sb[2] = 0 }
	:: atomic { sb[3] != 0 -> state = sb[3] - SB_STATE(0); sb[3] = 0 }
	:: atomic { early && queued[1] -> queued[1] = 0; early = 0 }
	:: atomic { early && queued[2] -> queued[2] = 0; early = 0 }
	od
}

#define UNSEEN(thread)	(owner == thread && (committed[head] || closed))

active proctype judge()
{
	bit sleeps_on;

	timeout;
	sleeps_on = (queued[1] && (UNSEEN(1) || term)) || (queued[2] && UNSEEN(2));
	assert(!sleeps_on)
}
