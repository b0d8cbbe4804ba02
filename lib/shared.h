/* SPDX-License-Identifier: MIT
 *
 * Shared memory, counted. The whole address range is reserved at create, so
 * that growing moves nothing; pages are committed up to the size. Growing
 * takes no lock: committing twice is harmless, and the size only rises.
 */
#ifndef WTI_SHARED_H
#define WTI_SHARED_H

#include <wt/shared.h>

#include "atomic.h"
#include "base.h"
#include "misuse.h"

struct wt_shared {
	WTI_HANDLE

	/* Set at create. */
	unsigned char *data;
	size_t max_size;
	size_t reserved; /* bytes of address space: whole pages */
	size_t page;     /* bytes */

	/* Atomic: raised by whoever grows it, read with each access. */
	_Atomic(size_t) size;

	/* Atomic: a reference count, on a line of its own, for waiters change it. */
	WTI_CACHE_ALIGNED _Atomic(size_t) holds;
};

static inline size_t wti_shared_size(const wt_shared *shared)
{
	/* pairs with shared_raise [shared-1]: the bytes below it are committed */
	return wti_load_sc(&((wt_shared *)(uintptr_t)shared)->size);
}

#endif
