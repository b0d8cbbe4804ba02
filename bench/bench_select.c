// SPDX-License-Identifier: MIT
/* One thread with many ports open: their handlers on its loop, or wt_select and one receive for each message. */
#include "bursts.h"
#include "ways.h"

static struct bursts bursts;
static wt_port *select_ours[BURSTS_PORTS_MAX], *select_theirs[BURSTS_PORTS_MAX];
static wt_port *select_parent; /* the poster's */
static wt_worker *select_poster;

/* ---- The poster, a worker ---- */

static void select_post(unsigned port, uint64_t word)
{
	ways_must("wt_port_post", wt_port_post(select_theirs[port], &word, sizeof word));
}

static void select_await(void)
{
	wt_message message;

	ways_must("wt_port_receive", wt_port_receive(select_parent, &message, WT_FOREVER));
}

static int select_produce(wt_port *parent, const void *data, size_t size)
{
	(void)data;
	(void)size;
	select_parent = parent;
	bursts_produce(&bursts, select_post, select_await);
	return 0;
}

/* ---- The receiver ---- */

static void select_take(unsigned port, const wt_message *message)
{
	uint64_t word;

	if (message->size != sizeof word)
		bench_die("a message of another size", (int)message->size);
	memcpy(&word, message->data, sizeof word);
	if (bursts_check(&bursts, port, word))
		ways_must("wt_port_post", wt_port_post(wt_worker_port(select_poster), &word, sizeof word));
}

static void select_handle(wt_port *port, wt_message *message, void *arg)
{
	(void)port;
	select_take((unsigned)(uintptr_t)arg, message);
}

static void select_by_handlers(void)
{
	for (uintptr_t i = 0; i < bursts.ports; i++)
		wt_port_on_message(select_ours[i], select_handle, (void *)i);
	while (!bursts_are_over(&bursts)) {
		if (wt_run_once(WT_FOREVER) < 0)
			bench_die("wt_run_once", 0);
	}
}

static void select_by_calls(void)
{
	wt_message message;
	size_t ready;

	while (!bursts_are_over(&bursts)) {
		ways_must("wt_select", wt_select(select_ours, bursts.ports, &ready, WT_FOREVER));
		ways_must("wt_port_receive", wt_port_receive(select_ours[ready], &message, WT_NOW));
		select_take((unsigned)ready, &message);
	}
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(&args, argc, argv);
	bursts_open(&bursts, &args);
	for (unsigned i = 0; i < bursts.ports; i++)
		ways_must("wt_channel_create", wt_channel_create(&select_ours[i], &select_theirs[i], NULL));
	ways_must("wt_worker_create", wt_worker_create(&select_poster, select_produce, NULL, 0, NULL));
	(ways_has(&args, "handlers") ? select_by_handlers : select_by_calls)();
	ways_must("wt_worker_join", wt_worker_join(select_poster, NULL, WT_FOREVER));
	wt_worker_destroy(select_poster);
	for (unsigned i = 0; i < bursts.ports; i++) {
		wt_port_close(select_ours[i]);
		wt_port_close(select_theirs[i]);
	}
	bursts_report(&bursts, NULL);
	return 0;
}
