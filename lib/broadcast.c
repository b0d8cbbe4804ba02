/* SPDX-License-Identifier: MIT */
#include "broadcast.h"

#include <string.h>
#include <wt/stats.h>

#include "alloc.h"
#include "error.h"
#include "fork.h"
#include "hash.h"
#include "loop.h"
#include "trace.h"

enum { TOPIC_BUCKETS_LOG2 = 8 };

static struct wti_mutex topic_mutex = WTI_MUTEX_INIT(WTI_RANK_TOPICS);
static struct wti_topic *topic_buckets[1 << TOPIC_BUCKETS_LOG2]; /* under it */

/* ---- Topics ---- */

/* Where the topic of that name is linked, or NULL is, under the mutex. */
static struct wti_topic **topic_find(const struct wti_topic *like)
{
	struct wti_topic **at = &topic_buckets[wti_hash_bucket(like->hash, TOPIC_BUCKETS_LOG2)];

	while (*at && ((*at)->hash != like->hash || (*at)->name_size != like->name_size ||
		       memcmp((*at)->name, like->name, like->name_size) != 0))
		at = &(*at)->next;
	return at;
}

static struct wti_topic *topic_make(const void *name, size_t name_size)
{
	struct wti_topic *topic = wti_alloc_lines(wti_round_up(sizeof *topic + name_size, WTI_CACHE_LINE));

	if (!topic)
		return NULL;
	if (name_size)
		memcpy(topic + 1, name, name_size);
	topic->name = topic + 1;
	topic->name_size = name_size;
	topic->hash = wti_hash(name, name_size);
	topic->trace = wti_trace_queue();
	wti_log_init(&topic->log);
	return topic;
}

static void topic_destroy(struct wti_topic *topic)
{
	wti_log_destroy(&topic->log);
	wti_free_lines(topic);
}

/* Enter the topic that was made, unless there is one of that name: one hold more of what is in the table then. */
static struct wti_topic *topic_enter(struct wti_topic *made)
{
	struct wti_topic **at, *topic;

	wti_mutex_lock(&topic_mutex);
	at = topic_find(made);
	if (!*at)
		*at = made;
	topic = *at;
	topic->opens++;
	wti_mutex_unlock(&topic_mutex);
	if (topic != made)
		topic_destroy(made);
	return topic;
}

static void topic_leave(struct wti_topic *topic)
{
	bool last;

	wti_mutex_lock(&topic_mutex);
	last = --topic->opens == 0;
	if (last)
		*topic_find(topic) = topic->next;
	wti_mutex_unlock(&topic_mutex);
	if (last)
		topic_destroy(topic);
}

/* ---- Opening and closing ---- */

static struct wti_thread *broadcast_own(const wt_broadcast *broadcast)
{
	struct wti_thread *self = wti_thread_peek();

	if (!broadcast || !self || wti_load(&broadcast->source.owner) != self || broadcast->closing)
		return NULL;
	return self;
}

void wti_broadcast_set_ref(wt_broadcast *broadcast, struct wti_thread *self, bool ref)
{
	wti_loop_set_hold(self, WTI_HOLD_BROADCAST, &broadcast->refd, ref);
}

void wti_broadcast_stop(wt_broadcast *broadcast)
{
	wti_store(&broadcast->closed, 1); /* relaxed: who posts at the same time is before it, or after it */
	wti_cursor_leave(&broadcast->cursor);
}

void wti_broadcast_free(wt_broadcast *broadcast)
{
	struct wti_thread *self = wti_load(&broadcast->source.owner);

	WTI_ENDED(broadcast);
	wti_broadcast_end_view(broadcast);
	if (self->broadcast_last == broadcast)
		self->broadcast_last = NULL;
	wti_owned_remove(&self->owned, &broadcast->owned);
	wti_source_detach(&broadcast->source);
	wti_source_destroy(&broadcast->source);
	topic_leave(broadcast->topic);
	wti_free_lines_late(broadcast);
}

static void broadcast_close(wt_broadcast *broadcast, struct wti_thread *self)
{
	broadcast->closing = true;
	wti_broadcast_set_ref(broadcast, self, false);
	if (!broadcast->over)
		wti_broadcast_stop(broadcast);
	if (!broadcast->delivering)
		wti_broadcast_free(broadcast);
}

void wt_broadcast_close(wt_broadcast *broadcast)
{
	struct wti_thread *self = broadcast_own(broadcast);

	WTI_ENDS(broadcast, BROADCAST);
	if (self)
		broadcast_close(broadcast, self);
}

/* Callbacks were left by a jump, or are below a thread that ends: their messages are over. */
static void broadcast_unwound(wt_broadcast *broadcast)
{
	broadcast->delivering = false;
	wti_broadcast_unpin(broadcast);
	if (broadcast->closing)
		wti_broadcast_free(broadcast);
}

static void broadcast_thread_unwound(struct wti_thread *self)
{
	struct wti_list *link, *next;

	for (link = self->broadcasts.next; link != &self->broadcasts; link = next) {
		next = link->next;
		broadcast_unwound(wti_list_entry(link, wt_broadcast, owned));
	}
}

static void broadcast_thread_end(struct wti_thread *self)
{
	broadcast_thread_unwound(self);
	while (!wti_list_empty(&self->broadcasts))
		broadcast_close(wti_list_entry(self->broadcasts.next, wt_broadcast, owned), self);
}

