/* SPDX-License-Identifier: MIT */
/*
 * slotpark: the consumer sleeps on the record that comes next
 *
 * The alternative to park.pml for a consumer of one ring.  The consumer changes
 * the state of its head record from EMPTY to PARKED and sleeps on that word; a
 * producer commits by one exchange to FULL and wakes if it got PARKED back.
 * Publishing and looking is one access to one word, so no order between two
 * words is needed, and a commit further back wakes nobody.  The terminate flag
 * is a second word and keeps the pattern of park.pml: flag, then the head
 * record; head record, then the flag.
 *
 * The library sleeps as in notify.pml, because a thread waits for many rings
 * at once and for more than rings.  This model stays so that a ring that
 * sleeps by itself would start from a protocol that was checked.
 *
 * Memory and futex as in park.pml; only the terminator has a store that is not
 * a read-modify-write.  Right means: the consumer gets both records and the
 * terminate flag.  One that sleeps on is an invalid end state.
 *
 * Mutants:
 * -DSTORECOMMIT   commit loads the state and then stores FULL
 * -DNOFENCE_T     the terminate flag is a release store, not seq_cst
 * -DNORECHECK_T   no look at the flag after PARKED is set
 */

#define NPROD 2

#define EMPTY	0
#define PARKED	1
#define FULL	2

byte state[NPROD + 1];	/* one word a record; the last one is never filled */
byte tail, head;	/* next to reserve, next to consume */

bit term, sb_term;	/* terminate flag, and the store buffer before it */
bit saw_term;

bit queued;		/* the consumer is in the kernel's queue ... */
byte queued_on;		/* ... of this record's word */
bit spurious = 1;	/* sleeps that may still end without a cause */

#define FOUND_TERM	(term && !saw_term)
#define FINISHED	(head == NPROD && saw_term)

/* FUTEX_WAKE on record i */
inline wake(i)
{
	atomic {
		if
		:: queued && queued_on == i -> queued = 0
		:: else
		fi
	}
}

active [NPROD] proctype producer()
{
	byte mine, old;

	atomic { mine = tail; tail++ }
#ifdef STORECOMMIT
	old = state[mine];
	state[mine] = FULL;
#else
	atomic { old = state[mine]; state[mine] = FULL }
#endif
	if
	:: old == PARKED -> wake(mine)
	:: else
	fi
}

active proctype terminator()
{
	byte h;
	bit unparked;

	sb_term = 1;
#ifndef NOFENCE_T
	sb_term == 0;
#endif
	h = head;
	/* the compare-and-swap PARKED -> EMPTY empties the buffer when it writes */
	atomic {
		if
		:: state[h] == PARKED -> sb_term == 0; state[h] = EMPTY; unparked = 1
		:: else
		fi
	};
	if
	:: unparked -> wake(h)
	:: else
	fi
}

active proctype machine()
{
end:	do
	:: atomic { sb_term -> term = 1; sb_term = 0 }
	:: atomic { spurious && queued -> queued = 0; spurious = 0 }
	od
}

active proctype consumer()
{
	bit parked;

	do
	:: state[head] == FULL -> state[head] = EMPTY; head++
	:: FOUND_TERM -> saw_term = 1
	:: FINISHED -> break
	:: state[head] != FULL && !FOUND_TERM && !FINISHED ->
		atomic {
			if
			:: state[head] != FULL -> state[head] = PARKED; parked = 1
			:: else -> parked = 0
			fi
		};
		if
#ifndef NORECHECK_T
		:: parked && FOUND_TERM ->
			atomic {
				if
				:: state[head] == PARKED -> state[head] = EMPTY
				:: else
				fi
			}
#endif
		:: else ->
			if
			:: parked ->
				/* FUTEX_WAIT(&state[head], PARKED) */
				atomic {
					if
					:: state[head] == PARKED -> queued = 1; queued_on = head
					:: else
					fi
				};
				queued == 0
			:: else
			fi
		fi
	od
}
