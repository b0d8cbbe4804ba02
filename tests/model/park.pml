/* SPDX-License-Identifier: MIT */
/*
 * park: a thread goes to sleep while others publish
 *
 * The bare pattern under every wait in libwt.  A producer commits a record and
 * then looks whether the consumer sleeps (lib/ring.c, then the notify of
 * lib/source.h); the consumer announces that it will sleep and then looks for
 * records once more (lib/wait.c).  Each side stores to one word and loads the
 * other one, so both need their store to be visible before their load, or
 * both can miss each other and the consumer sleeps with a record in its ring.
 * notify.pml has the whole protocol, with the ready stack and the owner;
 * this model is small enough to follow a counterexample by eye.
 *
 * Memory: x86-TSO.  Each thread has a store buffer of one entry, which drains
 * at a moment of its own choice.  A seq_cst store or a read-modify-write is
 * "store, then wait until the buffer is empty".
 *
 * Sleeping: a futex.  The kernel compares the word and queues the thread in
 * one step; one sleep may end without a cause.
 *
 * Right means: the consumer always gets NPROD records and the terminate flag.
 * One that sleeps on is an invalid end state.
 *
 * Mutants:
 * -DNOFENCE_P       commit is a release store, not seq_cst
 * -DNOFENCE_C       the announcement is a release store, not seq_cst
 * -DNORECHECK       no second look after the announcement
 * -DNOTERM_RECHECK  the second look sees the ring, not the terminate flag
 * -DEMPTYONLY       a producer wakes only if the ring was empty at its reservation
 */

#define NPROD 2

bit slot[NPROD];	/* committed records */
bit sleeping;		/* the announcement, and the futex word */
bit term;		/* terminate flag */

bit sb_slot[NPROD];	/* store buffers: a commit, */
bit sb_sleeping;	/* the announcement, */
bit sb_term;		/* the terminate flag, not in memory yet */

bit queued;		/* the consumer is in the kernel's queue */
bit spurious = 1;	/* sleeps that may still end without a cause */

byte reserved, got;	/* records begun, records consumed */
bit saw_term;

#define FOUND_TERM	(term && !saw_term)
#define FOUND		(slot[0] || slot[1] || FOUND_TERM)
#define FINISHED	(got == NPROD && saw_term)

/* exchange(sleeping, 0), then FUTEX_WAKE if it was 1; the callers' buffers are empty */
inline wake()
{
	atomic {
		if
		:: sleeping -> sleeping = 0; queued = 0
		:: else
		fi
	}
}

active [NPROD] proctype producer()
{
	bit was_empty;

	atomic { was_empty = (reserved == got); reserved++ }
	sb_slot[_pid] = 1;
#ifndef NOFENCE_P
	sb_slot[_pid] == 0;
#endif
	if
#ifdef EMPTYONLY
	:: was_empty -> sb_slot[_pid] == 0; wake()
#else
	:: sleeping -> sb_slot[_pid] == 0; wake()
#endif
	:: else
	fi
}

active proctype terminator()
{
	sb_term = 1;
	sb_term == 0;
	if
	:: sleeping -> wake()
	:: else
	fi
}

active proctype machine()
{
end:	do
	:: atomic { sb_slot[0] -> slot[0] = 1; sb_slot[0] = 0 }
	:: atomic { sb_slot[1] -> slot[1] = 1; sb_slot[1] = 0 }
	:: atomic { sb_sleeping -> sleeping = 1; sb_sleeping = 0 }
	:: atomic { sb_term -> term = 1; sb_term = 0 }
	:: atomic { spurious && queued -> queued = 0; spurious = 0 }
	od
}

active proctype consumer()
{
	do
	:: atomic { slot[0] -> slot[0] = 0; got++ }
	:: atomic { slot[1] -> slot[1] = 0; got++ }
	:: atomic { FOUND_TERM -> saw_term = 1 }
	:: FINISHED -> break
	:: !FOUND && !FINISHED ->
		sb_sleeping = 1;
#ifndef NOFENCE_C
		sb_sleeping == 0;
#endif
#ifndef NORECHECK
		if
#ifdef NOTERM_RECHECK
		:: slot[0] || slot[1] ->
#else
		:: FOUND ->
#endif
			sb_sleeping == 0;
			sleeping = 0;
			goto awake
		:: else
		fi;
#endif
		/* FUTEX_WAIT(&sleeping, 1): entering the kernel empties the buffer */
		sb_sleeping == 0;
		atomic {
			if
			:: sleeping -> queued = 1
			:: else
			fi
		};
		queued == 0;
awake:		skip
	od
}
