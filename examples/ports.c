/* SPDX-License-Identifier: MIT
 *
 * Two workers that main introduces to each other: it makes a channel, and
 * gives each of them one of its ports. From then on they talk without main.
 * They count in turns, and who reaches the number says so.
 *
 *	$ ports 5
 *	anna says 5
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <wt.h>

#define NUMBER_MAX 1000000

/* The types of main's messages, each of which brings a port. */
enum { LISTEN, BEGIN };

/* The other says a number, I say the next one. WT_ECLOSED: it has said the last, and gone. */
static int take_turns(wt_port *other, uint32_t number, uint32_t last)
{
	wt_message message;
	int err = 0;

	while (!err && number < last) {
		err = wt_port_receive(other, &message, WT_FOREVER);
		if (err)
			break;
		number = *(const uint32_t *)message.data + 1;
		if (number < last)
			err = wt_port_post(other, &number, sizeof number);
	}
	return err;
}

/* Runs in each of the two workers. */
static int counter(wt_port *parent, const void *data, size_t size)
{
	const uint32_t *last = data;
	wt_port *other;
	wt_message message;
	uint32_t number = 0;
	int err = wt_port_receive(parent, &message, WT_FOREVER);

	/* The port that came with the message is this worker's from now on, and closes when it ends. */
	if (!err)
		err = wt_message_take_port(&message, 0, &other);
	if (!err && message.type == BEGIN && ++number < *last)
		err = wt_port_post(other, &number, sizeof number);
	if (!err)
		err = take_turns(other, number, *last);
	if (err)
		return err == WT_ECLOSED ? 0 : err;
	return wt_port_post(parent, last, sizeof *last);
}

/* These run in main. */
static void on_message(wt_worker *worker, wt_message *message, void *arg)
{
	printf("%s says %" PRIu32 "\n", wt_worker_name(worker), *(const uint32_t *)message->data);
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	if (code) {
		fprintf(stderr, "ports: %s: %s\n", wt_worker_name(worker), wt_strerror(code));
		*(int *)arg = 1;
	}
	wt_worker_destroy(worker);
}

static int start(wt_worker **worker, const char *name, uint32_t last, int *failed)
{
	int err = wt_worker_create(worker, counter, &last, sizeof last, WT_WORKER_OPTIONS(.name = name));

	if (err)
		return err;
	wt_worker_on_message(*worker, on_message, NULL);
	wt_worker_on_exit(*worker, on_exit_, failed);
	return 0;
}

/* On success the port is the worker's, and *port is NULL; else it is still ours. */
static int give(wt_worker *worker, uint32_t type, wt_port **port)
{
	const wt_transfer list[] = { WT_MOVE(port) };
	const wt_outgoing message = { .type = type, .transfer = list, .transfer_count = 1 };

	return wt_port_send(wt_worker_port(worker), &message, WT_NOW);
}

static int introduce(wt_worker *anna, wt_worker *bert)
{
	wt_port *a, *b;
	int err = wt_channel_create(&a, &b, NULL);

	if (!err)
		err = give(anna, BEGIN, &a);
	if (!err)
		err = give(bert, LISTEN, &b);
	wt_port_close(a);
	wt_port_close(b);
	return err;
}

static int run(uint32_t last)
{
	wt_worker *anna, *bert;
	int failed = 0;
	int err = start(&anna, "anna", last, &failed);

	if (!err)
		err = start(&bert, "bert", last, &failed);
	if (!err)
		err = introduce(anna, bert);
	if (!err)
		err = wt_run();
	/* After an error, workers that wait for a port are ended by the library when main returns. */
	if (err)
		fprintf(stderr, "ports: %s\n", wt_strerror(err));
	return err || failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	char *end;
	unsigned long last;

	if (argc != 2)
		return fprintf(stderr, "usage: ports NUMBER\n"), 2;
	last = strtoul(argv[1], &end, 10);
	if (end == argv[1] || *end || *argv[1] < '0' || *argv[1] > '9' || last < 1 || last > NUMBER_MAX)
		return fprintf(stderr, "ports: '%s' is not a number from 1 to %d\n", argv[1], NUMBER_MAX), 2;
	return run((uint32_t)last);
}
