/* SPDX-License-Identifier: MIT
 *
 * Channels and their ports. What is posted on one port of a channel arrives
 * at the other, in the order of each posting thread.
 *
 * Who may call what: posting and sending are open to every thread for as long
 * as the owner keeps the port open. Everything else belongs to the port's
 * owner, the thread that created the channel or took the port out of a
 * message; on another thread it is WT_EOWNER, or does nothing where there is
 * no result.
 *
 * On success the library has copied what was passed; on failure nothing
 * changed.
 */
#ifndef WT_PORT_H
#define WT_PORT_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/message.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/* Each field counts for both directions of the channel; zero means the default. */
typedef struct wt_channel_options {
	size_t size;     /* of this struct: set by WT_CHANNEL_OPTIONS or wt_channel_options_init */
	size_t capacity; /* bytes of the first piece of memory, 256 to 256 KiB; default 1 KiB; more is added as needed */
	size_t limit;    /* bytes that may be queued, records and payloads together; default without a limit */
	bool single_producer; /* promise: each port is posted on by one thread at a time, ordered by the program */
} wt_channel_options;

#ifndef __cplusplus
#define WT_CHANNEL_OPTIONS(...) (&(const wt_channel_options){ .size = sizeof(wt_channel_options), __VA_ARGS__ })
#endif

/* Set every field to its default. Any thread. */
WT_API void wt_channel_options_init(wt_channel_options *options);

/*
 * Create a channel and both its ports, owned by the calling thread.
 *
 * Returns 0; WT_EINVAL for a NULL out-parameter or a struct size that is
 * impossible; WT_E2BIG for options of a later version; WT_EOVERFLOW for a
 * capacity or limit above 2^62; WT_ENOMEM. On failure *a and *b are NULL.
 */
WT_API WT_NODISCARD int wt_channel_create(wt_port **a, wt_port **b, const wt_channel_options *options);

/*
 * End this port: messages that wait in it are dropped before the call
 * returns (in its own message callback: they are still handed over first).
 * The other end hears of it after all that was posted before; posting there
 * is then WT_ECLOSED. The pointer is dead afterwards, but for a pending
 * on_close. NULL is ignored. Owner.
 */
WT_API void wt_port_close(wt_port *port);

/*
 * Post a copy of `size` bytes; never sleeps. Any thread.
 *
 * Returns 0; WT_EINVAL for a NULL port, or NULL data with a size;
 * WT_ECLOSED; WT_EAGAIN when a limit leaves no room now; WT_EMSGSIZE when it
 * never will; WT_EOVERFLOW for a size above 2^62; WT_ENOMEM.
 */
WT_API WT_NODISCARD int wt_port_post(wt_port *port, const void *data, size_t size);

/*
 * Post one message for each element of `messages`, as far as there is room,
 * with one look at the receiver. Returns 0 and the number in *posted (may be
 * NULL) when all were posted; else the error that stopped the next one.
 * They are neighbours in the receiver's queue as far as they fit its present
 * piece of memory. Any thread.
 */
WT_API WT_NODISCARD int wt_port_post_many(wt_port *port, const struct iovec *messages, size_t count, size_t *posted);

/*
 * Post a message that is gathered, has a type, or carries something, and wait
 * for room until `deadline`. Any thread; ports in the transfer list belong to
 * the calling one.
 *
 * Returns as wt_port_post, and WT_ETIMEDOUT; WT_ETERMINATED when this worker
 * is being terminated and would have to wait; WT_EDEADLK when the caller owns
 * the other end and would wait for itself. For the first thing that is wrong
 * with the list: WT_ESOURCE for the port that it is sent on, WT_ETARGET for the
 * other end; WT_EDUPLICATE; WT_EDETACHED for a variable that holds nothing;
 * WT_EUNTRANSFERABLE; WT_EINUSE for a port in its own callback, or on which
 * another thread has a slot open; WT_EOWNER, WT_ECLOSED for a port that is not
 * the caller's, or closed; WT_EBADF; WT_EINVAL. On failure nothing has changed.
 */
WT_API WT_NODISCARD int wt_port_send(wt_port *port, const wt_outgoing *message, wt_time deadline);

/*
 * A message that is being written in place, in the receiver's queue: filled
 * by wt_port_reserve, published by wt_port_commit. The port's later messages
 * wait behind it.
 */
typedef struct wt_slot {
	void *data;    /* where to write; aligned to 8 bytes */
	size_t size;   /* bytes: as reserved; may be lowered before the commit */
	uint32_t type; /* for the receiver: 0, unless it is changed before the commit */
	uint32_t zero; /* must be 0 */
	uintptr_t reserved[4]; /* the library's own */
} wt_slot;

