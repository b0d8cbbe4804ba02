/* SPDX-License-Identifier: MIT
 *
 * JSON documents (jansson) as messages. The type of a message is the number
 * of the line that it is about, from 1 on, so that also one which nobody can
 * decode is known by its line. Any thread, as the port allows.
 */
#ifndef JSON_MESSAGE_H
#define JSON_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <wt.h>

/* The type of the message after which none will come. */
#define JSON_MESSAGE_END 0

/*
 * Encode the document into the receiver's queue, without a copy in between.
 * `spoil` cuts it short, so that the receiver cannot decode it. Returns 0; as
 * wt_port_reserve; WT_ENOMEM. The document stays the caller's.
 */
int json_message_post(wt_port *port, const json_t *document, uint32_t line, bool spoil);

/* Post what may be a document, as it is written. As wt_port_send. */
int json_message_post_text(wt_port *port, const char *text, size_t size, uint32_t line);

/* Say that no more will come. As wt_port_send. */
int json_message_post_end(wt_port *port);

/* The document of a message, which is the caller's; NULL when it is malformed, and *error says where. */
json_t *json_message_decode(const wt_message *message, json_error_t *error);

#endif
