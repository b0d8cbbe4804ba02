/* SPDX-License-Identifier: MIT
 *
 * From a type and an index to a cell: the only place that checks bounds.
 */
#ifndef WTI_ATOMICS_H
#define WTI_ATOMICS_H

#include <wt/atomics.h>

#include "base.h"
#include "fork.h"
#include "shared.h"

struct wti_cell {
	void *address;
	unsigned width; /* bytes */
};

/* 0, WT_EINVAL, WT_ERANGE or WT_EFORKED. The cell stays while the caller has its hold. */
static inline int wti_cell_find(struct wti_cell *cell, const wt_shared *shared, int type, size_t index)
{
	unsigned shift;

	if (!shared || type < WT_I8 || type > WT_U64)
		return WT_EINVAL;
	shift = (unsigned)type / 2;
	if (index >= wti_shared_size(shared) >> shift)
		return WT_ERANGE;
	if (wti_forked())
		return WT_EFORKED;
	cell->address = shared->data + (index << shift);
	cell->width = 1u << shift;
	return 0;
}

#endif
