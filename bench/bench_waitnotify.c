// SPDX-License-Identifier: MIT
/* Two threads that take turns on two plain cells: store, notify, wait for the other's store. */
#include "ways.h"

#include <stdatomic.h>

struct cells {
	const struct bench_args *args;
	_Alignas(128) _Atomic uint32_t there; /* each counts the trips */
	_Alignas(128) _Atomic uint32_t back;
};

static void cell_set(_Atomic uint32_t *cell, uint32_t value)
{
	atomic_store_explicit(cell, value, memory_order_release);
	ways_must("wt_notify", wt_notify(cell, 1, NULL));
}

static void cell_await(_Atomic uint32_t *cell, uint32_t value)
{
	uint32_t seen;
	int err;

	while ((seen = atomic_load_explicit(cell, memory_order_acquire)) == value - 1) {
		err = wt_wait32(cell, value - 1, WT_FOREVER);
		if (err != WT_EAGAIN)
			ways_must("wt_wait32", err);
	}
	if (seen != value)
		bench_die("round trip: wrong value", (int)seen);
}

static int waitnotify_echo(wt_port *parent, const void *data, size_t size)
{
	struct cells *const *shared = data;
	struct cells *cells = *shared;
	uint32_t total = (uint32_t)bench_trips_total(cells->args);

	(void)parent;
	(void)size;
	bench_pin(1);
	for (uint32_t i = 1; i <= total; i++) {
		cell_await(&cells->there, i);
		bench_settle();
		cell_set(&cells->back, i);
	}
	return 0;
}

static void waitnotify_trip(void *arg, uint64_t sequence)
{
	struct cells *cells = arg;

	cell_set(&cells->there, (uint32_t)sequence + 1);
	cell_await(&cells->back, (uint32_t)sequence + 1);
}

int main(int argc, char **argv)
{
	struct bench_args args;
	struct cells cells = { .args = &args }, *shared = &cells;
	wt_worker *worker;

	bench_parse(&args, argc, argv);
	if (!bench_is(args.work, "waitnotify"))
		bench_unknown(&args);
	bench_pin(0);
	ways_must("wt_worker_create", wt_worker_create(&worker, waitnotify_echo, &shared, sizeof shared, NULL));
	bench_trips(&args, NULL, waitnotify_trip, &cells);
	ways_must("wt_worker_join", wt_worker_join(worker, NULL, WT_FOREVER));
	wt_worker_destroy(worker);
	return 0;
}
