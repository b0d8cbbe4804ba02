/* SPDX-License-Identifier: MIT */
/*
 * late: a message with a port in it, sent to a port that is being closed
 *
 * The sender's look at the closed flag is advice, so its record may be
 * committed when the receiver has dropped its queue already.  Bytes may lie
 * there until the channel is freed; what the record carries may not, for
 * somebody waits to hear of its end (C5; lib/port_post.c, port_close.c,
 * wti_port_drop_dead in port_transfer.c).
 *
 * - The sender commits, then looks at the flag again; the closer sets the flag,
 *   then drops the queue as its owner, gives up the ownership under the lock,
 *   and drops again.
 * - A queue without an owner is dropped under the lock only.
 *
 * Memory: x86-TSO, a store buffer of one entry each.  A seq_cst store leaves
 * it empty and is a plain step here.
 *
 * Right means: one at a time drops; in the end the record, if it was
 * committed, was dropped, once.
 *
 * Mutants:
 * -DNOFENCE_COMMIT  the commit is a release store
 * -DNOLOOK          the sender does not look again
 * -DNOLAST          the closer does not drop again after it gave the ownership up
 * -DUNLOCKED        who finds no owner drops without the lock
 * -DOWNED           the sender drops also while there is an owner
 */

bit queued;	/* committed, and in the queue */
bit closed;
bit owned = 1;
bit locked;
bit dropping;	/* somebody looks at the queue as its consumer */
byte sent, dropped, finished;

bit buffered;	/* the sender's store buffer: its commit */

inline lock() { atomic { !locked -> locked = 1 } }
inline unlock() { locked = 0 }

inline drop()
{
	atomic { assert(!dropping); dropping = 1 }
	if
	:: queued -> queued = 0; dropped++
	:: else
	fi;
	dropping = 0
}

inline drop_dead()
{
#ifdef UNLOCKED
	if
	:: !owned -> drop()
	:: else
	fi
#else
	lock();
	if
#ifdef OWNED
	:: true -> drop()
#else
	:: !owned -> drop()
	:: else
#endif
	fi;
	unlock()
#endif
}

active proctype sender()
{
	if
	:: closed -> goto done
	:: else
	fi;
	sent = 1;
#ifdef NOFENCE_COMMIT
	buffered = 1;
#else
	queued = 1;
#endif
#ifndef NOLOOK
	if
	:: closed -> drop_dead()
	:: else
	fi;
#endif
done:
	finished++
}

active proctype closer()
{
	closed = 1;
	drop();
	lock();
	owned = 0;
	unlock();
#ifndef NOLAST
	drop_dead();
#endif
	finished++
}

/* The processor writes the buffer out at any time, and before a lock, which is a read-modify-write, is taken. */
active proctype machine()
{
end:
	do
	:: atomic { buffered && !locked -> buffered = 0; queued = 1 }
	od
}

active proctype judge()
{
	finished == 2 && !buffered;
	assert(!queued && dropped == sent)
}
