/* SPDX-License-Identifier: MIT
 *
 * Messages to threads by their ids: each has one outcome, and its listener
 * runs once, or not at all.
 */
#include "sched/scenario.h"

static uint64_t target; /* an id */
static struct scenario_latch listening;
static unsigned served;

static const wt_outgoing letter = { .data = "a", .size = 1 };

static int on_letter(wt_message *message, uint64_t from, void *arg)
{
	(void)from;
	(void)arg;
	SCENARIO_CHECK(message->size == 1 && *(const char *)message->data == 'a');
	served++;
	sched_reached(SCHED_DELIVERED);
	return 0;
}

static void listen_now(void)
{
	sched_calm(1);
	SCENARIO_CHECK(wt_on_thread_message(on_letter, NULL) == 0);
	target = wt_thread_id();
	scenario_open(&listening);
	sched_calm(-1);
	sched_rest();
}

static void begin(const char *name, void (*fn)(void *arg), int *fibre)
{
	served = 0;
	listening.open = false;
	*fibre = scenario_go(name, fn, NULL);
	scenario_await(&listening);
}

/* A listener does not keep the loop alive, a port does. */
static void serve_until(unsigned count)
{
	wt_port *a, *b;

	sched_calm(1);
	SCENARIO_CHECK(wt_channel_create(&a, &b, NULL) == 0);
	wt_port_ref(a);
	sched_calm(-1);
	while (served < count)
		SCENARIO_CHECK(wt_run_once(WT_FOREVER) > 0);
	sched_calm(1);
	wt_port_close(a);
	wt_port_close(b);
	sched_calm(-1);
}

/* ---- It is served by a loop that goes to sleep ---- */

static void serve_one(void *arg)
{
	(void)arg;
	listen_now();
	serve_until(1);
}

static void errand_to_sleeper(void)
{
	int other;

	begin("target", serve_one, &other);
	SCENARIO_CHECK(wt_post_to_thread(target, &letter, WT_FOREVER) == 0);
	SCENARIO_CHECK(served == 1);
	scenario_join(other);
}

/* ---- The target ends meanwhile, with what it was sent ---- */

static void listen_and_end(void *arg)
{
	(void)arg;
	listen_now();
	(void)!wt_run_once(WT_NOW);
}

static void errand_to_the_dying(void)
{
	int other, err;

	begin("target", listen_and_end, &other);
	err = wt_post_to_thread(target, &letter, WT_FOREVER);
	SCENARIO_CHECK(err == 0 || err == WT_EDIED || err == WT_ESRCH || err == WT_ENOLISTENER);
	SCENARIO_CHECK(served == (err == 0));
	if (err)
		sched_reached(err == WT_EDIED ? SCHED_FAILED : SCHED_CLOSED);
	scenario_join(other);
}

/* ---- Two that post to each other, and have nothing else to serve in ---- */

static uint64_t main_id;

static void post_back(void *arg)
{
	(void)arg;
	listen_now();
	SCENARIO_CHECK(wt_post_to_thread(main_id, &letter, WT_FOREVER) == 0);
	serve_until(2);
}

static void errand_crosses(void)
{
	int other;

	sched_calm(1);
	SCENARIO_CHECK(wt_on_thread_message(on_letter, NULL) == 0);
	sched_calm(-1);
	main_id = wt_thread_id();
	begin("other", post_back, &other);
	SCENARIO_CHECK(wt_post_to_thread(target, &letter, WT_FOREVER) == 0);
	serve_until(2);
	scenario_join(other);
	SCENARIO_CHECK(wt_on_thread_message(NULL, NULL) == 0);
}

/* ---- It is served at the very deadline, and carries a buffer that is freed by whoever is last ---- */

static unsigned freed;

static void count_free(void *data, void *arg)
{
	(void)data;
	(void)arg;
	freed++;
}

