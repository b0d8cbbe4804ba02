/* SPDX-License-Identifier: MIT */
#include "broadcast.h"
#include "cargo.h"
#include "fork.h"
#include "loop.h"
#include "seam.h"
#include "trace.h"
#include "wait.h"

/* ---- Views ---- */

void wti_broadcast_end_view(wt_broadcast *broadcast)
{
	broadcast->view = 0;
	wti_cursor_unkeep(&broadcast->cursor, WTI_KEEP_VIEW);
}

void wti_broadcast_unpin(wt_broadcast *broadcast)
{
	broadcast->pinned = 0;
	wti_cursor_unkeep(&broadcast->cursor, WTI_KEEP_PIN);
}

/* Serials are given once to all that this thread is handed. */
static uint64_t broadcast_fill(wt_broadcast *broadcast, struct wti_thread *self, const struct wti_log_record *record,
			       wt_message *message)
{
	self->broadcast_last = broadcast;
	broadcast->received++;
	broadcast->received_bytes += record->size;
	*message = (wt_message){
		.data = record->data,
		.size = record->size,
		.type = record->type,
		.transfer_count = record->cargo ? record->cargo->count : 0,
		.serial = ++self->views,
		.cargo = record->cargo,
	};
	return message->serial;
}

static bool broadcast_has(const wt_broadcast *broadcast, const wt_message *message)
{
	return message->serial && (message->serial == broadcast->view || message->serial == broadcast->pinned);
}

/* The endpoint of this thread that has the message, or NULL. */
static wt_broadcast *broadcast_of(struct wti_thread *self, const wt_message *message)
{
	if (message->port || !message->data)
		return NULL;
	if (self->broadcast_last && broadcast_has(self->broadcast_last, message))
		return self->broadcast_last;
	for (struct wti_list *link = self->broadcasts.next; link != &self->broadcasts; link = link->next)
		if (broadcast_has(wti_list_entry(link, wt_broadcast, owned), message))
			return wti_list_entry(link, wt_broadcast, owned);
	return NULL;
}

bool wti_broadcast_is(struct wti_thread *self, const wt_message *message)
{
	return broadcast_of(self, message) != NULL;
}

void wti_broadcast_release(struct wti_thread *self, wt_message *message)
{
	wt_broadcast *broadcast = broadcast_of(self, message);

	if (!broadcast || message->serial != broadcast->view)
		return;
	wti_broadcast_end_view(broadcast);
	*message = (wt_message){ 0 };
}

/* ---- Receiving ---- */

/* Its limit has closed it: on_close is due, and posts are refused. */
static WTI_COLD void broadcast_overflow(wt_broadcast *broadcast)
{
	broadcast->over = true;
	wti_broadcast_stop(broadcast);
}

/* Lose what is above the limit. False when nothing is to be received any more. */
static inline bool broadcast_trim(wt_broadcast *broadcast)
{
	if (wti_unlikely(broadcast->over || broadcast->closing))
		return false;
	if (wti_likely(broadcast->cursor.limit == WTI_LOG_UNLIMITED) || !wti_cursor_trim(&broadcast->cursor))
		return true;
	broadcast_overflow(broadcast);
	return false;
}

bool wti_broadcast_look(wt_broadcast *broadcast)
{
	return broadcast_trim(broadcast) && wti_cursor_ready(&broadcast->cursor);
}

static bool broadcast_receive_ready(void *what)
{
	wt_broadcast *broadcast = what;

	return wti_broadcast_look(broadcast) || broadcast->over;
}

static bool broadcast_receive_arm(void *what)
{
	wt_broadcast *broadcast = what;

	/* A notification that has arrived already must not stand for the next one. */
	wti_source_collect(wti_load(&broadcast->source.owner));
	return wti_source_arm(&broadcast->source);
}

static void broadcast_receive_disarm(void *what)
{
	wt_broadcast *broadcast = what;

	wti_source_disarm(&broadcast->source);
	/* It may have been armed for the loop, which is to look by itself from now on. */
	wti_loop_watch(&broadcast->source);
}

static const void *broadcast_receive_object(void *what)
{
	return what;
}

static const struct wti_wait_ops broadcast_receive_ops = {
	.name = "broadcast",
	.kind = "broadcast",
	.object = broadcast_receive_object,
	.ready = broadcast_receive_ready,
	.arm = broadcast_receive_arm,
	.disarm = broadcast_receive_disarm,
};

/* In a timeline: the record that was taken last arrives. */
static inline void broadcast_trace(const wt_broadcast *broadcast, struct wti_thread *self, enum wti_trace_kind kind,
				   const struct wti_log_record *record)
{
	wti_trace_arrive(self, kind, broadcast->trace, broadcast->cursor.position, record->size);
}

/* An error for a message that cannot be made whole; it is then dropped. */
static int broadcast_decode(wt_broadcast *broadcast)
{
	int err = WTI_FAULT(WTI_FAULT_DECODE);

	if (wti_unlikely(err))
		broadcast->damaged++;
	return err;
}

/*
 * More than a cache line was read since the last time that there was nothing. Then the poster is let get some ahead, also
 * after a single message, and for the least that is worth it: one that stays within what all have acknowledged would wait
 * for the last of them.
 */
static bool broadcast_is_streaming(wt_broadcast *broadcast)
{
	uint64_t since = broadcast->cursor.position - broadcast->empty_at;

	broadcast->empty_at = broadcast->cursor.position;
	return since > WTI_CACHE_LINE;
}

