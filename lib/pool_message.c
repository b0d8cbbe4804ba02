/* SPDX-License-Identifier: MIT
 *
 * Messages of a task to its submitter: a block with cargo and bytes. The text
 * of its failure is one, too, with the reply beneath it.
 */
#include "alloc.h"
#include "message.h"
#include "pool.h"
#include "transfer.h"

static struct wti_cargo *message_cargo(struct wti_pool_message *message)
{
	return (struct wti_cargo *)(void *)(message + 1);
}

static unsigned char *message_bytes(struct wti_pool_message *message)
{
	struct wti_cargo *cargo = message_cargo(message);

	return (unsigned char *)cargo + wti_cargo_bytes(cargo);
}

static int message_alloc(struct wti_pool_message **made, const wt_outgoing *outgoing, size_t size)
{
	if (size > WTI_SIZE_MAX)
		return WT_EOVERFLOW;
	*made = wti_alloc(sizeof **made + wti_cargo_size(outgoing->transfer_count) + size);
	return *made ? 0 : WT_ENOMEM;
}

int wti_pool_message_make(struct wti_pool_message **made, const wt_outgoing *outgoing, struct wti_list *dropped)
{
	size_t size;
	int err = wti_outgoing_check(outgoing, &size);

	if (!err)
		err = wti_transfer_check(outgoing->transfer, outgoing->transfer_count, &(struct wti_route){ 0 });
	if (!err)
		err = message_alloc(made, outgoing, size);
	if (err)
		return err;
	wti_list_init(&(*made)->link);
	wti_list_init(&(*made)->view.link);
	(*made)->beneath = NULL;
	(*made)->explains = false;
	(*made)->type = outgoing->type;
	(*made)->size = size;
	wti_transfer_pack(message_cargo(*made), 0, outgoing, NULL, dropped);
	wti_outgoing_copy(message_bytes(*made), outgoing);
	return 0;
}

void wti_pool_message_free(struct wti_pool_message *message)
{
	struct wti_list dropped;

	if (message->beneath)
		wti_pool_message_free(message->beneath);
	wti_cargo_hide(&message->view);
	wti_list_init(&dropped);
	wti_cargo_drop(message_cargo(message), &dropped);
	wti_free(message);
	wti_cargo_destroy_all(&dropped);
}

void wti_pool_message_show(struct wti_pool_message *message, wt_message *to)
{
	*to = (wt_message){ .data = message_bytes(message), .size = message->size, .type = message->type };
	wti_cargo_hide(&message->view);
	wti_cargo_show(wti_thread_peek(), &message->view, message_cargo(message), to);
}

const char *wti_pool_message_text(struct wti_pool_message *message)
{
	return message->explains ? (const char *)message_bytes(message) : NULL;
}
