/* SPDX-License-Identifier: MIT */
#include "sender.h"

#include "alloc.h"
#include "fork.h"
#include "port.h"
#include "seam.h"

static void sender_destroy(struct wti_transferable *object, struct wti_list *dropped)
{
	wt_sender *sender = wti_container_of(object, wt_sender, transferable);

	WTI_ENDED(sender);
	wti_port_leave_posters(sender->port);
	wti_channel_release(sender->port->channel, dropped);
	wti_free_late(sender);
}

static const struct wti_transferable_ops sender_transferable_ops = { .destroy = sender_destroy };

/* The caller is one who posts from there already: neither count can have fallen to zero. */
int wti_sender_create(wt_sender **sender, wt_port *port)
{
	wt_sender *made = wti_alloc(sizeof *made);

	if (!made)
		return WT_ENOMEM;
	wti_transferable_init(&made->transferable, &sender_transferable_ops);
	made->port = port;
	wti_add(&port->posters, 1);
	if (!WTI_MUTANT(WTI_MUTANT_SENDER_NO_HOLD))
		wti_channel_hold(port->channel);
	WTI_MADE(made, SENDER);
	*sender = made;
	return 0;
}

static int sender_create_owed(wt_sender **sender, wt_port *port)
{
	int err = wti_sender_create(sender, port);

	if (!err)
		WTI_OWED(*sender);
	return err;
}

int wt_port_sender(wt_port *port, wt_sender **sender)
{
	struct wti_thread *self = wti_thread_peek();

	WTI_USES(port, PORT);
	if (!sender)
		return WT_EINVAL;
	*sender = NULL;
	if (!port)
		return WT_EINVAL;
	if (!self || wti_load(&port->source.owner) != self)
		return wti_fork_error(WT_EOWNER);
	if (port->closing)
		return WT_ECLOSED;
	return sender_create_owed(sender, port);
}

int wt_sender_dup(wt_sender *sender, wt_sender **copy)
{
	WTI_USES(sender, SENDER);
	if (!copy)
		return WT_EINVAL;
	*copy = NULL;
	if (!sender)
		return WT_EINVAL;
	if (wti_forked())
		return WT_EFORKED;
	return sender_create_owed(copy, sender->port);
}

int wt_sender_post(wt_sender *sender, const void *data, size_t size)
{
	WTI_USES(sender, SENDER);
	if (!sender || (!data && size))
		return WT_EINVAL;
	return wti_sender_post(sender->port, data, size);
}

int wt_sender_send(wt_sender *sender, const wt_outgoing *message, wt_time deadline)
{
	WTI_USES(sender, SENDER);
	if (!sender)
		return WT_EINVAL;
	return wti_port_send(&(struct wti_sending){ .port = sender->port, .sender = sender, .message = message },
			     deadline);
}

void wt_sender_close(wt_sender *sender)
{
	struct wti_list dropped;

	WTI_ENDS(sender, SENDER);
	if (!sender || wti_forked())
		return;
	wti_list_init(&dropped);
	sender_destroy(&sender->transferable, &dropped);
	wti_cargo_destroy_all(&dropped);
}
