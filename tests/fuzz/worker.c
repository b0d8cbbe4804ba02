/* SPDX-License-Identifier: MIT
 *
 * Operations on workers, and the workers' own way through life. Each ends by
 * itself, sooner or later; who is told to end does so where it waits.
 */
#include <string.h>

#include "fuzz/world.h"

enum { EVENT_ONLINE = 1, EVENT_EXIT = 2, WORKER_LONG = 100 /* ms: no wait of a program is that long */ };

/* ---- In the worker ---- */

static void worker_end_program(void *arg)
{
	actor_leave(arg);
}

static int worker_main(wt_port *parent, const void *data, size_t size)
{
	struct employee *employee;
	struct actor *self;
	unsigned number;

	FUZZ_CHECK(size == sizeof number);
	memcpy(&number, data, size);
	self = &world.actor[number];
	employee = &world.employee[number];
	FUZZ_CHECK(!self->begun);
	self->begun = true;
	self->id = wt_thread_id();
	world.thing[employee->far_end].port = parent;
	world.thing[employee->far_end].state = THING_OWNED;
	FUZZ_CHECK(wt_defer(worker_end_program, self) == 0);
	thing_take_worker_data(number, employee->things, employee->thing_count);
	actor_run(self);
	return self->code;
}

static void worker_swallow(wt_failure *failure, void *arg)
{
	(void)arg;
	failure->code = 0;
}

void worker_end(struct actor *self, const struct operation *op)
{
	self->stops = true;
	if (self->number < FIRST_WORKER)
		return;
	switch (op->a % 4) {
	case 0:
		self->code = op->b;
		return;
	case 1:
		self->code = op->b;
		wt_exit(op->b);
	case 2:
		wt_on_failure(worker_swallow, NULL);
		wt_fail(WT_EINVAL, "on purpose");
	default:
		wt_checkpoint();
	}
}

/* ---- Birth ---- */

/* Whoever creates it gives it a buffer and a port, if it has them. */
static void worker_pack(struct actor *self, struct employee *employee, wt_transfer *list, unsigned choice)
{
	static const int kinds[] = { WT_TRANSFER_BUFFER, WT_TRANSFER_PORT, WT_TRANSFER_SENDER };

	for (unsigned i = 0; i < 3; i++) {
		unsigned thing = choice >> i & 1 ? thing_pick(self->number, kinds[i], choice) : NONE;

		if (thing == NONE || world.thing[thing].fixed || world.thing[thing].users)
			continue;
		list[employee->thing_count] = thing_move(thing);
		thing_take_off(thing);
		employee->things[employee->thing_count++] = thing;
	}
}

static void worker_make_ends(const struct actor *self, struct employee *employee, unsigned number, bool limited)
{
	unsigned near_end = thing_new(WT_TRANSFER_PORT, self->number), far_end = thing_new(WT_TRANSFER_PORT, number);

	world.thing[near_end].peer = far_end;
	world.thing[far_end].peer = near_end;
	world.thing[near_end].fixed = world.thing[far_end].fixed = true;
	world.thing[near_end].limited = world.thing[far_end].limited = limited;
	world.thing[far_end].state = THING_FLYING;
	employee->near_end = near_end;
	employee->far_end = far_end;
}

/* [M3] */
static void worker_judge_create(struct actor *self, struct employee *employee, wt_worker *worker, int err)
{
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || (err == WT_ETERMINATED && actor_is_terminated(self)));
	for (unsigned i = 0; i < employee->thing_count; i++)
		if (!err || world.thing[employee->things[i]].state == THING_FLYING)
			thing_land(self->number, employee->things[i], err);
	FUZZ_CHECK(!err == !!worker);
	if (!err) {
		sched_drain_own();
		employee->worker = worker; /* from now on others use it */
		world.thing[employee->near_end].port = wt_worker_port(worker);
		return;
	}
	world.thing[employee->near_end].state = world.thing[employee->far_end].state = THING_GONE;
}

void worker_create(struct actor *self, const struct operation *op)
{
	unsigned number = FIRST_WORKER + op->a % (ACTORS - FIRST_WORKER);
	struct employee *employee = &world.employee[number];
	wt_transfer list[4];
	wt_worker_options options = { .size = sizeof options, .transfer = list, .fresh_thread = op->c & 1 };
	wt_worker *worker;
	int err;

	if (employee->employed || world.things + 2 > THINGS_MOST)
		return;
	employee->employed = true;
	employee->creator = self->number;
	options.channel = WT_CHANNEL_OPTIONS(.limit = op->c & 2 ? 300 : 0);
	worker_make_ends(self, employee, number, op->c & 2);
	worker_pack(self, employee, list, op->b);
	options.transfer_count = employee->thing_count;
	err = wt_worker_create(&worker, worker_main, &number, sizeof number, &options);
	fuzz_show("%u creates worker %u: %d", self->number, number, err);
	worker_judge_create(self, employee, worker, err);
}

/* ---- From outside ---- */

/* One that somebody may use; NULL: none. */
static struct employee *worker_pick(unsigned choice)
{
	for (unsigned i = 0; i < ACTORS; i++) {
		struct employee *employee = &world.employee[(choice + i) % ACTORS];

		if (employee->worker && !employee->ending)
			return employee;
	}
	return NULL;
}

static struct actor *worker_actor(const struct employee *employee)
{
	return &world.actor[employee - world.employee];
}

/* Its own end, or what terminate makes of it [W3]. */
static void worker_judge_code(const struct employee *employee, int code)
{
	const struct actor *actor = worker_actor(employee);

	FUZZ_CHECK((actor->left && code == actor->code) || (employee->terminated && code == 1));
}

