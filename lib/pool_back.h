/* SPDX-License-Identifier: MIT
 *
 * The short way back of a task, inline, which nearly each takes that has run:
 * its entry is written where it lies in the client's ring. What has something
 * in its way there is left to wti_pool_back (pool_done.c), which may always be
 * called instead.
 */
#ifndef WTI_POOL_BACK_H
#define WTI_POOL_BACK_H

#include "pool.h"
#include "ring_post.h"

#define WTI_POOL_ENTRY_HEAD offsetof(struct wti_pool_entry, bytes)

/* Bytes of an entry with these bits, and so many of a reply. */
static inline size_t wti_pool_entry_size(uint64_t bits, size_t brief)
{
	return bits & (WTI_ENTRY_RESULT | WTI_ENTRY_BRIEF) ? WTI_POOL_ENTRY_HEAD + brief : sizeof(uint64_t);
}

/*
 * As wti_pool_back, with these bits and this result in the place of the entry's; the reply is short, or there is none.
 * False: nothing has changed.
 */
static WTI_INLINE bool wti_pool_back_short(struct wt_task *task, uint32_t bits, int32_t result,
					   const struct wti_pool_entry *entry, size_t brief)
{
	struct wti_pool_client *client = task->client;
	size_t size = wti_pool_entry_size(bits, brief);
	const struct wti_ring_place place = wti_ring_reserve_at_once(&client->back, wti_record_size(size), false);
	struct wti_pool_entry *to;

	if (wti_unlikely(!place.header))
		return false;
	to = (void *)wti_ring_payload(&place);
	to->word = bits | (uint64_t)(uintptr_t)task->own;
	if (size > sizeof to->word) {
		to->result = result;
		to->extra = entry->extra;
	}
	if (brief)
		wti_copy_short(to->bytes, entry->bytes, brief);
	wti_ring_commit_untraced(&client->back, &place, wti_header(WTI_RECORD_MESSAGE, size, 0));
	wti_source_notify(&client->source);
	return true;
}

#endif
