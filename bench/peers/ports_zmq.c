// SPDX-License-Identifier: MIT
/* A pair of ZeroMQ's inproc sockets for each port, and zmq_poll. What is received at once is what a socket has. */
#include "../bursts.h"

#include <stdio.h>
#include <zmq.h>

static struct bursts bursts;
static void *context, *theirs[BURSTS_PORTS_MAX], *answers[2];
static zmq_pollitem_t items[BURSTS_PORTS_MAX];

static void ports_took(unsigned port, uint64_t word);

static void must(const char *what, int result)
{
	if (result < 0)
		bench_die(what, zmq_errno());
}

static void connect_pair(unsigned number, void **bound, void **connected)
{
	char address[48];

	snprintf(address, sizeof address, "inproc://%u", number);
	*bound = zmq_socket(context, ZMQ_PAIR);
	*connected = zmq_socket(context, ZMQ_PAIR);
	must("zmq_bind", zmq_bind(*bound, address));
	must("zmq_connect", zmq_connect(*connected, address));
}

static void ports_open(unsigned count)
{
	bursts_allow_descriptors();
	context = zmq_ctx_new();
	zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 2 * BURSTS_PORTS_MAX + 8);
	connect_pair(count, &answers[0], &answers[1]);
	for (unsigned i = 0; i < count; i++) {
		connect_pair(i, &items[i].socket, &theirs[i]);
		items[i].events = ZMQ_POLLIN;
	}
}

static void ports_close(void)
{
	for (unsigned i = 0; i < bursts.ports; i++) {
		zmq_close(items[i].socket);
		zmq_close(theirs[i]);
	}
	zmq_close(answers[0]);
	zmq_close(answers[1]);
	zmq_ctx_term(context);
}

static void ports_post(unsigned port, uint64_t word)
{
	must("zmq_send", zmq_send(theirs[port], &word, sizeof word, 0));
}

static void ports_await(void)
{
	char byte;

	must("zmq_recv", zmq_recv(answers[0], &byte, 1, 0));
}

static void ports_answer(void)
{
	must("zmq_send", zmq_send(answers[1], "", 1, 0));
}

static void ports_take(void)
{
	uint64_t word;

	must("zmq_poll", zmq_poll(items, (int)bursts.ports, -1));
	for (unsigned i = 0; i < bursts.ports; i++) {
		while (items[i].revents && zmq_recv(items[i].socket, &word, sizeof word, ZMQ_DONTWAIT) == sizeof word)
			ports_took(i, word);
	}
}

static const char *peer_version(void)
{
	static char text[48];
	int major, minor, patch;

	zmq_version(&major, &minor, &patch);
	snprintf(text, sizeof text, "%d.%d.%d", major, minor, patch);
	return text;
}

#include "ports.h"