static int broadcast_check(wt_broadcast_options *to, const void *name, size_t name_size,
			   const wt_broadcast_options *options)
{
	int err = wti_options_read(to, sizeof *to, options);

	if (err)
		return err;
	if (!name && name_size)
		return WT_EINVAL;
	if (to->overflow != WT_BROADCAST_DROP_OLDEST && to->overflow != WT_BROADCAST_CLOSE)
		return WT_EINVAL;
	if (name_size > WTI_SIZE_MAX || to->limit > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	return 0;
}

static wt_broadcast *broadcast_make(struct wti_thread *self, struct wti_topic *topic,
				    const wt_broadcast_options *options)
{
	wt_broadcast *broadcast = wti_alloc_lines(sizeof *broadcast);
	size_t limit = options->limit ? options->limit : WTI_LOG_UNLIMITED;

	if (!broadcast)
		return NULL;
	WTI_MADE(broadcast, BROADCAST);
	WTI_NAMED(broadcast, 0, topic->name, topic->name_size);
	WTI_OWED(broadcast);
	broadcast->topic = topic_enter(topic);
	broadcast->trace = broadcast->topic->trace;
	wti_source_init(&broadcast->source, &wti_broadcast_source_ops, self);
	wti_cursor_join(&broadcast->cursor, &broadcast->topic->log, limit, options->overflow == WT_BROADCAST_CLOSE);
	self->end[WTI_END_BROADCASTS] = broadcast_thread_end;
	self->unwound[WTI_END_BROADCASTS] = broadcast_thread_unwound;
	wti_list_init(&broadcast->owned);
	wti_owned_add(&self->owned, &self->broadcasts, &broadcast->owned);
	wti_broadcast_set_ref(broadcast, self, true);
	/* Without a handler, too, its limit may close it, and then it does not keep the loop alive any more. */
	if (broadcast->cursor.expels)
		wti_loop_watch(&broadcast->source);
	return broadcast;
}

int wt_broadcast_open(wt_broadcast **broadcast, const void *name, size_t name_size,
		      const wt_broadcast_options *options)
{
	wt_broadcast_options read;
	struct wti_thread *self;
	struct wti_topic *topic;
	int err;

	if (!broadcast)
		return WT_EINVAL;
	*broadcast = NULL;
	err = broadcast_check(&read, name, name_size, options);
	if (err)
		return err;
	self = wti_thread_self();
	if (!self)
		return wti_fork_error(WT_ENOMEM);
	topic = topic_make(name, name_size);
	if (!topic)
		return WT_ENOMEM;
	*broadcast = broadcast_make(self, topic, &read);
	if (*broadcast)
		return 0;
	topic_destroy(topic);
	return WT_ENOMEM;
}

void wt_broadcast_options_init(wt_broadcast_options *options)
{
	if (options)
		*options = (wt_broadcast_options){ .size = sizeof *options };
}

/* ---- Handlers, liveness, counters ---- */

void wt_broadcast_on_message(wt_broadcast *broadcast, wt_broadcast_fn *fn, void *arg)
{
	WTI_USES(broadcast, BROADCAST);
	if (!broadcast_own(broadcast))
		return;
	broadcast->on_message = fn;
	broadcast->on_message_arg = arg;
	wti_loop_watch(&broadcast->source);
}

void wt_broadcast_on_message_error(wt_broadcast *broadcast, void (*fn)(wt_broadcast *broadcast, int error, void *arg),
				   void *arg)
{
	WTI_USES(broadcast, BROADCAST);
	if (!broadcast_own(broadcast))
		return;
	broadcast->on_message_error = fn;
	broadcast->on_message_error_arg = arg;
}

void wt_broadcast_on_close(wt_broadcast *broadcast, void (*fn)(wt_broadcast *broadcast, void *arg), void *arg)
{
	WTI_USES(broadcast, BROADCAST);
	if (!broadcast_own(broadcast))
		return;
	broadcast->on_close = fn;
	broadcast->on_close_arg = arg;
	wti_loop_watch(&broadcast->source);
}

void wt_broadcast_ref(wt_broadcast *broadcast)
{
	struct wti_thread *self = broadcast_own(broadcast);

	WTI_USES(broadcast, BROADCAST);
	if (self && !broadcast->close_told)
		wti_broadcast_set_ref(broadcast, self, true);
}

void wt_broadcast_unref(wt_broadcast *broadcast)
{
	struct wti_thread *self = broadcast_own(broadcast);

	WTI_USES(broadcast, BROADCAST);
	if (self)
		wti_broadcast_set_ref(broadcast, self, false);
}

bool wt_broadcast_has_ref(const wt_broadcast *broadcast)
{
	WTI_USES(broadcast, BROADCAST);
	return broadcast_own(broadcast) && wti_load(&broadcast->refd);
}

const void *wt_broadcast_name(const wt_broadcast *broadcast, size_t *size)
{
	WTI_USES(broadcast, BROADCAST);
	if (size)
		*size = broadcast ? broadcast->topic->name_size : 0;
	return broadcast ? broadcast->topic->name : NULL;
}

int wt_broadcast_stats(const wt_broadcast *broadcast, struct wt_broadcast_stats *stats)
{
	wt_broadcast *own = (wt_broadcast *)(uintptr_t)broadcast;
	struct wt_broadcast_stats now = { 0 };
	struct wti_backlog backlog;

	WTI_USES(broadcast, BROADCAST);
	if (!broadcast || !stats)
		return WT_EINVAL;
	if (!broadcast_own(broadcast))
		return wti_fork_error(WT_EOWNER);
	wti_broadcast_look(own);
	wti_cursor_backlog(&own->cursor, &backlog);
	now.received = own->received;
	now.received_bytes = own->received_bytes;
	now.dropped = backlog.dropped + own->damaged;
	now.queued = backlog.bytes;
	now.limit = own->cursor.limit == WTI_LOG_UNLIMITED ? 0 : own->cursor.limit;
	return wti_snapshot_write(stats, &now, sizeof now);
}
