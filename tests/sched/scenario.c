/* SPDX-License-Identifier: MIT */
#include "sched/scenario.h"

#include <string.h>

/* The function of a fibre, by its number. */
static void (*scenario_fn[SCHED_FIBRES])(void *arg);

const struct scenario *const scenario_lists[] = {
	scenarios_litmus,
	scenarios_port,
	scenarios_bias,
	scenarios_full,
	scenarios_loop,
	scenarios_close,
	scenarios_transfer,
	scenarios_lost,
	scenarios_slot,
	scenarios_wait,
	scenarios_lock,
	scenarios_worker,
	scenarios_terminate,
	scenarios_terminate_wait,
	scenarios_orphan,
	scenarios_pool_submit,
	scenarios_pool_task,
	scenarios_pool_room,
	scenarios_pool_cancel,
	scenarios_pool_end,
	scenarios_task,
	scenarios_broadcast,
	scenarios_errand,
	scenarios_stream,
	scenarios_dump,
	NULL,
};

/* ---- Fibres ---- */

static void *scenario_main(void *arg)
{
	scenario_fn[sched_current()](arg);
	return NULL;
}

int scenario_go(const char *name, void (*fn)(void *arg), void *arg)
{
	int fibre;

	sched_drain_own(); /* what is there is known to it */
	fibre = sched_spawn(name, scenario_main, arg, true);
	SCENARIO_CHECK(fibre >= 0);
	scenario_fn[fibre] = fn;
	return fibre;
}

void scenario_join(int fibre)
{
	sched_drain_own();
	sched_await_end((unsigned)fibre, INT64_MAX);
}

void scenario_open(struct scenario_latch *latch)
{
	sched_drain_own();
	latch->open = true;
	sched_wake(SCHED_WAITS_LATCH, latch, SCHED_FIBRES);
}

void scenario_await(struct scenario_latch *latch)
{
	while (!latch->open)
		sched_block(SCHED_WAITS_LATCH, latch, INT64_MAX);
}

/* ---- Time ---- */

wt_time scenario_time(int64_t milliseconds)
{
	return SCHED_EPOCH + milliseconds * 1000000;
}

void scenario_pause(wt_time until)
{
	while (sched_now() < until)
		sched_block(SCHED_WAITS_LATCH, &until, until);
}

/* ---- Messages ---- */

void scenario_post(wt_port *port, char byte)
{
	char bytes[SCENARIO_BYTES];

	memset(bytes, byte, sizeof bytes);
	SCENARIO_CHECK(wt_port_post(port, bytes, sizeof bytes) == 0);
}

char scenario_receive_any(wt_port *port)
{
	wt_message message;

	SCENARIO_CHECK(wt_port_receive(port, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(message.size >= 1);
	sched_reached(SCHED_DELIVERED);
	return *(const char *)message.data;
}

void scenario_receive(wt_port *port, char byte)
{
	char bytes[SCENARIO_BYTES];
	wt_message message;

	memset(bytes, byte, sizeof bytes);
	SCENARIO_CHECK(wt_port_receive(port, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(message.size == sizeof bytes && memcmp(message.data, bytes, sizeof bytes) == 0);
	sched_reached(SCHED_DELIVERED);
}

void scenario_receive_close(wt_port *port)
{
	wt_message message;

	SCENARIO_CHECK(wt_port_receive(port, &message, WT_FOREVER) == WT_ECLOSED);
	sched_reached(SCHED_CLOSED);
}

int scenario_send_port(wt_port *to, wt_port **port)
{
	wt_transfer list[] = { WT_MOVE(port) };

	return wt_port_send(to, &(wt_outgoing){ .transfer = list, .transfer_count = 1 }, WT_NOW);
}

wt_port *scenario_receive_port(wt_port *from)
{
	wt_port *port;
	wt_message message;

	SCENARIO_CHECK(wt_port_receive(from, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_port(&message, 0, &port) == 0);
	return port;
}

/* ---- Channels ---- */

wt_port *near_end, *far_end;

void scenario_open_channel(const wt_channel_options *options)
{
	SCENARIO_CHECK(wt_channel_create(&near_end, &far_end, options) == 0);
}

void scenario_open_used_channel(const wt_channel_options *options)
{
	wt_message message;

	scenario_open_channel(options);
	scenario_post(far_end, 'x');
	SCENARIO_CHECK(wt_port_receive(near_end, &message, WT_NOW) == 0);
	wt_message_release(&message);
}

void scenario_close_channel(void)
{
	wt_port_close(near_end);
	wt_port_close(far_end);
}

void scenario_post_one(void *byte)
{
	scenario_post(far_end, *(const char *)byte);
}

void scenario_post_two(void *arg)
{
	(void)arg;
	scenario_post(far_end, 'a');
	scenario_post(far_end, 'b');
}

/* ---- Gifts ---- */

/* Zero while there is none. */
static struct {
	struct scenario_latch asked, taken;
	wt_port *courier;
} scenario_gift;

void scenario_give(wt_port *port)
{
	sched_calm(1);
	scenario_await(&scenario_gift.asked);
	SCENARIO_CHECK(scenario_send_port(scenario_gift.courier, &port) == 0);
	scenario_await(&scenario_gift.taken);
	scenario_gift.asked.open = scenario_gift.taken.open = false;
	sched_calm(-1);
}

wt_port *scenario_take(void)
{
	wt_port *here, *port;

	sched_calm(1);
	SCENARIO_CHECK(wt_channel_create(&here, &scenario_gift.courier, NULL) == 0);
	scenario_open(&scenario_gift.asked);
	port = scenario_receive_port(here);
	wt_port_close(here);
	wt_port_close(scenario_gift.courier);
	scenario_open(&scenario_gift.taken);
	sched_calm(-1);
	sched_rest();
	return port;
}

void scenario_take_and_close(void *arg)
{
	(void)arg;
	wt_port_close(scenario_take());
}

int scenario_go_linked(const char *name, void (*fn)(void *arg), wt_port **courier)
{
	wt_port *end;
	int other;

	SCENARIO_CHECK(wt_channel_create(courier, &end, NULL) == 0);
	other = scenario_go(name, fn, NULL);
	scenario_give(end);
	return other;
}
