/* SPDX-License-Identifier: MIT
 *
 * The mailbox of one thread. Without a listener it serves by refusing, so
 * that removing the listener, and the thread's end, empty it as the loop does.
 */
#include "alloc.h"
#include "fork.h"
#include "loop.h"
#include "seam.h"
#include "thread_message.h"
#include "thread_registry.h"
#include "trace.h"

void wti_mailbox_count(struct wti_mailbox *mailbox, uint32_t change)
{
	/* seq_cst: published before the look at the source; pairs with wti_mailbox_waiting [source-1] */
	wti_store_sc(&mailbox->waiting, wti_load(&mailbox->waiting) + change);
}

/* ---- Serving ---- */

static struct wti_errand *mailbox_take(struct wti_thread *self)
{
	struct wti_errand *errand = NULL;
	struct wti_list *link;

	wti_registry_lock();
	link = wti_list_pop(&self->mailbox->inbox);
	if (link) {
		errand = wti_list_entry(link, struct wti_errand, link);
		wti_mailbox_count(self->mailbox, -1u);
		wti_store(&errand->state, WTI_ERRAND_SERVED); /* relaxed: under the mutex */
		wti_list_append(&self->serving, link);
	}
	wti_registry_unlock();
	return errand;
}

/*
 * Under the mutex. One that sleeps may return as soon as it sees the state:
 * its parker gets the token first, and only its address is used after the
 * mutex. In a loop it cannot go: to free the errand it needs the mutex.
 */
static void errand_tell(struct wti_errand *errand, int result, struct wti_sleepers *sleepers)
{
	errand->result = result;
	if (errand->sleeps)
		wti_sleepers_unpark(sleepers, &errand->owner->parker);
	WTI_YIELD(WTI_YIELD_WAKING, errand);
	/* seq_cst: published before the look at the source; pairs with wti_errand_is_done [source-1], [errand-1] */
	wti_store_sc(&errand->state, WTI_ERRAND_DONE);
	if (!errand->sleeps)
		wti_source_notify(&errand->source);
}

/* What nobody took is destroyed before the owner hears. */
static void errand_finish(struct wti_errand *errand, int result)
{
	struct wti_sleepers sleepers = { .count = 0 };
	bool abandoned;

	wti_cargo_discard(wti_errand_cargo(errand));
	if (wti_forked())
		return;
	wti_registry_lock();
	wti_list_remove(&errand->link);
	abandoned = errand->abandoned;
	if (!abandoned)
		errand_tell(errand, result, &sleepers);
	wti_registry_unlock();
	wti_sleepers_wake(&sleepers);
	if (abandoned)
		wti_errand_free(errand);
}

static wt_message errand_show(struct wti_thread *self, struct wti_errand *errand)
{
	struct wti_cargo *cargo = wti_errand_cargo(errand);

	errand->serial = ++self->views;
	return (wt_message){
		.data = (const unsigned char *)cargo + wti_cargo_bytes(cargo),
		.size = errand->size,
		.type = errand->type,
		.transfer_count = cargo->count,
		.serial = errand->serial,
		.cargo = cargo,
	};
}

static int mailbox_call(struct wti_thread *self, struct wti_errand *errand)
{
	wt_thread_message_fn *listener = self->mailbox->listener;
	wt_message message;
	int result;

	if (!listener)
		return self->messages_over ? WT_EDIED : WT_ENOLISTENER;
	message = errand_show(self, errand);
	self->serving_depth++;
	wti_trace_arrive(self, WTI_TRACE_HANDLER, self->mailbox->trace, (uintptr_t)errand, errand->size);
	result = listener(&message, errand->from, self->mailbox->arg);
	wti_trace_end(self, result);
	if (!wti_forked())
		self->serving_depth--;
	return result ? WT_ELISTENER : 0;
}

bool wti_mailbox_serve(struct wti_thread *self)
{
	struct wti_errand *errand = mailbox_take(self);
	int result;

	if (!errand)
		return false;
	result = mailbox_call(self, errand);
	if (!wti_forked())
		errand_finish(errand, result);
	return !wti_forked();
}

