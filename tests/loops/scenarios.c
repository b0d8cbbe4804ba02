/* SPDX-License-Identifier: MIT
 *
 * What a program expects of libwt in its own loop: events arrive there, and
 * the loop ends when neither has anything to wait for. Prints TAP. Run with
 * each host (host.h).
 */
#include "host.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wt.h>

enum {
	MESSAGES = 3000,
	WATCHDOG = 60 /* seconds */
};

static struct {
	wt_worker *worker;
	wt_timer *timer;
	int messages;
	int exits;
	int code;
	int calls;
} seen;

/* ---- Workers ---- */

static int echo(wt_port *parent, const void *data, size_t size)
{
	wt_message message;
	int err = 0;

	(void)data;
	(void)size;
	while (!err) {
		err = wt_port_receive(parent, &message, WT_FOREVER);
		if (!err && message.size == 0)
			return 3;
		if (!err)
			err = wt_port_post(parent, message.data, message.size);
	}
	return 4;
}

/* Posts each message only when the one before has been answered: the host sleeps in between. */
static void on_echo(wt_worker *worker, wt_message *message, void *arg)
{
	int number;

	(void)arg;
	memcpy(&number, message->data, sizeof number);
	seen.messages += number == seen.messages;
	number++;
	if (wt_worker_post(worker, &number, number < MESSAGES ? sizeof number : 0))
		seen.messages = -1;
}

static void on_exit_(wt_worker *worker, int code, void *arg)
{
	(void)worker;
	(void)arg;
	seen.exits++;
	seen.code = code;
}

static bool start(wt_entry *entry)
{
	if (wt_worker_create(&seen.worker, entry, NULL, 0, NULL))
		return false;
	wt_worker_on_exit(seen.worker, on_exit_, NULL);
	return true;
}

static bool start_echo(void)
{
	const int first = 0;

	if (!start(echo))
		return false;
	wt_worker_on_message(seen.worker, on_echo, NULL);
	return !wt_worker_post(seen.worker, &first, sizeof first);
}

static bool echo_ended(void)
{
	wt_worker_destroy(seen.worker);
	return seen.messages == MESSAGES && seen.exits == 1 && seen.code == 3;
}

/* ---- Scenarios: each has an open host ---- */

static bool an_empty_loop_ends_at_once(void)
{
	host_run();
	return true;
}

static bool events_arrive_and_the_exit_ends_the_loop(void)
{
	bool started = start_echo();

	host_run();
	return started && echo_ended();
}

static void start_late(void *arg)
{
	*(bool *)arg = start_echo();
}

static bool a_worker_made_by_the_host_s_last_callback_keeps_the_loop(void)
{
	bool started = false;

	host_after(20, start_late, &started);
	host_run();
	return started && echo_ended();
}

static void destroy(void *arg)
{
	(void)arg;
	seen.calls++;
	wt_worker_destroy(seen.worker);
}

static bool a_worker_destroyed_by_the_host_s_last_callback_ends_the_loop(void)
{
	bool started = start(echo);

	host_after(20, destroy, NULL);
	host_run();
	return started && seen.calls == 1;
}

static void unref(void *arg)
{
	(void)arg;
	seen.calls++;
	wt_worker_unref(seen.worker);
}

static bool a_worker_unref_d_by_the_host_s_last_callback_ends_the_loop(void)
{
	bool started = start(echo);

	host_after(20, unref, NULL);
	host_run();
	wt_worker_destroy(seen.worker);
	return started && seen.calls == 1 && !seen.exits;
}

static void nothing(void *arg)
{
	(void)arg;
	seen.calls++;
}

static bool what_is_unref_d_is_served_while_the_host_goes_on(void)
{
	bool started = start_echo();

	wt_worker_unref(seen.worker);
	host_after(20, nothing, NULL);
	while (started && !seen.exits) {
		host_run();
		host_after(20, nothing, NULL);
	}
	host_run();
	return started && echo_ended();
}

static void tick(wt_timer *timer, void *arg)
{
	(void)arg;
	if (++seen.calls == 3)
		wt_timer_destroy(timer);
}

static void start_timer(void *arg)
{
	*(bool *)arg = !wt_timer_create(&seen.timer, wt_after_ms(10), 10 * 1000 * 1000, tick, NULL);
}

static bool a_timer_of_libwt_made_in_the_host_s_callback_is_called(void)
{
	bool started = false;

	host_after(20, start_timer, &started);
	host_run();
	return started && seen.calls == 3;
}

static bool the_host_s_timer_outlives_the_worker(void)
{
	bool started = start_echo();

	host_after(200, nothing, NULL);
	host_run();
	return started && echo_ended() && seen.calls == 1;
}

/* A worker with a host of its own, which another worker of its own keeps going. */
static int host_in_a_worker(wt_port *parent, const void *data, size_t size)
{
	wt_worker *inner;

	(void)data;
	(void)size;
	if (!host_open() || wt_worker_create(&inner, echo, NULL, 0, NULL) || wt_port_post(parent, "in", 2))
		return 5;
	host_run();
	wt_worker_destroy(inner);
	host_close();
	return 6;
}

static void terminate(wt_worker *worker, wt_message *message, void *arg)
{
	int err = wt_worker_terminate(worker, WT_NOW);

	(void)message;
	(void)arg;
	seen.messages += err == 0 || err == WT_EAGAIN;
}

static bool terminate_ends_a_host_in_a_worker(void)
{
	bool started = start(host_in_a_worker);

	if (started)
		wt_worker_on_message(seen.worker, terminate, NULL);
	host_run();
	wt_worker_destroy(seen.worker);
	return started && seen.messages == 1 && seen.exits == 1 && seen.code == 1;
}

/* ---- The run ---- */

#define SCENARIO(name) { #name, name }

static const struct scenario {
	const char *name;
	bool (*run)(void);
} scenarios[] = {
	SCENARIO(an_empty_loop_ends_at_once),
	SCENARIO(events_arrive_and_the_exit_ends_the_loop),
	SCENARIO(a_worker_made_by_the_host_s_last_callback_keeps_the_loop),
	SCENARIO(a_worker_destroyed_by_the_host_s_last_callback_ends_the_loop),
	SCENARIO(a_worker_unref_d_by_the_host_s_last_callback_ends_the_loop),
	SCENARIO(what_is_unref_d_is_served_while_the_host_goes_on),
	SCENARIO(a_timer_of_libwt_made_in_the_host_s_callback_is_called),
	SCENARIO(the_host_s_timer_outlives_the_worker),
	SCENARIO(terminate_ends_a_host_in_a_worker),
};

static bool passes(const struct scenario *scenario)
{
	bool good;

	memset(&seen, 0, sizeof seen);
	if (!host_open())
		return false;
	alarm(WATCHDOG); /* a loop that does not end is what we look for */
	good = scenario->run();
	alarm(0);
	host_close();
	return good && !wt_loop_alive();
}

int main(void)
{
	const size_t count = sizeof scenarios / sizeof *scenarios;
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		bool good = passes(&scenarios[i]);

		printf("%sok %zu - %s\n", good ? "" : "not ", i + 1, scenarios[i].name);
		failed |= !good;
	}
	return failed;
}
