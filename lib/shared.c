/* SPDX-License-Identifier: MIT */
#include "shared.h"

#include <unistd.h>

#include "alloc.h"
#include "fork.h"
#include "os.h"

/* Commit what whole pages the bytes from `from` to `to` need. */
static int shared_commit(wt_shared *shared, size_t from, size_t to)
{
	size_t begin = from & ~(shared->page - 1);
	size_t end = wti_round_up(to, shared->page);

	if (begin == end)
		return 0;
	return wti_os->memory_commit(shared->data + begin, end - begin) < 0 ? WT_ENOMEM : 0;
}

/* The address space, of a page at least: an empty one has an address, too. */
static int shared_reserve(wt_shared *shared)
{
	void *data;

	shared->page = (size_t)sysconf(_SC_PAGESIZE);
	shared->reserved = wti_round_up(shared->max_size ? shared->max_size : 1, shared->page);
	if (wti_os->memory_reserve(&data, shared->reserved) < 0)
		return WT_ENOMEM;
	shared->data = data;
	return 0;
}

static int shared_make(wt_shared *shared, size_t size, size_t max_size)
{
	int err;

	shared->max_size = max_size;
	err = shared_reserve(shared);
	if (err)
		return err;
	err = shared_commit(shared, 0, size);
	if (err) {
		wti_os->memory_release(shared->data, shared->reserved);
		return err;
	}
	wti_store(&shared->size, size);
	wti_store(&shared->holds, 1);
	WTI_MADE(shared, SHARED);
	WTI_OWED(shared);
	return 0;
}

int wt_shared_create(wt_shared **shared, size_t size, size_t max_size)
{
	wt_shared *made;
	int err;

	if (!shared)
		return WT_EINVAL;
	*shared = NULL;
	if (max_size && max_size < size)
		return WT_EINVAL;
	if (size > WTI_SIZE_MAX || max_size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	if (wti_forked())
		return WT_EFORKED;
	err = wti_fork_prepare();
	if (err)
		return err;
	made = wti_alloc_lines(sizeof *made);
	if (!made)
		return WT_ENOMEM;
	err = shared_make(made, size, max_size ? max_size : size);
	if (err)
		wti_free_lines(made);
	else
		*shared = made;
	return err;
}

void *wt_shared_data(const wt_shared *shared)
{
	WTI_USES(shared, SHARED);
	return shared ? shared->data : NULL;
}

size_t wt_shared_size(const wt_shared *shared)
{
	WTI_USES(shared, SHARED);
	return shared ? wti_shared_size(shared) : 0;
}

size_t wt_shared_max_size(const wt_shared *shared)
{
	WTI_USES(shared, SHARED);
	return shared ? shared->max_size : 0;
}

/* Publish the size, unless another has grown it beyond. */
static int shared_raise(wt_shared *shared, size_t size, size_t new_size)
{
	while (size < new_size)
		if (wti_cas_sc(&shared->size, &size, new_size)) /* pairs with wti_shared_size [shared-1] */
			return 0;
	return size == new_size ? 0 : WT_EINVAL;
}

int wt_shared_grow(wt_shared *shared, size_t new_size)
{
	size_t size;
	int err;

	WTI_USES(shared, SHARED);
	if (!shared)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	size = wti_shared_size(shared);
	if (new_size < size || new_size > shared->max_size)
		return WT_EINVAL;
	err = shared_commit(shared, size, new_size);
	return err ? err : shared_raise(shared, size, new_size);
}

wt_shared *wt_shared_hold(wt_shared *shared)
{
	WTI_USES(shared, SHARED);
	if (shared && !wti_forked())
		wti_add(&shared->holds, 1); /* relaxed: who holds one more has one already */
	return shared;
}

void wt_shared_release(wt_shared *shared)
{
	WTI_ENDS(shared, SHARED);
	if (wti_forked())
		return;
	/* counter: who unmaps has seen all that the others did */
	if (!shared || wti_sub_acqrel(&shared->holds, 1) != 1)
		return;
	WTI_ENDED(shared);
	wti_os->memory_release(shared->data, shared->reserved);
	wti_free_lines_late(shared);
}
