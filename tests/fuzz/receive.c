/* SPDX-License-Identifier: MIT
 *
 * Operations of a port's owner: receiving, by hand and by handlers, and the
 * loop that calls those.
 */
#include "fuzz/world.h"

enum {
	REACT_CLOSE = 1,
	REACT_POST_BACK,
	REACT_REMOVE,
	REACT_STOP,
	REACT_RECEIVE,
	REACT_RUN,
	REACT_EXIT,
	REACTIONS
};

/* ---- A message ---- */

/* With the number of the letter, which the sender knows. */
static void receive_reply(wt_message *message)
{
	unsigned number = letter_number(message);
	int err = wt_message_reply(message, &(wt_outgoing){ .data = &number, .size = sizeof number });

	FUZZ_CHECK(err == 0 || err == WT_ETIMEDOUT || err == WT_ECLOSED || err == WT_EOWNER);
}

static void receive_message(struct actor *self, unsigned at, wt_message *message, unsigned bits)
{
	letter_receive(at, message);
	if (message->call && bits & 1)
		receive_reply(message);
	thing_take_all(self->number, message, bits >> 1);
}

/* A receive or a drain has ended the last view, where no callback holds one: who waits for room has been told of it. */
static void receive_note_empty(unsigned at, int err)
{
	if ((err == WT_EAGAIN || err == WT_ETIMEDOUT) && !world.thing[at].in_callback && letter_is_quiet(at))
		world.inbox[at].empty_at = wt_now();
}

/* What a receive has returned that began after so many letters and waited until `deadline`. */
static void receive_judge(struct actor *self, unsigned at, int err, unsigned before, wt_time deadline)
{
	fuzz_show("%u receives at %u: %s", self->number, at, err ? wt_err_name(err) : "0");
	switch (err) {
	case 0:
		break;
	case WT_EAGAIN:
		letter_check_none(at, before);
		break;
	case WT_ETIMEDOUT:
		FUZZ_CHECK(wt_now() >= deadline);
		letter_check_sleep(at, deadline);
		break;
	case WT_ECLOSED:
		letter_check_close(at);
		break;
	default:
		FUZZ_CHECK(err == WT_ETERMINATED && actor_is_terminated(self));
	}
}

static int receive_once(struct actor *self, unsigned at, unsigned bits, wt_time deadline)
{
	unsigned before = letter_count();
	wt_message message;
	int err = wt_port_receive(world.thing[at].port, &message, deadline);

	if (err)
		FUZZ_CHECK(!message.data);
	else
		receive_message(self, at, &message, bits >> 1);
	if (bits & 1)
		wt_message_release(&message);
	receive_judge(self, at, err, before, deadline);
	receive_note_empty(at, err);
	return err;
}

void port_receive(struct actor *self, const struct operation *op)
{
	unsigned at = thing_pick(self->number, WT_TRANSFER_PORT, op->a);

	if (at != NONE)
		receive_once(self, at, op->b, world_deadline(op->c));
}

static unsigned drain_bits;

static void receive_drained(wt_port *port, wt_message *message, void *arg)
{
	struct thing *thing = arg;

	FUZZ_CHECK(thing->port == port);
	receive_message(&world.actor[thing->owner], (unsigned)(thing - world.thing), message, drain_bits);
}

void port_drain(struct actor *self, const struct operation *op)
{
	unsigned at = thing_pick(self->number, WT_TRANSFER_PORT, op->a);
	unsigned before = letter_count();
	size_t drained;
	int err;

	if (at == NONE || world.thing[at].in_callback)
		return;
	drain_bits = op->b;
	world.thing[at].in_callback = true;
	err = wt_port_drain(world.thing[at].port, receive_drained, &world.thing[at], op->c % 3, &drained);
	world.thing[at].in_callback = false;
	FUZZ_CHECK(err == 0 || drained == 0);
	if (!err && drained)
		return;
	if (!err)
		err = WT_EAGAIN; /* which it need not say */
	receive_judge(self, at, err, before, WT_NOW);
	receive_note_empty(at, err);
}

