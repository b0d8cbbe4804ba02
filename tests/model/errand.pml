/* SPDX-License-Identifier: MIT */
/*
 * errand: who frees a message to a thread, and what its owner hears
 *
 * A message that was posted to a thread is one block (struct wti_errand,
 * lib/thread_message.h) that the owner and the serving thread both use.  The
 * owner waits for its outcome, patiently or until a deadline, and leaves; the
 * target takes it out of its mailbox, has it handled or refuses it, and is
 * done with it (lib/thread_message.c, lib/thread_message_serve.c).
 *
 * - Who leaves first is decided under the lock, by the state: withdrawn while
 *   it waits, abandoned while it is served, else done.
 * - The target gives the owner its token before the news, so an owner that took
 *   a token passes through the lock before it looks again.
 *
 * Memory is sequentially consistent here; the order of stores is the matter of
 * park.pml and notify.pml.
 *
 * Right means: nothing touches a freed block or an owner that is gone; the
 * block is freed once; a patient owner is told; what was told as handled was,
 * and what was told as withdrawn never is.
 *
 * Mutants:
 * -DRAWSTATE   the owner decides by a look without the lock
 * -DRAWORPHAN  the target looks without the lock whether it was abandoned
 * -DNOABANDON  the owner frees what is being served
 * -DNOPASS     the owner takes a token and does not pass through the lock
 */

mtype = { WAITING, SERVED, DONE };
mtype = { NOTHING, HANDLED, REFUSED, LATE };

mtype state = WAITING;	/* of the errand; the next four lie in it, too */
mtype result = NOTHING;
bit inbox = 1;		/* it is in the mailbox */
bit abandoned;
bit freed;

bit locked;
bit token;		/* in the owner's parker */
bit owner_gone;
bit withdrawn;
byte handled, finished;
mtype told = NOTHING;

inline lock() { atomic { !locked -> locked = 1 } }
inline unlock() { locked = 0 }
inline touch() { assert(!freed) }
inline free_it() { atomic { assert(!freed); freed = 1 } }

active proctype owner()
{
	mtype seen;
	bit patient;

	if
	:: patient = 1
	:: patient = 0
	fi;
	do
	:: touch();
	   if
	   :: state == DONE -> break
	   :: else ->
		if
		:: token ->
			token = 0;
#ifndef NOPASS
			lock();
			unlock()
#endif
		:: !patient -> break	/* the deadline, a terminate, a jump */
		fi
	   fi
	od;
#ifdef RAWSTATE
	touch();
	seen = state;
	lock();
#else
	lock();
	touch();
	seen = state;
#endif
	told = (seen == DONE -> result : LATE);
	if
	:: seen == WAITING -> inbox = 0; withdrawn = 1
	:: seen == SERVED -> abandoned = 1
	:: seen == DONE
	fi;
	unlock();
	if
#ifdef NOABANDON
	:: free_it()
#else
	:: seen != SERVED -> free_it()
	:: seen == SERVED
#endif
	fi;
	owner_gone = 1;
	finished++
}

active proctype target()
{
	mtype outcome;
	bit taken, orphan;

	lock();
	if
	:: inbox ->
		inbox = 0;
		touch();
		state = SERVED;
		taken = 1
	:: else
	fi;
	unlock();
	if
	:: taken ->
		touch();
		if
		:: handled++; outcome = HANDLED
		:: outcome = REFUSED	/* no listener, or the thread ends */
		fi;
		touch();
#ifdef RAWORPHAN
		orphan = abandoned;
		lock();
#else
		lock();
		orphan = abandoned;
#endif
		touch();
		if
		:: !orphan ->
			result = outcome;
			assert(!owner_gone);
			token = 1;
			state = DONE
		:: else
		fi;
		unlock();
		if
		:: orphan -> free_it()
		:: else
		fi
	:: else
	fi;
	finished++
}

active proctype judge()
{
	finished == 2;
	assert(freed);
	assert(told != NOTHING);
	assert(told != HANDLED || handled == 1);
	assert(told != REFUSED || handled == 0);
	assert(!withdrawn || handled == 0)
}
