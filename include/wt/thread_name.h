/* SPDX-License-Identifier: MIT
 *
 * Names of threads: by one, a thread finds the id of another that it knows
 * nothing else of (wt/post_to_thread.h). The name in a worker's options is a
 * label, and no such name.
 */
#ifndef WT_THREAD_NAME_H
#define WT_THREAD_NAME_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

/*
 * Give the calling thread a name of its own in the process, any byte string.
 * It may have several; they are gone when it ends, however it ends. Any thread.
 *
 * Returns 0; WT_EEXIST when a thread has it, also this one; WT_EINVAL;
 * WT_EOVERFLOW; WT_ENOMEM; WT_ENOTSUP when the thread's end has begun
 * to take apart what it had.
 */
WT_API WT_NODISCARD int wt_register_thread_name(const void *name, size_t size);

/* Give it up. Returns 0; WT_ESRCH when no thread has it; WT_EOWNER when another has; WT_EINVAL. Any thread. */
WT_API WT_NODISCARD int wt_unregister_thread_name(const void *name, size_t size);

/* The id of the thread that has the name: 0, and *id; WT_ESRCH when none has, *id is then 0; WT_EINVAL. Any thread. */
WT_API WT_NODISCARD int wt_find_thread(const void *name, size_t size, uint64_t *id);

WT_END_DECLS

#endif
