// SPDX-License-Identifier: MIT
/* The whole life of a worker that posts one message, by handlers or by blocking calls; and what an idle worker holds. */
#include "memory.h"
#include "ways.h"

struct spawn_life {
	uint64_t sequence;
	unsigned events; /* online, message and exit, each in its place */
};

static int spawn_post(wt_port *parent, const void *data, size_t size)
{
	return wt_port_post(parent, data, size);
}

static void spawn_event(struct spawn_life *life, unsigned event)
{
	if (life->events != event)
		bench_die("spawn: event out of order", (int)event);
	life->events++;
}

static void spawn_online(wt_worker *worker, void *life)
{
	(void)worker;
	spawn_event(life, 0);
}

static void spawn_check(const struct spawn_life *life, const wt_message *message)
{
	if (message->size != sizeof life->sequence || memcmp(message->data, &life->sequence, message->size) != 0)
		bench_die("spawn: wrong message", 0);
}

static void spawn_message(wt_worker *worker, wt_message *message, void *life)
{
	(void)worker;
	spawn_event(life, 1);
	spawn_check(life, message);
}

static void spawn_exit(wt_worker *worker, int code, void *life)
{
	(void)worker;
	spawn_event(life, 2);
	ways_must("exit code", code);
}

static void spawn_with_handlers(void *arg, uint64_t sequence)
{
	struct spawn_life life = { .sequence = sequence };
	wt_worker *worker;

	(void)arg;
	ways_must("wt_worker_create", wt_worker_create(&worker, spawn_post, &sequence, sizeof sequence, NULL));
	wt_worker_on_online(worker, spawn_online, &life);
	wt_worker_on_message(worker, spawn_message, &life);
	wt_worker_on_exit(worker, spawn_exit, &life);
	ways_must("wt_run", wt_run());
	ways_must("wt_worker_join", wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
	spawn_event(&life, 3);
}

static void spawn_with_receive(void *arg, uint64_t sequence)
{
	struct spawn_life life = { .sequence = sequence };
	wt_message message;
	wt_worker *worker;
	int code;

	(void)arg;
	ways_must("wt_worker_create", wt_worker_create(&worker, spawn_post, &sequence, sizeof sequence, NULL));
	ways_must("wt_port_receive", wt_port_receive(wt_worker_port(worker), &message, WT_FOREVER));
	spawn_check(&life, &message);
	ways_must("wt_worker_join", wt_worker_join(worker, &code, WT_FOREVER));
	ways_must("exit code", code);
	wt_worker_destroy(worker);
}

static int idle_entry(wt_port *parent, const void *data, size_t size)
{
	wt_message message;

	(void)data;
	(void)size;
	return wt_port_receive(parent, &message, WT_FOREVER);
}

static void idle_online(wt_worker *worker, void *online)
{
	(void)worker;
	++*(unsigned *)online;
}

static void memory_of_idle(void)
{
	wt_worker *workers[MEMORY_WORKERS];
	unsigned online = 0;
	double before, after;

	spawn_with_handlers(NULL, 0); /* what the library makes once is not a worker's */
	before = memory_resident_kib();
	for (unsigned i = 0; i < MEMORY_WORKERS; i++) {
		ways_must("wt_worker_create", wt_worker_create(&workers[i], idle_entry, NULL, 0, NULL));
		wt_worker_on_online(workers[i], idle_online, &online);
	}
	while (online < MEMORY_WORKERS) {
		if (wt_run_once(WT_FOREVER) < 0)
			bench_die("wt_run_once", 0);
	}
	memory_settle();
	after = memory_resident_kib();
	for (unsigned i = 0; i < MEMORY_WORKERS; i++)
		wt_worker_destroy(workers[i]);
	bench_report_memory(NULL, (after - before) / MEMORY_WORKERS);
}

int main(int argc, char **argv)
{
	struct bench_args args;

	bench_parse(&args, argc, argv);
	if (bench_is(args.work, "memory"))
		memory_of_idle();
	else if (bench_is(args.work, "spawn"))
		bench_trips(&args, NULL, ways_has(&args, "receive") ? spawn_with_receive : spawn_with_handlers, NULL);
	else
		bench_unknown(&args);
	return 0;
}
