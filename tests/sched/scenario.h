/* SPDX-License-Identifier: MIT
 *
 * Scenarios: small programs of which all schedules are tried. Each is a
 * function, called once for each schedule, as the fibre "main", which starts
 * others with scenario_go; when it is called, nothing is there, and when all
 * fibres have ended, nothing may be left. It must do the same whenever the
 * schedule is the same: no clock but wt_now, no random numbers, no static
 * variables that it does not set itself.
 *
 * What has to hold is checked with SCENARIO_CHECK, by any fibre. A wake that
 * is lost needs no check: who waits for ever makes the schedule a deadlock.
 *
 * A scenario says to which states it must have come in some schedule; one that
 * never does so proves nothing, and fails.
 */
#ifndef SCHED_SCENARIO_H
#define SCHED_SCENARIO_H

#include <stddef.h>
#include <stdint.h>
#include <wt.h>

#include "sched/scheduler.h"

/* How many schedules it has. */
enum scenario_size {
	SCENARIO_SMALL,  /* all with two preemptions can be made, some with more, and sleeps may end for no reason */
	SCENARIO_MEDIUM, /* all with one, and such sleeps by chance only: it has more threads than it shows */
	SCENARIO_LARGE,  /* all without, and more by chance */
	SCENARIO_SIZES
};

struct scenario {
	const char *name;
	void (*run)(void);
	unsigned reaches; /* SCENARIO_REACHES, a bit for each mark */
	enum scenario_size size;
};

#define SCENARIO_REACHES(mark) (1u << SCHED_##mark)

#define SCENARIO_CHECK(condition)                                                \
	do {                                                                     \
		if (!(condition))                                                \
			sched_fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* A fibre that is a thread of the program's; its number, for scenario_join. */
int scenario_go(const char *name, void (*fn)(void *arg), void *arg);

/* Wait for its end, with what the library does then. */
void scenario_join(int fibre);

/* A door that opens once; no schedule point. Zeroed: closed. */
struct scenario_latch {
	bool open;
};

void scenario_open(struct scenario_latch *latch);
void scenario_await(struct scenario_latch *latch);

/* The channel that a scenario is about. Both ports are main's, but for what it gives away. */
extern wt_port *near_end, *far_end;

void scenario_open_channel(const wt_channel_options *options);
void scenario_open_used_channel(const wt_channel_options *options); /* a message has gone to the near end */
void scenario_close_channel(void);

/* Fibres that post at the far end: one message, or `a` and `b`. */
void scenario_post_one(void *byte);
void scenario_post_two(void *arg);

/*
 * A port goes from one fibre to another before what is of interest begins:
 * nothing of it is preempted. The giver calls while the taker runs; one gift at
 * a time.
 */
void scenario_give(wt_port *port);
wt_port *scenario_take(void);

/* A fibre that closes the port that it takes, and one that takes a port from main, whose other end is the courier. */
void scenario_take_and_close(void *arg);
int scenario_go_linked(const char *name, void (*fn)(void *arg), wt_port **courier);

/* Bytes of a message, all of one value: so many go the short way where the channel has been used. */
#define SCENARIO_BYTES 8

/* A post that must succeed, of this value; a receive of that value, of any; the close behind the last message. */
void scenario_post(wt_port *port, char byte);
void scenario_receive(wt_port *port, char byte);
char scenario_receive_any(wt_port *port);
void scenario_receive_close(wt_port *port);

/* Move a port into a message: as wt_port_send. Receive one that carries a port. */
int scenario_send_port(wt_port *to, wt_port **port);
wt_port *scenario_receive_port(wt_port *from);

/* Block until then, in no call of the library. */
void scenario_pause(wt_time until);

/* A moment, some milliseconds after the beginning of every schedule. */
wt_time scenario_time(int64_t milliseconds);

/* The files; the weak ones are to fail. */
extern const struct scenario scenarios_litmus[], scenarios_weak[], scenarios_port[], scenarios_bias[], scenarios_full[],
	scenarios_loop[], scenarios_close[], scenarios_transfer[], scenarios_lost[], scenarios_slot[], scenarios_wait[],
	scenarios_lock[], scenarios_worker[], scenarios_terminate[], scenarios_terminate_wait[],
	scenarios_orphan[], scenarios_pool_submit[], scenarios_pool_task[],
	scenarios_pool_room[], scenarios_pool_cancel[], scenarios_pool_end[], scenarios_task[],
	scenarios_broadcast[], scenarios_errand[], scenarios_stream[], scenarios_dump[];

extern const struct scenario *const scenario_lists[];

#endif
