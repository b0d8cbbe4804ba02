/* SPDX-License-Identifier: MIT
 *
 * Messages to a thread by its id (wt_thread_id, wt_worker_id), without a
 * port: whoever knows the id may post, and hears whether the message was
 * handled.
 */
#ifndef WT_POST_TO_THREAD_H
#define WT_POST_TO_THREAD_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/message.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/*
 * A listener. `source` is the id of the thread that posted. The view ends when
 * it returns; what was not taken by wt_message_take_* is then destroyed.
 * It returns 0 when it has handled the message; anything else is a failure
 * (WT_ELISTENER), and so is leaving it by wt_exit, wt_fail or wt_checkpoint.
 */
typedef int wt_thread_message_fn(wt_message *message, uint64_t source, void *arg);

/*
 * Let `fn` handle the messages that are posted to the calling thread: in its
 * loop, which is not kept alive for that, and while it waits in
 * wt_post_to_thread. NULL removes it, and those that wait are refused. Any thread.
 *
 * Returns 0; WT_ENOMEM, nothing changed; WT_ENOTSUP when the thread's end has
 * begun to take apart what it had.
 */
WT_API WT_NODISCARD int wt_on_thread_message(wt_thread_message_fn *fn, void *arg);

/*
 * Post a message to the thread with this id, and wait until its listener has
 * handled it. The bytes are copied; what its transfer list moves is the
 * message's as soon as the variables are empty, whatever is returned. Messages
 * of one thread to another arrive in order. Any thread.
 *
 * Returns 0 when the listener returned 0. With nothing changed: WT_EINVAL,
 * WT_EOVERFLOW, WT_ENOMEM, what a transfer list may have wrong with it;
 * WT_ESAMETHREAD; WT_ESRCH for an id that no thread has, or not any more;
 * WT_ENOLISTENER; WT_EAGAIN for WT_NOW, WT_ETIMEDOUT for a deadline that has
 * passed, where it would have to wait. After the message was accepted:
 * WT_ELISTENER; WT_ENOLISTENER when the listener was removed, WT_EDIED when the
 * thread ended before; WT_ETIMEDOUT and WT_ETERMINATED, the message is
 * withdrawn unless the listener has begun.
 */
WT_API WT_NODISCARD int wt_post_to_thread(uint64_t id, const wt_outgoing *message, wt_time deadline);

/*
 * The same without waiting: after 0 the calling thread's loop calls `fn` once
 * with what wt_post_to_thread would have returned, and stays alive until then.
 * If the thread ends before, the message is withdrawn. Any thread.
 *
 * Returns 0; or, with nothing changed, and `fn` not called, an error as
 * wt_post_to_thread; WT_EINVAL for a NULL fn; WT_ETIMEDOUT when the deadline has
 * passed already; WT_ENOTSUP when the thread's end has begun to take apart what it had.
 */
WT_API WT_NODISCARD int wt_post_to_thread_async(uint64_t id, const wt_outgoing *message, wt_time deadline,
						void (*fn)(int result, void *arg), void *arg);

WT_END_DECLS

#endif
