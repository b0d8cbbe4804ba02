/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "fuzz/world.h"

enum { THING_BYTES = 16, THING_FIRST_FD = 500 };

/* What the buffers wrap. */
static unsigned char thing_bytes[THINGS_MOST][THING_BYTES];

/* ---- Birth ---- */

static void thing_deleter(void *data, void *arg)
{
	struct thing *thing = arg;

	FUZZ_CHECK(data == thing_bytes[thing - world.thing]);
	FUZZ_CHECK(++thing->ended == 1);
}

int thing_close_descriptor(int fd)
{
	unsigned thing = (unsigned)(fd - THING_FIRST_FD);

	FUZZ_CHECK(thing < world.things && world.thing[thing].kind == WT_TRANSFER_FD);
	FUZZ_CHECK(++world.thing[thing].ended == 1);
	return 0;
}

static void thing_make(unsigned number)
{
	struct thing *thing = &world.thing[number];

	if (thing->kind == WT_TRANSFER_FD)
		thing->fd = THING_FIRST_FD + (int)number;
	if (thing->kind == WT_TRANSFER_SHARED)
		FUZZ_CHECK(wt_shared_create(&thing->shared, 64, 4096) == 0);
	if (thing->kind != WT_TRANSFER_BUFFER)
		return;
	memset(thing_bytes[number], (int)number, THING_BYTES);
	FUZZ_CHECK(wt_buffer_wrap(&thing->buffer, thing_bytes[number], THING_BYTES, thing_deleter, thing) == 0);
}

unsigned thing_new(int kind, unsigned owner)
{
	unsigned number = world.things;

	if (number == THINGS_MOST)
		return NONE;
	world.things++;
	world.thing[number] = (struct thing){ .kind = kind, .state = THING_OWNED, .owner = owner, .fd = -1 };
	world.inbox[number].empty_at = INT64_MAX;
	thing_make(number);
	return number;
}

/* ---- Choice ---- */

static bool thing_is_free(const struct thing *thing)
{
	return thing->state == THING_OWNED && !thing->ending;
}

typedef bool thing_fits(const struct thing *thing, unsigned actor, int kind);

/* The choice-th of those that `fits` says. */
static unsigned thing_choose(thing_fits *fits, unsigned actor, int kind, unsigned choice)
{
	unsigned fitting[THINGS_MOST], count = 0;

	for (unsigned i = 0; i < world.things; i++)
		if (fits(&world.thing[i], actor, kind))
			fitting[count++] = i;
	return count ? fitting[choice % count] : NONE;
}

static bool thing_is_own(const struct thing *thing, unsigned actor, int kind)
{
	return thing_is_free(thing) && thing->owner == actor && thing->kind == kind &&
	       (kind != WT_TRANSFER_PORT || thing->port);
}

static bool thing_is_port(const struct thing *thing, unsigned actor, int kind)
{
	(void)actor;
	(void)kind;
	return thing_is_free(thing) && thing->port;
}

unsigned thing_pick(unsigned actor, int kind, unsigned choice)
{
	return thing_choose(thing_is_own, actor, kind, choice);
}

unsigned thing_pick_port(unsigned choice)
{
	return thing_choose(thing_is_port, 0, 0, choice);
}

/* ---- Use by others ---- */

void thing_use(unsigned thing)
{
	world.thing[thing].users++;
}

void thing_unuse(unsigned thing)
{
	world_unuse(&world.thing[thing].users);
}

void thing_await_unused(unsigned thing)
{
	world.thing[thing].ending = true;
	world_await_unused(&world.thing[thing].users);
}

/* ---- Moves ---- */

wt_transfer thing_move(unsigned number)
{
	struct thing *thing = &world.thing[number];

	switch (thing->kind) {
	case WT_TRANSFER_PORT:
		return WT_MOVE(&thing->port);
	case WT_TRANSFER_BUFFER:
		return WT_MOVE(&thing->buffer);
	case WT_TRANSFER_SENDER:
		return WT_MOVE(&thing->sender);
	case WT_TRANSFER_FD:
		return WT_MOVE(&thing->fd);
	default:
		return WT_SHARE(thing->shared);
	}
}

/* Before the call: who receives may be faster than its return. */
void thing_take_off(unsigned number)
{
	struct thing *thing = &world.thing[number];

	if (thing->state == THING_FLYING)
		return; /* it is in the list twice */
	if (thing->kind != WT_TRANSFER_SHARED)
		thing->state = THING_FLYING;
	thing->listened = thing->listens;
	thing->close_awaited = thing->close_expected;
	thing->listens = thing->close_expected = false;
}

static bool thing_is_there(const struct thing *thing)
{
	return thing->port || thing->buffer || thing->sender || thing->shared || thing->fd >= 0;
}

/* [M3] */
void thing_land(unsigned actor, unsigned number, int err)
{
	struct thing *thing = &world.thing[number];

	if (thing->kind == WT_TRANSFER_SHARED)
		return;
	if (err) {
		FUZZ_CHECK(thing_is_there(thing) && thing->state == THING_FLYING);
		thing->state = THING_OWNED;
		thing->listens = thing->listened;
		thing->close_expected = thing->close_awaited;
	} else if (thing->owner == actor) { /* else it has arrived, and may be on its way again */
		FUZZ_CHECK(thing->state != THING_FLYING || !thing_is_there(thing));
	}
}

