/* SPDX-License-Identifier: MIT
 *
 * lib/atomic.h for the scheduler: each access is a schedule point first. All
 * fibres share one thread, so the accesses themselves need no order; what the
 * orders mean is up to the store buffers (store_buffer.h): relaxed and release
 * stores go there, seq_cst stores and read-modify-writes empty them first.
 * A seq_cst load does not: on its own it keeps no earlier store from being late.
 */
#ifndef SCHED_ATOMIC_H
#define SCHED_ATOMIC_H

#include <stdatomic.h>

#include "sched/access.h"

#define SCHED_LOAD(p, text)                                                              \
	__extension__({                                                                  \
		__auto_type sched_p = (p);                                               \
		__typeof__((void)0, *sched_p) sched_v;                                   \
		sched_load(SCHED_SITE(text), sched_p, &sched_v, (unsigned)sizeof sched_v); \
		sched_v;                                                                 \
	})

#define SCHED_STORE(p, v, text, late)                                                            \
	__extension__({                                                                          \
		__auto_type sched_p = (p);                                                       \
		__typeof__((void)0, *sched_p) sched_v = (v);                                     \
		sched_store(SCHED_SITE(text), sched_p, &sched_v, (unsigned)sizeof sched_v, late); \
	})

/* The point, the operation, and what it found there. */
#define SCHED_RMW(p, v, text, operation)                                        \
	__extension__({                                                         \
		__auto_type sched_p = (p);                                      \
		__typeof__((void)0, *sched_p) sched_v = (v);                    \
		sched_rmw(SCHED_SITE(text), sched_p);                           \
		sched_v = operation(sched_p, sched_v);                          \
		sched_tell(&sched_v, (unsigned)sizeof sched_v);                 \
		sched_v;                                                        \
	})

#define SCHED_CAS(p, expected, v, text)                                                   \
	__extension__({                                                                   \
		__auto_type sched_p = (p);                                                \
		__typeof__((void)0, *sched_p) *sched_e = (expected);                      \
		__typeof__((void)0, *sched_p) sched_v = (v);                              \
		bool sched_done;                                                          \
		sched_rmw(SCHED_SITE(text), sched_p);                                     \
		sched_done = atomic_compare_exchange_strong(sched_p, sched_e, sched_v);   \
		sched_tell(sched_e, (unsigned)sizeof sched_v);                            \
		sched_done;                                                               \
	})

#define wti_load(p)     SCHED_LOAD(p, "load")
#define wti_load_acq(p) SCHED_LOAD(p, "load_acq")
#define wti_load_sc(p)  SCHED_LOAD(p, "load_sc")

#define wti_load_guess(p)     atomic_load_explicit(p, memory_order_relaxed)
#define wti_store_guess(p, v) atomic_store_explicit(p, v, memory_order_relaxed)

#define wti_store(p, v)     SCHED_STORE(p, v, "store", true)
#define wti_store_rel(p, v) SCHED_STORE(p, v, "store_rel", true)
#define wti_store_sc(p, v)  SCHED_STORE(p, v, "store_sc", false)

#define wti_xchg_acqrel(p, v) SCHED_RMW(p, v, "xchg_acqrel", atomic_exchange)
#define wti_xchg_sc(p, v)     SCHED_RMW(p, v, "xchg_sc", atomic_exchange)

#define wti_cas(p, expected, v)        SCHED_CAS(p, expected, v, "cas")
#define wti_cas_acqrel(p, expected, v) SCHED_CAS(p, expected, v, "cas_acqrel")
#define wti_cas_sc(p, expected, v)     SCHED_CAS(p, expected, v, "cas_sc")

#define wti_add(p, n)        SCHED_RMW(p, n, "add", atomic_fetch_add)
#define wti_sub(p, n)        SCHED_RMW(p, n, "sub", atomic_fetch_sub)
#define wti_sub_acqrel(p, n) SCHED_RMW(p, n, "sub_acqrel", atomic_fetch_sub)
#define wti_add_sc(p, n)     SCHED_RMW(p, n, "add_sc", atomic_fetch_add)
#define wti_sub_sc(p, n)     SCHED_RMW(p, n, "sub_sc", atomic_fetch_sub)
#define wti_and_sc(p, n)     SCHED_RMW(p, n, "and_sc", atomic_fetch_and)
#define wti_or_sc(p, n)      SCHED_RMW(p, n, "or_sc", atomic_fetch_or)
#define wti_xor_sc(p, n)     SCHED_RMW(p, n, "xor_sc", atomic_fetch_xor)

#define wti_always_lock_free(size) __atomic_always_lock_free(size, 0)

/* One thread: the compiler's order is that of the program. */
#define wti_compiler_barrier() ((void)0)

#endif
