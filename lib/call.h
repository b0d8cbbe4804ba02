/* SPDX-License-Identifier: MIT
 *
 * Calls. The request goes through the receiver's queue, with an id; the
 * caller waits on the receiver's list of calls, on its own stack. The reply
 * is packed into a block and given to the caller under the lock of that list,
 * which a caller passes through before it goes: so a reply has either found
 * its caller or changed nothing, and nobody is woken who has gone.
 */
#ifndef WTI_CALL_H
#define WTI_CALL_H

#include <wt/call.h>

#include "thread.h"

/* A reply that the calling thread has not given back. The message's cargo and bytes follow it. */
struct wti_reply {
	uint64_t serial; /* of the message that shows it */
	size_t size;     /* bytes of the message */
	uint32_t type;
};

/* Whether the message is this thread's latest reply, and valid. */
bool wti_reply_is(const struct wti_thread *self, const wt_message *message);

/* Give it back, if it is: true, and the message is empty. */
bool wti_reply_release(struct wti_thread *self, wt_message *message);

/* Either end of the channel was closed: those who wait for a reply from this one are to look. */
void wti_calls_wake(wt_port *port);

#endif
