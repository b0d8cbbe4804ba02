/* SPDX-License-Identifier: MIT
 *
 * The atomics seam: the only file that names the C11 operations, so that a
 * test build can put a scheduler behind each of them (WTI_ATOMIC_SEAM).
 *
 * The suffix says the order: none is relaxed, _acq, _rel, _acqrel, _sc. Every
 * use of one that is not relaxed carries a tag, [ring-head], shared with the
 * access that it pairs with; reference counts say "counter" instead. There
 * are no fences: ThreadSanitizer does not see them, and the store-load cases
 * are met by _sc accesses on both sides.
 */
#ifndef WTI_ATOMIC_H
#define WTI_ATOMIC_H

#ifdef WTI_ATOMIC_SEAM
#include WTI_ATOMIC_SEAM
#else

#include <stdatomic.h>

#define wti_load(p)     atomic_load_explicit(p, memory_order_relaxed)
#define wti_load_acq(p) atomic_load_explicit(p, memory_order_acquire)
#define wti_load_sc(p)  atomic_load_explicit(p, memory_order_seq_cst)

/* A guess, from which nothing follows but a prefetch, or how long a pause is: no point of a schedule in that build. */
#define wti_load_guess(p)     atomic_load_explicit(p, memory_order_relaxed)
#define wti_store_guess(p, v) atomic_store_explicit(p, v, memory_order_relaxed)

#define wti_store(p, v)     atomic_store_explicit(p, v, memory_order_relaxed)
#define wti_store_rel(p, v) atomic_store_explicit(p, v, memory_order_release)
#define wti_store_sc(p, v)  atomic_store_explicit(p, v, memory_order_seq_cst)

#define wti_xchg_acqrel(p, v) atomic_exchange_explicit(p, v, memory_order_acq_rel)
#define wti_xchg_sc(p, v)     atomic_exchange_explicit(p, v, memory_order_seq_cst)

/* True when *p was *expected and is now v; else *expected is what it was. */
#define wti_cas(p, expected, v) \
	atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_relaxed, memory_order_relaxed)
#define wti_cas_acqrel(p, expected, v) \
	atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_acq_rel, memory_order_acquire)
#define wti_cas_sc(p, expected, v) \
	atomic_compare_exchange_strong_explicit(p, expected, v, memory_order_seq_cst, memory_order_seq_cst)

#define wti_add(p, n)        atomic_fetch_add_explicit(p, n, memory_order_relaxed)
#define wti_sub(p, n)        atomic_fetch_sub_explicit(p, n, memory_order_relaxed)
#define wti_sub_acqrel(p, n) atomic_fetch_sub_explicit(p, n, memory_order_acq_rel)

/* For the cells of wt_shared, whose order is the one that a program relies on. */
#define wti_add_sc(p, n) atomic_fetch_add_explicit(p, n, memory_order_seq_cst)
#define wti_sub_sc(p, n) atomic_fetch_sub_explicit(p, n, memory_order_seq_cst)
#define wti_and_sc(p, n) atomic_fetch_and_explicit(p, n, memory_order_seq_cst)
#define wti_or_sc(p, n)  atomic_fetch_or_explicit(p, n, memory_order_seq_cst)
#define wti_xor_sc(p, n) atomic_fetch_xor_explicit(p, n, memory_order_seq_cst)

/* Whether cells of so many bytes, a constant, need no lock on this processor. */
#define wti_always_lock_free(size) __atomic_always_lock_free(size, 0)

#endif

/* No access is moved across this by the compiler; the processor may (barrier.h says when that is enough). */
#ifndef WTI_ATOMIC_SEAM
#define wti_compiler_barrier() atomic_signal_fence(memory_order_seq_cst)
#endif

/* Tell the processor that this is a waiting loop. */
static inline void wti_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

#endif
