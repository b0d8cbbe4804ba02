/* SPDX-License-Identifier: MIT
 *
 * Operations on broadcasts: what is posted under a name comes to all others
 * that have it open, once, in the poster's order.
 */
#include <string.h>

#include "fuzz/world.h"

enum { BROADCAST_MAGIC = 0x62726f61, BROADCAST_NAMES = 2, BROADCASTS = ACTORS * ACTOR_ENDPOINTS };

static const struct {
	const char *bytes;
	size_t size;
} broadcast_name[BROADCAST_NAMES] = { { "", 0 }, { "x\0", 2 } };

static struct endpoint {
	wt_broadcast *broadcast;
	unsigned name;
	bool limited, handled;
	unsigned expected[ACTORS]; /* the number of each actor's next post under the name, if `known` */
	bool known[ACTORS];
	unsigned due[ACTORS]; /* one behind the last that began and ended while it was open */
} endpoint[BROADCASTS];

/* Posts of each actor under each name, begun. */
static unsigned broadcast_begun[BROADCAST_NAMES][ACTORS];

struct shout {
	uint32_t magic;
	uint32_t name, from, number, endpoint;
};

void broadcast_begin(void)
{
	memset(endpoint, 0, sizeof endpoint);
	memset(broadcast_begun, 0, sizeof broadcast_begun);
}

static struct endpoint *broadcast_pick(const struct actor *self, unsigned choice)
{
	struct endpoint *own = &endpoint[self->number * ACTOR_ENDPOINTS];

	return &own[choice % ACTOR_ENDPOINTS];
}

/* ---- Messages ---- */

static void broadcast_hear(struct endpoint *at, const wt_message *message)
{
	struct shout shout;

	FUZZ_CHECK(message->size >= sizeof shout);
	memcpy(&shout, message->data, sizeof shout);
	FUZZ_CHECK(shout.magic == BROADCAST_MAGIC && shout.name == at->name);
	FUZZ_CHECK(shout.endpoint != (unsigned)(at - endpoint));
	FUZZ_CHECK(shout.number >= at->expected[shout.from]);
	if (at->known[shout.from] && !at->limited)
		FUZZ_CHECK(shout.number == at->expected[shout.from]);
	at->expected[shout.from] = shout.number + 1;
	at->known[shout.from] = true;
}

/* Nothing that was posted while it was open, before the call began, is still to come. */
static void broadcast_check_none(const struct endpoint *at, const unsigned *due)
{
	for (unsigned i = 0; i < ACTORS && !at->limited && !sched_model.late; i++)
		FUZZ_CHECK(due[i] <= at->expected[i]);
}

static void broadcast_on_message(wt_broadcast *broadcast, wt_message *message, void *arg)
{
	struct endpoint *at = arg;

	FUZZ_CHECK(at->broadcast == broadcast && at->handled);
	broadcast_hear(at, message);
}

/* ---- Operations ---- */

void broadcast_open(struct actor *self, const struct operation *op)
{
	struct endpoint *at = broadcast_pick(self, op->a);
	wt_broadcast_options options = { .size = sizeof options };

	if (at->broadcast)
		return;
	*at = (struct endpoint){ .name = op->b % BROADCAST_NAMES, .limited = op->c % 4 == 1, .handled = op->c & 4 };
	if (at->limited)
		options.limit = 200;
	FUZZ_CHECK(wt_broadcast_open(&at->broadcast, broadcast_name[at->name].bytes, broadcast_name[at->name].size,
				     &options) == 0);
	if (at->handled)
		wt_broadcast_on_message(at->broadcast, broadcast_on_message, at);
	sched_drain_own();
}

/* One that is open when the post begins, of all but the poster's. */
static unsigned broadcast_audience(const struct endpoint *from)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < BROADCASTS; i++)
		if (endpoint[i].broadcast && endpoint[i].name == from->name && &endpoint[i] != from)
			bits |= 1u << i;
	return bits;
}

void broadcast_post(struct actor *self, const struct operation *op)
{
	struct endpoint *from = broadcast_pick(self, op->a);
	unsigned char bytes[600] = { 0 };
	struct shout shout = { .magic = BROADCAST_MAGIC, .name = from->name, .from = self->number };
	unsigned audience;

	if (!from->broadcast)
		return;
	shout.endpoint = (uint32_t)(from - endpoint);
	shout.number = broadcast_begun[from->name][self->number]++;
	memcpy(bytes, &shout, sizeof shout);
	audience = broadcast_audience(from);
	FUZZ_CHECK(wt_broadcast_post(from->broadcast, bytes, op->b % 2 ? sizeof bytes : sizeof shout) == 0);
	for (unsigned i = 0; i < BROADCASTS; i++)
		if (audience >> i & 1)
			endpoint[i].due[self->number] = shout.number + 1;
	sched_drain_own();
}

void broadcast_receive(struct actor *self, const struct operation *op)
{
	struct endpoint *at = broadcast_pick(self, op->a);
	wt_time deadline = world_deadline(op->c);
	unsigned due[ACTORS];
	wt_message message;
	int err;

	if (!at->broadcast)
		return;
	memcpy(due, at->due, sizeof due);
	err = wt_broadcast_receive(at->broadcast, &message, deadline);
	fuzz_show("%u listens at %u: %d", self->number, (unsigned)(at - endpoint), err);
	if (!err)
		broadcast_hear(at, &message);
	FUZZ_CHECK(err == 0 || err == WT_EAGAIN || (err == WT_ETIMEDOUT && wt_now() >= deadline) ||
		   (err == WT_ETERMINATED && actor_is_terminated(self)));
	if (op->b % 2)
		wt_message_release(&message);
	if (err == WT_EAGAIN || err == WT_ETIMEDOUT)
		broadcast_check_none(at, due);
}

static void broadcast_end(struct endpoint *at)
{
	wt_broadcast *broadcast = at->broadcast;

	at->broadcast = NULL;
	wt_broadcast_close(broadcast);
}

void broadcast_close(struct actor *self, const struct operation *op)
{
	struct endpoint *at = broadcast_pick(self, op->a);

	if (at->broadcast)
		broadcast_end(at);
}

void broadcast_leave(struct actor *self)
{
	for (unsigned i = 0; i < ACTOR_ENDPOINTS; i++) {
		struct endpoint *at = broadcast_pick(self, i);

		if (!at->broadcast)
			continue;
		if (self->tidies)
			broadcast_end(at);
		at->broadcast = NULL;
	}
}
