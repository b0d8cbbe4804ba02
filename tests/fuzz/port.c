/* SPDX-License-Identifier: MIT
 *
 * Operations that make channels and post on them.
 */
#include <string.h>

#include "fuzz/world.h"

enum { PORT_LIST = 4, PORT_MANY = 3 };

/* ---- Channels, and what moves through them ---- */

static const size_t port_capacities[] = { 0, 256, 1024 };
static const size_t port_limits[] = { 0, 0, 64, 300, 3000 };

static void port_join_ends(unsigned a, unsigned b, bool limited)
{
	world.thing[a].peer = b;
	world.thing[b].peer = a;
	world.thing[a].limited = world.thing[b].limited = limited;
}

void port_create(struct actor *self, const struct operation *op)
{
	wt_channel_options options = { .size = sizeof options };
	wt_port *ports[2];
	unsigned a, b;

	if (world.things + 2 > THINGS_MOST)
		return;
	options.capacity = port_capacities[op->a % 3];
	options.limit = port_limits[op->b % 5];
	a = thing_new(WT_TRANSFER_PORT, self->number);
	b = thing_new(WT_TRANSFER_PORT, self->number);
	port_join_ends(a, b, options.limit);
	FUZZ_CHECK(wt_channel_create(&ports[0], &ports[1], &options) == 0);
	sched_drain_own();
	world.thing[a].port = ports[0]; /* from now on others use them */
	world.thing[b].port = ports[1];
	fuzz_show("%u makes ports %u and %u", self->number, a, b);
}

void port_make_thing(struct actor *self, const struct operation *op)
{
	static const int kinds[] = { WT_TRANSFER_BUFFER, WT_TRANSFER_FD, WT_TRANSFER_SHARED };

	(void)thing_new(kinds[op->a % 3], self->number);
}

void port_end_thing(struct actor *self, const struct operation *op)
{
	static const int kinds[] = { WT_TRANSFER_BUFFER, WT_TRANSFER_FD, WT_TRANSFER_SHARED, WT_TRANSFER_SENDER };
	unsigned thing = thing_pick(self->number, kinds[op->a % 4], op->b);

	if (thing != NONE)
		thing_destroy(thing);
}

/* ---- What a post may return ---- */

/* Of a port or a sender. `closed`: the other end was, before the call. */
static void port_judge(const struct actor *self, unsigned via, bool closed, int err)
{
	const struct thing *thing = &world.thing[via], *peer = &world.thing[thing->peer];

	fuzz_show("%u posts through %u: %s", self->number, via, err ? wt_err_name(err) : "0");
	switch (err) {
	case WT_ECLOSED:
		FUZZ_CHECK(peer->state != THING_OWNED || peer->ending);
		return;
	case WT_EAGAIN:
	case WT_ETIMEDOUT:
	case WT_EMSGSIZE:
		FUZZ_CHECK(thing->limited);
		break;
	case WT_EDEADLK:
		FUZZ_CHECK(thing->limited && peer->owner == self->number);
		break;
	case WT_ETERMINATED:
		FUZZ_CHECK(actor_is_terminated(self));
		return;
	default:
		FUZZ_CHECK(err == 0);
	}
	FUZZ_CHECK(!closed || err == WT_EMSGSIZE);
}

/* Who waited for room until the deadline: the receiver has not seen an empty queue before. */
static void port_judge_wait(unsigned via, int err, wt_time deadline)
{
	const struct inbox *inbox = &world.inbox[world.thing[via].peer];

	FUZZ_CHECK(err != WT_ETIMEDOUT || wt_now() >= deadline);
	FUZZ_CHECK(err != WT_ETIMEDOUT || inbox->empty_at >= deadline);
}

static bool port_is_closed(unsigned via)
{
	return world.thing[world.thing[via].peer].closed;
}

void port_post(struct actor *self, const struct operation *op)
{
	unsigned via = thing_pick_port(op->a);
	struct draft draft;
	bool closed;
	int err;

	if (via == NONE || !letter_begin(&draft, self->number, world.thing[via].peer, op->b))
		return;
	closed = port_is_closed(via);
	thing_use(via);
	err = wt_port_post(world.thing[via].port, draft.bytes, draft.size);
	letter_end(&draft, err);
	thing_unuse(via);
	port_judge(self, via, closed, err);
}

