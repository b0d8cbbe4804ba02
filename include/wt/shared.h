/* SPDX-License-Identifier: MIT
 *
 * Shared memory: bytes that several threads use at the same time, at one
 * address for as long as anybody holds them. They can grow in place, and are
 * gone when the last hold is released. How threads agree on what is in them
 * is theirs to say: wt/atomics.h has the means.
 *
 * All of these calls are for any thread that has a hold.
 */
#ifndef WT_SHARED_H
#define WT_SHARED_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

/*
 * Create `size` bytes, all zero, that can grow to `max_size` (0: they keep
 * their size). The address space for all of them is taken at once, memory as
 * it is used. The caller has the first hold.
 *
 * Returns 0; WT_EINVAL for a NULL out-parameter or a max_size below size;
 * WT_EOVERFLOW for a size above 2^62; WT_ENOMEM. On failure *shared is NULL.
 */
WT_API WT_NODISCARD int wt_shared_create(wt_shared **shared, size_t size, size_t max_size);

/* The first byte, aligned to a page; it does not move. NULL for NULL. */
WT_API void *wt_shared_data(const wt_shared *shared);

/*
 * The size in bytes, at this moment: it never shrinks. A thread that sees a
 * size sees all that the growing thread did before. 0 for NULL.
 */
WT_API size_t wt_shared_size(const wt_shared *shared);

/* What it can grow to, in bytes. 0 for NULL. */
WT_API size_t wt_shared_max_size(const wt_shared *shared);

/*
 * Make it `new_size` bytes; those that are added are zero. Of several threads
 * that grow it at the same time, each succeeds whose size is not below that
 * of another before it.
 *
 * Returns 0; WT_EINVAL for NULL, or a size below the present or above the
 * largest; WT_ENOMEM, and nothing has changed.
 */
WT_API WT_NODISCARD int wt_shared_grow(wt_shared *shared, size_t new_size);

/*
 * Hold it once more, for another user, who releases it: the last release
 * gives the memory back to the system. wt_shared_hold returns its argument.
 * NULL is ignored.
 */
WT_API wt_shared *wt_shared_hold(wt_shared *shared);
WT_API void wt_shared_release(wt_shared *shared);

WT_END_DECLS

#endif