/*
 * Make room for a message of `size` bytes, waiting for it until `deadline` as
 * wt_port_send does, to be written by this thread. Any thread.
 *
 * Returns as wt_port_send. On failure *slot is empty.
 */
WT_API WT_NODISCARD int wt_port_reserve(wt_port *port, size_t size, wt_slot *slot, wt_time deadline);

/*
 * Publish the message, or give its room back. The slot is empty afterwards. A
 * slot that this thread leaves open is abandoned when the thread ends, however
 * it ends, or when it closes or transfers the port; the slot is then outdated.
 * The thread that reserved it.
 *
 * wt_port_commit returns 0; WT_EINVAL for NULL, a slot that is empty, outdated
 * or of another port, or a size above the reserved; WT_ECLOSED when the
 * receiver closed meanwhile, and the message was dropped. wt_port_abandon
 * ignores a slot that is empty or outdated.
 */
WT_API WT_NODISCARD int wt_port_commit(wt_port *port, wt_slot *slot);
WT_API void wt_port_abandon(wt_port *port, wt_slot *slot);

/*
 * Take the next message as a view into the port; the view of the one before
 * ends. Inside a callback that holds a message of this port, that one stays
 * valid too, and memory is given back when the callback returns. Owner.
 *
 * Returns 0; WT_EAGAIN (WT_NOW) or WT_ETIMEDOUT when there is none;
 * WT_ECLOSED when the other end is closed and its last message was received;
 * WT_ETERMINATED; WT_EUNDECODABLE for one message that was dropped;
 * WT_EINVAL; WT_EOWNER.
 * *message is filled on every return, and empty on failure.
 */
WT_API WT_NODISCARD int wt_port_receive(wt_port *port, wt_message *message, wt_time deadline);

/* Called with one message, which is valid until it returns. */
typedef void wt_port_fn(wt_port *port, wt_message *message, void *arg);

/*
 * Call `fn` for each message that waits now, `max` of them at most (0: no
 * bound), and count them in *drained (may be NULL). Waits for none: with no
 * message it returns 0 and counts 0, or WT_ECLOSED when none will come.
 * An undecodable message goes to on_message_error. WT_EINVAL; WT_EOWNER;
 * WT_ETERMINATED. Owner.
 */
WT_API WT_NODISCARD int wt_port_drain(wt_port *port, wt_port_fn *fn, void *arg, size_t max, size_t *drained);

/*
 * Wait until at least one of `count` ports has a message or is closed by its
 * peer, so that wt_port_receive with WT_NOW would not return WT_EAGAIN, and
 * put its index into *ready. Fair: the one that this thread's last call found
 * comes last. Owner of all of them.
 *
 * Returns 0; WT_EAGAIN or WT_ETIMEDOUT when there is none; WT_EINVAL for a
 * count of 0 or a NULL; WT_EOWNER; WT_ECLOSED where this thread has closed one
 * of them; WT_ETERMINATED. On failure *ready is SIZE_MAX.
 */
WT_API WT_NODISCARD int wt_select(wt_port *const *ports, size_t count, size_t *ready, wt_time deadline);

/*
 * Handlers, called by the owner's loop (wt_run). A message handler starts the
 * port and makes it keep the loop alive; NULL undoes both. on_close is called
 * once, after the last message, whichever end was closed. Owner.
 */
WT_API void wt_port_on_message(wt_port *port, wt_port_fn *fn, void *arg);
WT_API void wt_port_on_message_error(wt_port *port, void (*fn)(wt_port *port, int error, void *arg), void *arg);
WT_API void wt_port_on_close(wt_port *port, void (*fn)(wt_port *port, void *arg), void *arg);

/*
 * Called by the owner's loop once after a post, send or reserve on this port
 * found no room, as soon as the receiver's queue is at most half full again
 * and has room for it; also if it was by the time that the handler was set.
 * While it is due for something that the owner itself posted, it keeps the loop
 * alive. Owner.
 */
WT_API void wt_port_on_drain(wt_port *port, void (*fn)(wt_port *port, void *arg), void *arg);

/* Let the loop call the message handler, or keep the messages waiting. Owner. */
WT_API void wt_port_start(wt_port *port);
WT_API void wt_port_stop(wt_port *port);

/* Whether this port keeps wt_run from returning; not a reference count. Owner. */
WT_API void wt_port_ref(wt_port *port);
WT_API void wt_port_unref(wt_port *port);
WT_API bool wt_port_has_ref(const wt_port *port);

WT_END_DECLS

#endif