/* The variable is the sender's and the receiver's: the library has emptied it before the message can be received. */
static void thing_arrive(unsigned actor, unsigned number)
{
	struct thing *thing = &world.thing[number];

	FUZZ_CHECK(thing->state == THING_FLYING && !thing->ended);
	thing->state = THING_OWNED;
	thing->owner = actor;
}

/* [T3] */
static void thing_check_buffer(unsigned number)
{
	unsigned char *data = wt_buffer_data(world.thing[number].buffer);

	FUZZ_CHECK(data == thing_bytes[number] && data[0] == number && data[THING_BYTES - 1] == number);
}

static int thing_take_port(wt_message *message, unsigned index, struct thing *thing)
{
	wt_port *port;
	int err = message ? wt_message_take_port(message, index, &port) : wt_worker_data_take_port(index, &port);

	if (!err)
		thing->port = port;
	return err;
}

static int thing_take_buffer(wt_message *message, unsigned index, struct thing *thing)
{
	wt_buffer *buffer;
	int err = message ? wt_message_take_buffer(message, index, &buffer)
			  : wt_worker_data_take_buffer(index, &buffer);

	if (!err)
		thing->buffer = buffer;
	return err;
}

static int thing_take_sender(wt_message *message, unsigned index, struct thing *thing)
{
	wt_sender *sender;
	int err = message ? wt_message_take_sender(message, index, &sender)
			  : wt_worker_data_take_sender(index, &sender);

	if (!err)
		thing->sender = sender;
	return err;
}

static int thing_take_fd(wt_message *message, unsigned index, struct thing *thing)
{
	int fd, before = THING_FIRST_FD + (int)(thing - world.thing);
	int err = message ? wt_message_take_fd(message, index, &fd) : wt_worker_data_take_fd(index, &fd);

	if (!err)
		FUZZ_CHECK((thing->fd = fd) == before);
	return err;
}

/* A hold of the receiver's own. */
static int thing_take_shared(wt_message *message, unsigned index)
{
	wt_shared *shared;
	int err = message ? wt_message_take_shared(message, index, &shared)
			  : wt_worker_data_take_shared(index, &shared);

	if (!err)
		wt_shared_release(shared);
	return err;
}

static void thing_take(unsigned actor, wt_message *message, unsigned index, unsigned number)
{
	struct thing *thing = &world.thing[number];
	int err = WT_EINVAL;

	if (thing->kind != WT_TRANSFER_SHARED)
		thing_arrive(actor, number);
	switch (thing->kind) {
	case WT_TRANSFER_PORT:
		err = thing_take_port(message, index, thing);
		break;
	case WT_TRANSFER_BUFFER:
		err = thing_take_buffer(message, index, thing);
		break;
	case WT_TRANSFER_SENDER:
		err = thing_take_sender(message, index, thing);
		break;
	case WT_TRANSFER_FD:
		err = thing_take_fd(message, index, thing);
		break;
	default:
		err = thing_take_shared(message, index);
	}
	FUZZ_CHECK(err == 0);
	if (thing->kind == WT_TRANSFER_BUFFER)
		thing_check_buffer(number);
	fuzz_show("%u takes thing %u", actor, number);
}

void thing_take_all(unsigned actor, wt_message *message, unsigned bits)
{
	for (unsigned i = 0; i < message->transfer_count; i++)
		if (bits >> i & 1)
			thing_take(actor, message, i, letter_thing(message, i));
	sched_drain_own();
}

void thing_take_worker_data(unsigned actor, const unsigned *things, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		thing_take(actor, NULL, i, things[i]);
	sched_drain_own();
}

/* ---- End ---- */

static void thing_end_port(struct thing *thing)
{
	wt_port_close(thing->port);
	sched_drain_own();
	thing->port = NULL;
	thing->closed = true;
}

void thing_destroy(unsigned number)
{
	struct thing *thing = &world.thing[number];

	thing_await_unused(number);
	thing->state = THING_GONE;
	switch (thing->kind) {
	case WT_TRANSFER_PORT:
		thing_end_port(thing);
		break;
	case WT_TRANSFER_BUFFER:
		wt_buffer_destroy(thing->buffer);
		FUZZ_CHECK(thing->ended == 1);
		break;
	case WT_TRANSFER_SENDER:
		wt_sender_close(thing->sender);
		break;
	case WT_TRANSFER_FD:
		thing->ended++;
		break;
	default:
		wt_shared_release(thing->shared);
	}
}

void thing_leave_all(unsigned actor, bool ports)
{
	for (unsigned i = 0; i < world.things; i++) {
		struct thing *thing = &world.thing[i];

		if (thing->state != THING_OWNED || thing->owner != actor)
			continue;
		if (thing->kind == WT_TRANSFER_PORT && (!ports || thing->fixed || thing->in_callback)) {
			thing_await_unused(i);
			thing->state = THING_GONE;
		} else {
			thing_destroy(i);
		}
	}
}

void thing_check_all(void)
{
	for (unsigned i = 0; i < world.things; i++) {
		const struct thing *thing = &world.thing[i];

		if (thing->kind == WT_TRANSFER_BUFFER || thing->kind == WT_TRANSFER_FD)
			FUZZ_CHECK(thing->ended == 1);
		FUZZ_CHECK(thing->state != THING_OWNED && !thing->users);
	}
}
