/* SPDX-License-Identifier: MIT */
/*
 * life: when a channel's memory goes, and whom a post may touch
 *
 * The two ends of a channel are one block of memory (struct wti_channel,
 * lib/port.h), here the core, with the queues and the lock; each handle holds
 * it once.  While a post runs on one handle, the other end is moved from
 * thread 1 to thread 2 or not, and then closed (lib/port_close.c,
 * lib/source.c).
 *
 * - The poster's look at the closed flag is advice: close may come between it
 *   and the commit.  Such a record stays in the queue, and whoever releases
 *   the core last destroys it.
 * - The owner is read, and used, under the core's lock, because a thread that
 *   gave its port away may be gone at the next step.
 * - Close never frees: only the last release does.
 *
 * Memory is sequentially consistent here; the order of stores is the matter of
 * park.pml and notify.pml.
 *
 * Right means: nothing reads a freed core or a thread that is gone; in the end
 * the core is freed, the queue empty and the record delivered or destroyed once.
 *
 * Mutants:
 * -DNOREF     the poster releases its handle before it posts
 * -DRAWOWNER  the poster reads the owner without the lock
 * -DNODRAIN   the last release frees the core and forgets the queue
 */

byte refs = 2;		/* one a handle */
byte owner = 1;		/* thread that receives; 0 while the port moves and after close */
bit locked;
bit queued;		/* the record is in the queue */
bit closed;
bit freed;		/* the core is */
bit gone[3];		/* the thread is */

byte delivered, destroyed, finished;

inline lock() { atomic { !locked -> locked = 1 } }
inline unlock() { locked = 0 }

inline release()
{
	atomic {
		refs--;
		if
		:: refs == 0 ->
			freed = 1;
#ifndef NODRAIN
			if
			:: queued -> queued = 0; destroyed++
			:: else
			fi
#endif
		:: else
		fi
	}
}

/* what a notification does to the owner: it must still be there */
inline touch_owner()
{
	o = owner;
	if
	:: o != 0 -> assert(!gone[o])
	:: else
	fi
}

active proctype poster()
{
	byte o;
	bit refused;

#ifdef NOREF
	release();
#endif
	refused = closed;
	if
	:: !refused ->
		assert(!freed);
		queued = 1;
		assert(!freed);
#ifdef RAWOWNER
		touch_owner()
#else
		lock();
		assert(!freed);
		touch_owner();
		unlock()
#endif
	:: else
	fi;
#ifndef NOREF
	release();
#endif
	finished++
}

active proctype receiver()
{
	if
	::	/* detach from thread 1, which ends; attach to thread 2, which looks at the queue */
		lock();
		owner = 0;
		unlock();
		gone[1] = 1;
		lock();
		owner = 2;
		unlock();
		if
		:: atomic { queued -> queued = 0; delivered++ }
		:: skip
		fi
	:: skip
	fi;
	lock();
	closed = 1;
	owner = 0;
	unlock();
	gone[1] = 1;
	gone[2] = 1;
	release();
	finished++
}

active proctype judge()
{
	finished == 2;
	assert(freed);
	assert(!queued);
	assert(delivered + destroyed <= 1)
}
