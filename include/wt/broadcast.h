/* SPDX-License-Identifier: MIT
 *
 * Broadcasts: everyone in the process who has opened the same name hears
 * what the others post. A name is any byte string. A message reaches every
 * other endpoint of the name that was open at the post, in any thread, also
 * in the same one, but not the endpoint that it was posted on. It is kept once
 * for all of them.
 *
 * Who may call what: posting and sending are open to every thread for as long
 * as the owner keeps the endpoint open. Everything else belongs to the owner,
 * the thread that opened it, whose end closes it, however it comes.
 */
#ifndef WT_BROADCAST_H
#define WT_BROADCAST_H

#include <wt/base.h>
#include <wt/error.h>
#include <wt/message.h>
#include <wt/time.h>

WT_BEGIN_DECLS

/* What happens when more waits for an endpoint than its limit. */
enum {
	WT_BROADCAST_DROP_OLDEST = 0, /* the oldest messages are lost, and counted in wt_broadcast_stats */
	WT_BROADCAST_CLOSE = 1        /* the endpoint is closed, with all that waits */
};

/* Zero means the default in every field. */
typedef struct wt_broadcast_options {
	size_t size;   /* of this struct: set by WT_BROADCAST_OPTIONS or wt_broadcast_options_init */
	size_t limit;  /* bytes that may wait here, of each message rounded up to 8, and 24; default without a limit */
	int overflow;  /* WT_BROADCAST_DROP_OLDEST or WT_BROADCAST_CLOSE */
} wt_broadcast_options;

#ifndef __cplusplus
#define WT_BROADCAST_OPTIONS(...) \
	(&(const wt_broadcast_options){ .size = sizeof(wt_broadcast_options), __VA_ARGS__ })
#endif

/* Set every field to its default. Any thread. */
WT_API void wt_broadcast_options_init(wt_broadcast_options *options);

/*
 * Open an endpoint of this name, which is copied. It receives what is posted
 * from now on, and keeps the loop of the calling thread, its owner, alive.
 * Any thread.
 *
 * Returns 0; WT_EINVAL for NULL, for an overflow that is none or an impossible
 * struct size; WT_E2BIG for options of a later version; WT_EOVERFLOW for a
 * limit or name_size above 2^62; WT_ENOMEM. On failure *broadcast is NULL.
 */
WT_API WT_NODISCARD int wt_broadcast_open(wt_broadcast **broadcast, const void *name, size_t name_size,
					  const wt_broadcast_options *options);

/*
 * End this endpoint: what waits for it is dropped, and nothing calls back for
 * it any more. Inside its own message callback the message stays valid until
 * the callback returns. The pointer is dead afterwards. NULL is ignored.
 * Owner.
 */
WT_API void wt_broadcast_close(wt_broadcast *broadcast);

/*
 * Post a copy of `size` bytes; never waits. Also a success where nobody else
 * has the name open. Any thread.
 *
 * Returns 0; WT_EINVAL for NULL data with a size; WT_ECLOSED when the endpoint
 * was closed by its limit; WT_EOVERFLOW for a size above 2^62; WT_ENOMEM. On
 * failure nothing was posted.
 */
WT_API WT_NODISCARD int wt_broadcast_post(wt_broadcast *broadcast, const void *data, size_t size);

/*
 * The same for a message with a type, gathered from pieces, or with shared
 * memory (WT_SHARE), of which each receiver may take holds of its own.
 *
 * Returns as wt_broadcast_post, and WT_EUNTRANSFERABLE where the transfer list
 * names anything that would move: there are several receivers. On failure
 * nothing was posted, and every variable is as it was.
 */
WT_API WT_NODISCARD int wt_broadcast_send(wt_broadcast *broadcast, const wt_outgoing *message);

/*
 * Receive the next message. The view is valid until wt_message_release, the
 * next receive on this endpoint, or its close; its `port` is NULL. What the
 * endpoint held before is released first. Owner.
 *
 * Returns 0; WT_EAGAIN (WT_NOW) or WT_ETIMEDOUT when none came; WT_ECLOSED when
 * the endpoint was closed, by its limit or in its own callback; WT_ETERMINATED;
 * WT_EOWNER; WT_EINVAL. On failure *message is empty.
 */
WT_API WT_NODISCARD int wt_broadcast_receive(wt_broadcast *broadcast, wt_message *message, wt_time deadline);

/* A message is valid until the callback returns, whatever it does. */
typedef void wt_broadcast_fn(wt_broadcast *broadcast, wt_message *message, void *arg);

/*
 * Handlers, called by the owner's loop (wt_run); NULL removes one. Messages
 * wait while there is no handler for them. on_close is called once, when the
 * endpoint was closed by its limit, which also ends its hold on the loop; it
 * is not called for wt_broadcast_close, which is still to be called. Owner.
 */
WT_API void wt_broadcast_on_message(wt_broadcast *broadcast, wt_broadcast_fn *fn, void *arg);
WT_API void wt_broadcast_on_message_error(wt_broadcast *broadcast,
					  void (*fn)(wt_broadcast *broadcast, int error, void *arg), void *arg);
WT_API void wt_broadcast_on_close(wt_broadcast *broadcast, void (*fn)(wt_broadcast *broadcast, void *arg), void *arg);

/* Whether this endpoint keeps wt_run from returning, as it does from its birth; not a reference count. Owner. */
WT_API void wt_broadcast_ref(wt_broadcast *broadcast);
WT_API void wt_broadcast_unref(wt_broadcast *broadcast);
WT_API bool wt_broadcast_has_ref(const wt_broadcast *broadcast);

/* The name, and its size in *size, which may be NULL; lasts as long as the endpoint. NULL for NULL. Any thread. */
WT_API const void *wt_broadcast_name(const wt_broadcast *broadcast, size_t *size);

WT_END_DECLS

#endif
