/* SPDX-License-Identifier: MIT
 *
 * Messages: what goes out, and the view of what came in.
 */
#ifndef WT_MESSAGE_H
#define WT_MESSAGE_H

#include <sys/uio.h>
#include <wt/base.h>
#include <wt/error.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/*
 * A view of a received message, filled by wt_port_receive and by the loop.
 * `data` is aligned to 8 bytes and lies in the port's own memory: it is valid
 * until wt_message_release, the next receive on that port, or the port's
 * close; in a callback until the callback returns. A message of 0 bytes has
 * data that is not NULL, so that it differs from no message at all.
 */
typedef struct wt_message {
	const void *data;
	size_t size;             /* bytes */
	uint32_t type;           /* the sender's wt_outgoing.type; 0 from wt_port_post */
	uint32_t transfer_count; /* always 0 as yet */

	wt_port *port; /* the port that holds it; NULL: no message */
	uint64_t serial;
	uintptr_t reserved[2];
} wt_message;

/*
 * A message to send: the bytes either at `data` or gathered from `iov`
 * (giving both is WT_EINVAL). All of it is only read during the call.
 */
typedef struct wt_outgoing {
	const void *data; /* may be NULL when size is 0 */
	size_t size;
	const struct iovec *iov;
	size_t iovcnt;
	uint32_t type;    /* for the receiver, who reads it in wt_message.type */
	uint32_t zero;    /* must be 0 */
	uintptr_t reserved[4]; /* must be 0 */
} wt_outgoing;

/*
 * Give a message's memory back before the next receive does. An empty
 * message, or one whose view has ended already, is left alone. Owner of the
 * port; not inside a message callback, whose view ends by itself.
 */
WT_API void wt_message_release(wt_message *message);

WT_END_DECLS

#endif