bool wti_mailbox_serves(const struct wti_thread *self, const wt_message *message)
{
	for (struct wti_list *link = self->serving.next; link != &self->serving; link = link->next) {
		struct wti_errand *errand = wti_list_entry(link, struct wti_errand, link);

		if (message->serial == errand->serial && message->cargo == wti_errand_cargo(errand))
			return true;
	}
	return false;
}

static void mailbox_finish_served(struct wti_thread *self, int result)
{
	while (!wti_list_empty(&self->serving) && !wti_forked())
		errand_finish(wti_list_entry(self->serving.prev, struct wti_errand, link), result);
}

void wti_mailbox_unwind(struct wti_thread *self)
{
	mailbox_finish_served(self, WT_ELISTENER);
}

/* ---- The loop ---- */

static struct wti_mailbox *mailbox_of(struct wti_source *source)
{
	return wti_container_of(source, struct wti_mailbox, source);
}

static bool mailbox_ready(struct wti_source *source)
{
	return wti_mailbox_waiting(mailbox_of(source));
}

/* A turn's share is what waits when it begins: a listener whose messages bring new ones starves nobody. */
static void mailbox_turn(struct wti_source *source, unsigned *calls)
{
	struct wti_thread *self = wti_load(&source->owner);
	uint32_t share = wti_load(&mailbox_of(source)->waiting);

	while (share-- && !wti_loop_interrupted(self) && wti_mailbox_serve(self))
		++*calls;
}

static const struct wti_source_ops mailbox_source_ops = { .turn = mailbox_turn, .ready = mailbox_ready };

/* ---- The listener ---- */

static struct wti_mailbox *mailbox_make(struct wti_thread *self)
{
	struct wti_mailbox *mailbox = wti_alloc_zeroed(sizeof *mailbox);

	if (!mailbox)
		return NULL;
	wti_list_init(&mailbox->inbox);
	mailbox->trace = wti_trace_queue();
	wti_source_init(&mailbox->source, &mailbox_source_ops, self);
	wti_registry_enter(self);
	wti_thread_message_enlist(self);
	return mailbox;
}

static void mailbox_set(struct wti_thread *self, struct wti_mailbox *mailbox, wt_thread_message_fn *fn, void *arg)
{
	wti_registry_lock();
	self->mailbox = mailbox;
	mailbox->listener = fn;
	mailbox->arg = arg;
	wti_registry_unlock();
	if (fn)
		wti_loop_watch(&mailbox->source);
}

/* All that waits, unless a deleter of it sets a listener again. */
static void mailbox_refuse(struct wti_thread *self)
{
	mailbox_set(self, self->mailbox, NULL, NULL);
	while (!self->mailbox->listener && wti_mailbox_serve(self))
		;
}

void wti_mailbox_close(struct wti_thread *self)
{
	struct wti_mailbox *mailbox = self->mailbox;

	if (!mailbox)
		return;
	mailbox_refuse(self);
	mailbox_finish_served(self, WT_EDIED);
	wti_registry_lock();
	self->mailbox = NULL;
	wti_registry_unlock();
	wti_source_detach(&mailbox->source);
	wti_source_destroy(&mailbox->source);
	wti_free(mailbox);
}

int wt_on_thread_message(wt_thread_message_fn *fn, void *arg)
{
	struct wti_thread *self = wti_thread_self();
	struct wti_mailbox *mailbox;

	if (!self)
		return wti_fork_error(WT_ENOMEM);
	if (self->messages_over)
		return WT_ENOTSUP;
	mailbox = self->mailbox;
	if (!fn) {
		if (mailbox)
			mailbox_refuse(self);
		return 0;
	}
	if (!mailbox)
		mailbox = mailbox_make(self);
	if (!mailbox)
		return WT_ENOMEM;
	mailbox_set(self, mailbox, fn, arg);
	return 0;
}