static int broadcast_receive(wt_broadcast *broadcast, struct wti_thread *self, struct wti_log_record *record,
			     wt_time deadline)
{
	int err;

	if (wti_unlikely(!broadcast || deadline < 0))
		return WT_EINVAL;
	if (wti_unlikely(!self || wti_load(&broadcast->source.owner) != self))
		return wti_fork_error(WT_EOWNER);
	if (wti_thread_terminating(self))
		return WT_ETERMINATED;
	wti_broadcast_end_view(broadcast);
	while (wti_unlikely(!broadcast_trim(broadcast) || !wti_cursor_next(&broadcast->cursor, record))) {
		if (broadcast->over || broadcast->closing)
			return WT_ECLOSED;
		if (broadcast_is_streaming(broadcast) && deadline != WT_NOW)
			wti_wait_gather(WTI_WAIT_GATHER_MIN);
		err = wti_wait(self, &broadcast_receive_ops, broadcast, deadline);
		if (err)
			return err;
	}
	return broadcast_decode(broadcast);
}

int wt_broadcast_receive(wt_broadcast *broadcast, wt_message *message, wt_time deadline)
{
	struct wti_thread *self = wti_thread_peek();
	struct wti_log_record record;
	int err;

	WTI_USES(broadcast, BROADCAST);
	if (wti_unlikely(!message))
		return WT_EINVAL;
	*message = (wt_message){ 0 };
	err = broadcast_receive(broadcast, self, &record, deadline);
	if (wti_unlikely(err))
		return err;
	broadcast_trace(broadcast, self, WTI_TRACE_RECEIVE, &record);
	wti_cursor_keep(&broadcast->cursor, WTI_KEEP_VIEW);
	broadcast->view = broadcast_fill(broadcast, self, &record, message);
	return 0;
}

/* ---- Handing over to callbacks ---- */

static void broadcast_call(wt_broadcast *broadcast, struct wti_thread *self, const struct wti_log_record *record)
{
	int err = broadcast_decode(broadcast);
	wt_message message;

	broadcast_trace(broadcast, self, WTI_TRACE_HANDLER, record);
	if (wti_likely(!err)) {
		broadcast->pinned = broadcast_fill(broadcast, self, record, &message);
		broadcast->on_message(broadcast, &message, broadcast->on_message_arg);
	} else if (broadcast->on_message_error) {
		broadcast->on_message_error(broadcast, err, broadcast->on_message_error_arg);
	}
	wti_trace_end(self, err);
}

/*
 * Call back for the record that is there. What the callback may need is kept
 * by the endpoint, not on the stack, since it may not return (wt_exit). False
 * when the endpoint is gone, and in a forked child.
 */
static bool broadcast_deliver(wt_broadcast *broadcast, struct wti_thread *self)
{
	struct wti_log_record record;

	/* A message that was received before stays until there is another one. */
	wti_broadcast_end_view(broadcast);
	wti_cursor_next(&broadcast->cursor, &record);
	broadcast->delivering = true;
	wti_cursor_keep(&broadcast->cursor, WTI_KEEP_PIN);
	broadcast_call(broadcast, self, &record);
	if (wti_forked())
		return false;
	broadcast->delivering = false;
	wti_broadcast_unpin(broadcast);
	if (wti_likely(!broadcast->closing))
		return true;
	wti_broadcast_free(broadcast);
	return false;
}

/* False when the endpoint is gone. */
static bool broadcast_turn_messages(wt_broadcast *broadcast, struct wti_thread *self, unsigned *calls)
{
	uint64_t tail = wti_log_tail(&broadcast->topic->log);
	unsigned n = 0;
	bool there = true;

	while (there && broadcast->on_message && !wti_loop_interrupted(self) &&
	       wti_loop_within_share(tail, broadcast->cursor.position, n) && wti_broadcast_look(broadcast)) {
		n++;
		there = broadcast_deliver(broadcast, self);
	}
	*calls += n;
	return there;
}

static bool broadcast_hears_close(const wt_broadcast *broadcast)
{
	return broadcast->over && !broadcast->close_told;
}

static void broadcast_tell_close(wt_broadcast *broadcast, struct wti_thread *self, unsigned *calls)
{
	broadcast->close_told = true;
	wti_broadcast_set_ref(broadcast, self, false);
	if (!broadcast->on_close)
		return;
	++*calls;
	broadcast->on_close(broadcast, broadcast->on_close_arg); /* may close it: it is not touched again */
}

static void broadcast_turn(struct wti_source *source, unsigned *calls)
{
	wt_broadcast *broadcast = wti_container_of(source, wt_broadcast, source);
	struct wti_thread *self = wti_load(&source->owner);

	if (!broadcast_turn_messages(broadcast, self, calls) || wti_loop_interrupted(self))
		return;
	if (broadcast_hears_close(broadcast))
		broadcast_tell_close(broadcast, self, calls);
}

static bool broadcast_ready(struct wti_source *source)
{
	wt_broadcast *broadcast = wti_container_of(source, wt_broadcast, source);

	/* One that a callback below us has is in its turn already. */
	if (broadcast->delivering)
		return false;
	/* Also without a handler: its limit may close it. */
	return (wti_broadcast_look(broadcast) && broadcast->on_message) || broadcast_hears_close(broadcast);
}

static bool broadcast_holds(struct wti_source *source)
{
	wt_broadcast *broadcast = wti_container_of(source, wt_broadcast, source);

	if (broadcast->delivering || !broadcast->on_close)
		return false;
	wti_broadcast_look(broadcast); /* its limit may have ended it since the last look */
	return broadcast_hears_close(broadcast);
}

const struct wti_source_ops wti_broadcast_source_ops = {
	.turn = broadcast_turn,
	.ready = broadcast_ready,
	.holds = broadcast_holds,
};
