/* SPDX-License-Identifier: MIT */
/*
 * bias: a ring that is one producer's own, until another one comes
 *
 * The tail of lib/ring.h and the bias of lib/ring_bias.h, with two producers.
 * There is always room, and a position is a record.
 *
 *   nobody's -> one's       begin, under the lock: the name, then a swap that sets the bit
 *   one's -> nobody's       end, under the lock: no name, the barrier, nobody inside, then no bit
 *   reserve, bit not set    a compare-and-swap of the tail
 *   reserve, bit set        inside: a look at the name, a store of the tail
 *
 * Memory: x86-TSO, a store buffer of three entries a producer. A
 * read-modify-write leaves it empty, and so does a lock; each is a plain step
 * here that waits for that. The heavy barrier waits until the other producer's
 * is empty.
 *
 * What a producer says of itself lies in a word of its own: one that had the
 * ring before may still be about to say so.
 *
 * Right means: no record is reserved twice, and when nothing moves any more,
 * all are. No run is infinite.
 *
 * Mutants:
 * -DNO_BARRIER        the end goes without the heavy barrier
 * -DNO_WAIT           the end does not wait until nobody is inside
 * -DNO_RECHECK        who is inside does not look again whose the ring is
 * -DLATE_INSIDE       ... looks before it says that it is inside
 * -DNAME_KEPT         the end leaves the name
 * -DEARLY_OUT         who is inside says that it has left before it stores the tail
 * -DSHARED_INSIDE     both say so in one word
 * -DSWAP_OWN          whose ring it is may swap the tail, too, without being inside
 */

#define EACH	2		/* records of a producer */
#define BIASED	8		/* the bit; the position is below */

#define TAIL	0
#define BIAS	1		/* a name: process + 1; 0: nobody's */
#define INSIDE	2		/* and the other's */

#ifdef SHARED_INSIDE
#define MY_INSIDE	INSIDE
#define ITS_INSIDE	INSIDE
#else
#define MY_INSIDE	(INSIDE + _pid)
#define ITS_INSIDE	(INSIDE + 1 - _pid)
#endif

#define ME	(_pid + 1)
#define EMPTY	sb[_pid].n == 0

typedef buffer {
	byte n;
	byte at[3];
	byte value[3];
};

byte memory[4];
buffer sb[2];
bit locked;
bit taken[2 * EACH];

inline load(from, to)
{
	atomic {
		to = memory[from];
		i = 0;
		do
		:: i < sb[_pid].n ->
			if
			:: sb[_pid].at[i] == from -> to = sb[_pid].value[i]
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

inline store(to, what)
{
	atomic {
		sb[_pid].n < 3;
		sb[_pid].at[sb[_pid].n] = to;
		sb[_pid].value[sb[_pid].n] = what;
		sb[_pid].n++
	}
}

inline take()
{
	assert(!taken[tail % BIASED]);
	taken[tail % BIASED] = 1;
	done = 1
}

inline begin()
{
	atomic { EMPTY && !locked -> locked = 1 };
	if
	:: memory[TAIL] < BIASED ->
		store(BIAS, ME);
		atomic { EMPTY -> memory[TAIL] = memory[TAIL] + BIASED }
	:: else
	fi;
	atomic { EMPTY -> locked = 0 }
}

inline end_bias()
{
	atomic { EMPTY && !locked -> locked = 1 };
	if
	:: memory[TAIL] >= BIASED && memory[BIAS] != ME ->
#ifndef NAME_KEPT
		memory[BIAS] = 0;
#endif
#ifndef NO_BARRIER
		sb[1 - _pid].n == 0;
#endif
#ifndef NO_WAIT
		memory[ITS_INSIDE] == 0;
#endif
		load(TAIL, tail);
		store(TAIL, tail - BIASED)
	:: else
	fi;
	atomic { EMPTY -> locked = 0 }
}

inline reserve_own()
{
#ifdef LATE_INSIDE
	load(BIAS, name);
	store(MY_INSIDE, 1);
#else
	store(MY_INSIDE, 1);
#ifndef NO_RECHECK
	load(BIAS, name);
#endif
#endif
	if
	:: name == ME ->
		take();
#ifdef EARLY_OUT
		store(MY_INSIDE, 0);
		store(TAIL, tail + 1)
#else
		store(TAIL, tail + 1);
		store(MY_INSIDE, 0)
#endif
	:: else -> store(MY_INSIDE, 0)
	fi
}

inline swap()
{
	atomic {
		EMPTY;
		if
		:: memory[TAIL] == tail -> memory[TAIL] = tail + 1; take()
		:: else
		fi
	}
}

inline reserve()
{
	done = 0;
	do
	:: done -> break
	:: else ->
		load(TAIL, tail);
		if
		:: tail < BIASED -> swap()
		:: else ->
			load(BIAS, name);
			if
			:: name == ME -> reserve_own()
#ifdef SWAP_OWN
			:: name == ME -> swap()
#endif
			:: else -> end_bias()
			fi
		fi
	od
}

active [2] proctype producer()
{
	byte tail, name, i, n;
	bit done;

	do
	:: n == EACH -> break
	:: else ->
		if
		:: begin()
		:: skip
		fi;
		reserve();
		n++
	od
}

active proctype machine()
{
	byte p;

end:	do
	:: atomic {
		sb[0].n > 0 || sb[1].n > 0 ->
		if
		:: sb[0].n > 0 -> p = 0
		:: sb[1].n > 0 -> p = 1
		fi;
		memory[sb[p].at[0]] = sb[p].value[0];
		sb[p].n--;
		sb[p].at[0] = sb[p].at[1];
		sb[p].value[0] = sb[p].value[1];
		sb[p].at[1] = sb[p].at[2];
		sb[p].value[1] = sb[p].value[2];
		sb[p].at[2] = 0;
		sb[p].value[2] = 0;
		p = 0
	}
	od
}

active proctype judge()
{
	timeout;
	assert(memory[TAIL] % BIASED == 2 * EACH);
	assert(memory[INSIDE] == 0 && memory[INSIDE + 1] == 0)
}
