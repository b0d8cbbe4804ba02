/* SPDX-License-Identifier: MIT */
#include "json_message.h"

#define JSON_WRITTEN (JSON_COMPACT | JSON_ENCODE_ANY)
#define JSON_READ    (JSON_DECODE_ANY | JSON_ALLOW_NUL)

int json_message_post(wt_port *port, const json_t *document, uint32_t line, bool spoil)
{
	size_t size = json_dumpb(document, NULL, 0, JSON_WRITTEN);
	wt_slot slot;
	int err;

	if (!size)
		return WT_ENOMEM;
	err = wt_port_reserve(port, size, &slot, WT_FOREVER);
	if (err)
		return err;
	if (json_dumpb(document, slot.data, slot.size, JSON_WRITTEN) != size) {
		wt_port_abandon(port, &slot);
		return WT_ENOMEM;
	}
	slot.type = line;
	if (spoil)
		slot.size /= 2;
	return wt_port_commit(port, &slot);
}

int json_message_post_text(wt_port *port, const char *text, size_t size, uint32_t line)
{
	const wt_outgoing message = { .data = text, .size = size, .type = line };

	return wt_port_send(port, &message, WT_FOREVER);
}

int json_message_post_end(wt_port *port)
{
	return json_message_post_text(port, NULL, 0, JSON_MESSAGE_END);
}

json_t *json_message_decode(const wt_message *message, json_error_t *error)
{
	return json_loadb(message->data, message->size, JSON_READ, error);
}
