/* SPDX-License-Identifier: MIT
 *
 * Buffers: blocks of bytes that move. One thread has a buffer at a time, the
 * one that holds the pointer; a transfer list (wt/transfer.h) gives it to
 * another, where it arrives at the same address, however large it is.
 *
 * All of these calls are for the thread that has the buffer.
 */
#ifndef WT_BUFFER_H
#define WT_BUFFER_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

/*
 * Create a buffer of `size` bytes, all zero. 0 bytes are legal.
 *
 * Returns 0; WT_EINVAL for NULL; WT_EOVERFLOW for a size above 2^62;
 * WT_ENOMEM. On failure *buffer is NULL.
 */
WT_API WT_NODISCARD int wt_buffer_create(wt_buffer **buffer, size_t size);

/*
 * Make a buffer of memory that the program has: `size` bytes at `data`. On
 * success the buffer owns it, and calls deleter(data, arg) once when the
 * buffer is destroyed, by whomever: the call is made on the thread that does
 * so, with no lock held. It may use the library, but neither run the loop nor
 * leave by a jump (wt_exit). A NULL deleter is for memory that outlives the
 * buffer. The memory must not come from a heap that may end before it.
 *
 * Returns 0; WT_EINVAL for a NULL buffer, or NULL data with a size;
 * WT_EOVERFLOW; WT_ENOMEM. On failure *buffer is NULL, and the memory is the
 * caller's as before.
 */
WT_API WT_NODISCARD int wt_buffer_wrap(wt_buffer **buffer, void *data, size_t size,
				       void (*deleter)(void *data, void *arg), void *arg);

/* The first byte, which stays where it is for the buffer's life; aligned to 16 bytes if created. NULL for NULL. */
WT_API void *wt_buffer_data(const wt_buffer *buffer);

/* The size in bytes. 0 for NULL. */
WT_API size_t wt_buffer_size(const wt_buffer *buffer);

/*
 * Create a buffer with a copy of the `size` bytes from `offset` on.
 *
 * Returns 0; WT_EINVAL for NULL; WT_ERANGE for bytes beyond the end;
 * WT_ENOMEM. On failure *copy is NULL.
 */
WT_API WT_NODISCARD int wt_buffer_slice_copy(wt_buffer **copy, const wt_buffer *buffer, size_t offset, size_t size);

/* From now on this buffer is not to be moved: a transfer list with it is WT_EUNTRANSFERABLE. NULL is ignored. */
WT_API void wt_buffer_mark_untransferable(wt_buffer *buffer);
WT_API bool wt_buffer_is_marked_untransferable(const wt_buffer *buffer);

/* Destroy the buffer and its memory. NULL is ignored. */
WT_API void wt_buffer_destroy(wt_buffer *buffer);

WT_END_DECLS

#endif