static void worker_judge_wait(struct actor *self, struct employee *employee, int err)
{
	int code;

	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || err == WT_ETIMEDOUT ||
		   (err == WT_EDEADLK && worker_actor(employee) == self) ||
		   (err == WT_ETERMINATED && actor_is_terminated(self)));
	if (err || worker_actor(employee) == self)
		return;
	err = wt_worker_join(employee->worker, &code, WT_NOW);
	FUZZ_CHECK(err == 0 || (err == WT_ETERMINATED && actor_is_terminated(self)));
	if (!err)
		worker_judge_code(employee, code);
}

/* Its program may have waited, at its end, for others: nothing of the library's. */
static bool worker_may_have_waited(const struct latches *before)
{
	return world.latches.waiting || world.latches.changes != before->changes;
}

/* [W5] */
void worker_terminate(struct actor *self, const struct operation *op)
{
	struct employee *employee = worker_pick(op->a);
	bool longer = op->b % 2;
	struct latches before = world.latches;
	int err;

	if (!employee)
		return;
	employee->users++;
	employee->terminated = true;
	err = wt_worker_terminate(employee->worker, longer ? wt_after_ms(WORKER_LONG) : world_deadline(op->c));
	fuzz_show("%u terminates worker %u: %d", self->number, worker_actor(employee)->number, err);
	FUZZ_CHECK(!longer || err != WT_ETIMEDOUT || worker_may_have_waited(&before));
	worker_judge_wait(self, employee, err);
	world_unuse(&employee->users);
}

void worker_join(struct actor *self, const struct operation *op)
{
	struct employee *employee = worker_pick(op->a);
	int err;

	if (!employee)
		return;
	employee->users++;
	err = wt_worker_join(employee->worker, NULL, world_deadline(op->c));
	worker_judge_wait(self, employee, err);
	world_unuse(&employee->users);
}

/* ---- Events ---- */

static struct employee *worker_told(wt_worker *worker, void *arg)
{
	struct employee *employee = arg;

	FUZZ_CHECK(employee->worker == worker && !(employee->events & EVENT_EXIT));
	FUZZ_CHECK(wt_thread_id() == world.actor[employee->creator].id);
	return employee;
}

/* [W1] */
static void worker_on_online(wt_worker *worker, void *arg)
{
	struct employee *employee = worker_told(worker, arg);

	FUZZ_CHECK(!employee->events);
	employee->events |= EVENT_ONLINE;
}

static void worker_on_message(wt_worker *worker, wt_message *message, void *arg)
{
	struct employee *employee = worker_told(worker, arg);

	letter_receive(employee->near_end, message);
	thing_take_all(employee->creator, message, 5);
}

static void worker_on_error(wt_worker *worker, const wt_failure *failure, void *arg)
{
	(void)worker_told(worker, arg);
	sched_fail("nobody has failed: %s", failure->message);
}

/* [W2] Also what others had posted by then; their senders may go on. */
static void worker_on_exit(wt_worker *worker, int code, void *arg)
{
	struct employee *employee = worker_told(worker, arg);
	const struct actor *actor = worker_actor(employee);

	worker_judge_code(employee, code);
	letter_check_none_of(employee->near_end, actor->number);
	letter_check_none(employee->near_end, actor->left_as);
	employee->events |= EVENT_EXIT;
}

static struct employee *worker_pick_own(const struct actor *self, unsigned choice)
{
	struct employee *employee = worker_pick(choice);

	return employee && employee->creator == self->number ? employee : NULL;
}

void worker_handle(struct actor *self, const struct operation *op)
{
	struct employee *employee = worker_pick_own(self, op->a);

	if (!employee || employee->hears)
		return;
	employee->hears = true;
	wt_worker_on_online(employee->worker, worker_on_online, employee);
	wt_worker_on_message(employee->worker, worker_on_message, employee);
	wt_worker_on_error(employee->worker, worker_on_error, employee);
	wt_worker_on_exit(employee->worker, worker_on_exit, employee);
}

/* ---- The end ---- */

void worker_destroy(struct actor *self, const struct operation *op)
{
	struct employee *employee = worker_pick_own(self, op->a);

	if (!employee || employee->users || world.thing[employee->near_end].users)
		return;
	fuzz_show("%u destroys worker %u", self->number, worker_actor(employee)->number);
	employee->ending = employee->terminated = true;
	world.thing[employee->near_end].ending = true;
	world.thing[employee->near_end].state = THING_GONE;
	wt_worker_destroy(employee->worker);
	employee->worker = NULL;
	world.thing[employee->near_end].port = NULL;
}

/* All of them end by themselves. */
void worker_finish_all(struct actor *self)
{
	for (unsigned i = FIRST_WORKER; i < ACTORS; i++) {
		struct employee *employee = &world.employee[i];
		int code;

		if (!employee->worker || employee->creator != self->number)
			continue;
		FUZZ_CHECK(wt_worker_join(employee->worker, &code, WT_FOREVER) == 0);
		worker_judge_code(employee, code);
		world.thing[employee->far_end].state = THING_GONE;
	}
}

/* The library ends those that are not destroyed here [W4]. */
void worker_leave(struct actor *self)
{
	for (unsigned i = FIRST_WORKER; i < ACTORS; i++) {
		struct employee *employee = &world.employee[i];
		wt_worker *worker = employee->worker;

		if (!worker || employee->creator != self->number)
			continue;
		employee->ending = true;
		world_await_unused(&employee->users);
		employee->terminated = true;
		employee->worker = NULL;
		if (self->tidies)
			wt_worker_destroy(worker);
	}
}
