/* SPDX-License-Identifier: MIT */
#include "sched/scenario.h"

/* The function of a fibre, by its number. */
static void (*scenario_fn[SCHED_FIBRES])(void *arg);

const struct scenario *const scenario_lists[] = {
	scenarios_litmus, scenarios_port, scenarios_close,  scenarios_transfer, scenarios_slot,
	scenarios_wait,   scenarios_lock, scenarios_worker, scenarios_task, NULL,
};

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

void scenario_give(struct scenario_gift *gift, wt_port *port)
{
	wt_transfer list[] = { WT_MOVE(&port) };
	wt_outgoing message = { .transfer = list, .transfer_count = 1 };

	sched_calm(1);
	scenario_await(&gift->asked);
	SCENARIO_CHECK(wt_port_send(gift->courier, &message, WT_NOW) == 0);
	scenario_await(&gift->taken);
	sched_calm(-1);
}

wt_port *scenario_take(struct scenario_gift *gift)
{
	wt_port *here, *port;
	wt_message message;

	sched_calm(1);
	SCENARIO_CHECK(wt_channel_create(&here, &gift->courier, NULL) == 0);
	scenario_open(&gift->asked);
	SCENARIO_CHECK(wt_port_receive(here, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(wt_message_take_port(&message, 0, &port) == 0);
	wt_port_close(here);
	wt_port_close(gift->courier);
	scenario_open(&gift->taken);
	sched_calm(-1);
	sched_rest();
	return port;
}

void scenario_post(wt_port *port, char byte)
{
	SCENARIO_CHECK(wt_port_post(port, &byte, 1) == 0);
}

void scenario_receive(wt_port *port, char byte)
{
	wt_message message;

	SCENARIO_CHECK(wt_port_receive(port, &message, WT_FOREVER) == 0);
	SCENARIO_CHECK(message.size == 1 && *(const char *)message.data == byte);
	sched_reached(SCHED_DELIVERED);
}

void scenario_receive_close(wt_port *port)
{
	wt_message message;

	SCENARIO_CHECK(wt_port_receive(port, &message, WT_FOREVER) == WT_ECLOSED);
	sched_reached(SCHED_CLOSED);
}

wt_time scenario_time(int64_t milliseconds)
{
	return SCHED_EPOCH + milliseconds * 1000000;
}