/* As many as `posted` says were, and no others. */
void port_post_many(struct actor *self, const struct operation *op)
{
	unsigned via = thing_pick_port(op->a), count = 0;
	struct draft draft[PORT_MANY];
	struct iovec vectors[PORT_MANY];
	size_t posted = 0;
	int err;

	if (via == NONE)
		return;
	while (count < PORT_MANY && letter_begin(&draft[count], self->number, world.thing[via].peer, op->b + count)) {
		vectors[count] = (struct iovec){ draft[count].bytes, draft[count].size };
		count++;
	}
	if (!count)
		return;
	thing_use(via);
	err = wt_port_post_many(world.thing[via].port, vectors, count, &posted);
	FUZZ_CHECK(posted <= count && (err != 0) == (posted < count));
	for (unsigned i = 0; i < count; i++)
		letter_end(&draft[i], i < posted ? 0 : err);
	thing_unuse(via);
	port_judge(self, via, false, err);
}

/* ---- With a transfer list ---- */

struct parcel {
	unsigned thing[PORT_LIST];
	unsigned count;
	wt_transfer list[PORT_LIST];
};

static void parcel_add(struct parcel *parcel, struct draft *draft, unsigned thing)
{
	if (thing == NONE || parcel->count == PORT_LIST)
		return;
	parcel->list[parcel->count] = thing_move(thing);
	parcel->thing[parcel->count++] = thing;
	letter_add_thing(draft, thing);
}

/* One of each kind that the bits ask for; and what is wrong on purpose. */
static void parcel_fill(struct parcel *parcel, struct draft *draft, const struct actor *self,
			const struct operation *op)
{
	static const int kinds[] = { WT_TRANSFER_BUFFER, WT_TRANSFER_PORT, WT_TRANSFER_SENDER, WT_TRANSFER_SHARED,
				     WT_TRANSFER_FD };
	unsigned thing;

	parcel->count = 0;
	for (unsigned i = 0; i < 5; i++) {
		thing = op->b >> i & 1 ? thing_pick(self->number, kinds[i], op->c) : NONE;
		if (thing != NONE && !world.thing[thing].fixed && !world.thing[thing].users)
			parcel_add(parcel, draft, thing);
	}
	if (op->b & 0x20 && parcel->count)
		parcel_add(parcel, draft, parcel->thing[0]);
}

/* Whether there is something wrong with the list of which the error speaks [T2]. */
static bool parcel_explains(const struct parcel *parcel, unsigned via, int err)
{
	bool found = false;

	for (unsigned i = 0; i < parcel->count; i++) {
		const struct thing *thing = &world.thing[parcel->thing[i]];

		found = found || (err == WT_ESOURCE && parcel->thing[i] == via) ||
			(err == WT_ETARGET && thing->kind == WT_TRANSFER_PORT &&
			 parcel->thing[i] == world.thing[via].peer) ||
			(err == WT_EINUSE && thing->kind == WT_TRANSFER_PORT && thing->in_callback);
		for (unsigned j = 0; j < i && err == WT_EDUPLICATE; j++)
			found = found || parcel->thing[i] == parcel->thing[j];
	}
	return found;
}

static bool parcel_is_wrong(const struct parcel *parcel, unsigned via)
{
	return parcel_explains(parcel, via, WT_ESOURCE) || parcel_explains(parcel, via, WT_ETARGET) ||
	       parcel_explains(parcel, via, WT_EINUSE);
}

static void parcel_take_off(const struct parcel *parcel)
{
	for (unsigned i = 0; i < parcel->count; i++)
		thing_take_off(parcel->thing[i]);
}

static void parcel_land(unsigned actor, const struct parcel *parcel, int err)
{
	for (unsigned i = 0; i < parcel->count; i++)
		if (!err || world.thing[parcel->thing[i]].state == THING_FLYING)
			thing_land(actor, parcel->thing[i], err);
}

static int port_send_through(unsigned via, const wt_outgoing *message, wt_time deadline)
{
	const struct thing *thing = &world.thing[via];

	return thing->port ? wt_port_send(thing->port, message, deadline)
			   : wt_sender_send(thing->sender, message, deadline);
}

static void port_send_parcel(struct actor *self, unsigned via, const struct operation *op, struct draft *draft)
{
	wt_time deadline = world_deadline(op->c >> 3);
	bool closed = port_is_closed(via), wrong;
	struct parcel parcel;
	wt_outgoing message = { .data = draft->bytes, .size = draft->size, .transfer = parcel.list };
	int err;

	parcel_fill(&parcel, draft, self, op);
	message.transfer_count = parcel.count;
	wrong = parcel_is_wrong(&parcel, via);
	parcel_take_off(&parcel);
	thing_use(via);
	err = port_send_through(via, &message, deadline);
	letter_end(draft, err);
	parcel_land(self->number, &parcel, err);
	thing_unuse(via);
	FUZZ_CHECK(!wrong || err);
	if (parcel_explains(&parcel, via, err))
		return;
	port_judge(self, via, closed, err);
	port_judge_wait(via, err, deadline);
}

