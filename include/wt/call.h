/* SPDX-License-Identifier: MIT
 *
 * Request and reply. A call sends a message and waits for the answer to that
 * very one; any number of calls may be under way at once, by many threads and
 * on one port, and be answered in any order. Other messages are not touched:
 * a reply does not go through the queue of the port.
 */
#ifndef WT_CALL_H
#define WT_CALL_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/message.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/*
 * Send a message and wait for its reply until `deadline`. The receiver finds
 * wt_message.call set, and answers with wt_message_reply. The reply is valid
 * until wt_message_release, this thread's next wt_port_call, or its end. Any
 * thread.
 *
 * Returns 0; what wt_port_send returns when the request could not be sent;
 * WT_ETIMEDOUT when no reply came (the request may have been received all the
 * same; an answer that comes later is refused); WT_EAGAIN with WT_NOW, for
 * which nothing is sent; WT_ECLOSED when either end of the channel is closed
 * before the reply; WT_EDEADLK when this thread owns the other end;
 * WT_ETERMINATED. *reply is filled on every return, and empty on failure.
 */
WT_API WT_NODISCARD int wt_port_call(wt_port *port, const wt_outgoing *request, wt_message *reply, wt_time deadline);

/*
 * Answer a request, once. The request need not be valid any more: a copy of
 * the struct wt_message, kept for later, will do. Owner of the port at which it
 * arrived.
 *
 * Returns 0; WT_EINVAL for NULL or a message that is no request; WT_EOWNER, also
 * where the port is closed meanwhile; WT_ETIMEDOUT when nobody waits for the
 * answer any more, or it was given before; what wt_port_send returns for a bad
 * message or transfer list; WT_ENOMEM. On failure nothing changed.
 */
WT_API WT_NODISCARD int wt_message_reply(const wt_message *request, const wt_outgoing *reply);

WT_END_DECLS

#endif
