/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: programs of operations, for several threads and their workers,
 * and a schedule. An input is
 *   its model (fuzz.h), and how its actors end, a bit for each
 *   how many operations it has
 *   those, of five bytes each: actor, operation, three that say with what
 *   the schedule, to its end
 * What cannot be done at that moment is left out; what the program has to get
 * right, such as to post through nothing that is closed, it does. No wait is
 * for ever, so that each program ends, whatever it says: who has slept through
 * what came before the deadline is found by that.
 */
#include <string.h>

#include "fuzz/world.h"
#include "os.h"
#include "seam.h"
#include "sched/system.h"
#include "thread_registry.h"

struct world world;

static const struct {
	const char *name;
	operation_fn *fn;
} operations[] = {
	{ "create a channel", port_create },
	{ "post", port_post },
	{ "send", port_send },
	{ "receive", port_receive },
	{ "close a port", port_close },
	{ "set a handler", port_handle },
	{ "run the loop", port_run },
	{ "post many", port_post_many },
	{ "drain", port_drain },
	{ "select", port_select },
	{ "slot", port_slot },
	{ "call", port_call },
	{ "make a sender", port_make_sender },
	{ "use a sender", port_use_sender },
	{ "make a thing", port_make_thing },
	{ "end a thing", port_end_thing },
	{ "create a worker", worker_create },
	{ "terminate a worker", worker_terminate },
	{ "join a worker", worker_join },
	{ "destroy a worker", worker_destroy },
	{ "hear a worker", worker_handle },
	{ "end", worker_end },
	{ "acquire a lock", lock_acquire },
	{ "request a lock", lock_request },
	{ "release a lock", lock_release },
	{ "wait on a cell", cell_wait },
	{ "notify a cell", cell_notify },
	{ "store to a cell", cell_store },
	{ "wait on a cell by the loop", cell_wait_async },
	{ "set a timer", timer_set },
	{ "open a broadcast", broadcast_open },
	{ "post on a broadcast", broadcast_post },
	{ "receive from a broadcast", broadcast_receive },
	{ "close a broadcast", broadcast_close },
	{ "listen to the thread", thread_listen },
	{ "post to a thread", thread_post },
	{ "create a pool", pool_create },
	{ "submit", pool_submit },
	{ "finish a task", pool_finish },
	{ "destroy the pool", pool_destroy },
};

enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- Time ---- */

static int64_t world_milliseconds(unsigned choice)
{
	static const int64_t spans[] = { 1, 2, 1, 5 };

	return spans[choice % 4] * 1000000;
}

wt_time world_later(unsigned choice)
{
	return wt_now() + world_milliseconds(choice);
}

wt_time world_deadline(unsigned choice)
{
	return choice & 4 ? world_later(choice) : WT_NOW;
}

/* ---- Use by others ---- */

void world_await_unused(const unsigned *users)
{
	while (*users) {
		world.latches.waiting++;
		world.latches.changes++;
		sched_block(SCHED_WAITS_LATCH, users, INT64_MAX);
		world.latches.waiting--;
		world.latches.changes++;
	}
}

/* Who waits hears of it, and so of all that was done before. */
void world_unuse(unsigned *users)
{
	sched_drain_own();
	if (!--*users)
		sched_wake(SCHED_WAITS_LATCH, users, SCHED_FIBRES);
}

/* ---- Actors ---- */

void actor_run(struct actor *self)
{
	while (!self->stops && self->position < world.operations) {
		const struct operation *op = &world.operation[self->position++];

		if (op->actor % ACTORS != self->number)
			continue;
		fuzz_show("-- %u: %s (%u %u %u)", self->number, operations[op->code % OPERATIONS].name, op->a, op->b,
			  op->c);
		operations[op->code % OPERATIONS].fn(self, op);
	}
}

void actor_leave(struct actor *self)
{
	fuzz_show("-- %u leaves", self->number);
	port_leave(self);
	lock_leave(self);
	broadcast_leave(self);
	pool_leave(self);
	thing_leave_all(self->number, self->tidies);
	worker_leave(self);
	self->left_as = letter_count();
	self->left = true;
}

/* Also where its creator ends. */
bool actor_is_terminated(const struct actor *self)
{
	return world.employee[self->number].terminated;
}

static void actor_begin(struct actor *self)
{
	self->begun = true;
	self->id = wt_thread_id();
}

static void *actor_thread(void *arg)
{
	struct actor *self = arg;

	actor_begin(self);
	actor_run(self);
	actor_leave(self);
	return NULL;
}

/* ---- A run ---- */

static void world_read(struct fuzz_input *input)
{
	unsigned ends = fuzz_byte(input), count = fuzz_byte(input) % (OPERATIONS_MOST + 1);

	memset(&world, 0, sizeof world);
	wti_select_few = ends >> 7 ? 0 : 16; /* whether wt_select watches what it is given twice */
	for (unsigned i = 0; i < ACTORS; i++) {
		world.actor[i].number = i;
		world.actor[i].slot_thing = NONE;
		world.actor[i].tidies = ends >> i & 1;
		world.employee[i].near_end = world.employee[i].far_end = NONE;
	}
	while (count-- && input->size) {
		struct operation *op = &world.operation[world.operations++];

		op->actor = (uint8_t)fuzz_byte(input);
		op->code = (uint8_t)fuzz_byte(input);
		op->a = (uint8_t)fuzz_byte(input);
		op->b = (uint8_t)fuzz_byte(input);
		op->c = (uint8_t)fuzz_byte(input);
	}
	fuzz_set_schedule(*input);
}

static void world_begin(void)
{
	static struct wti_os_ops ops;

	ops = system_ops;
	ops.descriptor_close = thing_close_descriptor;
	wti_os = &ops;
	lock_begin();
	cell_begin();
	broadcast_begin();
	thread_begin();
	pool_begin();
}

static void world_run(struct fuzz_input *input)
{
	struct actor *self = &world.actor[0];
	int thread;

	world_read(input);
	world_begin();
	actor_begin(self);
	sched_drain_own();
	thread = sched_spawn("thread", actor_thread, &world.actor[1], true);
	actor_run(self);
	port_leave(self);
	sched_await_end((unsigned)thread, INT64_MAX);
	worker_finish_all(self);
	port_finish_all(self);
	actor_leave(self);
	cell_end();
}

static void world_check(void)
{
	for (uint64_t i = 0; i < 2 * SCHED_FIBRES; i++)
		FUZZ_CHECK(!wti_registry_find(world.actor[0].id + i));
	thing_check_all();
	cell_check();
	thread_check();
	pool_check();
}

const struct fuzz_target fuzz_target = { .is_scheduled = true, .run = world_run, .check = world_check };