static void serve_at(void *arg)
{
	(void)arg;
	listen_now();
	SCENARIO_CHECK(wt_sleep(scenario_time(10)) == 0);
	(void)!wt_run_once(WT_NOW);
}

static void errand_at_deadline(void)
{
	static char byte = 'a';
	wt_buffer *buffer;
	wt_transfer list[] = { WT_MOVE(&buffer) };
	wt_outgoing message = { .data = &byte, .size = 1, .transfer = list, .transfer_count = 1 };
	int other, err;

	freed = 0;
	SCENARIO_CHECK(wt_buffer_wrap(&buffer, &byte, 1, count_free, NULL) == 0);
	begin("target", serve_at, &other);
	err = wt_post_to_thread(target, &message, scenario_time(10));
	SCENARIO_CHECK(err == 0 || err == WT_EDIED || (err == WT_ETIMEDOUT && wt_now() >= scenario_time(10)));
	SCENARIO_CHECK(err || served == 1);
	if (err == WT_ETIMEDOUT)
		sched_reached(SCHED_TIMED_OUT);
	scenario_join(other);
	SCENARIO_CHECK(served <= 1 && freed == 1);
}

/* ---- The loop hears of the outcome, once ---- */

static unsigned told;

static void on_outcome(int result, void *arg)
{
	(void)arg;
	SCENARIO_CHECK(result == 0 || result == WT_EDIED);
	SCENARIO_CHECK(served == (result == 0));
	told++;
}

static void errand_told(void)
{
	int other, err;

	told = 0;
	begin("target", listen_and_end, &other);
	err = wt_post_to_thread_async(target, &letter, WT_FOREVER, on_outcome, NULL);
	SCENARIO_CHECK(err == 0 || err == WT_ESRCH || err == WT_ENOLISTENER);
	if (err)
		sched_reached(SCHED_CLOSED);
	SCENARIO_CHECK(wt_run() == 0);
	SCENARIO_CHECK(told == (err == 0));
	scenario_join(other);
}

/* ---- Its sender ends before it has heard ---- */

static void post_and_end(void *arg)
{
	int err = wt_post_to_thread_async(main_id, &letter, WT_FOREVER, on_outcome, NULL);

	(void)arg;
	SCENARIO_CHECK(err == 0);
}

static void errand_of_the_dead(void)
{
	int other;

	served = told = 0;
	sched_calm(1);
	SCENARIO_CHECK(wt_on_thread_message(on_letter, NULL) == 0);
	sched_calm(-1);
	main_id = wt_thread_id();
	other = scenario_go("sender", post_and_end, NULL);
	sched_rest();
	(void)!wt_run_once(WT_NOW);
	scenario_join(other);
	sched_reached(served ? SCHED_WOKEN : SCHED_DROPPED);
	SCENARIO_CHECK(wt_run_once(WT_NOW) == 0); /* taken back */
	SCENARIO_CHECK(served <= 1 && told == 0);
	SCENARIO_CHECK(wt_on_thread_message(NULL, NULL) == 0);
}

const struct scenario scenarios_errand[] = {
	{
		.name = "errand_to_sleeper",
		.run = errand_to_sleeper,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(ARMED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "errand_to_the_dying",
		.run = errand_to_the_dying,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(FAILED) |
			   SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "errand_crosses",
		.run = errand_crosses,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "errand_at_deadline",
		.run = errand_at_deadline,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(TIMED_OUT) | SCENARIO_REACHES(DELIVERED),
	},
	{
		.name = "errand_told",
		.run = errand_told,
		.reaches = SCENARIO_REACHES(PARKED) | SCENARIO_REACHES(DELIVERED) | SCENARIO_REACHES(CLOSED),
	},
	{
		.name = "errand_of_the_dead",
		.run = errand_of_the_dead,
		.reaches = SCENARIO_REACHES(WOKEN) | SCENARIO_REACHES(DROPPED),
	},
	{ .name = NULL },
};
