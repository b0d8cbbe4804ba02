/* SPDX-License-Identifier: MIT
 *
 * Atomic cells. What wt_atomics_* does to a cell of a wt_shared is checked
 * against its bounds, and seq_cst: all threads agree on one order of these
 * operations. Threads can wait on a cell until another notifies it.
 *
 * `type` says what a cell is, and `index` counts cells of that type from the
 * first byte on, as in JavaScript's typed arrays. Values travel as int64_t: a
 * value that goes in is cut to the width of the cell, arithmetic wraps, and
 * what comes out has the sign of the type; of WT_U64 it is the same 64 bits.
 * Fast code uses C11 atomics on wt_shared_data, and wt_wait32, wt_wait64 and
 * wt_notify; both kinds of use may be mixed, on cells of one width.
 *
 * All of these calls are for any thread.
 */
#ifndef WT_ATOMICS_H
#define WT_ATOMICS_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/* The types of cells. */
enum {
	WT_I8 = 0,
	WT_U8 = 1,
	WT_I16 = 2,
	WT_U16 = 3,
	WT_I32 = 4,
	WT_U32 = 5,
	WT_I64 = 6,
	WT_U64 = 7
};

/*
 * Read or write a cell.
 *
 * Return 0; WT_EINVAL for NULL or an unknown type; WT_ERANGE for an index
 * that is not below the number of cells. On failure nothing changed.
 */
WT_API WT_NODISCARD int wt_atomics_load(const wt_shared *shared, int type, size_t index, int64_t *value);
WT_API WT_NODISCARD int wt_atomics_store(wt_shared *shared, int type, size_t index, int64_t value);

/*
 * Change a cell in one step. What it was before goes to *old, which may be
 * NULL.
 *
 * Return 0; WT_EINVAL for a NULL shared or an unknown type; WT_ERANGE for an
 * index that is not below the number of cells. On failure nothing changed.
 */
WT_API WT_NODISCARD int wt_atomics_add(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old);
WT_API WT_NODISCARD int wt_atomics_sub(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old);
WT_API WT_NODISCARD int wt_atomics_and(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old);
WT_API WT_NODISCARD int wt_atomics_or(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old);
WT_API WT_NODISCARD int wt_atomics_xor(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old);
WT_API WT_NODISCARD int wt_atomics_exchange(wt_shared *shared, int type, size_t index, int64_t value, int64_t *old);

/*
 * Write `value` if the cell is `expected`, which is first cut to the width of
 * the cell. What the cell was goes to *old, which may be NULL: the write took
 * place if that is `expected`. Returns as wt_atomics_add, also where the cell
 * was something else.
 */
WT_API WT_NODISCARD int wt_atomics_compare_exchange(wt_shared *shared, int type, size_t index, int64_t expected,
						    int64_t value, int64_t *old);

/* For the inside of a loop that polls a cell. */
WT_API void wt_atomics_pause(void);

/* Whether atomics on cells of `size` bytes take no lock; false for what is not the size of a cell. */
WT_API bool wt_atomics_is_lock_free(size_t size);

/* ---- Wait and notify ---- */

/* As a count of wt_notify and wt_atomics_notify: all that wait. */
#define WT_ALL SIZE_MAX

/*
 * If the cell is `expected`, sleep until a notify reaches this thread. The
 * type is one of 32 or 64 bits. Comparing and beginning to wait are one step:
 * a notify that follows a change of the cell is not missed. Storing to the
 * cell alone wakes nobody. (Before it begins, the thread may look at the cell
 * for some microseconds, as if it had come later.)
 *
 * Returns 0 when notified, and only then; WT_EAGAIN when the cell is not
 * `expected`; WT_ETIMEDOUT, with WT_NOW after the comparison;
 * WT_ETERMINATED; WT_EINVAL; WT_ERANGE; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_atomics_wait(wt_shared *shared, int type, size_t index, int64_t expected, wt_time deadline);

/* Called with 0 when notified, or with WT_ETIMEDOUT. `shared` is valid until it returns. */
typedef void wt_atomics_wait_fn(wt_shared *shared, int result, void *arg);

/*
 * The same without sleeping: 0 means that the wait has begun. The calling
 * thread's loop calls `fn` once when it is over, and stays alive until then.
 * `fn` is not called where this does not return 0, or when the thread ends.
 *
 * Returns 0; WT_EAGAIN when the cell is not `expected`; WT_ETIMEDOUT when the
 * deadline has passed already; WT_ETERMINATED; WT_EINVAL; WT_ERANGE;
 * WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_atomics_wait_async(wt_shared *shared, int type, size_t index, int64_t expected,
					      wt_atomics_wait_fn *fn, void *arg, wt_time deadline);

/*
 * Wake those that wait on the cell, the first to come first, `count` of them
 * at the most. Their number goes to *woken, which may be NULL: it is exact,
 * and nothing is kept for those that come later.
 *
 * Returns 0; WT_EINVAL; WT_ERANGE.
 */
WT_API WT_NODISCARD int wt_atomics_notify(wt_shared *shared, int type, size_t index, size_t count, size_t *woken);

/*
 * The same for any cell of this process: `address` is that of an atomic
 * object of 32 or 64 bits, aligned to its size, that stays until no thread
 * waits on it.
 *
 * Return as wt_atomics_wait; WT_EINVAL for NULL or an address that is not
 * aligned.
 */
WT_API WT_NODISCARD int wt_wait32(const void *address, uint32_t expected, wt_time deadline);
WT_API WT_NODISCARD int wt_wait64(const void *address, uint64_t expected, wt_time deadline);

/* Wake those that wait at the address, as wt_atomics_notify. Returns 0; WT_EINVAL. */
WT_API WT_NODISCARD int wt_notify(const void *address, size_t count, size_t *woken);

WT_END_DECLS

#endif
