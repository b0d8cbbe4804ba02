/* SPDX-License-Identifier: MIT
 *
 * Senders: sending ends of a channel that have a lifetime of their own, for
 * threads that only post. A sender posts where its port does, and goes on
 * doing so when that port is closed, or its thread has ended; the receiver
 * hears of the close when the port and the last of its senders are closed.
 *
 * A sender has no owner: any number of threads may use it, also at the same
 * time, until it is closed. It can be moved in a transfer list.
 */
#ifndef WT_SENDER_H
#define WT_SENDER_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/message.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/*
 * Make a sender that posts where `port` posts. Owner of the port.
 *
 * Returns 0; WT_EINVAL for NULL; WT_EOWNER; WT_ECLOSED; WT_ENOMEM. On failure
 * *sender is NULL.
 */
WT_API WT_NODISCARD int wt_port_sender(wt_port *port, wt_sender **sender);

/* Make another one that posts to the same place. Returns 0; WT_EINVAL; WT_ENOMEM. Any thread. */
WT_API WT_NODISCARD int wt_sender_dup(wt_sender *sender, wt_sender **copy);

/* As wt_port_post and wt_port_send, also in what they return; WT_ESOURCE is this sender in its own list. Any thread. */
WT_API WT_NODISCARD int wt_sender_post(wt_sender *sender, const void *data, size_t size);
WT_API WT_NODISCARD int wt_sender_send(wt_sender *sender, const wt_outgoing *message, wt_time deadline);

/* Close it: no other thread may be using it. NULL is ignored. Any thread. */
WT_API void wt_sender_close(wt_sender *sender);

WT_END_DECLS

#endif
