/* SPDX-License-Identifier: MIT
 *
 * Transfer lists: checked whole before anything is given up, then packed into
 * the message's memory, which cannot fail.
 */
#ifndef WTI_TRANSFER_H
#define WTI_TRANSFER_H

#include <wt/error.h>
#include <wt/message.h>

#include "buffer.h"
#include "cargo.h"

enum { WTI_TRANSFER_MAX = 65536 }; /* things in a list: sizes that follow from the count do not wrap */

/* Where a message goes: neither of its own ports may travel in it. */
struct wti_route {
	const wt_port *source; /* NULL: it is sent by a sender, or is none */
	const wt_sender *sender; /* that one */
	const wt_port *target; /* NULL: it is no message */
	bool several; /* it has several receivers: nothing may move */
};

/*
 * 0, or the first thing that is wrong with the list, for which nothing has
 * changed. What it names belongs to the calling thread.
 */
int wti_transfer_check_list(const wt_transfer *list, size_t count, const struct wti_route *route);

static inline int wti_transfer_check(const wt_transfer *list, size_t count, const struct wti_route *route)
{
	return wti_likely(!count) ? 0 : wti_transfer_check_list(list, count, route);
}

/*
 * After the check: give up the things and clear the variables. `carrier` is
 * the port in whose inbox they will lie; NULL: none, the message is no port's.
 * What the views of ports that move carried is put on `dropped`.
 */
void wti_transfer_pack(struct wti_cargo *cargo, uint64_t call, const wt_outgoing *message, wt_port *carrier,
		       struct wti_list *dropped);

/* Whether it names something, and its reserved fields are 0. */
static inline bool wti_transfer_is_in_order(const wt_transfer *transfer)
{
	return transfer->what && !transfer->zero && !transfer->reserved[0] && !transfer->reserved[1];
}

/* The parts of both for one buffer: 0, or why it cannot go; then it goes. */
static inline int wti_transfer_check_buffer(const wt_transfer *transfer)
{
	const wt_buffer *buffer = *(wt_buffer **)transfer->what;

	if (!buffer)
		return WT_EDETACHED;
	WTI_USES_BY(buffer, BUFFER, "transfer list", false);
	return buffer->untransferable ? WT_EUNTRANSFERABLE : 0;
}

static inline struct wti_item wti_transfer_detach_buffer(const wt_transfer *transfer)
{
	wt_buffer **buffer = transfer->what;
	struct wti_item item = { .kind = WT_TRANSFER_BUFFER, .object = &(*buffer)->transferable };

	WTI_SENT(*buffer);
	*buffer = NULL;
	return item;
}

/* The short way of both, for a list that is one buffer: whether it is, and can go; then it goes. */
static inline bool wti_transfer_is_one_buffer(const wt_transfer *list, size_t count)
{
	return count == 1 && list && list->kind == WT_TRANSFER_BUFFER && wti_transfer_is_in_order(list) &&
	       wti_transfer_check_buffer(list) == 0;
}

static inline void wti_transfer_pack_buffer(struct wti_cargo *cargo, const wt_transfer *list)
{
	*cargo = (struct wti_cargo){ .count = 1 };
	cargo->items[0] = wti_transfer_detach_buffer(list);
}

#ifdef WTI_TESTING
/* For the wrong versions: the things are given up, and there is nothing that they go into. */
void wti_transfer_lose(const wt_transfer *list, size_t count);
#else
#define wti_transfer_lose(list, count) ((void)0)
#endif

/* Take from what a worker's data carried, as wt_message_take_port does. */
int wti_take_port(struct wti_cargo *cargo, size_t index, wt_port **port);
int wti_take_buffer(struct wti_cargo *cargo, size_t index, wt_buffer **buffer);
int wti_take_sender(struct wti_cargo *cargo, size_t index, wt_sender **sender);
int wti_take_shared(struct wti_cargo *cargo, size_t index, wt_shared **shared);
int wti_take_fd(struct wti_cargo *cargo, size_t index, int *fd);

#endif
