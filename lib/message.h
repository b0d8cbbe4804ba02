/* SPDX-License-Identifier: MIT
 *
 * What a program says that it wants to send: checked once, copied once.
 */
#ifndef WTI_MESSAGE_H
#define WTI_MESSAGE_H

#include <wt/message.h>

/* 0 and the sum of the bytes in *size, or WT_EINVAL, WT_EOVERFLOW. The transfer list is not looked at. */
int wti_outgoing_check(const wt_outgoing *message, size_t *size);

/* Copy the bytes of a message that was checked. */
void wti_outgoing_copy(void *to, const wt_outgoing *message);

#endif
