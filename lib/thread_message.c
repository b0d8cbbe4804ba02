/* SPDX-License-Identifier: MIT */
#include "thread_message.h"

#include "alloc.h"
#include "loop.h"
#include "message.h"
#include "thread_registry.h"
#include "trace.h"
#include "transfer.h"

/* ---- Making one ---- */

static int errand_size(const wt_outgoing *message, size_t *prefix, size_t *total)
{
	size_t size;
	int err = wti_outgoing_check(message, &size);

	if (err)
		return err;
	err = wti_transfer_check(message->transfer, message->transfer_count, &(struct wti_route){ 0 });
	if (err)
		return err;
	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	*prefix = sizeof(struct wti_errand) + wti_cargo_size(message->transfer_count);
	*total = *prefix + size;
	return 0;
}

int wti_errand_create(struct wti_errand **errand, struct wti_thread *self, const wt_outgoing *message)
{
	struct wti_errand *made;
	size_t prefix, total;
	int err = errand_size(message, &prefix, &total);

	if (err)
		return err;
	made = wti_alloc(total);
	if (!made)
		return WT_ENOMEM;
	*made = (struct wti_errand){ .owner = self, .from = self->id, .size = total - prefix, .type = message->type };
	*wti_errand_cargo(made) = (struct wti_cargo){ 0 };
	wti_outgoing_copy((unsigned char *)made + prefix, message);
	wti_list_init(&made->link);
	wti_list_init(&made->own);
	wti_list_append(&self->errands, &made->own);
	wti_thread_message_enlist(self);
	*errand = made;
	return 0;
}

/* ---- Its way ---- */

static int errand_look(const struct wti_thread *target, int over)
{
	if (!target)
		return WT_ESRCH;
	return target->mailbox && target->mailbox->listener ? over : WT_ENOLISTENER;
}

/* From here on the message is the mailbox's. */
static void errand_deliver(struct wti_errand *errand, struct wti_mailbox *mailbox)
{
	wti_trace_post(mailbox->trace, (uintptr_t)errand);
	errand->mailbox = mailbox;
	wti_store(&errand->state, WTI_ERRAND_WAITING); /* relaxed: under the mutex */
	wti_list_append(&mailbox->inbox, &errand->link);
	wti_mailbox_count(mailbox, 1);
	wti_source_notify(&mailbox->source);
}

int wti_errand_enter(struct wti_errand *errand, uint64_t id, const wt_outgoing *message, int over)
{
	struct wti_thread *target;
	struct wti_list dropped;
	int err;

	wti_list_init(&dropped);
	wti_registry_lock();
	target = wti_registry_find(id);
	err = errand_look(target, over);
	if (!err) {
		wti_transfer_pack(wti_errand_cargo(errand), 0, message, NULL, &dropped);
		errand_deliver(errand, target->mailbox);
	}
	wti_registry_unlock();
	wti_cargo_destroy_all(&dropped);
	return err;
}

/* ---- Its end ---- */

/* The owner's thread forgets it. */
static void errand_delist(struct wti_errand *errand)
{
	wti_list_remove(&errand->own);
	if (errand->sleeps)
		return;
	wti_source_detach(&errand->source);
	wti_deadline_remove(errand->owner, &errand->deadline);
	if (errand->refd)
		wti_loop_release(errand->owner, WTI_HOLD_MESSAGE);
}

int wti_errand_settle(struct wti_errand *errand, int otherwise)
{
	enum wti_errand_state state;
	int result;

	errand_delist(errand);
	wti_registry_lock();
	state = (enum wti_errand_state)wti_load(&errand->state); /* relaxed: under the mutex */
	result = state == WTI_ERRAND_DONE ? errand->result : otherwise;
	if (state == WTI_ERRAND_WAITING) {
		wti_list_remove(&errand->link);
		wti_mailbox_count(errand->mailbox, -1u);
	}
	errand->abandoned = state == WTI_ERRAND_SERVED;
	wti_registry_unlock();
	if (state != WTI_ERRAND_SERVED)
		wti_errand_free(errand);
	return result;
}

void wti_errand_free(struct wti_errand *errand)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_cargo_drop(wti_errand_cargo(errand), &dropped);
	if (!errand->sleeps)
		wti_source_destroy(&errand->source);
	wti_free(errand);
	wti_cargo_destroy_all(&dropped);
}

/* ---- The ends of threads ---- */

static void message_thread_end(struct wti_thread *self)
{
	self->messages_over = true;
	wti_mailbox_close(self);
	while (!wti_list_empty(&self->errands))
		wti_errand_settle(wti_list_entry(self->errands.next, struct wti_errand, own), 0);
}

/* The frames that waited are gone; the loop goes on with its own. */
static void message_thread_unwound(struct wti_thread *self)
{
	struct wti_list *link = self->errands.next;

	while (link != &self->errands) {
		struct wti_errand *errand = wti_list_entry(link, struct wti_errand, own);

		link = link->next;
		if (errand->sleeps)
			wti_errand_settle(errand, 0);
	}
	wti_mailbox_unwind(self);
}

void wti_thread_message_enlist(struct wti_thread *self)
{
	self->end[WTI_END_MESSAGES] = message_thread_end;
	self->unwound[WTI_END_MESSAGES] = message_thread_unwound;
}