/* What it says is ready is so. Whether it may be asked again. */
static bool select_once(struct actor *self, const struct operation *op)
{
	wt_port *ports[THINGS_MOST];
	unsigned things[THINGS_MOST], count = 0, before = letter_count();
	wt_time deadline = world_deadline(op->c);
	size_t ready;
	int err;

	for (unsigned i = 0; i < world.things; i++) {
		if (thing_pick(self->number, WT_TRANSFER_PORT, i) == NONE)
			return false;
		things[count] = thing_pick(self->number, WT_TRANSFER_PORT, i);
		if (count && things[count] == things[0])
			break;
		ports[count] = world.thing[things[count]].port;
		count++;
	}
	if (!count)
		return false;
	err = wt_select(ports, count, &ready, deadline);
	FUZZ_CHECK(err ? ready == SIZE_MAX : ready < count);
	if (err == 0) {
		FUZZ_CHECK(receive_once(self, things[ready], op->b, WT_NOW) != WT_EAGAIN);
		return true;
	}
	for (unsigned i = 0; i < count; i++)
		receive_judge(self, things[i], err, before, deadline);
	return err == WT_EAGAIN || err == WT_ETIMEDOUT;
}

/* Up to four times: what is asked for again is watched. */
void port_select(struct actor *self, const struct operation *op)
{
	for (unsigned left = 1 + (op->b >> 6); left && select_once(self, op); left--)
		;
}

/* ---- Handlers ---- */

static void receive_close_in_callback(struct thing *thing)
{
	if (thing->users || thing->fixed || !thing->port || thing->state != THING_OWNED)
		return;
	fuzz_show("... and closes %u", (unsigned)(thing - world.thing));
	thing->closed_in_callback = true;
	thing->ending = true;
	thing->state = THING_GONE;
	wt_port_close(thing->port);
	sched_drain_own();
	thing->port = NULL;
	thing->closed = true;
}

static void receive_post_back(struct actor *self, struct thing *thing)
{
	struct draft draft;

	if (!thing->port || !letter_begin(&draft, self->number, thing->peer, 1))
		return;
	letter_end(&draft, wt_port_post(thing->port, draft.bytes, draft.size));
}

/* [C2] Also while it is being closed. */
static void receive_react(struct actor *self, struct thing *thing)
{
	unsigned at = (unsigned)(thing - world.thing), reaction = thing->reaction % REACTIONS;

	switch (reaction) {
	case REACT_CLOSE:
		receive_close_in_callback(thing);
		break;
	case REACT_POST_BACK:
		receive_post_back(self, thing);
		break;
	case REACT_REMOVE:
		if (thing->port)
			wt_port_on_message(thing->port, NULL, NULL);
		thing->listens = false;
		break;
	case REACT_STOP:
		wt_stop();
		break;
	case REACT_RECEIVE:
		if (thing->port)
			receive_once(self, at, 0, WT_NOW);
		break;
	case REACT_RUN:
		FUZZ_CHECK(wt_run_once(WT_NOW) == WT_EBUSY);
		break;
	case REACT_EXIT:
		if (self->number < FIRST_WORKER)
			break;
		self->code = 9;
		wt_exit(9);
	default:
		break;
	}
}

static struct actor *receive_owner(const struct thing *thing)
{
	FUZZ_CHECK(thing->state == THING_OWNED || thing->closed_in_callback || thing->close_expected);
	FUZZ_CHECK(wt_thread_id() == world.actor[thing->owner].id);
	return &world.actor[thing->owner];
}

static void receive_on_message(wt_port *port, wt_message *message, void *arg)
{
	struct thing *thing = arg;
	struct actor *self = receive_owner(thing);

	(void)port;
	FUZZ_CHECK((thing->listens || thing->closed_in_callback) && !thing->close_told);
	thing->in_callback = true;
	receive_message(self, (unsigned)(thing - world.thing), message, thing->reaction >> 3);
	receive_react(self, thing);
	thing->in_callback = false;
}

/* Once, and behind the last message [C1]. */
static void receive_on_close(wt_port *port, void *arg)
{
	struct thing *thing = arg;

	(void)port;
	(void)receive_owner(thing);
	FUZZ_CHECK(thing->close_expected && !thing->close_told);
	thing->close_told = true;
	if (thing->state == THING_OWNED)
		letter_check_close((unsigned)(thing - world.thing));
}

