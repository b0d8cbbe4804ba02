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
#include <wt/transfer.h>

WT_BEGIN_DECLS

/*
 * A view of a received message, filled by wt_port_receive and by the loop.
 * `data` is aligned to 8 bytes and lies in the port's own memory: it is valid
 * until wt_message_release, the next receive on that port, or the port's
 * close or transfer; in a callback until the callback returns. A message of 0 bytes has
 * data that is not NULL, so that it differs from no message at all.
 */
typedef struct wt_message {
	const void *data;
	size_t size;             /* bytes */
	uint32_t type;           /* the sender's wt_outgoing.type; 0 from wt_port_post */
	uint32_t transfer_count; /* of things that came with it: see wt/transfer.h */

	wt_port *port; /* the port that holds it; NULL: none does: no message, or a task's */
	uint64_t call; /* not 0: the sender waits for an answer, see wt/call.h */

	/* The library's own. */
	uint64_t serial;
	void *cargo;
} wt_message;

/*
 * A message to send: the bytes either at `data` or gathered from `iov`
 * (giving both is WT_EINVAL), and the things that go with it. All of it is
 * only read, and only during the call, but for the variables that the
 * transfer list moves from (wt/transfer.h).
 */
typedef struct wt_outgoing {
	const void *data; /* may be NULL when size is 0 */
	size_t size;
	const struct iovec *iov;
	size_t iovcnt;
	uint32_t type;    /* for the receiver, who reads it in wt_message.type */
	uint32_t zero;    /* must be 0 */
	const wt_transfer *transfer; /* may be NULL when transfer_count is 0 */
	size_t transfer_count;       /* at most 65536 */
	uintptr_t reserved[2]; /* must be 0 */
} wt_outgoing;

/*
 * Give a message's memory back before the next receive does. An empty
 * message, or one whose view has ended already, is left alone. Owner of the
 * port; not inside a message callback, whose view ends by itself.
 */
WT_API void wt_message_release(wt_message *message);

/*
 * Take what came with a message at `index`, counted from 0 in the order of
 * the sender's list. It is the caller's from then on: a port belongs to this
 * thread, a buffer, sender or descriptor is to be destroyed or closed, a
 * shared memory to be released. Owner of the message's port, while the
 * message is valid; a reply: the thread that called.
 *
 * Return 0; WT_EINVAL for NULL, for a message that is none any more, or where
 * another kind came; WT_ERANGE for an index that is not below transfer_count;
 * WT_EDETACHED when it was taken before; WT_EUNDECODABLE when it cannot be made
 * whole. On failure the variable is NULL (-1), and what came stays with the message.
 */
WT_API WT_NODISCARD int wt_message_take_port(wt_message *message, size_t index, wt_port **port);
WT_API WT_NODISCARD int wt_message_take_buffer(wt_message *message, size_t index, wt_buffer **buffer);
WT_API WT_NODISCARD int wt_message_take_sender(wt_message *message, size_t index, wt_sender **sender);
WT_API WT_NODISCARD int wt_message_take_shared(wt_message *message, size_t index, wt_shared **shared);
WT_API WT_NODISCARD int wt_message_take_fd(wt_message *message, size_t index, int *fd);

/* The kind of what came at `index`, WT_TRANSFER_*; 0 where nothing is, or not any more. As wt_message_take_port. */
WT_API int wt_message_transfer_kind(const wt_message *message, size_t index);

WT_END_DECLS

#endif
