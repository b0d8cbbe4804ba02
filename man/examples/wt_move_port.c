/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wt.h>

enum { TEXT, REPLY, COUNTER }; /* the places in the list */

/* Changes a text in place, and sends it to whom it was told. */
static int upper(wt_port *reply, wt_buffer **text)
{
	const wt_transfer list[] = { WT_MOVE(text) };
	unsigned char *bytes = wt_buffer_data(*text);

	for (size_t i = 0; i < wt_buffer_size(*text); i++)
		bytes[i] = (unsigned char)toupper(bytes[i]);
	return wt_port_send(reply, &(wt_outgoing){ .transfer = list,
						   .transfer_count = 1 },
			    WT_FOREVER);
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	wt_buffer *text = NULL;
	wt_shared *counter = NULL;
	wt_port *reply;
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	if (!err)
		err = wt_message_take_buffer(&message, TEXT, &text);
	if (!err)
		err = wt_message_take_port(&message, REPLY, &reply);
	if (!err)
		err = wt_message_take_shared(&message, COUNTER, &counter);
	if (!err)
		err = wt_atomics_add(counter, WT_I32, 0, 1, NULL);
	if (!err)
		err = upper(reply, &text);
	/* A port to post on, for as long as somebody has the worker. */
	while (!err && wt_port_receive(parent, &message, WT_FOREVER) == 0)
		;
	wt_shared_release(counter);
	wt_buffer_destroy(text);
	return err;
}

/* Ask for the work, and take the text back when it comes. */
static int ask(wt_worker *worker, wt_buffer **text, wt_shared *counter)
{
	wt_port *answers, *reply;
	wt_message message;
	int err = wt_channel_create(&answers, &reply, NULL);
	const wt_transfer list[] = {
		[TEXT] = WT_MOVE(text),
		[REPLY] = WT_MOVE(&reply),
		[COUNTER] = WT_SHARE(counter),
	};
	const wt_outgoing request = { .transfer = list,
				      .transfer_count = 3 };

	if (err)
		return err;
	err = wt_port_send(wt_worker_port(worker), &request, WT_NOW);
	printf("sent: text and reply are %s\n",
	       *text || reply ? "here" : "gone");
	/* The same again: the first two variables are empty now. */
	if (!err)
		puts(wt_err_name(wt_port_send(wt_worker_port(worker),
					      &request, WT_NOW)));
	if (!err)
		err = wt_port_receive(answers, &message, WT_FOREVER);
	if (!err)
		err = wt_message_take_buffer(&message, 0, text);
	wt_port_close(reply);
	wt_port_close(answers);
	return err;
}

int main(void)
{
	wt_worker *worker;
	wt_buffer *text = NULL;
	wt_shared *counter = NULL;
	int64_t count;
	int err = wt_worker_create(&worker, worker_main, NULL, 0, NULL);

	if (!err)
		err = wt_shared_create(&counter, sizeof(int32_t), 0);
	if (!err)
		err = wt_buffer_create(&text, 6);
	if (!err) {
		memcpy(wt_buffer_data(text), "moved", 6);
		err = ask(worker, &text, counter);
	}
	if (!err)
		err = wt_atomics_load(counter, WT_I32, 0, &count);
	if (!err)
		printf("%s, by %" PRId64 " worker\n",
		       (char *)wt_buffer_data(text), count);
	wt_buffer_destroy(text);
	wt_shared_release(counter);
	wt_worker_destroy(worker);
	return err != 0;
}
