/* SPDX-License-Identifier: MIT
 *
 * Transfer lists: what goes with a message, or with workerData, other than
 * bytes. Ports, buffers, senders and file descriptors move: on success the
 * sender's variable becomes NULL (a descriptor -1) and the receiver takes
 * what arrived; on failure every variable is as it was. Shared memory is
 * shared: the receiver gets a hold of its own.
 *
 *	wt_transfer list[] = { WT_MOVE(&buffer), WT_MOVE(&reply_port), WT_SHARE(table) };
 *
 * The receiver takes what arrived by wt_message_take_* (wt/message.h), a
 * worker what came with its data by wt_worker_data_take_* (wt/thread.h). What
 * nobody takes is destroyed once: a port is closed, and its peer hears of it,
 * a buffer's deleter runs, a descriptor is closed.
 */
#ifndef WT_TRANSFER_H
#define WT_TRANSFER_H

#include <wt/base.h>
#include <wt/error.h>

WT_BEGIN_DECLS

/* What a transfer moves or shares. */
enum {
	WT_TRANSFER_PORT = 1,
	WT_TRANSFER_BUFFER = 2,
	WT_TRANSFER_SENDER = 3,
	WT_TRANSFER_FD = 4,
	WT_TRANSFER_SHARED = 5
};

/* One thing to go along. Made by WT_MOVE and WT_SHARE. */
typedef struct wt_transfer {
	uint32_t kind; /* WT_TRANSFER_* */
	uint32_t zero; /* must be 0 */
	void *what;    /* the address of the variable to be moved from; or the wt_shared */
	uintptr_t reserved[2]; /* must be 0 */
} wt_transfer;

/*
 * Name the variable that holds what is to move. They look at nothing and
 * change nothing: the send does. Any thread.
 */
WT_API wt_transfer wt_move_port(wt_port **port);
WT_API wt_transfer wt_move_buffer(wt_buffer **buffer);
WT_API wt_transfer wt_move_sender(wt_sender **sender);
WT_API wt_transfer wt_move_fd(int *fd);

/* Name what is to be shared: the sender keeps its hold, each receiver gets one. Any thread. */
WT_API wt_transfer wt_share(wt_shared *shared);

#define WT_SHARE(shared) wt_share(shared)

#ifndef __cplusplus
/* The same for any of them, by the type of the address. */
#define WT_MOVE(variable)                    \
	_Generic((variable),                 \
		wt_port **: wt_move_port,     \
		wt_buffer **: wt_move_buffer, \
		wt_sender **: wt_move_sender, \
		int *: wt_move_fd)(variable)
#endif

WT_END_DECLS

#ifdef __cplusplus
static inline wt_transfer wt_move(wt_port **port)
{
	return wt_move_port(port);
}

static inline wt_transfer wt_move(wt_buffer **buffer)
{
	return wt_move_buffer(buffer);
}

static inline wt_transfer wt_move(wt_sender **sender)
{
	return wt_move_sender(sender);
}

static inline wt_transfer wt_move(int *fd)
{
	return wt_move_fd(fd);
}

#define WT_MOVE(variable) wt_move(variable)
#endif

#endif
