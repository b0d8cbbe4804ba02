/* SPDX-License-Identifier: MIT
 *
 * What a message carries beside its bytes: a list of items in front of them,
 * each of which moves, or is shared, with the message. The list lies in the
 * message's own memory, so that sending takes no other.
 *
 * An item is of exactly one place: the sender's until it is packed, then the
 * message's, then the receiver's who takes it, which leaves kind 0 behind.
 * What is still there when the message's memory is given back is dropped:
 * descriptors are closed and holds released at once; objects go on a list,
 * whose owner then calls wti_cargo_destroy_all. So nothing is destroyed where a ring is
 * half released, and a chain of ports in each other's queues is taken apart
 * by a loop, not by recursion.
 */
#ifndef WTI_CARGO_H
#define WTI_CARGO_H

#include <wt/message.h>
#include <wt/transfer.h>

#include "base.h"
#include "list.h"

struct wti_thread;
struct wti_transferable;

struct wti_transferable_ops {
	/* The message that it came with is no more, and nobody took it. Calls nobody, takes WTI_RANK_FLIGHT only. May be NULL. */
	void (*leave)(struct wti_transferable *object);
	/* Destroy it. What it held itself goes on the list `dropped`. */
	void (*destroy)(struct wti_transferable *object, struct wti_list *dropped);
};

/* The part of a port, buffer or sender that a message carries. */
struct wti_transferable {
	const struct wti_transferable_ops *ops;
	struct wti_list link; /* what was dropped: of the thread that drops it */
	bool listed;          /* the thread that has it: in the transfer list of several that is being checked */
};

struct wti_item {
	uint32_t kind; /* WT_TRANSFER_*; 0: taken */
	int fd;
	union {
		struct wti_transferable *object;
		wt_shared *shared;
		uint64_t call;
	};
};

/*
 * With its record's header and one item it is half a cache line, so that such records lie in one line each. Kept
 * because it measures better: a buffer that goes to and fro, with both ends written and read, went from 556 ns to 528.
 */
struct wti_cargo {
	uint32_t count;
	uint16_t kept;  /* 1: shared memory only, of which each take is a hold more: several receivers take from it */
	uint16_t calls; /* 1: of a request, with an item more, behind the others: what its reply is to name */
	struct wti_item items[];
};

/* Bytes in front of the message's own, a multiple of 8: of so many items, with that of a request. */
static inline size_t wti_cargo_size(size_t count)
{
	return sizeof(struct wti_cargo) + count * sizeof(struct wti_item);
}

static inline size_t wti_cargo_bytes(const struct wti_cargo *cargo)
{
	return wti_cargo_size((size_t)cargo->count + cargo->calls);
}

/* The request that it is of, or 0. */
static inline uint64_t wti_cargo_call(const struct wti_cargo *cargo)
{
	return cargo->calls ? cargo->items[cargo->count].call : 0;
}

static inline void wti_transferable_init(struct wti_transferable *object, const struct wti_transferable_ops *ops)
{
	object->ops = ops;
	object->listed = false;
	wti_list_init(&object->link);
}

/*
 * A message that no port holds and that came with something: what a thread
 * may take from, as long as it is shown to it.
 */
struct wti_cargo_view {
	struct wti_list link; /* wti_thread.cargos */
	uint64_t serial;      /* of the message */
	struct wti_cargo *cargo;
};

/* Let the thread take from `cargo` through the message. What is NULL, or has no items, is not shown. */
void wti_cargo_show(struct wti_thread *self, struct wti_cargo_view *view, struct wti_cargo *cargo, wt_message *message);

/* No more. */
void wti_cargo_hide(struct wti_cargo_view *view);

/* What the message is shown with: 0, and NULL for one that nothing came with; else WT_EINVAL. */
int wti_cargo_find(struct wti_thread *self, const wt_message *message, struct wti_cargo **cargo);

/* Take the item at `index` out: 0; WT_ERANGE, WT_EDETACHED, WT_EINVAL for another kind, WT_EUNDECODABLE. */
int wti_cargo_take(struct wti_cargo *cargo, size_t index, uint32_t kind, struct wti_item *item);

/* Drop the items that are left; objects go on the list. Calls nobody. */
void wti_cargo_drop(struct wti_cargo *cargo, struct wti_list *dropped);

/* Both at once, where nothing is half done: drop, and destroy what was dropped. */
void wti_cargo_discard(struct wti_cargo *cargo);

/* Destroy what is on the list, and what that held. Calls deleters: with no lock held, the list in nobody's reach. */
void wti_cargo_destroy_all(struct wti_list *dropped);

#endif
