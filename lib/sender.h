/* SPDX-License-Identifier: MIT
 *
 * Senders: a hold on a channel, and one of those that post from one of its
 * ends (wt_port.posters).
 */
#ifndef WTI_SENDER_H
#define WTI_SENDER_H

#include <wt/sender.h>

#include "cargo.h"
#include "misuse.h"

struct wt_sender {
	WTI_HANDLE
	struct wti_transferable transferable;
	wt_port *port; /* the end that it posts from, which may be closed; set at create */
};

/* As wt_port_sender, for the library itself: the port's owner, whose port is open. 0 or WT_ENOMEM. */
int wti_sender_create(wt_sender **sender, wt_port *port);

#endif