void port_send(struct actor *self, const struct operation *op)
{
	unsigned via = thing_pick_port(op->a);
	struct draft draft;

	if (via != NONE && letter_begin(&draft, self->number, world.thing[via].peer, op->c))
		port_send_parcel(self, via, op, &draft);
}

/* ---- Senders ---- */

static wt_sender *port_new_sender(const struct thing *from)
{
	wt_sender *sender;

	FUZZ_CHECK((from->port ? wt_port_sender(from->port, &sender) : wt_sender_dup(from->sender, &sender)) == 0);
	return sender;
}

void port_make_sender(struct actor *self, const struct operation *op)
{
	unsigned from = thing_pick(self->number, op->b % 2 ? WT_TRANSFER_SENDER : WT_TRANSFER_PORT, op->a), sender;

	if (from == NONE)
		return;
	sender = thing_new(WT_TRANSFER_SENDER, self->number);
	if (sender == NONE)
		return;
	world.thing[sender].peer = world.thing[from].peer;
	world.thing[sender].limited = world.thing[from].limited;
	world.thing[sender].sender = port_new_sender(&world.thing[from]);
}

void port_use_sender(struct actor *self, const struct operation *op)
{
	unsigned via = thing_pick(self->number, WT_TRANSFER_SENDER, op->a);
	struct draft draft;

	if (via != NONE && letter_begin(&draft, self->number, world.thing[via].peer, op->c))
		port_send_parcel(self, via, op, &draft);
}

/* ---- Slots ---- */

static void port_reserve_slot(struct actor *self, const struct operation *op)
{
	unsigned via = thing_pick_port(op->a);
	wt_time deadline = world_deadline(op->c >> 3);
	struct draft *draft = &self->slot_draft;
	bool closed;
	int err;

	if (via == NONE || !letter_begin(draft, self->number, world.thing[via].peer, op->b))
		return;
	letter_goes(draft, LETTER_IN_SLOT);
	closed = port_is_closed(via);
	thing_use(via);
	err = wt_port_reserve(world.thing[via].port, draft->size, &self->slot, deadline);
	if (err) {
		letter_end(draft, err);
		thing_unuse(via);
	} else {
		self->slot_thing = via;
		memcpy(self->slot.data, draft->bytes, draft->size);
	}
	port_judge(self, via, closed, err);
}

static void port_commit_slot(struct actor *self, unsigned via)
{
	int err = wt_port_commit(world.thing[via].port, &self->slot);

	letter_end(&self->slot_draft, err);
	FUZZ_CHECK(err == 0 || err == WT_ECLOSED);
	port_judge(self, via, false, err);
}

static void port_abandon_slot(struct actor *self, unsigned via)
{
	letter_refuse(&self->slot_draft);
	wt_port_abandon(world.thing[via].port, &self->slot);
	letter_let_go(&self->slot_draft);
}

static void port_finish_slot(struct actor *self, bool commit)
{
	unsigned via = self->slot_thing;

	self->slot_thing = NONE;
	(commit ? port_commit_slot : port_abandon_slot)(self, via);
	thing_unuse(via);
}

void port_slot(struct actor *self, const struct operation *op)
{
	if (self->slot_thing == NONE)
		port_reserve_slot(self, op);
	else
		port_finish_slot(self, op->b % 4);
}

void port_leave(struct actor *self)
{
	if (self->slot_thing != NONE)
		port_finish_slot(self, false);
}

/* ---- Calls ---- */

void port_call(struct actor *self, const struct operation *op)
{
	unsigned via = thing_pick_port(op->a);
	wt_time deadline = world_deadline(op->c);
	struct draft draft;
	wt_message reply;
	wt_outgoing message = { .data = draft.bytes };
	int err;

	if (via == NONE || !letter_begin(&draft, self->number, world.thing[via].peer, op->b))
		return;
	letter_goes(&draft, LETTER_CALLED);
	message.size = draft.size;
	thing_use(via);
	err = wt_port_call(world.thing[via].port, &message, &reply, deadline);
	if (err == 0)
		FUZZ_CHECK(reply.size == sizeof draft.number && memcmp(reply.data, &draft.number, reply.size) == 0);
	else
		FUZZ_CHECK(!reply.data);
	if (err == WT_ETIMEDOUT || err == WT_ECLOSED || err == WT_ETERMINATED)
		letter_doubt(&draft);
	else
		letter_end(&draft, err);
	wt_message_release(&reply);
	thing_unuse(via);
	FUZZ_CHECK(err == 0 || err == WT_ECLOSED || err == WT_EDEADLK || err == WT_EAGAIN || err == WT_ETIMEDOUT ||
		   err == WT_EMSGSIZE || (err == WT_ETERMINATED && actor_is_terminated(self)));
}
