/* SPDX-License-Identifier: MIT
 *
 * What a program says that it wants to send: checked once, copied once.
 */
#ifndef WTI_MESSAGE_H
#define WTI_MESSAGE_H

#include <wt/message.h>

#include "base.h"

/* The two functions below for all messages but those that are short work. */
int wti_outgoing_check_all(const wt_outgoing *message, size_t *size);
void wti_outgoing_copy_pieces(void *to, const wt_outgoing *message);

/* Whether it is in order, and bytes in one piece, whatever its transfer list is. */
static inline bool wti_outgoing_is_one_piece(const wt_outgoing *message)
{
	uintptr_t other = (uintptr_t)message->iov | message->iovcnt | message->zero | message->reserved[0] |
			  message->reserved[1];

	return !other && (message->data || !message->size);
}

/* 0 and the sum of the bytes in *size, or WT_EINVAL, WT_EOVERFLOW. The transfer list is not looked at. */
static inline int wti_outgoing_check(const wt_outgoing *message, size_t *size)
{
	if (wti_unlikely(!wti_outgoing_is_one_piece(message)))
		return wti_outgoing_check_all(message, size);
	*size = message->size;
	return 0;
}

/* Copy the bytes of a message that was checked. */
static inline void wti_outgoing_copy(void *to, const wt_outgoing *message)
{
	if (wti_likely(!message->iovcnt))
		wti_copy(to, message->data, message->size);
	else
		wti_outgoing_copy_pieces(to, message);
}

#endif
