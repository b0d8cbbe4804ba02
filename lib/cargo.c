/* SPDX-License-Identifier: MIT */
#include "cargo.h"

#include <stdlib.h>
#include <wt/shared.h>

#include "fork.h"
#include "os.h"
#include "seam.h"
#include "thread.h"

int wti_cargo_take(struct wti_cargo *cargo, size_t index, uint32_t kind, struct wti_item *item)
{
	struct wti_item *there;
	int err;

	if (!cargo || index >= cargo->count)
		return WT_ERANGE;
	there = &cargo->items[index];
	if (!there->kind)
		return WT_EDETACHED;
	if (there->kind != kind)
		return WT_EINVAL;
	err = WTI_FAULT(WTI_FAULT_ATTACH);
	if (err)
		return err;
	*item = *there;
	if (cargo->kept)
		wt_shared_hold(item->shared);
	else
		there->kind = 0;
	return 0;
}

static void cargo_drop_item(struct wti_item *item, struct wti_list *dropped)
{
	switch (item->kind) {
	case WT_TRANSFER_PORT:
	case WT_TRANSFER_BUFFER:
	case WT_TRANSFER_SENDER:
		if (item->object->ops->leave)
			item->object->ops->leave(item->object);
		wti_list_append(dropped, &item->object->link);
		break;
	case WT_TRANSFER_FD:
		wti_os->descriptor_close(item->fd);
		break;
	case WT_TRANSFER_SHARED:
		wt_shared_release(item->shared);
		break;
	}
	item->kind = 0;
}

void wti_cargo_drop(struct wti_cargo *cargo, struct wti_list *dropped)
{
	for (uint32_t i = 0; i < cargo->count; i++)
		if (cargo->items[i].kind) /* else it was taken */
			cargo_drop_item(&cargo->items[i], dropped);
}

void wti_cargo_show(struct wti_thread *self, struct wti_cargo_view *view, struct wti_cargo *cargo, wt_message *message)
{
	wti_list_init(&view->link);
	if (!cargo || !cargo->count)
		return;
	view->serial = ++self->views;
	view->cargo = cargo;
	wti_list_append(&self->cargos, &view->link);
	message->transfer_count = cargo->count;
	message->serial = view->serial;
	message->cargo = cargo;
}

void wti_cargo_hide(struct wti_cargo_view *view)
{
	wti_list_remove(&view->link);
}

int wti_cargo_find(struct wti_thread *self, const wt_message *message, struct wti_cargo **cargo)
{
	*cargo = NULL;
	if (!message->data)
		return WT_EINVAL;
	if (!message->cargo)
		return 0;
	for (struct wti_list *link = self->cargos.next; link != &self->cargos; link = link->next) {
		struct wti_cargo_view *view = wti_list_entry(link, struct wti_cargo_view, link);

		if (view->cargo == message->cargo && view->serial == message->serial) {
			*cargo = view->cargo;
			return 0;
		}
	}
	return WT_EINVAL;
}

static void cargo_destroy_all(struct wti_list *dropped)
{
	struct wti_list *link;

	while ((link = wti_list_pop(dropped))) {
		struct wti_transferable *object = wti_list_entry(link, struct wti_transferable, link);

		object->ops->destroy(object, dropped);
		if (wti_forked())
			return; /* in a deleter: the rest is the parent's */
	}
}

void wti_cargo_destroy_all(struct wti_list *dropped)
{
	struct wti_thread *self = wti_thread_peek();

	if (wti_list_empty(dropped))
		return;
	if (self)
		self->deleters++;
	cargo_destroy_all(dropped);
	if (wti_forked() && self && self->leaving)
		exit(self->child_code); /* as where a worker's entry has forked: what follows is the parent's */
	if (self)
		self->deleters--;
}

void wti_cargo_discard(struct wti_cargo *cargo)
{
	struct wti_list dropped;

	wti_list_init(&dropped);
	wti_cargo_drop(cargo, &dropped);
	wti_cargo_destroy_all(&dropped);
}