static void receive_on_drain(wt_port *port, void *arg)
{
	struct thing *thing = arg;

	FUZZ_CHECK(thing->port == port && thing->limited);
}

static void receive_set_message(struct thing *thing, unsigned reaction)
{
	thing->reaction = reaction;
	thing->listens = thing->started = true;
	wt_port_on_message(thing->port, receive_on_message, thing);
}

/* A close that is to be told keeps the loop alive; a port that will hear nothing more does not. */
static void receive_set_ref(const struct thing *thing, bool ref)
{
	(ref ? wt_port_ref : wt_port_unref)(thing->port);
	if (wt_port_has_ref(thing->port) != ref)
		FUZZ_CHECK(ref ? world.thing[thing->peer].state != THING_OWNED : thing->close_expected);
}

void port_handle(struct actor *self, const struct operation *op)
{
	unsigned at = thing_pick(self->number, WT_TRANSFER_PORT, op->a);
	struct thing *thing = &world.thing[at % THINGS_MOST];

	if (at == NONE || (thing->fixed && world.employee[self->number].far_end != at))
		return;
	switch (op->b % 8) {
	case 0:
	case 1:
	case 2:
		receive_set_message(thing, op->c);
		break;
	case 3:
		thing->listens = thing->started = false;
		wt_port_on_message(thing->port, NULL, NULL);
		break;
	case 4:
		if (!thing->close_told) {
			thing->close_expected = true;
			wt_port_on_close(thing->port, receive_on_close, thing);
		}
		break;
	case 5:
		wt_port_on_drain(thing->port, op->c % 2 ? receive_on_drain : NULL, thing);
		break;
	case 6:
		thing->started = op->c % 2;
		(thing->started ? wt_port_start : wt_port_stop)(thing->port);
		break;
	default:
		receive_set_ref(thing, op->c % 2);
	}
}

/* It has called nobody: none of the ports that it serves has had anything. */
static void receive_judge_loop(struct actor *self, int err, unsigned before, wt_time deadline)
{
	for (unsigned i = 0; i < world.things; i++) {
		const struct thing *thing = &world.thing[i];

		if (thing->state == THING_OWNED && thing->owner == self->number && thing->listens && thing->started)
			receive_judge(self, i, err, before, deadline);
	}
}

void port_run(struct actor *self, const struct operation *op)
{
	wt_time deadline = op->a % 2 ? world_later(op->c) : WT_NOW;
	unsigned before = letter_count();
	int count = wt_run_once(deadline);

	fuzz_show("%u runs: %d", self->number, count);
	FUZZ_CHECK(count >= 0 || count == WT_EAGAIN || (count == WT_ETIMEDOUT && wt_now() >= deadline) ||
		   (count == WT_ETERMINATED && actor_is_terminated(self)));
	if (count == WT_EAGAIN || count == WT_ETIMEDOUT)
		receive_judge_loop(self, count, before, deadline);
}

/* ---- The end ---- */

void port_close(struct actor *self, const struct operation *op)
{
	unsigned at = thing_pick(self->number, WT_TRANSFER_PORT, op->a);

	if (at == NONE || world.thing[at].fixed || world.thing[at].users)
		return;
	fuzz_show("%u closes %u", self->number, at);
	thing_destroy(at);
}

static bool receive_has_senders(unsigned at)
{
	for (unsigned i = 0; i < world.things; i++)
		if ((world.thing[i].kind == WT_TRANSFER_PORT || world.thing[i].kind == WT_TRANSFER_SENDER) &&
		    world.thing[i].peer == at && world.thing[i].state != THING_GONE)
			return true;
	return false;
}

/*
 * All others have ended: the actor receives what is left, and, where nobody
 * can post any more, hears of the close. If that does not come, the schedule
 * is a deadlock [C4, C5].
 */
void port_finish_all(struct actor *self)
{
	for (unsigned at = 0; at < world.things; at++) {
		const struct thing *thing = &world.thing[at];

		if (thing->kind != WT_TRANSFER_PORT || thing->state != THING_OWNED || thing->owner != self->number)
			continue;
		while (receive_once(self, at, 3, receive_has_senders(at) ? WT_NOW : WT_FOREVER) == 0)
			;
	}
}
