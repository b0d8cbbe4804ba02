/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include <string.h>

#include "broadcast.h"
#include "pool.h"
#include "port.h"
#include "thread.h"
#include "timer.h"

/* The thread that owns the other end, if any: it gives that up under the source's lock, and is there until then. */
static void dump_peer(struct wti_text *text, wt_port *port)
{
	struct wti_source *source = &port->peer->source;
	struct wti_thread *owner;

	wti_dump_address(text, "peer", NULL, port->peer);
	wti_mutex_lock(&source->lock);
	owner = wti_load(&source->owner);
	if (owner)
		wti_text_add(text, " peer_owner=%llu", (unsigned long long)owner->id);
	else
		wti_text_add(text, " peer_owner=-");
	wti_mutex_unlock(&source->lock);
}

/* Relaxed: closed and ended may both have come a moment ago. */
static const char *dump_port_state(const wt_port *port)
{
	if (wti_load(&port->closed))
		return "closing";
	return wti_load(&port->peer_ended) ? "ended" : "open";
}

static void dump_port(struct wti_text *text, wt_port *port, uint64_t owner)
{
	size_t limit = port->inbox.limit == WTI_NO_LIMIT ? 0 : port->inbox.limit;

	wti_text_add(text, "port");
	wti_dump_address(text, "at", NULL, port);
	wti_text_add(text, " owner=%llu", (unsigned long long)owner);
	dump_peer(text, port);
	wti_text_add(text, " state=%s queued=%zu limit=%zu received=%llu senders_waiting=%u", dump_port_state(port),
		     wti_ring_used(&port->inbox), limit, (unsigned long long)wti_load(&port->received),
		     wti_load(&port->senders.count));
	wti_dump_bool(text, "asleep", wti_load(&port->source.state) & WTI_SOURCE_ARMED);
	wti_dump_bool(text, "ref", wti_load(&port->refd));
	wti_text_add(text, "\n");
}

static void dump_broadcast(struct wti_text *text, wt_broadcast *broadcast, uint64_t owner)
{
	struct wti_backlog backlog;

	wti_cursor_backlog(&broadcast->cursor, &backlog);
	wti_text_add(text, "broadcast");
	wti_dump_address(text, "at", NULL, broadcast);
	wti_text_add(text, " owner=%llu name=", (unsigned long long)owner);
	wti_text_add_quoted(text, broadcast->topic->name, broadcast->topic->name_size);
	wti_text_add(text, " queued=%zu dropped=%llu", backlog.bytes, (unsigned long long)backlog.dropped);
	wti_dump_bool(text, "asleep", wti_load(&broadcast->source.state) & WTI_SOURCE_ARMED);
	wti_dump_bool(text, "ref", wti_load(&broadcast->refd));
	wti_text_add(text, "\n");
}

static void dump_timer(struct wti_text *text, const struct wt_timer *timer, uint64_t owner, int64_t now)
{
	int64_t due = wti_load(&timer->due);

	wti_text_add(text, "timer");
	wti_dump_address(text, "at", NULL, timer);
	wti_text_add(text, " owner=%llu", (unsigned long long)owner);
	if (due == WT_FOREVER)
		wti_text_add(text, " due=-");
	else
		wti_dump_seconds(text, "due", due - now);
	wti_dump_seconds(text, "every", wti_load(&timer->interval));
	wti_dump_bool(text, "ref", wti_load(&timer->refd));
	wti_text_add(text, "\n");
}

static void dump_pool(struct wti_text *text, struct wt_pool *pool, uint64_t owner)
{
	static const char *const states[] = { "open", "closing", "ended" };
	struct wt_pool_stats now = { 0 };
	enum wti_pool_state state;
	unsigned starting;

	wti_mutex_lock(&pool->lock);
	wti_pool_stats_now(pool, &now);
	state = pool->state;
	starting = pool->starting;
	wti_mutex_unlock(&pool->lock);
	wti_text_add(text, "pool");
	wti_dump_address(text, "at", NULL, pool);
	wti_text_add(text, " owner=%llu name=", (unsigned long long)owner);
	wti_text_add_quoted(text, pool->options.name, strlen(pool->options.name));
	wti_text_add(text, " state=%s queued=%zu running=%zu workers=%u idle=%u starting=%u overdue=%u\n",
		     states[state], now.queued, now.running, now.workers, now.idle, starting, now.zombies);
}

void wti_dump_owned(struct wti_text *text, struct wti_thread *thread, int64_t now)
{
	struct wti_list *link;

	wti_owned_lock(&thread->owned);
	for (link = thread->ports.next; link != &thread->ports; link = link->next)
		dump_port(text, wti_list_entry(link, wt_port, owned), thread->id);
	for (link = thread->broadcasts.next; link != &thread->broadcasts; link = link->next)
		dump_broadcast(text, wti_list_entry(link, wt_broadcast, owned), thread->id);
	for (link = thread->timers.next; link != &thread->timers; link = link->next)
		dump_timer(text, wti_list_entry(link, struct wt_timer, owned), thread->id, now);
	for (link = thread->pools.next; link != &thread->pools; link = link->next)
		dump_pool(text, wti_list_entry(link, struct wt_pool, owned), thread->id);
	wti_owned_unlock(&thread->owned);
}
